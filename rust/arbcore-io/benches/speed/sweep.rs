//! A thousand configurations over ten million trades, features included, on two threads.

use std::hint::black_box;

use arbcore_core::feature::{FeatureConfig, FeatureRow, Window};
use arbcore_core::position::{FillModel, Filters, Simulation};
use arbcore_core::replay::{Market, Recording, Replay, ReplayConfig};
use arbcore_core::strategy::StrategyConfig;
use arbcore_core::sweep::{SweepInput, SweepOptions, sweep};
use arbcore_core::tape::{IdPolicy, Tape};

use crate::measure::{best, report_ratio, report_s, report_value, rounds};
use crate::stream::{SYMBOL, Stream, each_row};

const THREADS: usize = 2;

fn base() -> StrategyConfig {
    StrategyConfig {
        gate_obi_enabled: false,
        gate_whale_enabled: false,
        cvd_fast_window: Window::M5,
        cvd_slow_window: Window::H1,
        vol_atr_pct_min: 0.001,
        sl_atr_multiplier: 1.0,
        ..StrategyConfig::for_symbol(SYMBOL)
    }
}

/// 1,000 configurations that differ in entry score and exits only.
fn exits() -> Vec<StrategyConfig> {
    let one = |i: u32| StrategyConfig {
        entry_score: 600 + (i % 10) as i32 * 15,
        flip_threshold: 800,
        sl_atr_multiplier: 0.8 + f64::from(i / 10 % 5) * 0.4,
        tp1_ratio: 0.5 + f64::from(i / 50 % 5) * 0.2,
        tp2_ratio: 1.5 + f64::from(i / 250) * 0.5,
        ..base()
    };
    (0..1_000).map(one).collect()
}

/// 1,000 configurations that all score differently.
fn scores() -> Vec<StrategyConfig> {
    let one = |i: u32| StrategyConfig {
        weight_direction: 55 - i % 25,
        weight_env: 25 + i % 25,
        vol_atr_pct_min: 0.001 + f64::from(i / 25) * 0.000_02,
        entry_score: 600,
        ..base()
    };
    (0..1_000).map(one).collect()
}

fn filters() -> Filters {
    Filters { lot_step: 0.001, min_notional: 5.0 }
}

fn rows_of(tape: &Tape) -> Vec<FeatureRow> {
    let mut rows = Vec::new();
    each_row(tape, false, |row| rows.push(row.clone()));
    rows
}

/// Runs `configs` over `tape`; returns the number of positions.
fn swept(tape: &Tape, rows: &[FeatureRow], configs: &[StrategyConfig], fill: FillModel) -> f64 {
    let input = SweepInput {
        rows,
        trades: tape,
        funding: &[],
        simulation: Simulation { fill, ..Simulation::default() },
        filters: filters(),
        from_ms: None,
        to_ms: None,
    };
    let options = SweepOptions { threads: THREADS, ..SweepOptions::default() };
    let results = sweep(&input, configs, &options).expect("a valid sweep");
    results.iter().flatten().map(|row| row.statistics.total_trades as f64).sum()
}

pub fn run(trades: usize) {
    let stream = Stream::generated(trades);
    let tape = stream.tape();
    let mut positions = 0.0;
    let (exits, scores) = (exits(), scores());
    let whole = rounds(7, || (), |()| positions = swept(&tape, &rows_of(&tape), &exits, FillModel::Tape));
    report_s("sweep", &whole);
    report_value("sweep_positions", "positions", positions);
    report_s("sweep_features", &rounds(7, || (), |()| rows_of(&tape)));
    let rows = rows_of(&tape);
    for (name, configs, fill) in [
        ("sweep_level_fills", &exits, FillModel::Level),
        ("sweep_all_scores_differ", &scores, FillModel::Tape),
        ("sweep_exits_alone", &exits, FillModel::Tape),
    ] {
        let seconds = rounds(5, || (), |()| swept(&tape, &rows, configs, fill));
        report_s(name, &seconds);
    }
    let single = rounds(3, || (), |()| replayed(&stream, &exits[0]));
    report_s("single_replay", &single);
    report_ratio("sweep_over_single_replays", best(&single) * exits.len() as f64, best(&whole));
}

/// One configuration through the replay, as a back-test runs it.
fn replayed(stream: &Stream, config: &StrategyConfig) {
    let market = Market::new(FeatureConfig::standard(SYMBOL, stream.grid), stream.grid, IdPolicy::Drop).expect("valid");
    let config = ReplayConfig {
        strategies: vec![config.clone()],
        simulation: Simulation::default(),
        filters: filters(),
        from_ms: i64::MIN,
        to_ms: i64::MAX,
        recording: Recording::Nothing,
        settlements: Vec::new(),
    };
    let mut replay = Replay::new(market, config).expect("valid");
    for batch in &stream.batches {
        replay.push_many(batch).expect("clean trades");
    }
    black_box(replay.finish().expect("sums in range"));
}
