//! The integer grid of a symbol, and the one boundary where its integers become `f64`.

use crate::error::{CoreError, Result};

/// Greatest number of decimals of a grid (10^18 still fits `i64`, and 10^22 is exact in `f64`).
pub const MAX_DECIMALS: u32 = 18;

/// Powers of ten as integers, `POW10[k] = 10^k`.
pub const POW10: [i64; 19] = {
    let mut powers = [1_i64; 19];
    let mut k = 1;
    while k < 19 {
        powers[k] = powers[k - 1] * 10;
        k += 1;
    }
    powers
};

/// Decimals of price and quantity of one symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// A tick is `10^-price_decimals` of the quote currency.
    pub price_decimals: u32,
    /// A lot is `10^-qty_decimals` of the base currency.
    pub qty_decimals: u32,
}

impl Grid {
    /// A grid, if both decimals are at most [`MAX_DECIMALS`].
    pub fn new(price_decimals: u32, qty_decimals: u32) -> Result<Self> {
        for (field, value) in [("price_decimals", price_decimals), ("qty_decimals", qty_decimals)] {
            if value > MAX_DECIMALS {
                return Err(CoreError::input(format!("{field} = {value}: must be between 0 and {MAX_DECIMALS}")));
            }
        }
        Ok(Self { price_decimals, qty_decimals })
    }

    /// Ticks to quote currency.
    #[inline]
    pub fn price(self, ticks: i64) -> f64 {
        ratio(i128::from(ticks), i128::from(POW10[self.price_decimals as usize]))
    }

    /// Lots to base currency.
    #[inline]
    pub fn qty(self, lots: i64) -> f64 {
        ratio(i128::from(lots), i128::from(POW10[self.qty_decimals as usize]))
    }
}

/// The correctly rounded `f64` of `numerator / denominator`, as Python's `int / int` gives.
///
/// # Panics
/// When the denominator is not positive.
#[inline]
pub fn ratio(numerator: i128, denominator: i128) -> f64 {
    const EXACT: i128 = 1 << 53;
    if (-EXACT..=EXACT).contains(&numerator) && denominator <= EXACT && denominator > 0 {
        // Both are exact in f64, so the IEEE division rounds once.
        return numerator as f64 / denominator as f64;
    }
    ratio_wide(numerator, denominator)
}

#[cold]
fn ratio_wide(numerator: i128, denominator: i128) -> f64 {
    assert!(denominator > 0, "ratio: denominator {denominator} is not positive");
    let (mut n, mut d) = (numerator.unsigned_abs(), denominator.unsigned_abs());
    if n == 0 {
        return 0.0;
    }
    // Long division to 64 quotient bits and a sticky bit: f64 rounds at 53, so that decides every tie.
    let mut quotient: u128 = n / d;
    n %= d;
    let mut exponent = 0_i32;
    while quotient < 1 << 63 {
        if d > u128::MAX >> 2 {
            // Keep `n << 1` from overflowing; i128 inputs never reach this with both at full width.
            d >>= 1;
            n >>= 1;
        }
        n <<= 1;
        quotient <<= 1;
        if n >= d {
            n -= d;
            quotient |= 1;
        }
        exponent -= 1;
    }
    let sticky = n != 0;
    // Drop to 55 bits (53 + guard + round), folding what is lost into the sticky bit.
    let excess = 128 - quotient.leading_zeros() as i32 - 55;
    let mut bits = quotient;
    if excess > 0 {
        let lost = bits & ((1 << excess) - 1);
        bits >>= excess;
        if lost != 0 {
            bits |= 1;
        }
        exponent += excess;
    }
    if sticky {
        bits |= 1;
    }
    // 55 significant bits with a sticky lowest bit: `as f64` rounds to nearest even once; the scaling is exact.
    let magnitude = bits as f64 * 2.0_f64.powi(exponent);
    if numerator < 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_ratio_equals_the_narrow_one_and_rounds_to_even() {
        for (n, d) in [(1_i128, 3_i128), (22, 7), (-5, 8), (9_007_199_254_740_991, 10), (1, 1_000_000_007)] {
            assert_eq!(ratio_wide(n, d).to_bits(), (n as f64 / d as f64).to_bits(), "{n}/{d}");
        }
        // 2^53 + 1 is a tie between 2^53 and 2^53 + 2: the even one wins.
        assert_eq!(ratio(9_007_199_254_740_993, 1), 9_007_199_254_740_992.0);
        assert_eq!(ratio(9_007_199_254_740_995, 1), 9_007_199_254_740_996.0);
        // Just above the tie goes up.
        assert_eq!(ratio(9_007_199_254_740_993 * 1000 + 1, 1000), 9_007_199_254_740_994.0);
    }
}
