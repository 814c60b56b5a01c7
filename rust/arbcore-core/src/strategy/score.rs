//! One strategy against one row: direction, gates, total.

use super::config::{DirectionFilter, StrategyConfig};
use super::decision::{Decision, Layers, Reason, Tier};
use super::flow::Flow;
use super::gates::{Gates, Snapshot};
use super::points::{Points, Table, Weights, entry_condition};
use crate::feature::FeatureRow;
use crate::types::Side;

/// What turns a total into a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    entry: i32,
    heavy: i32,
    direction: DirectionFilter,
}

impl Limits {
    pub fn of(config: &StrategyConfig) -> Self {
        Self { entry: config.entry_score, heavy: config.heavy_threshold(), direction: config.direction }
    }

    /// Why a total that no gate blocks gives no signal.
    #[inline]
    pub fn refuse(&self, total: i32, side: Side) -> Option<Reason> {
        let allowed = match self.direction {
            DirectionFilter::Both => true,
            DirectionFilter::LongOnly => side == Side::Long,
            DirectionFilter::ShortOnly => side == Side::Short,
        };
        if total < self.entry {
            Some(Reason::BelowEntry)
        } else if allowed {
            None
        } else {
            Some(Reason::Direction)
        }
    }

    /// Tier of a total, where the total decides it.
    #[inline]
    pub fn tier(&self, total: i32) -> Tier {
        if total >= self.heavy { Tier::Heavy } else { Tier::Standard }
    }
}

/// Tier of the bonus model.
pub(super) fn bonus_tier(bonus: i32) -> Tier {
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
    let snapshot = Snapshot::new(row);
    let flow = Flow::of(config, row);
    let points = Points::new(table, row, &flow);
    let limits = Limits::of(config);
    let blocked =
        snapshot.unready().or_else(|| Gates::of(config).block(&snapshot, &flow, entry_condition(table, row, &flow)));
    let total = if blocked.is_some() { 0 } else { points.total(table, Weights::of(config)) };
    Decision {
        side: flow.side,
        consensus: flow.consensus,
        total,
        reason: blocked.or_else(|| limits.refuse(total, flow.side)),
        tier: if table == Table::Bonus { bonus_tier(points.bonus) } else { limits.tier(total) },
        bonus: points.bonus as u8,
    }
}

/// Layer points, whether or not a gate blocks.
pub fn layers(config: &StrategyConfig, row: &FeatureRow) -> Layers {
    let table = Table::of(config);
    Points::new(table, row, &Flow::of(config, row)).layers(table)
}
