//! From samples to the indicator features of an evaluation.

use std::collections::VecDeque;

use super::{FundingBias, Sample, SampleKind};
use crate::feature::Indicators;
use crate::types::{HOUR_MS, MINUTE_MS, SECOND_MS};

/// How long samples stay fresh, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// Book features and spot mid.
    pub book_ms: i64,
    /// Mark price.
    pub mark_ms: i64,
    /// Ratios, open interest, premium.
    pub five_minute_ms: i64,
    /// Funding rate.
    pub funding_ms: i64,
}

impl Default for Freshness {
    fn default() -> Self {
        Self { book_ms: 5 * SECOND_MS, mark_ms: 5 * SECOND_MS, five_minute_ms: 15 * MINUTE_MS, funding_ms: 9 * HOUR_MS }
    }
}

/// Window of the liquidation sums.
const LIQUIDATION_MS: i64 = 5 * MINUTE_MS;

/// The samples of one symbol that evaluations can still need.
#[derive(Debug, Clone)]
pub struct IndicatorState {
    freshness: Freshness,
    oi_look_back_ms: i64,
    latest: [Option<Sample>; SampleKind::ALL.len()],
    /// Open interest, oldest first; reaches back to the look-back of the newest.
    open_interest: VecDeque<Sample>,
    oi_persist_n: i32,
    funding_max_abs: Option<f64>,
    funding_bias: FundingBias,
    /// Recent liquidations by side, and whether their source is given at all.
    liquidations: [VecDeque<Sample>; 2],
    liquidations_given: [bool; 2],
}

impl Default for IndicatorState {
    fn default() -> Self {
        Self::new(Freshness::default(), 15 * MINUTE_MS)
    }
}

impl IndicatorState {
    /// A state without samples; `oi_look_back_ms` is what `oi_change` compares with.
    pub fn new(freshness: Freshness, oi_look_back_ms: i64) -> Self {
        Self {
            freshness,
            oi_look_back_ms,
            latest: [None; SampleKind::ALL.len()],
            open_interest: VecDeque::new(),
            oi_persist_n: 0,
            funding_max_abs: None,
            funding_bias: FundingBias::default(),
            liquidations: [VecDeque::new(), VecDeque::new()],
            liquidations_given: [false; 2],
        }
    }

    /// Says that the source of a kind exists even before its first sample (a quiet liquidation feed is 0, not absent).
    pub fn declare(&mut self, kind: SampleKind) {
        match kind {
            SampleKind::LiqLongUsd => self.liquidations_given[0] = true,
            SampleKind::LiqShortUsd => self.liquidations_given[1] = true,
            _ => {}
        }
    }

    /// Takes the next sample in the order of the event stream.
    pub fn push(&mut self, sample: &Sample) {
        self.declare(sample.kind);
        match sample.kind {
            SampleKind::LiqLongUsd => self.liquidations[0].push_back(*sample),
            SampleKind::LiqShortUsd => self.liquidations[1].push_back(*sample),
            SampleKind::OpenInterestValue => self.push_open_interest(*sample),
            SampleKind::FundingRate => {
                let size = sample.value.abs();
                self.funding_max_abs = Some(self.funding_max_abs.map_or(size, |max| max.max(size)));
                self.funding_bias.push(sample.value);
            }
            _ => {}
        }
        self.latest[sample.kind as usize] = Some(*sample);
    }

    fn push_open_interest(&mut self, sample: Sample) {
        if let Some(before) = self.open_interest.back() {
            let sign = i32::from(sample.value > before.value) - i32::from(sample.value < before.value);
            self.oi_persist_n = match sign {
                0 => 0,
                _ if sign == self.oi_persist_n.signum() => self.oi_persist_n + sign,
                _ => sign,
            };
        }
        self.open_interest.push_back(sample);
        // Keep the one at or before the look-back of the newest, and everything after it.
        while self.open_interest.len() > 2 && self.open_interest[1].time_ms <= sample.time_ms - self.oi_look_back_ms {
            self.open_interest.pop_front();
        }
    }

    fn fresh(&self, kind: SampleKind, t_ms: i64, limit_ms: i64) -> Option<f64> {
        let sample = self.latest[kind as usize]?;
        (t_ms - sample.available_ms <= limit_ms).then_some(sample.value)
    }

    fn oi_change(&self, t_ms: i64) -> Option<f64> {
        if let Some(ready) = self.fresh(SampleKind::OiChange, t_ms, self.freshness.five_minute_ms) {
            return Some(ready);
        }
        let now = *self.open_interest.back()?;
        if t_ms - now.available_ms > self.freshness.five_minute_ms {
            return None;
        }
        let reference = now.time_ms - self.oi_look_back_ms;
        let before = self.open_interest.iter().rev().find(|sample| sample.time_ms <= reference)?;
        (before.value > 0.0).then(|| now.value / before.value - 1.0)
    }

    fn liquidated(&mut self, side: usize, t_ms: i64) -> Option<f64> {
        if !self.liquidations_given[side] {
            return None;
        }
        let recent = &mut self.liquidations[side];
        while recent.front().is_some_and(|sample| sample.available_ms < t_ms - LIQUIDATION_MS) {
            recent.pop_front();
        }
        Some(recent.iter().map(|sample| sample.value).sum())
    }

    /// The features at an evaluation, all samples up to `t_ms` being in.
    pub fn at(&mut self, t_ms: i64) -> Indicators {
        use SampleKind as K;
        let f = self.freshness;
        let mark_price = self.fresh(K::MarkPrice, t_ms, f.mark_ms);
        let divergence = || {
            let (spot, mark) = (self.fresh(K::SpotMid, t_ms, f.book_ms)?, mark_price?);
            Some((spot - mark) / mark)
        };
        let open_interest_fresh =
            self.open_interest.back().is_some_and(|sample| t_ms - sample.available_ms <= f.five_minute_ms);
        let funding_rate = self.fresh(K::FundingRate, t_ms, f.funding_ms);
        Indicators {
            spread_bps: self.fresh(K::SpreadBps, t_ms, f.book_ms),
            microprice: self.fresh(K::Microprice, t_ms, f.book_ms),
            imbalance: self.fresh(K::Imbalance, t_ms, f.book_ms),
            obi_10: self.fresh(K::Obi10, t_ms, f.book_ms),
            spot_perp_divergence: self.fresh(K::SpotPerpDivergence, t_ms, f.mark_ms).or_else(divergence),
            long_short_ratio: self.fresh(K::LongShortRatio, t_ms, f.five_minute_ms),
            top_trader_long: self.fresh(K::TopTraderLong, t_ms, f.five_minute_ms),
            oi_change: self.oi_change(t_ms),
            oi_persist_n: open_interest_fresh.then_some(self.oi_persist_n),
            coinbase_premium: self.fresh(K::CoinbasePremium, t_ms, f.five_minute_ms),
            funding_rate,
            funding_rate_max_abs: self.funding_max_abs,
            liq_long_usd: self.liquidated(0, t_ms),
            liq_short_usd: self.liquidated(1, t_ms),
            mark_price,
            funding_bias: funding_rate.and_then(|_| self.funding_bias.value()),
        }
    }
}
