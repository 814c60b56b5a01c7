//! Indicator samples: what comes beside the trades, in one event stream with them.

mod funding;
mod state;

pub use funding::{FundingBias, Settlement, Settlements};
pub use state::{Freshness, IndicatorState};

use crate::error::{CoreError, Result};

/// What a sample measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SampleKind {
    /// Accounts long over accounts short.
    LongShortRatio = 0,
    /// Share of the top traders' positions that is long.
    TopTraderLong,
    /// Open interest in USD.
    OpenInterestValue,
    /// Ready-made change of open interest.
    OiChange,
    /// Coinbase price / Binance price - 1.
    CoinbasePremium,
    /// Funding rate.
    FundingRate,
    /// Mark price of the perpetual.
    MarkPrice,
    /// Mid price of the spot market.
    SpotMid,
    /// Ready-made (spot mid - perp mark)/mark.
    SpotPerpDivergence,
    /// Imbalance of the top 10 levels.
    Obi10,
    /// Spread in basis points.
    SpreadBps,
    /// Size-weighted price of the best level.
    Microprice,
    /// Imbalance of the top 5 levels.
    Imbalance,
    /// A liquidated long, USD.
    LiqLongUsd,
    /// A liquidated short, USD.
    LiqShortUsd,
}

/// Kinds with their names in files, in discriminant order.
pub const SAMPLE_NAMES: [&str; 15] = [
    "long_short_ratio",
    "top_trader_long",
    "open_interest_value",
    "oi_change",
    "coinbase_premium",
    "funding_rate",
    "mark_price",
    "spot_mid",
    "spot_perp_divergence",
    "obi_10",
    "spread_bps",
    "microprice",
    "imbalance",
    "liq_long_usd",
    "liq_short_usd",
];

impl SampleKind {
    /// All kinds in discriminant order.
    pub const ALL: [Self; 15] = [
        Self::LongShortRatio,
        Self::TopTraderLong,
        Self::OpenInterestValue,
        Self::OiChange,
        Self::CoinbasePremium,
        Self::FundingRate,
        Self::MarkPrice,
        Self::SpotMid,
        Self::SpotPerpDivergence,
        Self::Obi10,
        Self::SpreadBps,
        Self::Microprice,
        Self::Imbalance,
        Self::LiqLongUsd,
        Self::LiqShortUsd,
    ];

    /// Name in files.
    pub const fn name(self) -> &'static str {
        SAMPLE_NAMES[self as usize]
    }

    /// The kind of that name; `open_interest` also names [`SampleKind::OpenInterestValue`].
    pub fn parse(name: &str) -> Result<Self> {
        if name == "open_interest" {
            return Ok(Self::OpenInterestValue);
        }
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            CoreError::input(format!("indicator name = {name:?}: must be one of {}", SAMPLE_NAMES.join(", ")))
        })
    }

    /// Why `value` cannot be a sample of this kind, if it cannot.
    pub fn refuse(self, value: f64) -> Option<&'static str> {
        let holds = match self {
            _ if !value.is_finite() => return Some("must be a finite number"),
            Self::LongShortRatio | Self::OpenInterestValue | Self::SpreadBps | Self::LiqLongUsd | Self::LiqShortUsd => {
                value >= 0.0
            }
            Self::MarkPrice | Self::SpotMid | Self::Microprice => value > 0.0,
            Self::TopTraderLong => (0.0..=1.0).contains(&value),
            Self::Obi10 | Self::Imbalance => (-1.0..=1.0).contains(&value),
            Self::OiChange | Self::CoinbasePremium | Self::FundingRate | Self::SpotPerpDivergence => true,
        };
        if holds {
            return None;
        }
        Some(match self {
            Self::TopTraderLong => "must be between 0 and 1",
            Self::Obi10 | Self::Imbalance => "must be between -1 and 1",
            Self::MarkPrice | Self::SpotMid | Self::Microprice => "must be above 0",
            _ => "must not be negative",
        })
    }
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Time measured, UTC milliseconds.
    pub time_ms: i64,
    /// Time from which it counts, UTC milliseconds.
    pub available_ms: i64,
    /// What it measures.
    pub kind: SampleKind,
    /// Value in the unit of its kind.
    pub value: f64,
}
