//! Bars as result columns: the one place where their integers become `f64`.

use super::bar::{Bar, Flow};
use super::interval::Interval;
use crate::error::{CoreError, Result};
use crate::grid::{Grid, POW10, ratio};
use crate::table::{Column, Table, TextBuilder};

/// Converts sums of one grid.
#[derive(Clone, Copy)]
struct Scale {
    tick: i128,
    lot: i128,
}

impl Scale {
    fn new(grid: Grid) -> Self {
        Self { tick: POW10[grid.price_decimals as usize].into(), lot: POW10[grid.qty_decimals as usize].into() }
    }

    fn price(self, ticks: i64) -> f64 {
        ratio(ticks.into(), self.tick)
    }

    fn volume(self, lots: i128) -> f64 {
        ratio(lots, self.lot)
    }

    fn notional(self, ticks_lots: i128) -> f64 {
        ratio(ticks_lots, self.tick * self.lot)
    }

    /// Quote volume over volume; null without trades.
    fn vwap(self, volume: i128, notional: i128) -> Result<Option<f64>> {
        if volume == 0 {
            return Ok(None);
        }
        match volume.checked_mul(self.tick) {
            Some(denominator) => Ok(Some(ratio(notional, denominator))),
            None => Err(CoreError::input(format!(
                "vwap: a volume of {volume} lots with ticks of 1/{} exceeds 128 bits",
                self.tick
            ))),
        }
    }
}

/// Columns of the table `bar` for bars of one symbol and interval.
pub fn bar_table(symbol: &str, grid: Grid, interval: Interval, bars: &[Bar]) -> Result<Table> {
    let rows: Vec<Row<'_>> = bars.iter().map(|bar| (interval, bar)).collect();
    let mut table = keys(symbol, &rows);
    push_bars(&mut table, grid, &rows)?;
    Ok(table)
}

/// Columns of the table `tran_stats` for bars of one symbol and interval.
pub fn tran_stats_table(symbol: &str, grid: Grid, interval: Interval, bars: &[Bar]) -> Table {
    let rows: Vec<Row<'_>> = bars.iter().map(|bar| (interval, bar)).collect();
    let mut table = keys(symbol, &rows);
    table.push("time_label", time_labels(&rows));
    push_stats(&mut table, grid, &rows);
    table
}

/// Both tables joined, for one interval after the other; the last column, `interval`, tells them apart.
pub fn kline_table(symbol: &str, grid: Grid, intervals: &[(Interval, Vec<Bar>)]) -> Result<Table> {
    let rows: Vec<Row<'_>> =
        intervals.iter().flat_map(|(interval, bars)| bars.iter().map(|bar| (*interval, bar))).collect();
    let mut table = keys(symbol, &rows);
    push_bars(&mut table, grid, &rows)?;
    push_stats(&mut table, grid, &rows);
    let mut names = TextBuilder::default();
    for (interval, _) in &rows {
        names.push(Some(&interval.name()));
    }
    table.push("interval", names.finish());
    Ok(table)
}

type Row<'a> = (Interval, &'a Bar);

fn keys(symbol: &str, rows: &[Row<'_>]) -> Table {
    let mut table = Table::default();
    table.push("symbol", Column::Text { codes: vec![0; rows.len()], dictionary: vec![symbol.to_owned()] });
    table.push("open_time", Column::I64(rows.iter().map(|(_, bar)| bar.open_ms).collect()));
    table
}

fn time_labels(rows: &[Row<'_>]) -> Column {
    Column::I64(rows.iter().map(|(interval, bar)| interval.time_label(bar.open_ms)).collect())
}

fn push_bars(table: &mut Table, grid: Grid, rows: &[Row<'_>]) -> Result<()> {
    let scale = Scale::new(grid);
    let sums = rows.iter().map(|(_, bar)| bar.volume_and_notional()).collect::<Result<Vec<_>>>()?;
    let vwap = sums.iter().map(|&(volume, notional)| scale.vwap(volume, notional)).collect::<Result<Vec<_>>>()?;
    let quote_volume: Vec<f64> = sums.iter().map(|&(_, notional)| scale.notional(notional)).collect();

    let price = |of: fn(&Bar) -> i64| Column::F64(rows.iter().map(|(_, bar)| scale.price(of(bar))).collect());
    let volume = |of: fn(&Bar) -> i128| Column::F64(rows.iter().map(|(_, bar)| scale.volume(of(bar))).collect());
    let notional = |of: fn(&Bar) -> i128| Column::F64(rows.iter().map(|(_, bar)| scale.notional(of(bar))).collect());
    let integer = |of: fn(&Bar) -> i64| Column::I64(rows.iter().map(|(_, bar)| of(bar)).collect());

    let close_time = rows.iter().map(|(interval, bar)| bar.open_ms + interval.length_ms());
    table.push("close_time", Column::I64(close_time.collect()));
    table.push("time_label", time_labels(rows));
    let mut status = TextBuilder::default();
    for (_, bar) in rows {
        status.push(Some(if bar.records == 0 { "NoTrade" } else { "" }));
    }
    table.push("span_status", status.finish());
    table.push("open", price(|bar| bar.open));
    table.push("high", price(|bar| bar.high));
    table.push("low", price(|bar| bar.low));
    table.push("close", price(|bar| bar.close));
    table.push("vwap", Column::OptF64(vwap));
    table.push("volume", Column::F64(sums.iter().map(|&(volume, _)| scale.volume(volume)).collect()));
    table.push("quote_volume", Column::F64(quote_volume.clone()));
    table.push("dolvol", Column::F64(quote_volume));
    table.push("buyvolume", volume(|bar| bar.buy.total.volume));
    table.push("sellvolume", volume(|bar| bar.sell.total.volume));
    table.push("buydolvol", notional(|bar| bar.buy.total.notional));
    table.push("selldolvol", notional(|bar| bar.sell.total.notional));
    table.push("trade_count", integer(|bar| bar.records));
    table.push("tradecount", integer(|bar| bar.buy.total.trades + bar.sell.total.trades));
    table.push("buytradecount", integer(|bar| bar.buy.total.trades));
    table.push("selltradecount", integer(|bar| bar.sell.total.trades));
    Ok(())
}

fn push_stats(table: &mut Table, grid: Grid, rows: &[Row<'_>]) {
    let scale = Scale::new(grid);
    for tier in 0..=4 {
        let suffix = if tier == 0 { String::new() } else { tier.to_string() };
        for side in ["buy", "sell"] {
            let flow = |bar: &Bar| -> Flow {
                let side = if side == "buy" { &bar.buy } else { &bar.sell };
                if tier == 0 { side.total } else { side.tiers[tier - 1] }
            };
            let volume = rows.iter().map(|(_, bar)| scale.volume(flow(bar).volume)).collect();
            let notional = rows.iter().map(|(_, bar)| scale.notional(flow(bar).notional)).collect();
            let trades = rows.iter().map(|(_, bar)| flow(bar).trades).collect();
            table.push(format!("{side}_volume{suffix}"), Column::F64(volume));
            table.push(format!("{side}_dolvol{suffix}"), Column::F64(notional));
            table.push(format!("{side}_trade_count{suffix}"), Column::I64(trades));
        }
    }
}
