//! Prints the hash of all decisions of fixed generated runs: debug and release builds, and Python, must agree.
//!
//! `cargo run -p arbcore-core --example decision_hash [--release]`; `tests/golden/test_determinism.py` compares.

use arbcore_core::feature::FeatureConfig;
use arbcore_core::generate::{Generator, GeneratorConfig};
use arbcore_core::position::{FillModel, Filters, Simulation};
use arbcore_core::replay::{Market, Recording, Replay, ReplayConfig};
use arbcore_core::sample::Settlements;
use arbcore_core::strategy::preset;
use arbcore_core::tape::IdPolicy;

/// 2025-01-01, and 30 hours.
const START_MS: i64 = 1_735_689_600_000;
const DURATION_MS: i64 = 30 * 3_600_000;
/// Settlements are known this far beyond the last sample, as in the bindings.
const SETTLEMENTS_BEYOND_MS: i64 = 366 * 86_400_000;

fn main() -> arbcore_core::Result<()> {
    let mut config = GeneratorConfig::for_symbol("BTCUSDT")?;
    config.seed = 11;
    config.start_ms = START_MS;
    config.duration_ms = DURATION_MS;
    config.trades_per_day = 60_000.0;
    let grid = config.grid;
    let mut generator = Generator::new(&config)?;
    let (mut batches, mut samples) = (Vec::new(), Vec::new());
    loop {
        let batch = generator.next_batch(4_096);
        samples.extend(generator.take_indicators());
        if batch.is_empty() {
            break;
        }
        batches.push(batch);
    }
    samples.sort_by_key(|sample| sample.available_ms);
    let known_until_ms = samples.last().map_or(START_MS, |sample| sample.available_ms) + SETTLEMENTS_BEYOND_MS;
    for name in ["v53", "v53_fast", "v51_baseline", "v52_8signals", "v50"] {
        for fill in ["tape", "level"] {
            let mut market = Market::new(
                FeatureConfig { warmup_ms: 3_600_000, ..FeatureConfig::standard("BTCUSDT", grid) },
                grid,
                IdPolicy::Drop,
            )?;
            market.push_samples(samples.iter().copied());
            let replay_config = ReplayConfig {
                strategies: vec![preset(name, "BTCUSDT")?],
                simulation: Simulation { fill: FillModel::parse(fill)?, ..Simulation::default() },
                filters: Filters::new(0.001, 50.0)?,
                from_ms: i64::MIN,
                to_ms: i64::MAX,
                recording: Recording::Nothing,
                settlements: Settlements::from_samples(&samples, 8, known_until_ms).list,
            };
            let mut replay = Replay::new(market, replay_config)?;
            for batch in &batches {
                replay.push_many(batch)?;
            }
            let result = replay.finish()?;
            println!("{name} {fill} {} {}", result.runs[0].trades.len(), result.hash.hex());
        }
    }
    Ok(())
}
