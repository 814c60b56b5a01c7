//! Times 1,000 strategies on one row: `cargo run --release -p arbcore-core --example strategy_book`.

use std::hint::black_box;
use std::time::Instant;

use arbcore_core::feature::{FeatureRow, MAX_WINDOWS};
use arbcore_core::grid::Grid;
use arbcore_core::strategy::{StrategyBook, StrategyConfig, preset, preset_names, score};

const STRATEGIES: usize = 1_000;
const ROWS: usize = 256;
const ROUNDS: usize = 100;

/// Numbers that look random and are the same in every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.below(1_000_000) as f64 / 1e6
    }
}

fn rows(noise: &mut Noise, indicators: bool) -> Vec<FeatureRow> {
    (0..ROWS)
        .map(|_| {
            let mut row = FeatureRow::empty(0, Grid { price_decimals: 2, qty_decimals: 3 });
            row.price = 300_000;
            for window in 0..MAX_WINDOWS {
                row.cvd[window] = noise.below(2_000_000) as i64 - 700_000;
                row.cvd_accel[window] = noise.below(2_000) as i64 - 1_000;
            }
            row.atr_5m = Some(noise.between(6.0, 20.0));
            (row.large_buy_count, row.large_sell_count) = (noise.below(3) as u32, noise.below(3) as u32);
            row.large_buy_max = noise.below(18_000) as i64;
            row.large_sell_max = noise.below(18_000) as i64;
            if indicators {
                row.indicators.long_short_ratio = Some(noise.between(0.4, 2.5));
                row.indicators.top_trader_long = Some(noise.between(0.3, 0.7));
                row.indicators.oi_change = Some(noise.between(-0.02, 0.05));
                row.indicators.coinbase_premium = Some(noise.between(-0.001, 0.001));
                row.indicators.obi_10 = Some(noise.between(-0.5, 0.5));
                row.indicators.spot_perp_divergence = Some(noise.between(-0.006, 0.006));
                row.spot_cvd = Some(row.cvd.map(|cvd| cvd + noise.below(400_000) as i64 - 200_000));
            }
            row
        })
        .collect()
}

/// The factory strategies of ETH, again and again with other weights, scores, stops — and other gate thresholds.
fn configs(noise: &mut Noise, all_gates: bool, distinct_gates: bool) -> Vec<StrategyConfig> {
    let names: Vec<String> = preset_names().into_iter().filter(|name| name.starts_with("eth")).collect();
    (0..STRATEGIES)
        .map(|place| {
            let mut config = preset(&names[place % names.len()], "ETHUSDT").expect("a factory preset");
            let aux = noise.below(20) as u32;
            (config.weight_direction, config.weight_env, config.weight_aux) = (57, 40 - aux, aux);
            config.weight_momentum = 3;
            config.entry_score = 600 + noise.below(200) as i32;
            config.sl_atr_multiplier = noise.between(1.0, 3.0);
            config.gate_obi_enabled = all_gates;
            config.gate_spot_perp_enabled = all_gates;
            config.gate_spot_cvd_enabled = all_gates;
            if distinct_gates {
                config.vol_atr_pct_min = noise.between(0.002, 0.004);
                config.whale_usd_threshold = noise.between(20_000.0, 60_000.0);
                config.obi_threshold = noise.between(0.2, 0.6);
                config.spot_perp_threshold = noise.between(0.003, 0.008);
            }
            config
        })
        .collect()
}

/// Nanoseconds of one row, in the round that was disturbed least.
fn best_ns(mut round: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        round();
        best = best.min(start.elapsed().as_nanos() as f64 / ROWS as f64);
    }
    best
}

fn main() {
    println!("{STRATEGIES} strategies on one row: mean over {ROWS} rows, best of {ROUNDS} rounds");
    for (name, indicators, distinct_gates) in [
        ("trade-only, shared gates", false, false),
        ("trade-only, gates all different", false, true),
        ("all indicators and gates, shared", true, false),
        ("all indicators and gates, all different", true, true),
    ] {
        let mut noise = Noise(42);
        let rows = rows(&mut noise, indicators);
        let configs = configs(&mut noise, indicators, distinct_gates);
        let book = StrategyBook::new(configs.clone()).expect("valid strategies");
        let mut out = Vec::new();
        let book_ns = best_ns(|| {
            for row in &rows {
                book.evaluate(black_box(row), &mut out);
                black_box(&out);
            }
        });
        let mut signals = 0;
        let single_ns = best_ns(|| {
            signals = 0;
            for row in &rows {
                signals += configs.iter().filter(|config| score(config, black_box(row)).reason.is_none()).count();
            }
        });
        let share = signals as f64 / (ROWS * STRATEGIES) as f64;
        println!("{name:42} {book_ns:8.0} ns   one by one {single_ns:8.0} ns   signals {:.1} %", share * 100.0);
    }
}
