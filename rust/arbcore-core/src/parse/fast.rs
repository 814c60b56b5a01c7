//! Many CSV rows at once, without looking for their separators first.
//!
//! The ids and times of a file keep their number of digits for millions of rows, so the end of such a column is
//! expected rather than searched: all its characters being digits and the next one a comma proves it. Only prices and
//! quantities are searched for their end. So the columns of a row hardly wait for each other.
//!
//! A row that this reader is not sure of is left to the careful one ([`super::row`]), which finds it right or says what
//! is wrong. So nothing here decides what a row means.

use super::decimal::{fast_decimal, fast_significant};
use super::layout::{Layout, Role, TimeUnit};
use super::row::Row;
use super::swar::{self, ZEROS};
use crate::grid::Grid;

/// How one column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Digits only; the index of its [`Expected`].
    Integer(usize),
    Price,
    Qty,
    Flag,
    /// Not needed.
    Skip,
}

/// A row and what the loads of its last column may touch; its fixed size saves most checks of bounds.
type Window = [u8; FastRows::ROOM];

const ID: usize = 0;
const FIRST_ID: usize = 1;
const LAST_ID: usize = 2;
const TIME: usize = 3;

/// What the last row says about an integer column of the next one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Expected {
    length: usize,
    /// All but the last eight digits, and their value: neighbours share them.
    upper: u64,
    upper_value: u64,
}

/// Reads rows of one layout.
#[derive(Debug)]
pub(super) struct FastRows {
    steps: Vec<Step>,
    unit: TimeUnit,
    expected: [Expected; 4],
}

impl FastRows {
    /// Bytes from a row's start on that must be there.
    pub(super) const ROOM: usize = 256;

    /// A reader of rows of `layout`, or `None` when it has columns that only the careful one knows.
    pub(super) fn new(layout: &Layout, unit: TimeUnit) -> Option<Self> {
        let step = |role: &Option<Role>| match role {
            None => Some(Step::Skip),
            Some(Role::Id) => Some(Step::Integer(ID)),
            Some(Role::FirstId) => Some(Step::Integer(FIRST_ID)),
            Some(Role::LastId) => Some(Step::Integer(LAST_ID)),
            Some(Role::Time) => Some(Step::Integer(TIME)),
            Some(Role::Price) => Some(Step::Price),
            Some(Role::Qty) => Some(Step::Qty),
            Some(Role::IsBuyerMaker) => Some(Step::Flag),
            Some(Role::Symbol) => None,
        };
        let steps = layout.roles.iter().map(step).collect::<Option<_>>()?;
        Some(Self { steps, unit, expected: [Expected::default(); 4] })
    }

    /// True for the column order of dumps of aggregated trades, which [`FastRows::row`] has straight-line code for.
    pub(super) fn is_dump(&self) -> bool {
        use Step::{Flag, Integer, Price, Qty};
        let dump = [Integer(ID), Price, Qty, Integer(FIRST_ID), Integer(LAST_ID), Integer(TIME), Flag];
        self.steps.strip_prefix(&dump).is_some_and(|behind| matches!(behind, [] | [Step::Skip]))
    }

    /// The row of `text` that starts at `at`, and where the next one starts, if it is surely right.
    #[inline(always)]
    pub(super) fn row<const DUMP: bool>(&mut self, text: &[u8], at: usize, grid: Grid) -> Option<(Row, usize)> {
        let window: &Window = text.get(at..)?.first_chunk()?;
        let (mut row, end) = if DUMP { self.dump_row(window, grid)? } else { self.any_row(window, grid)? };
        row.time_ms = match self.unit {
            TimeUnit::Milliseconds if row.time_ms <= TimeUnit::GREATEST_MS => row.time_ms,
            TimeUnit::Microseconds if row.time_ms > TimeUnit::GREATEST_MS && row.time_ms <= TimeUnit::GREATEST_US => {
                row.time_ms / 1_000
            }
            _ => return None,
        };
        (row.price > 0 && row.qty > 0).then_some((row, at + end))
    }

    #[inline(always)]
    fn dump_row(&mut self, text: &Window, grid: Grid) -> Option<(Row, usize)> {
        let (id, at) = expected_integer(&mut self.expected[ID], text, 0, b',')?;
        let (price, at) = fast_decimal(text, at + 1, b',', grid.price_decimals)?;
        let (qty, at) = fast_decimal(text, at + 1, b',', grid.qty_decimals)?;
        let (first_id, at) = expected_integer(&mut self.expected[FIRST_ID], text, at + 1, b',')?;
        let (last_id, at) = expected_integer(&mut self.expected[LAST_ID], text, at + 1, b',')?;
        let (time_ms, at) = expected_integer(&mut self.expected[TIME], text, at + 1, b',')?;
        let (is_buyer_maker, at) = flag(text, at + 1)?;
        let at = if self.steps.len() > 7 { skip(text, after(text, at, b',')?, b'\n')? } else { at };
        let end = after(text, at, b'\n')?;
        Some((Row { id, first_id, last_id, time_ms, price, qty, is_buyer_maker }, end))
    }

    #[inline(always)]
    fn any_row(&mut self, text: &Window, grid: Grid) -> Option<(Row, usize)> {
        let (mut row, mut integers, mut at) = (Row::default(), [0; 4], 0);
        let last = self.steps.len() - 1;
        for (column, &step) in self.steps.iter().enumerate() {
            let stop = if column == last { b'\n' } else { b',' };
            at = match step {
                Step::Integer(slot) => {
                    let (value, end) = expected_integer(&mut self.expected[slot], text, at, stop)?;
                    integers[slot] = value;
                    end
                }
                Step::Price => {
                    let (value, end) = fast_decimal(text, at, stop, grid.price_decimals)?;
                    row.price = value;
                    end
                }
                Step::Qty => {
                    let (value, end) = fast_decimal(text, at, stop, grid.qty_decimals)?;
                    row.qty = value;
                    end
                }
                Step::Flag => {
                    let (value, end) = flag(text, at)?;
                    row.is_buyer_maker = value;
                    end
                }
                Step::Skip => skip(text, at, stop)?,
            };
            at = after(text, at, stop)?;
        }
        [row.id, row.first_id, row.last_id, row.time_ms] = integers;
        Some((row, at))
    }

    /// Significant decimals of price and quantity and where the next row starts, if the row may be right.
    #[inline(always)]
    pub(super) fn decimals(&mut self, text: &[u8], from: usize) -> Option<(u32, u32, usize)> {
        let text: &Window = text.get(from..)?.first_chunk()?;
        let (mut price, mut qty, mut at) = (0, 0, 0);
        let last = self.steps.len() - 1;
        for (column, &step) in self.steps.iter().enumerate() {
            let stop = if column == last { b'\n' } else { b',' };
            at = match step {
                Step::Integer(slot) => expected_integer(&mut self.expected[slot], text, at, stop)?.1,
                Step::Price => {
                    let (decimals, end) = fast_significant(text, at, stop)?;
                    price = decimals;
                    end
                }
                Step::Qty => {
                    let (decimals, end) = fast_significant(text, at, stop)?;
                    qty = decimals;
                    end
                }
                Step::Flag => flag(text, at)?.1,
                Step::Skip => skip(text, at, stop)?,
            };
            at = after(text, at, stop)?;
        }
        Some((price, qty, from + at))
    }
}

/// The position after the separator at `at`; a line may also end in `\r\n`.
#[inline(always)]
fn after(text: &Window, at: usize, stop: u8) -> Option<usize> {
    let byte = *text.get(at)?;
    if byte == stop {
        return Some(at + 1);
    }
    (stop == b'\n' && byte == b'\r' && text.get(at + 1) == Some(&b'\n')).then_some(at + 2)
}

/// The integer from `start` up to `stop`, expected to have as many digits as the one before it, and its end.
#[inline(always)]
pub(super) fn expected_integer<const N: usize>(
    expected: &mut Expected,
    text: &[u8; N],
    start: usize,
    stop: u8,
) -> Option<(i64, usize)> {
    if let Some(found) = integer_as_expected(expected, text, start, stop) {
        return Some(found);
    }
    expected.length = text.get(start..)?.iter().take(17).take_while(|byte| byte.is_ascii_digit()).count();
    integer_as_expected(expected, text, start, stop)
}

#[inline(always)]
fn integer_as_expected<const N: usize>(
    expected: &mut Expected,
    text: &[u8; N],
    start: usize,
    stop: u8,
) -> Option<(i64, usize)> {
    let length = expected.length;
    let end = start + length;
    let byte = *text.get(end)?;
    let early = swar::eight_from(text, start)? ^ ZEROS;
    if byte != stop && !(stop == b'\n' && byte == b'\r') {
        return None;
    }
    if length.wrapping_sub(9) < 8 {
        let lower = swar::eight_from(text, end - 8)? ^ ZEROS;
        let upper = early << (8 * (16 - length as u32));
        if upper != expected.upper {
            if swar::non_digits(upper) != 0 {
                return None;
            }
            (expected.upper, expected.upper_value) = (upper, swar::eight_digits(upper) * 100_000_000);
        }
        (swar::non_digits(lower) == 0).then(|| ((expected.upper_value + swar::eight_digits(lower)) as i64, end))
    } else if length.wrapping_sub(1) < 8 {
        let digits = early << (8 * (8 - length as u32));
        (swar::non_digits(digits) == 0).then(|| (swar::eight_digits(digits) as i64, end))
    } else {
        None
    }
}

/// `true`, `True`, `1` or their opposites at `start`, and the end.
#[inline(always)]
pub(super) fn flag<const N: usize>(text: &[u8; N], start: usize) -> Option<(bool, usize)> {
    const WORDS: [u64; 2] = [u64::from_le_bytes(*b"true\0\0\0\0"), u64::from_le_bytes(*b"false\0\0\0")];
    const LENGTHS: [u64; 2] = [0xffff_ffff, 0xff_ffff_ffff];
    // Sides alternate at random, so nothing may branch on them: bit 1 tells `t` from `f`, bit 5 `t` from `T`.
    let word = swar::eight_from(text, start)?;
    let is_false = (word >> 1 & 1) as usize;
    if (word | 0x20) & LENGTHS[is_false] == WORDS[is_false] {
        return Some((is_false == 0, start + 4 + is_false));
    }
    match word as u8 {
        b'1' => Some((true, start + 1)),
        b'0' => Some((false, start + 1)),
        _ => None,
    }
}

/// The end of a column that is not needed.
#[inline(always)]
fn skip(text: &Window, start: usize, stop: u8) -> Option<usize> {
    let mut at = start;
    loop {
        let word = swar::eight_from(text, at)?;
        let found = swar::matches(word, b',') | swar::matches(word, b'\n');
        if found != 0 {
            let end = at + found.trailing_zeros() as usize / 8;
            // The line end may have two characters, of which the first belongs to the skipped text.
            return (text.get(end) == Some(&stop)).then_some(end);
        }
        at += 8;
    }
}
