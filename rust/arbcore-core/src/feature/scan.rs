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
    pub price_bound: i64,
    pub qty_bound: i64,
}

/// Scans `segment` (not empty), adding to `sums` and writing the indices of trades with a quantity at or above
/// the tail floor, or a notional that may reach the whale threshold, to `picked`.
#[inline]
pub(super) fn scan(segment: &Segment<'_>, thresholds: &Thresholds, sums: &mut Sums, picked: &mut Vec<u32>) -> Range {
    picked.clear();
    match *segment {
        Segment::Narrow { price, qty, .. } => {
            let bound = i128::from(thresholds.price_bound) * i128::from(thresholds.qty_bound) * price.len() as i128;
            if bound <= i128::from(i64::MAX) {
                return dispatch_narrow(price, qty, thresholds, sums, picked);
            }
            let range = sums_wide(price, qty, sums);
            pick_narrow(qty, smallest_of_interest(thresholds, range.high), picked);
            range
        }
        Segment::Wide { price, qty, .. } => {
            let range = sums_wide(price, qty, sums);
            let least = smallest_of_interest(thresholds, range.high);
            picked.extend((0..).zip(qty).filter(|(_, q)| q.abs() >= least).map(|(i, _)| i));
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

/// Indices of quantities of at least `least`: a bit for each of 32 at a time, then a visit to those that are set.
#[expect(clippy::inline_always, reason = "compiled once per instruction set, inside the functions below")]
#[inline(always)]
fn pick_narrow(qty: &[i32], least: i64, picked: &mut Vec<u32>) {
    let Ok(least) = i32::try_from(least) else { return };
    let mut base = 0;
    let mut visit = |mut bits: u32, base: u32| {
        while bits != 0 {
            picked.push(base + bits.trailing_zeros());
            bits &= bits - 1;
        }
    };
    let (blocks, rest) = qty.as_chunks::<32>();
    for block in blocks {
        visit((0..32).fold(0, |bits, i| bits | u32::from(block[i].abs() >= least) << i), base);
        base += 32;
    }
    visit((0..).zip(rest).fold(0, |bits, (i, q)| bits | u32::from(q.abs() >= least) << i), base);
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

#[expect(clippy::inline_always, reason = "compiled once per instruction set, inside the functions below")]
#[inline(always)]
fn scan_narrow(price: &[u32], qty: &[i32], thresholds: &Thresholds, sums: &mut Sums, picked: &mut Vec<u32>) -> Range {
    let range = sums_narrow(price, qty, sums);
    pick_narrow(qty, smallest_of_interest(thresholds, range.high), picked);
    range
}

/// [`scan_narrow`] with the widest instructions of the machine it runs on. Integers only: the result is the same.
#[cfg(target_arch = "x86_64")]
#[inline]
fn dispatch_narrow(
    price: &[u32],
    qty: &[i32],
    thresholds: &Thresholds,
    sums: &mut Sums,
    picked: &mut Vec<u32>,
) -> Range {
    #[target_feature(enable = "avx2,bmi1")]
    fn with_avx2(price: &[u32], qty: &[i32], thresholds: &Thresholds, sums: &mut Sums, picked: &mut Vec<u32>) -> Range {
        scan_narrow(price, qty, thresholds, sums, picked)
    }
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("bmi1") {
        // SAFETY: the machine has the features that the function is compiled for.
        #[expect(unsafe_code, reason = "calling a function compiled for AVX2")]
        return unsafe { with_avx2(price, qty, thresholds, sums, picked) };
    }
    scan_narrow(price, qty, thresholds, sums, picked)
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn dispatch_narrow(
    price: &[u32],
    qty: &[i32],
    thresholds: &Thresholds,
    sums: &mut Sums,
    picked: &mut Vec<u32>,
) -> Range {
    scan_narrow(price, qty, thresholds, sums, picked)
}
