//! Seeded mutations of CSV and JSON: no panic, no hang, and one meaning wherever the text is cut.
//!
//! Fed byte by byte, every line takes the careful path; fed whole, most take the fast one. Both must agree on all rows
//! and on every message. `ARBCORE_FUZZ_SECONDS` (default 2) is the budget of each test.

use std::time::{Duration, Instant};

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::Grid;
use arbcore_core::parse::csv::{CsvOptions, CsvParser};
use arbcore_core::parse::frames::{FrameOptions, FrameParser};
use arbcore_core::parse::json::{Event, parse_agg_trade};
use arbcore_core::parse::scan::CsvScanner;

const GRID: Grid = Grid { price_decimals: 2, qty_decimals: 3 };

fn budget() -> Duration {
    let seconds = std::env::var("ARBCORE_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or(2.0))
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn mutate(&mut self, text: &mut Vec<u8>, alphabet: &[u8]) {
        for _ in 0..=self.below(4) {
            let at = self.below(text.len() + 1);
            let end = (at + self.below(12)).min(text.len());
            match self.below(6) {
                0 if at < text.len() => text[at] = alphabet[self.below(alphabet.len())],
                1 => text.insert(at, alphabet[self.below(alphabet.len())]),
                2 => drop(text.drain(at..end)),
                3 => {
                    let piece = text[at..end].to_vec();
                    let to = self.below(text.len() + 1);
                    text.splice(to..to, piece);
                }
                4 if at < text.len() => text[at] ^= 1 << self.below(8),
                _ => text.truncate(text.len().saturating_sub(self.below(3))),
            }
        }
    }
}

const CSV_SEEDS: [&str; 6] = [
    "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n\
     2907604449,108253.8,0.011,6764565323,6764565324,1761091200007,false\n\
     2907604450,108253.75,0.27,6764565325,6764565330,1761091200022,true\n\
     2907604451,108253.7,12,6764565331,6764565331,1761091200022,true\n",
    "1,7.50000000,25.30000000,100,105,1700179210707,True,True\r\n2,7.51000000,9.2,106,106,1700179210710,False,True\r\n",
    "348656870,0.23,2619.4,605.6,1741046401271497,true,true\n348656871,0.24,83.9,19.4,1741046401321398,false,true",
    "548321769,0.23,243.0,56.1,1741046404349,0\n548321770,0.23,85.0,19.6,1741046404359,1\n",
    "price,quantity,transact_time,is_buyer_maker\n81685.5,0.026,1778518167413,true\n81685.5,0.001,1778518167557,true\n",
    "symbol,m,T,q,p,f,a,l,note\nBTCUSDT,true,1700000000000,1.5,2.5,1,1,1,x\nETHUSDT,true,1700000000000,1.5,2.5,1,1,1,y\n",
];

const FRAME_SEEDS: [&str; 7] = [
    r#"{"e":"aggTrade","E":1790000000123,"s":"BTCUSDT","a":3000001,"p":"84210.10","q":"0.250","nq":"0.250","f":7000001,"l":7000004,"T":1790000000100,"m":true,"st":1}"#,
    r#"{"e":"aggTrade","E":1672515782136,"s":"BTCUSDT","a":12345,"p":"0.01","q":"100","f":100,"l":105,"T":1672515782136,"m":false,"M":true}"#,
    r#"1633998511.132921 {"stream":"btcusdt@aggTrade","data":{"m":true,"e":"aggTrade","T":1790000000100,"l":7000004,"f":7000001,"q":"0.250","p":"84210.10","a":3000001,"s":"BTCUSDT","E":1790000000123}}"#,
    r#"{"m":true,"st":1,"T":1790000000100,"l":7000004,"f":7000001,"nq":"0.250","q":"0.250","p":"84210.10","a":3000001,"s":"BTCUSDT","E":1790000000123,"e":"aggTrade"}"#,
    r#"{"p":"84210.10000000","x":null,"e":"aggTrade","a":3000001,"text":"a,b}","m":false,"q":"12","E":1790000000123456,"T":1790000000100,"":-1,"l":8,"s":"BTCUSDT","f":7}"#,
    r#"{ "e": "aggTrade", "E": 1790000000123, "s": "BTCUSDT", "a": 3000001, "p": "84210.10", "q": "0.250", "f": 1, "l": 1, "T": 1790000000100, "m": true, "x": [{"a": "\"}"}] }"#,
    r#"{"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","b":[["61737.63","0.0"]],"a":[]}}"#,
];

/// Rows and everything that is said about them.
type Reading = (TradeBatch, Result<(u64, u64, Vec<String>), String>);

fn read_csv(text: &[u8], cut: usize, skip_bad: bool) -> Reading {
    let options = CsvOptions { grid: GRID, symbol: Some("BTCUSDT".to_owned()), skip_bad };
    let mut parser = CsvParser::new("f", options);
    let mut batch = TradeBatch::default();
    let result = text
        .chunks(cut)
        .try_for_each(|block| parser.feed(block, &mut batch, usize::MAX).map(|_| ()))
        .and_then(|()| parser.finish(&mut batch));
    let said = (parser.rows(), parser.bad().count, parser.bad().messages.clone());
    (batch, result.map(|()| said).map_err(|error| error.to_string()))
}

fn read_frames(text: &[u8], cut: usize, skip_bad: bool) -> Reading {
    let options = FrameOptions { grid: GRID, symbol: "BTCUSDT".to_owned(), event: Event::AggTrade, skip_bad };
    let mut parser = FrameParser::new("f", options);
    let mut batch = TradeBatch::default();
    let result =
        text.chunks(cut).try_for_each(|block| parser.feed(block, &mut batch)).and_then(|()| parser.finish(&mut batch));
    let said = (parser.trades() + (parser.other_events() << 32), parser.bad().count, parser.bad().messages.clone());
    (batch, result.map(|()| said).map_err(|error| error.to_string()))
}

/// Each line alone, read without a memory of others: all that the careful reader says about it.
fn check_stateless(text: &[u8]) {
    for line in text.split(|&byte| byte == b'\n').filter(|line| line.first() == Some(&b'{')) {
        // Which belongs to the line's end, but to a lone frame as a space.
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (batch, result) = read_frames(line, 1, false);
        let found = parse_agg_trade(line, GRID).map_err(|error| error.to_string());
        let shown = String::from_utf8_lossy(line);
        match (result, found) {
            (Err(careful), Err(error)) => assert_eq!(careful, format!("f: line 1: {error}"), "{shown}"),
            (Ok(_), Ok(Some(found))) if found.symbol == b"BTCUSDT" => {
                assert_eq!((batch.price[0], batch.qty[0]), (found.trade.price, found.trade.qty), "{shown}");
                assert_eq!(
                    (batch.time_ms[0], batch.is_buyer_maker[0]),
                    (found.trade.time_ms, found.trade.is_buyer_maker)
                );
                assert_eq!(batch.agg_id, found.trade.agg_id.map(|id| vec![id]), "{shown}");
                assert_eq!(batch.first_last_id, found.first_last_id.map(|(first, last)| (vec![first], vec![last])));
            }
            // Here every symbol is wanted, so that more can be wrong with a frame.
            (Ok(_), _) => assert!(batch.is_empty(), "{shown}"),
            (Err(careful), Ok(found)) => panic!("{careful:?} but {found:?}: {shown}"),
        }
    }
}

fn fuzz(seeds: &[&str], alphabet: &[u8], repeat: usize, read: impl Fn(&[u8], usize, bool) -> Reading) {
    let mut random = Random(0x0bad_5eed);
    let start = Instant::now();
    let (mut runs, mut accepted, mut refused) = (0_u64, 0_u64, 0_u64);
    while start.elapsed() < budget() {
        let seed = seeds[random.below(seeds.len())].as_bytes();
        let mut text = Vec::new();
        for _ in 0..=random.below(repeat) {
            let mut piece = seed.to_vec();
            if random.below(3) == 0 {
                random.mutate(&mut piece, alphabet);
            }
            text.extend_from_slice(&piece);
            if repeat > 1 {
                text.push(b'\n');
            }
        }
        random.mutate(&mut text, alphabet);
        // Room behind the text, so that its last lines too may go the fast way.
        text.extend_from_slice(&b"\n".repeat(if random.below(2) == 0 { 600 } else { 0 }));
        let skip_bad = random.below(4) > 0;
        let careful = read(&text, 1, skip_bad);
        let shown = || String::from_utf8_lossy(&text).into_owned();
        assert_eq!(read(&text, usize::MAX, skip_bad), careful, "whole: {:?}", shown());
        let cut = 1 + random.below(400);
        assert_eq!(read(&text, cut, skip_bad), careful, "cut at {cut}: {:?}", shown());
        runs += 1;
        match careful.1 {
            Ok((rows, ..)) => accepted += rows & 0xffff_ffff,
            Err(_) => refused += 1,
        }
    }
    println!("{runs} texts, {accepted} trades read, {refused} texts refused");
    assert!(accepted > 0 && refused > 0, "the mutations must reach both ends: {accepted} {refused}");
}

#[test]
fn mutated_csv_means_the_same_wherever_it_is_cut() {
    fuzz(&CSV_SEEDS, b"0123456789.,-+eE \r\n\0truefalsTF\xff\"", 1, |text, cut, skip_bad| {
        let mut scanner = CsvScanner::new("f", Some("BTCUSDT"));
        let scanned = text.chunks(cut).try_for_each(|block| scanner.feed(block)).and_then(|()| scanner.finish());
        let mut whole = CsvScanner::new("f", Some("BTCUSDT"));
        let scanned_whole = whole.feed(text).and_then(|()| whole.finish());
        assert_eq!((&scanned, scanner.grid()), (&scanned_whole, whole.grid()), "{:?}", String::from_utf8_lossy(text));
        read_csv(text, cut, skip_bad)
    });
}

#[test]
fn mutated_frames_mean_the_same_wherever_they_are_cut() {
    fuzz(&FRAME_SEEDS, b"0123456789.,:{}[]\"\\ \n\r\ttruefalsenullapqT-\0\xff", 4, |text, cut, skip_bad| {
        if cut == usize::MAX {
            check_stateless(text);
        }
        read_frames(text, cut, skip_bad)
    });
}

#[test]
fn any_wrong_byte_in_a_frame_is_found() {
    for frame in FRAME_SEEDS.iter().filter(|frame| frame.starts_with(r#"{"m":true"#) || frame.starts_with(r#"{"p""#)) {
        for at in 0..frame.len() {
            for byte in 0..=255 {
                let mut text = frame.as_bytes().to_vec();
                text[at] = byte;
                check_stateless(&text);
            }
        }
    }
}

#[test]
fn a_line_without_end_is_refused_with_little_memory() {
    let options = CsvOptions { grid: GRID, symbol: None, skip_bad: true };
    let mut parser = CsvParser::new("f", options);
    let mut batch = TradeBatch::default();
    let block = [b'7'; 4_096];
    let error = (0..10).find_map(|_| parser.feed(&block, &mut batch, usize::MAX).err()).unwrap().to_string();
    assert!(error.contains("f: line 1 is longer than 16384 bytes"), "{error}");
}
