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
    let scale = Scale::new(grid);
    let sums = bars.iter().map(Bar::volume_and_notional).collect::<Result<Vec<_>>>()?;
    let vwap = sums.iter().map(|&(volume, notional)| scale.vwap(volume, notional)).collect::<Result<Vec<_>>>()?;
    let quote_volume: Vec<f64> = sums.iter().map(|&(_, notional)| scale.notional(notional)).collect();

    let price = |of: fn(&Bar) -> i64| Column::F64(bars.iter().map(|bar| scale.price(of(bar))).collect());
    let volume = |of: fn(&Bar) -> i128| Column::F64(bars.iter().map(|bar| scale.volume(of(bar))).collect());
    let notional = |of: fn(&Bar) -> i128| Column::F64(bars.iter().map(|bar| scale.notional(of(bar))).collect());
    let integer = |of: fn(&Bar) -> i64| Column::I64(bars.iter().map(of).collect());

    let mut table = Table::default();
    push_keys(&mut table, symbol, bars);
    table.push("close_time", Column::I64(bars.iter().map(|bar| bar.open_ms + interval.length_ms()).collect()));
    table.push("time_label", time_labels(interval, bars));
    let mut status = TextBuilder::default();
    for bar in bars {
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
    Ok(table)
}

/// Columns of the table `tran_stats` for bars of one symbol and interval.
pub fn tran_stats_table(symbol: &str, grid: Grid, interval: Interval, bars: &[Bar]) -> Table {
    let scale = Scale::new(grid);
    let mut table = Table::default();
    push_keys(&mut table, symbol, bars);
    table.push("time_label", time_labels(interval, bars));
    for tier in 0..=4 {
        let suffix = if tier == 0 { String::new() } else { tier.to_string() };
        for side in ["buy", "sell"] {
            let flow = |bar: &Bar| -> Flow {
                let side = if side == "buy" { &bar.buy } else { &bar.sell };
                if tier == 0 { side.total } else { side.tiers[tier - 1] }
            };
            let volume = bars.iter().map(|bar| scale.volume(flow(bar).volume)).collect();
            let notional = bars.iter().map(|bar| scale.notional(flow(bar).notional)).collect();
            let trades = bars.iter().map(|bar| flow(bar).trades).collect();
            table.push(format!("{side}_volume{suffix}"), Column::F64(volume));
            table.push(format!("{side}_dolvol{suffix}"), Column::F64(notional));
            table.push(format!("{side}_trade_count{suffix}"), Column::I64(trades));
        }
    }
    table
}

fn push_keys(table: &mut Table, symbol: &str, bars: &[Bar]) {
    table.push("symbol", Column::Text { codes: vec![0; bars.len()], dictionary: vec![symbol.to_owned()] });
    table.push("open_time", Column::I64(bars.iter().map(|bar| bar.open_ms).collect()));
}

fn time_labels(interval: Interval, bars: &[Bar]) -> Column {
    Column::I64(bars.iter().map(|bar| interval.time_label(bar.open_ms)).collect())
}
