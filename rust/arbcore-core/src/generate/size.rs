//! Sizes of trades: heavy-tailed, with the round numbers that people type.

use super::config::GeneratorConfig;
use super::math::{exp, ln};
use crate::grid::POW10;

/// Quantiles of the dollar value of BTCUSDT perpetual trades, read off a recorded hour of May 2026.
const QUANTILES: [(f64, f64); 13] = [
    (0.0, 20.0),
    (0.1, 60.0),
    (0.3, 82.0),
    (0.5, 245.0),
    (0.75, 1_800.0),
    (0.9, 10_900.0),
    (0.95, 31_000.0),
    (0.99, 160_000.0),
    (0.999, 680_000.0),
    (0.9999, 2_200_000.0),
    (0.999_99, 6_000_000.0),
    (0.999_999, 10_000_000.0),
    (1.0, 12_000_000.0),
];

const CELLS: usize = 4096;
/// The last 64 cells are drawn again from a finer table.
const TAIL_FROM: usize = CELLS - 64;
const TAIL_SHARE: f64 = 64.0 / 4096.0;

/// Draws quantities in lots by looking them up.
#[derive(Debug, Clone)]
pub(super) struct SizeTable {
    body: Vec<i64>,
    tail: Vec<i64>,
    /// Binary logarithm of the median.
    median_bits: u32,
}

impl SizeTable {
    pub(super) fn new(config: &GeneratorConfig) -> Self {
        let lots_per_usd = POW10[config.grid.qty_decimals as usize] as f64
            * POW10[config.grid.price_decimals as usize] as f64
            / config.start_price as f64
            * config.size_scale;
        let lots = |u: f64| ((value_at(u) * lots_per_usd) as i64).clamp(1, 1 << 40);
        let cell = |i: usize| (i as f64 + 0.5) / CELLS as f64;
        Self {
            median_bits: lots(0.5).ilog2(),
            body: (0..CELLS).map(|i| lots(cell(i))).collect(),
            tail: (0..CELLS).map(|i| lots(1.0 - TAIL_SHARE * (1.0 - cell(i)))).collect(),
        }
    }

    /// How many times the median a quantity is, to a power of two, rounded down.
    #[inline]
    pub(super) fn over_median(&self, lots: i64) -> u64 {
        (lots as u64) >> self.median_bits
    }

    /// A quantity from 28 random bits.
    #[inline]
    pub(super) fn draw(&self, bits: u64) -> i64 {
        let cell = bits as usize % CELLS;
        let lots = if cell < TAIL_FROM { self.body[cell] } else { self.tail[(bits >> 12) as usize % CELLS] };
        // One in eight is typed by hand.
        if (bits >> 24).is_multiple_of(8) { round_down(lots) } else { lots }
    }
}

/// The value at quantile `u`, geometric between the known ones.
fn value_at(u: f64) -> f64 {
    let upper = QUANTILES.iter().position(|(q, _)| *q > u).unwrap_or(QUANTILES.len() - 1);
    let ((q0, v0), (q1, v1)) = (QUANTILES[upper - 1], QUANTILES[upper]);
    v0 * exp(ln(v1 / v0) * (u - q0) / (q1 - q0))
}

/// The next number below with one digit, or 25 or 15 at its head.
fn round_down(lots: i64) -> i64 {
    let mut unit = 1;
    while unit <= lots / 10 {
        unit *= 10;
    }
    match lots * 10 / unit {
        15..20 if unit >= 10 => unit / 10 * 15,
        25..30 if unit >= 10 => unit / 10 * 25,
        _ => lots / unit * unit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_to_numbers_people_type() {
        let rounded = [1, 9, 17, 26, 74, 149, 1_999, 254_321].map(round_down);
        assert_eq!(rounded, [1, 9, 15, 25, 70, 100, 1_500, 250_000]);
    }

    #[test]
    fn quantiles_are_met() {
        let config = GeneratorConfig::for_symbol("BTCUSDT").unwrap();
        let table = SizeTable::new(&config);
        // 0.5: 245 dollars at 94,500 are 2 lots of 0.001; 0.9: 10,900 dollars are 115.
        assert_eq!(table.body[CELLS / 2], 2);
        assert_eq!(table.body[CELLS * 9 / 10], 115);
        assert!(table.tail[CELLS - 1] > 60_000, "{}", table.tail[CELLS - 1]);
        assert!(table.body.is_sorted() && table.tail.is_sorted());
    }
}
