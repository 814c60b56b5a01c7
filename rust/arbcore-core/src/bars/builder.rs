//! From trades to closed 5-minute bars.

use std::ops::Range;

use super::bar::{Bar, Flow, SideFlow};
use super::columns::{CountColumn, LotColumn, TickColumn, TimeColumn, TradeColumns};
use super::interval::Interval;
use super::kernel::{PIECE, Scan, Sums};
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
    scan: Box<Scan>,
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
            narrow_limits: limits.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX) as u64),
            closed: Vec::new(),
            open: None,
            next: options.seeded_close,
            last_ms: options.seeded_close.map_or(i64::MIN, |(open_ms, _)| open_ms),
            dropped: 0,
            raised: 0,
            scan: Box::default(),
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
                (Some(price), Some(signed_qty), None | Some(Some(_))) if piece.is_sorted(self.last_ms) => {
                    self.push_narrow(&piece, price, signed_qty, count.flatten())?;
                }
                _ => self.push_wide(&piece, 0..piece.time.len())?,
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

    /// Trades in order, of narrow widths.
    fn push_narrow<T: TimeColumn, P: TickColumn, Q: LotColumn, C: CountColumn>(
        &mut self,
        piece: &Piece<'_, T, P, Q, C>,
        price: &[u32],
        signed_qty: &[i32],
        count: Option<&[u32]>,
    ) -> Result<()> {
        let mut start = 0;
        while start < price.len() {
            let window_ms = Interval::BASE.start_of(piece.time_ms(start));
            let end_ms = window_ms + Interval::BASE.length_ms();
            let end = if piece.time_ms(price.len() - 1) < end_ms {
                price.len()
            } else {
                start + piece.time[start..].partition_point(|&t| piece.base_ms + t.into() < end_ms)
            };
            let range = start..end;
            let (prices, quantities) = (&price[range.clone()], &signed_qty[range.clone()]);
            self.scan.look(prices, quantities);
            if self.scan.is_valid() && self.scan.fits() {
                self.roll_to(window_ms)?;
                let sums = self.scan.sum(prices, count.map(|count| &count[range]), &self.narrow_limits);
                let Scan { low, high, .. } = *self.scan;
                let window = self.window(price[start].into())?;
                window.bar.high = window.bar.high.max(high);
                window.bar.low = window.bar.low.min(low);
                window.bar.close = price[end - 1].into();
                window.bar.records += (end - start) as i64;
                window.sums.add(&sums)?;
                self.last_ms = piece.time_ms(end - 1);
            } else {
                self.push_wide(piece, range)?;
            }
            start = end;
        }
        Ok(())
    }

    /// Any trades: drops what is not positive and raises times.
    fn push_wide<T: TimeColumn, P: TickColumn, Q: LotColumn, C: CountColumn>(
        &mut self,
        piece: &Piece<'_, T, P, Q, C>,
        range: Range<usize>,
    ) -> Result<()> {
        for i in range {
            let (price, signed_qty) = (piece.price[i].into(), piece.signed_qty[i].into());
            if price <= 0 || signed_qty == 0 {
                self.dropped += 1;
                continue;
            }
            let time_ms = piece.base_ms.saturating_add(piece.time[i].into());
            check_time(time_ms)?;
            self.raised += u64::from(time_ms < self.last_ms);
            self.last_ms = self.last_ms.max(time_ms);
            self.roll_to(Interval::BASE.start_of(self.last_ms))?;
            let trades = piece.count.map_or(1, |count| count[i].into());
            let limits = self.limits;
            let window = self.window(price)?;
            window.bar.high = window.bar.high.max(price);
            window.bar.low = window.bar.low.min(price);
            window.bar.close = price;
            window.bar.records += 1;
            window.sums.add_one(price, signed_qty, trades, &limits)?;
        }
        Ok(())
    }

    /// The window that [`BarBuilder::roll_to`] went to, opened at `first` if it holds no trade yet.
    fn window(&mut self, first: i64) -> Result<&mut OpenWindow> {
        let Some((open_ms, _)) = self.next else {
            return Err(CoreError::Internal("bars: trades added before a window was begun".into()));
        };
        Ok(self
            .open
            .get_or_insert_with(|| OpenWindow { bar: Bar::without_trades(open_ms, first), sums: Sums::default() }))
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
        T::ascends(self.time) && fits(0) && fits(self.time.len() - 1) && self.time_ms(0) >= last_ms
    }
}

fn check_time(time_ms: i64) -> Result<()> {
    if (-MAX_TIME_MS..=MAX_TIME_MS).contains(&time_ms) {
        Ok(())
    } else {
        Err(CoreError::input(format!("time {time_ms} ms: must lie within ±{MAX_TIME_MS}; are the times milliseconds?")))
    }
}
