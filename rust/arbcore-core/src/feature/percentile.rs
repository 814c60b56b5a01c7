//! Exact upper order statistics of a sliding multiset, maintained instead of sorted.
//!
//! Only the values at or above an adaptive *floor* (about the top tenth) are counted one by one; of the rest
//! the number is enough. Common sizes live in dense cells, huge ones in a tree. A rank pointer per statistic
//! remembers how many values lie above it, so a step moves it by the few cells that changed.
//! The owner keeps the values themselves and rebuilds the tail when the floor turns out too high.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

/// Values `floor .. floor + DENSE` have a cell of their own.
const DENSE: usize = 1 << 15;

/// One maintained order statistic: `above` counted values are greater than `value`.
#[derive(Debug, Clone, Copy, Default)]
struct Pointer {
    value: i64,
    above: u64,
}

/// Counts of the values at or above the floor.
#[derive(Debug, Clone)]
pub(super) struct TailCounts {
    floor: i64,
    dense: Vec<u32>,
    /// One bit a cell: occupied.
    occupied: Vec<u64>,
    sparse: BTreeMap<i64, u32>,
    len: u64,
    pointers: [Pointer; 2],
}

impl TailCounts {
    /// Empty counts of the values at or above `floor`.
    pub(super) fn new(floor: i64) -> Self {
        Self {
            floor,
            dense: vec![0; DENSE],
            occupied: vec![0; DENSE / 64],
            sparse: BTreeMap::new(),
            len: 0,
            pointers: [Pointer { value: floor, above: 0 }; 2],
        }
    }

    #[inline]
    pub(super) fn floor(&self) -> i64 {
        self.floor
    }

    /// Counted values.
    #[inline]
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Counts a value, which must not lie below the floor.
    #[inline]
    pub(super) fn insert(&mut self, value: i64) {
        self.len += 1;
        for pointer in &mut self.pointers {
            pointer.above += u64::from(value > pointer.value);
        }
        let cell = (value - self.floor) as usize;
        if cell < DENSE {
            self.dense[cell] += 1;
            self.occupied[cell / 64] |= 1 << (cell % 64);
        } else {
            *self.sparse.entry(value).or_insert(0) += 1;
        }
    }

    /// Takes back a counted value; values below the floor were never counted and are passed over.
    #[inline]
    pub(super) fn remove(&mut self, value: i64) {
        if value < self.floor {
            return;
        }
        self.len -= 1;
        for pointer in &mut self.pointers {
            pointer.above -= u64::from(value > pointer.value);
        }
        let cell = (value - self.floor) as usize;
        if cell < DENSE {
            self.dense[cell] -= 1;
            let empty = self.dense[cell] == 0;
            self.occupied[cell / 64] &= !(u64::from(empty) << (cell % 64));
        } else if let Some(count) = self.sparse.get_mut(&value) {
            *count -= 1;
            if *count == 0 {
                self.sparse.remove(&value);
            }
        }
    }

    fn count(&self, value: i64) -> u64 {
        let cell = (value - self.floor) as usize;
        u64::from(if cell < DENSE { self.dense[cell] } else { self.sparse.get(&value).copied().unwrap_or(0) })
    }

    /// The least counted value above `value`.
    fn next_above(&self, value: i64) -> Option<i64> {
        let from = (value - self.floor + 1) as usize;
        if from < DENSE {
            let mut word = from / 64;
            let mut bits = self.occupied[word] & (u64::MAX << (from % 64));
            loop {
                if bits != 0 {
                    return Some(self.floor + (word * 64) as i64 + i64::from(bits.trailing_zeros()));
                }
                word += 1;
                if word == self.occupied.len() {
                    break;
                }
                bits = self.occupied[word];
            }
        }
        self.sparse.range((Excluded(value), Unbounded)).next().map(|(&v, _)| v)
    }

    /// The greatest counted value below `value`.
    fn next_below(&self, value: i64) -> Option<i64> {
        let cell = (value - self.floor) as usize;
        if cell > DENSE
            && let Some((&v, _)) = self.sparse.range(..value).next_back()
        {
            return Some(v);
        }
        let to = cell.min(DENSE);
        let mut word = to / 64;
        let mut bits = if to.is_multiple_of(64) { 0 } else { self.occupied[word] & ((1 << (to % 64)) - 1) };
        loop {
            if bits != 0 {
                return Some(self.floor + (word * 64) as i64 + i64::from(bits.ilog2()));
            }
            if word == 0 {
                return None;
            }
            word -= 1;
            bits = self.occupied[word];
        }
    }

    /// The `rank`-th greatest value (1 is the greatest) by pointer `which`; `None` when fewer are counted.
    #[inline]
    pub(super) fn nth_largest(&mut self, which: usize, rank: u64) -> Option<i64> {
        if rank == 0 || rank > self.len {
            return None;
        }
        let mut pointer = self.pointers[which];
        while pointer.above >= rank {
            pointer.value = self.next_above(pointer.value)?;
            pointer.above -= self.count(pointer.value);
        }
        loop {
            let here = self.count(pointer.value);
            if pointer.above + here >= rank {
                break;
            }
            pointer.above += here;
            pointer.value = self.next_below(pointer.value)?;
        }
        self.pointers[which] = pointer;
        Some(pointer.value)
    }

    /// The value of that rank from the top without moving a pointer: for choosing a new floor.
    pub(super) fn scan_nth_largest(&self, rank: u64) -> Option<i64> {
        let mut above = 0;
        for (&value, &count) in self.sparse.iter().rev() {
            above += u64::from(count);
            if above >= rank {
                return Some(value);
            }
        }
        let mut below = self.floor + DENSE as i64;
        while let Some(value) = self.next_below(below) {
            above += self.count(value);
            if above >= rank {
                return Some(value);
            }
            below = value;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_equal_a_sorted_list_while_values_come_and_go() {
        let mut state = 42_u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        let mut counts = TailCounts::new(10);
        let mut held: Vec<i64> = Vec::new();
        for step in 0..20_000 {
            if held.len() < 300 || random() % 2 == 0 {
                // Dense, the border of dense and sparse, far out.
                let value = match random() % 4 {
                    0 => 10 + (random() % 5) as i64,
                    1 => 10 + DENSE as i64 - 2 + (random() % 4) as i64,
                    2 => 10 + (random() % 1_000) as i64,
                    _ => 1_000_000_000 + (random() % 50) as i64,
                };
                held.push(value);
                counts.insert(value);
            } else {
                let value = held.swap_remove(random() as usize % held.len());
                counts.remove(value);
            }
            if step % 7 == 0 {
                let mut sorted = held.clone();
                sorted.sort_unstable_by(|a, b| b.cmp(a));
                for (which, share) in [(0, 20), (1, 100)] {
                    let rank = sorted.len() / share + 1;
                    let expected = sorted.get(rank - 1).copied();
                    assert_eq!(counts.nth_largest(which, rank as u64), expected, "step {step} rank {rank}");
                    assert_eq!(counts.scan_nth_largest(rank as u64), expected);
                }
            }
        }
    }
}
