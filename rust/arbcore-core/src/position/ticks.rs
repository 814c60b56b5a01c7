//! From levels in `f64` to exact thresholds in ticks.
//!
//! A position compares `grid.price(ticks)` with a level. That function never falls as ticks rise, so each
//! comparison flips at one tick; found here with the very same comparison, integer searches and the
//! machine can never disagree.

use crate::grid::{Grid, POW10};

/// The trades that can change a state: price `<= low`, or price `>= high`, or time `>= deadline_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Triggers {
    /// Highest price in ticks that triggers from below; `i64::MIN` for none.
    pub low: i64,
    /// Lowest price in ticks that triggers from above; `i64::MAX` for none.
    pub high: i64,
    /// First time that triggers whatever the price.
    pub deadline_ms: i64,
}

impl Triggers {
    /// Only a time triggers.
    pub const fn at_time(deadline_ms: i64) -> Self {
        Self { low: i64::MIN, high: i64::MAX, deadline_ms }
    }

    /// True when a trade at `price` and `time_ms` may change the state.
    #[inline]
    pub const fn hit(&self, time_ms: i64, price: i64) -> bool {
        price <= self.low || price >= self.high || time_ms >= self.deadline_ms
    }
}

/// A tick close to `level`, at most a few representable values off.
fn guess(grid: Grid, level: f64) -> i64 {
    // `as` saturates; the walks below correct what rounding did.
    ((level * POW10[grid.price_decimals as usize] as f64) as i64).clamp(0, i64::MAX - 1)
}

/// The greatest tick whose price is `<= level`; -1 when no tick from 0 on is.
pub(crate) fn last_at_or_below(grid: Grid, level: f64) -> i64 {
    if level < 0.0 {
        return -1;
    }
    let mut tick = guess(grid, level);
    while tick > 0 && grid.price(tick) > level {
        tick -= 1;
    }
    while tick < i64::MAX && grid.price(tick + 1) <= level {
        tick += 1;
    }
    tick
}

/// The least tick from 0 on whose price is `>= level`; `i64::MAX` when there is none.
pub(crate) fn first_at_or_above(grid: Grid, level: f64) -> i64 {
    if level <= 0.0 {
        return 0;
    }
    let mut tick = guess(grid, level);
    while tick > 0 && grid.price(tick - 1) >= level {
        tick -= 1;
    }
    while tick < i64::MAX && grid.price(tick) < level {
        tick += 1;
    }
    tick
}

/// The greatest tick whose price is `< level`.
pub(crate) fn last_below(grid: Grid, level: f64) -> i64 {
    first_at_or_above(grid, level) - 1
}

/// The least tick whose price is `> level`.
pub(crate) fn first_above(grid: Grid, level: f64) -> i64 {
    last_at_or_below(grid, level).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_where_the_comparison_flips() {
        let grid = Grid { price_decimals: 2, qty_decimals: 3 };
        assert_eq!(last_at_or_below(grid, 100.0), 10_000);
        assert_eq!(first_above(grid, 100.0), 10_001);
        assert_eq!(first_at_or_above(grid, 100.0), 10_000);
        assert_eq!(last_below(grid, 100.0), 9_999);
        // 0.29 * 100 is 28.999999999999996 in f64, yet tick 29 is the f64 0.29.
        assert_eq!(last_at_or_below(grid, 0.29), 29);
        assert_eq!(first_at_or_above(grid, 0.29), 29);
        assert_eq!(last_at_or_below(grid, 0.290_000_000_000_000_1), 29);
        assert_eq!(first_at_or_above(grid, 0.290_000_000_000_000_1), 30);
    }

    #[test]
    fn levels_outside_the_prices_never_trigger() {
        let grid = Grid { price_decimals: 8, qty_decimals: 0 };
        assert_eq!(last_at_or_below(grid, -3.0), -1);
        assert_eq!(last_below(grid, -3.0), -1);
        assert_eq!(first_at_or_above(grid, 1e300), i64::MAX);
        assert_eq!(first_above(grid, 1e300), i64::MAX);
    }

    #[test]
    fn ticks_beyond_the_exact_integers_of_f64_stay_consistent() {
        let grid = Grid { price_decimals: 0, qty_decimals: 0 };
        let level = 9_007_199_254_740_996.0; // 2^53 + 4
        let tick = last_at_or_below(grid, level);
        assert!(grid.price(tick) <= level && grid.price(tick + 1) > level);
        let tick = first_at_or_above(grid, level);
        assert!(grid.price(tick) >= level && grid.price(tick - 1) < level);
    }
}
