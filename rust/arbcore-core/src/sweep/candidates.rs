//! Which evaluations can matter to which configurations.

use super::in_parallel;
use crate::error::Result;
use crate::feature::FeatureRow;
use crate::strategy::{Decision, DirectionFilter, StrategyBook, StrategyConfig};

/// Rows scored at one go: a block stays in the cache of its core.
const BLOCK: usize = 256;

/// An evaluation that reaches the lowest entry score of its group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Index into the scored rows.
    pub row: u32,
    pub decision: Decision,
}

/// The candidates of one block of rows, by group and in order within each.
#[derive(Debug)]
struct Block {
    candidates: Vec<Candidate>,
    /// Per group: where its candidates end.
    ends: Vec<u32>,
}

/// Candidates of each group, in order.
#[derive(Debug)]
pub(super) struct Candidates {
    blocks: Vec<Block>,
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
            let mut found: Vec<(u32, Candidate)> = Vec::new();
            let mut decisions = Vec::new();
            for (i, row) in rows[from..].iter().take(BLOCK).enumerate() {
                // Nothing is scored without these, whatever the strategy.
                if row.warmup || row.atr_5m.is_none() {
                    continue;
                }
                book.evaluate(row, &mut decisions);
                for (group, decision) in decisions.iter().enumerate() {
                    if decision.reason.is_none() {
                        found.push((group as u32, Candidate { row: (from + i) as u32, decision: *decision }));
                    }
                }
            }
            Block::by_group(&found, groups.len())
        });
        Ok(Self { blocks })
    }

    /// The candidates of one group.
    pub(super) fn of(&self, group: usize) -> impl Iterator<Item = &Candidate> {
        self.blocks.iter().flat_map(move |block| block.of(group))
    }
}

impl Block {
    /// Sorts by group; a counting sort keeps the order within each.
    fn by_group(found: &[(u32, Candidate)], groups: usize) -> Self {
        let mut ends = vec![0_u32; groups];
        for (group, _) in found {
            ends[*group as usize] += 1;
        }
        let mut start = 0;
        for end in &mut ends {
            let count = *end;
            *end = start;
            start += count;
        }
        // Each end stands at its group's start and moves behind what is placed.
        let Some((_, filler)) = found.first() else { return Self { candidates: Vec::new(), ends } };
        let mut candidates = vec![*filler; found.len()];
        for (group, candidate) in found {
            let end = &mut ends[*group as usize];
            candidates[*end as usize] = *candidate;
            *end += 1;
        }
        Self { candidates, ends }
    }

    fn of(&self, group: usize) -> &[Candidate] {
        let start = if group == 0 { 0 } else { self.ends[group - 1] };
        &self.candidates[start as usize..self.ends[group] as usize]
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
