//! Trades per second of all features, for profiling: `cargo run --release --example features_speed`.
use std::time::Instant;

use arbcore_core::batch::TradeBatch;
use arbcore_core::feature::{FeatureConfig, FeatureEngine, FeatureRow, Step};
use arbcore_core::grid::Grid;
use arbcore_core::tape::{IdPolicy, Tape};
use arbcore_core::types::Trade;

fn main() {
    let grid = Grid { price_decimals: 1, qty_decimals: 3 };
    let kind = std::env::args().nth(1).unwrap_or_default();
    let n: usize = 10_000_000;
    let mut state = 1_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 11
    };
    let mut batch = TradeBatch::default();
    let (mut t, mut p) = (1_735_689_600_000_i64, 842_101_i64);
    for i in 0..n {
        // Bursty: mean 22.5 ms a trade.
        if random() % 4 == 0 {
            t += (random() % 180) as i64;
        }
        p += (random() % 3) as i64 - 1;
        let u = (random() % 1_000_000 + 1) as f64 / 1e6;
        let qty = match kind.as_str() {
            "constant" => 1_000,
            "uniform" => 1 + (random() % 1_000_000_000) as i64,
            _ => 1 + (5.0 / u.powf(0.9)) as i64,
        };
        batch.time_ms.push(if kind == "burst" { 1_735_689_600_000 + (i / 1_000_000) as i64 * 15_000 } else { t });
        batch.price.push(p.max(1));
        batch.qty.push(qty);
        batch.is_buyer_maker.push(random() % 2 == 0);
    }
    let started = Instant::now();
    let mut tape = Tape::new(grid, IdPolicy::Drop);
    tape.push_many(&batch).unwrap();
    println!(
        "append: {:.1} ns/trade, {:.1} B/trade",
        started.elapsed().as_nanos() as f64 / n as f64,
        tape.bytes() as f64 / n as f64
    );
    for _ in 0..5 {
        let started = Instant::now();
        let mut engine = FeatureEngine::new(FeatureConfig::standard("BTCUSDT", grid), grid).unwrap();
        let mut row = FeatureRow::empty(0, grid);
        let (mut rows, mut sum) = (0, 0_i64);
        loop {
            match engine.step(&tape, tape.last_time_ms().unwrap()) {
                Step::Trades { .. } => {}
                Step::Evaluation(t) => {
                    engine.evaluate(&tape, t, &mut row).unwrap();
                    rows += 1;
                    sum = sum.wrapping_add(row.cvd[3] ^ row.p99_qty);
                }
                Step::Pending => break,
            }
        }
        let s = started.elapsed().as_secs_f64();
        println!("{rows} rows, {:.1} M trades/s ({:.3} s) {sum}", n as f64 / s / 1e6, s);
    }
    let started = Instant::now();
    let mut tape = Tape::new(grid, IdPolicy::Drop);
    let mut engine = FeatureEngine::new(FeatureConfig::standard("BTCUSDT", grid), grid).unwrap();
    let mut row = FeatureRow::empty(0, grid);
    for i in 0..n {
        let trade = Trade {
            agg_id: Some(i as i64),
            time_ms: batch.time_ms[i],
            price: batch.price[i],
            qty: batch.qty[i],
            is_buyer_maker: batch.is_buyer_maker[i],
            count: 1,
        };
        tape.push(&trade).unwrap();
        if engine.take_last(&tape, &trade) {
            continue;
        }
        loop {
            match engine.step(&tape, i64::MIN) {
                Step::Trades { .. } => {}
                Step::Evaluation(t) => engine.evaluate(&tape, t, &mut row).unwrap(),
                Step::Pending => break,
            }
        }
    }
    println!("single push: {:.1} ns", started.elapsed().as_nanos() as f64 / n as f64);
}
