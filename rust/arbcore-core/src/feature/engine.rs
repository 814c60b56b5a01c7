//! The feature engine: follows a tape, snapshots exact running sums at grid edges, evaluates windows as differences.
//!
//! Evaluations stand on a grid and all windows are multiples of its step, so a window is the difference between
//! two snapshots and nothing is evicted trade by trade. `[t - w, t]` is closed at both ends: a snapshot at an
//! edge holds the sums of the trades *before* it, and the trades *at* it are counted right after.

use std::collections::VecDeque;

use super::candle::{Candles, Range};
use super::row::{FeatureRow, MAX_WINDOWS, Window};
use super::scan::{Sums, Thresholds, scan};
use super::tail::Tail;
use crate::error::{CoreError, Result};
use crate::grid::{Grid, POW10, ratio};
use crate::tape::{Segment, Tape};
use crate::types::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Trade};

/// Largest quantity (lots) a window may sum to: slopes and accelerations of it still fit `i64`.
const QTY_LIMIT: i128 = 1 << 61;

/// What a feature engine computes, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureConfig {
    /// Milliseconds between evaluations, whole seconds.
    pub eval_interval_ms: i64,
    /// CVD windows besides the standard ones, milliseconds, whole seconds, at most 24 h.
    pub extra_windows_ms: Vec<i64>,
    /// Milliseconds of trades before the first signal is allowed.
    pub warmup_ms: i64,
    /// Least values of `p95_qty` and `p99_qty`, lots.
    pub percentile_floors: (i64, i64),
    /// Least notional of a whale trade, quote currency.
    pub whale_usd: i64,
    /// Compute `price_accel` (costs two look-ups an evaluation).
    pub price_accel: bool,
}

impl FeatureConfig {
    /// The standard features of `symbol`: 15 s, 24 h of warm-up, the symbol's percentile floors.
    pub fn standard(symbol: &str, grid: Grid) -> Self {
        let floors = if symbol.starts_with("BTC") { (5, 10) } else { (50, 100) };
        let lots = |units: i64| units.saturating_mul(POW10[grid.qty_decimals as usize]);
        Self {
            eval_interval_ms: 15 * SECOND_MS,
            extra_windows_ms: Vec::new(),
            warmup_ms: DAY_MS,
            percentile_floors: (lots(floors.0), lots(floors.1)),
            whale_usd: 100_000,
            price_accel: false,
        }
    }

    fn check(&self) -> Result<()> {
        let whole_seconds = |ms: i64| ms > 0 && ms % SECOND_MS == 0;
        if !whole_seconds(self.eval_interval_ms) || self.eval_interval_ms > DAY_MS {
            let ms = self.eval_interval_ms;
            return Err(CoreError::config(format!("every = {ms} ms: must be whole seconds from 1 s to 24 h")));
        }
        if self.extra_windows_ms.len() > MAX_WINDOWS - Window::ALL.len() {
            let (n, most) = (self.extra_windows_ms.len(), MAX_WINDOWS - Window::ALL.len());
            return Err(CoreError::config(format!("windows = {n} of them: at most {most} besides the standard ones")));
        }
        if let Some(ms) = self.extra_windows_ms.iter().find(|&&ms| !whole_seconds(ms) || ms > DAY_MS) {
            return Err(CoreError::config(format!("window = {ms} ms: must be whole seconds from 1 s to 24 h")));
        }
        if self.warmup_ms < 0 {
            return Err(CoreError::config(format!("warmup = {} ms: must not be negative", self.warmup_ms)));
        }
        Ok(())
    }
}

/// Running totals before the trades of an edge.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Snapshot {
    sums: Sums,
    whale_buy: i128,
    whale_sell: i128,
    /// Trades before the edge, and up to and including it.
    pub(super) count: u64,
    pub(super) count_through: u64,
    /// Position in the tail before the edge, and up to and including it.
    pub(super) tail: u64,
    pub(super) tail_through: u64,
}

/// What happened next on the tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The trades `from..to` (of one chunk) were taken in.
    Trades {
        /// Index of the first.
        from: u64,
        /// Index after the last.
        to: u64,
        /// Lowest price among them.
        low: i64,
        /// Highest price among them.
        high: i64,
    },
    /// All trades up to this time are in: [`FeatureEngine::evaluate`] is due.
    Evaluation(i64),
    /// The tape has to grow first.
    Pending,
}

/// Features of one symbol's tape.
#[derive(Debug, Clone)]
pub struct FeatureEngine {
    config: FeatureConfig,
    grid: Grid,
    step_ms: i64,
    windows: Vec<i64>,
    whale_threshold: i128,
    cursor: u64,
    next_edge_ms: i64,
    /// The trades at `next_edge_ms` itself are being taken in.
    at_edge: bool,
    started: bool,
    first_time_ms: i64,
    now: Snapshot,
    price: i64,
    snapshots: VecDeque<Snapshot>,
    first_snapshot_ms: i64,
    five_minutes: Candles,
    hours: Candles,
    tail: Tail,
    picked: Vec<u32>,
    evaluations: u64,
    cvd: [i64; MAX_WINDOWS],
    slope: [i64; MAX_WINDOWS],
}

impl FeatureEngine {
    /// An engine for a tape on `grid`.
    pub fn new(config: FeatureConfig, grid: Grid) -> Result<Self> {
        config.check()?;
        let step_ms = config.extra_windows_ms.iter().fold(gcd(config.eval_interval_ms, MINUTE_MS), |g, &w| gcd(g, w));
        let mut windows: Vec<i64> = Window::ALL.iter().map(|w| w.length_ms().unwrap_or(0)).collect();
        windows.extend(&config.extra_windows_ms);
        let scale = i128::from(POW10[grid.price_decimals as usize]) * i128::from(POW10[grid.qty_decimals as usize]);
        let whale_threshold = i128::from(config.whale_usd) * scale;
        Ok(Self {
            grid,
            step_ms,
            windows,
            whale_threshold,
            cursor: 0,
            next_edge_ms: 0,
            at_edge: false,
            started: false,
            first_time_ms: 0,
            now: Snapshot::default(),
            price: 0,
            snapshots: VecDeque::new(),
            first_snapshot_ms: 0,
            five_minutes: Candles::new(),
            hours: Candles::new(),
            tail: Tail::new(),
            picked: Vec::new(),
            evaluations: 0,
            cvd: [0; MAX_WINDOWS],
            slope: [0; MAX_WINDOWS],
            config,
        })
    }

    /// What the engine computes.
    pub fn config(&self) -> &FeatureConfig {
        &self.config
    }

    /// Index of the next trade that the engine will take in.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Trades from this time on may still be needed.
    pub fn keep_from_ms(&self) -> i64 {
        self.next_edge_ms - DAY_MS - 2 * self.step_ms.max(self.config.eval_interval_ms)
    }

    /// Goes one step along `tape`. All trades up to and including `complete_ms` are known to be on it: an edge at
    /// or before that time may be closed although no later trade has come. While more trades of the last
    /// time may come, pass one millisecond less.
    #[inline]
    pub fn step(&mut self, tape: &Tape, complete_ms: i64) -> Step {
        if !self.started {
            let Some(first) = tape.first_time_ms() else { return Step::Pending };
            self.started = true;
            self.first_time_ms = first;
            self.next_edge_ms = first.div_euclid(self.step_ms) * self.step_ms;
            if self.next_edge_ms < first {
                self.next_edge_ms += self.step_ms;
            }
            self.first_snapshot_ms = self.next_edge_ms;
        }
        loop {
            let bound = self.next_edge_ms + i64::from(self.at_edge);
            if self.cursor < tape.len() {
                let segment = tape.segment_from(self.cursor);
                let n = segment.count_before(0, bound);
                if n > 0 {
                    let from = self.cursor;
                    let range = self.take(tape, &segment.slice(0, n));
                    return Step::Trades { from, to: self.cursor, low: range.low, high: range.high };
                }
            } else if complete_ms < self.next_edge_ms {
                return Step::Pending;
            }
            if !self.at_edge {
                self.reach_edge();
                self.at_edge = true;
                continue;
            }
            self.at_edge = false;
            if let Some(last) = self.snapshots.back_mut() {
                last.count_through = self.now.count;
                last.tail_through = self.tail.end();
            }
            let t_ms = self.next_edge_ms;
            self.next_edge_ms += self.step_ms;
            if t_ms % self.config.eval_interval_ms == 0 {
                return Step::Evaluation(t_ms);
            }
        }
    }

    /// Takes in trades of one bucket, or of one edge.
    #[inline]
    fn take(&mut self, tape: &Tape, segment: &Segment<'_>) -> Range {
        let (price_max, qty_max) = tape.bounds_at(self.cursor);
        let thresholds = Thresholds { tail_floor: self.tail.floor(), whale: self.whale_threshold, price_max, qty_max };
        let mut picked = std::mem::take(&mut self.picked);
        let range = scan(segment, &thresholds, &mut self.now.sums, &mut picked);
        for &i in &picked {
            let (price, signed) = (segment.price(i as usize), segment.signed_qty(i as usize));
            let size = signed.abs();
            if size >= thresholds.tail_floor {
                self.tail.push(signed);
            }
            let notional = i128::from(price) * i128::from(size);
            if notional >= self.whale_threshold {
                let side = if signed > 0 { &mut self.now.whale_buy } else { &mut self.now.whale_sell };
                *side += notional;
            }
        }
        self.picked = picked;
        self.now.count += segment.len() as u64;
        self.cursor += segment.len() as u64;
        self.price = range.close;
        self.five_minutes.add(range);
        self.hours.add(range);
        range
    }

    /// Takes in the trade just pushed onto `tape`, when it is the only one outstanding and lies before the next
    /// edge; otherwise does nothing and the caller goes by [`FeatureEngine::step`].
    #[inline]
    pub fn take_last(&mut self, tape: &Tape, trade: &Trade) -> bool {
        if self.at_edge || !self.started || self.cursor + 1 != tape.len() {
            return false;
        }
        let time_ms = tape.last_time_ms().unwrap_or(i64::MAX);
        if time_ms >= self.next_edge_ms {
            return false;
        }
        let signed = if trade.is_buyer_maker { -trade.qty } else { trade.qty };
        let notional = i128::from(trade.price) * i128::from(trade.qty);
        let sums = &mut self.now.sums;
        sums.signed += i128::from(signed);
        sums.volume += i128::from(trade.qty);
        sums.notional += notional;
        if trade.qty >= self.tail.floor() {
            self.tail.push(signed);
        }
        if notional >= self.whale_threshold {
            let side = if signed > 0 { &mut self.now.whale_buy } else { &mut self.now.whale_sell };
            *side += notional;
        }
        self.now.count += 1;
        self.cursor += 1;
        self.price = trade.price;
        let range = Range { high: trade.price, low: trade.price, close: trade.price };
        self.five_minutes.add(range);
        self.hours.add(range);
        true
    }

    /// All trades before the edge are in.
    fn reach_edge(&mut self) {
        let tail = self.tail.end();
        self.snapshots.push_back(Snapshot { tail, tail_through: tail, count_through: self.now.count, ..self.now });
        if self.next_edge_ms % (5 * MINUTE_MS) == 0 {
            self.five_minutes.close();
        }
        if self.next_edge_ms % HOUR_MS == 0 {
            self.hours.close();
        }
        let keep = self.next_edge_ms - DAY_MS - self.config.eval_interval_ms;
        while self.first_snapshot_ms < keep && self.snapshots.len() > 1 {
            self.snapshots.pop_front();
            self.first_snapshot_ms += self.step_ms;
        }
    }

    /// Position of the snapshot at `at_ms` in the ring; `None` before the first trade.
    #[inline]
    fn position(&self, at_ms: i64) -> Option<usize> {
        (at_ms >= self.first_snapshot_ms).then(|| ((at_ms - self.first_snapshot_ms) / self.step_ms) as usize)
    }

    #[inline]
    fn snapshot(&self, at_ms: i64) -> Snapshot {
        self.position(at_ms).map_or_else(Snapshot::default, |i| self.snapshots[i])
    }

    /// Fills `row` with the features at `t_ms`, the time of the [`Step::Evaluation`] just given.
    /// Indicators, the spot tape's CVD and the cascade flag are left as they are.
    ///
    /// # Errors
    /// When the quantities of a window exceed 2^61 lots.
    pub fn evaluate(&mut self, tape: &Tape, t_ms: i64, row: &mut FeatureRow) -> Result<()> {
        row.t_ms = t_ms;
        row.grid = self.grid;
        row.price = self.price;
        row.warmup = t_ms - self.first_time_ms < self.config.warmup_ms;
        self.evaluate_cvd(t_ms, row)?;

        let price_scale = i128::from(POW10[self.grid.price_decimals as usize]);
        let from_30m = self.snapshot(t_ms - 30 * MINUTE_MS).sums;
        let volume = self.now.sums.volume - from_30m.volume;
        row.vwap_30m =
            (volume > 0).then(|| ratio_wide_scale(self.now.sums.notional - from_30m.notional, volume, price_scale));
        row.atr_5m = self.five_minutes.atr_ticks().map(|ticks| ticks / price_scale as f64);
        row.atr_1h = self.hours.atr_ticks().map(|ticks| ticks / price_scale as f64);
        row.atr_percentile = self.five_minutes.percentile();
        row.atr_percentile_min_12 = self.five_minutes.percentile_min_12();
        row.hour_closes = self.hours.last_closes();

        let from_15m = self.snapshot(t_ms - 15 * MINUTE_MS);
        let (buy, sell) = (self.now.whale_buy - from_15m.whale_buy, self.now.whale_sell - from_15m.whale_sell);
        row.whale_ratio = if buy + sell > 0 { ratio(buy - sell, buy + sell) } else { 0.0 };

        let from_1m = self.snapshot(t_ms - MINUTE_MS);
        let (signed, volume) = (self.now.sums.signed - from_1m.sums.signed, self.now.sums.volume - from_1m.sums.volume);
        row.buy_vol_1m = fit(i128::midpoint(volume, signed))?;
        row.sell_vol_1m = fit((volume - signed) / 2)?;
        row.trade_count_1m = (self.now.count - from_1m.count).min(u64::from(u32::MAX)) as u32;

        self.evaluate_sizes(tape, t_ms, row)?;
        row.price_accel = if self.config.price_accel { self.price_accel(tape, t_ms) } else { None };
        self.evaluations += 1;
        Ok(())
    }

    fn evaluate_cvd(&mut self, t_ms: i64, row: &mut FeatureRow) -> Result<()> {
        for (i, &window) in self.windows.iter().enumerate() {
            let start = if window == 0 { t_ms - t_ms.rem_euclid(DAY_MS) } else { t_ms - window };
            let from = self.position(start).map_or(0, |at| self.snapshots[at].sums.signed);
            let cvd = fit(self.now.sums.signed - from)?;
            let slope = if self.evaluations > 0 { cvd - self.cvd[i] } else { 0 };
            let accel = if self.evaluations > 1 { slope - self.slope[i] } else { 0 };
            (row.cvd[i], row.cvd_slope[i], row.cvd_accel[i]) = (cvd, slope, accel);
            (self.cvd[i], self.slope[i]) = (cvd, slope);
        }
        Ok(())
    }

    /// Percentiles of quantity, and the large trades above them.
    fn evaluate_sizes(&mut self, tape: &Tape, t_ms: i64, row: &mut FeatureRow) -> Result<()> {
        let day = self.snapshot(t_ms - DAY_MS);
        row.volume_24h = self.now.sums.volume - day.sums.volume;
        fit(row.volume_24h)?;
        self.tail.expire(day.tail);
        let n = self.now.count - day.count;
        let (floor_95, floor_99) = self.config.percentile_floors;
        (row.p95_qty, row.p99_qty) = if n < 100 {
            let unit = POW10[self.grid.qty_decimals as usize];
            (unit.saturating_mul(5), unit.saturating_mul(10))
        } else {
            let (p95, p99) = if let Some(found) = self.tail.percentiles(n) {
                found
            } else {
                self.rebuild_tail(tape, t_ms, i64::MAX);
                self.tail.percentiles(n).ok_or_else(|| {
                    CoreError::Internal(format!("percentiles of {n} trades at {t_ms}: the tail is too short"))
                })?
            };
            (p95.max(floor_95), p99.max(floor_99))
        };
        if row.p99_qty < self.tail.floor() {
            // Fewer than 100 trades are left of a busier time: every large one must be among those counted.
            self.rebuild_tail(tape, t_ms, row.p99_qty);
        }
        // Looked up only now: a rebuild renumbers the positions.
        let after_15m = self.position(t_ms - 15 * MINUTE_MS).map_or(0, |i| self.snapshots[i].tail_through);
        let large = self.tail.large(after_15m, row.p99_qty);
        row.large_buy_count = large.buys;
        row.large_sell_count = large.sells;
        row.large_buy_max = large.buy_max;
        row.large_sell_max = large.sell_max;
        self.tail.thin_out(n);
        Ok(())
    }

    /// Collects the tail of the 24 h window anew with a lower floor, at most `floor_max`.
    #[cold]
    fn rebuild_tail(&mut self, tape: &Tape, t_ms: i64, floor_max: i64) {
        let from = self.position(t_ms - DAY_MS);
        let start = from.map_or(0, |i| self.snapshots[i].count);
        let edges = self.snapshots.range_mut(from.unwrap_or(0)..);
        self.tail.rebuild(tape, start, self.now.count, floor_max, edges);
    }

    fn price_accel(&self, tape: &Tape, t_ms: i64) -> Option<f64> {
        let price_at = |ms: i64| {
            let index = tape.first_at_or_after(ms + 1);
            (index > tape.start()).then(|| self.grid.price(tape.price(index - 1)))
        };
        if t_ms - 2 * SECOND_MS < self.first_time_ms {
            return None;
        }
        let now = self.grid.price(self.price);
        let (one, two) = (price_at(t_ms - SECOND_MS)?, price_at(t_ms - 2 * SECOND_MS)?);
        Some(((now / one - 1.0) - (one / two - 1.0)).abs())
    }
}

/// `numerator / (denominator * scale)`, correctly rounded.
fn ratio_wide_scale(numerator: i128, denominator: i128, scale: i128) -> f64 {
    match denominator.checked_mul(scale) {
        Some(product) => ratio(numerator, product),
        // Beyond any market: two roundings instead of one.
        None => ratio(numerator, denominator) / scale as f64,
    }
}

fn fit(lots: i128) -> Result<i64> {
    if lots.abs() > QTY_LIMIT {
        return Err(CoreError::input(format!(
            "a window sums to {lots} lots, more than 2^61: choose a grid with fewer qty_decimals"
        )));
    }
    Ok(lots as i64)
}

const fn gcd(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
