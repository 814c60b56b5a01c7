//! Funding: the bias of the rate's recent history, and the settlements that positions pay or receive.

use std::collections::VecDeque;

use super::{Sample, SampleKind};
use crate::types::{HOUR_MS, MINUTE_MS};

/// Settlements that the bias looks at.
const BIAS_SAMPLES: usize = 21;

/// `clamp(z/3 + 0.2 s, -1, 1)` of the last 21 rates.
#[derive(Debug, Clone, Default)]
pub struct FundingBias {
    rates: VecDeque<f64>,
}

impl FundingBias {
    /// Takes the next rate.
    pub fn push(&mut self, rate: f64) {
        self.rates.push_back(rate);
        if self.rates.len() > BIAS_SAMPLES {
            self.rates.pop_front();
        }
    }

    /// The bias; `None` below 21 rates. `z` uses the population deviation, `s` is the sign of the change over
    /// the last three rates.
    pub fn value(&self) -> Option<f64> {
        let n = self.rates.len();
        if n < BIAS_SAMPLES {
            return None;
        }
        let mean = self.rates.iter().sum::<f64>() / n as f64;
        let variance = self.rates.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / n as f64;
        let (last, reference) = (self.rates[n - 1], self.rates[n - 3]);
        // Equal rates are the common case, and the rounding of their mean must not look like a deviation.
        let all_equal = self.rates.iter().all(|&rate| rate == last);
        let z = if all_equal { 0.0 } else { (last - mean) / variance.sqrt() };
        let change = f64::from(i8::from(last > reference) - i8::from(last < reference));
        Some((z / 3.0 + 0.2 * change).clamp(-1.0, 1.0))
    }
}

/// One funding settlement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settlement {
    /// Settlement time, a multiple of the funding interval.
    pub time_ms: i64,
    /// Rate, paid by longs when positive.
    pub rate: f64,
    /// Mark price in quote currency; `None`: the last trade price before the settlement.
    pub mark_price: Option<f64>,
}

/// All settlements that a list of samples describes, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settlements {
    /// By time, ascending.
    pub list: Vec<Settlement>,
}

impl Settlements {
    /// Settlements at the multiples of `interval_hours` from the first funding sample on, up to `until_ms`.
    ///
    /// The rate is the sample with the greatest `time_ms < T + 60 s`; the mark price the sample with the greatest
    /// `time_ms <= T` that is not older than 60 s.
    pub fn from_samples(samples: &[Sample], interval_hours: u32, until_ms: i64) -> Self {
        let of = |kind: SampleKind| {
            let mut found: Vec<Sample> = samples.iter().filter(|s| s.kind == kind).copied().collect();
            found.sort_by_key(|s| s.time_ms);
            found
        };
        let (rates, marks) = (of(SampleKind::FundingRate), of(SampleKind::MarkPrice));
        let Some(first) = rates.first() else { return Self::default() };
        let interval = i64::from(interval_hours.max(1)) * HOUR_MS;
        let mut time_ms = (first.time_ms - MINUTE_MS + 1).div_euclid(interval) * interval;
        let mut list = Vec::new();
        while time_ms <= until_ms {
            let rate = rates.partition_point(|s| s.time_ms < time_ms + MINUTE_MS);
            if rate > 0 {
                let mark = marks.partition_point(|s| s.time_ms <= time_ms);
                let mark_price =
                    mark.checked_sub(1).map(|i| marks[i]).filter(|s| time_ms - s.time_ms <= MINUTE_MS).map(|s| s.value);
                list.push(Settlement { time_ms, rate: rates[rate - 1].value, mark_price });
            }
            time_ms += interval;
        }
        Self { list }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(time_ms: i64, value: f64) -> Sample {
        Sample { time_ms, available_ms: time_ms, kind: SampleKind::FundingRate, value }
    }

    #[test]
    fn settlements_take_the_rate_stamped_just_after_the_hour() {
        let eight = 8 * HOUR_MS;
        let samples = [
            rate(eight + 3, 0.0001),
            rate(2 * eight + 61_000, 0.0002),
            Sample { kind: SampleKind::MarkPrice, ..rate(3 * eight - 59_000, 99.5) },
        ];
        let list = Settlements::from_samples(&samples, 8, 3 * eight).list;
        let rates: Vec<_> = list.iter().map(|s| (s.time_ms / eight, s.rate, s.mark_price)).collect();
        assert_eq!(rates, [(1, 0.0001, None), (2, 0.0001, None), (3, 0.0002, Some(99.5))]);
    }

    #[test]
    fn bias_needs_21_rates_and_is_clamped() {
        let mut bias = FundingBias::default();
        for _ in 0..20 {
            bias.push(0.0001);
        }
        assert_eq!(bias.value(), None);
        bias.push(0.0001);
        assert_eq!(bias.value(), Some(0.0));
        bias.push(0.01);
        assert_eq!(bias.value(), Some(1.0));
    }
}
