//! The reader of dump files: what it takes, what it gives, and the thread in between.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use arbcore_core::batch::TradeBatch;
use arbcore_core::error::{CoreError, Result};
use arbcore_core::grid::Grid;
use arbcore_core::parse::csv::{CsvOptions, CsvParser};
use arbcore_core::parse::scan::CsvScanner;
use arbcore_core::parse::{BadRows, TimeUnit};

use super::source::{Fingerprint, Member, members};

const BLOCK: usize = 256 << 10;
/// Batches that wait for the consumer.
const AHEAD: usize = 2;

/// How dump files are read.
#[derive(Debug, Clone)]
pub struct DumpOptions {
    /// The grid of prices and quantities; `None`: the coarsest one that all of them lie on, found by a first pass.
    pub grid: Option<Grid>,
    /// The symbol to take from files that have a column of symbols.
    pub symbol: Option<String>,
    /// Count bad rows and go on, instead of stopping at the first.
    pub skip_bad: bool,
    /// Trades in a batch, at least 1.
    pub batch_rows: usize,
}

impl Default for DumpOptions {
    fn default() -> Self {
        Self { grid: None, symbol: None, skip_bad: false, batch_rows: 1 << 16 }
    }
}

/// What was found in one csv file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// Path, and the member's name behind it for an archive.
    pub name: String,
    /// Column names, from the header or of the dump format that was recognised.
    pub columns: Vec<String>,
    /// Whether the file has a header line.
    pub has_header: bool,
    /// Whether there are trade ids.
    pub has_ids: bool,
    /// Whether there are first and last underlying trade ids.
    pub has_first_last_ids: bool,
    /// Unit of the time column.
    pub time_unit: Option<TimeUnit>,
    /// Whether a published checksum was there, and right.
    pub checksum_verified: bool,
    /// Trades read.
    pub rows: u64,
    /// Bad rows dropped.
    pub bad_rows: u64,
    /// Rows of other symbols passed over.
    pub other_symbols: u64,
}

/// What was read so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DumpReport {
    /// Trades read.
    pub rows: u64,
    /// Bad rows dropped.
    pub bad_rows: u64,
    /// The first messages about bad rows.
    pub bad_messages: Vec<String>,
    /// Rows of other symbols passed over.
    pub other_symbols: u64,
    /// One report a file, in the order of reading; complete once the last batch was taken.
    pub files: Vec<FileReport>,
}

enum Message {
    Batch(TradeBatch),
    File(FileReport, Vec<String>),
    Failed(CoreError),
    Done,
}

/// One csv file as the first pass left it.
struct Scanned {
    member: Member,
    has_ids: bool,
    has_first_last_ids: bool,
    /// Set when all of it was read.
    fingerprint: Option<Fingerprint>,
}

/// Reads the trades of dump files in batches.
///
/// # Examples
/// ```no_run
/// use arbcore_io::dump::{DumpOptions, DumpReader};
/// let mut reader = DumpReader::open(&["BTCUSDT-aggTrades-2025-10-22.zip"], DumpOptions::default())?;
/// while let Some(batch) = reader.next_batch()? {
///     println!("{} trades from {}", batch.len(), batch.time_ms[0]);
/// }
/// assert_eq!(reader.report().bad_rows, 0);
/// # Ok::<(), arbcore_core::CoreError>(())
/// ```
pub struct DumpReader {
    grid: Grid,
    has_ids: bool,
    receiver: Option<Receiver<Message>>,
    thread: Option<JoinHandle<()>>,
    report: DumpReport,
    progress: Arc<AtomicU64>,
    packed_bytes: u64,
}

impl DumpReader {
    /// Opens files, in this order; the members of an archive follow in the order of their names.
    ///
    /// Every file is looked at before this returns: that it is there, sound as far as can be seen, of a known layout,
    /// and, without a grid given, all of it for its grid.
    pub fn open<P: AsRef<Path>>(paths: &[P], options: DumpOptions) -> Result<Self> {
        if options.batch_rows == 0 {
            return Err(CoreError::input("batch_rows = 0: must be at least 1"));
        }
        if paths.is_empty() {
            return Err(CoreError::input("no dump files were given"));
        }
        if let Some(grid) = options.grid {
            Grid::new(grid.price_decimals, grid.qty_decimals)?;
        }
        let mut found = Grid { price_decimals: 0, qty_decimals: 0 };
        let mut scanned: Vec<Scanned> = Vec::new();
        for path in paths {
            for member in members(path.as_ref())? {
                let file = scan(member, &options, &mut found)?;
                if let Some(first) = scanned.first().filter(|first| first.has_ids != file.has_ids) {
                    let (with, without) = if file.has_ids { (&file, first) } else { (first, &file) };
                    return Err(CoreError::Input(format!(
                        "{} has trade ids, {} has none; read them separately",
                        with.member.name, without.member.name
                    )));
                }
                scanned.push(file);
            }
        }
        let grid = options.grid.unwrap_or(found);
        let packed_bytes = scanned.iter().map(|file| file.member.packed_bytes).sum();
        let has_ids = scanned.first().is_some_and(|file| file.has_ids);
        let progress = Arc::new(AtomicU64::new(0));
        let (sender, receiver) = sync_channel(AHEAD);
        let counter = Arc::clone(&progress);
        let thread = std::thread::Builder::new()
            .name("arbcore-dump".to_owned())
            .spawn(move || {
                let last = match read_all(&scanned, grid, &options, &counter, &sender) {
                    Ok(true) => Message::Done,
                    Ok(false) => return,
                    Err(error) => Message::Failed(error),
                };
                // Nobody to hear it: the reader was dropped.
                let _ = sender.send(last);
            })
            .map_err(|error| CoreError::Store(format!("no thread to read dump files with: {error}")))?;
        Ok(Self {
            grid,
            has_ids,
            receiver: Some(receiver),
            thread: Some(thread),
            report: DumpReport::default(),
            progress,
            packed_bytes,
        })
    }

    /// The grid of the batches.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Whether the files have trade ids.
    pub fn has_ids(&self) -> bool {
        self.has_ids
    }

    /// The next trades; `None` at the end. After an error there is nothing more.
    ///
    /// Batches hold `batch_rows` trades, but the last one, and the last one before a file with other id columns.
    pub fn next_batch(&mut self) -> Result<Option<TradeBatch>> {
        while let Some(receiver) = &self.receiver {
            match receiver.recv() {
                Ok(Message::Batch(batch)) => {
                    self.report.rows += batch.len() as u64;
                    return Ok(Some(batch));
                }
                Ok(Message::File(file, messages)) => {
                    self.report.bad_rows += file.bad_rows;
                    self.report.other_symbols += file.other_symbols;
                    let room = BadRows::KEEP.saturating_sub(self.report.bad_messages.len());
                    self.report.bad_messages.extend(messages.into_iter().take(room));
                    self.report.files.push(file);
                }
                Ok(Message::Failed(error)) => {
                    self.close();
                    return Err(error);
                }
                Ok(Message::Done) => self.close(),
                Err(_) => {
                    self.close();
                    return Err(CoreError::Internal("the thread that reads dump files ended early".to_owned()));
                }
            }
        }
        Ok(None)
    }

    /// What was read so far.
    pub fn report(&self) -> &DumpReport {
        &self.report
    }

    /// Bytes of the files read so far, and all of them.
    pub fn progress(&self) -> (u64, u64) {
        (self.progress.load(Ordering::Relaxed).min(self.packed_bytes), self.packed_bytes)
    }

    fn close(&mut self) {
        // Without a receiver, the thread's next message fails and it ends.
        self.receiver = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for DumpReader {
    fn drop(&mut self) {
        self.close();
    }
}

/// Looks at a file: all of it when its grid is wanted, else until layout and unit of time are known.
fn scan(member: Member, options: &DumpOptions, found: &mut Grid) -> Result<Scanned> {
    let mut scanner = CsvScanner::new(&member.name, options.symbol.as_deref());
    let mut reader = member.open(&Arc::default())?;
    let mut block = vec![0; BLOCK];
    let mut is_whole = false;
    while options.grid.is_none() || scanner.layout().is_none() {
        let read = reader.read(&mut block)?;
        scanner.feed(&block[..read])?;
        if read < block.len() {
            scanner.finish()?;
            is_whole = true;
            break;
        }
    }
    let fingerprint = if is_whole { Some(reader.fingerprint()?) } else { None };
    drop(reader);
    let Some(layout) = scanner.layout() else { return Err(member.fail("is empty")) };
    let (has_ids, has_first_last_ids) = (layout.has_ids(), layout.has_first_last_ids());
    let grid = scanner.grid();
    found.price_decimals = found.price_decimals.max(grid.price_decimals);
    found.qty_decimals = found.qty_decimals.max(grid.qty_decimals);
    Ok(Scanned { member, has_ids, has_first_last_ids, fingerprint })
}

/// Reads all files into batches; false when nobody wants them any more.
fn read_all(
    files: &[Scanned],
    grid: Grid,
    options: &DumpOptions,
    progress: &Arc<AtomicU64>,
    sender: &SyncSender<Message>,
) -> Result<bool> {
    let mut batch = TradeBatch::default();
    for file in files {
        if !read_file(file, grid, options, progress, sender, &mut batch)? {
            return Ok(false);
        }
    }
    Ok(batch.is_empty() || sender.send(Message::Batch(batch)).is_ok())
}

fn read_file(
    file: &Scanned,
    grid: Grid,
    options: &DumpOptions,
    progress: &Arc<AtomicU64>,
    sender: &SyncSender<Message>,
    batch: &mut TradeBatch,
) -> Result<bool> {
    let member = &file.member;
    let csv = CsvOptions { grid, symbol: options.symbol.clone(), skip_bad: options.skip_bad };
    let mut parser = CsvParser::new(&member.name, csv);
    let mut reader = member.open(progress)?;
    let shape = (batch.agg_id.is_some(), batch.first_last_id.is_some());
    if !batch.is_empty() && shape != (file.has_ids, file.has_first_last_ids) && !send(batch, sender) {
        return Ok(false);
    }
    let mut block = vec![0; BLOCK];
    loop {
        let read = reader.read(&mut block)?;
        let mut at = 0;
        while at < read {
            at += parser.feed(&block[at..read], batch, options.batch_rows - batch.len())?;
            if batch.len() == options.batch_rows && !send(batch, sender) {
                return Ok(false);
            }
        }
        if read < block.len() {
            break;
        }
    }
    parser.finish(batch)?;
    if batch.len() == options.batch_rows && !send(batch, sender) {
        return Ok(false);
    }
    let fingerprint = reader.fingerprint()?;
    if file.fingerprint.is_some_and(|first| first != fingerprint) {
        return Err(member.changed());
    }
    let report = file_report(member, &parser, options)?;
    Ok(sender.send(Message::File(report, parser.bad().messages.clone())).is_ok())
}

/// Sends a batch and leaves an empty one; false when nobody wants it any more.
fn send(batch: &mut TradeBatch, sender: &SyncSender<Message>) -> bool {
    sender.send(Message::Batch(std::mem::take(batch))).is_ok()
}

/// What was found in a file, or an error when that is no trade at all.
fn file_report(member: &Member, parser: &CsvParser, options: &DumpOptions) -> Result<FileReport> {
    let bad = parser.bad();
    let Some(layout) = parser.layout() else { return Err(member.fail("is empty")) };
    if parser.rows() == 0 {
        let symbol = options.symbol.as_deref().unwrap_or_default();
        return Err(member.fail(match (bad.messages.first(), parser.other_symbols()) {
            (Some(first), _) => format!("none of its rows could be read ({} bad ones); the first: {first}", bad.count),
            (None, 0) => "has no rows".to_owned(),
            (None, others) => format!("has no row of symbol {symbol}, but {others} of other symbols"),
        }));
    }
    Ok(FileReport {
        name: member.name.clone(),
        columns: layout.names.clone(),
        has_header: layout.has_header,
        has_ids: layout.has_ids(),
        has_first_last_ids: layout.has_first_last_ids(),
        time_unit: parser.time_unit(),
        checksum_verified: member.checksum_verified,
        rows: parser.rows(),
        bad_rows: bad.count,
        other_symbols: parser.other_symbols(),
    })
}
