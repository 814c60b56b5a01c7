//! Which evaluations can matter to which configurations.

use super::in_parallel;
use crate::error::Result;
use crate::feature::FeatureRow;
use crate::strategy::{Decision, DirectionFilter, StrategyBook, StrategyConfig, regime};

/// Rows scored at one go: a block stays in the cache of its core.
const BLOCK: usize = 256;

/// An evaluation that reaches the lowest entry score of its group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Index into the scored rows.
    pub row: u32,
    pub decision: Decision,
    pub regime: u8,
}

/// Candidates of each group, in order.
#[derive(Debug)]
pub(super) struct Candidates {
    blocks: Vec<Vec<Vec<Candidate>>>,
}

impl Candidates {
    /// Scores `rows` once per group; a group is a list of indices into `configs` that differ in nothing that scores.
    pub(super) fn find(
        rows: &[FeatureRow],
        configs: &[StrategyConfig],
        groups: &[Vec<usize>],
        threads: usize,
    ) -> Result<Self> {
        let book = StrategyBook::new(groups.iter().map(|group| most_open(configs, group)).collect())?;
        let blocks = in_parallel(threads, rows.len().div_ceil(BLOCK), |block| {
            let from = block * BLOCK;
            let mut found = vec![Vec::new(); groups.len()];
            let mut decisions = Vec::new();
            for (i, row) in rows[from..].iter().take(BLOCK).enumerate() {
                // Nothing is scored without these, whatever the strategy.
                if row.warmup || row.atr_5m.is_none() {
                    continue;
                }
                book.evaluate(row, &mut decisions);
                for (group, decision) in decisions.iter().enumerate() {
                    if decision.reason.is_none() {
                        let regime = regime(&book.configs()[group], row) as u8;
                        found[group].push(Candidate { row: (from + i) as u32, decision: *decision, regime });
                    }
                }
            }
            found
        });
        Ok(Self { blocks })
    }

    /// The candidates of one group.
    pub(super) fn of(&self, group: usize) -> impl Iterator<Item = &Candidate> {
        self.blocks.iter().flat_map(move |block| &block[group])
    }
}

/// A configuration that signals wherever a member of the group does.
fn most_open(configs: &[StrategyConfig], group: &[usize]) -> StrategyConfig {
    let mut open = configs[group[0]].clone();
    open.direction = DirectionFilter::Both;
    for member in group.iter().map(|&of| &configs[of]) {
        open.entry_score = open.entry_score.min(member.entry_score);
        open.flip_threshold = open.flip_threshold.max(member.flip_threshold);
    }
    open
}
