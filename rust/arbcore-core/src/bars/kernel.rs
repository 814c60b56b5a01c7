//! Sums over one piece of trades.
//!
//! Totals run in loops that the compiler turns into vector instructions; only trades above tier 1, whose positions
//! are collected without a branch, are looked at one by one.

use super::bar::Flow;
use crate::error::Result;

/// Trades taken at a time: their values and the columns themselves stay in the first-level cache.
pub(super) const PIECE: usize = 1024;

/// Flows of a window: in all and above tier 1, by side (0 buy, 1 sell).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub total: [Flow; 2],
    /// Tiers 2, 3, 4.
    pub large: [[Flow; 2]; 3],
}

impl Sums {
    pub(super) fn add(&mut self, other: &Self) -> Result<()> {
        self.total.iter_mut().zip(&other.total).try_for_each(|(sum, part)| sum.add(part))?;
        let large = self.large.iter_mut().flatten();
        large.zip(other.large.iter().flatten()).try_for_each(|(sum, part)| sum.add(part))
    }
}

/// Lowest and highest price of a piece.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extremes {
    pub low: i64,
    pub high: i64,
}

/// Buffers that the kernel reuses.
#[derive(Debug, Clone)]
pub(super) struct Scratch {
    value: Box<[u64; PIECE]>,
    position: Box<[u16; PIECE]>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { value: Box::new([0; PIECE]), position: Box::new([0; PIECE]) }
    }
}

/// Lot sums, notional sums, trade counts of one piece and one class.
#[derive(Clone, Copy, Default)]
struct Part {
    volume: u64,
    notional: u64,
    trades: u64,
}

impl Part {
    fn flow(self) -> Flow {
        Flow { volume: self.volume.into(), notional: self.notional.into(), trades: self.trades as i64 }
    }

    fn without(self, part: Self) -> Self {
        Self {
            volume: self.volume - part.volume,
            notional: self.notional - part.notional,
            trades: self.trades - part.trades,
        }
    }
}

/// True when every sum over such a piece fits 63 bits.
pub(super) fn fits(price: &[u32], signed_qty: &[i32]) -> bool {
    let (mut high, mut largest) = (0, 0);
    for (&p, &q) in price.iter().zip(signed_qty) {
        high |= p;
        largest |= q.unsigned_abs();
    }
    // The bitwise or is at most twice the maximum, and a vector instruction where the maximum is four.
    u128::from(high) * u128::from(largest) * (PIECE as u128) < 1 << 63
}

/// Sums over at most [`PIECE`] trades of one window; prices > 0, quantities not 0, and [`fits`].
pub(super) fn sum_narrow(
    price: &[u32],
    signed_qty: &[i32],
    count: Option<&[u32]>,
    limits: &[u64; 3],
    scratch: &mut Scratch,
) -> (Sums, Extremes) {
    let n = price.len();
    let (signed_qty, value) = (&signed_qty[..n], &mut scratch.value[..n]);
    let (mut low, mut high) = (u32::MAX, 0_u32);
    for &p in price {
        low = low.min(p);
        high = high.max(p);
    }
    let (mut all, mut sold) = (Part::default(), Part::default());
    for i in 0..n {
        let (p, q) = (price[i], signed_qty[i]);
        let quantity = q.unsigned_abs();
        let is_sell = (q >> 31) as u32;
        value[i] = u64::from(p) * u64::from(quantity);
        all.notional += value[i];
        sold.notional += u64::from(p) * u64::from(quantity & is_sell);
        all.volume += u64::from(quantity);
        sold.volume += u64::from(quantity & is_sell);
    }
    (all.trades, sold.trades) = count_trades(signed_qty, count);

    let large = sum_large(value, signed_qty, count, limits, &mut scratch.position);
    let sums = Sums { total: [all.without(sold).flow(), sold.flow()], large: large.map(|tier| tier.map(Part::flow)) };
    (sums, Extremes { low: low.into(), high: high.into() })
}

/// Underlying trades in all and sold.
fn count_trades(signed_qty: &[i32], count: Option<&[u32]>) -> (u64, u64) {
    let Some(count) = count else {
        let sold: u32 = signed_qty.iter().map(|q| u32::from(*q < 0)).sum();
        return (signed_qty.len() as u64, sold.into());
    };
    let (mut all, mut sold) = (0, 0);
    for (&q, &c) in signed_qty.iter().zip(count) {
        let trades = c + u32::from(c == 0);
        all += u64::from(trades);
        sold += u64::from(trades & (q >> 31) as u32);
    }
    (all, sold)
}

fn sum_large(
    value: &[u64],
    signed_qty: &[i32],
    count: Option<&[u32]>,
    limits: &[u64; 3],
    position: &mut [u16; PIECE],
) -> [[Part; 2]; 3] {
    let mut found = 0;
    for (i, &v) in value.iter().enumerate() {
        position[found % PIECE] = i as u16;
        found += usize::from(v > limits[0]);
    }
    let mut large = [[Part::default(); 2]; 3];
    for &i in &position[..found] {
        let i = usize::from(i);
        let (v, q) = (value[i], signed_qty[i]);
        let tier = usize::from(v > limits[1]) + usize::from(v > limits[2]);
        let part = &mut large[tier][usize::from(q < 0)];
        part.volume += u64::from(q.unsigned_abs());
        part.notional += v;
        part.trades += count.map_or(1, |count| u64::from(count[i].max(1)));
    }
    large
}

/// The same sums for one trade of any size: price, signed quantity, underlying trades.
pub(super) fn sum_wide((price, signed_qty, count): (i64, i64, i64), limits: &[i128; 3]) -> Sums {
    let volume = i128::from(signed_qty.unsigned_abs());
    let flow = Flow { volume, notional: i128::from(price) * volume, trades: count.max(1) };
    let side = usize::from(signed_qty < 0);
    let mut sums = Sums::default();
    sums.total[side] = flow;
    if let Some(tier) = limits.iter().rposition(|limit| flow.notional > *limit) {
        sums.large[tier][side] = flow;
    }
    sums
}
