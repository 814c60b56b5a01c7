//! The optional rules: what they remember and what they refuse. Each is off unless its switch is on.

use std::collections::VecDeque;

use super::record::Status;
use crate::feature::{FeatureRow, Window};
use crate::strategy::{Decision, Rule, StrategyConfig};
use crate::types::{HOUR_MS, MINUTE_MS, Side};

/// Score in tenths that overrides the 1-hour filter and the limit of entries on one side.
const STRONG_SCORE: i32 = 850;
/// Entries on one side in a row before the adaptive cooldown asks for more.
const SAME_SIDE_MAX: u32 = 3;
const STOP_OUT_SPAN_MS: i64 = 30 * MINUTE_MS;
const STOP_OUT_COOLDOWN_MS: i64 = 20 * MINUTE_MS;
const TP1_COOLDOWN_MS: i64 = 5 * MINUTE_MS;

/// What the rules remember of one strategy's past.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    /// Side and exit time of the last two stop-outs (before TP1), older first.
    stop_outs: [Option<(Side, i64)>; 2],
    /// The latest position, open or closed, reached TP1.
    last_reached_tp1: bool,
    /// Side of the latest entry and how many of that side came in a row.
    run: Option<(Side, u32)>,
    /// Signal times of the entries of the last hour, while there is a cap.
    entries: VecDeque<i64>,
}

impl History {
    pub(super) fn on_entry(&mut self, config: &StrategyConfig, side: Side, time_ms: i64) {
        self.run = match self.run {
            Some((last, n)) if last == side => Some((side, n + 1)),
            _ => Some((side, 1)),
        };
        if config.hourly_entry_cap.is_some() {
            self.entries.push_back(time_ms);
        }
    }

    pub(super) fn on_fill(&mut self) {
        self.last_reached_tp1 = false;
    }

    pub(super) fn on_tp1(&mut self) {
        self.last_reached_tp1 = true;
    }

    pub(super) fn on_exit(&mut self, side: Side, status: Status, time_ms: i64) {
        if status == Status::Sl {
            self.stop_outs = [self.stop_outs[1], Some((side, time_ms))];
        }
    }

    /// Milliseconds that must lie between the last signal and one at `time_ms`.
    pub(super) fn cooldown_ms(&self, config: &StrategyConfig, time_ms: i64) -> i64 {
        let standard = i64::from(config.cooldown_minutes) * MINUTE_MS;
        if !config.rule_adaptive_cooldown {
            return standard;
        }
        match self.stop_outs {
            [Some((earlier_side, earlier_ms)), Some((later_side, _))]
                if earlier_side == later_side && time_ms - earlier_ms <= STOP_OUT_SPAN_MS =>
            {
                STOP_OUT_COOLDOWN_MS
            }
            _ if self.last_reached_tp1 => TP1_COOLDOWN_MS,
            _ => standard,
        }
    }

    /// The first rule that refuses an entry, in the order of [`Rule`].
    pub(super) fn refusal(&mut self, config: &StrategyConfig, row: &FeatureRow, decision: &Decision) -> Option<Rule> {
        let strong = decision.total >= STRONG_SCORE;
        let opposing = hour_opposition(row, decision.side);
        let exhausted = self.run.is_some_and(|(side, n)| side == decision.side && n >= SAME_SIDE_MAX);
        let excused = self.last_reached_tp1 && strong && opposing < 2;
        if config.rule_adaptive_cooldown && exhausted && !excused {
            return Some(Rule::SameSide);
        }
        if config.rule_hour_filter && opposing == 2 && !strong {
            return Some(Rule::HourFilter);
        }
        let hour = row.t_ms.div_euclid(HOUR_MS).rem_euclid(24);
        if config.blackout_hours >> hour & 1 == 1 {
            return Some(Rule::BlackoutHours);
        }
        if config.symbol_disabled {
            return Some(Rule::DisabledSymbol);
        }
        if let Some(cap) = config.hourly_entry_cap {
            while self.entries.front().is_some_and(|&entry_ms| row.t_ms - entry_ms >= HOUR_MS) {
                self.entries.pop_front();
            }
            if self.entries.len() >= cap as usize {
                return Some(Rule::HourlyEntryCap);
            }
        }
        (config.rule_cascade && row.cascade).then_some(Rule::Cascade)
    }
}

/// What the rules make of the size: 1 when none applies.
pub(super) fn size_factor(config: &StrategyConfig, row: &FeatureRow, side: Side) -> f64 {
    let mut factor = 1.0;
    if config.rule_hour_filter {
        factor *= [1.0, 0.7, 0.5][hour_opposition(row, side)];
    }
    if let Some(bias) = row.indicators.funding_bias.filter(|_| config.rule_funding_bias) {
        // A positive bias means that longs pay.
        if bias * side.sign() > 0.0 {
            factor *= 1.0 - 0.5 * bias.abs();
        }
    }
    factor
}

/// The ATR that sets 1R.
pub(super) fn risk_atr(config: &StrategyConfig, row: &FeatureRow) -> Option<f64> {
    let atr_5m = row.atr_5m?;
    match row.atr_1h {
        Some(atr_1h) if config.rule_dual_atr => Some(0.7 * atr_5m + 0.3 * atr_1h),
        _ => Some(atr_5m),
    }
}

/// How many of 1-hour CVD and 1-hour trend stand against `side`: 0, 1 or 2.
fn hour_opposition(row: &FeatureRow, side: Side) -> usize {
    let against = |signed: i64| match side {
        Side::Long => signed < 0,
        Side::Short => signed > 0,
    };
    let cvd = against(row.cvd[Window::H1 as usize]);
    let trend = row.hour_closes.is_some_and(|[last, before]| against(last - before));
    usize::from(cvd) + usize::from(trend)
}
