//! All features at every 15 s over a tape in memory; hostile tapes; the tape's memory.

use std::hint::black_box;

use arbcore_core::tape::{IdPolicy, Tape};

use crate::measure::{best, report_rate, report_ratio, report_value, rounds};
use crate::naive;
use crate::push;
use crate::stream::{Hostile, Stream, each_row};

fn seconds(tape: &Tape, times: usize) -> Vec<f64> {
    rounds(
        times,
        || (),
        |()| {
            each_row(tape, false, |row| {
                black_box(row);
            });
        },
    )
}

pub fn run(trades: usize) {
    let generated = rounds(2, || (), |()| Stream::generated(trades));
    report_rate("generate", trades, &generated);
    let stream = Stream::generated(trades);
    let append = rounds(5, || (), |()| stream.tape());
    report_rate("tape_append", trades, &append);
    let tape = stream.tape();
    report_value("tape_bytes_with_counts", "B/trade", tape.bytes() as f64 / trades as f64);
    let features = seconds(&tape, 9);
    report_rate("features", trades, &features);
    let baseline = rounds(2, || (), |()| naive::features(&stream));
    report_rate("features_naive", trades, &baseline);
    report_ratio("features_over_naive", best(&baseline), best(&features));
    drop(tape);

    let mut tape = Tape::new(stream.grid, IdPolicy::Drop);
    for mut batch in stream.batches {
        batch.first_last_id = None;
        tape.push_many(&batch).expect("clean trades");
    }
    report_value("tape_bytes", "B/trade", tape.bytes() as f64 / trades as f64);
}

pub fn run_hostile(trades: usize) {
    for kind in Hostile::ALL {
        let stream = kind.stream(trades);
        let tape = stream.tape();
        let name = kind.name();
        report_rate(&format!("hostile_{name}_features"), trades, &seconds(&tape, 3));
        drop(tape);
        let pushed: Vec<f64> = (0..2).map(|_| push::seconds(&stream)).collect();
        report_rate(&format!("hostile_{name}_push"), trades, &pushed);
    }
}
