//! Trades in and out: readers of dumps and archive, batches, the archive's writer, inspection.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arbcore_core::batch::TradeBatch as CoreBatch;
use arbcore_core::grid::Grid;
use arbcore_core::table::{Column, Table as CoreTable};
use arbcore_core::tape::IdPolicy;
use arbcore_core::{CoreError, Result};
use arbcore_io::archive::{self, ImportSpec, Importer, Layout, Market};
use arbcore_io::inspect::Inspector;
use arbcore_io::source::{self, AnyReader, SourceSpec};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::arrow::{decimals_of_frame, trades_from_frame};
use crate::errors::{OrRaise, guard};
use crate::table::Table;

/// A grid as Python gives it: price decimals, quantity decimals.
type Decimals = (u32, u32);

fn grid_of(decimals: Option<Decimals>) -> PyResult<Option<Grid>> {
    decimals.map(|(price, qty)| Grid::new(price, qty).or_raise()).transpose()
}

const fn decimals_of(grid: Grid) -> Decimals {
    (grid.price_decimals, grid.qty_decimals)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Trades as integer columns on one grid.
#[pyclass(frozen, module = "arbcore._arbcore")]
pub struct TradeBatch {
    trades: CoreBatch,
    grid: Grid,
}

impl TradeBatch {
    /// Columns of the core, for Python.
    pub fn new(trades: CoreBatch, grid: Grid) -> Self {
        Self { trades, grid }
    }

    /// The columns.
    pub fn trades(&self) -> &CoreBatch {
        &self.trades
    }
}

#[pymethods]
impl TradeBatch {
    /// Trades of a DataFrame, or of a mapping of column names to columns.
    #[staticmethod]
    #[pyo3(signature = (frame, grid = None))]
    fn from_frame(frame: &Bound<'_, PyAny>, grid: Option<Decimals>) -> PyResult<Self> {
        let (trades, grid) = trades_from_frame(frame, grid_of(grid)?)?;
        Ok(Self { trades, grid })
    }

    fn __len__(&self) -> usize {
        self.trades.len()
    }

    fn __repr__(&self) -> String {
        format!("TradeBatch({} trades)", self.trades.len())
    }

    /// Price and quantity decimals.
    #[getter]
    fn grid(&self) -> Decimals {
        decimals_of(self.grid)
    }

    /// Time of the first trade, None without trades.
    #[getter]
    fn first_ms(&self) -> Option<i64> {
        self.trades.time_ms.first().copied()
    }

    /// Time of the last trade, None without trades.
    #[getter]
    fn last_ms(&self) -> Option<i64> {
        self.trades.time_ms.last().copied()
    }

    /// True with aggregated trade ids.
    #[getter]
    fn has_ids(&self) -> bool {
        self.trades.agg_id.is_some()
    }

    /// True with first and last underlying trade ids.
    #[getter]
    fn has_trade_ids(&self) -> bool {
        self.trades.first_last_id.is_some()
    }

    /// The trades with prices and quantities as floats.
    fn to_table(&self) -> Table {
        let (trades, grid) = (&self.trades, self.grid);
        let mut table = CoreTable::default();
        if let Some(ids) = &trades.agg_id {
            table.push("agg_id", Column::I64(ids.clone()));
        }
        table.push("time_ms", Column::I64(trades.time_ms.clone()));
        table.push("price", Column::F64(trades.price.iter().map(|&ticks| grid.price(ticks)).collect()));
        table.push("qty", Column::F64(trades.qty.iter().map(|&lots| grid.qty(lots)).collect()));
        table.push("is_buyer_maker", Column::Bool(trades.is_buyer_maker.clone()));
        if let Some((first, last)) = &trades.first_last_id {
            table.push("first_trade_id", Column::I64(first.clone()));
            table.push("last_trade_id", Column::I64(last.clone()));
        }
        Table::new(table)
    }

    /// Writes batches of one grid to one Parquet file in the columns of a dump; returns the number of trades.
    #[staticmethod]
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
    fn write_parquet(path: PathBuf, batches: &Bound<'_, PyAny>) -> PyResult<u64> {
        let mut batches = batches.try_iter()?;
        let mut raised: Option<PyErr> = None;
        let mut next = |grid: Option<Grid>| -> Result<Option<(CoreBatch, Grid)>> {
            let item = batches.next().transpose();
            let batch = item.and_then(|item| item.map(|item| Ok(item.cast_into::<Self>()?)).transpose());
            match batch {
                Ok(Some(batch)) if grid.is_none_or(|grid| grid == batch.get().grid) => {
                    Ok(Some((batch.get().trades.clone(), batch.get().grid)))
                }
                Ok(Some(_)) => Err(CoreError::input("batches of different grids cannot stand in one file")),
                Ok(None) => Ok(None),
                Err(error) => {
                    raised = Some(error);
                    Err(CoreError::input("the batches ended with an error"))
                }
            }
        };
        let written = guard(|| {
            let Some((first, grid)) = next(None)? else {
                return Err(CoreError::InsufficientData(format!("{}: no trades to write", path.display())));
            };
            let mut first = Some(first);
            archive::write_trades(&path, Layout::Dump, grid, || match first.take() {
                Some(batch) => Ok(Some(batch)),
                None => Ok(next(Some(grid))?.map(|(batch, _)| batch)),
            })
        });
        match raised {
            Some(error) => Err(error),
            None => written.or_raise(),
        }
    }

    /// The header line of a dump file with the columns of this batch.
    fn csv_header(&self) -> String {
        archive::dump_header(&self.trades)
    }

    /// The trades as lines of a dump file.
    fn csv_rows<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let text = py.detach(|| {
            let mut text = Vec::new();
            archive::dump_rows(&self.trades, self.grid, &mut text);
            text
        });
        PyBytes::new(py, &text)
    }
}

/// Reads trades of dump files, of the archive, or of a frame, batch by batch.
#[pyclass(frozen, module = "arbcore._arbcore")]
pub struct TradeReader {
    inner: Mutex<AnyReader>,
    grid: Grid,
}

impl TradeReader {
    fn of(reader: AnyReader) -> Self {
        Self { grid: reader.grid(), inner: Mutex::new(reader) }
    }

    /// The next trades; `None` at the end. Waits for them, so call it without the GIL.
    pub fn take_batch(&self) -> Result<Option<CoreBatch>> {
        lock(&self.inner).next_batch()
    }

    /// The grid of the batches.
    pub fn core_grid(&self) -> Grid {
        self.grid
    }
}

#[pymethods]
impl TradeReader {
    #[new]
    #[pyo3(signature = (paths, symbol = None, grid = None, *, skip_bad = false, start_ms = None, end_ms = None,
                        with_ids = true, with_trade_ids = false))]
    #[expect(clippy::too_many_arguments, clippy::needless_pass_by_value, reason = "keywords in Python")]
    fn new(
        py: Python<'_>,
        paths: Vec<PathBuf>,
        symbol: Option<String>,
        grid: Option<Decimals>,
        skip_bad: bool,
        start_ms: Option<i64>,
        end_ms: Option<i64>,
        with_ids: bool,
        with_trade_ids: bool,
    ) -> PyResult<Self> {
        let spec = SourceSpec {
            symbol,
            grid: grid_of(grid)?,
            skip_bad,
            start_ms,
            end_ms,
            without_ids: !with_ids,
            trade_ids: with_trade_ids,
        };
        py.detach(|| guard(|| AnyReader::open(&paths, &spec))).map(Self::of).or_raise()
    }

    /// A reader of trades in memory: a DataFrame or a mapping of column names to columns.
    #[staticmethod]
    #[pyo3(signature = (frame, grid = None, *, start_ms = None, end_ms = None))]
    fn from_frame(
        frame: &Bound<'_, PyAny>,
        grid: Option<Decimals>,
        start_ms: Option<i64>,
        end_ms: Option<i64>,
    ) -> PyResult<Self> {
        let (trades, grid) = trades_from_frame(frame, grid_of(grid)?)?;
        AnyReader::of_batches(vec![trades], grid, start_ms, end_ms).map(Self::of).or_raise()
    }

    /// Price and quantity decimals.
    #[getter]
    fn grid(&self) -> Decimals {
        decimals_of(self.grid)
    }

    /// `dump`, `archive` or `memory`.
    #[getter]
    fn kind(&self) -> &'static str {
        lock(&self.inner).kind()
    }

    /// The symbol, where the source itself knows it.
    #[getter]
    fn symbol(&self) -> Option<String> {
        lock(&self.inner).symbol().map(|(symbol, _)| symbol.to_owned())
    }

    /// The market (`um`, `spot`), where the source itself knows it.
    #[getter]
    fn market(&self) -> Option<&'static str> {
        lock(&self.inner).symbol().map(|(_, market)| market)
    }

    /// The next trades, None at the end.
    fn next_batch(&self, py: Python<'_>) -> PyResult<Option<TradeBatch>> {
        let grid = self.grid;
        let batch = py.detach(|| guard(|| self.take_batch())).or_raise()?;
        Ok(batch.map(|trades| TradeBatch { trades, grid }))
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<TradeBatch>> {
        self.next_batch(py)
    }

    /// How much of how much is read: bytes of dumps, trades otherwise.
    fn progress(&self) -> (u64, u64) {
        lock(&self.inner).progress()
    }

    /// What was read so far: rows, bad_rows, bad_messages, other_symbols, files.
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let report = lock(&self.inner).report();
        let files = PyList::empty(py);
        for file in report.files {
            let entry = PyDict::new(py);
            entry.set_item("name", file.name)?;
            entry.set_item("rows", file.rows)?;
            if let Some(dump) = file.dump {
                entry.set_item("columns", dump.columns)?;
                entry.set_item("has_header", dump.has_header)?;
                entry.set_item("has_ids", dump.has_ids)?;
                entry.set_item("has_trade_ids", dump.has_first_last_ids)?;
                entry.set_item("checksum_verified", dump.checksum_verified)?;
                entry.set_item("bad_rows", dump.bad_rows)?;
            }
            files.append(entry)?;
        }
        let dict = PyDict::new(py);
        dict.set_item("rows", report.rows)?;
        dict.set_item("bad_rows", report.bad_rows)?;
        dict.set_item("bad_messages", report.bad_messages)?;
        dict.set_item("other_symbols", report.other_symbols)?;
        dict.set_item("files", files)?;
        Ok(dict)
    }
}

/// Writes trades into the archive, day by day.
#[pyclass(frozen, module = "arbcore._arbcore")]
pub struct ArchiveWriter {
    inner: Mutex<Option<Importer>>,
    grid: Grid,
}

#[pymethods]
impl ArchiveWriter {
    #[new]
    #[pyo3(signature = (root, symbol, grid, *, market = "um", ids = "drop", replace = false))]
    fn new(root: PathBuf, symbol: String, grid: Decimals, market: &str, ids: &str, replace: bool) -> PyResult<Self> {
        let grid = Grid::new(grid.0, grid.1).or_raise()?;
        let (market, ids) = (market.parse::<Market>().or_raise()?, IdPolicy::parse(ids).or_raise()?);
        let importer = Importer::new(ImportSpec { root, market, symbol, grid, ids, replace }).or_raise()?;
        Ok(Self { inner: Mutex::new(Some(importer)), grid })
    }

    /// Takes trades in the order of their source.
    fn push(&self, py: Python<'_>, batch: &TradeBatch) -> PyResult<()> {
        if batch.grid != self.grid {
            return Err(crate::errors::InputError::new_err(format!(
                "a batch on the grid {:?}, the writer is on {:?}: read all files with one grid",
                batch.grid(),
                decimals_of(self.grid)
            )));
        }
        let push = || match lock(&self.inner).as_mut() {
            Some(importer) => importer.push(&batch.trades),
            None => Err(ended()),
        };
        py.detach(|| guard(push)).or_raise().inspect_err(|_| self.abandon())
    }

    /// Puts everything in place; returns what became of each day.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let finish = || lock(&self.inner).take().ok_or_else(ended)?.finish();
        let report = py.detach(|| guard(finish)).or_raise()?;
        let days = PyList::empty(py);
        for day in report.days {
            let entry = PyDict::new(py);
            entry.set_item("day", day.meta.day.to_string())?;
            entry.set_item("path", day.path)?;
            entry.set_item("outcome", day.outcome.name())?;
            entry.set_item("rows", day.meta.rows)?;
            entry.set_item("gaps", day.meta.ids.map(|ids| ids.gaps))?;
            entry.set_item("missing", day.meta.ids.map(|ids| ids.missing))?;
            days.append(entry)?;
        }
        let dict = PyDict::new(py);
        dict.set_item("days", days)?;
        for (name, count) in [
            ("trades", report.trades),
            ("dropped", report.dropped),
            ("late", report.late),
            ("gaps", report.gaps),
            ("missing", report.missing),
            ("backwards", report.backwards),
        ] {
            dict.set_item(name, count)?;
        }
        Ok(dict)
    }

    /// Drops the day in progress; days already in place stay.
    fn abandon(&self) {
        lock(&self.inner).take();
    }
}

fn ended() -> CoreError {
    CoreError::input("this archive writer is finished: make a new one")
}

/// Looks at trades as they pass: span, ids, gaps, silences, hours.
#[pyclass(frozen, module = "arbcore._arbcore")]
pub struct TradeInspector {
    inner: Mutex<Inspector>,
}

#[pymethods]
impl TradeInspector {
    #[new]
    fn new(grid: Decimals) -> PyResult<Self> {
        let grid = Grid::new(grid.0, grid.1).or_raise()?;
        Ok(Self { inner: Mutex::new(Inspector::new(grid)) })
    }

    /// Looks at the next trades.
    fn push(&self, py: Python<'_>, batch: &TradeBatch) {
        py.detach(|| lock(&self.inner).push(&batch.trades));
    }

    /// Counts: trades, first_ms, last_ms, first_id, last_id, without_id, gaps, missing, out_of_order, backwards.
    fn summary<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let seen = lock(&self.inner);
        let some = |value: i64| (seen.trades > 0).then_some(value);
        let dict = PyDict::new(py);
        dict.set_item("trades", seen.trades)?;
        dict.set_item("first_ms", some(seen.first_ms))?;
        dict.set_item("last_ms", some(seen.last_ms))?;
        dict.set_item("first_id", seen.ids.map(|ids| ids.0))?;
        dict.set_item("last_id", seen.ids.map(|ids| ids.1))?;
        dict.set_item("without_id", seen.without_id)?;
        dict.set_item("gaps", seen.gaps)?;
        dict.set_item("missing", seen.missing)?;
        dict.set_item("out_of_order", seen.out_of_order)?;
        dict.set_item("backwards", seen.backwards)?;
        Ok(dict)
    }

    /// first_id, last_id, missing, before_ms, after_ms of each hole in the ids.
    fn gaps(&self) -> Table {
        Table::new(lock(&self.inner).gap_table())
    }

    /// from_ms, to_ms, silence_ms of the ten longest silences.
    fn silences(&self) -> Table {
        Table::new(lock(&self.inner).silence_table())
    }

    /// One row an hour with trades.
    fn hours(&self) -> Table {
        Table::new(lock(&self.inner).hour_table())
    }
}

/// The grid that the prices and quantities of a frame need: price decimals, quantity decimals.
#[pyfunction]
fn frame_grid(frame: &Bound<'_, PyAny>) -> PyResult<Decimals> {
    decimals_of_frame(frame).map(decimals_of)
}

/// Time of the first trade of a dump file, None if it is not easily found.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
fn dump_first_ms(py: Python<'_>, path: PathBuf) -> Option<i64> {
    py.detach(|| source::first_ms(&path))
}

/// What a path is to a reader: `dump`, `archive` (a directory, or a day file), or `parquet` (of another origin).
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
fn path_kind(path: PathBuf) -> PyResult<&'static str> {
    let kind = if path.is_dir() {
        "archive"
    } else if !path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet")) {
        "dump"
    } else if archive::read_meta(&path).or_raise()?.is_some() {
        "archive"
    } else {
        "parquet"
    };
    Ok(kind)
}

/// Adds this module's classes and functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<TradeBatch>()?;
    module.add_class::<TradeReader>()?;
    module.add_class::<ArchiveWriter>()?;
    module.add_class::<TradeInspector>()?;
    module.add_function(wrap_pyfunction!(frame_grid, module)?)?;
    module.add_function(wrap_pyfunction!(dump_first_ms, module)?)?;
    module.add_function(wrap_pyfunction!(path_kind, module)?)
}
