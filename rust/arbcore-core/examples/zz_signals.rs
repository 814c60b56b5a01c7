use arbcore_core::feature::FeatureConfig;
use arbcore_core::generate::{Generator, GeneratorConfig};
use arbcore_core::position::{Filters, Simulation};
use arbcore_core::replay::{Market, Recording, Replay, ReplayConfig};
use arbcore_core::strategy::preset;
use arbcore_core::tape::IdPolicy;
use arbcore_core::types::DAY_MS;

fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let days: i64 = a[1].parse().unwrap();
    let rate: f64 = a[2].parse().unwrap();
    for seed in 1..=a[3].parse::<u64>().unwrap() {
        let mut config = GeneratorConfig::for_symbol(&a[0]).unwrap();
        config.duration_ms = days * DAY_MS;
        config.trades_per_day = rate;
        config.seed = seed;
        if a.get(4).is_some_and(|s| s == "nobook") {
            config.book = false;
        }
        let names = ["v53", "v53_middle", "v53_fast", "v52_8signals", "v51_baseline", "v50", "btc_15m_1h_tp1.0"];
        let names: Vec<&str> = names.into_iter().filter(|n| preset(n, &a[0]).is_ok()).collect();
        let strategies = names.iter().map(|n| preset(n, &a[0]).unwrap()).collect();
        let mut features = FeatureConfig::standard(&config.symbol, config.grid);
        if days == 1 {
            features.warmup_ms = DAY_MS / 24;
        }
        let market = Market::new(features, config.grid, IdPolicy::Drop).unwrap();
        let mut replay = Replay::new(
            market,
            ReplayConfig {
                strategies,
                simulation: Simulation::default(),
                filters: Filters::new(0.001, 5.0).unwrap(),
                from_ms: 0,
                to_ms: i64::MAX,
                recording: Recording::All,
                settlements: vec![],
            },
        )
        .unwrap();
        let mut g = Generator::new(&config).unwrap();
        let mut up = (i64::MAX, 0);
        loop {
            let b = g.next_batch(65_536);
            if b.is_empty() {
                break;
            }
            replay.market_mut().push_samples(g.take_indicators());
            up = (up.0.min(*b.price.iter().min().unwrap()), up.1.max(*b.price.iter().max().unwrap()));
            replay.push_many(&b).unwrap();
        }
        let result = replay.finish().unwrap();
        println!("seed {seed} price {up:?} {:?}", result.tally.reasons());
        let eff = (days - 1).max(1) as f64;
        for (n, run) in names.iter().zip(&result.runs) {
            let r: f64 = run.trades.iter().map(|t| t.gross_r.unwrap() - t.fee_r.unwrap()).sum();
            let w = run.trades.iter().filter(|t| t.gross_r.unwrap() - t.fee_r.unwrap() > 0.0).count();
            let g: f64 = run.trades.iter().map(|t| t.gross_r.unwrap()).sum();
            println!(
                "  {n}: {:.1} signals/day, {} trades, {w} wins, net {r:.1} R gross {g:.1} R",
                run.signals as f64 / eff,
                run.trades.len()
            );
        }
    }
}
