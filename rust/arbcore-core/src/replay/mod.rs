//! The replay: one symbol's stream through features, scores and positions, as the live engine runs it.

mod feature_table;
mod hash;
mod market;
mod record;

pub use feature_table::FeatureTable;
pub use hash::DecisionHash;
pub use market::{Market, MarketEvent};
pub use record::{EvaluationRecord, PriceSeries, Recording, Tally};

use crate::batch::TradeBatch;
use crate::error::Result;
use crate::position::{Filters, Outcome, RunResult, Runner, Simulation, TradeRecord, Triggers};
use crate::sample::Settlement;
use crate::strategy::{Decision, StrategyBook, StrategyConfig, regime};
use crate::tape::Segment;
use crate::types::HOUR_MS;

/// What a replay tests, and how.
#[derive(Debug, Clone)]
pub struct ReplayConfig {
    /// Strategies of the market's symbol.
    pub strategies: Vec<StrategyConfig>,
    /// Fills and costs.
    pub simulation: Simulation,
    /// What the exchange accepts as a quantity.
    pub filters: Filters,
    /// Evaluations from this time on are scored.
    pub from_ms: i64,
    /// Evaluations before this time are scored.
    pub to_ms: i64,
    /// Which evaluations become rows.
    pub recording: Recording,
    /// Funding settlements in time order.
    pub settlements: Vec<Settlement>,
}

/// A finished (or ended) replay.
#[derive(Debug)]
pub struct ReplayResult {
    /// One per strategy, in the order given.
    pub runs: Vec<RunResult>,
    /// Evaluations that became rows.
    pub evaluations: EvaluationRecord,
    /// All evaluations by what became of them.
    pub tally: Tally,
    /// Price about every minute, ticks.
    pub price: PriceSeries,
    /// Hash of all decisions and trades.
    pub hash: DecisionHash,
    /// First and last evaluation at which a signal was allowed.
    pub span_ms: Option<(i64, i64)>,
}

/// A replay in progress.
#[derive(Debug)]
pub struct Replay {
    market: Market,
    config: ReplayConfig,
    book: StrategyBook,
    runners: Vec<Runner>,
    /// Strategies that wait for a trade: position open or order pending.
    engaged: Vec<u32>,
    decisions: Vec<Decision>,
    evaluations: EvaluationRecord,
    tally: Tally,
    price: PriceSeries,
    hash: DecisionHash,
    next_settlement: usize,
    next_hour_ms: Option<i64>,
    last_price: i64,
    span_ms: Option<(i64, i64)>,
}

impl Replay {
    /// A replay over `market`, which holds no trades yet.
    pub fn new(market: Market, config: ReplayConfig) -> Result<Self> {
        config.simulation.validate()?;
        let book = StrategyBook::new(config.strategies.clone())?;
        let grid = market.tape().grid();
        let runners = config
            .strategies
            .iter()
            .map(|strategy| Runner::new(strategy.clone(), grid, config.simulation, config.filters))
            .collect();
        Ok(Self {
            market,
            book,
            runners,
            engaged: Vec::new(),
            decisions: Vec::new(),
            evaluations: EvaluationRecord::default(),
            tally: Tally::default(),
            price: PriceSeries::default(),
            hash: DecisionHash::default(),
            next_settlement: 0,
            next_hour_ms: None,
            last_price: 0,
            span_ms: None,
            config,
        })
    }

    /// The market replayed.
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// The market replayed, to add samples and spot trades.
    pub fn market_mut(&mut self) -> &mut Market {
        &mut self.market
    }

    /// Takes the next perpetual trades and goes as far as they allow.
    pub fn push_many(&mut self, batch: &TradeBatch) -> Result<()> {
        self.market.push_many(batch)?;
        self.run(i64::MIN)?;
        self.market.forget();
        Ok(())
    }

    /// Ends the replay after the last trade.
    pub fn finish(mut self) -> Result<ReplayResult> {
        let Some(last_ms) = self.market.tape().last_time_ms() else {
            return Ok(self.into_result(0));
        };
        self.run(last_ms)?;
        self.catch_up(last_ms + 1);
        Ok(self.into_result(last_ms))
    }

    fn into_result(self, end_ms: i64) -> ReplayResult {
        let mut hash = self.hash;
        let last_price = self.last_price;
        let runs: Vec<RunResult> = self.runners.into_iter().map(|runner| runner.finish(end_ms, last_price)).collect();
        for (i, run) in runs.iter().enumerate() {
            hash.int(i as i64);
            for trade in run.trades.iter().chain(&run.open) {
                hash_trade(&mut hash, trade);
            }
        }
        ReplayResult {
            runs,
            evaluations: self.evaluations,
            tally: self.tally,
            price: self.price,
            hash,
            span_ms: self.span_ms,
        }
    }

    fn run(&mut self, complete_ms: i64) -> Result<()> {
        loop {
            match self.market.next(complete_ms)? {
                MarketEvent::Trades { from, to, low, high } => self.on_trades(from, to, low, high),
                MarketEvent::Evaluation(t_ms) => self.on_evaluation(t_ms),
                MarketEvent::Pending => return Ok(()),
            }
        }
    }

    /// Funding due at or before `time_ms`, hourly marks due before it, in order of time; funding first.
    fn catch_up(&mut self, time_ms: i64) {
        loop {
            let settlement =
                self.config.settlements.get(self.next_settlement).filter(|s| s.time_ms <= time_ms).copied();
            let hour = self.next_hour_ms.filter(|&hour_ms| hour_ms < time_ms);
            match (settlement, hour) {
                (Some(settlement), hour) if hour.is_none_or(|hour_ms| settlement.time_ms <= hour_ms) => {
                    self.next_settlement += 1;
                    let last = self.market.tape().grid().price(self.last_price);
                    let mark_price = settlement.mark_price.unwrap_or(last);
                    for &i in &self.engaged {
                        self.runners[i as usize].on_funding(settlement.time_ms, settlement.rate, mark_price);
                    }
                }
                (_, Some(hour_ms)) => {
                    for runner in &mut self.runners {
                        runner.mark(hour_ms, self.last_price);
                    }
                    self.next_hour_ms = Some(hour_ms + HOUR_MS);
                }
                _ => return,
            }
        }
    }

    fn on_trades(&mut self, from: u64, to: u64, low: i64, high: i64) {
        self.catch_up(self.market.tape().time_ms(from));
        let segment = self.market.tape().segment_from(from).slice(0, (to - from) as usize);
        let last_ms = segment.time_ms(segment.len() - 1);
        let runners = &mut self.runners;
        self.engaged.retain(|&i| {
            let runner = &mut runners[i as usize];
            let untouched = runner
                .next_event()
                .is_some_and(|event| event.low < low && high < event.high && last_ms < event.deadline_ms);
            untouched || {
                walk(runner, &segment);
                runner.next_event().is_some()
            }
        });
        self.last_price = segment.price(segment.len() - 1);
    }

    fn on_evaluation(&mut self, t_ms: i64) {
        self.catch_up(t_ms);
        self.price.mark(t_ms, self.last_price);
        // The first mark of the equity is the first whole hour of the data.
        self.next_hour_ms.get_or_insert((t_ms + HOUR_MS - 1).div_euclid(HOUR_MS) * HOUR_MS);
        if t_ms < self.config.from_ms || t_ms >= self.config.to_ms {
            return;
        }
        let row = self.market.row();
        if !row.warmup {
            self.span_ms = Some((self.span_ms.map_or(t_ms, |span| span.0), t_ms));
        }
        self.book.evaluate(row, &mut self.decisions);
        self.hash.int(t_ms);
        let mut open = self.engaged.iter().filter(|&&i| self.runners[i as usize].is_engaged()).count();
        for (i, (runner, decision)) in self.runners.iter_mut().zip(&self.decisions).enumerate() {
            let config = &self.config.strategies[i];
            let regime_code = if decision.reason.is_none() { regime(config, row) as u8 } else { 0 };
            let (was_waiting, was_engaged) = (runner.next_event().is_some(), runner.is_engaged());
            let outcome = runner.on_evaluation(row, decision, regime_code, open);
            open = open + usize::from(runner.is_engaged()) - usize::from(was_engaged);
            if !was_waiting && runner.next_event().is_some() {
                self.engaged.push(i as u32);
            }
            hash_evaluation(&mut self.hash, decision, outcome);
            self.tally.add(config, outcome);
            let notable = outcome.signal || outcome.flip || decision.total >= config.entry_score;
            let record = match self.config.recording {
                Recording::All => true,
                Recording::Signals => notable,
                Recording::Nothing => false,
            };
            if record {
                self.evaluations.push(config, row, decision, outcome);
            }
        }
    }
}

/// Feeds a runner those trades of a segment that can change anything for it.
fn walk(runner: &mut Runner, segment: &Segment<'_>) {
    let mut from = 0;
    while let Some(event) = runner.next_event() {
        let Some(i) = next_hit(segment, from, &event) else { return };
        runner.on_trade(segment.time_ms(i), segment.price(i));
        from = i + 1;
    }
}

/// The first trade at or after `from` that `event` waits for.
fn next_hit(segment: &Segment<'_>, from: usize, event: &Triggers) -> Option<usize> {
    if from >= segment.len() {
        return None;
    }
    let in_time = from + segment.count_before(from, event.deadline_ms);
    let by_price = segment.slice(0, in_time).next_outside(from, event.low, event.high);
    by_price.or((in_time < segment.len()).then_some(in_time))
}

fn hash_evaluation(hash: &mut DecisionHash, decision: &Decision, outcome: Outcome) {
    let flags = u64::from(outcome.signal)
        | u64::from(outcome.flip) << 1
        | u64::from(outcome.entry) << 2
        | u64::from(decision.consensus) << 3
        | (decision.side as u64) << 4
        | (decision.tier as u64) << 8
        | u64::from(decision.bonus) << 16;
    let reason = outcome.reason.map_or(0, |reason| u64::from(reason.code()));
    hash.word(flags | reason << 24 | (decision.total as u64) << 32);
}

fn hash_trade(hash: &mut DecisionHash, trade: &TradeRecord) {
    hash.int(trade.signal_ms);
    hash.int(trade.entry_ms);
    hash.int(trade.tp1_ms.unwrap_or(-1));
    hash.int(trade.exit_ms.unwrap_or(-1));
    hash.word(trade.side as u64 | (trade.status as u64) << 8 | (trade.tier as u64) << 16);
    for value in [trade.entry_price, trade.qty, trade.risk_distance] {
        hash.float(value);
    }
    for value in [trade.exit_price, trade.gross_r, trade.fee_r, trade.funding_r] {
        hash.word(value.map_or(u64::MAX, f64::to_bits));
    }
}
