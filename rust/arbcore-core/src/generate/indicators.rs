//! Indicator samples as collectors would have recorded them beside the trades.

use super::config::{GeneratorConfig, Strength};
use super::market::Mood;
use super::math::exp;
use super::rng::Rng;
use crate::sample::{Sample, SampleKind};
use crate::types::{HOUR_MS, MINUTE_MS, SECOND_MS};

const SLOW_MS: i64 = 5 * MINUTE_MS;
const BOOK_MS: i64 = 5 * SECOND_MS;
const FUNDING_MS: i64 = 8 * HOUR_MS;
/// Settlements before the start that are told, so that the bias of funding is known from the first trade on.
const PAST_SETTLEMENTS: i64 = 21;

/// Makes the samples.
#[derive(Debug, Clone)]
pub(super) struct Indicators {
    rng: Rng,
    strength: Strength,
    tick: f64,
    is_on: bool,
    has_book: bool,
    pending: Vec<Sample>,
    /// Slow noises: ratio, top traders, premium, book.
    noise: [f64; 4],
    /// Contracts in base currency.
    open_interest: f64,
    /// Trend of some hours, from which funding follows.
    funding_trend: f64,
    /// Dollars of a typical liquidation.
    liquidation_usd: f64,
}

impl Indicators {
    pub(super) fn new(config: &GeneratorConfig) -> Self {
        let price = config.grid.price(config.start_price);
        Self {
            rng: Rng::new(config.seed, 3),
            strength: config.strength,
            tick: config.grid.price(1),
            is_on: config.indicators,
            has_book: config.indicators && config.book,
            pending: Vec::new(),
            noise: [0.0; 4],
            open_interest: 7.0e9 * config.size_scale / price,
            funding_trend: 0.0,
            liquidation_usd: 60_000.0 * config.size_scale,
        }
    }

    /// Samples from before the first trade, so that no feature waits for its past.
    pub(super) fn history(&mut self, start_ms: i64, mid_ticks: f64, mood: &Mood) {
        if !self.is_on {
            return;
        }
        let last = start_ms - start_ms.rem_euclid(FUNDING_MS);
        for settlement in (1 - PAST_SETTLEMENTS..=0).map(|k| last + k * FUNDING_MS) {
            self.funding_trend += 0.6 * self.rng.normal() - 0.4 * self.funding_trend;
            self.funding(settlement);
        }
        let last = start_ms - start_ms.rem_euclid(SLOW_MS);
        for time_ms in (-3..=0).map(|k| last + k * SLOW_MS) {
            self.slow(time_ms, mid_ticks, mood);
        }
        if self.has_book {
            self.book(start_ms - start_ms.rem_euclid(BOOK_MS), mid_ticks, mood);
        }
    }

    /// Samples that fall due at `time_ms`, a whole second.
    pub(super) fn step(&mut self, time_ms: i64, mid_ticks: f64, mood: &Mood) {
        if !self.is_on {
            return;
        }
        self.liquidations(time_ms, mood);
        if self.has_book && time_ms % BOOK_MS == 0 {
            self.book(time_ms, mid_ticks, mood);
        }
        if time_ms % SLOW_MS == 0 {
            self.slow(time_ms, mid_ticks, mood);
        }
        if time_ms % FUNDING_MS == 0 {
            self.funding(time_ms);
        }
    }

    /// Removes the samples available before `before_ms`, in order.
    pub(super) fn take(&mut self, before_ms: i64) -> Vec<Sample> {
        self.pending.sort_by_key(|sample| sample.available_ms);
        let ready = self.pending.partition_point(|sample| sample.available_ms < before_ms);
        self.pending.drain(..ready).collect()
    }

    fn push(&mut self, time_ms: i64, delay_ms: i64, kind: SampleKind, value: f64) {
        self.pending.push(Sample { time_ms, available_ms: time_ms + delay_ms, kind, value });
    }

    fn delay(&mut self, least_ms: i64, most_ms: i64) -> i64 {
        least_ms + (self.rng.bits() % (most_ms - least_ms) as u64) as i64
    }

    fn wander(&mut self, which: usize, keep: f64, width: f64) -> f64 {
        self.noise[which] = keep * self.noise[which] + width * self.rng.normal();
        self.noise[which]
    }

    fn slow(&mut self, time_ms: i64, mid_ticks: f64, mood: &Mood) {
        let crowding = self.strength.crowding;
        // The crowd sells into rises and buys into falls; top traders do not.
        let noise = self.wander(0, 0.97, 0.03);
        let ratio = (1.15 * exp(noise - 0.10 * crowding * mood.trend)).clamp(0.1, 8.0);
        let noise = self.wander(1, 0.95, 0.008);
        let top = (0.5 + noise + 0.013 * crowding * mood.trend).clamp(0.05, 0.95);
        let noise = self.wander(2, 0.85, 0.000_09);
        let premium = noise + self.strength.premium * (0.000_04 * mood.flow + 0.000_12 * mood.episode);
        let growth = 0.001 * self.rng.normal() + self.strength.open_interest * 0.003 * mood.episode.abs()
            - 0.002 * (mood.minute_move.abs() - 2.0).clamp(0.0, 5.0);
        self.open_interest *= 1.0 + growth;
        self.funding_trend += 0.01 * (mood.trend - self.funding_trend);
        let value = self.open_interest * mid_ticks * self.tick;

        for (name, delay, value) in [
            (SampleKind::LongShortRatio, (4_000, 20_000), rounded(ratio, 1e4)),
            (SampleKind::TopTraderLong, (4_000, 20_000), rounded(top, 1e4)),
            (SampleKind::OpenInterestValue, (2_000, 8_000), rounded(value, 1e2)),
            (SampleKind::CoinbasePremium, (300, 1_500), rounded(premium, 1e7)),
        ] {
            let delay_ms = self.delay(delay.0, delay.1);
            self.push(time_ms, delay_ms, name, value);
        }
    }

    fn book(&mut self, time_ms: i64, mid_ticks: f64, mood: &Mood) {
        let lean = self.wander(3, 0.6, 0.16) + self.strength.book * 0.10 * mood.flow;
        let obi = lean / (1.0 + lean.abs());
        let narrow = lean + 0.2 * self.rng.normal();
        let imbalance = narrow / (1.0 + narrow.abs());
        let wide = if mood.volatility * self.rng.uniform() > 1.2 { 2.0 } else { 1.0 };
        let mid = (mid_ticks.floor() + 0.5) * self.tick;
        let mark = mid * (1.0 + 0.000_01 * self.rng.normal());
        let spot = mid * (1.0 - 0.000_2 - 0.000_1 * mood.trend + 0.000_02 * self.rng.normal());
        let microprice = mid + 0.5 * wide * self.tick * imbalance;
        let finer = 100.0 / self.tick;
        for (name, value) in [
            (SampleKind::MarkPrice, rounded(mark, finer)),
            (SampleKind::SpotMid, rounded(spot, finer)),
            (SampleKind::Obi10, rounded(obi, 1e6)),
            (SampleKind::SpreadBps, rounded(wide * self.tick / mid * 1e4, 1e6)),
            (SampleKind::Microprice, rounded(microprice, finer)),
            (SampleKind::Imbalance, rounded(imbalance, 1e6)),
        ] {
            let delay_ms = self.delay(20, 180);
            self.push(time_ms, delay_ms, name, value);
        }
    }

    fn funding(&mut self, time_ms: i64) {
        let rate = (0.000_1 + 0.000_08 * self.funding_trend + 0.000_02 * self.rng.normal()).clamp(-0.003, 0.003);
        // The exchange stamps a settlement some milliseconds late.
        let late_ms = self.delay(0, 12);
        let delay_ms = self.delay(500, 5_000);
        self.push(time_ms + late_ms, delay_ms, SampleKind::FundingRate, rounded(rate, 1e8));
    }

    fn liquidations(&mut self, time_ms: i64, mood: &Mood) {
        let beyond = mood.minute_move.abs() - 2.5;
        if beyond <= 0.0 || self.rng.uniform() > 0.15 * beyond {
            return;
        }
        let name = if mood.minute_move < 0.0 { SampleKind::LiqLongUsd } else { SampleKind::LiqShortUsd };
        let usd = self.liquidation_usd * self.rng.exponential() * (1.0 + beyond);
        let at_ms = time_ms + self.delay(0, SECOND_MS);
        let delay_ms = self.delay(20, 400);
        self.push(at_ms, delay_ms, name, rounded(usd, 1e2));
    }
}

/// To so many parts of one, as sources publish it.
fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}
