//! Reads the recorded frames of the shared data folder and compares with what its README says of them.

use std::io::Read;
use std::path::PathBuf;

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::Grid;
use arbcore_core::parse::frames::{FrameOptions, FrameParser};
use arbcore_core::parse::json::Event;
use flate2::bufread::MultiGzDecoder;

struct Recorded {
    file: &'static str,
    symbol: &'static str,
    decimals: (u32, u32),
    /// Trades of the market; one of the README's `trade` events of 2023-04-05 is the insurance fund's.
    trades: u64,
    /// All other lines.
    others: u64,
}

const FILES: [Recorded; 6] = [
    Recorded { file: "spot-btcusdt-20240808", symbol: "BTCUSDT", decimals: (2, 5), trades: 9_757, others: 31_492 },
    Recorded { file: "spot-btcusdt-20240809", symbol: "BTCUSDT", decimals: (2, 5), trades: 10_147, others: 48_178 },
    Recorded { file: "usdm-btcusdt-20220811", symbol: "BTCUSDT", decimals: (1, 3), trades: 1_326, others: 207 },
    Recorded { file: "usdm-btcusdt-20230405", symbol: "BTCUSDT", decimals: (1, 3), trades: 10_737, others: 49_644 },
    Recorded { file: "usdm-btcusdt-20240808", symbol: "BTCUSDT", decimals: (1, 3), trades: 21_313, others: 72_641 },
    Recorded { file: "usdm-ethusdt-20240808", symbol: "ETHUSDT", decimals: (2, 3), trades: 14_076, others: 60_579 },
];

#[test]
fn recorded_trades_are_all_read() {
    let folder = std::env::var_os("ARBCORE_SHARED_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from)
        .join("ws_raw");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no shared data at {}; set ARBCORE_SHARED_DATA", folder.display());
        return;
    }
    for &Recorded { file, symbol, decimals: (price_decimals, qty_decimals), trades, others } in &FILES {
        let packed = std::fs::read(folder.join(format!("binance-{file}.jsonl.gz"))).unwrap();
        let mut text = Vec::new();
        MultiGzDecoder::new(&packed[..]).read_to_end(&mut text).unwrap();
        let options = FrameOptions {
            grid: Grid { price_decimals, qty_decimals },
            symbol: symbol.to_owned(),
            event: Event::Trade,
            skip_bad: false,
        };
        let mut parser = FrameParser::new(file, options);
        let mut batch = TradeBatch::default();
        for block in text.chunks(100_000) {
            parser.feed(block, &mut batch).unwrap();
        }
        parser.finish(&mut batch).unwrap();
        assert_eq!((parser.trades(), parser.other_events(), parser.other_symbols()), (trades, others, 0), "{file}");
        assert_eq!(batch.len() as u64, trades, "{file}");
        let ids = batch.agg_id.as_ref().unwrap();
        assert!(ids.is_sorted_by(|left, right| left < right), "{file}");
    }
}
