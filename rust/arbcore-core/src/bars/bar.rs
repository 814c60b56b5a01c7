//! Bars as integers of the grid, and their aggregation to longer intervals.

use super::interval::Interval;
use crate::error::{CoreError, Result};

/// What was traded on one side, in all or in one size tier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flow {
    /// Lots.
    pub volume: i128,
    /// Ticks x lots.
    pub notional: i128,
    /// Underlying trades.
    pub trades: i64,
}

impl Flow {
    /// Adds another flow; an error instead of an overflow.
    pub(super) fn add(&mut self, other: &Self) -> Result<()> {
        let overflow = || CoreError::input("bar sums exceed 128 bits: prices or quantities are not on a sane grid");
        self.volume = self.volume.checked_add(other.volume).ok_or_else(overflow)?;
        self.notional = self.notional.checked_add(other.notional).ok_or_else(overflow)?;
        self.trades = self.trades.checked_add(other.trades).ok_or_else(overflow)?;
        Ok(())
    }

    /// This flow without a part of it.
    pub(super) fn without(&self, part: &Self) -> Self {
        Self {
            volume: self.volume - part.volume,
            notional: self.notional - part.notional,
            trades: self.trades - part.trades,
        }
    }
}

/// Taker flow of one side: in all, and by size tier (tiers sum to the total).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SideFlow {
    /// All tiers.
    pub total: Flow,
    /// Tiers 1 to 4.
    pub tiers: [Flow; 4],
}

impl SideFlow {
    fn add(&mut self, other: &Self) -> Result<()> {
        self.total.add(&other.total)?;
        self.tiers.iter_mut().zip(&other.tiers).try_for_each(|(tier, part)| tier.add(part))
    }
}

/// One bar. Prices are ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// Start of the window, UTC milliseconds.
    pub open_ms: i64,
    /// First price.
    pub open: i64,
    /// Highest price.
    pub high: i64,
    /// Lowest price.
    pub low: i64,
    /// Last price.
    pub close: i64,
    /// Aggregated trades; 0 makes the bar `NoTrade`.
    pub records: i64,
    /// Taker buys.
    pub buy: SideFlow,
    /// Taker sells.
    pub sell: SideFlow,
}

impl Bar {
    /// A bar without trades at the close of the window before it.
    pub const fn without_trades(open_ms: i64, close: i64) -> Self {
        const NONE: Flow = Flow { volume: 0, notional: 0, trades: 0 };
        const SIDE: SideFlow = SideFlow { total: NONE, tiers: [NONE; 4] };
        Self { open_ms, open: close, high: close, low: close, close, records: 0, buy: SIDE, sell: SIDE }
    }

    /// Lots and ticks x lots of both sides.
    pub fn volume_and_notional(&self) -> Result<(i128, i128)> {
        let mut both = self.buy.total;
        both.add(&self.sell.total)?;
        Ok((both.volume, both.notional))
    }

    fn extend(&mut self, next: &Self) -> Result<()> {
        self.high = self.high.max(next.high);
        self.low = self.low.min(next.low);
        self.close = next.close;
        self.records += next.records;
        self.buy.add(&next.buy)?;
        self.sell.add(&next.sell)
    }
}

/// Folds consecutive 5-minute bars into a longer interval.
///
/// A window counts only if all its 5-minute bars are there, unless `partial`.
pub fn aggregate(base: &[Bar], interval: Interval, partial: bool) -> Result<Vec<Bar>> {
    let mut bars = Vec::with_capacity(base.len() / interval.parts() as usize + 2);
    for window in base.chunk_by(|a, b| interval.start_of(a.open_ms) == interval.start_of(b.open_ms)) {
        if !partial && window.len() as i64 != interval.parts() {
            continue;
        }
        let mut bar = window[0];
        bar.open_ms = interval.start_of(bar.open_ms);
        for part in &window[1..] {
            bar.extend(part)?;
        }
        bars.push(bar);
    }
    Ok(bars)
}
