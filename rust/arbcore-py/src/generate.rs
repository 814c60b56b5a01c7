//! Generated trades and indicator samples for Python.

use std::sync::{Mutex, MutexGuard, PoisonError};

use arbcore_core::generate::{Generator as CoreGenerator, GeneratorConfig, Strength};
use arbcore_core::grid::Grid;
use arbcore_core::sample::{SAMPLE_NAMES, Sample};
use arbcore_core::table::{Column, Table as CoreTable};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::{ConfigError, OrRaise, guard};
use crate::reader::TradeBatch;
use crate::table::Table;

struct State {
    generator: CoreGenerator,
    samples: Vec<Sample>,
}

/// A seeded stream of realistic trades, and of the indicator samples that belong to them.
#[pyclass(frozen, module = "arbcore._arbcore")]
pub struct Generator {
    state: Mutex<State>,
    config: GeneratorConfig,
}

impl Generator {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sets the parameters given by name.
fn configure(config: &mut GeneratorConfig, values: &Bound<'_, PyDict>) -> PyResult<()> {
    let Strength { flow, crowding, open_interest, premium, book } = &mut config.strength;
    for (name, value) in values.iter() {
        let name: String = name.extract()?;
        match name.as_str() {
            "seed" => config.seed = value.extract()?,
            "start_ms" => config.start_ms = value.extract()?,
            "duration_ms" => config.duration_ms = value.extract()?,
            "trades_per_day" => config.trades_per_day = value.extract()?,
            "daily_volatility" => config.daily_volatility = value.extract()?,
            "size_scale" => config.size_scale = value.extract()?,
            "episodes_per_day" => config.episodes_per_day = value.extract()?,
            "shocks_per_day" => config.shocks_per_day = value.extract()?,
            "first_agg_id" => config.first_agg_id = value.extract()?,
            "trades_per_id_gap" => config.trades_per_id_gap = value.extract()?,
            "indicators" => config.indicators = value.extract()?,
            "book" => config.book = value.extract()?,
            "flow" => *flow = value.extract()?,
            "crowding" => *crowding = value.extract()?,
            "open_interest" => *open_interest = value.extract()?,
            "premium" => *premium = value.extract()?,
            "book_lean" => *book = value.extract()?,
            other => return Err(ConfigError::new_err(format!("{other}: no such parameter of the generator"))),
        }
    }
    Ok(())
}

#[pymethods]
impl Generator {
    /// A symbol with built-in parameters, or any with `grid` and `start_price` (ticks); others by name.
    #[new]
    #[pyo3(signature = (symbol, grid = None, start_price = None, **parameters))]
    fn new(
        symbol: &str,
        grid: Option<(u32, u32)>,
        start_price: Option<i64>,
        parameters: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let mut config = match (grid, start_price) {
            (Some(grid), Some(price)) => {
                let grid = Grid::new(grid.0, grid.1).or_raise()?;
                GeneratorConfig::custom(symbol, grid, price).or_raise()?
            }
            (None, None) => GeneratorConfig::for_symbol(symbol).or_raise()?,
            _ => return Err(ConfigError::new_err("grid and start_price: give both, or neither")),
        };
        if let Some(parameters) = parameters {
            configure(&mut config, parameters)?;
        }
        let generator = CoreGenerator::new(&config).or_raise()?;
        Ok(Self { state: Mutex::new(State { generator, samples: Vec::new() }), config })
    }

    /// Price and quantity decimals.
    #[getter]
    fn grid(&self) -> (u32, u32) {
        (self.config.grid.price_decimals, self.config.grid.qty_decimals)
    }

    /// Begin and end of the stream, UTC milliseconds.
    #[getter]
    fn span_ms(&self) -> (i64, i64) {
        (self.config.start_ms, self.config.start_ms + self.config.duration_ms)
    }

    /// The next at most `n` trades; None at the end. Their samples are kept for `take_samples`.
    fn next_batch(&self, py: Python<'_>, n: usize) -> PyResult<Option<TradeBatch>> {
        let next = || {
            let state = &mut *self.lock();
            let batch = state.generator.next_batch(n.max(1));
            state.samples.extend(state.generator.take_indicators());
            Ok((!batch.is_empty()).then_some(batch))
        };
        let batch = py.detach(|| guard(next)).or_raise()?;
        Ok(batch.map(|batch| TradeBatch::new(batch, self.config.grid)))
    }

    /// The samples of the trades so far that were not taken yet: time_ms, available_ms, symbol, name, value.
    fn take_samples(&self) -> Table {
        let samples = std::mem::take(&mut self.lock().samples);
        let mut table = CoreTable::default();
        table.push("time_ms", Column::I64(samples.iter().map(|sample| sample.time_ms).collect()));
        table.push("available_ms", Column::I64(samples.iter().map(|sample| sample.available_ms).collect()));
        let symbols = vec![0; samples.len()];
        table.push("symbol", Column::Text { codes: symbols, dictionary: vec![self.config.symbol.clone()] });
        let names = samples.iter().map(|sample| sample.kind as u32).collect();
        let dictionary = SAMPLE_NAMES.map(str::to_owned).to_vec();
        table.push("name", Column::Text { codes: names, dictionary });
        table.push("value", Column::F64(samples.iter().map(|sample| sample.value).collect()));
        Table::new(table)
    }
}

/// Adds this module's classes.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Generator>()
}
