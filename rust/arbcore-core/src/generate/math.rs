//! Logarithm and exponential from IEEE basic operations alone: libm's differ by platform, and these must not.

/// Correctly rounded by IEEE 754, hence the same everywhere.
#[inline]
pub(super) fn sqrt(x: f64) -> f64 {
    x.sqrt()
}

const LN_2: f64 = std::f64::consts::LN_2;

/// Natural logarithm of a positive normal number, to about 1e-14.
#[inline]
pub(super) fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    // x = 2^exponent * mantissa with the mantissa in [sqrt(1/2), sqrt(2)).
    let shift = bits.wrapping_sub(0x3FE6_A09E_667F_3BCD) & 0xFFF0_0000_0000_0000;
    let exponent = (shift as i64 >> 52) as f64;
    let mantissa = f64::from_bits(bits.wrapping_sub(shift));
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let z = s * s;
    // ln m = 2 artanh s
    let series = 1.0 / 3.0
        + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0 + z * (1.0 / 13.0 + z * (1.0 / 15.0))))));
    exponent * LN_2 + 2.0 * s * (1.0 + z * series)
}

/// Exponential for |x| <= 700, to about 1e-13 (relative).
pub(super) fn exp(x: f64) -> f64 {
    let x = x.clamp(-700.0, 700.0);
    let k = (x / LN_2 + 0.5).floor();
    let r = x - k * LN_2;
    let mut term = 1.0;
    let mut sum = 1.0;
    for n in 1..=13 {
        term *= r / f64::from(n);
        sum += term;
    }
    sum * f64::from_bits(((1023 + k as i64) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agree_with_the_library_to_many_digits() {
        for x in [1e-300, 1e-9, 0.3, 0.5, 0.7, 0.71, 0.999_999, 1.0, 1.4, 1.5, 2.0, 10.0, 6.02e23] {
            let expected = f64::ln(x);
            assert!((ln(x) - expected).abs() <= 1e-13 * expected.abs().max(1.0), "ln {x}");
        }
        for x in [-50.0, -1.0, -0.3, 0.0, 1e-9, 0.5, 1.0, 3.3, 40.0] {
            assert!((exp(x) / f64::exp(x) - 1.0).abs() < 1e-12, "exp {x}");
        }
    }
}
