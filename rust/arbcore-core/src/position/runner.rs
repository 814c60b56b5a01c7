//! One strategy's state between evaluations: cooldown, pending order, position, trades, equity.

use super::machine::{Plan, Position};
use super::record::TradeRecord;
use super::rules::{self, History};
use super::simulation::{FillModel, Filters, Simulation};
use super::ticks::Triggers;
use crate::feature::FeatureRow;
use crate::grid::Grid;
use crate::stats::EquityCurve;
use crate::strategy::score::Limits;
use crate::strategy::{Decision, Model, Reason, StrategyConfig, Tier};
use crate::types::MINUTE_MS;

/// What an evaluation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// It was a signal (and restarted the cooldown).
    pub signal: bool,
    /// Why there was no signal, or no entry; `None` when an entry was ordered.
    pub reason: Option<Reason>,
    /// It closes the open position.
    pub flip: bool,
    /// It ordered an entry (filled at once by `level`).
    pub entry: bool,
}

/// An order waiting for its fill.
#[derive(Debug, Clone, Copy)]
struct Pending {
    /// Fills by the first trade later than this.
    after_ms: i64,
    flip: bool,
    entry: Option<Plan>,
}

/// Everything a finished run leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct RunResult {
    /// Closed positions in order of exit, which is the order of entry.
    pub trades: Vec<TradeRecord>,
    /// The position still open at the end.
    pub open: Option<TradeRecord>,
    /// Marked at hours, exits and the end.
    pub equity: EquityCurve,
    /// Evaluations that were signals.
    pub signals: u64,
}

/// One strategy on one symbol, fed by evaluations and by the trades that matter to it.
///
/// Order at one instant: funding, then trades with time `<= t`, then the evaluation at `t`, then the mark.
#[derive(Debug, Clone)]
pub struct Runner {
    config: StrategyConfig,
    limits: Limits,
    grid: Grid,
    simulation: Simulation,
    filters: Filters,
    position: Option<Position>,
    pending: Option<Pending>,
    last_signal_ms: Option<i64>,
    history: History,
    trades: Vec<TradeRecord>,
    entries: u64,
    signals: u64,
    equity: EquityCurve,
}

impl Runner {
    /// A strategy that has seen nothing. `simulation` and `filters` are validated by their owner.
    pub fn new(config: StrategyConfig, grid: Grid, simulation: Simulation, filters: Filters) -> Self {
        let equity = EquityCurve::new(config.initial_balance);
        Self {
            limits: Limits::of(&config),
            config,
            grid,
            simulation,
            filters,
            position: None,
            pending: None,
            last_signal_ms: None,
            history: History::default(),
            trades: Vec::new(),
            entries: 0,
            signals: 0,
            equity,
        }
    }

    /// The strategy's parameters.
    pub fn config(&self) -> &StrategyConfig {
        &self.config
    }

    /// The open position.
    pub fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// Closed positions so far.
    pub fn trades(&self) -> &[TradeRecord] {
        &self.trades
    }

    /// The open position as a record without exit.
    pub fn open_trade(&self) -> Option<TradeRecord> {
        self.position.as_ref().map(|position| position.record(self.entries))
    }

    /// Evaluations that were signals, so far.
    pub fn signals(&self) -> u64 {
        self.signals
    }

    /// The marks so far.
    pub fn equity(&self) -> &EquityCurve {
        &self.equity
    }

    /// True while a position is open or an entry pending: what `max_positions` counts.
    pub fn is_engaged(&self) -> bool {
        self.position.is_some() || self.pending.is_some_and(|pending| pending.entry.is_some())
    }

    /// The trades that can change anything; `None` while nothing is open or pending.
    #[inline]
    pub fn next_event(&self) -> Option<Triggers> {
        let fill = self.pending.as_ref().map(|pending| pending.after_ms.saturating_add(1));
        match (&self.position, fill) {
            (None, None) => None,
            (None, Some(fill_ms)) => Some(Triggers::at_time(fill_ms)),
            (Some(position), None) => Some(position.triggers()),
            (Some(position), Some(fill_ms)) => {
                let mut triggers = position.triggers();
                triggers.deadline_ms = triggers.deadline_ms.min(fill_ms);
                Some(triggers)
            }
        }
    }

    /// A trade, in order. May be skipped where [`Runner::next_event`] is not hit.
    pub fn on_trade(&mut self, time_ms: i64, price: i64) {
        if let Some(pending) = self.pending.take_if(|pending| time_ms > pending.after_ms) {
            // This trade closes what it flips and checks no exit of what it opens.
            return self.fill(pending, time_ms, price);
        }
        let Some(position) = &mut self.position else { return };
        let events = position.on_trade(time_ms, price);
        if events.tp1 {
            self.history.on_tp1();
        }
        if events.closed.is_some() {
            self.book_exit(time_ms);
        }
    }

    /// Funding at `time_ms`, before the first trade at or after it and before an evaluation at it.
    pub fn on_funding(&mut self, time_ms: i64, rate: f64, mark_price: f64) {
        if let Some(position) = &mut self.position {
            position.on_funding(time_ms, rate, mark_price);
        }
    }

    /// An evaluation inside the tested span. `open_positions` counts the engaged strategies, this one included.
    ///
    /// Side, gates and total are taken from `decision`; this strategy's own limits on the total are applied here,
    /// so that sweeps may share one decision between configurations that differ only in them.
    pub fn on_evaluation(
        &mut self,
        row: &FeatureRow,
        decision: &Decision,
        regime: u8,
        open_positions: usize,
    ) -> Outcome {
        self.on_evaluation_with(row, decision, || regime, open_positions)
    }

    /// [`Runner::on_evaluation`] with a regime that is only asked for when there is an entry to record it.
    pub fn on_evaluation_with(
        &mut self,
        row: &FeatureRow,
        decision: &Decision,
        regime: impl FnOnce() -> u8,
        open_positions: usize,
    ) -> Outcome {
        let decision = self.limited(decision);
        if decision.reason.is_some() {
            return Outcome { reason: decision.reason, ..Outcome::default() };
        }
        let flip = self.flips(&decision);
        let mut outcome = Outcome { flip, ..Outcome::default() };
        let mut entry = None;
        if self.is_cooling(row.t_ms) {
            outcome.reason = Some(Reason::Cooldown);
        } else {
            outcome.signal = true;
            self.signals += 1;
            self.last_signal_ms = Some(row.t_ms);
            let others = open_positions.saturating_sub(usize::from(self.is_engaged()));
            match self.plan(row, &decision, regime, others, flip) {
                Ok(plan) => entry = Some(plan),
                Err(reason) => outcome.reason = Some(reason),
            }
        }
        if let Some(plan) = &entry {
            outcome.entry = true;
            self.history.on_entry(&self.config, plan.side, row.t_ms);
        }
        if flip || entry.is_some() {
            let order = Pending { after_ms: row.t_ms.saturating_add(self.simulation.latency_ms), flip, entry };
            match self.simulation.fill {
                FillModel::Tape => self.pending = Some(order),
                FillModel::Level => self.fill(order, row.t_ms, row.price),
            }
        }
        outcome
    }

    /// True when an evaluation at `t_ms` with this decision would change nothing.
    #[inline]
    pub fn ignores(&self, t_ms: i64, decision: &Decision) -> bool {
        self.refuses(decision) || (self.is_cooling(t_ms) && !self.flips(decision))
    }

    /// True when the limits of this strategy keep the decision from being a signal or a flip, whenever it comes.
    #[inline]
    pub fn refuses(&self, decision: &Decision) -> bool {
        match decision.reason {
            None | Some(Reason::BelowEntry | Reason::Direction) => self.limits.refuses(decision.total, decision.side),
            Some(_) => true,
        }
    }

    /// Fewer minutes than asked for since the last signal.
    fn is_cooling(&self, t_ms: i64) -> bool {
        self.last_signal_ms.is_some_and(|last_ms| t_ms - last_ms < self.history.cooldown_ms(&self.config, t_ms))
    }

    /// The decision, within the limits, closes the open position.
    fn flips(&self, decision: &Decision) -> bool {
        self.pending.is_none()
            && decision.total >= self.config.flip_threshold
            && self.position.as_ref().is_some_and(|position| position.side() != decision.side)
    }

    /// A decision with the reason and tier that this strategy's own limits give its total.
    fn limited(&self, decision: &Decision) -> Decision {
        if !matches!(decision.reason, None | Some(Reason::BelowEntry | Reason::Direction)) {
            return *decision;
        }
        let mut own = self.limits.decide(0, decision.total, *decision);
        if self.config.model == Model::Bonus {
            // There the bonus points decide the tier.
            own.tier = decision.tier;
        }
        own
    }

    /// Records the equity at `time_ms` with what is open worth `price` ticks.
    pub fn mark(&mut self, time_ms: i64, price: i64) {
        let (usdt, r) = self.floating(price);
        self.equity.mark(time_ms, usdt, r);
    }

    /// Marks the end and hands everything over.
    pub fn finish(mut self, time_ms: i64, price: i64) -> RunResult {
        let (usdt, r) = self.floating(price);
        self.equity.mark_end(time_ms, usdt, r);
        RunResult { open: self.open_trade(), trades: self.trades, equity: self.equity, signals: self.signals }
    }

    fn floating(&self, price: i64) -> (f64, f64) {
        self.position.as_ref().map_or((0.0, 0.0), |position| {
            let r = position.floating_r(self.grid.price(price));
            (position.usdt(r), r)
        })
    }

    fn fill(&mut self, order: Pending, time_ms: i64, price: i64) {
        if order.flip
            && let Some(position) = &mut self.position
        {
            position.flip(time_ms, price);
            self.book_exit(time_ms);
        }
        if let Some(plan) = order.entry {
            self.entries += 1;
            self.history.on_fill();
            self.position = Some(Position::open(plan, self.grid, self.simulation, time_ms, price));
        }
    }

    fn book_exit(&mut self, time_ms: i64) {
        let Some(position) = self.position.take() else { return };
        let record = position.record(self.entries);
        self.history.on_exit(record.side, record.status, time_ms);
        self.equity.realise(record.pnl_usdt.unwrap_or(0.0), record.pnl_r.unwrap_or(0.0));
        self.equity.mark(time_ms, 0.0, 0.0);
        self.trades.push(record);
        // A flip that was only to close has nothing left to do.
        self.pending.take_if(|pending| pending.entry.is_none());
    }

    /// The order of a signal, or why there is none; steps 5 to 8 of the signal order.
    fn plan(
        &mut self,
        row: &FeatureRow,
        decision: &Decision,
        regime: impl FnOnce() -> u8,
        others: usize,
        flip: bool,
    ) -> Result<Plan, Reason> {
        if !flip && (self.position.is_some() || self.pending.is_some()) {
            return Err(Reason::PositionOpen);
        }
        if others >= self.simulation.max_positions {
            return Err(Reason::MaxPositions);
        }
        if let Some(rule) = self.history.refusal(&self.config, row, decision) {
            return Err(Reason::Risk(rule));
        }
        let config = &self.config;
        // Without an ATR (or without movement) there is no risk unit, hence no quantity.
        let atr = rules::risk_atr(config, row).ok_or(Reason::MinNotional)?;
        let risk_distance = config.sl_atr_multiplier * atr;
        if !(risk_distance > 0.0 && risk_distance.is_finite()) {
            return Err(Reason::MinNotional);
        }
        let price = self.grid.price(row.price);
        let factor = rules::size_factor(config, row, decision.side);
        let ideal_qty = if config.model == Model::Bonus {
            notional_share(decision.tier) * config.initial_balance * factor / price
        } else {
            config.risk_per_trade * config.initial_balance * risk_multiplier(decision.tier) * factor / risk_distance
        };
        let lots = 2.0 * (ideal_qty / (2.0 * self.filters.lot_step)).floor();
        let qty = lots * self.filters.lot_step;
        if !(qty > 0.0 && qty.is_finite()) || qty * price < self.filters.min_notional {
            return Err(Reason::MinNotional);
        }
        Ok(Plan {
            side: decision.side,
            score: decision.total,
            tier: decision.tier,
            regime: regime(),
            signal_ms: row.t_ms,
            qty,
            risk_distance,
            tp1_ratio: config.tp1_ratio,
            tp2_ratio: config.tp2_ratio,
            be_distance: config.be_buffer_atr * atr,
            timeout_ms: i64::from(config.timeout_minutes) * MINUTE_MS,
            trailing: config.trailing,
        })
    }
}

/// Multiplier of the risk unit.
fn risk_multiplier(tier: Tier) -> f64 {
    match tier {
        Tier::Light => 0.5,
        Tier::Standard => 1.0,
        Tier::Heavy => 1.5,
    }
}

/// `v50`: notional as a share of the balance base.
fn notional_share(tier: Tier) -> f64 {
    match tier {
        Tier::Light => 0.02,
        Tier::Standard => 0.05,
        Tier::Heavy => 0.08,
    }
}
