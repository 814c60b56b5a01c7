//! Trades from CSV dumps, in blocks of any size.

use super::bad::{BadRows, shortened};
use super::fast::FastRows;
use super::layout::{Layout, TimeUnit};
use super::row::{Row, RowError, read_row};
use crate::batch::TradeBatch;
use crate::error::{CoreError, Result};
use crate::grid::Grid;

/// Rows by which the columns of a batch are lengthened at a time.
const PIECE: usize = 1024;

/// The longest line that is read.
pub(super) const LONGEST_LINE: usize = 16 * 1024;

/// What takes the lines of a file: whole blocks where it can, else one line, carefully.
pub(super) trait LineSink {
    /// One line without its line end.
    fn line(&mut self, line: &[u8], number: u64) -> Result<()>;

    /// The rows of `text` from `from` on; returns their number and where the next one starts.
    ///
    /// Stops before a line that it is not sure of, which then goes to [`LineSink::line`].
    fn rows(&mut self, text: &[u8], from: usize) -> (u64, usize);

    /// Rows that are still wanted.
    fn room(&self) -> usize;
}

/// Cuts blocks of any size into lines and keeps the piece that a block ends with.
#[derive(Debug)]
pub(super) struct Lines {
    file: String,
    longest: usize,
    piece: Vec<u8>,
    number: u64,
    begun: bool,
}

impl Lines {
    /// Lines of `file`, each of at most `longest` bytes.
    pub(super) fn new(file: &str, longest: usize) -> Self {
        Self { file: file.to_owned(), longest, piece: Vec::new(), number: 0, begun: false }
    }

    /// Hands `bytes` to `sink` until its room is used up; returns how many bytes were taken.
    pub(super) fn feed(&mut self, bytes: &[u8], sink: &mut impl LineSink) -> Result<usize> {
        let mut at = 0;
        while at < bytes.len() && sink.room() > 0 {
            if self.piece.is_empty() {
                let (lines, next) = sink.rows(bytes, at);
                self.number += lines;
                at = next;
                if at >= bytes.len() || sink.room() == 0 {
                    break;
                }
            }
            let rest = &bytes[at..];
            let Some(end) = super::swar::find(&rest[..rest.len().min(self.longest)], b'\n') else {
                let kept = rest.len().min(self.longest);
                self.keep(&rest[..kept])?;
                at += kept;
                continue;
            };
            at += end + 1;
            if self.piece.is_empty() {
                self.line(&rest[..end], sink)?;
            } else {
                self.keep(&rest[..end])?;
                let line = std::mem::take(&mut self.piece);
                self.line(&line, sink)?;
            }
        }
        Ok(at)
    }

    /// Hands over one line, `text[..length]`, which a line end and room for the fast way follow.
    pub(super) fn one(&mut self, text: &[u8], length: usize, sink: &mut impl LineSink) -> Result<()> {
        let (lines, next) = sink.rows(text, 0);
        self.number += lines;
        if next < length { self.line(&text[next..length], sink) } else { Ok(()) }
    }

    /// Hands over a last line without line end.
    pub(super) fn finish(&mut self, sink: &mut impl LineSink) -> Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let line = std::mem::take(&mut self.piece);
        self.line(&line, sink)
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<()> {
        if self.piece.len() + bytes.len() > self.longest {
            return Err(CoreError::Input(format!(
                "{}: line {} is longer than {} bytes: {}; this is no file of trades",
                self.file,
                self.number + 1,
                self.longest,
                shortened(&self.piece),
            )));
        }
        self.piece.extend_from_slice(bytes);
        Ok(())
    }

    fn line(&mut self, line: &[u8], sink: &mut impl LineSink) -> Result<()> {
        self.number += 1;
        let mut line = line.strip_suffix(b"\r").unwrap_or(line);
        if !self.begun {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            return Ok(());
        }
        self.begun = true;
        sink.line(line, self.number)
    }
}

/// How a [`CsvParser`] reads.
#[derive(Debug, Clone)]
pub struct CsvOptions {
    /// The grid that prices and quantities must lie on.
    pub grid: Grid,
    /// The symbol to take from a file with a symbol column. Files without one do not care.
    pub symbol: Option<String>,
    /// Count bad rows and go on, instead of stopping at the first.
    pub skip_bad: bool,
}

/// Reads trades from the bytes of one CSV file.
///
/// The header, or the number of columns, tells the layout; the first row tells the unit of time. Empty lines are
/// passed over.
///
/// # Examples
/// ```
/// use arbcore_core::batch::TradeBatch;
/// use arbcore_core::grid::Grid;
/// use arbcore_core::parse::csv::{CsvOptions, CsvParser};
///
/// let grid = Grid { price_decimals: 1, qty_decimals: 3 };
/// let mut parser = CsvParser::new("trades.csv", CsvOptions { grid, symbol: None, skip_bad: false });
/// let mut batch = TradeBatch::default();
/// parser.feed(b"price,quantity,transact_time,is_buyer_maker\n81685.5,0.026,17785181", &mut batch, usize::MAX)?;
/// parser.feed(b"67413,true\n", &mut batch, usize::MAX)?;
/// parser.finish(&mut batch)?;
/// assert_eq!((batch.price[0], batch.qty[0], batch.time_ms[0]), (816_855, 26, 1_778_518_167_413));
/// # Ok::<(), arbcore_core::CoreError>(())
/// ```
#[derive(Debug)]
pub struct CsvParser {
    lines: Lines,
    state: State,
}

#[derive(Debug)]
struct State {
    file: String,
    options: CsvOptions,
    layout: Option<Layout>,
    unit: Option<TimeUnit>,
    fast: Option<FastRows>,
    bad: BadRows,
    rows: u64,
    other_symbols: u64,
}

impl CsvParser {
    /// A reader of a file's bytes; `file` is its name in messages.
    pub fn new(file: &str, options: CsvOptions) -> Self {
        let bad = if options.skip_bad { BadRows::skipping(BadRows::KEEP) } else { BadRows::refusing() };
        let state = State {
            file: file.to_owned(),
            options,
            layout: None,
            unit: None,
            fast: None,
            bad,
            rows: 0,
            other_symbols: 0,
        };
        Self { lines: Lines::new(file, LONGEST_LINE), state }
    }

    /// Appends the trades of the next bytes to `batch`, at most `most` of them; returns how many bytes were taken.
    ///
    /// All bytes are taken unless `most` trades were read; the rest must be fed again. `batch` gets the id columns that
    /// the file has; it must be empty or come from a file with the same ones.
    pub fn feed(&mut self, bytes: &[u8], batch: &mut TradeBatch, most: usize) -> Result<usize> {
        self.lines.feed(bytes, &mut Filling { state: &mut self.state, batch, room: most })
    }

    /// Takes a last line that has no line end.
    pub fn finish(&mut self, batch: &mut TradeBatch) -> Result<()> {
        self.lines.finish(&mut Filling { state: &mut self.state, batch, room: usize::MAX })
    }

    /// The layout, once a line was read.
    pub fn layout(&self) -> Option<&Layout> {
        self.state.layout.as_ref()
    }

    /// The unit of time, once a row was read.
    pub fn time_unit(&self) -> Option<TimeUnit> {
        self.state.unit
    }

    /// Trades read so far.
    pub fn rows(&self) -> u64 {
        self.state.rows
    }

    /// Rows of other symbols passed over so far.
    pub fn other_symbols(&self) -> u64 {
        self.state.other_symbols
    }

    /// Bad rows seen so far.
    pub fn bad(&self) -> &BadRows {
        &self.state.bad
    }
}

/// The layout of a first line, or an error that names the file.
pub(super) fn layout_of(line: &[u8], file: &str, number: u64, symbol: Option<&str>) -> Result<Layout> {
    let layout =
        Layout::of_first_line(line).map_err(|reason| CoreError::Input(format!("{file}: line {number}: {reason}")))?;
    if layout.has_symbol() && symbol.is_none() {
        return Err(CoreError::Input(format!("{file}: there is a column of symbols; say which symbol to read")));
    }
    Ok(layout)
}

struct Filling<'a> {
    state: &'a mut State,
    batch: &'a mut TradeBatch,
    room: usize,
}

impl Filling<'_> {
    /// Gives an empty batch the optional columns of the layout; refuses one that has others.
    fn shape(&mut self) -> Result<()> {
        let Some(layout) = &self.state.layout else { return Ok(()) };
        if self.batch.is_empty() {
            self.batch.agg_id = layout.has_ids().then(|| self.batch.agg_id.take().unwrap_or_default());
            self.batch.first_last_id =
                layout.has_first_last_ids().then(|| self.batch.first_last_id.take().unwrap_or_default());
        }
        let same = self.batch.agg_id.is_some() == layout.has_ids()
            && self.batch.first_last_id.is_some() == layout.has_first_last_ids();
        let file = &self.state.file;
        if same {
            self.batch.check_lengths()
        } else {
            Err(CoreError::Input(format!("{file}: its id columns differ from those of the trades before it")))
        }
    }
}

impl LineSink for Filling<'_> {
    fn line(&mut self, line: &[u8], number: u64) -> Result<()> {
        if self.state.layout.is_none() {
            let layout = layout_of(line, &self.state.file, number, self.state.options.symbol.as_deref())?;
            let has_header = layout.has_header;
            self.state.layout = Some(layout);
            if has_header {
                return Ok(());
            }
        }
        self.shape()?;
        let state = &mut *self.state;
        let Some(layout) = &state.layout else { return Ok(()) };
        let symbol = state.options.symbol.as_deref().map(str::as_bytes);
        match read_row(line, layout, state.options.grid, &mut state.unit, symbol) {
            Ok(Some(row)) => {
                push(self.batch, &row);
                state.rows += 1;
                self.room -= 1;
            }
            Ok(None) => state.other_symbols += 1,
            Err(error) => note(&mut state.bad, &error, &state.file, number, layout)?,
        }
        if state.fast.is_none() {
            state.fast = state.unit.and_then(|unit| FastRows::new(layout, unit));
        }
        Ok(())
    }

    fn room(&self) -> usize {
        self.room
    }

    fn rows(&mut self, text: &[u8], from: usize) -> (u64, usize) {
        let (Some(fast), Some(layout)) = (&mut self.state.fast, &self.state.layout) else { return (0, from) };
        // A batch of another shape is refused by the careful reader.
        if self.batch.agg_id.is_some() != layout.has_ids()
            || self.batch.first_last_id.is_some() != layout.has_first_last_ids()
        {
            return (0, from);
        }
        let mut next = from;
        let mut lines = 0;
        // The fast reader wants room behind a row; no row of trades is shorter than eight bytes.
        while self.room > 0 && text.len() - next >= FastRows::ROOM {
            let piece = self.room.min(PIECE).min((text.len() - next) / 8);
            let start = self.batch.len();
            let target = Columns::extended(self.batch, piece);
            let grid = self.state.options.grid;
            let count = if fast.is_dump() {
                fill::<true>(fast, target, text, &mut next, grid)
            } else {
                fill::<false>(fast, target, text, &mut next, grid)
            };
            truncate(self.batch, start + count);
            self.room -= count;
            lines += count as u64;
            if count < piece {
                break;
            }
        }
        self.state.rows += lines;
        (lines, next)
    }
}

/// Fills `target` with rows of `text` from `next` on, as far as it is sure of them; returns their number.
fn fill<const DUMP: bool>(
    fast: &mut FastRows,
    mut target: Columns<'_>,
    text: &[u8],
    next: &mut usize,
    grid: Grid,
) -> usize {
    let mut at = *next;
    let mut count = 0;
    while count < target.time_ms.len() {
        let Some((row, end)) = fast.row::<DUMP>(text, at, grid) else { break };
        target.set(count, &row);
        count += 1;
        at = end;
    }
    *next = at;
    count
}

#[cold]
pub(super) fn note(bad: &mut BadRows, error: &RowError, file: &str, line: u64, layout: &Layout) -> Result<()> {
    bad.note(|| error.message(file, line, Some(layout)))
}

#[inline]
pub(super) fn push(batch: &mut TradeBatch, row: &Row) {
    batch.time_ms.push(row.time_ms);
    batch.price.push(row.price);
    batch.qty.push(row.qty);
    batch.is_buyer_maker.push(row.is_buyer_maker);
    if let Some(ids) = &mut batch.agg_id {
        ids.push(row.id);
    }
    if let Some((first, last)) = &mut batch.first_last_id {
        first.push(row.first_id);
        last.push(row.last_id);
    }
}

fn truncate(batch: &mut TradeBatch, length: usize) {
    batch.time_ms.truncate(length);
    batch.price.truncate(length);
    batch.qty.truncate(length);
    batch.is_buyer_maker.truncate(length);
    if let Some(ids) = &mut batch.agg_id {
        ids.truncate(length);
    }
    if let Some((first, last)) = &mut batch.first_last_id {
        first.truncate(length);
        last.truncate(length);
    }
}

/// The new rows of a batch as slices; absent columns are empty ones.
struct Columns<'a> {
    time_ms: &'a mut [i64],
    price: &'a mut [i64],
    qty: &'a mut [i64],
    is_buyer_maker: &'a mut [bool],
    id: &'a mut [i64],
    first_id: &'a mut [i64],
    last_id: &'a mut [i64],
}

impl<'a> Columns<'a> {
    fn extended(batch: &'a mut TradeBatch, more: usize) -> Self {
        fn grow<T: Clone + Default>(column: &mut Vec<T>, more: usize) -> &mut [T] {
            let before = column.len();
            column.resize(before + more, T::default());
            &mut column[before..]
        }
        let (first_id, last_id) = match &mut batch.first_last_id {
            Some((first, last)) => (grow(first, more), grow(last, more)),
            None => (&mut [][..], &mut [][..]),
        };
        Self {
            time_ms: grow(&mut batch.time_ms, more),
            price: grow(&mut batch.price, more),
            qty: grow(&mut batch.qty, more),
            is_buyer_maker: grow(&mut batch.is_buyer_maker, more),
            id: batch.agg_id.as_mut().map_or(&mut [], |ids| grow(ids, more)),
            first_id,
            last_id,
        }
    }

    #[inline(always)]
    fn set(&mut self, at: usize, row: &Row) {
        self.time_ms[at] = row.time_ms;
        self.price[at] = row.price;
        self.qty[at] = row.qty;
        self.is_buyer_maker[at] = row.is_buyer_maker;
        if let Some(id) = self.id.get_mut(at) {
            *id = row.id;
        }
        if let (Some(first), Some(last)) = (self.first_id.get_mut(at), self.last_id.get_mut(at)) {
            *first = row.first_id;
            *last = row.last_id;
        }
    }
}
