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

    /// Adds one trade of any size.
    pub(super) fn add_one(&mut self, price: i64, signed_qty: i64, count: i64, limits: &[i128; 3]) -> Result<()> {
        let volume = i128::from(signed_qty.unsigned_abs());
        let flow = Flow { volume, notional: i128::from(price) * volume, trades: count.max(1) };
        let side = usize::from(signed_qty < 0);
        if let Some(tier) = limits.iter().rposition(|limit| flow.notional > *limit) {
            self.large[tier][side].add(&flow)?;
        }
        self.total[side].add(&flow)
    }
}

/// Rows and columns of the bit matrix in which the large trades of a piece are marked.
const LANES: usize = 32;

/// What one look over a piece tells, and its quantities without their signs.
#[derive(Debug, Clone)]
pub(super) struct Scan {
    pub low: i64,
    pub high: i64,
    /// Every price, every quantity is at most this.
    most: [u32; 2],
    has_zero: bool,
    volume: [u64; 2],
    sells: u32,
    quantity: [u32; PIECE],
    /// The quantity where the taker sold, else 0.
    sold: [u32; PIECE],
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            low: 0,
            high: 0,
            most: [0; 2],
            has_zero: false,
            volume: [0; 2],
            sells: 0,
            quantity: [0; PIECE],
            sold: [0; PIECE],
        }
    }
}

impl Scan {
    /// Looks over at most [`PIECE`] trades.
    pub(super) fn look(&mut self, price: &[u32], signed_qty: &[i32]) {
        let n = price.len();
        let (signed_qty, quantity, sold) = (&signed_qty[..n], &mut self.quantity[..n], &mut self.sold[..n]);
        let (mut price_bits, mut qty_bits, mut zeros) = (0_u32, 0_u32, 0_u32);
        let (mut volume, mut volume_sold, mut sells) = (0_u32, 0_u32, 0_u32);
        // Prices with the top bit set do not fit, so the signed order, which SSE2 can compare, will do.
        let (mut low, mut high) = (i32::MAX, i32::MIN);
        for i in 0..n {
            let is_sell = (signed_qty[i] >> 31) as u32;
            quantity[i] = signed_qty[i].unsigned_abs();
            sold[i] = quantity[i] & is_sell;
            price_bits |= price[i];
            qty_bits |= quantity[i];
            zeros |= u32::from(price[i] == 0) | u32::from(quantity[i] == 0);
            volume = volume.wrapping_add(quantity[i]);
            volume_sold = volume_sold.wrapping_add(sold[i]);
            sells = sells.wrapping_sub(is_sell);
            low = low.min(price[i] as i32);
            high = high.max(price[i] as i32);
        }
        self.low = low.into();
        self.high = high.into();
        // The bitwise or is at least the maximum, and less than twice it.
        self.most = [price_bits, qty_bits];
        self.has_zero = zeros != 0;
        self.sells = sells;
        self.volume = if u64::from(qty_bits) * (PIECE as u64) < 1 << 32 {
            [volume - volume_sold, volume_sold].map(u64::from)
        } else {
            let all: u64 = quantity.iter().map(|&q| u64::from(q)).sum();
            let sold: u64 = sold.iter().map(|&q| u64::from(q)).sum();
            [all - sold, sold]
        };
    }

    /// False when a price or quantity is not positive.
    pub(super) fn is_valid(&self) -> bool {
        !self.has_zero
    }

    /// True when prices and quantities fit 31 bits and every sum over the piece fits 63.
    pub(super) fn fits(&self) -> bool {
        let [price, qty] = self.most.map(u128::from);
        price < 1 << 31 && qty < 1 << 31 && price * qty * (PIECE as u128) < 1 << 63
    }

    /// Sums over the piece of one window that was looked at last, and that is valid and fits.
    pub(super) fn sum(&self, price: &[u32], count: Option<&[u32]>, limits: &[u64; 3]) -> Sums {
        let n = price.len();
        let (quantity, sold) = (&self.quantity[..n], &self.sold[..n]);
        let (mut notional, mut notional_sold) = (0, 0);
        for i in 0..n {
            notional += u64::from(price[i]) * u64::from(quantity[i]);
            notional_sold += u64::from(price[i]) * u64::from(sold[i]);
        }
        let notional = [notional - notional_sold, notional_sold];
        let trades = self.count_trades(n, count);
        let total = [0, 1].map(|side| Flow {
            volume: self.volume[side].into(),
            notional: notional[side].into(),
            trades: trades[side] as i64,
        });
        Sums { total, large: LargeSums { price, quantity, sold, count, limits, sums: [[0; 3]; 8] }.sum() }
    }

    /// Underlying trades bought and sold.
    fn count_trades(&self, n: usize, count: Option<&[u32]>) -> [u64; 2] {
        let Some(count) = count else {
            return [n as u64 - u64::from(self.sells), self.sells.into()];
        };
        let (mut count_bits, mut all, mut all_sold) = (0_u32, 0_u32, 0_u32);
        for (&sold, &c) in self.sold[..n].iter().zip(count) {
            let trades = c.wrapping_add(u32::from(c == 0));
            count_bits |= trades;
            all = all.wrapping_add(trades);
            all_sold = all_sold.wrapping_add(if sold == 0 { 0 } else { trades });
        }
        if u64::from(count_bits) * (PIECE as u64) < 1 << 32 {
            return [all - all_sold, all_sold].map(u64::from);
        }
        let mut sums = [0, 0];
        for (&sold, &c) in self.sold[..n].iter().zip(count) {
            sums[usize::from(sold != 0)] += u64::from(c.max(1));
        }
        sums
    }
}

/// Finds the trades above tier 1 and sums them one by one.
struct LargeSums<'a> {
    price: &'a [u32],
    quantity: &'a [u32],
    sold: &'a [u32],
    count: Option<&'a [u32]>,
    limits: &'a [u64; 3],
    /// `[volume, notional, underlying trades]` by `2 * tier + side`; one more than needed, so that `% 8` suffices.
    sums: [[u64; 3]; 8],
}

impl LargeSums<'_> {
    fn sum(mut self) -> [[Flow; 2]; 3] {
        let bits = self.mark();
        for (pair, words) in bits.chunks_exact(2).enumerate() {
            let mut marks = u64::from(words[0]) | u64::from(words[1]) << 32;
            while marks != 0 {
                let mark = marks.trailing_zeros() as usize;
                marks &= marks - 1;
                self.add(mark % 32 * LANES + 2 * pair + mark / 32);
            }
        }
        for i in self.price.len() / LANES * LANES..self.price.len() {
            self.add(i);
        }
        let flow = |[volume, notional, trades]: [u64; 3]| Flow {
            volume: volume.into(),
            notional: notional.into(),
            trades: trades as i64,
        };
        [0, 1, 2].map(|tier| [flow(self.sums[2 * tier]), flow(self.sums[2 * tier + 1])])
    }

    /// Bit `row` of word `lane` is set for every trade `LANES * row + lane` above tier 1, and for few others.
    fn mark(&self) -> [u32; LANES] {
        // Two conversions and a product lose less than 2^-22 of a value, so lowering the limit by 2^-20 misses none.
        let limit = self.limits[0] as f32 * (1.0 - 1.0 / 1_048_576.0);
        let mut bits = [0; LANES];
        let rows = self.price.chunks_exact(LANES).zip(self.quantity.chunks_exact(LANES));
        for (row, (price, quantity)) in rows.enumerate() {
            for lane in 0..LANES {
                // Both fit 31 bits, and SSE2 converts signed integers only.
                let value = price[lane] as i32 as f32 * quantity[lane] as i32 as f32;
                bits[lane] |= if value > limit { 1 << row } else { 0 };
            }
        }
        bits
    }

    fn add(&mut self, i: usize) {
        let quantity = u64::from(self.quantity[i]);
        let value = u64::from(self.price[i]) * quantity;
        if value > self.limits[0] {
            let tier = usize::from(value > self.limits[1]) + usize::from(value > self.limits[2]);
            let sums = &mut self.sums[(2 * tier + usize::from(self.sold[i] != 0)) % 8];
            sums[0] += quantity;
            sums[1] += value;
            sums[2] += self.count.map_or(1, |count| u64::from(count[i].max(1)));
        }
    }
}
