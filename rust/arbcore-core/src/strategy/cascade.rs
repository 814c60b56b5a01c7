//! Liquidation-cascade detector: trade rate, spread and price acceleration all extreme at once.

use std::collections::VecDeque;

use crate::types::{DAY_MS, MINUTE_MS};

/// How long a cascade keeps entries out.
const HOLD_MS: i64 = 5 * MINUTE_MS;
/// Samples that a percentile needs.
const SAMPLES_MIN: usize = 100;

/// Samples of one measure over the last 24 hours.
#[derive(Debug, Clone, Default)]
struct History {
    times: VecDeque<i64>,
    values: VecDeque<f64>,
}

impl History {
    fn expire(&mut self, t_ms: i64) {
        while self.times.front().is_some_and(|&time| time < t_ms - DAY_MS) {
            self.times.pop_front();
            self.values.pop_front();
        }
    }

    fn push(&mut self, t_ms: i64, value: f64) {
        self.times.push_back(t_ms);
        self.values.push_back(value);
    }

    /// `value` lies strictly beyond the order statistic at `floor(n*99/100)`: more samples than that
    /// index are less than it. Counting needs no sorted copy, and a pass over 24 h of evaluations is short.
    fn is_exceeded_by(&self, value: f64) -> bool {
        let n = self.values.len();
        if n < SAMPLES_MIN {
            return false;
        }
        let (front, back) = self.values.as_slices();
        let less = |samples: &[f64]| samples.iter().map(|&sample| u32::from(sample < value)).sum::<u32>() as usize;
        less(front) + less(back) > n * 99 / 100
    }
}

/// Watches the evaluations of one symbol.
#[derive(Debug, Clone, Default)]
pub struct CascadeDetector {
    trade_count: History,
    spread: History,
    acceleration: History,
    fired_ms: Option<i64>,
}

impl CascadeDetector {
    /// A detector without history.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one evaluation's measures; true from the evaluation at which all three lie strictly beyond
    /// the 99th percentile of their earlier samples of 24 hours, for less than 5 minutes.
    ///
    /// A measure that is absent keeps it from firing and gives no sample. Times must not fall.
    pub fn observe(
        &mut self,
        t_ms: i64,
        trade_count_1m: u32,
        spread_bps: Option<f64>,
        price_accel: Option<f64>,
    ) -> bool {
        let trade_count = f64::from(trade_count_1m);
        for history in [&mut self.trade_count, &mut self.spread, &mut self.acceleration] {
            history.expire(t_ms);
        }
        if let (Some(spread), Some(acceleration)) = (spread_bps, price_accel)
            && self.trade_count.is_exceeded_by(trade_count)
            && self.acceleration.is_exceeded_by(acceleration)
            && self.spread.is_exceeded_by(spread)
        {
            self.fired_ms = Some(t_ms);
        }
        self.trade_count.push(t_ms, trade_count);
        if let Some(spread) = spread_bps {
            self.spread.push(t_ms, spread);
        }
        if let Some(acceleration) = price_accel {
            self.acceleration.push(t_ms, acceleration);
        }
        self.fired_ms.is_some_and(|fired| t_ms - fired < HOLD_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP_MS: i64 = 15_000;

    /// Feeds one evaluation every 15 s with `value` of its number as all three measures.
    fn feed(detector: &mut CascadeDetector, from: i64, count: i64, value: impl Fn(i64) -> u32) -> i64 {
        for k in 0..count {
            let measure = Some(f64::from(value(k)));
            assert!(!detector.observe(from + k * STEP_MS, value(k), measure, measure), "sample {k}");
        }
        from + count * STEP_MS
    }

    #[test]
    fn all_three_beyond_their_percentile_hold_for_five_minutes() {
        let mut detector = CascadeDetector::new();
        let t = feed(&mut detector, 0, 100, |k| k as u32);
        // Sorted 0..=99: the order statistic at index 99 is 99, and 99 is not beyond it.
        for (count, spread, acceleration) in [(99, 100.0, 100.0), (100, 99.0, 100.0), (100, 100.0, 99.0)] {
            assert!(!detector.clone().observe(t, count, Some(spread), Some(acceleration)));
        }
        assert!(detector.observe(t, 100, Some(100.0), Some(100.0)));
        for k in 1..20 {
            assert!(detector.observe(t + k * STEP_MS, 0, None, None), "{k}");
        }
        assert!(!detector.observe(t + 300_000, 0, None, None));
    }

    #[test]
    fn too_few_samples_or_an_absent_measure_never_fire() {
        let mut detector = CascadeDetector::new();
        let t = feed(&mut detector, 0, 99, |_| 7);
        assert!(!detector.clone().observe(t, 8, Some(8.0), Some(8.0)));
        let t = feed(&mut detector, t, 1, |_| 7);
        assert!(!detector.clone().observe(t, 8, None, Some(8.0)));
        assert!(!detector.clone().observe(t, 8, Some(8.0), None));
        assert!(detector.clone().observe(t, 8, Some(8.0), Some(8.0)));
    }

    #[test]
    fn samples_count_for_24_hours() {
        let mut detector = CascadeDetector::new();
        feed(&mut detector, 0, 100, |_| 7);
        assert!(detector.clone().observe(DAY_MS, 8, Some(8.0), Some(8.0)), "the first sample is 24 h old and counts");
        assert!(!detector.observe(DAY_MS + 1, 8, Some(8.0), Some(8.0)), "99 samples are left");
    }

    #[test]
    fn the_order_statistic_is_the_one_of_a_sorted_copy() {
        let mut history = History::default();
        let mut seed = 7_u64;
        for k in 0..700 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            history.push(k, (seed >> 33) as f64 % 50.0);
            let mut sorted: Vec<f64> = history.values.iter().copied().collect();
            sorted.sort_by(f64::total_cmp);
            let n = sorted.len();
            for value in [0.0, 25.0, 47.0, 48.0, 48.5, 49.0, 50.0] {
                assert_eq!(history.is_exceeded_by(value), n >= 100 && value > sorted[n * 99 / 100], "{n} {value}");
            }
        }
    }
}
