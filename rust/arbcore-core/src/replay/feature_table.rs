//! Feature rows as the columns that `arbcore features` writes.

use crate::feature::{FeatureRow, WINDOW_NAMES, Window};
use crate::grid::Grid;
use crate::table::{Column, Table};

/// Collects feature rows column by column.
#[derive(Debug, Clone)]
pub struct FeatureTable {
    grid: Grid,
    spot_grid: Option<Grid>,
    /// Names of all CVD windows, the standard ones first.
    windows: Vec<String>,
    rows: Vec<FeatureRow>,
}

impl FeatureTable {
    /// A table for a market on `grid`; `extra_windows_ms` as in the features' configuration.
    pub fn new(grid: Grid, spot_grid: Option<Grid>, extra_windows_ms: &[i64]) -> Self {
        let mut windows: Vec<String> = WINDOW_NAMES.iter().map(|&name| name.to_owned()).collect();
        windows.extend(extra_windows_ms.iter().map(|&ms| window_name(ms)));
        Self { grid, spot_grid, windows, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: &FeatureRow) {
        self.rows.push(row.clone());
    }

    /// The finished table.
    pub fn finish(&self) -> Table {
        let mut table = Table::default();
        let qty = |lots: i64| self.grid.qty(lots);
        let f64s = |value: &dyn Fn(&FeatureRow) -> f64| Column::F64(self.rows.iter().map(value).collect());
        let opts = |value: &dyn Fn(&FeatureRow) -> Option<f64>| Column::OptF64(self.rows.iter().map(value).collect());
        let ints = |value: &dyn Fn(&FeatureRow) -> i64| Column::I64(self.rows.iter().map(value).collect());
        table.push("t_ms", ints(&|row| row.t_ms));
        table.push("price", f64s(&|row| self.grid.price(row.price)));
        for (i, name) in self.windows.iter().enumerate() {
            table.push(format!("cvd_{name}"), f64s(&|row| qty(row.cvd[i])));
        }
        for (i, name) in self.windows.iter().enumerate() {
            table.push(format!("cvd_slope_{name}"), f64s(&|row| qty(row.cvd_slope[i])));
        }
        for (i, name) in self.windows.iter().enumerate() {
            table.push(format!("cvd_accel_{name}"), f64s(&|row| qty(row.cvd_accel[i])));
        }
        table.push("vwap_30m", opts(&|row| row.vwap_30m));
        table.push("atr_5m", opts(&|row| row.atr_5m));
        table.push("atr_1h", opts(&|row| row.atr_1h));
        table.push("atr_percentile", f64s(&|row| row.atr_percentile));
        table.push("p95_qty", f64s(&|row| qty(row.p95_qty)));
        table.push("p99_qty", f64s(&|row| qty(row.p99_qty)));
        table.push("whale_ratio", f64s(&|row| row.whale_ratio));
        table.push("large_buy_count", ints(&|row| i64::from(row.large_buy_count)));
        table.push("large_sell_count", ints(&|row| i64::from(row.large_sell_count)));
        table.push("buy_vol_1m", f64s(&|row| qty(row.buy_vol_1m)));
        table.push("sell_vol_1m", f64s(&|row| qty(row.sell_vol_1m)));
        table.push("trade_rate_1m", f64s(&|row| f64::from(row.trade_count_1m) / 60.0));
        self.push_indicators(&mut table);
        if let Some(grid) = self.spot_grid {
            for window in Window::ALL {
                let column = opts(&|row| row.spot_cvd.map(|cvd| grid.qty(cvd[window as usize])));
                table.push(format!("spot_cvd_{}", window.name()), column);
            }
        }
        table.push("warmup", Column::Bool(self.rows.iter().map(|row| row.warmup).collect()));
        table
    }

    /// Indicator features of which at least one row has a value.
    fn push_indicators(&self, table: &mut Table) {
        type Value = fn(&FeatureRow) -> Option<f64>;
        let all: [(&str, Value); 14] = [
            ("spread_bps", |row| row.indicators.spread_bps),
            ("microprice", |row| row.indicators.microprice),
            ("imbalance", |row| row.indicators.imbalance),
            ("obi_10", |row| row.indicators.obi_10),
            ("spot_perp_divergence", |row| row.indicators.spot_perp_divergence),
            ("long_short_ratio", |row| row.indicators.long_short_ratio),
            ("top_trader_long", |row| row.indicators.top_trader_long),
            ("oi_change", |row| row.indicators.oi_change),
            ("oi_persist_n", |row| row.indicators.oi_persist_n.map(f64::from)),
            ("coinbase_premium", |row| row.indicators.coinbase_premium),
            ("funding_rate", |row| row.indicators.funding_rate),
            ("funding_rate_max_abs", |row| row.indicators.funding_rate_max_abs),
            ("liq_long_usd", |row| row.indicators.liq_long_usd),
            ("liq_short_usd", |row| row.indicators.liq_short_usd),
        ];
        for (name, value) in all {
            if self.rows.iter().any(|row| value(row).is_some()) {
                table.push(name, Column::OptF64(self.rows.iter().map(value).collect()));
            }
        }
    }
}

/// `90m`, `2h`, `45s`: the largest unit that divides the length.
fn window_name(ms: i64) -> String {
    match ms / 1_000 {
        s if s % 3_600 == 0 => format!("{}h", s / 3_600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
