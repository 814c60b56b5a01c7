//! Trades from wherever they are: dump files, the archive, memory; one reader for all.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::Grid;
use arbcore_core::{CoreError, Result};

use crate::archive::{ArchiveReader, ReadSpec, is_archive_path};
use crate::dump::{DumpOptions, DumpReader, FileReport};

/// What to read, and how.
#[derive(Debug, Clone, Default)]
pub struct SourceSpec {
    /// Symbol; may be left out where there is only one.
    pub symbol: Option<String>,
    /// Grid of the batches; left out, the coarsest that holds all values.
    pub grid: Option<Grid>,
    /// Count broken rows of dumps and go on, instead of stopping at the first.
    pub skip_bad: bool,
    /// Trades at or after this time.
    pub start_ms: Option<i64>,
    /// Trades before this time.
    pub end_ms: Option<i64>,
    /// Leave out aggregated trade ids.
    pub without_ids: bool,
    /// With first and last underlying trade ids, where there are any.
    pub trade_ids: bool,
}

/// A contiguous stretch of trades by time: from the first trade at or after its start up to the first one at or
/// after its end. A late trade in between keeps its place; the tape raises its time.
#[derive(Debug, Clone)]
pub struct Window {
    start_ms: Option<i64>,
    end_ms: Option<i64>,
    started: bool,
    ended: bool,
}

impl Window {
    /// `start_ms <= t < end_ms`, each bound optional.
    pub fn new(start_ms: Option<i64>, end_ms: Option<i64>) -> Result<Self> {
        if let (Some(start), Some(end)) = (start_ms, end_ms)
            && start >= end
        {
            return Err(CoreError::input(format!("range from {start} to {end} ms is empty: its end must be later")));
        }
        Ok(Self { start_ms, end_ms, started: start_ms.is_none(), ended: false })
    }

    /// True when every trade up to `last_ms` may be skipped unread.
    pub fn skips_to(&self, last_ms: i64) -> bool {
        !self.started && self.start_ms.is_some_and(|start| last_ms < start)
    }

    /// True once the first trade at or after the end was seen.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Keeps what lies in the window.
    pub fn cut(&mut self, batch: &mut TradeBatch) {
        if !self.started {
            let start = self.start_ms.unwrap_or(i64::MIN);
            let from = batch.time_ms.iter().position(|&t| t >= start).unwrap_or(batch.len());
            self.started = from < batch.len();
            keep(batch, from, batch.len());
        }
        if let Some(end) = self.end_ms
            && let Some(to) = batch.time_ms.iter().position(|&t| t >= end)
        {
            keep(batch, 0, to);
            self.ended = true;
        }
    }
}

/// Keeps rows `from..to`.
fn keep(batch: &mut TradeBatch, from: usize, to: usize) {
    fn cut<T>(column: &mut Vec<T>, from: usize, to: usize) {
        column.truncate(to);
        column.drain(..from);
    }
    cut(&mut batch.time_ms, from, to);
    cut(&mut batch.price, from, to);
    cut(&mut batch.qty, from, to);
    cut(&mut batch.is_buyer_maker, from, to);
    if let Some(ids) = &mut batch.agg_id {
        cut(ids, from, to);
    }
    if let Some((first, last)) = &mut batch.first_last_id {
        cut(first, from, to);
        cut(last, from, to);
    }
}

/// What was read so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceReport {
    /// Trades given out.
    pub rows: u64,
    /// Broken rows of dumps that were skipped.
    pub bad_rows: u64,
    /// What was wrong with the first of them.
    pub bad_messages: Vec<String>,
    /// Rows of other symbols, passed over.
    pub other_symbols: u64,
    /// Files, in order of reading; those of dumps with what was found in them.
    pub files: Vec<SourceFile>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path, and member's name for an archive.
    pub name: String,
    /// Trades in it.
    pub rows: u64,
    /// Details of a dump file.
    pub dump: Option<FileReport>,
}

enum Inner {
    Dump(Box<DumpReader>),
    Archive(ArchiveReader),
    Memory(VecDeque<TradeBatch>),
}

/// Reads trades in batches.
pub struct AnyReader {
    inner: Inner,
    window: Window,
    grid: Grid,
    without_ids: bool,
    trade_ids: bool,
    rows: u64,
    total: u64,
}

impl AnyReader {
    /// Opens dump files, or day files and directories of the archive; what they are is seen from the paths.
    pub fn open(paths: &[PathBuf], spec: &SourceSpec) -> Result<Self> {
        let window = Window::new(spec.start_ms, spec.end_ms)?;
        if paths.is_empty() {
            return Err(CoreError::input("no files were given"));
        }
        let mut archived = Vec::with_capacity(paths.len());
        for path in paths {
            if !path.exists() {
                return Err(CoreError::Store(format!("{}: no such file or directory", path.display())));
            }
            archived.push(is_archive_path(path)?);
        }
        if let Some(at) = archived.windows(2).position(|pair| pair[0] != pair[1]) {
            return Err(CoreError::input(format!(
                "{} and {}: one is of the archive, the other a dump file; read them apart, or import the dump first",
                paths[at].display(),
                paths[at + 1].display()
            )));
        }
        let inner = if archived[0] {
            Inner::Archive(ArchiveReader::open(
                paths,
                ReadSpec {
                    symbol: spec.symbol.clone(),
                    grid: spec.grid,
                    start_ms: spec.start_ms,
                    end_ms: spec.end_ms,
                    ids: !spec.without_ids,
                    trade_ids: spec.trade_ids,
                    ..ReadSpec::default()
                },
            )?)
        } else {
            let options = DumpOptions {
                grid: spec.grid,
                symbol: spec.symbol.clone(),
                skip_bad: spec.skip_bad,
                ..DumpOptions::default()
            };
            Inner::Dump(Box::new(DumpReader::open(paths, options)?))
        };
        let (grid, total) = match &inner {
            Inner::Dump(reader) => (reader.grid(), reader.progress().1),
            Inner::Archive(reader) => (reader.grid(), reader.rows()),
            Inner::Memory(_) => return Err(CoreError::Internal("files opened as memory".into())),
        };
        Ok(Self { inner, window, grid, without_ids: spec.without_ids, trade_ids: spec.trade_ids, rows: 0, total })
    }

    /// Reads batches that are in memory already, all on one grid.
    pub fn of_batches(
        batches: Vec<TradeBatch>,
        grid: Grid,
        start_ms: Option<i64>,
        end_ms: Option<i64>,
    ) -> Result<Self> {
        let window = Window::new(start_ms, end_ms)?;
        for batch in &batches {
            batch.check_lengths()?;
        }
        let total = batches.iter().map(|batch| batch.len() as u64).sum();
        let inner = Inner::Memory(batches.into());
        Ok(Self { inner, window, grid, without_ids: false, trade_ids: true, rows: 0, total })
    }

    /// Grid of the batches.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// `dump`, `archive` or `memory`.
    pub fn kind(&self) -> &'static str {
        match &self.inner {
            Inner::Dump(_) => "dump",
            Inner::Archive(_) => "archive",
            Inner::Memory(_) => "memory",
        }
    }

    /// Symbol and market, where the source itself knows them.
    pub fn symbol(&self) -> Option<(&str, &'static str)> {
        match &self.inner {
            Inner::Archive(reader) => Some((reader.symbol(), reader.market().name())),
            _ => None,
        }
    }

    /// The next trades, at least one; `None` at the end. After an error there is nothing more.
    pub fn next_batch(&mut self) -> Result<Option<TradeBatch>> {
        while !self.window.ended() {
            let next = match &mut self.inner {
                Inner::Dump(reader) => reader.next_batch()?,
                Inner::Archive(reader) => reader.next_batch()?,
                Inner::Memory(batches) => batches.pop_front(),
            };
            let Some(mut batch) = next else { return Ok(None) };
            self.window.cut(&mut batch);
            if self.without_ids {
                batch.agg_id = None;
            }
            if !self.trade_ids {
                batch.first_last_id = None;
            }
            if !batch.is_empty() {
                self.rows += batch.len() as u64;
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// How much of how much is read: bytes of dumps, trades otherwise.
    pub fn progress(&self) -> (u64, u64) {
        match &self.inner {
            Inner::Dump(reader) => reader.progress(),
            _ => (self.rows, self.total),
        }
    }

    /// What was read so far; complete once the last batch was taken.
    pub fn report(&self) -> SourceReport {
        let mut report = SourceReport { rows: self.rows, ..SourceReport::default() };
        match &self.inner {
            Inner::Dump(reader) => {
                let dump = reader.report();
                report.bad_rows = dump.bad_rows;
                report.bad_messages.clone_from(&dump.bad_messages);
                report.other_symbols = dump.other_symbols;
                let named = |file: &FileReport| SourceFile {
                    name: file.name.clone(),
                    rows: file.rows,
                    dump: Some(file.clone()),
                };
                report.files = dump.files.iter().map(named).collect();
            }
            Inner::Archive(reader) => {
                let named = |(path, meta): (&PathBuf, &crate::archive::DayMeta)| SourceFile {
                    name: path.display().to_string(),
                    rows: meta.rows,
                    dump: None,
                };
                report.files = reader.files().map(named).collect();
            }
            Inner::Memory(_) => {}
        }
        report
    }
}

/// Time of the first trade of a dump file, if it is easily found: to read files in the order of their trades.
pub fn first_ms(path: &Path) -> Option<i64> {
    // Any grid will do; this one holds what exchanges publish.
    let grid = Some(Grid { price_decimals: 8, qty_decimals: 8 });
    let options = DumpOptions { grid, skip_bad: true, batch_rows: 1, ..DumpOptions::default() };
    let mut reader = DumpReader::open(&[path], options).ok()?;
    reader.next_batch().ok()??.time_ms.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::testing::{scratch, trades};
    use crate::archive::{ImportSpec, Importer, Market};
    use arbcore_core::tape::IdPolicy;

    const GRID: Grid = Grid { price_decimals: 2, qty_decimals: 3 };
    const START: i64 = 1_750_464_000_000;

    fn drain(mut reader: AnyReader) -> (Vec<i64>, SourceReport) {
        let mut times = Vec::new();
        while let Some(batch) = reader.next_batch().unwrap() {
            times.extend(batch.time_ms);
        }
        let report = reader.report();
        (times, report)
    }

    #[test]
    fn dump_archive_and_memory_give_the_same_trades_of_a_range() {
        let root = scratch("source");
        let batch = trades(1, 5_000, START, 30_000, 1);
        let dump = root.join("LTCUSDT.csv");
        let mut text = crate::archive::dump_header(&batch).into_bytes();
        crate::archive::dump_rows(&batch, GRID, &mut text);
        std::fs::write(&dump, text).unwrap();
        let spec = ImportSpec {
            root: root.join("archive"),
            market: Market::Um,
            symbol: "LTCUSDT".into(),
            grid: GRID,
            ids: IdPolicy::Drop,
            replace: false,
        };
        let mut importer = Importer::new(spec).unwrap();
        importer.push(&batch).unwrap();
        importer.finish().unwrap();
        let (start, end) = (batch.time_ms[1_234], batch.time_ms[4_321]);
        let spec = SourceSpec { start_ms: Some(start), end_ms: Some(end), ..SourceSpec::default() };
        let expected: Vec<i64> = batch.time_ms.iter().copied().filter(|t| (start..end).contains(t)).collect();
        let halves = vec![batch.clone(), TradeBatch::default()];
        let memory = AnyReader::of_batches(halves, GRID, Some(start), Some(end)).unwrap();
        for (kind, reader) in [
            ("dump", AnyReader::open(std::slice::from_ref(&dump), &spec).unwrap()),
            ("archive", AnyReader::open(&[root.join("archive")], &spec).unwrap()),
            ("memory", memory),
        ] {
            assert_eq!((reader.kind(), reader.grid()), (kind, GRID));
            let (times, report) = drain(reader);
            assert_eq!(times, expected, "{kind}");
            assert_eq!(report.rows, expected.len() as u64, "{kind}");
        }
        assert_eq!(first_ms(&dump), Some(batch.time_ms[0]));

        let mixed = AnyReader::open(&[dump, root.join("archive")], &SourceSpec::default());
        let message = mixed.err().unwrap().to_string();
        assert!(message.contains("one is of the archive"), "{message}");
        let absent = AnyReader::open(&[root.join("x.csv")], &SourceSpec::default()).err().unwrap().to_string();
        assert!(absent.contains("x.csv: no such file"), "{absent}");
        assert!(Window::new(Some(5), Some(5)).is_err());
    }
}
