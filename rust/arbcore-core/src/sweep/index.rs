//! What a sweep needs of a column of trades.

use crate::tape::Tape;

/// Trades in order, all in memory. Times never fall; prices are ticks.
pub trait TradeIndex: Sync {
    /// Number of trades.
    fn len(&self) -> usize;

    /// Time of trade `i`.
    fn time_ms(&self, i: usize) -> i64;

    /// Price of trade `i`.
    fn price(&self, i: usize) -> i64;

    /// True without trades.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Index of the first trade later than `time_ms`; `len` without one.
    fn first_after(&self, time_ms: i64) -> usize {
        first_after_within(self, 0, self.len(), time_ms)
    }

    /// First trade of `from..to` with a price `<= low` or `>= high`.
    ///
    /// The range never crosses a multiple of 32, so chunked columns may serve it from one slice.
    fn find_outside(&self, from: usize, to: usize, low: i64, high: i64) -> Option<usize> {
        (from..to).find(|&i| {
            let price = self.price(i);
            price <= low || price >= high
        })
    }

    /// Least and greatest price of the non-empty range `from..to`, which never crosses a multiple of 32.
    fn price_range(&self, from: usize, to: usize) -> (i64, i64) {
        (from..to).fold((i64::MAX, i64::MIN), |(least, greatest), i| {
            let price = self.price(i);
            (least.min(price), greatest.max(price))
        })
    }
}

/// Index of the first trade of `from..to` later than `time_ms`; `to` without one.
pub(super) fn first_after_within<T: TradeIndex + ?Sized>(trades: &T, from: usize, to: usize, time_ms: i64) -> usize {
    let (mut from, mut to) = (from, to);
    while from < to {
        let middle = from + (to - from) / 2;
        if trades.time_ms(middle) > time_ms {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    from
}

/// Index of the first trade from `from` on later than `time_ms`, found by doubling steps: for times that rise.
pub(super) fn gallop_after<T: TradeIndex + ?Sized>(trades: &T, from: usize, time_ms: i64) -> usize {
    let (mut low, mut step) = (from, 64);
    while low + step < trades.len() && trades.time_ms(low + step) <= time_ms {
        low += step;
        step *= 2;
    }
    first_after_within(trades, low, (low + step).min(trades.len()), time_ms)
}

/// The plainest index: one vector each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TradeColumns {
    /// Times, never falling.
    pub time_ms: Vec<i64>,
    /// Prices in ticks, as many as times.
    pub price: Vec<i64>,
}

impl TradeIndex for TradeColumns {
    fn len(&self) -> usize {
        self.time_ms.len()
    }

    #[inline]
    fn time_ms(&self, i: usize) -> i64 {
        self.time_ms[i]
    }

    #[inline]
    fn price(&self, i: usize) -> i64 {
        self.price[i]
    }

    #[inline]
    fn find_outside(&self, from: usize, to: usize, low: i64, high: i64) -> Option<usize> {
        self.price[from..to].iter().position(|&price| price <= low || price >= high).map(|offset| from + offset)
    }

    #[inline]
    fn price_range(&self, from: usize, to: usize) -> (i64, i64) {
        // Two passes over what is then in the cache: each becomes branch-free code, both together do not.
        let prices = &self.price[from..to];
        let least = prices.iter().fold(i64::MAX, |least, &price| least.min(price));
        let greatest = prices.iter().fold(i64::MIN, |greatest, &price| greatest.max(price));
        (least, greatest)
    }
}

/// A tape from which nothing was dropped. Chunks hold a multiple of 32 trades, so ranges stay within one.
impl TradeIndex for Tape {
    fn len(&self) -> usize {
        Self::len(self) as usize
    }

    #[inline]
    fn time_ms(&self, i: usize) -> i64 {
        Self::time_ms(self, i as u64)
    }

    #[inline]
    fn price(&self, i: usize) -> i64 {
        Self::price(self, i as u64)
    }

    fn first_after(&self, time_ms: i64) -> usize {
        self.first_at_or_after(time_ms.saturating_add(1)) as usize
    }

    #[inline]
    fn find_outside(&self, from: usize, to: usize, low: i64, high: i64) -> Option<usize> {
        let found = self.segment_from(from as u64).slice(0, to - from).next_outside(0, low, high);
        found.map(|offset| from + offset)
    }

    #[inline]
    fn price_range(&self, from: usize, to: usize) -> (i64, i64) {
        self.segment_from(from as u64).slice(0, to - from).price_range()
    }
}
