//! Layers of the score: raw points of each model, and how they add up to a total.
//!
//! Points are integers; only the funding layer of `v52_8signals` is a quotient.

use super::config::{Model, Profile, StrategyConfig};
use super::decision::Layers;
use super::flow::{Flow, along, toward};
use crate::feature::FeatureRow;
use crate::types::Side;

/// Greatest total, in tenths.
const HIGHEST: i32 = 1000;

/// Which tables give the points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    Factory,
    Fast { accel_independent: bool },
    V51,
    V52,
    Bonus,
}

impl Table {
    pub fn of(config: &StrategyConfig) -> Self {
        match (config.model, config.profile) {
            (Model::Factory, Profile::Fast) => Self::Fast { accel_independent: config.accel_independent },
            (Model::Factory, _) => Self::Factory,
            (Model::Layers, Profile::V528Signals) => Self::V52,
            (Model::Layers, _) => Self::V51,
            (Model::Bonus, _) => Self::Bonus,
        }
    }
}

/// Weights of the factory model: momentum joins direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weights {
    pub direction: i32,
    pub environment: i32,
    pub auxiliary: i32,
}

impl Weights {
    pub fn of(config: &StrategyConfig) -> Self {
        Self {
            direction: (config.weight_direction + config.weight_momentum) as i32,
            environment: config.weight_env as i32,
            auxiliary: config.weight_aux as i32,
        }
    }
}

/// Points of one table at one evaluation, and what `v50` knows besides.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Points {
    pub direction: i32,
    pub crowding: i32,
    pub environment: i32,
    pub auxiliary: i32,
    pub confirmation: i32,
    pub funding: f64,
    pub liquidation: i32,
    /// Bonus points of `v50`.
    pub bonus: i32,
}

impl Points {
    pub fn new(table: Table, row: &FeatureRow, flow: &Flow) -> Self {
        let side = flow.side;
        let shared = Self {
            environment: open_interest(row.indicators.oi_change),
            auxiliary: premium(side, row.indicators.coinbase_premium),
            ..Self::default()
        };
        match table {
            Table::Factory => {
                Self { direction: factory_direction(flow), crowding: factory_crowding(side, row), ..shared }
            }
            Table::Fast { accel_independent } => {
                let direction = factory_direction(flow);
                let lifted = accel_independent && flow.accelerating && flow.aligned_large;
                Self {
                    direction: if lifted { direction.max(35) } else { direction },
                    crowding: factory_crowding(side, row),
                    environment: fast_environment(shared.environment, book_bonus(side, row.indicators.obi_10)),
                    ..shared
                }
            }
            Table::V51 => Self {
                direction: older_direction(flow) + if flow.accelerating { 5 } else { 0 },
                crowding: older_crowding(side, row),
                confirmation: if flow.consensus { 15 } else { 0 },
                ..shared
            },
            Table::V52 => Self {
                direction: older_direction(flow),
                crowding: older_crowding(side, row),
                confirmation: if flow.consensus { 15 } else { 0 },
                funding: funding(side, row),
                liquidation: liquidation(side, row),
                ..shared
            },
            Table::Bonus => Self { bonus: bonus(flow, row), ..Self::default() },
        }
    }

    /// The layers as recorded.
    pub fn layers(&self) -> Layers {
        Layers {
            direction: f64::from(self.direction),
            crowding: f64::from(self.crowding),
            environment: f64::from(self.environment),
            auxiliary: f64::from(self.auxiliary),
            confirmation: f64::from(self.confirmation),
            funding: self.funding,
            liquidation: f64::from(self.liquidation),
        }
    }

    /// What the factory's weights multiply, so that the sum over 240 is the total.
    #[inline]
    pub fn factory_terms(&self) -> [i32; 3] {
        [3 * (self.direction + self.crowding), 16 * self.environment, 48 * self.auxiliary]
    }

    /// The total in tenths.
    pub fn total(&self, table: Table, weights: Weights) -> i32 {
        match table {
            Table::Factory | Table::Fast { .. } => factory_total(self.factory_terms(), weights),
            Table::V51 => {
                let sum = self.direction + self.crowding + self.environment + self.auxiliary + self.confirmation;
                (sum * 10).min(HIGHEST)
            }
            Table::V52 => {
                // Ninetieths: 40/45 = 80/90, 18/20 = 81/90, 12/15 = 72/90.
                let numerator = 80 * self.direction
                    + 81 * self.crowding
                    + 72 * self.environment
                    + 90 * (self.auxiliary + self.confirmation + self.liquidation);
                let points = f64::from(numerator) / 90.0 + self.funding;
                ((points * 10.0 + 0.5).floor() as i32).min(HIGHEST)
            }
            Table::Bonus => 600 + 5 * self.bonus,
        }
    }
}

/// Round half up to tenths of `Σ terms·weights / 240`, at most 100 points.
#[inline]
pub(super) fn factory_total(terms: [i32; 3], weights: Weights) -> i32 {
    let numerator = terms[0] * weights.direction + terms[1] * weights.environment + terms[2] * weights.auxiliary;
    // The numerator is never negative: the unsigned division by a constant is a multiplication.
    (((numerator + 12) as u32 / 24) as i32).min(HIGHEST)
}

/// What `v50` demands before it scores; false without `vwap_30m`.
pub(super) fn meets_entry_condition(row: &FeatureRow, flow: &Flow) -> bool {
    let beyond = row.vwap_30m.is_some_and(|vwap| toward(flow.side, row.grid.price(row.price) - vwap) > 0.0);
    flow.consensus && along(flow.side, row.cvd_slope[flow.fast as usize]) && beyond
}

fn large_trades(flow: &Flow, aligned: i32, quiet: i32) -> i32 {
    match (flow.aligned_large, flow.opposing_large) {
        (true, _) => aligned,
        (false, false) => quiet,
        (false, true) => 0,
    }
}

fn factory_direction(flow: &Flow) -> i32 {
    (if flow.consensus { 30 } else { 0 }) + large_trades(flow, 20, 10) + if flow.accelerating { 5 } else { 0 }
}

fn older_direction(flow: &Flow) -> i32 {
    let sign = |aligned: bool| if aligned { 15 } else { 0 };
    sign(flow.fast_aligned) + sign(flow.slow_aligned) + large_trades(flow, 15, 10)
}

fn factory_crowding(side: Side, row: &FeatureRow) -> i32 {
    let accounts = row.indicators.long_short_ratio.map_or(7, |ratio| match side {
        Side::Short if ratio > 2.0 => 15,
        Side::Short if ratio > 1.5 => 10,
        Side::Short if ratio > 1.0 => 7,
        Side::Long if ratio < 0.5 => 15,
        Side::Long if ratio < 0.7 => 10,
        Side::Long if ratio < 1.0 => 7,
        _ => 0,
    });
    accounts + top_traders(side, row.indicators.top_trader_long)
}

fn older_crowding(side: Side, row: &FeatureRow) -> i32 {
    let accounts = row.indicators.long_short_ratio.map_or(5, |ratio| match side {
        Side::Short if ratio > 2.0 => 10,
        Side::Short if ratio > 1.5 => 5,
        Side::Long if ratio < 0.5 => 10,
        Side::Long if ratio < 0.67 => 5,
        _ => 0,
    });
    accounts + top_traders(side, row.indicators.top_trader_long)
}

fn top_traders(side: Side, share_long: Option<f64>) -> i32 {
    let Some(share) = share_long else { return 5 };
    let (with, against) = match side {
        Side::Long => (share >= 0.55, share <= 0.45),
        Side::Short => (share <= 0.45, share >= 0.55),
    };
    if with {
        10
    } else if against {
        0
    } else {
        5
    }
}

fn open_interest(change: Option<f64>) -> i32 {
    match change {
        Some(change) if change >= 0.03 => 15,
        Some(change) if change <= 0.0 => 5,
        _ => 10,
    }
}

fn premium(side: Side, premium: Option<f64>) -> i32 {
    let Some(premium) = premium else { return 2 };
    let favour = toward(side, premium);
    if favour > 0.0005 {
        5
    } else if favour < -0.0005 {
        0
    } else {
        2
    }
}

/// Points of an order book that leans our way.
fn book_bonus(side: Side, obi_10: Option<f64>) -> i32 {
    match obi_10.map(|obi| toward(side, obi)) {
        Some(lean) if lean >= 0.30 => 5,
        Some(lean) if lean >= 0.15 => 3,
        _ => 0,
    }
}

/// Environment of `profile: fast`: rescaled to ten points, rounded half up, plus the bonus.
pub(super) fn fast_environment(environment: i32, bonus: i32) -> i32 {
    ((2 * environment * 10 + 15) / 30 + bonus).min(15)
}

/// Funding layer: the share of its greatest rate that a rate in our favour has, of five points.
fn funding(side: Side, row: &FeatureRow) -> f64 {
    match (row.indicators.funding_rate, row.indicators.funding_rate_max_abs) {
        (Some(rate), Some(max_abs)) if toward(side, rate) < 0.0 && max_abs > 0.0 => {
            (5.0 * rate.abs() / max_abs).min(5.0)
        }
        _ => 0.0,
    }
}

/// Liquidation layer: how much more of the other side was liquidated than of ours.
fn liquidation(side: Side, row: &FeatureRow) -> i32 {
    let (Some(long), Some(short)) = (row.indicators.liq_long_usd, row.indicators.liq_short_usd) else { return 0 };
    let (own, opposite) = match side {
        Side::Long => (long, short),
        Side::Short => (short, long),
    };
    if own == 0.0 {
        return if opposite > 0.0 { 5 } else { 0 };
    }
    match opposite / own {
        ratio if ratio >= 2.0 => 5,
        ratio if ratio >= 1.5 => 3,
        ratio if ratio >= 1.2 => 1,
        _ => 0,
    }
}

fn bonus(flow: &Flow, row: &FeatureRow) -> i32 {
    let rising = row.atr_percentile > 60.0 && row.atr_percentile_min_12 < 40.0;
    let paid = row.indicators.funding_rate.is_some_and(|rate| toward(flow.side, rate) <= -0.0001);
    (if rising { 25 } else { 0 }) + (if flow.opposing_large { 0 } else { 20 }) + if paid { 15 } else { 0 }
}
