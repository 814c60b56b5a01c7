//! One back-test over generated trades with indicators, for profiling.
use std::time::Instant;

use arbcore_core::feature::FeatureConfig;
use arbcore_core::generate::{Generator, GeneratorConfig};
use arbcore_core::position::{Filters, Simulation};
use arbcore_core::replay::{Market, Recording, Replay, ReplayConfig};
use arbcore_core::sample::Settlements;
use arbcore_core::stats::Statistics;
use arbcore_core::strategy::preset;
use arbcore_core::tape::IdPolicy;

fn main() {
    let n: usize = std::env::args().nth(1).map_or(10_000_000, |a| a.parse().unwrap());
    let mut config = GeneratorConfig::for_symbol("BTCUSDT").unwrap();
    config.duration_ms = (n as f64 / config.trades_per_day * 86_400_000.0) as i64;
    let grid = config.grid;
    let started = Instant::now();
    let mut generator = Generator::new(&config).unwrap();
    let mut batches = Vec::new();
    let mut samples = Vec::new();
    loop {
        let batch = generator.next_batch(65_536);
        samples.extend(generator.take_indicators());
        if batch.is_empty() {
            break;
        }
        batches.push(batch);
    }
    println!("generated in {:.2?}, {} samples", started.elapsed(), samples.len());
    for name in ["v53", "v53_fast", "v51_baseline", "v52_8signals", "v50", "btc_15m_1h_tp0.75"] {
        for with in [false, true] {
            let started = Instant::now();
            let mut market = Market::new(FeatureConfig::standard("BTCUSDT", grid), grid, IdPolicy::Drop).unwrap();
            let mut strategy = preset(name, "BTCUSDT").unwrap();
            if with {
                market.push_samples(samples.iter().copied());
            } else {
                strategy.gate_obi_enabled = false;
                strategy.entry_score = 600;
            }
            let settlements = Settlements::from_samples(&samples, 8, config.start_ms + config.duration_ms).list;
            let mut replay = Replay::new(
                market,
                ReplayConfig {
                    strategies: vec![strategy],
                    simulation: Simulation::default(),
                    filters: Filters::new(0.001, 50.0).unwrap(),
                    from_ms: i64::MIN,
                    to_ms: i64::MAX,
                    recording: Recording::Signals,
                    settlements: settlements.into_iter().take(100).collect::<Vec<_>>(),
                },
            )
            .unwrap();
            for batch in &batches {
                replay.push_many(batch).unwrap();
            }
            let bytes = replay.market().tape().bytes();
            let result = replay.finish().unwrap();
            let statistics = Statistics::of(&result.runs[0], None);
            println!(
                "{name} indicators={with} {:.3} s: {} signals {} trades win {:?} net {:.2} R, tape {} MB, hash {} {:?}",
                started.elapsed().as_secs_f64(),
                result.runs[0].signals,
                statistics.total_trades,
                statistics.win_rate,
                statistics.net_r,
                bytes >> 20,
                result.hash.hex(),
                result.tally.reasons()
            );
        }
    }
}
