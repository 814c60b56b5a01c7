//! Size tiers of trades.

use crate::error::{CoreError, Result};
use crate::grid::{Grid, POW10};

/// Upper bounds (inclusive) of the first three size tiers, in CNY, and the exchange rate to the dollar.
///
/// The rate is a decimal, `rate_units / 10^rate_decimals`, so that the comparison with a trade's value in
/// ticks x lots is one of integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierBounds {
    bounds_cny: [i64; 3],
    rate_units: i64,
    rate_decimals: u32,
}

impl Default for TierBounds {
    /// 40,000, 200,000 and 1,000,000 CNY at 7.0 CNY to the dollar.
    fn default() -> Self {
        Self { bounds_cny: [40_000, 200_000, 1_000_000], rate_units: 7, rate_decimals: 0 }
    }
}

impl TierBounds {
    /// Bounds in whole CNY, ascending, at `rate_units / 10^rate_decimals` CNY to the dollar.
    pub fn new(bounds_cny: [i64; 3], rate_units: i64, rate_decimals: u32) -> Result<Self> {
        if bounds_cny[0] <= 0 || bounds_cny[0] >= bounds_cny[1] || bounds_cny[1] >= bounds_cny[2] {
            return Err(CoreError::config(format!("tier bounds {bounds_cny:?} CNY: must be positive and ascending")));
        }
        if rate_units <= 0 || rate_decimals > 9 {
            return Err(CoreError::config(format!(
                "CNY rate {rate_units}e-{rate_decimals}: must be positive, with at most 9 decimals"
            )));
        }
        Ok(Self { bounds_cny, rate_units, rate_decimals })
    }

    /// The greatest values in ticks x lots that still belong to tiers 1, 2 and 3 on that grid.
    ///
    /// `value / 10^(price_decimals + qty_decimals) * rate <= bound` holds for exactly the integers up to the floor.
    pub(super) fn limits(self, grid: Grid) -> [i128; 3] {
        let decimals = grid.price_decimals + grid.qty_decimals + self.rate_decimals;
        self.bounds_cny.map(|bound| scaled_floor(i128::from(bound), decimals, i128::from(self.rate_units)))
    }
}

/// `floor(value * 10^decimals / divisor)`, or `i128::MAX` beyond it; digit by digit, so nothing overflows on the way.
fn scaled_floor(value: i128, decimals: u32, divisor: i128) -> i128 {
    let (mut quotient, mut remainder) = (value / divisor, value % divisor);
    for _ in 0..decimals {
        remainder *= i128::from(POW10[1]);
        match quotient.checked_mul(10).and_then(|q| q.checked_add(remainder / divisor)) {
            Some(q) => quotient = q,
            None => return i128::MAX,
        }
        remainder %= divisor;
    }
    quotient
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_the_floor_of_the_exact_bound() {
        let limits = TierBounds::default().limits(Grid::new(1, 3).unwrap());
        assert_eq!(limits, [57_142_857, 285_714_285, 1_428_571_428]);
        let even = TierBounds::new([70, 140, 700], 70, 1).unwrap();
        assert_eq!(even.limits(Grid::new(0, 0).unwrap()), [10, 20, 100]);
    }

    #[test]
    fn limits_beyond_i128_admit_every_trade() {
        let wide = TierBounds::new([1, 2, i64::MAX], 1, 9).unwrap();
        assert_eq!(wide.limits(Grid::new(18, 18).unwrap())[2], i128::MAX);
    }

    #[test]
    fn refuses_bounds_that_do_not_ascend() {
        assert!(TierBounds::new([1, 1, 2], 7, 0).is_err());
        assert!(TierBounds::new([0, 1, 2], 7, 0).is_err());
        assert!(TierBounds::new([1, 2, 3], 0, 0).is_err());
        assert!(TierBounds::new([1, 2, 3], 7, 10).is_err());
    }
}
