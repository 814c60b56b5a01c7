//! Candles aligned to the epoch, and the average true range over the last closed ones.

use std::collections::VecDeque;

/// Candles that an average true range looks at: 14 true ranges and the close before the first.
const ATR_CANDLES: usize = 15;
/// Closes that `atr_percentile` looks at.
const PERCENTILE_SAMPLES: usize = 288;
/// Samples below which there is no rank.
const PERCENTILE_MIN: usize = 10;
/// Value of `atr_percentile` where there is no rank.
const PERCENTILE_UNKNOWN: f64 = 50.0;

/// Open, high, low and close of some trades, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub high: i64,
    pub low: i64,
    pub close: i64,
}

impl Range {
    /// This range followed by a later one.
    #[inline]
    pub(super) fn then(self, later: Self) -> Self {
        Self { high: self.high.max(later.high), low: self.low.min(later.low), close: later.close }
    }
}

/// Candles of one period.
#[derive(Debug, Clone)]
pub(super) struct Candles {
    open: Option<Range>,
    closed: VecDeque<Range>,
    /// ATR in ticks, absent below two closed candles.
    atr: Option<f64>,
    /// ATR at each close, newest last.
    samples: VecDeque<f64>,
    percentiles: VecDeque<f64>,
}

impl Candles {
    pub(super) fn new() -> Self {
        Self {
            open: None,
            closed: VecDeque::with_capacity(ATR_CANDLES + 1),
            atr: None,
            samples: VecDeque::with_capacity(PERCENTILE_SAMPLES + 1),
            percentiles: VecDeque::new(),
        }
    }

    /// Adds trades that belong to the current period.
    #[inline]
    pub(super) fn add(&mut self, range: Range) {
        self.open = Some(self.open.map_or(range, |open| open.then(range)));
    }

    /// The period ends here; without trades it makes no candle.
    pub(super) fn close(&mut self) {
        let Some(candle) = self.open.take() else { return };
        self.closed.push_back(candle);
        if self.closed.len() > ATR_CANDLES {
            self.closed.pop_front();
        }
        self.atr = self.true_range_average();
        let Some(atr) = self.atr else { return };
        self.samples.push_back(atr);
        if self.samples.len() > PERCENTILE_SAMPLES {
            self.samples.pop_front();
        }
        self.percentiles.push_back(self.rank(atr));
        if self.percentiles.len() > 12 {
            self.percentiles.pop_front();
        }
    }

    fn true_range_average(&self) -> Option<f64> {
        let mut atr = None;
        for i in 1..self.closed.len() {
            let (before, candle) = (self.closed[i - 1].close, self.closed[i]);
            // Prices are positive, so differences of two of them cannot overflow.
            let range =
                (candle.high - candle.low).max((candle.high - before).abs()).max((candle.low - before).abs()) as f64;
            atr = Some(atr.map_or(range, |atr: f64| (atr * 13.0 + range) / 14.0));
        }
        atr
    }

    fn rank(&self, current: f64) -> f64 {
        let n = self.samples.len();
        if n < PERCENTILE_MIN {
            return PERCENTILE_UNKNOWN;
        }
        100.0 * self.samples.iter().filter(|&&x| x <= current).count() as f64 / n as f64
    }

    /// ATR in ticks.
    pub(super) fn atr_ticks(&self) -> Option<f64> {
        self.atr
    }

    /// Rank of the current ATR among its last 288 values, 0..100.
    pub(super) fn percentile(&self) -> f64 {
        self.percentiles.back().copied().unwrap_or(PERCENTILE_UNKNOWN)
    }

    /// The least percentile over the last 12 closes.
    pub(super) fn percentile_min_12(&self) -> f64 {
        self.percentiles.iter().copied().reduce(f64::min).unwrap_or(PERCENTILE_UNKNOWN)
    }

    /// Closes of the last closed candle and of the one before it.
    pub(super) fn last_closes(&self) -> Option<[i64; 2]> {
        let n = self.closed.len();
        (n >= 2).then(|| [self.closed[n - 1].close, self.closed[n - 2].close])
    }
}
