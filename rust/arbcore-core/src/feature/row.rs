//! One evaluation's features.

use crate::grid::Grid;
use crate::types::{HOUR_MS, MINUTE_MS};

/// Places for CVD windows: the seven standard ones, then those that a caller names besides.
pub const MAX_WINDOWS: usize = 16;

/// The standard CVD windows; the discriminant is the index into [`FeatureRow::cvd`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Window {
    /// 5 minutes.
    M5 = 0,
    /// 15 minutes.
    M15 = 1,
    /// 30 minutes.
    M30 = 2,
    /// 1 hour.
    H1 = 3,
    /// 4 hours.
    H4 = 4,
    /// 24 hours.
    H24 = 5,
    /// Since 00:00 UTC.
    UtcDay = 6,
}

/// Names of the standard windows, in index order.
pub const WINDOW_NAMES: [&str; 7] = ["5m", "15m", "30m", "1h", "4h", "24h", "utc_day"];

impl Window {
    /// All standard windows in index order.
    pub const ALL: [Self; 7] = [Self::M5, Self::M15, Self::M30, Self::H1, Self::H4, Self::H24, Self::UtcDay];

    /// Length in milliseconds; `None` since 00:00 UTC.
    pub const fn length_ms(self) -> Option<i64> {
        match self {
            Self::M5 => Some(5 * MINUTE_MS),
            Self::M15 => Some(15 * MINUTE_MS),
            Self::M30 => Some(30 * MINUTE_MS),
            Self::H1 => Some(HOUR_MS),
            Self::H4 => Some(4 * HOUR_MS),
            Self::H24 => Some(24 * HOUR_MS),
            Self::UtcDay => None,
        }
    }

    /// `5m` … `utc_day`.
    pub const fn name(self) -> &'static str {
        WINDOW_NAMES[self as usize]
    }

    /// The window of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|w| w.name() == name)
    }
}

/// Values that come from indicator samples: absent without a fresh sample, never 0 for "missing".
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Indicators {
    /// (ask - bid)/mid in basis points.
    pub spread_bps: Option<f64>,
    /// Size-weighted price of the best level.
    pub microprice: Option<f64>,
    /// Quantity imbalance of the top 5 levels, -1..1.
    pub imbalance: Option<f64>,
    /// Quantity imbalance of the top 10 levels, -1..1.
    pub obi_10: Option<f64>,
    /// (spot mid - perp mark)/mark.
    pub spot_perp_divergence: Option<f64>,
    /// Accounts long over accounts short.
    pub long_short_ratio: Option<f64>,
    /// Share of the top traders' positions that is long, 0..1.
    pub top_trader_long: Option<f64>,
    /// Open interest value against 15 minutes before, as a fraction.
    pub oi_change: Option<f64>,
    /// Consecutive changes of open interest of one sign (negative: falls).
    pub oi_persist_n: Option<i32>,
    /// Coinbase price / Binance price - 1.
    pub coinbase_premium: Option<f64>,
    /// Latest funding rate.
    pub funding_rate: Option<f64>,
    /// Largest absolute funding rate seen.
    pub funding_rate_max_abs: Option<f64>,
    /// Liquidated longs of the last 5 minutes, USD.
    pub liq_long_usd: Option<f64>,
    /// Liquidated shorts of the last 5 minutes, USD.
    pub liq_short_usd: Option<f64>,
    /// Latest mark price.
    pub mark_price: Option<f64>,
    /// Bias of the funding-bias rule, -1..1.
    pub funding_bias: Option<f64>,
}

/// All features of one symbol at one evaluation time. Quantities are lots, prices ticks; see [`Grid`].
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureRow {
    /// Evaluation time, UTC milliseconds.
    pub t_ms: i64,
    /// The symbol's grid.
    pub grid: Grid,
    /// Last trade price, ticks.
    pub price: i64,
    /// Taker-buy minus taker-sell quantity by window index, lots.
    pub cvd: [i64; MAX_WINDOWS],
    /// Change of `cvd` since the previous evaluation.
    pub cvd_slope: [i64; MAX_WINDOWS],
    /// Change of `cvd_slope` since the previous evaluation.
    pub cvd_accel: [i64; MAX_WINDOWS],
    /// CVD of the spot tape, in that tape's lots; absent without a spot tape.
    pub spot_cvd: Option<[i64; MAX_WINDOWS]>,
    /// Volume-weighted price over 30 minutes, quote currency.
    pub vwap_30m: Option<f64>,
    /// Average true range of 5-minute candles, quote currency.
    pub atr_5m: Option<f64>,
    /// Average true range of 1-hour candles, quote currency.
    pub atr_1h: Option<f64>,
    /// Rank of `atr_5m` among its last 288 values, 0..100.
    pub atr_percentile: f64,
    /// Least `atr_percentile` over the last 12 candle closes (its value at each close).
    pub atr_percentile_min_12: f64,
    /// 95th percentile of trade quantity over 24 h with its floor, lots.
    pub p95_qty: i64,
    /// 99th percentile, lots.
    pub p99_qty: i64,
    /// (buy usd - sell usd)/(sum) over whale trades of 15 minutes.
    pub whale_ratio: f64,
    /// Large taker buys of the last 15 minutes.
    pub large_buy_count: u32,
    /// Large taker sells of the last 15 minutes.
    pub large_sell_count: u32,
    /// The greatest large buy, lots; 0 without one.
    pub large_buy_max: i64,
    /// The greatest large sell, lots; 0 without one.
    pub large_sell_max: i64,
    /// Taker-bought quantity of the last minute, lots.
    pub buy_vol_1m: i64,
    /// Taker-sold quantity of the last minute, lots.
    pub sell_vol_1m: i64,
    /// Trades of the last minute.
    pub trade_count_1m: u32,
    /// Quantity traded in 24 h, lots.
    pub volume_24h: i128,
    /// Closes of the last closed 1-hour candle and of the one before it, ticks.
    pub hour_closes: Option<[i64; 2]>,
    /// Absolute change of the 1-second return (liquidation-cascade rule).
    pub price_accel: Option<f64>,
    /// Values from indicator samples.
    pub indicators: Indicators,
    /// True until 24 h (or the chosen time) of trades are in.
    pub warmup: bool,
    /// True for 5 minutes after the liquidation-cascade detector fired; false where it is off.
    pub cascade: bool,
}

impl FeatureRow {
    /// A row of zeros and absences at `t_ms`, to be filled in.
    pub fn empty(t_ms: i64, grid: Grid) -> Self {
        Self {
            t_ms,
            grid,
            price: 0,
            cvd: [0; MAX_WINDOWS],
            cvd_slope: [0; MAX_WINDOWS],
            cvd_accel: [0; MAX_WINDOWS],
            spot_cvd: None,
            vwap_30m: None,
            atr_5m: None,
            atr_1h: None,
            atr_percentile: 50.0,
            atr_percentile_min_12: 50.0,
            p95_qty: 0,
            p99_qty: 0,
            whale_ratio: 0.0,
            large_buy_count: 0,
            large_sell_count: 0,
            large_buy_max: 0,
            large_sell_max: 0,
            buy_vol_1m: 0,
            sell_vol_1m: 0,
            trade_count_1m: 0,
            volume_24h: 0,
            hour_closes: None,
            price_accel: None,
            indicators: Indicators::default(),
            warmup: false,
            cascade: false,
        }
    }
}
