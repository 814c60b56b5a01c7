//! One configuration's run: from candidate to candidate, and between them from event to event.

use super::SweepInput;
use super::candidates::Candidates;
use super::index::TradeIndex;
use super::pyramid::PricePyramid;
use super::timeline::{Event, Scheduled, Timeline};
use crate::position::{FillModel, RunResult, Runner};
use crate::strategy::{StrategyConfig, regime};

/// No further event.
const NEVER: usize = usize::MAX;

/// What every walk shares.
#[derive(Debug)]
pub(super) struct Walk<'a, 'b, T> {
    pub input: &'a SweepInput<'b, T>,
    pub timeline: &'a Timeline,
    pub pyramid: &'a PricePyramid,
}

/// A runner and the next trade that can change it.
struct Walker<'a, 'b, T> {
    walk: &'a Walk<'a, 'b, T>,
    runner: Runner,
    next: usize,
}

impl<T: TradeIndex> Walk<'_, '_, T> {
    pub(super) fn run(&self, config: &StrategyConfig, candidates: &Candidates, group: usize) -> RunResult {
        let input = self.input;
        let runner = Runner::new(config.clone(), input.rows[0].grid, input.simulation, input.filters);
        let mut walker = Walker { walk: self, runner, next: NEVER };
        let mut schedule = self.timeline.schedule.iter().peekable();
        for candidate in candidates.of(group) {
            if walker.runner.refuses(&candidate.decision) {
                continue;
            }
            let place = self.timeline.scored.start + candidate.row as usize;
            let (t_ms, after) = self.timeline.times[place];
            while let Some(scheduled) = schedule.next_if(|scheduled| scheduled.precedes_evaluation(t_ms)) {
                walker.meet(scheduled);
            }
            walker.advance(after);
            if walker.runner.ignores(t_ms, &candidate.decision) {
                continue;
            }
            let row = &input.rows[place];
            let engaged = usize::from(walker.runner.is_engaged());
            let outcome = walker.runner.on_evaluation(row, &candidate.decision, regime(config, row) as u8, engaged);
            if outcome.entry || outcome.flip {
                walker.next = match (input.simulation.fill, walker.runner.position()) {
                    (FillModel::Tape, None) => self.timeline.fills[place],
                    _ => walker.find(after),
                };
            }
        }
        for scheduled in schedule {
            walker.meet(scheduled);
        }
        let len = input.trades.len();
        walker.advance(len);
        walker.runner.finish(input.trades.time_ms(len - 1), input.trades.price(len - 1))
    }
}

impl<T: TradeIndex> Walker<'_, '_, T> {
    fn meet(&mut self, scheduled: &Scheduled) {
        self.advance(scheduled.index);
        match scheduled.event {
            Event::Funding { rate, mark_price } => self.runner.on_funding(scheduled.time_ms, rate, mark_price),
            Event::Mark { price } => self.runner.mark(scheduled.time_ms, price),
        }
    }

    /// Hands over the trades before `end` that matter.
    fn advance(&mut self, end: usize) {
        let trades = self.walk.input.trades;
        while self.next < end {
            let at = self.next;
            self.runner.on_trade(trades.time_ms(at), trades.price(at));
            self.next = self.find(at + 1);
        }
    }

    /// The next trade from `from` on that can change the runner.
    fn find(&self, from: usize) -> usize {
        let trades = self.walk.input.trades;
        let Some(triggers) = self.runner.next_event() else { return NEVER };
        let outside = self.walk.pyramid.next_outside(trades, from, triggers.low, triggers.high);
        // Only a price event after the deadline (or none) makes the deadline's own place matter.
        if let Some(at) = outside
            && trades.time_ms(at) < triggers.deadline_ms
        {
            return at;
        }
        let late = self.walk.timeline.first_after(trades, triggers.deadline_ms.saturating_sub(1)).max(from);
        if late < trades.len() { late } else { NEVER }
    }
}
