//! A day that is already in the archive meets the same day again.

use std::cmp::Ordering;
use std::path::Path;
use std::sync::Arc;

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::Grid;
use arbcore_core::{CoreError, Result};

use super::decode::Decoder;
use super::format::DayMeta;
use super::locate::DayFile;
use super::reader::ReadSpec;
use super::writer::{FileSpec, append};

/// What stands after two versions of a day met.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Merged {
    /// The old one says all that the new one says.
    Old,
    /// The new one says all that the old one says, and more.
    New,
    /// Each has trades that the other lacks.
    Both(TradeBatch),
    /// They contradict each other; the text says where.
    Conflict(String),
}

/// All trades of a day file, on the given grid.
pub(super) fn load(path: &Path, meta: &DayMeta, grid: Grid) -> Result<TradeBatch> {
    let files: Arc<[DayFile]> = vec![DayFile { path: path.to_owned(), meta: meta.clone() }].into();
    let spec = ReadSpec { trade_ids: true, batch_rows: usize::MAX, ..ReadSpec::default() };
    let mut decoder = Decoder::new(files, grid, spec)?;
    let mut all: Option<TradeBatch> = None;
    while let Some(batch) = decoder.next_batch()? {
        match &mut all {
            Some(all) => append(all, &batch, 0, batch.len()),
            None => all = Some(batch),
        }
    }
    all.ok_or_else(|| CoreError::Store(format!("{}: holds no trades", path.display())))
}

/// Merges two versions of one day on one grid, both in id order where they have ids.
pub(super) fn merge(old: &TradeBatch, new: &TradeBatch) -> Merged {
    match (&old.agg_id, &new.agg_id) {
        (Some(old_ids), Some(new_ids)) => by_id(old, old_ids, new, new_ids),
        _ => by_order(old, new),
    }
}

fn by_order(old: &TradeBatch, new: &TradeBatch) -> Merged {
    let same = old.time_ms == new.time_ms
        && old.price == new.price
        && old.qty == new.qty
        && old.is_buyer_maker == new.is_buyer_maker;
    if !same {
        return Merged::Conflict(format!(
            "it holds {} trades, the import {}, they differ, and without ids on both sides they cannot be merged",
            old.len(),
            new.len()
        ));
    }
    let more = (new.agg_id.is_some() && old.agg_id.is_none())
        || (new.first_last_id.is_some() && old.first_last_id.is_none() && old.agg_id.is_none());
    if more { Merged::New } else { Merged::Old }
}

fn by_id(old: &TradeBatch, old_ids: &[i64], new: &TradeBatch, new_ids: &[i64]) -> Merged {
    let (old_more, new_more) = (old.first_last_id.is_some(), new.first_last_id.is_some());
    let spec = FileSpec {
        layout: super::Layout::Archive,
        grid: Grid { price_decimals: 0, qty_decimals: 0 },
        ids: true,
        trade_ids: old_more && new_more,
    };
    let mut union = super::writer::empty_like(&spec);
    let (mut i, mut j) = (0, 0);
    let (mut only_old, mut only_new) = (0_usize, 0_usize);
    while i < old_ids.len() || j < new_ids.len() {
        let order = match (old_ids.get(i), new_ids.get(j)) {
            (Some(a), Some(b)) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            _ => Ordering::Greater,
        };
        match order {
            Ordering::Less => {
                append(&mut union, old, i, i + 1);
                only_old += 1;
                i += 1;
            }
            Ordering::Greater => {
                append(&mut union, new, j, j + 1);
                only_new += 1;
                j += 1;
            }
            Ordering::Equal => {
                if let Some(column) = difference(old, i, new, j) {
                    return Merged::Conflict(format!("agg_id {} has another {column} than in the import", old_ids[i]));
                }
                append(&mut union, old, i, i + 1);
                i += 1;
                j += 1;
            }
        }
    }
    match (only_old, only_new) {
        (_, 0) if old_more || !new_more || only_old > 0 => Merged::Old,
        (0, _) if new_more || !old_more => Merged::New,
        _ if old_more == new_more => Merged::Both(union),
        _ => Merged::Conflict("only one of it and the import has first_trade_id and last_trade_id".into()),
    }
}

fn difference(old: &TradeBatch, i: usize, new: &TradeBatch, j: usize) -> Option<&'static str> {
    if old.time_ms[i] != new.time_ms[j] {
        return Some("time_ms");
    }
    if old.price[i] != new.price[j] {
        return Some("price");
    }
    if old.qty[i] != new.qty[j] {
        return Some("qty");
    }
    if old.is_buyer_maker[i] != new.is_buyer_maker[j] {
        return Some("is_buyer_maker");
    }
    match (&old.first_last_id, &new.first_last_id) {
        (Some(a), Some(b)) if a.0[i] != b.0[j] => Some("first_trade_id"),
        (Some(a), Some(b)) if a.1[i] != b.1[j] => Some("last_trade_id"),
        _ => None,
    }
}
