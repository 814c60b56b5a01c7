//! 65,536 trades as columns: 12 bytes a trade where the numbers allow it, 24 where they do not.

/// Trades in a full chunk; every chunk of a tape but the last is full, so index arithmetic is two shifts.
pub const CHUNK_LEN: usize = 1 << 16;

/// The columns of a chunk. Quantities carry the side: positive for taker buys, negative for taker sells.
#[derive(Debug, Clone)]
pub(super) enum Columns {
    Narrow { base_ms: i64, time: Vec<u32>, price: Vec<u32>, qty: Vec<i32> },
    Wide { time: Vec<i64>, price: Vec<i64>, qty: Vec<i64> },
}

/// Underlying trades of each aggregated one.
#[derive(Debug, Clone)]
enum Counts {
    /// All are 1.
    Ones,
    Narrow(Vec<u16>),
    Wide(Vec<u32>),
}

/// Trades of one chunk, borrowed, in order.
#[derive(Debug, Clone, Copy)]
pub enum Segment<'a> {
    /// Times are offsets from `base_ms`, prices at most `i32::MAX`.
    Narrow {
        /// Added to every time.
        base_ms: i64,
        /// Offsets in milliseconds.
        time: &'a [u32],
        /// Ticks.
        price: &'a [u32],
        /// Lots, signed by the taker's side.
        qty: &'a [i32],
    },
    /// The fallback for numbers that do not fit.
    Wide {
        /// UTC milliseconds.
        time: &'a [i64],
        /// Ticks.
        price: &'a [i64],
        /// Lots, signed by the taker's side.
        qty: &'a [i64],
    },
}

impl<'a> Segment<'a> {
    /// Number of trades.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::Narrow { time, .. } => time.len(),
            Self::Wide { time, .. } => time.len(),
        }
    }

    /// True without trades.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// UTC milliseconds of trade `i`.
    #[inline]
    pub fn time_ms(&self, i: usize) -> i64 {
        match self {
            Self::Narrow { base_ms, time, .. } => base_ms + i64::from(time[i]),
            Self::Wide { time, .. } => time[i],
        }
    }

    /// Ticks of trade `i`.
    #[inline]
    pub fn price(&self, i: usize) -> i64 {
        match self {
            Self::Narrow { price, .. } => i64::from(price[i]),
            Self::Wide { price, .. } => price[i],
        }
    }

    /// Signed lots of trade `i`.
    #[inline]
    pub fn signed_qty(&self, i: usize) -> i64 {
        match self {
            Self::Narrow { qty, .. } => i64::from(qty[i]),
            Self::Wide { qty, .. } => qty[i],
        }
    }

    /// The trades `from..to`.
    #[inline]
    #[must_use]
    pub fn slice(&self, from: usize, to: usize) -> Segment<'a> {
        match *self {
            Self::Narrow { base_ms, time, price, qty } => {
                Segment::Narrow { base_ms, time: &time[from..to], price: &price[from..to], qty: &qty[from..to] }
            }
            Self::Wide { time, price, qty } => {
                Segment::Wide { time: &time[from..to], price: &price[from..to], qty: &qty[from..to] }
            }
        }
    }

    /// How many trades from `from` on have a time below `bound_ms` (gallops: cheap when few do).
    #[inline]
    pub fn count_before(&self, from: usize, bound_ms: i64) -> usize {
        match self {
            Self::Narrow { base_ms, time, .. } => {
                let offset = bound_ms - base_ms;
                if offset <= 0 {
                    return 0;
                }
                match u32::try_from(offset) {
                    Ok(offset) => gallop(&time[from..], |&t| t < offset),
                    Err(_) => time.len() - from,
                }
            }
            Self::Wide { time, .. } => gallop(&time[from..], |&t| t < bound_ms),
        }
    }

    /// How many quantities are at least `least`.
    pub fn count_at_least(&self, least: i64) -> u64 {
        let n = match self {
            Self::Narrow { qty, .. } => qty.iter().filter(|&&q| i64::from(q).abs() >= least).count(),
            Self::Wide { qty, .. } => qty.iter().filter(|&&q| q.abs() >= least).count(),
        };
        n as u64
    }

    /// Least and greatest price; `(i64::MAX, i64::MIN)` without trades.
    #[inline]
    pub fn price_range(&self) -> (i64, i64) {
        let wider = |(least, greatest): (i64, i64), p: i64| (least.min(p), greatest.max(p));
        match self {
            Self::Narrow { price, .. } => {
                price.iter().fold((i64::MAX, i64::MIN), |range, &p| wider(range, i64::from(p)))
            }
            Self::Wide { price, .. } => price.iter().fold((i64::MAX, i64::MIN), |range, &p| wider(range, p)),
        }
    }

    /// First trade at or after `from` with price `<= low` or `>= high`.
    pub fn next_outside(&self, from: usize, low: i64, high: i64) -> Option<usize> {
        let hit = match self {
            Self::Narrow { price, .. } => {
                price[from..].iter().position(|&p| i64::from(p) <= low || i64::from(p) >= high)
            }
            Self::Wide { price, .. } => price[from..].iter().position(|&p| p <= low || p >= high),
        };
        hit.map(|i| from + i)
    }
}

/// Length of the prefix that satisfies a monotone predicate.
#[inline]
fn gallop<T>(items: &[T], holds: impl Fn(&T) -> bool) -> usize {
    let mut step = 64;
    let mut low = 0;
    loop {
        let high = low + step;
        if high >= items.len() {
            return low + items[low..].partition_point(&holds);
        }
        if holds(&items[high]) {
            low = high + 1;
            step *= 2;
        } else {
            return low + items[low..high].partition_point(&holds);
        }
    }
}

/// One chunk of a tape.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub(super) columns: Columns,
    counts: Counts,
    /// Greatest price and quantity so far: bounds that let a kernel prove that `u64` sums cannot overflow.
    pub(super) price_max: i64,
    pub(super) qty_max: i64,
}

/// A trade as the chunk stores it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub time_ms: i64,
    pub price: i64,
    pub signed_qty: i64,
    pub count: u32,
}

/// A run of checked columns to append; times ascend, prices and quantities are positive.
pub(super) struct Rows<'a> {
    pub time_ms: &'a [i64],
    pub price: &'a [i64],
    pub qty: &'a [i64],
    pub is_buyer_maker: &'a [bool],
    pub first_last_id: Option<(&'a [i64], &'a [i64])>,
}

/// Underlying trades between two ids; unusable pairs count as one, as a source without ids does.
#[inline]
fn count_between(first: i64, last: i64) -> i64 {
    (last.wrapping_sub(first).wrapping_add(1)).clamp(1, i64::from(u32::MAX))
}

impl Chunk {
    pub(super) fn new(base_ms: i64, capacity: usize) -> Self {
        let columns = Columns::Narrow {
            base_ms,
            time: Vec::with_capacity(capacity),
            price: Vec::with_capacity(capacity),
            qty: Vec::with_capacity(capacity),
        };
        Self { columns, counts: Counts::Ones, price_max: 0, qty_max: 0 }
    }

    /// This chunk's memory for another chunk.
    pub(super) fn recycled(self, base_ms: i64) -> Self {
        let Columns::Narrow { mut time, mut price, mut qty, .. } = self.columns else {
            return Self::new(base_ms, CHUNK_LEN);
        };
        time.clear();
        price.clear();
        qty.clear();
        let columns = Columns::Narrow { base_ms, time, price, qty };
        Self { columns, counts: Counts::Ones, price_max: 0, qty_max: 0 }
    }

    pub(super) fn len(&self) -> usize {
        match &self.columns {
            Columns::Narrow { time, .. } => time.len(),
            Columns::Wide { time, .. } => time.len(),
        }
    }

    pub(super) fn segment(&self) -> Segment<'_> {
        match &self.columns {
            Columns::Narrow { base_ms, time, price, qty } => Segment::Narrow { base_ms: *base_ms, time, price, qty },
            Columns::Wide { time, price, qty } => Segment::Wide { time, price, qty },
        }
    }

    /// Underlying trades of trade `i`.
    pub(super) fn count(&self, i: usize) -> u32 {
        match &self.counts {
            Counts::Ones => 1,
            Counts::Narrow(counts) => u32::from(counts[i]),
            Counts::Wide(counts) => counts[i],
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let columns = match &self.columns {
            Columns::Narrow { time, price, qty, .. } => 4 * (time.capacity() + price.capacity() + qty.capacity()),
            Columns::Wide { time, price, qty } => 8 * (time.capacity() + price.capacity() + qty.capacity()),
        };
        columns
            + match &self.counts {
                Counts::Ones => 0,
                Counts::Narrow(counts) => 2 * counts.capacity(),
                Counts::Wide(counts) => 4 * counts.capacity(),
            }
    }

    #[inline]
    pub(super) fn push(&mut self, row: Row) {
        let qty_abs = row.signed_qty.abs();
        self.price_max = self.price_max.max(row.price);
        self.qty_max = self.qty_max.max(qty_abs);
        if let Columns::Narrow { base_ms, time, price, qty } = &mut self.columns {
            let offset = row.time_ms - *base_ms;
            if offset <= i64::from(u32::MAX) && row.price <= i64::from(i32::MAX) && qty_abs <= i64::from(i32::MAX) {
                self.counts.push(row.count, time.len());
                time.push(offset as u32);
                price.push(row.price as u32);
                qty.push(row.signed_qty as i32);
                return;
            }
        }
        self.push_wide(row);
    }

    #[cold]
    fn push_wide(&mut self, row: Row) {
        let at = self.len();
        self.widen();
        self.counts.push(row.count, at);
        if let Columns::Wide { time, price, qty } = &mut self.columns {
            time.push(row.time_ms);
            price.push(row.price);
            qty.push(row.signed_qty);
        }
    }

    /// Appends rows `from..to`.
    pub(super) fn extend(&mut self, rows: &Rows<'_>, from: usize, to: usize) {
        let (times, prices, qtys) = (&rows.time_ms[from..to], &rows.price[from..to], &rows.qty[from..to]);
        let makers = &rows.is_buyer_maker[from..to];
        self.price_max = prices.iter().fold(self.price_max, |a, &b| a.max(b));
        self.qty_max = qtys.iter().fold(self.qty_max, |a, &b| a.max(b));
        let start = self.len();
        if let Columns::Narrow { base_ms, .. } = &self.columns {
            let fits = self.price_max <= i64::from(i32::MAX)
                && self.qty_max <= i64::from(i32::MAX)
                && times.last().is_none_or(|t| t - base_ms <= i64::from(u32::MAX));
            if !fits {
                self.widen();
            }
        }
        match &mut self.columns {
            Columns::Narrow { base_ms, time, price, qty } => {
                let base = *base_ms;
                time.extend(times.iter().map(|t| (t - base) as u32));
                price.extend(prices.iter().map(|&p| p as u32));
                qty.extend(qtys.iter().zip(makers).map(|(&q, &maker)| if maker { -(q as i32) } else { q as i32 }));
            }
            Columns::Wide { time, price, qty } => {
                time.extend_from_slice(times);
                price.extend_from_slice(prices);
                qty.extend(qtys.iter().zip(makers).map(|(&q, &maker)| if maker { -q } else { q }));
            }
        }
        match rows.first_last_id {
            Some((first, last)) => self.counts.extend(&first[from..to], &last[from..to], start),
            None => self.counts.push_ones(to - from),
        }
    }

    fn widen(&mut self) {
        if let Columns::Narrow { base_ms, time, price, qty } = &self.columns {
            let wide = Columns::Wide {
                time: time.iter().map(|&t| base_ms + i64::from(t)).collect(),
                price: price.iter().map(|&p| i64::from(p)).collect(),
                qty: qty.iter().map(|&q| i64::from(q)).collect(),
            };
            self.columns = wide;
        }
    }
}

impl Counts {
    #[inline]
    fn push(&mut self, count: u32, at: usize) {
        match self {
            Self::Ones if count == 1 => {}
            Self::Narrow(counts) => match u16::try_from(count) {
                Ok(count) => counts.push(count),
                Err(_) => self.upgrade(count, at),
            },
            Self::Wide(counts) => counts.push(count),
            Self::Ones => self.upgrade(count, at),
        }
    }

    /// Appends the counts of a run of id pairs; `at` counts are there already.
    fn extend(&mut self, first: &[i64], last: &[i64], at: usize) {
        let counts = || first.iter().zip(last).map(|(&first, &last)| count_between(first, last));
        let most = counts().fold(1, i64::max);
        match self {
            Self::Ones if most == 1 => {}
            Self::Narrow(narrow) if most <= i64::from(u16::MAX) => narrow.extend(counts().map(|count| count as u16)),
            Self::Wide(wide) => wide.extend(counts().map(|count| count as u32)),
            _ => counts().enumerate().for_each(|(i, count)| self.push(count as u32, at + i)),
        }
    }

    fn push_ones(&mut self, n: usize) {
        match self {
            Self::Ones => {}
            Self::Narrow(counts) => counts.resize(counts.len() + n, 1),
            Self::Wide(counts) => counts.resize(counts.len() + n, 1),
        }
    }

    #[cold]
    fn upgrade(&mut self, count: u32, at: usize) {
        let mut wide: Vec<u32> = match self {
            Self::Ones => vec![1; at],
            Self::Narrow(counts) => counts.iter().map(|&c| u32::from(c)).collect(),
            Self::Wide(counts) => std::mem::take(counts),
        };
        wide.push(count);
        *self = if matches!(self, Self::Ones) && u16::try_from(count).is_ok() {
            let mut narrow = Vec::with_capacity(CHUNK_LEN);
            narrow.extend(wide.iter().map(|&c| c as u16));
            Self::Narrow(narrow)
        } else {
            Self::Wide(wide)
        };
    }
}
