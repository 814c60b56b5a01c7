//! Many strategies of one symbol against one row: what they share is computed once.
//!
//! Strategies are sorted by what they read. Those with one table and one window pair form a *group*,
//! which finds direction and points once; within it, those with equal gates form a *run*, which passes
//! the gates once. What remains for each strategy is its weights, its limits and writing the decision.

use super::config::{Model, StrategyConfig};
use super::decision::{Decision, Tier};
use super::flow::Flow;
use super::gates::{Gates, Refusals, Sight};
use super::points::{Points, Table, Weights, factory_total};
use super::score::{Limits, blank};
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
        out.resize(self.len(), PLACEHOLDER);
        let out = out.as_mut_slice();
        let mut start = 0;
        for group in &self.groups {
            let model = if group.table == Table::Bonus { Model::Bonus } else { Model::Factory };
            let flow = Flow::new(model, group.fast, group.slow, row);
            let points = Points::new(group.table, row, &flow);
            let sight = Sight::new(group.table, row, &flow);
            let blank = blank(group.table, &flow, &points);
            let tally = Tally::new(group.table, &points);
            for run in &group.runs {
                let gates = run.gates.refusals(&sight);
                tally.decide(&self.members[start..run.end], gates, blank, out);
                start = run.end;
            }
        }
    }
}

/// What stands in places of `out` until their decision is written.
const PLACEHOLDER: Decision =
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

    #[inline]
    fn decide(self, members: &[Member], gates: Refusals, blank: Decision, out: &mut [Decision]) {
        if let ([first, _, ..], true) = (members, gates != 0) {
            // Refused together. A lone member is not worth a branch that nobody can predict.
            let decision = Decision { tier: blank.tier, ..first.limits.decide(gates, 0, blank) };
            for member in members {
                out[member.place as usize] = decision;
            }
            return;
        }
        for member in members {
            let decision = match self {
                Self::Weighted(terms) => member.limits.decide(gates, factory_total(terms, member.weights), blank),
                Self::Fixed(total) => member.limits.decide(gates, total, blank),
                Self::Tiered(total) => Decision { tier: blank.tier, ..member.limits.decide(gates, total, blank) },
            };
            out[member.place as usize] = decision;
        }
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
