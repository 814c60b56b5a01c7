//! Words that every part of the core shares.

/// Milliseconds in a second, a minute, an hour, a day.
pub const SECOND_MS: i64 = 1_000;
/// Milliseconds in a minute.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds in a day.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// One aggregated trade on the grid of its symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade {
    /// The exchange's aggregated trade id, if the source has ids.
    pub agg_id: Option<i64>,
    /// UTC milliseconds.
    pub time_ms: i64,
    /// Price in ticks, > 0.
    pub price: i64,
    /// Quantity in lots, > 0.
    pub qty: i64,
    /// True when the taker sold.
    pub is_buyer_maker: bool,
    /// Underlying trades (`last id - first id + 1`), at least 1.
    pub count: u32,
}

/// Long or short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Side {
    /// Profits when the price rises.
    Long = 0,
    /// Profits when the price falls.
    Short = 1,
}

impl Side {
    /// +1 for long, -1 for short.
    #[inline]
    pub const fn sign(self) -> f64 {
        match self {
            Self::Long => 1.0,
            Self::Short => -1.0,
        }
    }

    /// The other side.
    #[inline]
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Long => Self::Short,
            Self::Short => Self::Long,
        }
    }

    /// `LONG` or `SHORT`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Long => "LONG",
            Self::Short => "SHORT",
        }
    }
}
