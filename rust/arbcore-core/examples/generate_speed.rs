//! Throughput of the generator, and what its stream looks like.
//!
//! `cargo run --release -p arbcore-core --example generate_speed -- [symbol] [trades_per_day] [days] [seed]`

use std::time::Instant;

use arbcore_core::bars::{BarBuilder, BarOptions};
use arbcore_core::generate::{Generator, GeneratorConfig};
use arbcore_core::sample::SAMPLE_NAMES;
use arbcore_core::types::DAY_MS;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |i: usize| arguments.get(i).map(String::as_str);
    let mut config = GeneratorConfig::for_symbol(argument(0).unwrap_or("BTCUSDT")).expect("a known symbol");
    if let Some(trades) = argument(1) {
        config.trades_per_day = trades.parse().expect("a number");
    }
    config.duration_ms = argument(2).map_or(1, |days| days.parse::<i64>().expect("a number")) * DAY_MS;
    config.seed = argument(3).map_or(1, |seed| seed.parse().expect("a number"));

    let mut generator = Generator::new(&config).expect("valid parameters");
    let (mut trades, mut samples, mut seconds) = (0, 0, 0.0);
    let (mut same_ms, mut same_side, mut longest_ms) = (0, 0, 0);
    let (mut last_ms, mut last_side) = (config.start_ms, false);
    let mut bars = BarBuilder::new(config.grid, &BarOptions::default()).expect("valid");
    let mut counts = [0; SAMPLE_NAMES.len()];
    loop {
        let started = Instant::now();
        let batch = generator.next_batch(65_536);
        let indicators = generator.take_indicators();
        seconds += started.elapsed().as_secs_f64();
        if batch.is_empty() {
            break;
        }
        for (&time_ms, &is_sell) in batch.time_ms.iter().zip(&batch.is_buyer_maker) {
            same_ms += usize::from(time_ms == last_ms);
            same_side += usize::from(is_sell == last_side);
            longest_ms = longest_ms.max(time_ms - last_ms);
            (last_ms, last_side) = (time_ms, is_sell);
        }
        trades += batch.len();
        samples += indicators.len();
        for sample in &indicators {
            counts[sample.kind as usize] += 1;
        }
        bars.push_batch(&batch).expect("valid trades");
    }
    let share = |n: usize| 100.0 * n as f64 / trades as f64;
    println!("{trades} trades, {samples} samples, {:.1} M trades/s", trades as f64 / seconds / 1e6);
    println!("same ms {:.1} %, same side {:.1} %, longest silence {longest_ms} ms", share(same_ms), share(same_side));
    let range: f64 = bars.closed().iter().map(|bar| (bar.high - bar.low) as f64 / bar.close as f64).sum();
    let (first, last) = (bars.closed()[0].open, bars.closed()[bars.closed().len() - 1].close);
    println!("mean 5m range {:.3} %, from {first} to {last} ticks", 100.0 * range / bars.closed().len() as f64);
    let large: i64 = bars
        .closed()
        .iter()
        .map(|b| b.buy.tiers[1..].iter().chain(&b.sell.tiers[1..]).map(|t| t.trades).sum::<i64>())
        .sum();
    let all: i64 = bars.closed().iter().map(|b| b.buy.total.trades + b.sell.total.trades).sum();
    println!(
        "underlying trades above tier 1: {:.1} %, underlying per record {:.2}",
        100.0 * large as f64 / all as f64,
        all as f64 / trades as f64
    );
    println!("{:?}", SAMPLE_NAMES.iter().zip(counts).collect::<Vec<_>>());
}
