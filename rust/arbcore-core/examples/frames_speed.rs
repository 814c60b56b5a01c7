//! Throughput of the JSON frame readers on one core, for every kind of key order.
//!
//! `cargo run --release -p arbcore-core --example frames_speed -- [part of a row's name]`

use std::hint::black_box;
use std::time::Instant;

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::Grid;
use arbcore_core::parse::frames::{FrameOptions, FrameParser};
use arbcore_core::parse::json::{Event, parse_agg_trade};

const FRAMES: usize = 10_000;
const BLOCK: usize = 1 << 20;
const GRID: Grid = Grid { price_decimals: 2, qty_decimals: 3 };

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Order {
    Exchange,
    OtherConstant,
    Shuffled,
}

/// Frames of USD-M futures (twelve fields), or of spot (eleven).
fn frames(order: Order, is_spot: bool, is_combined: bool) -> Vec<String> {
    let mut random = Random(1);
    let (mut time, mut first, mut ticks) = (1_790_000_000_000_u64, 7_000_000_001_u64, 8_421_010_u64);
    let mut constant: Vec<usize> = (0..12 - usize::from(is_spot)).collect();
    if order == Order::OtherConstant {
        random.shuffle(&mut constant);
    }
    (0..FRAMES as u64)
        .map(|number| {
            time += random.below(100);
            ticks = ticks + random.below(21) - 10;
            let lots = if random.below(4) == 0 { random.below(20_000) } else { random.below(300) } + 1;
            let last = first + random.below(5);
            let mut fields = vec![
                r#""e":"aggTrade""#.to_owned(),
                format!(r#""E":{}"#, time + 3 + random.below(40)),
                r#""s":"BTCUSDT""#.to_owned(),
                format!(r#""a":{}"#, 3_000_000_001 + number),
                format!(r#""p":"{}.{:02}""#, ticks / 100, ticks % 100),
                format!(r#""q":"{}.{:03}""#, lots / 1_000, lots % 1_000),
                format!(r#""f":{first}"#),
                format!(r#""l":{last}"#),
                format!(r#""T":{time}"#),
                format!(r#""m":{}"#, random.below(2) == 0),
            ];
            if is_spot {
                fields.push(r#""M":true"#.to_owned());
            } else {
                fields.insert(6, format!(r#""nq":"{}.{:03}""#, lots / 1_000, lots % 1_000));
                fields.push(r#""st":1"#.to_owned());
            }
            first = last + 1;
            let mut places = constant.clone();
            if order == Order::Shuffled {
                random.shuffle(&mut places);
            }
            let fields: Vec<&str> = places.iter().map(|&place| fields[place].as_str()).collect();
            let frame = format!("{{{}}}", fields.join(","));
            if is_combined { format!(r#"{{"stream":"btcusdt@aggTrade","data":{frame}}}"#) } else { frame }
        })
        .collect()
}

/// Forgets the rows and keeps their room, so that the readers are measured and not the allocator.
fn clear(batch: &mut TradeBatch) {
    let ids = batch.first_last_id.iter_mut().flat_map(|(first, last)| [first, last]);
    for column in [&mut batch.time_ms, &mut batch.price, &mut batch.qty].into_iter().chain(&mut batch.agg_id).chain(ids)
    {
        column.clear();
    }
    batch.is_buyer_maker.clear();
}

fn best(mut run: impl FnMut() -> usize) -> f64 {
    let seconds = (0..400).map(|_| {
        let started = Instant::now();
        assert_eq!(run(), FRAMES);
        started.elapsed().as_secs_f64()
    });
    FRAMES as f64 / seconds.fold(f64::MAX, f64::min) / 1e6
}

fn main() {
    let options = FrameOptions { grid: GRID, symbol: "BTCUSDT".to_owned(), event: Event::AggTrade, skip_bad: false };
    let wanted = std::env::args().nth(1).unwrap_or_default();
    println!("M frames/s: fed in blocks, pushed one by one, stateless");
    for (name, order) in [
        ("exchange's order", Order::Exchange),
        ("other, constant", Order::OtherConstant),
        ("shuffled", Order::Shuffled),
    ] {
        for (is_spot, is_combined) in [(false, false), (true, false), (false, true)] {
            let kind = if is_spot { "spot" } else { "futures" };
            let kind = if is_combined { format!("{kind}, combined") } else { kind.to_owned() };
            let row = format!("{name:18} {kind:18}");
            if !row.contains(&wanted) {
                continue;
            }
            let frames = frames(order, is_spot, is_combined);
            let text = frames.join("\n") + "\n";
            let mut batch = TradeBatch::default();
            let fed = best(|| {
                let mut parser = FrameParser::new("frames", options.clone());
                for block in text.as_bytes().chunks(BLOCK) {
                    clear(&mut batch);
                    parser.feed(block, &mut batch).expect("good frames");
                }
                parser.finish(&mut batch).expect("good frames");
                parser.trades() as usize
            });
            let pushed = best(|| {
                let mut parser = FrameParser::new("frames", options.clone());
                for some in frames.chunks(4_096) {
                    clear(&mut batch);
                    for frame in some {
                        parser.push_frame(frame.as_bytes(), &mut batch).expect("good frames");
                    }
                }
                parser.trades() as usize
            });
            let stateless = best(|| {
                let found = frames.iter().filter(|frame| {
                    black_box(parse_agg_trade(black_box(frame.as_bytes()), GRID)).is_ok_and(|found| found.is_some())
                });
                found.count()
            });
            println!("{row} {fed:5.1} {pushed:5.1} {stateless:5.1}");
        }
    }
}
