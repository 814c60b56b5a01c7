//! Trades as columns of the widths that the tape and readers keep.

use crate::error::{CoreError, Result};

/// Trades handed over in one go: the widths of the tape (`u32`, `u32`, `i32`, `u16`) or 64 bits everywhere.
#[derive(Debug, Clone, Copy)]
pub struct TradeColumns<'a, T, P, Q, C> {
    /// What the times count from, UTC milliseconds.
    pub base_ms: i64,
    /// Milliseconds since `base_ms`.
    pub time: &'a [T],
    /// Ticks.
    pub price: &'a [P],
    /// Lots; positive where the taker bought, negative where the taker sold.
    pub signed_qty: &'a [Q],
    /// Underlying trades of each record (0 counts as 1); `None`: one each.
    pub count: Option<&'a [C]>,
}

impl<T, P, Q, C> TradeColumns<'_, T, P, Q, C> {
    pub(super) fn check_lengths(&self) -> Result<()> {
        let n = self.time.len();
        let counts = self.count.map_or(n, <[C]>::len);
        for (name, length) in [("price", self.price.len()), ("signed_qty", self.signed_qty.len()), ("count", counts)] {
            if length != n {
                return Err(CoreError::input(format!("column {name} has {length} rows, time has {n}")));
            }
        }
        Ok(())
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u16 {}
    impl Sealed for u32 {}
    impl Sealed for i32 {}
    impl Sealed for i64 {}
}

/// A time offset: `u32` or `i64`.
pub trait TimeColumn: Copy + Ord + Into<i64> + sealed::Sealed {
    /// True only if the values do not descend; may miss it for values in the upper half of the type.
    fn ascends(values: &[Self]) -> bool;
}

/// Between values without the top bit the sign of a difference is the order, and or-ing is all a vector loop needs.
macro_rules! ascends {
    ($values:expr, $signed:ty) => {{
        let mut bits = $values.first().map_or(0, |&first| first as $signed);
        for (&earlier, &later) in $values.iter().zip(&$values[1..]) {
            bits |= later as $signed | later.wrapping_sub(earlier) as $signed;
        }
        bits >= 0
    }};
}

impl TimeColumn for u32 {
    fn ascends(values: &[Self]) -> bool {
        ascends!(values, i32)
    }
}

impl TimeColumn for i64 {
    fn ascends(values: &[Self]) -> bool {
        ascends!(values, i64)
    }
}

/// A price: `u32` or `i64` ticks.
pub trait TickColumn: Copy + Into<i64> + sealed::Sealed {
    /// The values as `u32`, in place or copied into `scratch` (at least as long); `None` when one does not fit.
    fn narrow<'a>(values: &'a [Self], scratch: &'a mut [u32]) -> Option<&'a [u32]>;
}

/// A signed quantity: `i32` or `i64` lots.
pub trait LotColumn: Copy + Into<i64> + sealed::Sealed {
    /// As [`TickColumn::narrow`], to `i32`.
    fn narrow<'a>(values: &'a [Self], scratch: &'a mut [i32]) -> Option<&'a [i32]>;
}

/// A number of underlying trades: `u16`, `u32` or `i64`.
pub trait CountColumn: Copy + Into<i64> + sealed::Sealed {
    /// As [`TickColumn::narrow`], to `u32`.
    fn narrow<'a>(values: &'a [Self], scratch: &'a mut [u32]) -> Option<&'a [u32]>;
}

/// Copies what fits; the flag is collected rather than branched on so that the loop stays a vector loop.
macro_rules! copy_narrow {
    ($values:expr, $scratch:expr, $narrow:ty) => {{
        let scratch = &mut $scratch[..$values.len()];
        let mut lost = false;
        for (out, &value) in scratch.iter_mut().zip($values) {
            *out = value as $narrow;
            lost |= i64::from(*out) != i64::from(value);
        }
        (!lost).then_some(&*scratch)
    }};
}

impl TickColumn for u32 {
    fn narrow<'a>(values: &'a [Self], _: &'a mut [u32]) -> Option<&'a [u32]> {
        Some(values)
    }
}

impl TickColumn for i64 {
    fn narrow<'a>(values: &'a [Self], scratch: &'a mut [u32]) -> Option<&'a [u32]> {
        copy_narrow!(values, scratch, u32)
    }
}

impl LotColumn for i32 {
    fn narrow<'a>(values: &'a [Self], _: &'a mut [i32]) -> Option<&'a [i32]> {
        Some(values)
    }
}

impl LotColumn for i64 {
    fn narrow<'a>(values: &'a [Self], scratch: &'a mut [i32]) -> Option<&'a [i32]> {
        copy_narrow!(values, scratch, i32)
    }
}

impl CountColumn for u16 {
    fn narrow<'a>(values: &'a [Self], scratch: &'a mut [u32]) -> Option<&'a [u32]> {
        copy_narrow!(values, scratch, u32)
    }
}

impl CountColumn for u32 {
    fn narrow<'a>(values: &'a [Self], _: &'a mut [u32]) -> Option<&'a [u32]> {
        Some(values)
    }
}

impl CountColumn for i64 {
    fn narrow<'a>(values: &'a [Self], scratch: &'a mut [u32]) -> Option<&'a [u32]> {
        copy_narrow!(values, scratch, u32)
    }
}
