//! Aggregated trade ids: kept as runs, because they are consecutive almost always; gaps by name.

use std::collections::{BTreeMap, VecDeque};

use crate::error::{CoreError, Result};

/// What to do with ids that are not the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IdPolicy {
    /// Any duplicate, lower or skipped id is an error; nothing of that batch is taken.
    Reject,
    /// Ids not above the last are dropped and counted; skipped ids are recorded as gaps.
    #[default]
    Drop,
    /// As `Drop`, but an id that falls into a recorded gap is taken late, and the gap shrinks.
    Accept,
}

impl IdPolicy {
    /// The policy of that name.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "reject" => Ok(Self::Reject),
            "drop" => Ok(Self::Drop),
            "accept" => Ok(Self::Accept),
            _ => Err(CoreError::input(format!("id policy = {name:?}: must be reject, drop or accept"))),
        }
    }
}

/// Counts of what was wrong with the stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamReport {
    /// Trades taken.
    pub taken: u64,
    /// Ids seen before, dropped.
    pub duplicates: u64,
    /// Ids below the last and not known to be missing, dropped.
    pub out_of_order: u64,
    /// Ids that came late into a gap and were taken.
    pub late: u64,
    /// Gaps recorded.
    pub gaps: u64,
    /// Ids that are still missing.
    pub missing: u64,
    /// Times below their predecessor's, raised to it.
    pub times_raised: u64,
}

/// Gap records kept by name; beyond it the oldest go (they stay counted).
const GAP_RECORDS: usize = 100_000;

/// The ids of a tape.
#[derive(Debug, Clone, Default)]
pub(super) struct Ids {
    /// (index of the first trade, its id): the id of trade `i` is `id + i - index` of the last run at or before `i`.
    runs: VecDeque<(u64, i64)>,
    /// Missing ids, first → last inclusive.
    gaps: BTreeMap<i64, i64>,
    first: Option<i64>,
    pub(super) last: Option<i64>,
}

/// What the policy says about one id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Take,
    Drop,
}

impl Ids {
    pub(super) fn id(&self, index: u64) -> Option<i64> {
        let run = self.runs.partition_point(|&(start, _)| start <= index).checked_sub(1)?;
        let (start, id) = self.runs[run];
        Some(id + (index - start) as i64)
    }

    pub(super) fn gaps(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.gaps.iter().map(|(&first, &last)| (first, last))
    }

    /// Takes `n` ids from `id` on that directly follow the last one.
    pub(super) fn extend(&mut self, index: u64, id: i64, n: usize) {
        if self.runs.is_empty() {
            self.runs.push_back((index, id));
            self.first = Some(id);
        }
        self.last = Some(id + n as i64 - 1);
    }

    /// Judges the id of the trade that would become number `index`.
    pub(super) fn judge(
        &mut self,
        index: u64,
        id: i64,
        policy: IdPolicy,
        report: &mut StreamReport,
    ) -> Result<Verdict> {
        let Some(last) = self.last else {
            self.extend(index, id, 1);
            return Ok(Verdict::Take);
        };
        if id == last + 1 {
            self.last = Some(id);
            return Ok(Verdict::Take);
        }
        if id > last {
            if policy == IdPolicy::Reject {
                return Err(CoreError::input(format!(
                    "agg_id {id} after {last}: {} ids are missing (policy reject; drop or accept record the gap)",
                    id - last - 1
                )));
            }
            self.gaps.insert(last + 1, id - 1);
            report.gaps += 1;
            report.missing += (id - last - 1) as u64;
            if self.gaps.len() > GAP_RECORDS {
                self.gaps.pop_first();
            }
            self.runs.push_back((index, id));
            self.last = Some(id);
            return Ok(Verdict::Take);
        }
        if policy == IdPolicy::Reject {
            return Err(CoreError::input(format!(
                "agg_id {id} after {last}: {} (policy reject; drop skips such rows)",
                if id == last { "a duplicate" } else { "out of order" }
            )));
        }
        if policy == IdPolicy::Accept && self.fill(id, report) {
            // A run of one, then the main chain goes on from the next index.
            self.runs.push_back((index, id));
            self.runs.push_back((index + 1, last + 1));
            report.late += 1;
            return Ok(Verdict::Take);
        }
        if self.is_missing(id) || self.first.is_some_and(|first| id < first) {
            report.out_of_order += 1;
        } else {
            report.duplicates += 1;
        }
        Ok(Verdict::Drop)
    }

    fn is_missing(&self, id: i64) -> bool {
        self.gaps.range(..=id).next_back().is_some_and(|(_, &last)| id <= last)
    }

    /// Removes `id` from the gap that holds it.
    fn fill(&mut self, id: i64, report: &mut StreamReport) -> bool {
        let Some((&first, &last)) = self.gaps.range(..=id).next_back() else { return false };
        if id > last {
            return false;
        }
        self.gaps.remove(&first);
        if first < id {
            self.gaps.insert(first, id - 1);
        }
        if id < last {
            self.gaps.insert(id + 1, last);
        }
        report.missing -= 1;
        true
    }

    /// Forgets runs that end before `index`.
    pub(super) fn drop_before(&mut self, index: u64) {
        while self.runs.len() > 1 && self.runs[1].0 <= index {
            self.runs.pop_front();
        }
    }
}
