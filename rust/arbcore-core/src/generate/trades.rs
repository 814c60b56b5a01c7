//! Trades from the hidden market.

use super::config::GeneratorConfig;
use super::indicators::Indicators;
use super::market::{Market, Second};
use super::rng::{Rng, unit};
use super::size::SizeTable;
use crate::batch::TradeBatch;
use crate::error::Result;
use crate::sample::Sample;
use crate::types::{DAY_MS, SECOND_MS};

/// Trades of one taker order, cumulative shares of 256: half take one level, a few walk through many.
const BURST_LENGTHS: [(u64, u32); 12] = [
    (142, 1),
    (188, 2),
    (211, 3),
    (224, 4),
    (233, 5),
    (240, 6),
    (246, 8),
    (250, 10),
    (253, 13),
    (254, 18),
    (255, 26),
    (256, 32),
];

/// A burst never walks further than this share of the price.
const BURST_REACH: f64 = 1.5e-4;

/// How many mean gaps an excitation lasts, and how much one burst adds to the rate.
const EXCITATION_GAPS: f64 = 3.0;
const EXCITATION_JUMP: f64 = 0.2;
/// What it adds at most.
const EXCITATION_MOST: f64 = 12.0;
/// The mean rate under excitation, against the rate without (measured over many days).
const EXCITATION_GAIN: f64 = 3.05;

/// One taker order on its way through the book.
#[derive(Debug, Clone, Copy)]
struct Burst {
    time_ms: i64,
    is_sell: bool,
    price: i64,
    /// Trades still to come.
    trades: u32,
}

/// A stream of generated trades, and of the indicator samples that belong to them.
#[derive(Debug, Clone)]
pub struct Generator {
    config: GeneratorConfig,
    end_ms: i64,
    rng: Rng,
    sizes: SizeTable,
    market: Market,
    indicators: Indicators,
    second: Second,
    second_ms: i64,
    /// Time of the last burst within the second, milliseconds.
    offset_ms: f64,
    /// Bursts a millisecond at activity 1 and without excitation.
    base_rate: f64,
    excitation: f64,
    /// Of the next burst: what is left of its unit exponential.
    hazard: f64,
    mid: f64,
    last_is_sell: bool,
    burst: Option<Burst>,
    burst_lengths: [u32; 256],
    step_share: u64,
    next_agg_id: i64,
    next_trade_id: i64,
    finished: bool,
}

impl Generator {
    /// A generator, if the parameters are in their ranges.
    pub fn new(config: &GeneratorConfig) -> Result<Self> {
        config.check()?;
        let reach_ticks = config.start_price as f64 * BURST_REACH;
        let burst_trades_max = (1.0 + reach_ticks).min(40.0) as u32;
        let burst_lengths: [u32; 256] = std::array::from_fn(|share| {
            let longer = BURST_LENGTHS.partition_point(|&(upper, _)| upper <= share as u64);
            BURST_LENGTHS[longer].1.min(burst_trades_max)
        });
        let trades_per_burst = f64::from(burst_lengths.iter().sum::<u32>()) / 256.0;
        let mut rng = Rng::new(config.seed, 2);
        let hazard = rng.exponential();
        // The market is stepped when the clock crosses a second; the first one may begin before the first trade.
        let second_ms = config.start_ms - config.start_ms.rem_euclid(SECOND_MS);
        let mut market = Market::new(config);
        let mut indicators = Indicators::new(config);
        let second = market.step(second_ms);
        indicators.history(second_ms, config.start_price as f64, &market.mood());
        Ok(Self {
            end_ms: config.start_ms + config.duration_ms,
            sizes: SizeTable::new(config),
            indicators,
            second_ms,
            offset_ms: (config.start_ms - second_ms) as f64,
            base_rate: config.trades_per_day / trades_per_burst / DAY_MS as f64 / EXCITATION_GAIN,
            excitation: 0.0,
            hazard,
            mid: second.price[0],
            last_is_sell: false,
            burst: None,
            burst_lengths,
            // Fine grids: a third of the steps is wider than a tick.
            step_share: if reach_ticks > 40.0 { 86 } else { 0 },
            next_agg_id: config.first_agg_id,
            next_trade_id: config.first_agg_id.saturating_mul(2),
            finished: false,
            second,
            market,
            rng,
            config: config.clone(),
        })
    }

    /// The parameters.
    pub fn config(&self) -> &GeneratorConfig {
        &self.config
    }

    /// The next at most `n` trades; empty when the stream is at its end.
    pub fn next_batch(&mut self, n: usize) -> TradeBatch {
        let room = n.min(1 << 20);
        let mut agg_id = Vec::with_capacity(room);
        let (mut first, mut last) = (Vec::with_capacity(room), Vec::with_capacity(room));
        let mut batch = TradeBatch {
            time_ms: Vec::with_capacity(room),
            price: Vec::with_capacity(room),
            qty: Vec::with_capacity(room),
            is_buyer_maker: Vec::with_capacity(room),
            ..TradeBatch::default()
        };
        while batch.time_ms.len() < n {
            let Some(mut burst) = self.burst.take().or_else(|| self.next_burst()) else { break };
            let bits = self.rng.bits();
            let qty = self.sizes.draw(bits);
            batch.time_ms.push(burst.time_ms);
            batch.price.push(burst.price);
            batch.qty.push(qty);
            batch.is_buyer_maker.push(burst.is_sell);
            agg_id.push(self.next_agg_id);
            let fills = underlying_trades(bits >> 32, qty, self.sizes.over_median(qty));
            first.push(self.next_trade_id);
            last.push(self.next_trade_id + fills - 1);
            self.next_agg_id += 1;
            self.next_trade_id += fills;
            if let Some(trades_per_gap) = self.config.trades_per_id_gap {
                self.skip_ids(trades_per_gap);
            }
            if burst.trades > 1 {
                let steps = if bits >> 56 < self.step_share { 2 + (bits >> 48 & 3) as i64 } else { 1 };
                burst.price += if burst.is_sell { -steps } else { steps };
                burst.trades -= 1;
                if burst.price > 0 {
                    self.burst = Some(burst);
                }
            }
        }
        batch.agg_id = Some(agg_id);
        batch.first_last_id = Some((first, last));
        batch
    }

    /// The next samples in order of `available_ms`: all that are available at the last trade handed out (nothing that
    /// comes later is available earlier); at the end of the stream the rest.
    pub fn take_indicators(&mut self) -> Vec<Sample> {
        self.indicators.take(if self.finished { i64::MAX } else { self.second_ms + SECOND_MS })
    }

    /// Moves on to the next taker order.
    fn next_burst(&mut self) -> Option<Burst> {
        loop {
            if self.finished {
                return None;
            }
            let rate = self.base_rate * self.second.activity * (1.0 + self.excitation);
            let left_ms = SECOND_MS as f64 - self.offset_ms;
            if self.hazard >= rate * left_ms {
                self.hazard -= rate * left_ms;
                self.decay(left_ms);
                self.next_second();
                continue;
            }
            let gap_ms = self.hazard / rate;
            self.offset_ms += gap_ms;
            self.decay(gap_ms);
            self.excitation = (self.excitation + EXCITATION_JUMP).min(EXCITATION_MOST);
            self.hazard = self.rng.exponential();
            let time_ms = self.second_ms + (self.offset_ms as i64).min(SECOND_MS - 1);
            if time_ms >= self.end_ms {
                self.finish();
                return None;
            }
            return Some(self.place_burst(time_ms));
        }
    }

    /// Chooses side, length and first price, and lets the order move the price.
    fn place_burst(&mut self, time_ms: i64) -> Burst {
        let second = self.second;
        let target = second.price[0] + (second.price[1] - second.price[0]) * self.offset_ms / SECOND_MS as f64;
        // Takers chase the price where it has not arrived yet.
        let pull = ((target - self.mid) / (3.0 * second.sigma_ticks + 1.0)).clamp(-1.0, 1.0);
        let bits = self.rng.bits();
        let repeats = bits.is_multiple_of(16);
        let buys = 0.5 * (1.0 + second.flow + 0.35 * pull);
        let is_sell = if repeats { self.last_is_sell } else { unit(bits) >= buys };
        self.last_is_sell = is_sell;
        let trades = self.burst_lengths[(bits >> 4 & 255) as usize];
        // One tick between bid and ask; buyers pay the ask.
        let bid = self.mid as i64;
        let impact = 0.2 + 0.4 * f64::from(trades - 1);
        self.mid += if is_sell { -impact } else { impact };
        self.mid += 0.06 * (target - self.mid);
        self.mid = self.mid.max(2.0);
        Burst { time_ms, is_sell, price: if is_sell { bid } else { bid + 1 }, trades }
    }

    fn decay(&mut self, gap_ms: f64) {
        // Measured in mean gaps of the moment, or busy hours would feed on themselves without end; 1/(1+x) instead of
        // exp(-x) is a longer memory without a transcendental function.
        self.excitation /= 1.0 + gap_ms * self.base_rate * self.second.activity / EXCITATION_GAPS;
    }

    fn next_second(&mut self) {
        self.second_ms += SECOND_MS;
        self.offset_ms = 0.0;
        if self.second_ms >= self.end_ms {
            self.finish();
            return;
        }
        self.second = self.market.step(self.second_ms);
        self.indicators.step(self.second_ms, self.mid, &self.market.mood());
    }

    fn finish(&mut self) {
        self.finished = true;
    }

    fn skip_ids(&mut self, trades_per_gap: u64) {
        let bits = self.rng.bits();
        if bits.is_multiple_of(trades_per_gap) {
            let skipped = 1 + (bits >> 40 & 31) as i64;
            self.next_agg_id += skipped;
            self.next_trade_id += 2 * skipped;
        }
    }
}

/// Underlying trades of a record: mostly one, more for large ones; `size` is the quantity over the median.
fn underlying_trades(bits: u64, qty: i64, size: u64) -> i64 {
    // Every second record was one fill; beyond that geometric, and never more than lots.
    let spread = 1 + i64::from((bits as u16 | 1 << 15).trailing_zeros());
    let doublings = i64::from(size.checked_ilog2().unwrap_or(0));
    (spread + doublings * (bits >> 16 & 3) as i64 / 2).min(qty)
}
