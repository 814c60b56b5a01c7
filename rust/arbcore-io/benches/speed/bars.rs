//! Bars with tran_stats over the columns of a tape, on one core.

use std::hint::black_box;

use arbcore_core::bars::{BarBuilder, BarOptions, Interval, TradeColumns, aggregate};
use arbcore_core::tape::Segment;

use crate::measure::{best, report_rate, report_ratio, rounds};
use crate::naive;
use crate::stream::Stream;

pub fn run(trades: usize) {
    let stream = Stream::generated(trades);
    let tape = stream.tape();
    let mut counts = Vec::with_capacity(trades);
    stream.each_trade(|trade| counts.push(trade.count.min(u32::from(u16::MAX)) as u16));
    let build = |with_counts: bool| {
        let mut builder = BarBuilder::new(stream.grid, &BarOptions::default()).expect("valid");
        let mut at = 0;
        for segment in tape.segments(0, tape.len()) {
            let Segment::Narrow { base_ms, time, price, qty } = segment else {
                panic!("the generator's trades fit narrow columns");
            };
            let count = with_counts.then(|| &counts[at..at + time.len()]);
            at += time.len();
            let columns = TradeColumns { base_ms, time, price, signed_qty: qty, count };
            builder.push_columns(&columns).expect("clean trades");
        }
        black_box(aggregate(builder.closed(), Interval::STANDARD[1], false).expect("sums in range"));
    };
    let with_counts = rounds(9, || (), |()| build(true));
    report_rate("bars", trades, &with_counts);
    report_rate("bars_without_counts", trades, &rounds(9, || (), |()| build(false)));
    let baseline = rounds(2, || (), |()| naive::bars(&stream));
    report_rate("bars_naive", trades, &baseline);
    report_ratio("bars_over_naive", best(&baseline), best(&with_counts));
}
