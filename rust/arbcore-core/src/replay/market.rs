//! One symbol's event stream: trades, spot trades and samples in event-time order, evaluations between them.

use std::collections::VecDeque;

use crate::batch::TradeBatch;
use crate::error::Result;
use crate::feature::{FeatureConfig, FeatureEngine, FeatureRow, Step};
use crate::grid::Grid;
use crate::sample::{IndicatorState, Sample};
use crate::strategy::CascadeDetector;
use crate::tape::{IdPolicy, Tape};
use crate::types::Trade;

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
    pub fn push_many(&mut self, batch: &TradeBatch) -> Result<()> {
        self.perp.tape.push_many(batch)
    }

    /// Adds one perpetual trade and takes it into the features. True: call [`Market::next`], something is due.
    #[inline]
    pub fn push(&mut self, trade: &Trade) -> Result<bool> {
        let taken = self.perp.tape.push(trade)?;
        Ok(taken && !self.perp.features.take_last(&self.perp.tape, trade))
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
