//! Least and greatest prices of blocks of 32, of 32 blocks, and so on: the next crossing of a level, top-down.

use super::in_parallel;
use super::index::TradeIndex;

/// Children of a node.
const FAN: usize = 32;
/// Trades that one thread takes at a time while building.
const PIECE: usize = 1 << 18;

/// A min/max pyramid over a price column, about 0.26 bytes a trade while prices span less than 2^32 ticks.
#[derive(Debug, Clone)]
pub struct PricePyramid {
    len: usize,
    levels: Levels,
}

#[derive(Debug, Clone)]
enum Levels {
    /// Prices as offsets from `base`.
    Narrow {
        base: i64,
        levels: Vec<Level<u32>>,
    },
    Wide(Vec<Level<i64>>),
}

/// Nodes of one height, padded with empty ones to whole families of [`FAN`].
#[derive(Debug, Clone)]
struct Level<P> {
    least: Vec<[P; FAN]>,
    greatest: Vec<[P; FAN]>,
}

/// A number that prices are stored as.
trait Price: Copy + Ord + Send {
    const MIN: Self;
    const MAX: Self;
}

impl Price for u32 {
    const MIN: Self = u32::MIN;
    const MAX: Self = u32::MAX;
}

impl Price for i64 {
    const MIN: Self = i64::MIN;
    const MAX: Self = i64::MAX;
}

impl PricePyramid {
    /// Builds over all prices of `trades` with `threads` threads.
    pub fn build<T: TradeIndex>(trades: &T, threads: usize) -> Self {
        let len = trades.len();
        // Centred on the first price, 2^32 ticks reach two billion either way.
        let base = if len == 0 { 0 } else { trades.price(0).saturating_sub(1 << 31) };
        let levels = match build(trades, threads, |price| u32::try_from(price.checked_sub(base)?).ok()) {
            Some(levels) => Levels::Narrow { base, levels },
            None => Levels::Wide(build(trades, threads, Some).unwrap_or_default()),
        };
        Self { len, levels }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        match &self.levels {
            Levels::Narrow { levels, .. } => levels.iter().map(|level| level.least.len() * FAN * 8).sum(),
            Levels::Wide(levels) => levels.iter().map(|level| level.least.len() * FAN * 16).sum(),
        }
    }

    /// The first trade from `from` on with a price `<= low` or `>= high`; `trades` is what it was built over.
    #[inline]
    pub fn next_outside<T: TradeIndex>(&self, trades: &T, from: usize, low: i64, high: i64) -> Option<usize> {
        if from >= self.len {
            return None;
        }
        // The rest of the first block; often enough that is all.
        let end = (from / FAN + 1) * FAN;
        let near = trades.find_outside(from, end.min(self.len), low, high);
        if near.is_some() || end >= self.len {
            return near;
        }
        let block = match &self.levels {
            Levels::Narrow { base, levels } => {
                // Offsets below `under` or above `over` are outside; a bound beyond all offsets takes every trade.
                let under = i128::from(low) + 1 - i128::from(*base);
                let over = i128::from(high) - 1 - i128::from(*base);
                if under > i128::from(u32::MAX) || over < 0 {
                    return Some(end);
                }
                search(levels, end / FAN, under.max(0) as u32, over.min(i128::from(u32::MAX)) as u32)
            }
            Levels::Wide(levels) => {
                if low == i64::MAX || high == i64::MIN {
                    return Some(end);
                }
                search(levels, end / FAN, low + 1, high - 1)
            }
        }?;
        trades.find_outside(block * FAN, ((block + 1) * FAN).min(self.len), low, high)
    }
}

/// All levels, lowest first; `None` when a price does not fit.
fn build<T: TradeIndex, P: Price>(
    trades: &T,
    threads: usize,
    store: impl Fn(i64) -> Option<P> + Sync,
) -> Option<Vec<Level<P>>> {
    let len = trades.len();
    let pieces = in_parallel(threads, len.div_ceil(PIECE), |piece| {
        let end = ((piece + 1) * PIECE).min(len);
        let blocks = (piece * PIECE..end).step_by(FAN).map(|from| {
            let (least, greatest) = trades.price_range(from, (from + FAN).min(len));
            Some((store(least)?, store(greatest)?))
        });
        blocks.collect::<Option<Vec<_>>>()
    });
    let mut bounds = pieces.into_iter().collect::<Option<Vec<_>>>()?.concat();
    let mut levels = Vec::new();
    while !bounds.is_empty() {
        let families = bounds.chunks(FAN);
        let mut level =
            Level { least: Vec::with_capacity(families.len()), greatest: Vec::with_capacity(families.len()) };
        let mut above = Vec::with_capacity(families.len());
        for family in families {
            // Empty nodes are never below or above anything.
            let (mut least, mut greatest) = ([P::MAX; FAN], [P::MIN; FAN]);
            for (k, &(lowest, highest)) in family.iter().enumerate() {
                least[k] = lowest;
                greatest[k] = highest;
            }
            above.push((least.iter().copied().fold(P::MAX, P::min), greatest.iter().copied().fold(P::MIN, P::max)));
            level.least.push(least);
            level.greatest.push(greatest);
        }
        levels.push(level);
        if above.len() == 1 {
            break;
        }
        bounds = above;
    }
    Some(levels)
}

/// The first block from `block` on that holds a price below `under` or above `over`.
fn search<P: Price>(levels: &[Level<P>], block: usize, under: P, over: P) -> Option<usize> {
    let mut node = block;
    let mut height = 0;
    // Up, until a later sibling holds one.
    let mut found = loop {
        let level = levels.get(height)?;
        // Past the last family: only larger nodes could lie there, and there are none.
        let family = node / FAN;
        if family >= level.least.len() {
            return None;
        }
        // A node that begins a family is best asked through its parent.
        let whole_family = node.is_multiple_of(FAN) && height + 1 < levels.len();
        if !whole_family {
            if let Some(later) = level.first_outside(family, node % FAN, under, over) {
                break later;
            }
            node = (family + 1) * FAN;
        }
        node /= FAN;
        height += 1;
    };
    // Down, to the first child each time.
    while height > 0 {
        height -= 1;
        // A node's bounds come from its children, so one of them is outside too.
        found = levels[height].first_outside(found, 0, under, over)?;
    }
    Some(found)
}

impl<P: Price> Level<P> {
    /// The first node of the family, from its `from`-th on, that holds a price below `under` or above `over`.
    #[inline]
    fn first_outside(&self, family: usize, from: usize, under: P, over: P) -> Option<usize> {
        let (least, greatest) = (&self.least[family], &self.greatest[family]);
        // All 32 at once, without a branch: one byte a node, then the first byte that is set.
        let mut outside = [0_u8; FAN];
        for k in 0..FAN {
            outside[k] = u8::from(least[k] < under) | u8::from(greatest[k] > over);
        }
        for byte in &mut outside[..from] {
            *byte = 0;
        }
        let (halves, _) = outside.as_chunks::<16>();
        let node = match (u128::from_le_bytes(halves[0]), u128::from_le_bytes(halves[1])) {
            (0, 0) => return None,
            (0, upper) => 16 + upper.trailing_zeros() / 8,
            (lower, _) => lower.trailing_zeros() / 8,
        };
        Some(family * FAN + node as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::index::TradeColumns;

    fn columns(price: Vec<i64>) -> TradeColumns {
        TradeColumns { time_ms: vec![0; price.len()], price }
    }

    #[test]
    fn finds_single_crossings_across_every_height() {
        let len = 70_000;
        for at in [0, 1, 31, 32, 33, 1_023, 1_024, 32_767, 32_768, 65_535, 65_536, len - 1] {
            for spike in [90, 110] {
                let mut price = vec![100; len];
                price[at] = spike;
                let trades = columns(price);
                let pyramid = PricePyramid::build(&trades, 1);
                for from in [0, 1, 31, 32, 1_000, 32_768, 65_536, len - 1, len] {
                    let expected = (from <= at).then_some(at);
                    assert_eq!(pyramid.next_outside(&trades, from, 90, 110), expected, "spike at {at}, from {from}");
                    assert_eq!(pyramid.next_outside(&trades, from, 89, 111), None);
                }
            }
        }
    }

    #[test]
    fn bounds_beyond_the_stored_range_take_all_or_nothing() {
        let trades = columns(vec![5; 100]);
        let pyramid = PricePyramid::build(&trades, 1);
        for (low, high) in [(i64::MAX, i64::MAX), (i64::MIN, i64::MIN), (1 << 40, i64::MAX), (0, -(1 << 40))] {
            assert_eq!(pyramid.next_outside(&trades, 7, low, high), Some(7));
        }
        assert_eq!(pyramid.next_outside(&trades, 0, i64::MIN, i64::MAX), None);
        let none = columns(vec![]);
        assert_eq!(PricePyramid::build(&none, 1).next_outside(&none, 0, 1, 2), None);
    }

    #[test]
    fn prices_that_span_more_than_32_bits_are_kept_whole() {
        let mut price: Vec<i64> = (0..5_000).map(|i| 1_000_000_000_000 + i).collect();
        price[4_000] = 7;
        let trades = columns(price);
        let pyramid = PricePyramid::build(&trades, 2);
        assert!(matches!(pyramid.levels, Levels::Wide(_)));
        assert_eq!(pyramid.next_outside(&trades, 0, 7, i64::MAX), Some(4_000));
        assert_eq!(pyramid.next_outside(&trades, 0, 6, 1_000_000_003_000), Some(3_000));
    }

    #[test]
    fn costs_about_a_quarter_of_a_byte_a_trade() {
        let trades = columns((0..1 << 20).collect());
        let bytes = PricePyramid::build(&trades, 1).bytes() as f64;
        assert!(bytes / f64::from(1 << 20) <= 0.27, "{bytes}");
    }
}
