//! A first pass over a CSV file of trades: its layout and the grid that its prices and quantities need.

use super::csv::{LONGEST_LINE, LineSink, Lines, layout_of};
use super::decimal::significant_decimals;
use super::fast::FastRows;
use super::layout::{Layout, TimeUnit};
use super::row::read_row;
use crate::error::Result;
use crate::grid::Grid;

/// Finds layout, unit of time and grid of the bytes of one CSV file.
///
/// Bad rows do not count; whoever reads the file afterwards says what is wrong with them.
///
/// # Examples
/// ```
/// use arbcore_core::parse::scan::CsvScanner;
/// let mut scanner = CsvScanner::new("trades.csv", None);
/// scanner.feed(b"price,quantity,transact_time,is_buyer_maker\n7.50300000,25.30000000,1700179210707,true\n")?;
/// scanner.finish()?;
/// let grid = scanner.grid();
/// assert_eq!((grid.price_decimals, grid.qty_decimals), (3, 1));
/// # Ok::<(), arbcore_core::CoreError>(())
/// ```
#[derive(Debug)]
pub struct CsvScanner {
    lines: Lines,
    state: State,
}

#[derive(Debug)]
struct State {
    file: String,
    symbol: Option<String>,
    layout: Option<Layout>,
    unit: Option<TimeUnit>,
    fast: Option<FastRows>,
    grid: Grid,
}

impl CsvScanner {
    /// A scan of a file's bytes; `file` is its name in messages, `symbol` what to take from a column of symbols.
    pub fn new(file: &str, symbol: Option<&str>) -> Self {
        let state = State {
            file: file.to_owned(),
            symbol: symbol.map(str::to_owned),
            layout: None,
            unit: None,
            fast: None,
            grid: Grid { price_decimals: 0, qty_decimals: 0 },
        };
        Self { lines: Lines::new(file, LONGEST_LINE), state }
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        self.lines.feed(bytes, &mut self.state).map(|_| ())
    }

    /// Takes a last line that has no line end.
    pub fn finish(&mut self) -> Result<()> {
        self.lines.finish(&mut self.state)
    }

    /// The layout, once a line was read.
    pub fn layout(&self) -> Option<&Layout> {
        self.state.layout.as_ref()
    }

    /// The unit of time, once a row was read.
    pub fn time_unit(&self) -> Option<TimeUnit> {
        self.state.unit
    }

    /// The greatest numbers of significant decimals so far.
    pub fn grid(&self) -> Grid {
        self.state.grid
    }
}

impl LineSink for State {
    fn line(&mut self, line: &[u8], number: u64) -> Result<()> {
        if self.layout.is_none() {
            let layout = layout_of(line, &self.file, number, self.symbol.as_deref())?;
            let has_header = layout.has_header;
            self.layout = Some(layout);
            if has_header {
                return Ok(());
            }
        }
        let Some(layout) = &self.layout else { return Ok(()) };
        let field = |column: usize| line.split(|&byte| byte == b',').nth(column).unwrap_or_default();
        let decimals = |column: usize| significant_decimals(field(column));
        if let (Ok(price_decimals), Ok(qty_decimals)) = (decimals(layout.price), decimals(layout.qty)) {
            // A row counts only if it is right as a whole, on the grid that it asks for itself.
            let own = Grid { price_decimals, qty_decimals };
            let symbol = self.symbol.as_deref().map(str::as_bytes);
            if let Ok(Some(_)) = read_row(line, layout, own, &mut self.unit, symbol) {
                self.grid.price_decimals = self.grid.price_decimals.max(price_decimals);
                self.grid.qty_decimals = self.grid.qty_decimals.max(qty_decimals);
            }
        }
        if self.fast.is_none() {
            self.fast = self.unit.and_then(|unit| FastRows::new(layout, unit));
        }
        Ok(())
    }

    fn room(&self) -> usize {
        usize::MAX
    }

    fn rows(&mut self, text: &[u8], from: usize) -> (u64, usize) {
        let (mut lines, mut next) = (0, from);
        let Some(fast) = &mut self.fast else { return (0, from) };
        while let Some((price, qty, end)) = fast.decimals(text, next) {
            // A row that asks for a finer grid must be right as a whole.
            if price > self.grid.price_decimals || qty > self.grid.qty_decimals {
                break;
            }
            lines += 1;
            next = end;
        }
        (lines, next)
    }
}
