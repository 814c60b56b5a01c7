//! The replay and what it leaves, for Python.

use std::sync::Mutex;

use arbcore_core::feature::FeatureConfig;
use arbcore_core::grid::Grid;
use arbcore_core::position::{FillModel, Filters, Simulation};
use arbcore_core::replay::{Market, Recording, Replay as CoreReplay, ReplayConfig, ReplayResult};
use arbcore_core::strategy::StrategyConfig;
use arbcore_core::tape::IdPolicy;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::config::strategy_from_py;
use crate::errors::{InternalError, OrRaise, guard};
use crate::outcome::Outcome;
use crate::reader::{TradeBatch, TradeReader};
use crate::samples::Samples;

/// Options of a run that are not the strategy's: one dictionary, made by the façade, whose keys all must be there.
pub struct Options {
    pub features: FeatureConfig,
    pub simulation: Simulation,
    pub filters: Filters,
    pub from_ms: i64,
    pub to_ms: i64,
    pub policy: IdPolicy,
    pub funding_interval_hours: u32,
}

fn item<'py, T>(options: &Bound<'py, PyDict>, key: &str) -> PyResult<T>
where
    T: FromPyObjectOwned<'py>,
{
    let value = options
        .get_item(key)?
        .ok_or_else(|| InternalError::new_err(format!("run options lack {key}: please report it")))?;
    value.extract().map_err(Into::into)
}

impl Options {
    /// Reads the dictionary for `symbol` on `grid`.
    pub fn read(options: &Bound<'_, PyDict>, symbol: &str, grid: Grid) -> PyResult<Self> {
        let standard = FeatureConfig::standard(symbol, grid);
        let floors: Option<(i64, i64)> = item(options, "percentile_floors")?;
        let features = FeatureConfig {
            eval_interval_ms: item(options, "every_ms")?,
            extra_windows_ms: item(options, "extra_windows_ms")?,
            warmup_ms: item(options, "warmup_ms")?,
            percentile_floors: floors.unwrap_or(standard.percentile_floors),
            price_accel: false,
            ..standard
        };
        let fill: String = item(options, "fill")?;
        let simulation = Simulation {
            fill: FillModel::parse(&fill).or_raise()?,
            latency_ms: item(options, "latency_ms")?,
            slippage_bps: item(options, "slippage_bps")?,
            fee_rate: item(options, "fee_rate")?,
            tp_maker: item(options, "tp_maker")?,
            tp_maker_fee_rate: item(options, "tp_maker_fee_rate")?,
            max_positions: item(options, "max_positions")?,
        };
        simulation.validate().or_raise()?;
        let policy: String = item(options, "ids")?;
        Ok(Self {
            features,
            simulation,
            filters: Filters::new(item(options, "lot_step")?, item(options, "min_notional")?).or_raise()?,
            from_ms: item(options, "from_ms")?,
            to_ms: item(options, "to_ms")?,
            policy: IdPolicy::parse(&policy).or_raise()?,
            funding_interval_hours: item(options, "funding_interval_hours")?,
        })
    }
}

/// One symbol's replay in progress.
#[pyclass(frozen, module = "arbcore._arbcore")]
pub struct Replay {
    inner: Mutex<Option<CoreReplay>>,
}

impl Replay {
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut CoreReplay) -> arbcore_core::Result<T> + Send,
    ) -> PyResult<T> {
        py.detach(|| {
            let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let Some(replay) = inner.as_mut() else {
                return Err(arbcore_core::CoreError::input("the replay is finished: start a new one"));
            };
            guard(|| work(replay))
        })
        .or_raise()
    }
}

#[pymethods]
impl Replay {
    #[new]
    #[pyo3(signature = (symbol, grid, strategies, options, *, recording, spot_grid=None, samples=None))]
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
    fn new(
        symbol: &str,
        grid: (u32, u32),
        strategies: Vec<Bound<'_, PyDict>>,
        options: &Bound<'_, PyDict>,
        recording: &str,
        spot_grid: Option<(u32, u32)>,
        samples: Option<&Samples>,
    ) -> PyResult<Self> {
        let grid = Grid::new(grid.0, grid.1).or_raise()?;
        let mut options = Options::read(options, symbol, grid)?;
        let strategies: Vec<StrategyConfig> = strategies.iter().map(strategy_from_py).collect::<PyResult<_>>()?;
        options.features.price_accel = strategies.iter().any(|strategy| strategy.rule_cascade);
        let mut market = Market::new(options.features, grid, options.policy).or_raise()?;
        if let Some((price, qty)) = spot_grid {
            market = market.with_spot(Grid::new(price, qty).or_raise()?, options.policy).or_raise()?;
        }
        let settlements = samples.map_or_else(Vec::new, |s| s.settlements(options.funding_interval_hours));
        if let Some(samples) = samples {
            market.push_samples(samples.samples.iter().copied());
        }
        let config = ReplayConfig {
            strategies,
            simulation: options.simulation,
            filters: options.filters,
            from_ms: options.from_ms,
            to_ms: options.to_ms,
            recording: match recording {
                "all" => Recording::All,
                "nothing" => Recording::Nothing,
                _ => Recording::Signals,
            },
            settlements,
        };
        Ok(Self { inner: Mutex::new(Some(CoreReplay::new(market, config).or_raise()?)) })
    }

    /// Takes the next trades of the perpetual.
    fn push(&self, py: Python<'_>, batch: &TradeBatch) -> PyResult<()> {
        self.with(py, |replay| replay.push_many(batch.trades()))
    }

    /// Takes the next spot trades; they must reach as far as the perpetual's next batch.
    fn push_spot(&self, py: Python<'_>, batch: &TradeBatch) -> PyResult<()> {
        self.with(py, |replay| replay.market_mut().push_spot(batch.trades()))
    }

    /// Takes the next batch of `reader`; returns (trades in it, its last time), or None at the end.
    fn advance(&self, py: Python<'_>, reader: &TradeReader) -> PyResult<Option<(usize, i64)>> {
        self.with(py, |replay| {
            let Some(batch) = reader.take_batch()? else { return Ok(None) };
            replay.push_many(&batch)?;
            Ok(Some((batch.len(), batch.time_ms.last().copied().unwrap_or(0))))
        })
    }

    /// Ends the replay after the last trade pushed.
    fn finish(&self, py: Python<'_>) -> PyResult<Outcome> {
        py.detach(|| {
            let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let Some(replay) = inner.take() else {
                return Err(arbcore_core::CoreError::input("the replay is finished: start a new one"));
            };
            guard(|| {
                let tape = replay.market().tape();
                let stream = (tape.report(), tape.gaps(), tape.first_time_ms(), tape.last_time_ms(), tape.grid());
                let result: ReplayResult = replay.finish()?;
                Ok(Outcome::new(result, stream))
            })
        })
        .or_raise()
    }
}

/// Adds this module's classes.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Replay>()
}
