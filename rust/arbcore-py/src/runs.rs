//! Runs over a symbol's trades that are no back-test: feature tables and sweeps.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use arbcore_core::feature::FeatureRow;
use arbcore_core::grid::Grid;
use arbcore_core::replay::{FeatureTable, Market, MarketEvent};
use arbcore_core::sample::Settlement;
use arbcore_core::stats::Statistics;
use arbcore_core::strategy::StrategyConfig;
use arbcore_core::sweep::{SweepInput, SweepOptions, SweepRow, sweep};
use arbcore_core::table::{Column, Table as CoreTable};
use arbcore_core::{CoreError, Result};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::config::strategy_from_py;
use crate::errors::{OrRaise, guard};
use crate::outcome::{stream_dict, trade_table};
use crate::reader::{TradeBatch, TradeReader};
use crate::replay::Options;
use crate::samples::Samples;
use crate::table::Table;

/// A market, and what is collected at each of its evaluations.
struct Collector {
    market: Market,
    rows: Vec<FeatureRow>,
    table: Option<FeatureTable>,
}

impl Collector {
    fn run(&mut self, complete_ms: i64) -> Result<()> {
        loop {
            match self.market.next(complete_ms)? {
                MarketEvent::Trades { .. } => {}
                MarketEvent::Evaluation(_) => match &mut self.table {
                    Some(table) => table.push(self.market.row()),
                    None => self.rows.push(self.market.row().clone()),
                },
                MarketEvent::Pending => return Ok(()),
            }
        }
    }

    fn end(&mut self) -> Result<()> {
        match self.market.tape().last_time_ms() {
            Some(last_ms) => self.run(last_ms),
            None => Ok(()),
        }
    }
}

/// Follows a symbol's trades and collects its features; keeps the trades when a sweep is to follow.
#[pyclass(frozen, module = "arbcore._arbcore")]
pub struct FeatureRun {
    inner: Mutex<Collector>,
    options: Options,
    settlements: Vec<Settlement>,
    keep_trades: bool,
}

impl FeatureRun {
    fn with<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut Collector) -> Result<T> + Send) -> PyResult<T> {
        py.detach(|| guard(|| work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner)))).or_raise()
    }
}

#[pymethods]
impl FeatureRun {
    #[new]
    #[pyo3(signature = (symbol, grid, options, *, keep_trades, spot_grid=None, samples=None))]
    fn new(
        symbol: &str,
        grid: (u32, u32),
        options: &Bound<'_, PyDict>,
        keep_trades: bool,
        spot_grid: Option<(u32, u32)>,
        samples: Option<&Samples>,
    ) -> PyResult<Self> {
        let grid = Grid::new(grid.0, grid.1).or_raise()?;
        let mut options = Options::read(options, symbol, grid)?;
        // A sweep may hold strategies with the cascade rule: their rows must know it.
        options.features.price_accel = keep_trades;
        let mut market = Market::new(options.features.clone(), grid, options.policy).or_raise()?;
        let spot_grid = spot_grid.map(|(price, qty)| Grid::new(price, qty)).transpose().or_raise()?;
        if let Some(spot_grid) = spot_grid {
            market = market.with_spot(spot_grid, options.policy).or_raise()?;
        }
        let settlements = samples.map_or_else(Vec::new, |s| s.settlements(options.funding_interval_hours));
        if let Some(samples) = samples {
            market.push_samples(samples.samples.iter().copied());
        }
        let table = (!keep_trades).then(|| FeatureTable::new(grid, spot_grid, &options.features.extra_windows_ms));
        let inner = Mutex::new(Collector { market, rows: Vec::new(), table });
        Ok(Self { inner, options, settlements, keep_trades })
    }

    /// Takes the next trades of the perpetual.
    fn push(&self, py: Python<'_>, batch: &TradeBatch) -> PyResult<()> {
        self.with(py, |collector| {
            collector.market.push_many(batch.trades())?;
            collector.run(i64::MIN)?;
            if !self.keep_trades {
                collector.market.forget();
            }
            Ok(())
        })
    }

    /// Takes the next spot trades; they must reach as far as the perpetual's next batch.
    fn push_spot(&self, py: Python<'_>, batch: &TradeBatch) -> PyResult<()> {
        self.with(py, |collector| collector.market.push_spot(batch.trades()))
    }

    /// Takes the next batch of `reader`; returns (trades in it, its last time), or None at the end.
    fn advance(&self, py: Python<'_>, reader: &TradeReader) -> PyResult<Option<(usize, i64)>> {
        self.with(py, |collector| {
            let Some(batch) = reader.take_batch()? else { return Ok(None) };
            collector.market.push_many(&batch)?;
            collector.run(i64::MIN)?;
            if !self.keep_trades {
                collector.market.forget();
            }
            Ok(Some((batch.len(), batch.time_ms.last().copied().unwrap_or(0))))
        })
    }

    /// Ends the run after the last trade pushed.
    fn end(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, Collector::end)
    }

    /// The features collected so far.
    fn table(&self, py: Python<'_>) -> PyResult<Table> {
        self.with(py, |collector| match &collector.table {
            Some(table) => Ok(Table::new(table.finish())),
            None => Err(CoreError::input("this run keeps its features for a sweep: make one without keep_trades")),
        })
    }

    /// What was wrong with the stream, counted; first and last time.
    fn stream<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let tape = inner.market.tape();
        let dict = stream_dict(py, &tape.report())?;
        dict.set_item("first_ms", tape.first_time_ms())?;
        dict.set_item("last_ms", tape.last_time_ms())?;
        Ok(dict)
    }

    /// Runs every strategy over the trades and features collected, on `threads` threads.
    ///
    /// `progress`, if given, is called about ten times a second with the number done; an exception in it, or a
    /// signal, ends the sweep after the strategies begun.
    #[pyo3(signature = (strategies, threads, *, keep_runs, progress=None))]
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
    fn sweep(
        &self,
        py: Python<'_>,
        strategies: Vec<Bound<'_, PyDict>>,
        threads: usize,
        keep_runs: bool,
        progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<SweepOutcome> {
        let configs: Vec<StrategyConfig> = strategies.iter().map(strategy_from_py).collect::<PyResult<_>>()?;
        let (done, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let progress = progress.map(Bound::unbind);
        let mut raised: Option<PyErr> = None;
        let rows = py.detach(|| {
            let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            let bound = |ms: i64| Some(ms);
            let input = SweepInput {
                rows: &inner.rows,
                trades: inner.market.tape(),
                funding: &self.settlements,
                simulation: self.options.simulation,
                filters: self.options.filters,
                from_ms: bound(self.options.from_ms),
                to_ms: bound(self.options.to_ms),
            };
            let options = SweepOptions { threads, keep_runs, done: Some(&done), stop: Some(&stop) };
            std::thread::scope(|scope| {
                let work = scope.spawn(|| guard(|| sweep(&input, &configs, &options)));
                let mut pause = Duration::from_millis(1);
                while !work.is_finished() {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(100));
                    if raised.is_none() && pause >= Duration::from_millis(32) {
                        let heard = Python::attach(|py| {
                            py.check_signals()?;
                            progress.as_ref().map_or(Ok(()), |f| f.call1(py, (done.load(Ordering::Relaxed),)).map(drop))
                        });
                        if let Err(error) = heard {
                            raised = Some(error);
                            stop.store(true, Ordering::Relaxed);
                        }
                    }
                }
                work.join().unwrap_or_else(|_| Err(CoreError::Internal("a sweep thread died".into())))
            })
        });
        let rows = rows.or_raise()?;
        Ok(SweepOutcome { rows, interrupted: raised.is_some() })
    }
}

/// What a sweep leaves.
#[pyclass(frozen, module = "arbcore._arbcore")]
pub struct SweepOutcome {
    rows: Vec<Option<SweepRow>>,
    interrupted: bool,
}

#[pymethods]
impl SweepOutcome {
    /// True when it was stopped before the end.
    #[getter]
    fn interrupted(&self) -> bool {
        self.interrupted
    }

    /// Indices of the strategies that were run.
    fn finished(&self) -> Vec<usize> {
        (0..self.rows.len()).filter(|&i| self.rows[i].is_some()).collect()
    }

    /// One row a finished strategy, a column a figure.
    fn statistics(&self) -> Table {
        let mut table = CoreTable::default();
        let rows: Vec<_> = self.rows.iter().flatten().map(|row| row.statistics.fields()).collect();
        for (i, name) in Statistics::NAMES.iter().enumerate() {
            table.push(*name, Column::OptF64(rows.iter().map(|fields| fields[i].1).collect()));
        }
        Table::new(table)
    }

    /// Trades of one strategy, where runs were kept.
    fn trades(&self, index: usize, strategy: &str, symbol: &str, config_hash: &str) -> PyResult<Table> {
        let run = self.rows.get(index).and_then(Option::as_ref).and_then(|row| row.run.as_ref());
        let run = run.ok_or_else(|| CoreError::input(format!("no trades were kept of strategy {index}"))).or_raise()?;
        let trades: Vec<_> = run.trades.iter().chain(&run.open).copied().collect();
        Ok(Table::new(trade_table(&trades, strategy, symbol, config_hash)))
    }
}

/// Adds this module's classes.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FeatureRun>()?;
    module.add_class::<SweepOutcome>()
}
