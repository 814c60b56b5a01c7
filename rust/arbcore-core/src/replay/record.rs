//! What a replay writes down: evaluations as columns, rejections by reason, the price for the chart.

use std::collections::BTreeMap;

use crate::feature::{FeatureRow, Window};
use crate::position::Outcome;
use crate::strategy::{Decision, Reason, StrategyConfig, layers, regime};
use crate::table::{Column, Table, TextBuilder};
use crate::types::MINUTE_MS;

/// Which evaluations become rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recording {
    /// Those that gave a signal or a flip, or reached the entry score.
    #[default]
    Signals,
    /// All of the tested span.
    All,
    /// None.
    Nothing,
}

/// Columns of `signals.parquet`.
#[derive(Debug, Default)]
pub struct EvaluationRecord {
    t_ms: Vec<i64>,
    strategy: TextBuilder,
    direction: TextBuilder,
    consensus: Vec<bool>,
    score: Vec<f64>,
    tier: TextBuilder,
    signal: Vec<bool>,
    flip: Vec<bool>,
    entry: Vec<bool>,
    reason: TextBuilder,
    regime: TextBuilder,
    layers: [Vec<f64>; 7],
    price: Vec<f64>,
    features: Vec<[Option<f64>; FEATURES.len()]>,
}

/// Features that decide, recorded beside each evaluation.
const FEATURES: [&str; 17] = [
    "cvd_fast",
    "cvd_slow",
    "cvd_fast_accel",
    "atr_5m",
    "p99_qty",
    "whale_ratio",
    "large_buy_count",
    "large_sell_count",
    "obi_10",
    "spot_perp_divergence",
    "long_short_ratio",
    "top_trader_long",
    "oi_change",
    "coinbase_premium",
    "funding_rate",
    "liq_long_usd",
    "liq_short_usd",
];

const LAYERS: [&str; 7] =
    ["direction", "crowding", "environment", "auxiliary", "confirmation", "funding", "liquidation"];

impl EvaluationRecord {
    /// Adds one evaluation of one strategy.
    pub fn push(&mut self, config: &StrategyConfig, row: &FeatureRow, decision: &Decision, outcome: Outcome) {
        self.t_ms.push(row.t_ms);
        self.strategy.push(Some(&config.display_name));
        self.direction.push(Some(decision.side.name()));
        self.consensus.push(decision.consensus);
        self.score.push(f64::from(decision.total) / 10.0);
        self.tier.push(outcome.signal.then(|| decision.tier.name()));
        self.signal.push(outcome.signal);
        self.flip.push(outcome.flip);
        self.entry.push(outcome.entry);
        let reason = outcome.reason.map(|reason| reason.name(config.cvd_slow_window));
        self.reason.push(reason.as_deref());
        self.regime.push(Some(regime(config, row).name()));
        let points = layers(config, row);
        let points = [
            points.direction,
            points.crowding,
            points.environment,
            points.auxiliary,
            points.confirmation,
            points.funding,
            points.liquidation,
        ];
        for (column, value) in self.layers.iter_mut().zip(points) {
            column.push(value);
        }
        let (grid, indicators) = (row.grid, &row.indicators);
        let (fast, slow) = (config.cvd_fast_window as usize, config.cvd_slow_window as usize);
        self.price.push(grid.price(row.price));
        self.features.push([
            Some(grid.qty(row.cvd[fast])),
            Some(grid.qty(row.cvd[slow])),
            Some(grid.qty(row.cvd_accel[fast])),
            row.atr_5m,
            Some(grid.qty(row.p99_qty)),
            Some(row.whale_ratio),
            Some(f64::from(row.large_buy_count)),
            Some(f64::from(row.large_sell_count)),
            indicators.obi_10,
            indicators.spot_perp_divergence,
            indicators.long_short_ratio,
            indicators.top_trader_long,
            indicators.oi_change,
            indicators.coinbase_premium,
            indicators.funding_rate,
            indicators.liq_long_usd,
            indicators.liq_short_usd,
        ]);
    }

    /// The finished table.
    pub fn finish(self) -> Table {
        let mut table = Table::default();
        table.push("t_ms", Column::I64(self.t_ms));
        table.push("strategy", self.strategy.finish());
        table.push("direction", self.direction.finish());
        table.push("consensus", Column::Bool(self.consensus));
        table.push("score", Column::F64(self.score));
        table.push("tier", self.tier.finish());
        table.push("signal", Column::Bool(self.signal));
        table.push("flip", Column::Bool(self.flip));
        table.push("entry", Column::Bool(self.entry));
        table.push("reason", self.reason.finish());
        table.push("regime", self.regime.finish());
        for (name, column) in LAYERS.into_iter().zip(self.layers) {
            table.push(format!("layer_{name}"), Column::F64(column));
        }
        table.push("price", Column::F64(self.price));
        for (i, name) in FEATURES.into_iter().enumerate() {
            table.push(name, Column::OptF64(self.features.iter().map(|values| values[i]).collect()));
        }
        table
    }
}

/// Evaluations counted by what became of them.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Evaluations in the tested span, over all strategies.
    pub evaluations: u64,
    /// By reason and slow window (the name of an absent spot CVD depends on it).
    reasons: BTreeMap<(u8, Window), (Reason, u64)>,
    /// The reason counted last: most evaluations repeat it.
    last: Option<((u8, Window), Reason, u64)>,
}

impl Tally {
    /// Counts one evaluation.
    #[inline]
    pub fn add(&mut self, config: &StrategyConfig, outcome: Outcome) {
        self.evaluations += 1;
        let Some(reason) = outcome.reason else { return };
        let key = (reason.code(), config.cvd_slow_window);
        match &mut self.last {
            Some((last, _, count)) if *last == key => *count += 1,
            _ => {
                self.settle();
                self.last = Some((key, reason, 1));
            }
        }
    }

    fn settle(&mut self) {
        if let Some((key, reason, count)) = self.last.take() {
            self.reasons.entry(key).or_insert((reason, 0)).1 += count;
        }
    }

    /// Name and number of each reason seen, by name.
    pub fn reasons(mut self) -> BTreeMap<String, u64> {
        self.settle();
        let mut named = BTreeMap::new();
        for ((_, window), (reason, count)) in self.reasons {
            *named.entry(reason.name(window).into_owned()).or_insert(0) += count;
        }
        named
    }
}

/// The last price of every minute in which something was traded, for charts.
#[derive(Debug, Clone, Default)]
pub struct PriceSeries {
    /// Time of the mark, UTC milliseconds.
    pub time_ms: Vec<i64>,
    /// Ticks.
    pub price: Vec<i64>,
}

impl PriceSeries {
    /// The price at an evaluation.
    #[inline]
    pub fn mark(&mut self, t_ms: i64, price: i64) {
        if self.time_ms.last().is_none_or(|last| t_ms - last >= MINUTE_MS) {
            self.time_ms.push(t_ms);
            self.price.push(price);
        }
    }
}
