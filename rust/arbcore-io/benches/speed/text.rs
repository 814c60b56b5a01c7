//! Trades as text: JSON frames parsed and pushed, rows of a dump parsed and checked.

use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::Grid;
use arbcore_core::parse::csv::{CsvOptions, CsvParser};
use arbcore_core::parse::frames::{FrameOptions, FrameParser};
use arbcore_core::parse::json::Event;
use arbcore_core::tape::{IdPolicy, Tape};
use arbcore_core::types::Trade;
use arbcore_io::archive::{dump_header, dump_rows};

use crate::measure::{best, report_rate, report_ratio, rounds};
use crate::naive;
use crate::stream::{Noise, SYMBOL, Stream};

/// Bytes handed over at a time, as files are read.
const BLOCK: usize = 1 << 20;
/// Most frames of a measured text.
const FRAMES: usize = 500_000;
/// Most lines of a measured dump.
const LINES: usize = 2_000_000;

/// In which order the keys of a frame come.
enum Order<'a> {
    /// As the exchange sends them.
    Usual,
    /// Another one, the same in all frames.
    Other,
    /// An order of its own.
    Any(&'a mut Noise),
}

/// Writes a frame.
fn frame(trade: &Trade, grid: Grid, order: Order<'_>, out: &mut String) {
    let decimal = |value: i64, decimals: u32| {
        let unit = 10_i64.pow(decimals);
        format!("{}.{:0width$}", value / unit, value % unit, width = decimals as usize)
    };
    let (id, time_ms) = (trade.agg_id.unwrap_or(0), trade.time_ms);
    let mut fields = [
        "\"e\":\"aggTrade\"".to_owned(),
        format!("\"E\":{}", time_ms + 3),
        format!("\"s\":\"{SYMBOL}\""),
        format!("\"a\":{id}"),
        format!("\"p\":\"{}\"", decimal(trade.price, grid.price_decimals)),
        format!("\"q\":\"{}\"", decimal(trade.qty, grid.qty_decimals)),
        format!("\"f\":{}", id * 2),
        format!("\"l\":{}", id * 2 + i64::from(trade.count) - 1),
        format!("\"T\":{time_ms}"),
        format!("\"m\":{}", trade.is_buyer_maker),
    ];
    match order {
        Order::Usual => {}
        Order::Other => fields.reverse(),
        Order::Any(noise) => {
            for i in (1..fields.len()).rev() {
                fields.swap(i, noise.below(i as u64 + 1) as usize);
            }
        }
    }
    writeln!(out, "{{{}}}", fields.join(",")).expect("writing to a string");
}

/// Parses `text` in blocks and pushes what it holds onto a tape; returns the number of trades.
fn push_frames(text: &str, grid: Grid) -> u64 {
    let options = FrameOptions { grid, symbol: SYMBOL.to_owned(), event: Event::AggTrade, skip_bad: false };
    let mut parser = FrameParser::new("frames", options);
    let mut tape = Tape::new(grid, IdPolicy::Drop);
    let mut batch = TradeBatch::default();
    for block in text.as_bytes().chunks(BLOCK) {
        parser.feed(block, &mut batch).expect("clean frames");
        tape.push_many(&batch).expect("clean trades");
        clear(&mut batch);
    }
    parser.finish(&mut batch).expect("clean frames");
    tape.push_many(&batch).expect("clean trades");
    tape.len()
}

/// Empties the columns but keeps their memory.
fn clear(batch: &mut TradeBatch) {
    for column in [&mut batch.time_ms, &mut batch.price, &mut batch.qty] {
        column.clear();
    }
    batch.is_buyer_maker.clear();
    if let Some(ids) = &mut batch.agg_id {
        ids.clear();
    }
    if let Some((first, last)) = &mut batch.first_last_id {
        first.clear();
        last.clear();
    }
}

pub fn run_frames(trades: usize) {
    let lines = trades.min(FRAMES);
    let stream = Stream::generated(lines);
    let mut noise = Noise(5);
    let (mut usual, mut other, mut any) = (String::new(), String::new(), String::new());
    stream.each_trade(|trade| {
        frame(&trade, stream.grid, Order::Usual, &mut usual);
        frame(&trade, stream.grid, Order::Other, &mut other);
        frame(&trade, stream.grid, Order::Any(&mut noise), &mut any);
    });
    for (name, text) in [("frames", &usual), ("frames_other_order", &other), ("frames_any_order", &any)] {
        let seconds = rounds(7, || (), |()| assert_eq!(push_frames(text, stream.grid), lines as u64));
        report_rate(name, lines, &seconds);
    }
}

/// Writes frames for a baseline in another language.
pub fn write_frames(path: &Path, trades: usize) {
    let stream = Stream::generated(trades);
    let mut text = String::new();
    stream.each_trade(|trade| frame(&trade, stream.grid, Order::Usual, &mut text));
    let mut file = BufWriter::new(File::create(path).expect("a writable path"));
    file.write_all(text.as_bytes()).expect("room on the disk");
}

pub fn run_csv(trades: usize) {
    let lines = trades.min(LINES);
    let stream = Stream::generated(lines);
    let mut text = dump_header(&stream.batches[0]).into_bytes();
    for batch in &stream.batches {
        dump_rows(batch, stream.grid, &mut text);
    }
    let options = CsvOptions { grid: stream.grid, symbol: None, skip_bad: false };
    let seconds = rounds(
        7,
        || (),
        |()| {
            let mut parser = CsvParser::new("trades.csv", options.clone());
            let mut batch = TradeBatch::default();
            for block in text.chunks(BLOCK) {
                parser.feed(block, &mut batch, usize::MAX).expect("clean rows");
                black_box(&batch);
                clear(&mut batch);
            }
            parser.finish(&mut batch).expect("clean rows");
            assert_eq!(parser.rows(), lines as u64);
        },
    );
    report_rate("csv", lines, &seconds);
    let text = String::from_utf8(text).expect("ASCII");
    let baseline = rounds(2, || (), |()| assert_eq!(naive::csv(&text), lines));
    report_rate("csv_naive", lines, &baseline);
    report_ratio("csv_over_naive", best(&baseline), best(&seconds));
}
