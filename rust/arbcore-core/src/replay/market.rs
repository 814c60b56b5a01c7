//! One symbol's event stream: trades, spot trades and samples in event-time order, evaluations between them.

use std::collections::VecDeque;

use crate::batch::TradeBatch;
use crate::error::{CoreError, Result};
use crate::feature::{FeatureConfig, FeatureEngine, FeatureRow, Step};
use crate::grid::Grid;
use crate::sample::{IndicatorState, Sample};
use crate::strategy::CascadeDetector;
use crate::tape::{IdPolicy, Tape};
use crate::types::{DAY_MS, Trade};

/// Longest silence that is believed.
const SILENCE_MAX_MS: i64 = 10 * 365 * DAY_MS;

/// What happened next in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarketEvent {
    /// The trades `from..to` came, all between two neighbouring grid edges, or all at one edge.
    Trades {
        /// Index of the first on the tape.
        from: u64,
        /// Index after the last.
        to: u64,
        /// Lowest price, ticks.
        low: i64,
        /// Highest price, ticks.
        high: i64,
    },
    /// The evaluation at this time; [`Market::row`] holds its features.
    Evaluation(i64),
    /// More data is needed.
    Pending,
}

/// A tape with the features over it.
#[derive(Debug, Clone)]
struct Feed {
    tape: Tape,
    features: FeatureEngine,
}

impl Feed {
    fn new(config: FeatureConfig, grid: Grid, policy: IdPolicy) -> Result<Self> {
        Ok(Self { tape: Tape::new(grid, policy), features: FeatureEngine::new(config, grid)? })
    }
}

/// Everything that evaluations of one symbol see.
#[derive(Debug, Clone)]
pub struct Market {
    perp: Feed,
    spot: Option<Feed>,
    spot_row: FeatureRow,
    samples: VecDeque<Sample>,
    indicators: IndicatorState,
    cascade: Option<CascadeDetector>,
    row: FeatureRow,
}

impl Market {
    /// A market without trades. The cascade detector runs when `features.price_accel` is asked for.
    pub fn new(features: FeatureConfig, grid: Grid, policy: IdPolicy) -> Result<Self> {
        let cascade = features.price_accel.then(CascadeDetector::new);
        Ok(Self {
            perp: Feed::new(features, grid, policy)?,
            spot: None,
            spot_row: FeatureRow::empty(0, grid),
            samples: VecDeque::new(),
            indicators: IndicatorState::default(),
            cascade,
            row: FeatureRow::empty(0, grid),
        })
    }

    /// Adds a spot tape, whose CVD the `spot_cvd` gate reads.
    pub fn with_spot(mut self, grid: Grid, policy: IdPolicy) -> Result<Self> {
        self.spot = Some(Feed::new(self.perp.features.config().clone(), grid, policy)?);
        Ok(self)
    }

    /// Adds samples, ordered by `available_ms`, none earlier than those added before.
    pub fn push_samples(&mut self, samples: impl IntoIterator<Item = Sample>) {
        for sample in samples {
            self.indicators.declare(sample.kind);
            self.samples.push_back(sample);
        }
    }

    /// Adds perpetual trades.
    ///
    /// # Errors
    /// What [`Tape::push_many`] refuses, and a silence of more than ten years: every grid point of it would be
    /// evaluated, and it is always a wrong time unit or a broken row.
    pub fn push_many(&mut self, batch: &TradeBatch) -> Result<()> {
        self.check_silence(&batch.time_ms)?;
        self.perp.tape.push_many(batch)
    }

    fn check_silence(&self, time_ms: &[i64]) -> Result<()> {
        let Some(&first) = time_ms.first() else { return Ok(()) };
        let before = self.perp.tape.last_time_ms().unwrap_or(first);
        let within =
            time_ms.iter().zip(&time_ms[1..]).fold(0, |longest, (a, b)| i64::max(longest, b.saturating_sub(*a)));
        let silence = within.max(first.saturating_sub(before));
        if silence > SILENCE_MAX_MS {
            let years = silence / (365 * DAY_MS);
            return Err(CoreError::input(format!(
                "trade times jump by {years} years: must be UTC milliseconds, without broken rows"
            )));
        }
        Ok(())
    }

    /// Adds one perpetual trade. True: something is due, call [`Market::next`] until nothing is.
    #[inline]
    pub fn push(&mut self, trade: &Trade) -> Result<bool> {
        if !self.perp.tape.push_next(trade) {
            // The end of a long silence always gets here: it is out of the reach of a chunk's clock.
            self.check_silence(&[trade.time_ms])?;
            if !self.perp.tape.push(trade)? {
                return Ok(false);
            }
        }
        Ok(self.perp.features.is_due(&self.perp.tape))
    }

    /// Adds spot trades. All spot trades up to an evaluation's time must come before the perpetual trade that
    /// releases it.
    pub fn push_spot(&mut self, batch: &TradeBatch) -> Result<()> {
        self.spot.as_mut().map_or(Ok(()), |spot| spot.tape.push_many(batch))
    }

    /// The perpetual's tape.
    pub fn tape(&self) -> &Tape {
        &self.perp.tape
    }

    /// The spot tape, where there is one.
    pub fn spot_tape(&self) -> Option<&Tape> {
        self.spot.as_ref().map(|spot| &spot.tape)
    }

    /// What the features compute.
    pub fn config(&self) -> &FeatureConfig {
        self.perp.features.config()
    }

    /// Features of the last evaluation.
    pub fn row(&self) -> &FeatureRow {
        &self.row
    }

    /// Goes on to the next event. All trades up to and including `complete_ms` are in (see [`FeatureEngine::step`]).
    #[inline]
    pub fn next(&mut self, complete_ms: i64) -> Result<MarketEvent> {
        Ok(match self.perp.features.step(&self.perp.tape, complete_ms) {
            Step::Trades { from, to, low, high } => MarketEvent::Trades { from, to, low, high },
            Step::Evaluation(t_ms) => {
                self.evaluate(t_ms)?;
                MarketEvent::Evaluation(t_ms)
            }
            Step::Pending => MarketEvent::Pending,
        })
    }

    fn evaluate(&mut self, t_ms: i64) -> Result<()> {
        while let Some(sample) = self.samples.front().filter(|sample| sample.available_ms <= t_ms) {
            self.indicators.push(sample);
            self.samples.pop_front();
        }
        self.perp.features.evaluate(&self.perp.tape, t_ms, &mut self.row)?;
        self.row.indicators = self.indicators.at(t_ms);
        if let Some(spot) = &mut self.spot {
            loop {
                match spot.features.step(&spot.tape, t_ms) {
                    Step::Trades { .. } => {}
                    Step::Evaluation(at_ms) => {
                        spot.features.evaluate(&spot.tape, at_ms, &mut self.spot_row)?;
                        if at_ms >= t_ms {
                            break;
                        }
                    }
                    Step::Pending => break,
                }
            }
            // Before the spot tape's first evaluation there is no spot CVD.
            self.row.spot_cvd = (self.spot_row.t_ms == t_ms).then_some(self.spot_row.cvd);
        }
        if let Some(cascade) = &mut self.cascade {
            let row = &self.row;
            self.row.cascade = cascade.observe(t_ms, row.trade_count_1m, row.indicators.spread_bps, row.price_accel);
        }
        Ok(())
    }

    /// Lets go of trades that no window needs any more.
    pub fn forget(&mut self) {
        self.perp.tape.drop_before(self.perp.features.keep_from_ms());
        if let Some(spot) = &mut self.spot {
            spot.tape.drop_before(spot.features.keep_from_ms());
        }
    }
}
