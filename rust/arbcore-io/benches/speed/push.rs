//! Trades pushed one by one: tape, features, at each evaluation a score.

use std::hint::black_box;

use arbcore_core::feature::FeatureConfig;
use arbcore_core::grid::Grid;
use arbcore_core::replay::{Market, MarketEvent};
use arbcore_core::strategy::{preset, score};
use arbcore_core::tape::IdPolicy;

use crate::measure::{report_ns, rounds};
use crate::stream::{SYMBOL, Stream};

/// A market without trades.
pub fn market(grid: Grid) -> Market {
    Market::new(FeatureConfig::standard(SYMBOL, grid), grid, IdPolicy::Drop).expect("valid")
}

/// Pushes every trade alone, as a live feed does.
pub fn all(stream: &Stream, mut market: Market) {
    let strategy = preset("v53", SYMBOL).expect("a preset");
    for trade in stream.trades() {
        if !market.push(&trade).expect("clean trades") {
            continue;
        }
        loop {
            match market.next(i64::MIN).expect("sums in range") {
                MarketEvent::Trades { .. } => {}
                MarketEvent::Evaluation(_) => {
                    black_box(score(&strategy, market.row()));
                    market.forget();
                }
                MarketEvent::Pending => break,
            }
        }
    }
    black_box(market.row());
}

pub fn run(trades: usize) {
    let stream = Stream::generated(trades);
    let seconds = rounds(7, || market(stream.grid), |market| all(&stream, market));
    report_ns("push", trades, &seconds);
}
