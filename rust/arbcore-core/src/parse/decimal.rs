//! Decimal text to integers of a grid, exactly.

use std::fmt;

use super::swar::{self, ZEROS};
use crate::grid::{MAX_DECIMALS, POW10};

/// Why a text is not a decimal of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalError {
    /// There is no text.
    Empty,
    /// A character that is neither a digit nor the decimal point, or a misplaced point.
    NotADecimal(&'static str),
    /// Digits other than zero beyond the grid's decimals.
    OffGrid {
        /// Decimals of the grid.
        decimals: u32,
    },
    /// The integer does not fit.
    Overflow {
        /// Decimals of the grid.
        decimals: u32,
    },
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::NotADecimal(reason) => f.write_str(reason),
            Self::OffGrid { decimals } => write!(f, "is off the grid of {decimals} decimals"),
            Self::Overflow { decimals } => {
                write!(f, "is too large: above {} with {decimals} decimals", i64::MAX / POW10[*decimals as usize])
            }
        }
    }
}

impl std::error::Error for DecimalError {}

/// The digits before and after the point of plain decimal text.
fn split(text: &[u8]) -> Result<(&[u8], &[u8]), DecimalError> {
    let point = text.iter().position(|&byte| byte == b'.');
    let (whole, fraction) = point.map_or((text, &b""[..]), |at| (&text[..at], &text[at + 1..]));
    if text.is_empty() {
        return Err(DecimalError::Empty);
    }
    if let Some(&byte) = whole.iter().chain(fraction).find(|byte| !byte.is_ascii_digit()) {
        return Err(DecimalError::NotADecimal(match byte {
            b'-' | b'+' => "has a sign; only plain positive decimals are read",
            b'e' | b'E' => "has an exponent; write the decimal out",
            b' ' | b'\t' => "holds a space",
            b'.' => "has two decimal points",
            _ => "is not a decimal number",
        }));
    }
    if whole.is_empty() || (point.is_some() && fraction.is_empty()) {
        return Err(DecimalError::NotADecimal("needs digits on both sides of its decimal point"));
    }
    Ok((whole, fraction))
}

/// `text` as an integer number of `10^-decimals`.
///
/// Zeros beyond the grid are fine, other digits beyond it are [`DecimalError::OffGrid`]. Only digits and one point
/// with digits on both sides are read: no sign, exponent or space.
///
/// # Panics
/// When `decimals` is above [`MAX_DECIMALS`].
///
/// # Examples
/// ```
/// use arbcore_core::parse::decimal::{DecimalError, parse_decimal};
/// assert_eq!(parse_decimal(b"108253.8000", 2), Ok(10_825_380));
/// assert_eq!(parse_decimal(b"0.001", 2), Err(DecimalError::OffGrid { decimals: 2 }));
/// ```
pub fn parse_decimal(text: &[u8], decimals: u32) -> Result<i64, DecimalError> {
    let (whole, fraction) = split(text)?;
    let kept = fraction.len().min(decimals as usize);
    let (kept, beyond) = fraction.split_at(kept);
    if beyond.iter().any(|&digit| digit != b'0') {
        return Err(DecimalError::OffGrid { decimals });
    }
    whole
        .iter()
        .chain(kept)
        .try_fold(0_i64, |value, digit| value.checked_mul(10)?.checked_add(i64::from(digit - b'0')))
        .and_then(|value| {
            let padding = POW10[decimals as usize - kept.len()];
            if value == 0 { Some(0) } else { value.checked_mul(padding) }
        })
        .ok_or(DecimalError::Overflow { decimals })
}

/// The number of decimals that matter in `text`: trailing zeros do not count.
///
/// # Examples
/// ```
/// use arbcore_core::parse::decimal::significant_decimals;
/// assert_eq!(significant_decimals(b"7.50300000"), Ok(3));
/// assert_eq!(significant_decimals(b"12.000"), Ok(0));
/// ```
pub fn significant_decimals(text: &[u8]) -> Result<u32, DecimalError> {
    let (_, fraction) = split(text)?;
    let significant = fraction.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
    if significant > MAX_DECIMALS as usize {
        return Err(DecimalError::NotADecimal("has more than 18 significant decimals"));
    }
    Ok(significant as u32)
}

/// The greatest number of significant decimals of a column of decimal texts: its grid.
///
/// The first text that is not a decimal is the error, with its index.
pub fn column_decimals<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Result<u32, (usize, DecimalError)> {
    texts.into_iter().enumerate().try_fold(0, |most, (index, text)| {
        significant_decimals(text).map(|decimals| decimals.max(most)).map_err(|error| (index, error))
    })
}

/// The characters from `start` up to the first `stop`, at most sixteen, at the top of two words, and their number.
#[inline(always)]
fn up_to<const N: usize>(bytes: &[u8; N], start: usize, stop: u8) -> Option<(u64, u64, usize)> {
    let early = swar::eight_from(bytes, start)?;
    let found = swar::matches(early, stop);
    if found != 0 {
        let length = found.trailing_zeros() as usize / 8;
        // Empty text is shifted by 64 bits, which is none: the careful reader refuses it.
        return Some((0, early.checked_shl(64 - 8 * length as u32)?, length));
    }
    let late = swar::eight_from(bytes, start + 8)?;
    if late as u8 == stop {
        return Some((0, early, 8));
    }
    let found = swar::matches(late, stop);
    if found == 0 {
        let ends = bytes.get(start + 16) == Some(&stop);
        return ends.then_some((early, late, 16));
    }
    let length = 8 + found.trailing_zeros() as usize / 8;
    let both = (u128::from(early) | u128::from(late) << 64) << (128 - 8 * length as u32);
    Some((both as u64, (both >> 64) as u64, length))
}

/// What [`parse_decimal`] gives for the text from `start` up to the first `stop`, and its end; `None` when not sure.
///
/// Never `Some` where the careful reader fails; `None` for fields beyond 16 characters, near the end of `bytes`, or
/// wrong ones.
#[inline(always)]
pub(super) fn fast_decimal<const N: usize>(
    bytes: &[u8; N],
    start: usize,
    stop: u8,
    decimals: u32,
) -> Option<(i64, usize)> {
    let (early, late, length) = up_to(bytes, start, stop)?;
    let value = if length <= 8 {
        short_decimal(late, length as u32, decimals)
    } else {
        long_decimal(early, late, length as u32, decimals)
    };
    Some((value?, start + length))
}

/// What [`parse_decimal`] gives for the text from `start` to `end`; `None` when not sure, as for [`fast_decimal`].
#[inline(always)]
pub(super) fn fast_decimal_within<const N: usize>(
    bytes: &[u8; N],
    start: usize,
    end: usize,
    decimals: u32,
) -> Option<i64> {
    let length = end.wrapping_sub(start) as u32;
    let early = swar::eight_from(bytes, start)?;
    if length <= 8 {
        short_decimal(early.checked_shl(64 - 8 * length)?, length, decimals)
    } else if length <= 16 {
        let late = swar::eight_from(bytes, start + 8)?;
        let both = (u128::from(early) | u128::from(late) << 64) << (128 - 8 * length);
        long_decimal(both as u64, (both >> 64) as u64, length, decimals)
    } else {
        None
    }
}

/// A decimal of 1 to 8 characters in the top bytes of `word`.
#[inline(always)]
fn short_decimal(word: u64, length: u32, decimals: u32) -> Option<i64> {
    let first_bit = 64 - 8 * length;
    let field = !0 << first_bit;
    let digits = (word ^ ZEROS) & field;
    let found = swar::matches(word, b'.') & field;
    let has_point = found != 0;
    // The point's own byte begins at this bit; without a point, everything is left of a point behind the text.
    let point = found.trailing_zeros() & !7;
    let above = (!0_u64).checked_shl(point).unwrap_or(0);
    let joined = ((digits & !above) << 8) | (digits & (above << 8));
    let joined = if has_point { joined } else { digits };
    let fraction = 7_u32.wrapping_sub(point / 8);
    let fraction = if has_point { fraction } else { 0 };
    // A point as first or last character is refused.
    let misplaced = has_point & ((point == first_bit) | (point == 56));
    let excess = fraction.saturating_sub(decimals);
    let beyond = joined & !(!0 >> (8 * excess));
    let (value, too_large) = (swar::eight_digits(joined << (8 * excess)) as i64)
        .overflowing_mul(*POW10.get((decimals + excess).wrapping_sub(fraction) as usize)?);
    let sure = (swar::non_digits(joined) | beyond) == 0;
    if sure & !misplaced & !too_large { Some(value) } else { None }
}

/// A decimal of 9 to 16 characters: the top bytes of `early`, then `late`.
#[inline(always)]
fn long_decimal(early: u64, late: u64, length: u32, decimals: u32) -> Option<i64> {
    let word = u128::from(early) | u128::from(late) << 64;
    let first_bit = 128 - 8 * length;
    let digits = (word ^ (u128::from(ZEROS) << 64 | u128::from(ZEROS))) & (!0 << first_bit);
    let found =
        u128::from(swar::matches(early, b'.') & (!0 << first_bit)) | u128::from(swar::matches(late, b'.')) << 64;
    let has_point = found != 0;
    let point = found.trailing_zeros() & !7;
    let above = (!0_u128).checked_shl(point).unwrap_or(0);
    let joined = if has_point { ((digits & !above) << 8) | (digits & (above << 8)) } else { digits };
    let fraction = if has_point { 15_u32.wrapping_sub(point / 8) } else { 0 };
    let misplaced = has_point & ((point == first_bit) | (point == 120));
    let excess = fraction.saturating_sub(decimals);
    let beyond = joined & !(!0 >> (8 * excess));
    let kept = joined << (8 * excess);
    let (low, high) = (kept as u64, (kept >> 64) as u64);
    let number = swar::eight_digits(low) * 100_000_000 + swar::eight_digits(high);
    let (value, too_large) =
        (number as i64).overflowing_mul(*POW10.get((decimals + excess).wrapping_sub(fraction) as usize)?);
    let bad = swar::non_digits(joined as u64) | swar::non_digits((joined >> 64) as u64);
    if bad == 0 && beyond == 0 && !misplaced && !too_large { Some(value) } else { None }
}

/// What [`significant_decimals`] gives for well-formed text from `start` up to the first `stop`, and its end.
///
/// Any number for other text; `None` when the text is too long or too near the end of `bytes` to tell.
#[inline(always)]
pub(super) fn fast_significant<const N: usize>(bytes: &[u8; N], start: usize, stop: u8) -> Option<(u32, usize)> {
    let (early, late, length) = up_to(bytes, start, stop)?;
    let significant = if length <= 8 {
        let found = swar::matches(late, b'.');
        let fraction = if found == 0 { 0 } else { 7 - found.trailing_zeros() / 8 };
        fraction.saturating_sub((late ^ ZEROS).leading_zeros() / 8)
    } else {
        let found = u128::from(swar::matches(early, b'.')) | u128::from(swar::matches(late, b'.')) << 64;
        let both = u128::from(early ^ ZEROS) | u128::from(late ^ ZEROS) << 64;
        let fraction = if found == 0 { 0 } else { 15 - found.trailing_zeros() / 8 };
        fraction.saturating_sub(both.leading_zeros() / 8)
    };
    Some((significant, start + length))
}

/// `text` as a plain unsigned integer.
pub(super) fn parse_integer(text: &[u8]) -> Result<i64, DecimalError> {
    if text.contains(&b'.') {
        return Err(DecimalError::NotADecimal("is not a whole number"));
    }
    parse_decimal(text, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_careful_reader_names_what_is_wrong() {
        for (text, reason) in [
            ("", "is empty"),
            ("-1", "has a sign"),
            ("1e5", "has an exponent"),
            ("1 ", "holds a space"),
            ("1.2.3", "has two decimal points"),
            (".5", "on both sides"),
            ("5.", "on both sides"),
            (".", "on both sides"),
            ("nan", "is not a decimal number"),
            ("0.005", "off the grid of 2 decimals"),
            ("92233720368547758.08", "too large: above 92233720368547758 with 2 decimals"),
            ("99999999999999999999999", "too large"),
        ] {
            let error = parse_decimal(text.as_bytes(), 2).unwrap_err().to_string();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
        assert_eq!(parse_decimal(b"92233720368547758.07", 2), Ok(i64::MAX));
        assert_eq!(parse_decimal(b"0000000000000000000000001.50", 1), Ok(15));
        assert_eq!(parse_decimal(b"0.0000000000000000000000000", 18), Ok(0));
        assert_eq!(column_decimals([&b"1.10"[..], b"2", b"0.250"]), Ok(2));
        assert_eq!(column_decimals([&b"1.10"[..], b"x"]).unwrap_err().0, 1);
    }

    #[test]
    fn the_fast_reader_agrees_wherever_it_answers_and_answers_the_usual() {
        // Every text of up to five characters over an alphabet that holds each kind of trouble.
        let alphabet = b"0195.-/:e";
        let mut answered = 0;
        for length in 1..=5_u32 {
            for code in 0..9_usize.pow(length) {
                let field: Vec<u8> =
                    (0..length).map(|place| alphabet[code / 9_usize.pow(place) % alphabet.len()]).collect();
                check(&field, &mut answered);
            }
        }
        assert!(answered > 10_000, "the fast reader answered only {answered} of them");
        for text in ["108253.8", "0.011", "3912.45", "84210.10000000", "0.00006547", "1234567.12345678", "12345678"] {
            let mut answered = 0;
            check(text.as_bytes(), &mut answered);
            assert!(answered > 0, "{text}");
        }
    }

    fn check(field: &[u8], answered: &mut usize) {
        for behind in [&b",0000000000000000"[..], b",7777777.777777.,", b",................"] {
            let mut text = [0; 40];
            text[..field.len()].copy_from_slice(field);
            text[field.len()..][..behind.len()].copy_from_slice(behind);
            for decimals in [0, 1, 3, 8, 18] {
                let found = fast_decimal(&text, 0, b',', decimals);
                assert_eq!(fast_decimal_within(&text, 0, field.len(), decimals), found.map(|(value, _)| value));
                if let Some((value, end)) = found {
                    assert_eq!(parse_decimal(field, decimals), Ok(value), "{field:?} with {decimals}");
                    assert_eq!(end, field.len());
                    *answered += 1;
                } else if let Ok(value) = parse_decimal(field, decimals) {
                    panic!("{field:?} with {decimals} decimals is {value}, but the fast reader gave up");
                }
            }
            if let Ok(significant) = significant_decimals(field) {
                assert_eq!(fast_significant(&text, 0, b','), Some((significant, field.len())), "{field:?}");
            }
        }
    }
}
