//! How long a sweep takes: 1,000 configurations over 10 million synthetic trades, features given.
//!
//! `cargo run --release -p arbcore-core --example sweep_speed [trades] [threads]`

use std::time::Instant;

use arbcore_core::feature::{FeatureRow, Window};
use arbcore_core::grid::Grid;
use arbcore_core::position::{FillModel, Filters, Simulation};
use arbcore_core::strategy::StrategyConfig;
use arbcore_core::sweep::{PricePyramid, SweepInput, SweepOptions, TradeColumns, TradeIndex, sweep};
use arbcore_core::types::DAY_MS;

const GRID: Grid = Grid { price_decimals: 1, qty_decimals: 3 };
const STEP_MS: i64 = 15_000;
const START_MS: i64 = 20_000 * DAY_MS;

/// A small generator of its own: reproducible everywhere, no dependency.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn below(&mut self, n: u64) -> i64 {
        (self.bits() % n) as i64
    }
}

/// About 4 million trades a day, in bursts, with heavy-tailed steps around 60,000.
fn tape(count: usize) -> TradeColumns {
    let mut random = Random(7);
    let mut trades = TradeColumns::default();
    let (mut time_ms, mut price) = (START_MS, 600_000_i64);
    for _ in 0..count {
        let kind = random.below(100);
        time_ms += if kind < 70 { 0 } else { random.below(140) };
        let step = match random.below(10_000) {
            0 => random.below(801) - 400,
            1..=99 => random.below(81) - 40,
            _ => random.below(5) - 2,
        };
        price = (price + step).clamp(300_000, 1_200_000);
        trades.time_ms.push(time_ms);
        trades.price.push(price);
    }
    trades
}

fn rows(trades: &TradeColumns) -> Vec<FeatureRow> {
    let mut random = Random(11);
    let last = *trades.time_ms.last().expect("a tape has trades");
    let (mut trend, mut atr) = (0_i64, 150.0_f64);
    (START_MS..=last)
        .step_by(STEP_MS as usize)
        .map(|t_ms| {
            let mut row = FeatureRow::empty(t_ms, GRID);
            row.price = trades.price[trades.first_after(t_ms).max(1) - 1];
            trend += random.below(2_001) - 1_000;
            trend -= trend / 50;
            atr = (atr + (random.below(21) - 10) as f64).clamp(60.0, 500.0);
            for window in Window::ALL {
                row.cvd[window as usize] = trend * (1 + window as i64) + random.below(4_001) - 2_000;
                row.cvd_accel[window as usize] = random.below(2_001) - 1_000;
            }
            row.large_buy_count = u32::from(trend + random.below(8_001) - 4_000 > 3_000);
            row.large_sell_count = u32::from(trend + random.below(8_001) - 4_000 < -3_000);
            row.atr_5m = Some(atr);
            row.indicators.long_short_ratio = Some(0.4 + random.below(200) as f64 / 100.0);
            row.indicators.oi_change = Some(random.below(80) as f64 / 1_000.0 - 0.03);
            row.indicators.coinbase_premium = Some(random.below(20) as f64 / 10_000.0 - 0.001);
            row
        })
        .collect()
}

fn base() -> StrategyConfig {
    StrategyConfig {
        gate_obi_enabled: false,
        gate_whale_enabled: false,
        cvd_fast_window: Window::M5,
        cvd_slow_window: Window::H1,
        vol_atr_pct_min: 0.001,
        sl_atr_multiplier: 1.0,
        ..StrategyConfig::for_symbol("BTCUSDT")
    }
}

/// 1,000 configurations that differ in entry score and exits only.
fn exits() -> Vec<StrategyConfig> {
    let one = |i: u32| StrategyConfig {
        entry_score: 650 + (i % 10) as i32 * 15,
        flip_threshold: 850,
        sl_atr_multiplier: 0.8 + f64::from(i / 10 % 5) * 0.4,
        tp1_ratio: 0.5 + f64::from(i / 50 % 5) * 0.2,
        tp2_ratio: 1.5 + f64::from(i / 250) * 0.5,
        ..base()
    };
    (0..1_000).map(one).collect()
}

/// 1,000 configurations with 200 ways to score.
fn mixed() -> Vec<StrategyConfig> {
    let one = |i: u32| StrategyConfig {
        weight_direction: 55 - i % 20,
        weight_env: 25 + i % 20,
        vol_atr_pct_min: 0.001 + f64::from(i / 20 % 10) * 0.0001,
        sl_atr_multiplier: 0.8 + f64::from(i / 200) * 0.4,
        entry_score: 700,
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
        entry_score: 700,
        ..base()
    };
    (0..1_000).map(one).collect()
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let count = arguments.next().unwrap_or(10_000_000);
    let threads = arguments.next().unwrap_or(2);
    let trades = tape(count);
    let rows = rows(&trades);
    let started = Instant::now();
    let pyramid = PricePyramid::build(&trades, threads);
    println!(
        "{count} trades, {} evaluations; pyramid alone {:.1} ms, {:.3} bytes a trade",
        rows.len(),
        started.elapsed().as_secs_f64() * 1e3,
        pyramid.bytes() as f64 / count as f64
    );
    for (name, configs) in [("exits", exits()), ("mixed", mixed()), ("scores", scores())] {
        for fill in [FillModel::Tape, FillModel::Level] {
            let simulation = Simulation { fill, ..Simulation::default() };
            let input = SweepInput {
                rows: &rows,
                trades: &trades,
                funding: &[],
                simulation,
                filters: Filters { lot_step: 0.001, min_notional: 5.0 },
                from_ms: None,
                to_ms: None,
            };
            let options = SweepOptions { threads, ..SweepOptions::default() };
            let mut best = f64::INFINITY;
            let (mut positions, mut signals) = (0, 0);
            for _ in 0..5 {
                let started = Instant::now();
                let results = sweep(&input, &configs, &options).expect("a valid sweep");
                best = best.min(started.elapsed().as_secs_f64());
                let statistics = || results.iter().flatten().map(|row| row.statistics);
                positions = statistics().map(|figures| figures.total_trades).sum();
                signals = statistics().map(|figures| figures.signals).sum();
            }
            let name_of_fill = fill.name();
            println!(
                "{name:>6} {name_of_fill:>5}: {:>6.1} ms for {} configurations, {positions} positions, {signals} signals",
                best * 1e3,
                configs.len()
            );
        }
    }
}
