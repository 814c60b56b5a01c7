//! Throughput of bars with tran_stats over the tape's narrow columns, on one core.
//!
//! `cargo run --release -p arbcore-core --example bars_speed`

use std::time::Instant;

use arbcore_core::bars::{BarBuilder, BarOptions, Interval, TradeColumns, aggregate};
use arbcore_core::grid::Grid;

const TRADES: usize = 10_000_000;
const CHUNK: usize = 65_536;

fn main() {
    // BTCUSDT-like: 15 % of the trades above the first tier, four million a day.
    let mut state = 1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut time = 0_i64;
    let (mut times, mut prices, mut quantities, mut counts) = (vec![], vec![], vec![], vec![]);
    for _ in 0..TRADES {
        let random = next();
        time += if random & 1 == 0 { 0 } else { (random >> 8 & 63) as i64 + 12 };
        times.push(time as u32);
        prices.push(800_000 + (random >> 20 & 1023) as u32);
        let size =
            if random >> 30 & 127 < 19 { 70 + (random >> 40 & 2047) as i32 } else { 1 + (random >> 40 & 31) as i32 };
        quantities.push(if random >> 60 & 1 == 0 { size } else { -size });
        counts.push(1 + (random >> 52 & 3) as u16);
    }
    let grid = Grid::new(1, 3).expect("valid");
    for with_counts in [false, true] {
        let mut best = f64::MAX;
        let mut bars = 0;
        for _ in 0..9 {
            let started = Instant::now();
            let mut builder = BarBuilder::new(grid, &BarOptions::default()).expect("valid");
            for start in (0..TRADES).step_by(CHUNK) {
                let range = start..(start + CHUNK).min(TRADES);
                builder
                    .push_columns(&TradeColumns {
                        base_ms: 1_735_689_600_000,
                        time: &times[range.clone()],
                        price: &prices[range.clone()],
                        signed_qty: &quantities[range.clone()],
                        count: with_counts.then(|| &counts[range.clone()]),
                    })
                    .expect("valid trades");
            }
            let hours = aggregate(builder.closed(), Interval::STANDARD[1], false).expect("sane sums");
            best = best.min(started.elapsed().as_secs_f64());
            bars = builder.closed().len() + hours.len();
        }
        println!("counts {with_counts}: {bars} bars, {:.0} M trades/s", TRADES as f64 / best / 1e6);
    }
}
