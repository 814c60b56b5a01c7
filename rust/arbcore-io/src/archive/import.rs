//! Trades into the archive, day by day.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::Grid;
use arbcore_core::tape::IdPolicy;
use arbcore_core::types::MINUTE_MS;
use arbcore_core::{CoreError, Result};

use super::format::{Day, DayMeta, Layout, Market, check_symbol, read_meta};
use super::locate::day_path;
use super::merge::{Merged, load, merge};
use super::writer::{DayWriter, FileSpec, append, empty_like};
use crate::staged::StagedFile;

/// Late trades kept in memory before they are merged into their days.
const LATE_ROWS: usize = 1 << 20;

/// Where trades go, and by which rules.
#[derive(Debug, Clone)]
pub struct ImportSpec {
    /// Root of the archive.
    pub root: PathBuf,
    /// Market of the trades.
    pub market: Market,
    /// Their symbol.
    pub symbol: String,
    /// Grid of the batches pushed.
    pub grid: Grid,
    /// Rule for ids that are not the next one. Under `Accept` lower ids are put into their place, and only those
    /// already there are dropped.
    pub ids: IdPolicy,
    /// Days already there are replaced instead of merged.
    pub replace: bool,
}

/// What became of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayOutcome {
    /// It is new.
    Written,
    /// It was there and said all of this already.
    Unchanged,
    /// It was there and has more trades now.
    Merged,
    /// It was there and gave way.
    Replaced,
}

impl DayOutcome {
    /// In lower case, for reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Unchanged => "unchanged",
            Self::Merged => "merged",
            Self::Replaced => "replaced",
        }
    }
}

/// A day after the import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayReport {
    /// Its file.
    pub path: PathBuf,
    /// What the file says about itself.
    pub meta: DayMeta,
    /// What became of it.
    pub outcome: DayOutcome,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Days touched, in order.
    pub days: Vec<DayReport>,
    /// Trades pushed.
    pub trades: u64,
    /// Trades dropped for their ids.
    pub dropped: u64,
    /// Trades put into an earlier place (policy `accept`).
    pub late: u64,
    /// Holes in the ids, days' borders included.
    pub gaps: u64,
    /// Ids in those holes.
    pub missing: u64,
    /// Trades with a time below their predecessor's.
    pub backwards: u64,
}

/// Sorts pushed trades into day files. A day becomes visible when the first trade of a later one, or the end, is
/// reached; dropped before that, it leaves no trace of the day in progress.
pub struct Importer {
    spec: ImportSpec,
    current: Option<(Day, DayWriter)>,
    last_ms: i64,
    last_id: Option<i64>,
    late: BTreeMap<Day, TradeBatch>,
    late_rows: usize,
    days: BTreeMap<Day, DayReport>,
    report: ImportReport,
}

impl Importer {
    /// Starts an import.
    pub fn new(spec: ImportSpec) -> Result<Self> {
        check_symbol(&spec.symbol)?;
        Ok(Self {
            spec,
            current: None,
            last_ms: i64::MIN,
            last_id: None,
            late: BTreeMap::new(),
            late_rows: 0,
            days: BTreeMap::new(),
            report: ImportReport::default(),
        })
    }

    /// Takes trades in the order of their source.
    pub fn push(&mut self, batch: &TradeBatch) -> Result<()> {
        batch.check_lengths()?;
        self.report.trades += batch.len() as u64;
        let mut from = 0;
        for row in 0..batch.len() {
            let time = batch.time_ms[row];
            if let Some(ids) = &batch.agg_id
                && !self.takes(ids[row])?
            {
                self.write(batch, from, row)?;
                from = row + 1;
                if self.spec.ids == IdPolicy::Accept {
                    self.keep_late(batch, row);
                } else {
                    self.report.dropped += 1;
                }
                continue;
            }
            if time < self.last_ms {
                self.report.backwards += 1;
                if batch.agg_id.is_none() && Day::of(time) < Day::of(self.last_ms) && self.last_ms - time > MINUTE_MS {
                    return Err(CoreError::input(format!(
                        "time_ms = {time} in row {row} of the batch: a day before the trades ahead of it ({}), and \
                         without ids no order can be found: import overlapping or unsorted files one by one",
                        self.last_ms
                    )));
                }
            } else {
                let day = Day::of(time);
                if self.current.as_ref().is_none_or(|(current, _)| *current != day) {
                    self.write(batch, from, row)?;
                    from = row;
                    self.close_day()?;
                    self.open_day(day, batch)?;
                }
                self.last_ms = time;
            }
        }
        self.write(batch, from, batch.len())?;
        if self.late_rows >= LATE_ROWS {
            self.close_late()?;
        }
        Ok(())
    }

    /// Ends the import; everything is in place afterwards.
    pub fn finish(mut self) -> Result<ImportReport> {
        self.close_day()?;
        self.close_late()?;
        let mut report = self.report;
        report.days = self.days.into_values().collect();
        Ok(report)
    }

    /// False for an id that does not come next (a hole before it is fine, and counted).
    fn takes(&mut self, id: i64) -> Result<bool> {
        let Some(last) = self.last_id else {
            self.last_id = Some(id);
            return Ok(true);
        };
        if id <= last {
            if self.spec.ids == IdPolicy::Reject {
                let what = if id == last { "is there twice" } else { "comes after a higher one" };
                return Err(CoreError::input(format!(
                    "agg_id = {id} {what} (last: {last}): --ids drop leaves it out, --ids accept puts it in its place"
                )));
            }
            return Ok(false);
        }
        let skipped = id.wrapping_sub(last) as u64 - 1;
        if skipped > 0 {
            if self.spec.ids == IdPolicy::Reject {
                return Err(CoreError::input(format!(
                    "agg_id = {id} after {last}: {skipped} ids are missing; --ids drop or accept records the gap"
                )));
            }
            self.report.gaps += 1;
            self.report.missing = self.report.missing.saturating_add(skipped);
        }
        self.last_id = Some(id);
        Ok(true)
    }

    fn write(&mut self, batch: &TradeBatch, from: usize, to: usize) -> Result<()> {
        match &mut self.current {
            Some((_, writer)) if from < to => writer.push(batch, from, to),
            _ => Ok(()),
        }
    }

    fn keep_late(&mut self, batch: &TradeBatch, row: usize) {
        let spec = FileSpec::of(batch, Layout::Archive, self.spec.grid);
        let day = Day::of(batch.time_ms[row]);
        append(self.late.entry(day).or_insert_with(|| empty_like(&spec)), batch, row, row + 1);
        self.late_rows += 1;
    }

    fn path(&self, day: Day) -> PathBuf {
        day_path(&self.spec.root, self.spec.market, &self.spec.symbol, day)
    }

    fn writer(&self, day: Day, spec: FileSpec) -> Result<DayWriter> {
        DayWriter::create(&self.path(day), &self.spec.symbol, self.spec.market, day, spec)
    }

    fn open_day(&mut self, day: Day, batch: &TradeBatch) -> Result<()> {
        let spec = FileSpec::of(batch, Layout::Archive, self.spec.grid);
        self.current = Some((day, self.writer(day, spec)?));
        Ok(())
    }

    fn close_day(&mut self) -> Result<()> {
        let Some((day, writer)) = self.current.take() else { return Ok(()) };
        let (staged, meta) = writer.seal()?;
        let replace = self.spec.replace && !self.days.contains_key(&day);
        self.settle(day, staged, meta, replace)
    }

    /// Merges late trades into the days of their times.
    fn close_late(&mut self) -> Result<()> {
        if self.late.is_empty() {
            return Ok(());
        }
        // The day in progress may be one of them.
        self.close_day()?;
        self.late_rows = 0;
        for (day, batch) in std::mem::take(&mut self.late) {
            let grid = self.spec.grid;
            let path = self.path(day);
            let known = match read_known(&path, &self.spec.symbol)? {
                Some(meta) => Some(load(&path, &meta, finer(grid, meta.grid))?),
                None => None,
            };
            let sorted = sort_by_id(&batch, known.as_ref().and_then(|known| known.agg_id.as_deref()));
            self.report.late += sorted.len() as u64;
            self.report.dropped += (batch.len() - sorted.len()) as u64;
            if sorted.is_empty() {
                continue;
            }
            let mut writer = self.writer(day, FileSpec::of(&sorted, Layout::Archive, grid))?;
            writer.push(&sorted, 0, sorted.len())?;
            let (staged, meta) = writer.seal()?;
            self.settle(day, staged, meta, false)?;
        }
        Ok(())
    }

    /// Puts a finished day in place, beside or over what is there.
    fn settle(&mut self, day: Day, staged: StagedFile, meta: DayMeta, replace: bool) -> Result<()> {
        let path = self.path(day);
        let (outcome, meta) = if !path.exists() {
            staged.commit()?;
            (DayOutcome::Written, meta)
        } else if replace {
            staged.commit()?;
            (DayOutcome::Replaced, meta)
        } else {
            self.settle_merged(&path, staged, meta)?
        };
        let outcome = match self.days.get(&day) {
            // Late trades of this very import do not change what became of the day.
            Some(earlier) if earlier.outcome != DayOutcome::Unchanged => earlier.outcome,
            _ => outcome,
        };
        self.days.insert(day, DayReport { path, meta, outcome });
        Ok(())
    }

    fn settle_merged(&self, path: &Path, staged: StagedFile, new: DayMeta) -> Result<(DayOutcome, DayMeta)> {
        let old = read_known(path, &self.spec.symbol)?
            .ok_or_else(|| CoreError::Store(format!("{}: vanished during the import", path.display())))?;
        let grid = finer(old.grid, new.grid);
        let merged = merge(&load(path, &old, grid)?, &load(staged.staged_path(), &new, grid)?);
        match merged {
            Merged::Old => Ok((DayOutcome::Unchanged, old)),
            Merged::New => {
                staged.commit()?;
                Ok((DayOutcome::Merged, new))
            }
            Merged::Both(union) => {
                drop(staged);
                let mut writer = self.writer(new.day, FileSpec::of(&union, Layout::Archive, grid))?;
                writer.push(&union, 0, union.len())?;
                let (staged, meta) = writer.seal()?;
                staged.commit()?;
                Ok((DayOutcome::Merged, meta))
            }
            Merged::Conflict(reason) => Err(CoreError::Store(format!(
                "{}: the day is there with other trades: {reason}; --replace puts the imported trades in its stead",
                path.display()
            ))),
        }
    }
}

/// Metadata of a day that is already there; it must be ours and of the same symbol.
fn read_known(path: &Path, symbol: &str) -> Result<Option<DayMeta>> {
    if !path.exists() {
        return Ok(None);
    }
    match read_meta(path)? {
        Some(meta) if meta.symbol == symbol => Ok(Some(meta)),
        Some(meta) => Err(CoreError::Store(format!(
            "{}: holds trades of {}, not of {symbol}; --replace puts the imported trades in its stead",
            path.display(),
            meta.symbol
        ))),
        None => Err(CoreError::Store(format!(
            "{}: stands in the archive but is not of it; move it away, or --replace it",
            path.display()
        ))),
    }
}

fn finer(a: Grid, b: Grid) -> Grid {
    Grid { price_decimals: a.price_decimals.max(b.price_decimals), qty_decimals: a.qty_decimals.max(b.qty_decimals) }
}

/// In id order, each id once, without those of `taken` (sorted).
fn sort_by_id(batch: &TradeBatch, taken: Option<&[i64]>) -> TradeBatch {
    let ids = batch.agg_id.as_deref().unwrap_or_default();
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by_key(|&row| ids[row]);
    order.dedup_by_key(|row| ids[*row]);
    let mut sorted = TradeBatch {
        agg_id: Some(Vec::new()),
        first_last_id: batch.first_last_id.as_ref().map(|_| (Vec::new(), Vec::new())),
        ..TradeBatch::default()
    };
    for row in order {
        if taken.is_none_or(|taken| taken.binary_search(&ids[row]).is_err()) {
            append(&mut sorted, batch, row, row + 1);
        }
    }
    sorted
}
