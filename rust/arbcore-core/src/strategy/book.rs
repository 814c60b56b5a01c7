//! Many strategies of one symbol against one row: what they share is computed once.
//!
//! Strategies are sorted by what they read. Those with one table and one window pair form a *group*,
//! which finds direction and points once; within it, those with equal gates form a *run*, which passes
//! the gates once. What remains for each strategy is its weights, its limits and writing the decision.

use super::config::{Model, StrategyConfig};
use super::decision::{Decision, Reason, Tier};
use super::flow::Flow;
use super::gates::{Gates, Snapshot};
use super::points::{Points, Table, Weights, entry_condition, factory_total};
use super::score::{Limits, bonus_tier};
use crate::error::{CoreError, Result};
use crate::feature::{FeatureRow, Window};
use crate::types::Side;

/// Strategies with one table and one window pair.
#[derive(Debug, Clone)]
struct Group {
    table: Table,
    fast: Window,
    slow: Window,
    runs: Vec<Run>,
}

/// Strategies of one group with equal gates: the members up to `end`, from the previous run's on.
#[derive(Debug, Clone, Copy)]
struct Run {
    gates: Gates,
    end: usize,
}

/// What a single strategy adds.
#[derive(Debug, Clone, Copy)]
struct Member {
    /// Its place among the configurations.
    place: u32,
    weights: Weights,
    limits: Limits,
}

/// Strategies of one symbol, evaluated together.
#[derive(Debug, Clone)]
pub struct StrategyBook {
    configs: Vec<StrategyConfig>,
    groups: Vec<Group>,
    members: Vec<Member>,
}

impl StrategyBook {
    /// A book of valid strategies of one symbol, in the given order.
    pub fn new(configs: Vec<StrategyConfig>) -> Result<Self> {
        for config in &configs {
            config.validate().map_err(|error| CoreError::config(format!("{}: {error}", config.display_name)))?;
            let symbol = &configs[0].symbol;
            if config.symbol != *symbol {
                return Err(CoreError::config(format!(
                    "{}: symbol = {}: must be {symbol}, as of the other strategies of this book",
                    config.display_name, config.symbol
                )));
            }
        }
        let key = |place: &u32| {
            let config = &configs[*place as usize];
            let group = (Table::of(config), config.cvd_fast_window, config.cvd_slow_window);
            (group, Gates::of(config).key())
        };
        let mut order: Vec<u32> = (0..configs.len() as u32).collect();
        order.sort_by_key(key);
        let members = order
            .iter()
            .map(|&place| {
                let config = &configs[place as usize];
                Member { place, weights: Weights::of(config), limits: Limits::of(config) }
            })
            .collect();
        let groups = order
            .chunk_by(|a, b| key(a).0 == key(b).0)
            .scan(0, |end, group| {
                let (table, fast, slow) = key(&group[0]).0;
                let runs = group
                    .chunk_by(|a, b| key(a).1 == key(b).1)
                    .map(|run| {
                        *end += run.len();
                        Run { gates: Gates::of(&configs[run[0] as usize]), end: *end }
                    })
                    .collect();
                Some(Group { table, fast, slow, runs })
            })
            .collect();
        Ok(Self { configs, groups, members })
    }

    /// The strategies, in the order in which decisions come out.
    pub fn configs(&self) -> &[StrategyConfig] {
        &self.configs
    }

    /// Number of strategies.
    pub fn len(&self) -> usize {
        self.configs.len()
    }

    /// True without strategies.
    pub fn is_empty(&self) -> bool {
        self.configs.is_empty()
    }

    /// Decisions of all strategies on one row, as [`super::score`] gives them one by one.
    ///
    /// `out` is overwritten; with its capacity kept between calls, nothing is allocated.
    pub fn evaluate(&self, row: &FeatureRow, out: &mut Vec<Decision>) {
        out.resize(self.len(), BLANK);
        let out = out.as_mut_slice();
        let snapshot = Snapshot::new(row);
        let unready = snapshot.unready();
        let mut start = 0;
        for group in &self.groups {
            let model = if group.table == Table::Bonus { Model::Bonus } else { Model::Factory };
            let flow = Flow::new(model, group.fast, group.slow, row);
            let points = Points::new(group.table, row, &flow);
            let blank = Decision {
                side: flow.side,
                consensus: flow.consensus,
                tier: if group.table == Table::Bonus { bonus_tier(points.bonus) } else { Tier::Standard },
                bonus: points.bonus as u8,
                ..BLANK
            };
            let entry = entry_condition(group.table, row, &flow);
            let tally = Tally::new(group.table, &points);
            for run in &group.runs {
                let members = &self.members[start..run.end];
                start = run.end;
                if let Some(reason) = unready.or_else(|| run.gates.block(&snapshot, &flow, entry)) {
                    refuse(members, reason, blank, out);
                } else {
                    tally.decide(members, blank, out);
                }
            }
        }
    }
}

/// A decision to be filled in.
const BLANK: Decision =
    Decision { side: Side::Short, consensus: false, total: 0, reason: None, tier: Tier::Standard, bonus: 0 };

/// How the members of a group get their totals.
#[derive(Debug, Clone, Copy)]
enum Tally {
    /// By their weights.
    Weighted([i32; 3]),
    /// All the same one.
    Fixed(i32),
    /// All the same one, and the tier with it.
    Tiered(i32),
}

impl Tally {
    fn new(table: Table, points: &Points) -> Self {
        let plain = Weights { direction: 0, environment: 0, auxiliary: 0 };
        match table {
            Table::Factory | Table::Fast { .. } => Self::Weighted(points.factory_terms()),
            Table::V51 | Table::V52 => Self::Fixed(points.total(table, plain)),
            Table::Bonus => Self::Tiered(points.total(table, plain)),
        }
    }

    fn decide(self, members: &[Member], blank: Decision, out: &mut [Decision]) {
        match self {
            Self::Weighted(terms) => {
                write(members, out, |member| rate(member, factory_total(terms, member.weights), blank));
            }
            Self::Fixed(total) => write(members, out, |member| rate(member, total, blank)),
            Self::Tiered(total) => {
                write(members, out, |member| Decision { tier: blank.tier, ..rate(member, total, blank) });
            }
        }
    }
}

#[inline]
fn rate(member: &Member, total: i32, blank: Decision) -> Decision {
    Decision { total, reason: member.limits.refuse(total, blank.side), tier: member.limits.tier(total), ..blank }
}

fn refuse(members: &[Member], reason: Reason, blank: Decision, out: &mut [Decision]) {
    let decision = Decision { reason: Some(reason), ..blank };
    write(members, out, |_| decision);
}

#[inline]
fn write(members: &[Member], out: &mut [Decision], decide: impl Fn(&Member) -> Decision) {
    for member in members {
        out[member.place as usize] = decide(member);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_holds_valid_strategies_of_one_symbol() {
        let eth = StrategyConfig::for_symbol("ETHUSDT");
        let error = StrategyBook::new(vec![eth.clone(), StrategyConfig::for_symbol("SOLUSDT")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "SOLUSDT: symbol = SOLUSDT: must be ETHUSDT, as of the other strategies of this book"
        );
        let error = StrategyBook::new(vec![StrategyConfig { timeout_minutes: 5, ..eth.clone() }]).unwrap_err();
        assert_eq!(error.to_string(), "ETHUSDT: timeout_minutes = 5: must be an integer between 30 and 1440");
        assert!(StrategyBook::new(Vec::new()).unwrap().is_empty());
        assert_eq!(StrategyBook::new(vec![eth.clone(), eth]).unwrap().len(), 2);
    }
}
