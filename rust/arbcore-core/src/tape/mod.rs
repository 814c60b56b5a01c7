//! The trade tape of one symbol: integer columns in order, ids as runs, bounded memory.
//!
//! Readers hand in [`TradeBatch`]es, live feeds single [`Trade`]s; features, bars and sweeps read [`Segment`]s.

mod chunk;
mod ids;

use std::collections::VecDeque;

pub use chunk::{CHUNK_LEN, Segment};
pub use ids::{IdPolicy, StreamReport};

use crate::batch::TradeBatch;
use crate::error::{CoreError, Result};
use crate::grid::Grid;
use crate::types::Trade;
use chunk::{Chunk, Row, Rows};
use ids::{Ids, Verdict};

/// Trades of one symbol in the order taken.
#[derive(Debug, Clone)]
pub struct Tape {
    grid: Grid,
    policy: IdPolicy,
    chunks: VecDeque<Chunk>,
    /// A dropped chunk, whose memory the next one takes over.
    spare: Option<Chunk>,
    /// Trades that were dropped from the front, a multiple of [`CHUNK_LEN`].
    dropped: u64,
    len: u64,
    ids: Ids,
    first_time_ms: Option<i64>,
    last_time_ms: i64,
    report: StreamReport,
}

impl Tape {
    /// An empty tape on `grid`.
    pub fn new(grid: Grid, policy: IdPolicy) -> Self {
        Self {
            grid,
            policy,
            chunks: VecDeque::new(),
            spare: None,
            dropped: 0,
            len: 0,
            ids: Ids::default(),
            first_time_ms: None,
            last_time_ms: i64::MIN,
            report: StreamReport::default(),
        }
    }

    /// The symbol's grid.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Trades taken so far, dropped ones included: indices run from [`Tape::start`] to this.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Index of the oldest trade still held.
    pub fn start(&self) -> u64 {
        self.dropped
    }

    /// True before the first trade.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Time of the first trade ever taken.
    pub fn first_time_ms(&self) -> Option<i64> {
        self.first_time_ms
    }

    /// Time of the last trade.
    pub fn last_time_ms(&self) -> Option<i64> {
        (self.len > 0).then_some(self.last_time_ms)
    }

    /// What was wrong with the stream, counted.
    pub fn report(&self) -> StreamReport {
        StreamReport { taken: self.len, ..self.report }
    }

    /// Missing id ranges, first and last inclusive.
    pub fn gaps(&self) -> Vec<(i64, i64)> {
        self.ids.gaps().collect()
    }

    /// Bytes held by the columns.
    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(Chunk::bytes).sum()
    }

    /// Takes one trade; false when the id policy drops it.
    pub fn push(&mut self, trade: &Trade) -> Result<bool> {
        if trade.price <= 0 || trade.qty <= 0 {
            return Err(bad_value(trade.price, trade.qty, trade.agg_id));
        }
        if let Some(id) = trade.agg_id {
            if self.ids.last.is_none() && self.len > 0 {
                return Err(mixed_ids());
            }
            if self.ids.judge(self.len, id, self.policy, &mut self.report)? == Verdict::Drop {
                return Ok(false);
            }
        } else if self.ids.last.is_some() {
            return Err(mixed_ids());
        }
        let mut time_ms = trade.time_ms;
        if time_ms < self.last_time_ms {
            time_ms = self.last_time_ms;
            self.report.times_raised += 1;
        }
        self.first_time_ms.get_or_insert(time_ms);
        self.last_time_ms = time_ms;
        let signed_qty = if trade.is_buyer_maker { -trade.qty } else { trade.qty };
        if self.len.is_multiple_of(CHUNK_LEN as u64) {
            self.start_chunk(time_ms, CHUNK_LEN);
        }
        if let Some(chunk) = self.chunks.back_mut() {
            chunk.push(Row { time_ms, price: trade.price, signed_qty, count: trade.count });
        }
        self.len += 1;
        Ok(true)
    }

    /// Takes a batch; with policy `reject` an anomaly refuses the whole batch.
    pub fn push_many(&mut self, batch: &TradeBatch) -> Result<()> {
        batch.check_lengths()?;
        let n = batch.len();
        if n == 0 {
            return Ok(());
        }
        // Folds without an early exit vectorise; the row is looked for only when there is one.
        let least = |values: &[i64]| values.iter().fold(i64::MAX, |a, &b| a.min(b));
        if (least(&batch.price) <= 0 || least(&batch.qty) <= 0)
            && let Some(i) = (0..n).find(|&i| batch.price[i] <= 0 || batch.qty[i] <= 0)
        {
            return Err(bad_value(batch.price[i], batch.qty[i], batch.agg_id.as_ref().map(|ids| ids[i])));
        }
        if batch.agg_id.is_some() != self.ids.last.is_some() && self.len > 0 {
            return Err(mixed_ids());
        }
        if let Some(ids) = &batch.agg_id {
            let first = self.ids.last.map_or(ids[0], |last| last + 1);
            let stray = ids.iter().zip(first..).fold(0, |stray, (&id, expected)| stray | (id ^ expected));
            if stray != 0 {
                return self.push_judged(batch, ids);
            }
            self.ids.extend(self.len, first, n);
        }
        self.append(batch);
        Ok(())
    }

    /// The slow path of [`Tape::push_many`]: some id is not the next one.
    fn push_judged(&mut self, batch: &TradeBatch, ids: &[i64]) -> Result<()> {
        if self.policy == IdPolicy::Reject {
            // Judge on a copy first, so that an error leaves the tape as it was.
            let (mut trial, mut report) = (self.ids.clone(), self.report);
            for (i, &id) in ids.iter().enumerate() {
                trial.judge(self.len + i as u64, id, self.policy, &mut report)?;
            }
        }
        let mut kept = TradeBatch {
            first_last_id: batch.first_last_id.as_ref().map(|_| Default::default()),
            ..Default::default()
        };
        for (i, &id) in ids.iter().enumerate() {
            let index = self.len + kept.len() as u64;
            if self.ids.judge(index, id, self.policy, &mut self.report)? == Verdict::Drop {
                continue;
            }
            kept.time_ms.push(batch.time_ms[i]);
            kept.price.push(batch.price[i]);
            kept.qty.push(batch.qty[i]);
            kept.is_buyer_maker.push(batch.is_buyer_maker[i]);
            if let (Some(from), Some(to)) = (&batch.first_last_id, &mut kept.first_last_id) {
                to.0.push(from.0[i]);
                to.1.push(from.1[i]);
            }
        }
        self.append(&kept);
        Ok(())
    }

    /// Appends checked rows, raising times where they go back.
    fn append(&mut self, batch: &TradeBatch) {
        let n = batch.len();
        let (Some(&head), Some(&tail)) = (batch.time_ms.first(), batch.time_ms.last()) else { return };
        let mut raised = Vec::new();
        let sorted = head >= self.last_time_ms
            && batch.time_ms.iter().zip(&batch.time_ms[1..]).fold(0, |falls, (a, b)| falls + u64::from(a > b)) == 0;
        let time_ms: &[i64] = if sorted {
            self.last_time_ms = tail;
            &batch.time_ms
        } else {
            raised.extend(batch.time_ms.iter().map(|&t| {
                if t < self.last_time_ms {
                    self.report.times_raised += 1;
                } else {
                    self.last_time_ms = t;
                }
                self.last_time_ms
            }));
            &raised
        };
        self.first_time_ms.get_or_insert(time_ms[0]);
        let rows = Rows {
            time_ms,
            price: &batch.price,
            qty: &batch.qty,
            is_buyer_maker: &batch.is_buyer_maker,
            first_last_id: batch.first_last_id.as_ref().map(|(first, last)| (first.as_slice(), last.as_slice())),
        };
        let mut from = 0;
        while from < n {
            if self.len.is_multiple_of(CHUNK_LEN as u64) {
                // A first small chunk grows as it must; later ones are allocated whole.
                let capacity = if self.len == 0 { n.min(CHUNK_LEN) } else { CHUNK_LEN };
                self.start_chunk(time_ms[from], capacity);
            }
            let room = CHUNK_LEN - self.len as usize % CHUNK_LEN;
            let to = n.min(from + room);
            if let Some(chunk) = self.chunks.back_mut() {
                chunk.extend(&rows, from, to);
            }
            self.len += (to - from) as u64;
            from = to;
        }
    }

    fn start_chunk(&mut self, base_ms: i64, capacity: usize) {
        self.chunks.push_back(match self.spare.take() {
            Some(spare) => spare.recycled(base_ms),
            None => Chunk::new(base_ms, capacity),
        });
    }

    /// The trades from `index` to the end of its chunk.
    #[inline]
    pub fn segment_from(&self, index: u64) -> Segment<'_> {
        let offset = (index - self.dropped) as usize;
        let segment = self.chunks[offset / CHUNK_LEN].segment();
        segment.slice(offset % CHUNK_LEN, segment.len())
    }

    /// The trades `from..to` as segments of at most one chunk each.
    pub fn segments(&self, from: u64, to: u64) -> impl Iterator<Item = Segment<'_>> + '_ {
        let mut at = from;
        std::iter::from_fn(move || {
            if at >= to {
                return None;
            }
            let segment = self.segment_from(at);
            let n = segment.len().min((to - at) as usize);
            at += n as u64;
            Some(segment.slice(0, n))
        })
    }

    /// Upper bounds of price and quantity in the chunk that holds `index`.
    #[inline]
    pub(crate) fn bounds_at(&self, index: u64) -> (i64, i64) {
        let chunk = &self.chunks[(index - self.dropped) as usize / CHUNK_LEN];
        (chunk.price_max, chunk.qty_max)
    }

    /// UTC milliseconds of a trade that is still held.
    #[inline]
    pub fn time_ms(&self, index: u64) -> i64 {
        let offset = (index - self.dropped) as usize;
        self.chunks[offset / CHUNK_LEN].segment().time_ms(offset % CHUNK_LEN)
    }

    /// Ticks of a trade that is still held.
    #[inline]
    pub fn price(&self, index: u64) -> i64 {
        let offset = (index - self.dropped) as usize;
        self.chunks[offset / CHUNK_LEN].segment().price(offset % CHUNK_LEN)
    }

    /// A trade that is still held.
    pub fn trade(&self, index: u64) -> Option<Trade> {
        if index < self.dropped || index >= self.len {
            return None;
        }
        let offset = (index - self.dropped) as usize;
        let (chunk, i) = (&self.chunks[offset / CHUNK_LEN], offset % CHUNK_LEN);
        let segment = chunk.segment();
        let signed = segment.signed_qty(i);
        Some(Trade {
            agg_id: self.ids.id(index),
            time_ms: segment.time_ms(i),
            price: segment.price(i),
            qty: signed.abs(),
            is_buyer_maker: signed < 0,
            count: chunk.count(i),
        })
    }

    /// Index of the first held trade with a time `>= time_ms` (the end, if there is none).
    pub fn first_at_or_after(&self, time_ms: i64) -> u64 {
        let chunk = self.chunks.partition_point(|chunk| {
            let segment = chunk.segment();
            segment.time_ms(segment.len() - 1) < time_ms
        });
        match self.chunks.get(chunk) {
            None => self.len,
            Some(found) => self.dropped + (chunk * CHUNK_LEN + found.segment().count_before(0, time_ms)) as u64,
        }
    }

    /// Lets go of whole chunks whose trades are all older than `time_ms`.
    pub fn drop_before(&mut self, time_ms: i64) {
        while let Some(chunk) = self.chunks.front() {
            let n = chunk.len();
            if n < CHUNK_LEN || chunk.segment().time_ms(n - 1) >= time_ms {
                break;
            }
            self.spare = self.chunks.pop_front();
            self.dropped += CHUNK_LEN as u64;
        }
        self.ids.drop_before(self.dropped);
    }
}

fn bad_value(price: i64, qty: i64, agg_id: Option<i64>) -> CoreError {
    let (field, value) = if price <= 0 { ("price", price) } else { ("qty", qty) };
    let trade = agg_id.map_or_else(String::new, |id| format!(" of trade {id}"));
    CoreError::input(format!("{field}{trade} = {value}: must be above 0"))
}

fn mixed_ids() -> CoreError {
    CoreError::input("trades with and without agg_id on one tape: give ids for all of them, or for none")
}

#[cfg(test)]
mod tests;
