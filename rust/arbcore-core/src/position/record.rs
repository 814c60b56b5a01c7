//! What is kept of a position.

use crate::strategy::Tier;
use crate::types::Side;

/// State of a position; the last five are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Status {
    /// Open, nothing taken.
    Active = 0,
    /// Open, half taken.
    Tp1Hit,
    /// Stopped out before TP1.
    Sl,
    /// Stopped out after TP1.
    SlBe,
    /// Both take-profits.
    Tp,
    /// Out of time.
    Timeout,
    /// Closed by a signal of the other side.
    SignalFlip,
}

impl Status {
    /// All of them, in code order.
    pub const ALL: [Self; 7] =
        [Self::Active, Self::Tp1Hit, Self::Sl, Self::SlBe, Self::Tp, Self::Timeout, Self::SignalFlip];

    /// `active`, `tp1_hit`, `sl`, `sl_be`, `tp`, `timeout`, `signal_flip`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Tp1Hit => "tp1_hit",
            Self::Sl => "sl",
            Self::SlBe => "sl_be",
            Self::Tp => "tp",
            Self::Timeout => "timeout",
            Self::SignalFlip => "signal_flip",
        }
    }

    /// False once the position is closed.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Active | Self::Tp1Hit)
    }
}

/// One position from signal to exit: a row of `trades.parquet` without the names of strategy and symbol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TradeRecord {
    /// 1, 2, … in order of entry.
    pub trade_id: u64,
    /// Direction.
    pub side: Side,
    /// Total of the signal, tenths.
    pub score: i32,
    /// Size class.
    pub tier: Tier,
    /// The regime at the signal, as the discriminant of [`crate::strategy::Regime`].
    pub regime: u8,
    /// Time of the evaluation that gave the signal.
    pub signal_ms: i64,
    /// Time of the fill.
    pub entry_ms: i64,
    /// Price of the fill after slippage.
    pub entry_price: f64,
    /// Base currency.
    pub qty: f64,
    /// 1R as a price distance.
    pub risk_distance: f64,
    /// The stop as set at entry.
    pub sl_price: f64,
    /// First take-profit.
    pub tp1_price: f64,
    /// Second take-profit; with trailing the price at which trailing starts.
    pub tp2_price: f64,
    /// When half was taken.
    pub tp1_ms: Option<i64>,
    /// When the position closed; `None` while open, as for everything below that is an option.
    pub exit_ms: Option<i64>,
    /// Price of the last exit part after slippage.
    pub exit_price: Option<f64>,
    /// State.
    pub status: Status,
    /// Result before costs, in R.
    pub gross_r: Option<f64>,
    /// Fees, in R (a cost is positive).
    pub fee_r: Option<f64>,
    /// Funding paid, in R (a cost is positive).
    pub funding_r: Option<f64>,
    /// `gross_r - fee_r - funding_r`.
    pub pnl_r: Option<f64>,
    /// `pnl_r * qty * risk_distance`.
    pub pnl_usdt: Option<f64>,
}
