//! From trades to closed 5-minute bars.

use super::bar::{Bar, Flow, SideFlow};
use super::columns::{CountColumn, LotColumn, TickColumn, TimeColumn, TradeColumns};
use super::interval::Interval;
use super::kernel::{self, Extremes, PIECE, Scratch, Sums};
use super::tier::TierBounds;
use crate::batch::TradeBatch;
use crate::error::{CoreError, Result};
use crate::grid::Grid;

/// Windows without trades that may follow each other before a time counts as wrong (ten years).
const MAX_SILENT_WINDOWS: i64 = 3_653 * 288;

/// Times beyond this (the year 287,000) are not milliseconds.
const MAX_TIME_MS: i64 = 1 << 53;

/// What bars depend on besides the trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BarOptions {
    /// Size tiers of tran_stats.
    pub tiers: TierBounds,
    /// `(open_ms, close)`: bars start with the window at `open_ms`, the one before it having closed at `close` ticks.
    pub seeded_close: Option<(i64, i64)>,
}

/// The window that trades are being added to.
#[derive(Debug, Clone)]
struct OpenWindow {
    bar: Bar,
    sums: Sums,
}

/// Builds 5-minute bars from trades pushed in order, in pieces of any size.
///
/// Records with a price or quantity that is not positive are dropped; a time below its predecessor's is raised to
/// it; both are counted. A window is closed by the first trade beyond it, or by [`BarBuilder::close_until`].
#[derive(Debug, Clone)]
pub struct BarBuilder {
    limits: [i128; 3],
    narrow_limits: [u64; 3],
    closed: Vec<Bar>,
    open: Option<OpenWindow>,
    /// Start of the next window and the close before it, once there is one.
    next: Option<(i64, i64)>,
    last_ms: i64,
    dropped: u64,
    raised: u64,
    scratch: Scratch,
}

impl BarBuilder {
    /// A builder for trades on `grid`.
    pub fn new(grid: Grid, options: &BarOptions) -> Result<Self> {
        if let Some((open_ms, close)) = options.seeded_close {
            check_time(open_ms)?;
            if Interval::BASE.start_of(open_ms) != open_ms {
                return Err(CoreError::input(format!("seeded close at {open_ms} ms: must be a multiple of 5 minutes")));
            }
            if close <= 0 {
                return Err(CoreError::input(format!("seeded close of {close} ticks: must be positive")));
            }
        }
        let limits = options.tiers.limits(grid);
        Ok(Self {
            limits,
            narrow_limits: limits.map(|limit| u64::try_from(limit).unwrap_or(u64::MAX)),
            closed: Vec::new(),
            open: None,
            next: options.seeded_close,
            last_ms: options.seeded_close.map_or(i64::MIN, |(open_ms, _)| open_ms),
            dropped: 0,
            raised: 0,
            scratch: Scratch::default(),
        })
    }

    /// Adds trades. After an error the builder holds a part of them and should be thrown away.
    pub fn push_columns<T: TimeColumn, P: TickColumn, Q: LotColumn, C: CountColumn>(
        &mut self,
        columns: &TradeColumns<'_, T, P, Q, C>,
    ) -> Result<()> {
        columns.check_lengths()?;
        let mut narrow_price = [0; PIECE];
        let mut narrow_qty = [0; PIECE];
        let mut narrow_count = [0; PIECE];
        for start in (0..columns.time.len()).step_by(PIECE) {
            let range = start..(start + PIECE).min(columns.time.len());
            let piece = Piece {
                base_ms: columns.base_ms,
                time: &columns.time[range.clone()],
                price: &columns.price[range.clone()],
                signed_qty: &columns.signed_qty[range.clone()],
                count: columns.count.map(|count| &count[range.clone()]),
            };
            let price = P::narrow(piece.price, &mut narrow_price);
            let signed_qty = Q::narrow(piece.signed_qty, &mut narrow_qty);
            let count = piece.count.map(|count| C::narrow(count, &mut narrow_count));
            match (price, signed_qty, count) {
                (Some(price), Some(signed_qty), None | Some(Some(_)))
                    if piece.is_sorted(self.last_ms) && is_positive(price, signed_qty) =>
                {
                    self.push_narrow(&piece, price, signed_qty, count.flatten())?;
                }
                _ => self.push_wide(&piece)?,
            }
        }
        Ok(())
    }

    /// Adds the trades of a batch.
    pub fn push_batch(&mut self, batch: &TradeBatch) -> Result<()> {
        batch.check_lengths()?;
        let signed: Vec<i64> = batch
            .qty
            .iter()
            .zip(&batch.is_buyer_maker)
            // A quantity that is not positive is dropped, which a signed column says with 0.
            .map(|(&qty, &is_sell)| if is_sell { -qty.max(0) } else { qty.max(0) })
            .collect();
        let count: Option<Vec<i64>> = batch.first_last_id.as_ref().map(|(first, last)| {
            first.iter().zip(last).map(|(first, last)| last.saturating_sub(*first).saturating_add(1)).collect()
        });
        self.push_columns(&TradeColumns {
            base_ms: 0,
            time: &batch.time_ms,
            price: &batch.price,
            signed_qty: &signed,
            count: count.as_deref(),
        })
    }

    /// Closes every window that ends at or before `time_ms`: no trade before that time is still to come.
    pub fn close_until(&mut self, time_ms: i64) -> Result<()> {
        if self.next.is_some() {
            check_time(time_ms)?;
            self.roll_to(Interval::BASE.start_of(time_ms))?;
            self.last_ms = self.last_ms.max(time_ms);
        }
        Ok(())
    }

    /// The closed bars that were not taken yet.
    pub fn closed(&self) -> &[Bar] {
        &self.closed
    }

    /// Hands over the closed bars and keeps none of them.
    pub fn take_closed(&mut self) -> Vec<Bar> {
        std::mem::take(&mut self.closed)
    }

    /// The bar of the window that is not over yet, as far as it goes.
    pub fn open_bar(&self) -> Option<Bar> {
        self.open.as_ref().map(OpenWindow::finish)
    }

    /// Records dropped because their price or quantity was not positive.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Times raised to their predecessor's.
    pub fn raised(&self) -> u64 {
        self.raised
    }

    /// Trades in order, of narrow widths, all valid.
    fn push_narrow<T: TimeColumn, P, Q, C>(
        &mut self,
        piece: &Piece<'_, T, P, Q, C>,
        price: &[u32],
        signed_qty: &[i32],
        count: Option<&[u32]>,
    ) -> Result<()> {
        if !kernel::fits(price, signed_qty) {
            let trade = |i: usize| {
                let trades = count.map_or(1, |count| i64::from(count[i]));
                (piece.time_ms(i), i64::from(price[i]), i64::from(signed_qty[i]), trades)
            };
            return self.push_one_by_one((0..price.len()).map(trade));
        }
        let mut start = 0;
        while start < price.len() {
            let window_ms = Interval::BASE.start_of(piece.time_ms(start));
            self.roll_to(window_ms)?;
            let end_ms = window_ms + Interval::BASE.length_ms();
            let end = if piece.time_ms(price.len() - 1) < end_ms {
                price.len()
            } else {
                start + piece.time[start..].partition_point(|&t| piece.base_ms + t.into() < end_ms)
            };
            let range = start..end;
            let (sums, extremes) = kernel::sum_narrow(
                &price[range.clone()],
                &signed_qty[range.clone()],
                count.map(|count| &count[range.clone()]),
                &self.narrow_limits,
                &mut self.scratch,
            );
            let (first, last) = (price[start].into(), price[end - 1].into());
            self.add(&sums, extremes, first, last, (end - start) as i64)?;
            start = end;
        }
        self.last_ms = piece.time_ms(price.len() - 1);
        Ok(())
    }

    /// Any trades: drops what is not positive and raises times.
    fn push_wide<T: TimeColumn, P: TickColumn, Q: LotColumn, C: CountColumn>(
        &mut self,
        piece: &Piece<'_, T, P, Q, C>,
    ) -> Result<()> {
        let mut trades = Vec::with_capacity(piece.time.len());
        let mut last_ms = self.last_ms;
        for i in 0..piece.time.len() {
            let (price, signed_qty) = (piece.price[i].into(), piece.signed_qty[i].into());
            if price <= 0 || signed_qty == 0 {
                self.dropped += 1;
                continue;
            }
            let time_ms = piece.base_ms.saturating_add(piece.time[i].into());
            self.raised += u64::from(time_ms < last_ms);
            check_time(time_ms)?;
            last_ms = last_ms.max(time_ms);
            trades.push((last_ms, price, signed_qty, piece.count.map_or(1, |count| count[i].into())));
        }
        self.push_one_by_one(trades.into_iter())
    }

    /// Valid trades in order, of any size.
    fn push_one_by_one(&mut self, trades: impl Iterator<Item = (i64, i64, i64, i64)>) -> Result<()> {
        let limits = self.limits;
        for (time_ms, price, signed_qty, count) in trades {
            self.roll_to(Interval::BASE.start_of(time_ms))?;
            let sums = kernel::sum_wide((price, signed_qty, count), &limits);
            self.add(&sums, Extremes { low: price, high: price }, price, price, 1)?;
            self.last_ms = time_ms;
        }
        Ok(())
    }

    fn add(&mut self, sums: &Sums, extremes: Extremes, first: i64, last: i64, records: i64) -> Result<()> {
        let Some((open_ms, _)) = self.next else {
            return Err(CoreError::Internal("bars: trades added before a window was begun".into()));
        };
        let window = self.open.get_or_insert_with(|| OpenWindow {
            bar: Bar { high: first, low: first, ..Bar::without_trades(open_ms, first) },
            sums: Sums::default(),
        });
        window.bar.high = window.bar.high.max(extremes.high);
        window.bar.low = window.bar.low.min(extremes.low);
        window.bar.close = last;
        window.bar.records += records;
        window.sums.add(sums)
    }

    /// Closes windows until the one that starts at `open_ms` is the next; before there is one, begins there.
    fn roll_to(&mut self, open_ms: i64) -> Result<()> {
        let Some((mut next_ms, mut close)) = self.next else {
            self.next = Some((open_ms, 0));
            return Ok(());
        };
        if open_ms <= next_ms {
            return Ok(());
        }
        let silent = (open_ms - next_ms) / Interval::BASE.length_ms();
        if silent > MAX_SILENT_WINDOWS {
            return Err(CoreError::input(format!(
                "time {open_ms} ms comes {silent} five-minute windows after {next_ms} ms: more than ten years without \
                 a trade; are the times milliseconds?"
            )));
        }
        if let Some(window) = self.open.take() {
            close = window.bar.close;
            self.closed.push(window.finish());
            next_ms += Interval::BASE.length_ms();
        }
        while next_ms < open_ms {
            self.closed.push(Bar::without_trades(next_ms, close));
            next_ms += Interval::BASE.length_ms();
        }
        self.next = Some((next_ms, close));
        Ok(())
    }
}

impl OpenWindow {
    fn finish(&self) -> Bar {
        let side = |side: usize| {
            let total = self.sums.total[side];
            let [second, third, fourth] = self.sums.large.map(|tier| tier[side]);
            let first: Flow = total.without(&second).without(&third).without(&fourth);
            SideFlow { total, tiers: [first, second, third, fourth] }
        };
        Bar { buy: side(0), sell: side(1), ..self.bar }
    }
}

/// At most [`PIECE`] trades as they came.
struct Piece<'a, T, P, Q, C> {
    base_ms: i64,
    time: &'a [T],
    price: &'a [P],
    signed_qty: &'a [Q],
    count: Option<&'a [C]>,
}

impl<T: TimeColumn, P, Q, C> Piece<'_, T, P, Q, C> {
    fn time_ms(&self, i: usize) -> i64 {
        self.base_ms + self.time[i].into()
    }

    /// True when no time needs raising and none is out of range.
    fn is_sorted(&self, last_ms: i64) -> bool {
        let fits = |i: usize| self.base_ms.checked_add(self.time[i].into()).is_some_and(|ms| check_time(ms).is_ok());
        let descents: u32 = self.time.windows(2).map(|pair| u32::from(pair[1] < pair[0])).sum();
        descents == 0 && fits(0) && fits(self.time.len() - 1) && self.time_ms(0) >= last_ms
    }
}

fn check_time(time_ms: i64) -> Result<()> {
    if (-MAX_TIME_MS..=MAX_TIME_MS).contains(&time_ms) {
        Ok(())
    } else {
        Err(CoreError::input(format!("time {time_ms} ms: must lie within ±{MAX_TIME_MS}; are the times milliseconds?")))
    }
}

/// True when every price is above 0 and no quantity is 0.
fn is_positive(price: &[u32], signed_qty: &[i32]) -> bool {
    let zeros: u32 = price.iter().zip(signed_qty).map(|(&p, &q)| u32::from(p == 0) + u32::from(q == 0)).sum();
    zeros == 0
}
