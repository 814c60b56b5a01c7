//! Reading the archive: decoding runs ahead on a thread of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::Grid;
use arbcore_core::{CoreError, Result};

use super::decode::Decoder;
use super::format::{DayMeta, Market};
use super::locate::{DayFile, locate};

/// Batches decoded ahead of the reader: enough to keep both busy, 2 MB each.
const AHEAD: usize = 4;

/// What to read.
#[derive(Debug, Clone)]
pub struct ReadSpec {
    /// Symbol; may be left out where the paths hold only one.
    pub symbol: Option<String>,
    /// Grid of the batches; left out, the finest of the files read.
    pub grid: Option<Grid>,
    /// Trades at or after this time.
    pub start_ms: Option<i64>,
    /// Trades before this time.
    pub end_ms: Option<i64>,
    /// With aggregated trade ids, where there are any.
    pub ids: bool,
    /// With first and last underlying trade ids, where there are any.
    pub trade_ids: bool,
    /// Most trades in a batch.
    pub batch_rows: usize,
}

impl Default for ReadSpec {
    fn default() -> Self {
        Self {
            symbol: None,
            grid: None,
            start_ms: None,
            end_ms: None,
            ids: true,
            trade_ids: false,
            batch_rows: 1 << 16,
        }
    }
}

/// Reads day files in order.
#[derive(Debug)]
pub struct ArchiveReader {
    files: Arc<[DayFile]>,
    grid: Grid,
    batches: Option<Receiver<Result<TradeBatch>>>,
    worker: Option<JoinHandle<()>>,
}

impl ArchiveReader {
    /// Opens day files, or directories that hold them (of a symbol, a market, or a whole archive).
    pub fn open(paths: &[PathBuf], spec: ReadSpec) -> Result<Self> {
        if spec.batch_rows == 0 {
            return Err(CoreError::input("batch_rows = 0: must be at least 1"));
        }
        let files: Arc<[DayFile]> = locate(paths, spec.symbol.as_deref(), spec.start_ms, spec.end_ms)?.into();
        if files.is_empty() {
            let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            return Err(CoreError::InsufficientData(format!(
                "{}: no day of the archive in the range asked for",
                names.join(", ")
            )));
        }
        let grid = spec.grid.unwrap_or_else(|| finest(&files));
        let (sender, batches) = sync_channel(AHEAD);
        let mut decoder = Decoder::new(Arc::clone(&files), grid, spec)?;
        let worker = std::thread::Builder::new()
            .name("arbcore-archive".into())
            .spawn(move || {
                loop {
                    let (item, last) = match decoder.next_batch() {
                        Ok(Some(batch)) => (Ok(batch), false),
                        Ok(None) => return,
                        Err(error) => (Err(error), true),
                    };
                    // The reader is gone, or told why there is no more.
                    if sender.send(item).is_err() || last {
                        return;
                    }
                }
            })
            .map_err(|e| CoreError::Store(format!("cannot start the archive's reading thread: {e}")))?;
        Ok(Self { files, grid, batches: Some(batches), worker: Some(worker) })
    }

    /// Grid of the batches.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Symbol of the files.
    pub fn symbol(&self) -> &str {
        &self.files[0].meta.symbol
    }

    /// Market of the files.
    pub fn market(&self) -> Market {
        self.files[0].meta.market
    }

    /// Path and metadata of the files, in order of day.
    pub fn files(&self) -> impl Iterator<Item = (&PathBuf, &DayMeta)> {
        self.files.iter().map(|file| (&file.path, &file.meta))
    }

    /// Trades in the files, those outside the range included.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.meta.rows).sum()
    }

    /// The next trades; `None` after the last. After an error there is nothing more.
    pub fn next_batch(&mut self) -> Result<Option<TradeBatch>> {
        let Some(batches) = &self.batches else { return Ok(None) };
        match batches.recv() {
            Ok(Ok(batch)) => Ok(Some(batch)),
            Ok(Err(error)) => {
                self.stop();
                Err(error)
            }
            Err(_) if self.stop() => Ok(None),
            Err(_) => Err(CoreError::Internal("the archive's reading thread ended without a word".into())),
        }
    }

    /// Ends the thread; false if it did not end well.
    fn stop(&mut self) -> bool {
        // Without a receiver a thread that waits to send gives up.
        self.batches = None;
        self.worker.take().is_none_or(|worker| worker.join().is_ok())
    }
}

impl Drop for ArchiveReader {
    fn drop(&mut self) {
        self.stop();
    }
}

fn finest(files: &[DayFile]) -> Grid {
    let decimals = |of: fn(Grid) -> u32| files.iter().map(|file| of(file.meta.grid)).max().unwrap_or(0);
    Grid { price_decimals: decimals(|g| g.price_decimals), qty_decimals: decimals(|g| g.qty_decimals) }
}
