//! One strategy against one row: direction, gates, total.

use super::config::{DirectionFilter, StrategyConfig};
use super::decision::{Decision, Layers, Tier};
use super::flow::Flow;
use super::gates::{BELOW_ENTRY, DIRECTION, Gates, Refusals, Sight, first_reason, when};
use super::points::{Points, Table, Weights};
use crate::feature::FeatureRow;
use crate::types::Side;

/// What turns a total into a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    entry: i32,
    heavy: i32,
    /// Refusal of longs and of shorts.
    barred: [Refusals; 2],
}

impl Limits {
    pub fn of(config: &StrategyConfig) -> Self {
        Self {
            entry: config.entry_score,
            heavy: config.heavy_threshold(),
            barred: match config.direction {
                DirectionFilter::Both => [0, 0],
                DirectionFilter::LongOnly => [0, DIRECTION],
                DirectionFilter::ShortOnly => [DIRECTION, 0],
            },
        }
    }

    /// True when a total that no gate refuses is still no signal.
    #[inline]
    pub fn refuses(&self, total: i32, side: Side) -> bool {
        total < self.entry || self.barred[side as usize] != 0
    }

    /// The decision on an evaluation that scores `total` and that `gates` refuse.
    #[inline]
    pub fn decide(&self, gates: Refusals, total: i32, blank: Decision) -> Decision {
        let total = if gates == 0 { total } else { 0 };
        let refusals = gates | when(total < self.entry, BELOW_ENTRY) | self.barred[blank.side as usize];
        let tier = if total >= self.heavy { Tier::Heavy } else { Tier::Standard };
        Decision { total, reason: first_reason(refusals), tier, ..blank }
    }
}

/// The decision of a table's flow, as far as no strategy's limits matter.
pub(super) fn blank(table: Table, flow: &Flow, points: &Points) -> Decision {
    Decision {
        side: flow.side,
        consensus: flow.consensus,
        total: 0,
        reason: None,
        tier: if table == Table::Bonus { bonus_tier(points.bonus) } else { Tier::Standard },
        bonus: points.bonus as u8,
    }
}

/// Tier of the bonus model.
fn bonus_tier(bonus: i32) -> Tier {
    match bonus {
        ..=15 => Tier::Light,
        16..=40 => Tier::Standard,
        _ => Tier::Heavy,
    }
}

/// Direction, first refusal and total of one strategy, before cooldown and positions.
///
/// `reason` is the first of `warmup`, `missing_feature:atr_5m`, the gates, `below_entry`, `direction`.
/// A decision that a gate blocks has total 0; `bonus` is recorded all the same.
pub fn score(config: &StrategyConfig, row: &FeatureRow) -> Decision {
    let table = Table::of(config);
    let flow = Flow::of(config, row);
    let points = Points::new(table, row, &flow);
    let gates = Gates::of(config).refusals(&Sight::new(table, row, &flow));
    let blank = blank(table, &flow, &points);
    let decision = Limits::of(config).decide(gates, points.total(table, Weights::of(config)), blank);
    if table == Table::Bonus { Decision { tier: blank.tier, ..decision } } else { decision }
}

/// Layer points, whether or not a gate blocks.
pub fn layers(config: &StrategyConfig, row: &FeatureRow) -> Layers {
    Points::new(Table::of(config), row, &Flow::of(config, row)).layers()
}
