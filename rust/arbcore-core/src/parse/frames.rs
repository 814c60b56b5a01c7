//! Trades from lines of raw JSON frames, as recorders write them.

use super::bad::BadRows;
use super::csv::{LineSink, Lines, push};
use super::json::{Event, Frame, FrameTrade, careful_frame};
use super::json_fast;
use super::json_places::Spans;
use super::json_template::Template;
use super::row::Row;
use crate::batch::TradeBatch;
use crate::error::{CoreError, Result};
use crate::grid::Grid;

/// Snapshots of order books and lists of symbols are long.
const LONGEST_LINE: usize = 16 << 20;

/// How a [`FrameParser`] reads.
#[derive(Debug, Clone)]
pub struct FrameOptions {
    /// The grid that prices and quantities must lie on.
    pub grid: Grid,
    /// The symbol to take.
    pub symbol: String,
    /// Which trades to take.
    pub event: Event,
    /// Count bad lines and go on, instead of stopping at the first.
    pub skip_bad: bool,
}

/// Reads the trades of one symbol from lines of JSON frames, each perhaps behind a time of receipt and a space.
///
/// # Examples
/// ```
/// use arbcore_core::batch::TradeBatch;
/// use arbcore_core::grid::Grid;
/// use arbcore_core::parse::frames::{FrameOptions, FrameParser};
/// use arbcore_core::parse::json::Event;
///
/// let grid = Grid { price_decimals: 1, qty_decimals: 3 };
/// let options = FrameOptions { grid, symbol: "BTCUSDT".to_owned(), event: Event::Trade, skip_bad: false };
/// let mut parser = FrameParser::new("recorded.jsonl", options);
/// let mut batch = TradeBatch::default();
/// parser.feed(br#"1660228022484228 {"stream":"btcusdt@trade","data":{"e":"trade","E":1660228023422,
/// "#.trim_ascii_end(), &mut batch)?;
/// parser.feed(br#""T":1660228023414,"s":"BTCUSDT","t":2691833628,"p":"24670.90","q":"0.070","m":true}}"#, &mut batch)?;
/// parser.finish(&mut batch)?;
/// assert_eq!((batch.price[0], batch.qty[0]), (246_709, 70));
/// # Ok::<(), arbcore_core::CoreError>(())
/// ```
#[derive(Debug)]
pub struct FrameParser {
    lines: Lines,
    state: State,
    padded: Vec<u8>,
}

#[derive(Debug)]
struct State {
    file: String,
    options: FrameOptions,
    template: Template,
    bad: BadRows,
    trades: u64,
    other_symbols: u64,
    other_events: u64,
}

impl FrameParser {
    /// A reader of lines; `file` is their name in messages.
    pub fn new(file: &str, options: FrameOptions) -> Self {
        let bad = if options.skip_bad { BadRows::skipping(BadRows::KEEP) } else { BadRows::refusing() };
        let state = State {
            file: file.to_owned(),
            options,
            template: Template::new(),
            bad,
            trades: 0,
            other_symbols: 0,
            other_events: 0,
        };
        Self { lines: Lines::new(file, LONGEST_LINE), state, padded: Vec::new() }
    }

    /// Appends the trades of the next bytes to `batch`, which must be empty or come from such a reader.
    pub fn feed(&mut self, bytes: &[u8], batch: &mut TradeBatch) -> Result<()> {
        self.state.shape(batch)?;
        self.lines.feed(bytes, &mut Filling { state: &mut self.state, batch }).map(|_| ())
    }

    /// Takes a last line that has no line end.
    pub fn finish(&mut self, batch: &mut TradeBatch) -> Result<()> {
        self.state.shape(batch)?;
        self.lines.finish(&mut Filling { state: &mut self.state, batch })
    }

    /// Appends the trade of one frame to `batch`, if it holds a wanted one: for frames that come one by one.
    ///
    /// Must not stand between a [`FrameParser::feed`] that ended within a line and the rest of that line.
    pub fn push_frame(&mut self, frame: &[u8], batch: &mut TradeBatch) -> Result<()> {
        self.state.shape(batch)?;
        // The way of the template wants room behind the frame. What frames before left there is never read as one:
        // the zero behind the line end begins no frame.
        let mut padded = std::mem::take(&mut self.padded);
        let needed = frame.len() + 2 + Template::WINDOW;
        if padded.len() < needed {
            padded.resize(needed, 0);
        }
        padded[..frame.len()].copy_from_slice(frame);
        padded[frame.len()..frame.len() + 2].copy_from_slice(b"\n\0");
        let result = self.lines.one(&padded, frame.len(), &mut Filling { state: &mut self.state, batch });
        self.padded = padded;
        result
    }

    /// Trades read so far.
    pub fn trades(&self) -> u64 {
        self.state.trades
    }

    /// Trades of other symbols passed over so far.
    pub fn other_symbols(&self) -> u64 {
        self.state.other_symbols
    }

    /// Frames of other events passed over so far.
    pub fn other_events(&self) -> u64 {
        self.state.other_events
    }

    /// Bad lines seen so far.
    pub fn bad(&self) -> &BadRows {
        &self.state.bad
    }
}

impl State {
    fn shape(&self, batch: &mut TradeBatch) -> Result<()> {
        let has_first_last = self.options.event == Event::AggTrade;
        if batch.is_empty() {
            batch.agg_id.get_or_insert_default();
            batch.first_last_id = has_first_last.then(|| batch.first_last_id.take().unwrap_or_default());
        }
        if batch.agg_id.is_none() || batch.first_last_id.is_some() != has_first_last {
            return Err(CoreError::Input(format!(
                "{}: its id columns differ from those of the trades before it",
                self.file
            )));
        }
        batch.check_lengths()
    }

    fn take(&mut self, frame: &Frame<'_>, batch: &mut TradeBatch) {
        match frame {
            Frame::OtherEvent => self.other_events += 1,
            Frame::OtherSymbol => self.other_symbols += 1,
            Frame::Trade(found) => {
                push(batch, &row_of(found));
                self.trades += 1;
            }
        }
    }
}

/// Where the frame of a line starts: behind a number and a space, if there are any.
#[inline(always)]
fn frame_start(line: &[u8], at: usize) -> usize {
    if line.get(at) == Some(&b'{') {
        return at;
    }
    let rest = line.get(at..).unwrap_or_default();
    let digits = rest.iter().take(32).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    if digits > 0 && rest.get(digits) == Some(&b' ') { at + digits + 1 } else { at }
}

/// The position behind the line end at `at`, if there is one.
#[inline(always)]
fn line_end(text: &[u8], at: usize) -> Option<usize> {
    match *text.get(at)? {
        b'\n' => Some(at + 1),
        b'\r' if *text.get(at + 1)? == b'\n' => Some(at + 2),
        _ => None,
    }
}

struct Filling<'a> {
    state: &'a mut State,
    batch: &'a mut TradeBatch,
}

impl LineSink for Filling<'_> {
    fn line(&mut self, line: &[u8], number: u64) -> Result<()> {
        let frame = &line[frame_start(line, 0)..];
        let State { options, bad, file, template, .. } = &mut *self.state;
        let FrameOptions { grid, event, symbol, .. } = &*options;
        let grid_of = |found: &[u8]| (found == symbol.as_bytes()).then_some(*grid);
        let mut spans = Spans::default();
        match careful_frame(frame, &mut spans, *event, &grid_of) {
            Ok(found) => {
                if matches!(found, Frame::Trade(_)) && template.missed() {
                    template.learn(frame, &spans, *event);
                }
                self.state.take(&found, self.batch);
            }
            Err(reason) => bad.note(|| format!("{file}: line {number}: {reason}"))?,
        }
        Ok(())
    }

    fn room(&self) -> usize {
        usize::MAX
    }

    fn rows(&mut self, text: &[u8], from: usize) -> (u64, usize) {
        let (mut lines, mut next) = (0, from);
        let State { options, template, trades, other_symbols, other_events, .. } = &mut *self.state;
        let FrameOptions { grid, event, symbol, .. } = &*options;
        let grid_of = |found: &[u8]| (found == symbol.as_bytes()).then_some(*grid);
        loop {
            let start = frame_start(text, next);
            if let Some((row, _, end)) = template.read(text, start, *grid)
                && let Some(end) = line_end(text, end)
            {
                push(self.batch, &row);
                *trades += 1;
                next = end;
            } else if let Some((frame, frame_end)) = json_fast::frame(text, start, *event, &grid_of)
                && let Some(end) = line_end(text, frame_end)
            {
                match frame {
                    Frame::OtherEvent => *other_events += 1,
                    Frame::OtherSymbol => *other_symbols += 1,
                    Frame::Trade(found) => {
                        push(self.batch, &row_of(&found));
                        *trades += 1;
                        if template.missed() {
                            template.look_at(&text[start..frame_end], *event, &grid_of);
                        }
                    }
                }
                next = end;
            } else {
                return (lines, next);
            }
            lines += 1;
        }
    }
}

fn row_of(found: &FrameTrade<'_>) -> Row {
    let FrameTrade { trade, first_last_id, .. } = found;
    let (first_id, last_id) = first_last_id.unwrap_or_default();
    Row {
        id: trade.agg_id.unwrap_or_default(),
        first_id,
        last_id,
        time_ms: trade.time_ms,
        price: trade.price,
        qty: trade.qty,
        is_buyer_maker: trade.is_buyer_maker,
    }
}
