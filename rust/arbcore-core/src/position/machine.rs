//! One position: active → tp1_hit → final.

use super::record::{Status, TradeRecord};
use super::simulation::{FillModel, Simulation};
use super::ticks::{self, Triggers};
use crate::grid::Grid;
use crate::strategy::Tier;
use crate::types::Side;

/// What a signal asks for, before it is filled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Direction.
    pub side: Side,
    /// Total of the signal, tenths.
    pub score: i32,
    /// Size class.
    pub tier: Tier,
    /// The regime at the signal, as the discriminant of [`crate::strategy::Regime`].
    pub regime: u8,
    /// Time of the evaluation that gave the signal.
    pub signal_ms: i64,
    /// Base currency, an even number of lots.
    pub qty: f64,
    /// 1R as a price distance, > 0.
    pub risk_distance: f64,
    /// First take-profit in R.
    pub tp1_ratio: f64,
    /// Second take-profit in R, or where trailing starts.
    pub tp2_ratio: f64,
    /// Distance of the break-even stop from the entry on the profit side, as a price.
    pub be_distance: f64,
    /// Longest holding time.
    pub timeout_ms: i64,
    /// Trail by 1R from `tp2_ratio` on instead of taking profit.
    pub trailing: bool,
}

/// What a trade did to a position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Events {
    /// Half was taken.
    pub tp1: bool,
    /// The position closed.
    pub closed: Option<Status>,
}

/// A filled position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    plan: Plan,
    grid: Grid,
    simulation: Simulation,
    status: Status,
    entry_ms: i64,
    entry_price: f64,
    sl_price: f64,
    tp1_price: f64,
    tp2_price: f64,
    deadline_ms: i64,
    /// The stop in force.
    stop: f64,
    /// Best price in ticks since trailing began.
    best: Option<i64>,
    triggers: Triggers,
    tp1_ms: Option<i64>,
    exit: Option<(i64, f64)>,
    fee_usdt: f64,
    funding_usdt: f64,
}

impl Position {
    /// Fills `plan` at `price` ticks (slippage is added here).
    pub fn open(plan: Plan, grid: Grid, simulation: Simulation, time_ms: i64, price: i64) -> Self {
        let entry_price = simulation.slipped(grid.price(price), plan.side == Side::Long);
        let level = |ratio: f64| entry_price + plan.side.sign() * (ratio * plan.risk_distance);
        let sl_price = level(-1.0);
        let mut position = Self {
            plan,
            grid,
            simulation,
            status: Status::Active,
            entry_ms: time_ms,
            entry_price,
            sl_price,
            tp1_price: level(plan.tp1_ratio),
            tp2_price: level(plan.tp2_ratio),
            deadline_ms: time_ms.saturating_add(plan.timeout_ms),
            stop: sl_price,
            best: None,
            triggers: Triggers::at_time(i64::MIN),
            tp1_ms: None,
            exit: None,
            fee_usdt: entry_price * plan.qty * simulation.fee_rate,
            funding_usdt: 0.0,
        };
        position.triggers = position.find_triggers();
        position
    }

    /// Direction.
    pub fn side(&self) -> Side {
        self.plan.side
    }

    /// State.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Time of the fill.
    pub fn entry_ms(&self) -> i64 {
        self.entry_ms
    }

    /// The stop in force.
    pub fn stop_price(&self) -> f64 {
        self.stop
    }

    /// When half was taken.
    pub fn tp1_ms(&self) -> Option<i64> {
        self.tp1_ms
    }

    /// Trades outside these change nothing: [`Position::on_trade`] may be skipped for them.
    #[inline]
    pub fn triggers(&self) -> Triggers {
        self.triggers
    }

    /// A trade after the one that filled the entry: stop, TP1, TP2 (or trailing), timeout, in this order.
    pub fn on_trade(&mut self, time_ms: i64, price: i64) -> Events {
        let mut events = Events::default();
        let mut moved = false;
        if !self.status.is_open() {
            return events;
        }
        let printed = self.grid.price(price);
        if self.at_or_against(printed, self.stop) {
            let at = if self.simulation.fill == FillModel::Tape { printed } else { self.stop };
            let status = if self.status == Status::Tp1Hit { Status::SlBe } else { Status::Sl };
            events.closed = Some(status);
            self.close_as_taker(status, time_ms, at);
            return events;
        }
        if self.status == Status::Active && self.takes_profit(printed, self.tp1_price) {
            events.tp1 = true;
            self.take_half(time_ms);
        }
        if self.status == Status::Tp1Hit {
            if self.plan.trailing {
                moved = self.trail(price, printed);
            } else if self.takes_profit(printed, self.tp2_price) {
                events.closed = Some(Status::Tp);
                self.close(Status::Tp, time_ms, self.tp2_price, self.simulation.take_profit_fee_rate());
                return events;
            }
        }
        if time_ms >= self.deadline_ms {
            events.closed = Some(Status::Timeout);
            self.close_as_taker(Status::Timeout, time_ms, printed);
            return events;
        }
        if events.tp1 || moved {
            self.triggers = self.find_triggers();
        }
        events
    }

    /// Closes by a signal of the other side at `price` ticks (slippage is added here).
    pub fn flip(&mut self, time_ms: i64, price: i64) {
        self.close_as_taker(Status::SignalFlip, time_ms, self.grid.price(price));
    }

    /// Funding at `time_ms`, charged before the first trade at or after it; a long pays a positive rate.
    pub fn on_funding(&mut self, time_ms: i64, rate: f64, mark_price: f64) {
        if self.status.is_open() && self.entry_ms < time_ms {
            self.funding_usdt += self.plan.side.sign() * rate * (self.open_qty() * mark_price);
        }
    }

    /// Net result in R if what is open were worth `price`: with the half taken, fees and funding so far.
    pub fn floating_r(&self, price: f64) -> f64 {
        self.gross_r(price) - self.fee_r() - self.funding_r()
    }

    /// A result in R as quote currency.
    pub fn usdt(&self, r: f64) -> f64 {
        r * self.plan.qty * self.plan.risk_distance
    }

    /// The row of `trades.parquet`.
    pub fn record(&self, trade_id: u64) -> TradeRecord {
        let gross_r = self.exit.map(|(_, price)| self.gross_r(price));
        let pnl_r = self.exit.map(|(_, price)| self.floating_r(price));
        let plan = &self.plan;
        TradeRecord {
            trade_id,
            side: plan.side,
            score: plan.score,
            tier: plan.tier,
            regime: plan.regime,
            signal_ms: plan.signal_ms,
            entry_ms: self.entry_ms,
            entry_price: self.entry_price,
            qty: plan.qty,
            risk_distance: plan.risk_distance,
            sl_price: self.sl_price,
            tp1_price: self.tp1_price,
            tp2_price: self.tp2_price,
            tp1_ms: self.tp1_ms,
            exit_ms: self.exit.map(|(time_ms, _)| time_ms),
            exit_price: self.exit.map(|(_, price)| price),
            status: self.status,
            gross_r,
            fee_r: self.exit.map(|_| self.fee_r()),
            funding_r: self.exit.map(|_| self.funding_r()),
            pnl_r,
            pnl_usdt: pnl_r.map(|r| self.usdt(r)),
        }
    }

    fn open_qty(&self) -> f64 {
        if self.tp1_ms.is_some() { self.plan.qty * 0.5 } else { self.plan.qty }
    }

    fn gross_r(&self, price: f64) -> f64 {
        let in_r = |exit: f64| self.plan.side.sign() * (exit - self.entry_price) / self.plan.risk_distance;
        if self.tp1_ms.is_some() { 0.5 * in_r(self.tp1_price) + 0.5 * in_r(price) } else { in_r(price) }
    }

    fn fee_r(&self) -> f64 {
        self.fee_usdt / (self.plan.qty * self.plan.risk_distance)
    }

    fn funding_r(&self) -> f64 {
        self.funding_usdt / (self.plan.qty * self.plan.risk_distance)
    }

    /// `price` stands at `level` or on the losing side of it.
    #[inline]
    fn at_or_against(&self, price: f64, level: f64) -> bool {
        match self.plan.side {
            Side::Long => price <= level,
            Side::Short => price >= level,
        }
    }

    /// A resting order at `level` on the profit side fills by `price`.
    #[inline]
    fn takes_profit(&self, price: f64, level: f64) -> bool {
        match (self.plan.side, self.simulation.fill) {
            (Side::Long, FillModel::Tape) => price > level,
            (Side::Long, FillModel::Level) => price >= level,
            (Side::Short, FillModel::Tape) => price < level,
            (Side::Short, FillModel::Level) => price <= level,
        }
    }

    fn take_half(&mut self, time_ms: i64) {
        self.fee_usdt += self.tp1_price * (self.plan.qty * 0.5) * self.simulation.take_profit_fee_rate();
        self.tp1_ms = Some(time_ms);
        self.status = Status::Tp1Hit;
        self.stop = self.entry_price + self.plan.side.sign() * self.plan.be_distance;
    }

    /// Moves the trailing stop; true when this trade started trailing or is a new best.
    fn trail(&mut self, price: i64, printed: f64) -> bool {
        let (reached, better) = match self.plan.side {
            Side::Long => (printed >= self.tp2_price, self.best.is_none_or(|best| price > best)),
            Side::Short => (printed <= self.tp2_price, self.best.is_none_or(|best| price < best)),
        };
        if (self.best.is_none() && !reached) || !better {
            return false;
        }
        self.best = Some(price);
        // Never loosened.
        self.stop = match self.plan.side {
            Side::Long => self.stop.max(printed - self.plan.risk_distance),
            Side::Short => self.stop.min(printed + self.plan.risk_distance),
        };
        true
    }

    fn close_as_taker(&mut self, status: Status, time_ms: i64, price: f64) {
        let at = self.simulation.slipped_exit(price, self.plan.side);
        self.close(status, time_ms, at, self.simulation.fee_rate);
    }

    fn close(&mut self, status: Status, time_ms: i64, price: f64, fee_rate: f64) {
        self.fee_usdt += price * self.open_qty() * fee_rate;
        self.status = status;
        self.exit = Some((time_ms, price));
        self.triggers = Triggers::at_time(i64::MAX);
    }

    fn find_triggers(&self) -> Triggers {
        let grid = self.grid;
        let target = match self.status {
            Status::Active => self.tp1_price,
            _ => self.tp2_price,
        };
        // Trailing starts where the level is reached, whichever the fill model; from then on each new best counts.
        let reaching =
            self.simulation.fill == FillModel::Level || (self.plan.trailing && self.status == Status::Tp1Hit);
        let (low, high) = match (self.plan.side, self.best) {
            (Side::Long, Some(best)) => (ticks::last_at_or_below(grid, self.stop), best.saturating_add(1)),
            (Side::Short, Some(best)) => (best.saturating_sub(1), ticks::first_at_or_above(grid, self.stop)),
            (Side::Long, None) if reaching => {
                (ticks::last_at_or_below(grid, self.stop), ticks::first_at_or_above(grid, target))
            }
            (Side::Long, None) => (ticks::last_at_or_below(grid, self.stop), ticks::first_above(grid, target)),
            (Side::Short, None) if reaching => {
                (ticks::last_at_or_below(grid, target), ticks::first_at_or_above(grid, self.stop))
            }
            (Side::Short, None) => (ticks::last_below(grid, target), ticks::first_at_or_above(grid, self.stop)),
        };
        Triggers { low, high, deadline_ms: self.deadline_ms }
    }
}
