//! The tape for Python: trades pushed one by one or in batches, features at any time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use arbcore_core::feature::{FeatureConfig, FeatureEngine, FeatureRow, Step};
use arbcore_core::grid::{Grid, POW10};
use arbcore_core::parse::decimal::parse_decimal;
use arbcore_core::parse::frames::{FrameOptions, FrameParser};
use arbcore_core::parse::json::Event;
use arbcore_core::replay::{FeatureTable, Market, MarketEvent};
use arbcore_core::table::{Column, Table as CoreTable};
use arbcore_core::tape::IdPolicy;
use arbcore_core::types::Trade;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt};

use crate::errors::{InputError, OrRaise, guard};
use crate::outcome::stream_dict;
use crate::reader::TradeBatch;
use crate::table::Table;

struct State {
    market: Market,
    evaluated: bool,
}

impl State {
    fn run(&mut self) -> arbcore_core::Result<bool> {
        let mut evaluated = false;
        loop {
            match self.market.next(i64::MIN)? {
                MarketEvent::Trades { .. } => {}
                MarketEvent::Evaluation(_) => evaluated = true,
                MarketEvent::Pending => break,
            }
        }
        self.evaluated |= evaluated;
        Ok(evaluated)
    }
}

/// Trades of one symbol with the features over them.
#[pyclass(frozen, module = "arbcore._arbcore")]
pub struct Tape {
    state: Mutex<State>,
    symbol: String,
    grid: Grid,
    keep: bool,
}

/// A price or quantity as an integer of the grid: from a float that is the nearest one of it, or from exact text.
fn on_grid(field: &str, value: &Bound<'_, PyAny>, decimals: u32) -> PyResult<i64> {
    if let Ok(float) = value.cast_exact::<PyFloat>() {
        let (float, scale) = (float.value(), POW10[decimals as usize] as f64);
        let scaled = (float * scale).round();
        if scaled / scale == float && scaled.abs() < 9.0e15 {
            return Ok(scaled as i64);
        }
        return Err(off_grid(field, &float.to_string(), decimals));
    }
    if let Ok(integer) = value.cast_exact::<PyInt>() {
        let scaled = integer.extract::<i64>().ok().and_then(|i| i.checked_mul(POW10[decimals as usize]));
        return scaled.ok_or_else(|| off_grid(field, &integer.to_string(), decimals));
    }
    let text = value.str()?;
    let text = text.to_str()?;
    parse_decimal(text.as_bytes(), decimals)
        .map_err(|reason| InputError::new_err(format!("{field} = {text:?}: {reason} (grid of {decimals} decimals)")))
}

fn off_grid(field: &str, value: &str, decimals: u32) -> PyErr {
    InputError::new_err(format!("{field} = {value}: not on the grid of {decimals} decimals"))
}

impl Tape {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tidy(&self, state: &mut State) {
        if !self.keep {
            state.market.forget();
        }
    }
}

#[pymethods]
impl Tape {
    #[new]
    #[pyo3(signature = (symbol, price_decimals, qty_decimals, *, every_ms, warmup_ms, ids, keep))]
    fn new(
        symbol: String,
        price_decimals: u32,
        qty_decimals: u32,
        every_ms: i64,
        warmup_ms: i64,
        ids: &str,
        keep: bool,
    ) -> PyResult<Self> {
        let grid = Grid::new(price_decimals, qty_decimals).or_raise()?;
        let features =
            FeatureConfig { eval_interval_ms: every_ms, warmup_ms, ..FeatureConfig::standard(&symbol, grid) };
        let market = Market::new(features, grid, IdPolicy::parse(ids).or_raise()?).or_raise()?;
        Ok(Self { state: Mutex::new(State { market, evaluated: false }), symbol, grid, keep })
    }

    /// Takes one trade; True when it completed an evaluation.
    #[pyo3(signature = (agg_id, time_ms, price, qty, is_buyer_maker))]
    fn push(
        &self,
        agg_id: Option<i64>,
        time_ms: i64,
        price: &Bound<'_, PyAny>,
        qty: &Bound<'_, PyAny>,
        is_buyer_maker: bool,
    ) -> PyResult<bool> {
        let trade = Trade {
            agg_id,
            time_ms,
            price: on_grid("price", price, self.grid.price_decimals)?,
            qty: on_grid("qty", qty, self.grid.qty_decimals)?,
            is_buyer_maker,
            count: 1,
        };
        let mut state = self.lock();
        if !state.market.push(&trade).or_raise()? {
            return Ok(false);
        }
        let evaluated = state.run().or_raise()?;
        self.tidy(&mut state);
        Ok(evaluated)
    }

    /// Takes a batch; True when it completed an evaluation.
    fn push_batch(&self, py: Python<'_>, batch: &TradeBatch) -> PyResult<bool> {
        py.detach(|| {
            let mut state = self.lock();
            guard(|| {
                state.market.push_many(batch.trades())?;
                let evaluated = state.run()?;
                self.tidy(&mut state);
                Ok(evaluated)
            })
        })
        .or_raise()
    }

    /// Takes raw aggTrade frames, one a line, any key order; returns how many were trades of this symbol.
    fn push_json(&self, py: Python<'_>, frames: &[u8]) -> PyResult<usize> {
        py.detach(|| {
            guard(|| {
                let mut batch = arbcore_core::batch::TradeBatch::default();
                let options = FrameOptions {
                    grid: self.grid,
                    symbol: self.symbol.clone(),
                    event: Event::AggTrade,
                    skip_bad: false,
                };
                let mut parser = FrameParser::new("frames", options);
                parser.feed(frames, &mut batch)?;
                parser.finish(&mut batch)?;
                let mut state = self.lock();
                state.market.push_many(&batch)?;
                state.run()?;
                self.tidy(&mut state);
                Ok(batch.len())
            })
        })
        .or_raise()
    }

    /// Features of every evaluation up to the last trade, over the trades held.
    #[pyo3(signature = (every_ms, warmup_ms, extra_windows_ms))]
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
    fn features(&self, py: Python<'_>, every_ms: i64, warmup_ms: i64, extra_windows_ms: Vec<i64>) -> PyResult<Table> {
        py.detach(|| {
            guard(|| {
                let state = self.lock();
                let tape = state.market.tape();
                if tape.start() > 0 {
                    return Err(arbcore_core::CoreError::input(
                        "this tape let go of old trades: make it with keep=True for features from the start",
                    ));
                }
                let config = FeatureConfig {
                    eval_interval_ms: every_ms,
                    warmup_ms,
                    extra_windows_ms: extra_windows_ms.clone(),
                    ..state.market.config().clone()
                };
                let mut engine = FeatureEngine::new(config, self.grid)?;
                let mut table = FeatureTable::new(self.grid, None, &extra_windows_ms);
                let mut row = FeatureRow::empty(0, self.grid);
                let complete_ms = tape.last_time_ms().unwrap_or(i64::MIN);
                loop {
                    match engine.step(tape, complete_ms) {
                        Step::Trades { .. } => {}
                        Step::Evaluation(t_ms) => {
                            engine.evaluate(tape, t_ms, &mut row)?;
                            table.push(&row);
                        }
                        Step::Pending => return Ok(Table::new(table.finish())),
                    }
                }
            })
        })
        .or_raise()
    }

    /// Features of the last evaluation as a table of one row; None before the first.
    fn latest(&self) -> Option<Table> {
        let state = self.lock();
        state.evaluated.then(|| {
            let mut table = FeatureTable::new(self.grid, None, &[]);
            table.push(state.market.row());
            Table::new(table.finish())
        })
    }

    /// The trades held.
    fn trades(&self, py: Python<'_>) -> Table {
        py.detach(|| {
            let state = self.lock();
            let tape = state.market.tape();
            let trades: Vec<Trade> = (tape.start()..tape.len()).filter_map(|i| tape.trade(i)).collect();
            let mut table = CoreTable::default();
            table.push("agg_id", Column::OptI64(trades.iter().map(|t| t.agg_id).collect()));
            table.push("time_ms", Column::I64(trades.iter().map(|t| t.time_ms).collect()));
            table.push("price", Column::F64(trades.iter().map(|t| self.grid.price(t.price)).collect()));
            table.push("qty", Column::F64(trades.iter().map(|t| self.grid.qty(t.qty)).collect()));
            table.push("is_buyer_maker", Column::Bool(trades.iter().map(|t| t.is_buyer_maker).collect()));
            Table::new(table)
        })
    }

    /// What was wrong with the stream, counted, and the id gaps.
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let state = self.lock();
        let tape = state.market.tape();
        let dict = stream_dict(py, &tape.report())?;
        dict.set_item("first_ms", tape.first_time_ms())?;
        dict.set_item("last_ms", tape.last_time_ms())?;
        dict.set_item("gap_list", tape.gaps())?;
        Ok(dict)
    }

    #[getter]
    fn symbol(&self) -> &str {
        &self.symbol
    }

    /// Price and quantity decimals.
    #[getter]
    fn grid(&self) -> (u32, u32) {
        (self.grid.price_decimals, self.grid.qty_decimals)
    }

    /// Bytes that the trades take.
    #[getter]
    fn nbytes(&self) -> usize {
        self.lock().market.tape().bytes()
    }

    fn __len__(&self) -> usize {
        self.lock().market.tape().len() as usize
    }
}

/// Adds this module's class.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Tape>()
}
