//! One pass over a segment: sums, range, and the few trades that need a look of their own.

use super::candle::Range;
use crate::tape::Segment;

/// Sums over some trades.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Taker-buy minus taker-sell lots.
    pub signed: i128,
    /// Lots.
    pub volume: i128,
    /// Ticks times lots.
    pub notional: i128,
}

/// What a scan looks for besides sums.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thresholds {
    /// Quantities from here on are reported.
    pub tail_floor: i64,
    /// Notionals (ticks × lots) from here on are reported.
    pub whale: i128,
    /// Upper bounds of price and quantity in the segment.
    pub price_max: i64,
    pub qty_max: i64,
}

/// Scans `segment` (not empty), adding to `sums` and writing the indices of trades with a quantity at or above
/// the tail floor, or a notional that may reach the whale threshold, to `picked`.
#[inline]
pub(super) fn scan(segment: &Segment<'_>, thresholds: &Thresholds, sums: &mut Sums, picked: &mut Vec<u32>) -> Range {
    match *segment {
        Segment::Narrow { price, qty, .. } => {
            let bound = i128::from(thresholds.price_max) * i128::from(thresholds.qty_max) * price.len() as i128;
            let range = if bound <= i128::from(i64::MAX) {
                dispatch_narrow(price, qty, sums)
            } else {
                sums_wide(price, qty, sums)
            };
            pick(qty, smallest_of_interest(thresholds, range.high), picked);
            range
        }
        Segment::Wide { price, qty, .. } => {
            let range = sums_wide(price, qty, sums);
            pick(qty, smallest_of_interest(thresholds, range.high), picked);
            range
        }
    }
}

/// No trade below this quantity can be of the tail or a whale.
#[inline]
fn smallest_of_interest(thresholds: &Thresholds, high: i64) -> i64 {
    let high = i128::from(high);
    let whale = (thresholds.whale + high - 1) / high;
    thresholds.tail_floor.min(i64::try_from(whale).unwrap_or(i64::MAX))
}

/// Indices of quantities of at least `least`, without a branch per trade.
#[inline]
fn pick<Q: Copy + Into<i64>>(qty: &[Q], least: i64, picked: &mut Vec<u32>) {
    picked.clear();
    picked.resize(qty.len(), 0);
    let mut n = 0;
    for (i, &q) in qty.iter().enumerate() {
        // `n <= i`, so the index is in bounds; the compiler cannot see it, and the check predicts perfectly.
        picked[n] = i as u32;
        n += usize::from(q.into().abs() >= least);
    }
    picked.truncate(n);
}

/// Sums that provably fit 64 bits, in a loop that vectorises.
#[expect(clippy::inline_always, reason = "compiled once per instruction set, inside the functions below")]
#[inline(always)]
fn sums_narrow(price: &[u32], qty: &[i32], sums: &mut Sums) -> Range {
    let (mut signed, mut volume, mut notional) = (0_i64, 0_u64, 0_u64);
    let (mut high, mut low) = (0_i32, i32::MAX);
    for (&p, &q) in price.iter().zip(qty) {
        let size = q.unsigned_abs();
        signed += i64::from(q);
        volume += u64::from(size);
        notional += u64::from(p) * u64::from(size);
        // Narrow prices are at most i32::MAX; signed 32-bit comparisons exist on every x86-64.
        high = high.max(p as i32);
        low = low.min(p as i32);
    }
    sums.signed += i128::from(signed);
    sums.volume += i128::from(volume);
    sums.notional += i128::from(notional);
    Range { high: i64::from(high), low: i64::from(low), close: price.last().map_or(0, |&p| i64::from(p)) }
}

fn sums_wide<P: Copy + Into<i64>, Q: Copy + Into<i64>>(price: &[P], qty: &[Q], sums: &mut Sums) -> Range {
    let (mut high, mut low) = (0_i64, i64::MAX);
    for (&p, &q) in price.iter().zip(qty) {
        let (p, q): (i64, i64) = (p.into(), q.into());
        let size = i128::from(q).abs();
        sums.signed += i128::from(q);
        sums.volume += size;
        sums.notional += i128::from(p) * size;
        high = high.max(p);
        low = low.min(p);
    }
    Range { high, low, close: price.last().map_or(0, |&p| p.into()) }
}

/// [`sums_narrow`] with the widest instructions of the machine it runs on. Integers only: the result is the same.
#[cfg(target_arch = "x86_64")]
#[inline]
fn dispatch_narrow(price: &[u32], qty: &[i32], sums: &mut Sums) -> Range {
    #[target_feature(enable = "avx2")]
    fn with_avx2(price: &[u32], qty: &[i32], sums: &mut Sums) -> Range {
        sums_narrow(price, qty, sums)
    }
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the machine has AVX2, which is all that the function asks for.
        #[expect(unsafe_code, reason = "calling a function compiled for AVX2")]
        return unsafe { with_avx2(price, qty, sums) };
    }
    sums_narrow(price, qty, sums)
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn dispatch_narrow(price: &[u32], qty: &[i32], sums: &mut Sums) -> Range {
    sums_narrow(price, qty, sums)
}
