//! What happens at fixed times, whatever the configuration, and where in the trades it happens.

use std::ops::Range;

use super::index::{TradeIndex, first_after_within, gallop_after};
use super::{SweepInput, activity};
use crate::feature::FeatureRow;
use crate::position::FillModel;
use crate::stats::Activity;
use crate::types::HOUR_MS;

/// Something every run does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    Funding { rate: f64, mark_price: f64 },
    Mark { price: i64 },
}

/// An [`Event`] at its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scheduled {
    pub time_ms: i64,
    /// Trades before this index come before it.
    pub index: usize,
    pub event: Event,
}

impl Scheduled {
    /// Funding at `t` precedes an evaluation at `t`; a mark follows it.
    pub(super) fn precedes_evaluation(&self, t_ms: i64) -> bool {
        match self.event {
            Event::Funding { .. } => self.time_ms <= t_ms,
            Event::Mark { .. } => self.time_ms < t_ms,
        }
    }
}

/// Times of the run as indices into its trades.
#[derive(Debug)]
pub(super) struct Timeline {
    /// The rows at which signals are allowed.
    pub scored: Range<usize>,
    /// Per row: its time and the index of the first trade after it.
    pub times: Vec<(i64, usize)>,
    /// Per row: index of the first trade later than the row and the latency; empty where orders fill at once.
    pub fills: Vec<usize>,
    /// Funding and hourly marks in order.
    pub schedule: Vec<Scheduled>,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
}

/// Rows with `from <= t < to`.
pub(super) fn scored(rows: &[FeatureRow], from_ms: Option<i64>, to_ms: Option<i64>) -> Range<usize> {
    let start = from_ms.map_or(0, |from| rows.partition_point(|row| row.t_ms < from));
    let end = to_ms.map_or(rows.len(), |to| rows.partition_point(|row| row.t_ms < to));
    start..end.max(start)
}

impl Timeline {
    pub(super) fn new<T: TradeIndex>(input: &SweepInput<T>) -> Self {
        let (rows, trades) = (input.rows, input.trades);
        let mut after = 0;
        let next_after = |row: &FeatureRow| {
            after = gallop_after(trades, after, row.t_ms);
            (row.t_ms, after)
        };
        let times = rows.iter().map(next_after).collect();
        let mut timeline = Self {
            scored: scored(rows, input.from_ms, input.to_ms),
            times,
            fills: Vec::new(),
            schedule: Vec::new(),
            from_ms: input.from_ms,
            to_ms: input.to_ms,
        };
        if input.simulation.fill == FillModel::Tape {
            let latency_ms = input.simulation.latency_ms;
            timeline.fills = rows.iter().map(|row| timeline.first_after(trades, row.t_ms + latency_ms)).collect();
        }
        timeline.schedule = timeline.schedule_of(input);
        timeline
    }

    /// As [`TradeIndex::first_after`], narrowed by the rows around the time.
    pub(super) fn first_after<T: TradeIndex>(&self, trades: &T, time_ms: i64) -> usize {
        let next = self.rows_until(time_ms);
        let from = if next == 0 { 0 } else { self.times[next - 1].1 };
        let to = self.times.get(next).map_or(trades.len(), |&(_, index)| index);
        first_after_within(trades, from, to, time_ms)
    }

    /// Number of rows with `t <= time_ms`.
    fn rows_until(&self, time_ms: i64) -> usize {
        // Rows stand on a grid: the guess is right unless some were left out.
        let [(first, _), .., (last, _)] = self.times[..] else {
            return self.times.partition_point(|&(t_ms, _)| t_ms <= time_ms);
        };
        let step = (last - first) / (self.times.len() as i64 - 1);
        let guess = ((time_ms.saturating_sub(first)) / step + 1).clamp(1, self.times.len() as i64 - 1) as usize;
        if self.times[guess - 1].0 <= time_ms && time_ms < self.times[guess].0 {
            return guess;
        }
        self.times.partition_point(|&(t_ms, _)| t_ms <= time_ms)
    }

    pub(super) fn activity(&self, rows: &[FeatureRow]) -> Option<Activity> {
        activity(rows, self.from_ms, self.to_ms)
    }

    fn schedule_of<T: TradeIndex>(&self, input: &SweepInput<T>) -> Vec<Scheduled> {
        let (rows, trades) = (input.rows, input.trades);
        let mut schedule = Vec::new();
        for event in input.funding {
            let index = self.first_after(trades, event.time_ms.saturating_sub(1));
            let before = index.checked_sub(1).map(|last| rows[0].grid.price(trades.price(last)));
            // Charged when the first trade at or after it comes; nobody holds anything before the first trade.
            if let Some(mark_price) = event.mark_price.or(before).filter(|_| index > 0 && index < trades.len()) {
                let event_of = Event::Funding { rate: event.rate, mark_price };
                schedule.push(Scheduled { time_ms: event.time_ms, index, event: event_of });
            }
        }
        let last_ms = trades.time_ms(trades.len() - 1);
        let mut hour_ms = rows[0].t_ms.div_euclid(HOUR_MS) * HOUR_MS;
        if hour_ms < rows[0].t_ms {
            hour_ms += HOUR_MS;
        }
        while hour_ms <= last_ms {
            let index = self.first_after(trades, hour_ms);
            if index > 0 {
                let event = Event::Mark { price: trades.price(index - 1) };
                schedule.push(Scheduled { time_ms: hour_ms, index, event });
            }
            hour_ms += HOUR_MS;
        }
        // Stable: funding comes before the mark of the same time.
        schedule.sort_by_key(|scheduled| scheduled.time_ms);
        schedule
    }
}
