//! Trades pushed one by one: tape, features, at each evaluation a score.

use std::hint::black_box;
use std::time::Instant;

use arbcore_core::feature::FeatureConfig;
use arbcore_core::replay::{Market, MarketEvent};
use arbcore_core::strategy::{preset, score};
use arbcore_core::tape::IdPolicy;

use crate::measure::{best, report_ns, report_ratio, rounds};
use crate::naive;
use crate::stream::{SYMBOL, Stream};

/// Seconds that pushing every trade alone takes, as a live feed does; making the trades is not timed.
pub fn seconds(stream: &Stream) -> f64 {
    let mut market =
        Market::new(FeatureConfig::standard(SYMBOL, stream.grid), stream.grid, IdPolicy::Drop).expect("valid");
    let strategy = preset("v53", SYMBOL).expect("a preset");
    let mut seconds = 0.0;
    stream.each_piece(|trades| {
        let started = Instant::now();
        for trade in trades {
            if !market.push(trade).expect("clean trades") {
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
        seconds += started.elapsed().as_secs_f64();
    });
    black_box(market.row());
    seconds
}

pub fn run(trades: usize) {
    let stream = Stream::generated(trades);
    let seconds: Vec<f64> = (0..7).map(|_| seconds(&stream)).collect();
    report_ns("push", trades, &seconds);
    let baseline = rounds(2, || (), |()| naive::features(&stream));
    report_ratio("push_over_naive", best(&baseline), best(&seconds));
}
