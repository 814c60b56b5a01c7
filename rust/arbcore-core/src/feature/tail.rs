//! The largest trades of the last 24 hours: exact percentiles of size, and the large trades of 15 minutes.

use std::collections::VecDeque;

use super::engine::Snapshot;
use super::percentile::TailCounts;
use crate::tape::Tape;

/// Share of the window that a new floor aims to keep: twice what the 95th percentile needs.
const KEEP_PERCENT: u64 = 9;
/// Above this share the floor is raised.
const THIN_OUT_PERCENT: u64 = 16;
/// Below so many values the tail may hold everything.
const THIN_OUT_MIN: u64 = 4_096;
/// Values that a new floor is estimated from.
const SAMPLE: u64 = 8_192;

/// Large trades of a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Large {
    pub buys: u32,
    pub sells: u32,
    pub buy_max: i64,
    pub sell_max: i64,
}

/// Trades with a quantity at or above a floor, in order; lots signed by the taker's side.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    values: VecDeque<i64>,
    /// Position of the oldest value held.
    start: u64,
    counts: TailCounts,
    /// Do not try to thin out below this length again.
    thin_out_from: u64,
    /// Candidates for large trades: (position, signed lots) of at least `recent_floor`.
    recent: VecDeque<(u64, i64)>,
    recent_floor: i64,
    recent_end: u64,
}

impl Tail {
    pub(super) fn new() -> Self {
        Self {
            values: VecDeque::new(),
            start: 0,
            counts: TailCounts::new(1),
            thin_out_from: THIN_OUT_MIN,
            recent: VecDeque::new(),
            recent_floor: i64::MAX,
            recent_end: 0,
        }
    }

    /// Quantities from here on are kept.
    #[inline]
    pub(super) fn floor(&self) -> i64 {
        self.counts.floor()
    }

    /// Position after the newest value.
    #[inline]
    pub(super) fn end(&self) -> u64 {
        self.start + self.values.len() as u64
    }

    #[inline]
    pub(super) fn push(&mut self, signed: i64) {
        self.values.push_back(signed);
        self.counts.insert(signed.abs());
    }

    /// Lets go of the values before `position`.
    #[inline]
    pub(super) fn expire(&mut self, position: u64) {
        while self.start < position {
            let Some(value) = self.values.pop_front() else { break };
            self.counts.remove(value.abs());
            self.start += 1;
        }
    }

    /// The order statistics `floor(n*95/100)` and `floor(n*99/100)` of a window of `n` trades;
    /// `None` when the floor lies above one of them.
    #[inline]
    pub(super) fn percentiles(&mut self, n: u64) -> Option<(i64, i64)> {
        // Index i of the ascending order is rank n - i from the top.
        let p95 = self.counts.nth_largest(0, n - n * 95 / 100)?;
        let p99 = self.counts.nth_largest(1, n - n * 99 / 100)?;
        Some((p95, p99))
    }

    /// The trades from position `from` on with at least `least` lots; `least` must not lie below the floor.
    pub(super) fn large(&mut self, from: u64, least: i64) -> Large {
        let too_many = self.recent.len() > 4_096 && self.recent_floor < least - least / 4;
        if least < self.recent_floor || too_many {
            self.recent_floor = (least - least / 8).max(1);
            self.recent.clear();
            self.recent_end = from.max(self.start);
        }
        let begin = self.recent_end.max(self.start);
        let floor = self.recent_floor;
        let fresh = self.values.range((begin - self.start) as usize..).zip(begin..);
        self.recent.extend(fresh.filter(|&(value, _)| value.abs() >= floor).map(|(&value, at)| (at, value)));
        self.recent_end = self.end();
        while self.recent.front().is_some_and(|&(at, _)| at < from) {
            self.recent.pop_front();
        }
        let mut large = Large::default();
        for &(_, value) in &self.recent {
            if value >= least {
                large.buys += 1;
                large.buy_max = large.buy_max.max(value);
            } else if value <= -least {
                large.sells += 1;
                large.sell_max = large.sell_max.max(-value);
            }
        }
        large
    }

    /// Raises the floor when far more is counted than the percentiles of `n` trades need.
    #[inline]
    pub(super) fn thin_out(&mut self, n: u64) {
        let len = self.counts.len();
        if len > self.thin_out_from && len * 100 > n * THIN_OUT_PERCENT {
            self.raise_floor(n);
        }
    }

    #[cold]
    fn raise_floor(&mut self, n: u64) {
        let floor = self.counts.scan_nth_largest((n * KEEP_PERCENT / 100).max(1)).unwrap_or(self.floor());
        if floor > self.floor() {
            let mut counts = TailCounts::new(floor);
            // Smaller values stay in the list until they expire; counting passes over them.
            self.values.iter().map(|v| v.abs()).filter(|&v| v >= floor).for_each(|v| counts.insert(v));
            self.counts = counts;
        }
        // Where many values are equal the share cannot fall: look again only when it has grown by half.
        self.thin_out_from = (self.counts.len() + self.counts.len() / 2).max(THIN_OUT_MIN);
    }

    /// Collects the trades `from..to` of `tape` anew, with a floor of at most `floor_max`, and renumbers `edges`.
    pub(super) fn rebuild<'a>(
        &mut self,
        tape: &Tape,
        from: u64,
        to: u64,
        floor_max: i64,
        edges: impl Iterator<Item = &'a mut Snapshot>,
    ) {
        let floor = choose_floor(tape, from, to).min(floor_max).max(1);
        self.values.clear();
        self.start = 0;
        self.recent.clear();
        self.recent_floor = i64::MAX;
        self.counts = TailCounts::new(floor);
        self.thin_out_from = THIN_OUT_MIN;
        let mut at = from;
        for edge in edges {
            self.collect(tape, at, edge.count, floor);
            edge.tail = self.end();
            self.collect(tape, edge.count.max(at), edge.count_through, floor);
            edge.tail_through = self.end();
            at = edge.count_through.max(at);
        }
        self.collect(tape, at, to, floor);
    }

    fn collect(&mut self, tape: &Tape, from: u64, to: u64, floor: i64) {
        for segment in tape.segments(from, to) {
            for i in 0..segment.len() {
                let signed = segment.signed_qty(i);
                if signed.abs() >= floor {
                    self.push(signed);
                }
            }
        }
    }
}

/// A floor that keeps about [`KEEP_PERCENT`] of the trades `from..to`, and surely what a 95th percentile needs.
fn choose_floor(tape: &Tape, from: u64, to: u64) -> i64 {
    let n = to - from;
    let stride = (n / SAMPLE).max(1);
    let trades = (from..to).step_by(stride as usize).filter_map(|index| tape.trade(index));
    let mut sample: Vec<i64> = trades.map(|trade| trade.qty).collect();
    sample.sort_unstable();
    let needed = n - n * 95 / 100;
    for keep in [KEEP_PERCENT as usize, 20, 50] {
        let Some(&floor) = sample.get(sample.len() * (100 - keep) / 100) else { break };
        let kept: u64 = tape.segments(from, to).map(|segment| segment.count_at_least(floor)).sum();
        if kept >= needed {
            return floor;
        }
    }
    1
}
