//! What a finished replay leaves: statistics as dictionaries, trades and equity as tables.

use arbcore_core::CoreError;
use arbcore_core::grid::Grid;
use arbcore_core::position::{RunResult, TradeRecord};
use arbcore_core::replay::{PriceSeries, ReplayResult};
use arbcore_core::stats::{Activity, Breakdown, Statistics, TradeGroup, breakdown};
use arbcore_core::table::{Column, Table as CoreTable, TextBuilder};
use arbcore_core::tape::StreamReport;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::OrRaise;
use crate::table::Table;

/// Report, gaps, first and last time, grid of the tape.
pub type Stream = (StreamReport, Vec<(i64, i64)>, Option<i64>, Option<i64>, Grid);

/// A finished replay.
#[pyclass(frozen, module = "arbcore._arbcore")]
pub struct Outcome {
    runs: Vec<RunResult>,
    evaluations: CoreTable,
    evaluation_count: u64,
    rejections: Vec<(String, u64)>,
    price: PriceSeries,
    hash: String,
    span_ms: Option<(i64, i64)>,
    stream: Stream,
}

impl Outcome {
    pub fn new(result: ReplayResult, stream: Stream) -> Self {
        Self {
            runs: result.runs,
            evaluations: result.evaluations.finish(),
            evaluation_count: result.tally.evaluations,
            rejections: result.tally.reasons().into_iter().collect(),
            price: result.price,
            hash: result.hash.hex(),
            span_ms: result.span_ms,
            stream,
        }
    }

    fn run(&self, index: usize) -> PyResult<&RunResult> {
        self.runs
            .get(index)
            .ok_or_else(|| CoreError::input(format!("run {index}: there are {}", self.runs.len())))
            .or_raise()
    }
}

#[pymethods]
impl Outcome {
    /// Statistics of one run by name, None where undefined.
    fn statistics<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyDict>> {
        statistics_dict(py, self.run(index)?, self.span_ms)
    }

    /// Signals of one run.
    fn signals(&self, index: usize) -> PyResult<u64> {
        Ok(self.run(index)?.signals)
    }

    /// True when a position was open at the end.
    fn open_positions(&self, index: usize) -> PyResult<usize> {
        Ok(usize::from(self.run(index)?.open.is_some()))
    }

    /// Closed trades by every property: name of the split to rows.
    fn breakdowns<'py>(
        &self,
        py: Python<'py>,
        index: usize,
        symbol: &str,
        config_hash: &str,
    ) -> PyResult<Bound<'py, PyDict>> {
        let group = TradeGroup { symbol, config_hash, trades: &self.run(index)?.trades };
        let splits = PyDict::new(py);
        for by in Breakdown::ALL {
            let mut rows = Vec::new();
            for row in breakdown(by, &[group]) {
                let dict = PyDict::new(py);
                dict.set_item("key", row.key)?;
                dict.set_item("trades", row.total_trades)?;
                dict.set_item("win_rate", row.win_rate)?;
                dict.set_item("net_r", row.net_r)?;
                dict.set_item("expectancy", row.expectancy)?;
                dict.set_item("profit_factor", row.profit_factor)?;
                dict.set_item("mean_ms", row.holding_ms_mean)?;
                dict.set_item("median_ms", row.holding_ms_median)?;
                rows.push(dict);
            }
            splits.set_item(by.name(), rows)?;
        }
        Ok(splits)
    }

    /// Trades of one run, closed and open, in the columns of trades.parquet.
    fn trades(&self, index: usize, strategy: &str, symbol: &str, config_hash: &str) -> PyResult<Table> {
        let run = self.run(index)?;
        let trades: Vec<TradeRecord> = run.trades.iter().chain(&run.open).copied().collect();
        Ok(Table::new(trade_table(&trades, strategy, symbol, config_hash)))
    }

    /// Marks of one run.
    fn equity(&self, index: usize) -> PyResult<Table> {
        let equity = &self.run(index)?.equity;
        let mut table = CoreTable::default();
        table.push("time_ms", Column::I64(equity.time_ms().to_vec()));
        table.push("equity_usdt", Column::F64(equity.equity_usdt().to_vec()));
        table.push("equity_r", Column::F64(equity.equity_r().to_vec()));
        table.push("drawdown", Column::F64(equity.drawdown().to_vec()));
        Ok(Table::new(table))
    }

    /// Evaluations that were recorded.
    fn evaluations(&self) -> Table {
        Table::new(self.evaluations.clone())
    }

    /// Price about every minute.
    fn price(&self) -> Table {
        let grid = self.stream.4;
        let mut table = CoreTable::default();
        table.push("time_ms", Column::I64(self.price.time_ms.clone()));
        table.push("price", Column::F64(self.price.price.iter().map(|&ticks| grid.price(ticks)).collect()));
        Table::new(table)
    }

    /// Evaluations in the tested span.
    #[getter]
    fn evaluation_count(&self) -> u64 {
        self.evaluation_count
    }

    /// Evaluations without an entry, by reason.
    #[getter]
    fn rejections(&self) -> std::collections::BTreeMap<String, u64> {
        self.rejections.iter().cloned().collect()
    }

    /// Hash of all decisions and trades.
    #[getter]
    fn decision_hash(&self) -> &str {
        &self.hash
    }

    /// What was wrong with the stream, counted; first and last time; gaps.
    fn stream<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (report, gaps, first_ms, last_ms, _) = &self.stream;
        let dict = stream_dict(py, report)?;
        dict.set_item("first_ms", first_ms)?;
        dict.set_item("last_ms", last_ms)?;
        dict.set_item("gap_list", gaps)?;
        Ok(dict)
    }
}

/// The counts of a stream report by name.
pub fn stream_dict<'py>(py: Python<'py>, report: &StreamReport) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, count) in [
        ("trades", report.taken),
        ("gaps", report.gaps),
        ("missing_ids", report.missing),
        ("duplicates", report.duplicates),
        ("out_of_order", report.out_of_order),
        ("late", report.late),
        ("raised_times", report.times_raised),
    ] {
        dict.set_item(name, count)?;
    }
    Ok(dict)
}

/// Statistics by name.
pub fn statistics_dict<'py>(
    py: Python<'py>,
    run: &RunResult,
    span_ms: Option<(i64, i64)>,
) -> PyResult<Bound<'py, PyDict>> {
    let activity = span_ms.map(|(start_ms, end_ms)| Activity { start_ms, end_ms });
    let dict = PyDict::new(py);
    for (name, value) in Statistics::of(run, activity).fields() {
        dict.set_item(name, value)?;
    }
    Ok(dict)
}

/// The columns of trades.parquet.
pub fn trade_table(trades: &[TradeRecord], strategy: &str, symbol: &str, config_hash: &str) -> CoreTable {
    let mut table = CoreTable::default();
    let constant = |text: &str| {
        let mut column = TextBuilder::default();
        for _ in trades {
            column.push(Some(text));
        }
        column.finish()
    };
    let text = |name: fn(&TradeRecord) -> &'static str| {
        let mut column = TextBuilder::default();
        for trade in trades {
            column.push(Some(name(trade)));
        }
        column.finish()
    };
    let int = |value: fn(&TradeRecord) -> i64| Column::I64(trades.iter().map(value).collect());
    let opt_int = |value: fn(&TradeRecord) -> Option<i64>| Column::OptI64(trades.iter().map(value).collect());
    let float = |value: fn(&TradeRecord) -> f64| Column::F64(trades.iter().map(value).collect());
    let opt_float = |value: fn(&TradeRecord) -> Option<f64>| Column::OptF64(trades.iter().map(value).collect());
    table.push("trade_id", int(|t| t.trade_id as i64));
    table.push("strategy", constant(strategy));
    table.push("symbol", constant(symbol));
    table.push("direction", text(|t| t.side.name()));
    table.push("score", float(|t| f64::from(t.score) / 10.0));
    table.push("tier", text(|t| t.tier.name()));
    table.push("signal_ms", int(|t| t.signal_ms));
    table.push("entry_ms", int(|t| t.entry_ms));
    table.push("entry_price", float(|t| t.entry_price));
    table.push("qty", float(|t| t.qty));
    table.push("risk_distance", float(|t| t.risk_distance));
    table.push("sl_price", float(|t| t.sl_price));
    table.push("tp1_price", float(|t| t.tp1_price));
    table.push("tp2_price", float(|t| t.tp2_price));
    table.push("tp1_ms", opt_int(|t| t.tp1_ms));
    table.push("exit_ms", opt_int(|t| t.exit_ms));
    table.push("exit_price", opt_float(|t| t.exit_price));
    table.push("status", text(|t| t.status.name()));
    table.push("gross_r", opt_float(|t| t.gross_r));
    table.push("fee_r", opt_float(|t| t.fee_r));
    table.push("funding_r", opt_float(|t| t.funding_r));
    table.push("pnl_r", opt_float(|t| t.pnl_r));
    table.push("pnl_usdt", opt_float(|t| t.pnl_usdt));
    table.push("config_hash", constant(config_hash));
    table
}

/// Adds this module's classes.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Outcome>()
}
