//! Bars with tran_stats for Python.

use std::sync::{Mutex, MutexGuard, PoisonError};

use arbcore_core::Result;
use arbcore_core::bars::{Bar, BarBuilder, BarOptions, Interval, TierBounds, aggregate, kline_table};
use arbcore_core::grid::Grid;
use pyo3::prelude::*;

use crate::errors::{OrRaise, guard};
use crate::reader::{TradeBatch, TradeReader};
use crate::table::Table;

/// Follows a symbol's trades and builds bars of them.
#[pyclass(frozen, module = "arbcore._arbcore")]
pub struct BarRun {
    inner: Mutex<BarBuilder>,
    symbol: String,
    grid: Grid,
}

impl BarRun {
    fn lock(&self) -> MutexGuard<'_, BarBuilder> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut BarBuilder) -> Result<T> + Send) -> PyResult<T> {
        py.detach(|| guard(|| work(&mut self.lock()))).or_raise()
    }
}

#[pymethods]
impl BarRun {
    /// `tier_bounds_cny` are the upper bounds of tiers 1 to 3 in whole CNY; `cny_rate` is (units, decimals) of CNY to
    /// the dollar, (7, 0) for 7.0; `seeded_close` is (open time, close in ticks of the window before it).
    #[new]
    #[pyo3(signature = (symbol, grid, *, tier_bounds_cny = None, cny_rate = (7, 0), seeded_close = None))]
    fn new(
        symbol: String,
        grid: (u32, u32),
        tier_bounds_cny: Option<[i64; 3]>,
        cny_rate: (i64, u32),
        seeded_close: Option<(i64, i64)>,
    ) -> PyResult<Self> {
        let grid = Grid::new(grid.0, grid.1).or_raise()?;
        let bounds = tier_bounds_cny.unwrap_or([40_000, 200_000, 1_000_000]);
        let tiers = TierBounds::new(bounds, cny_rate.0, cny_rate.1).or_raise()?;
        let builder = BarBuilder::new(grid, &BarOptions { tiers, seeded_close }).or_raise()?;
        Ok(Self { inner: Mutex::new(builder), symbol, grid })
    }

    /// Takes the next trades.
    fn push(&self, py: Python<'_>, batch: &TradeBatch) -> PyResult<()> {
        self.with(py, |builder| builder.push_batch(batch.trades()))
    }

    /// Takes the next batch of `reader`; returns (trades in it, its last time), or None at the end.
    fn advance(&self, py: Python<'_>, reader: &TradeReader) -> PyResult<Option<(usize, i64)>> {
        self.with(py, |builder| {
            let Some(batch) = reader.take_batch()? else { return Ok(None) };
            builder.push_batch(&batch)?;
            Ok(Some((batch.len(), batch.time_ms.last().copied().unwrap_or(0))))
        })
    }

    /// Closes every window that ends at or before `time_ms`: no earlier trade is still to come.
    fn close_until(&self, py: Python<'_>, time_ms: i64) -> PyResult<()> {
        self.with(py, |builder| builder.close_until(time_ms))
    }

    /// Records dropped because their price or quantity was not positive.
    #[getter]
    fn dropped(&self) -> u64 {
        self.lock().dropped()
    }

    /// Times raised to their predecessor's.
    #[getter]
    fn raised(&self) -> u64 {
        self.lock().raised()
    }

    /// Bars and tran_stats joined, one interval after the other, told apart by the last column.
    ///
    /// `partial` adds windows that are not whole: the last one of 5 minutes, longer ones at both ends.
    #[pyo3(signature = (intervals, *, partial = false))]
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
    fn table(&self, py: Python<'_>, intervals: Vec<String>, partial: bool) -> PyResult<Table> {
        self.with(py, |builder| {
            let open = builder.open_bar().filter(|_| partial);
            let base: Vec<Bar> = builder.closed().iter().copied().chain(open).collect();
            let of = |text: &String| {
                let interval = Interval::parse(text)?;
                Ok((interval, aggregate(&base, interval, partial)?))
            };
            let bars = intervals.iter().map(of).collect::<Result<Vec<_>>>()?;
            kline_table(&self.symbol, self.grid, &bars)
        })
        .map(Table::new)
    }
}

/// Adds this module's classes.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<BarRun>()
}
