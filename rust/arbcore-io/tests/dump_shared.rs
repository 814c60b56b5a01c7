//! Reads the real files of the shared data folder and compares with what its README says of them.
//!
//! `ARBCORE_SHARED_DATA` names the folder; by default it is looked for beside the repository.

use std::path::PathBuf;

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::Grid;
use arbcore_core::parse::TimeUnit;
use arbcore_io::dump::{DumpOptions, DumpReader};

fn shared_data() -> Option<PathBuf> {
    let folder = std::env::var_os("ARBCORE_SHARED_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    if folder.join("aggtrades").is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no shared data at {}; set ARBCORE_SHARED_DATA", folder.display());
    None
}

struct Expected {
    file: &'static str,
    rows: u64,
    /// The one row of price and quantity 0 that a recorder kept (a trade that was none).
    void: bool,
    /// First and last second of the README's table, UTC.
    span_s: (i64, i64),
    decimals: (u32, u32),
    /// Agg or trade ids, first and last underlying ids.
    ids: (bool, bool),
    unit: TimeUnit,
    /// Ids missing between the first and the last one.
    missing_ids: i64,
}

const MS: TimeUnit = TimeUnit::Milliseconds;

const FILES: [Expected; 7] = [
    Expected {
        file: "aggtrades/BTCUSDT-um-aggTrades-2025-10-22-head6.csv.gz",
        rows: 6,
        void: false,
        span_s: (1_761_091_200, 1_761_091_201),
        decimals: (1, 3),
        ids: (true, true),
        unit: MS,
        missing_ids: 0,
    },
    Expected {
        file: "aggtrades/BTCUSDT-um-aggTrades-2026-05-11-a.csv.gz",
        rows: 67_652,
        void: false,
        span_s: (1_778_518_167, 1_778_522_067),
        decimals: (1, 3),
        ids: (false, false),
        unit: MS,
        missing_ids: 0,
    },
    Expected {
        file: "aggtrades/FXSUSDT-aggTrades-2023-11-17.csv.gz",
        rows: 3_600,
        void: false,
        span_s: (1_700_179_210, 1_700_192_499),
        decimals: (3, 1),
        ids: (true, false),
        unit: MS,
        missing_ids: 0,
    },
    Expected {
        file: "aggtrades/LTCUSDT-spot-aggTrades-2025-06-21.csv.gz",
        rows: 53_325,
        void: false,
        span_s: (1_750_507_467, 1_750_550_398),
        decimals: (2, 3),
        ids: (true, false),
        unit: MS,
        missing_ids: 168,
    },
    Expected {
        file: "trades/GEMINI-ETHUSD-trades-2021-07-01.csv.gz",
        rows: 25_222,
        void: false,
        span_s: (1_625_097_621, 1_625_183_998),
        decimals: (2, 8),
        ids: (false, false),
        unit: MS,
        missing_ids: 0,
    },
    Expected {
        file: "trades/TRXUSDT-spot-trades-2025-03-04.csv.gz",
        rows: 10_000,
        void: false,
        span_s: (1_741_046_401, 1_741_049_279),
        decimals: (4, 1),
        ids: (true, false),
        unit: TimeUnit::Microseconds,
        missing_ids: 0,
    },
    Expected {
        file: "trades/TRXUSDT-um-trades-2025-03-04.csv.gz",
        rows: 10_000,
        void: true,
        span_s: (1_741_046_404, 1_741_047_404),
        decimals: (5, 0),
        ids: (true, false),
        unit: MS,
        missing_ids: 0,
    },
];

#[test]
fn real_files_are_what_their_readme_says() {
    let Some(folder) = shared_data() else { return };
    for expected in &FILES {
        let file = expected.file;
        let options = DumpOptions { batch_rows: 10_000, skip_bad: expected.void, ..DumpOptions::default() };
        let mut reader = DumpReader::open(&[folder.join(file)], options).unwrap();
        let (price_decimals, qty_decimals) = expected.decimals;
        assert_eq!(reader.grid(), Grid { price_decimals, qty_decimals }, "{file}");
        let mut batches: Vec<TradeBatch> = Vec::new();
        while let Some(batch) = reader.next_batch().unwrap() {
            batch.check_lengths().unwrap();
            batches.push(batch);
        }
        let report = reader.report();
        let void = u64::from(expected.void);
        assert_eq!((report.rows, report.bad_rows), (expected.rows - void, void), "{file}");
        assert_eq!(report.rows, batches.iter().map(|batch| batch.len() as u64).sum::<u64>(), "{file}");
        let [one] = report.files.as_slice() else { panic!("{file}: {:?}", report.files) };
        assert_eq!((one.has_ids, one.has_first_last_ids), expected.ids, "{file}");
        assert_eq!((one.time_unit, one.has_header), (Some(expected.unit), true), "{file}");
        let times = || batches.iter().flat_map(|batch| &batch.time_ms);
        let span = (times().min().unwrap() / 1_000, times().max().unwrap() / 1_000);
        assert_eq!(span, expected.span_s, "{file}");
        if expected.ids.0 {
            let ids: Vec<i64> = batches.iter().flat_map(|batch| batch.agg_id.clone().unwrap()).collect();
            assert!(ids.is_sorted_by(|left, right| left < right), "{file}");
            let missing = ids[ids.len() - 1] - ids[0] + 1 - ids.len() as i64;
            assert_eq!(missing, expected.missing_ids + void as i64, "{file}");
        }
    }
}

#[test]
fn a_trade_of_price_zero_is_named_with_its_place() {
    let Some(folder) = shared_data() else { return };
    let path = folder.join("trades/TRXUSDT-um-trades-2025-03-04.csv.gz");
    let mut reader = DumpReader::open(&[&path], DumpOptions::default()).unwrap();
    let error = reader.next_batch().unwrap_err().to_string();
    assert!(error.ends_with("trades-2025-03-04.csv.gz: line 9328, column price: \"0.0\" must be above 0"), "{error}");
    assert_eq!(reader.next_batch(), Ok(None));
    let options = DumpOptions { skip_bad: true, ..DumpOptions::default() };
    let mut reader = DumpReader::open(&[&path], options).unwrap();
    while reader.next_batch().unwrap().is_some() {}
    assert_eq!(reader.report().bad_messages, [error]);
}

#[test]
fn the_format_anchor_is_read_to_the_digit() {
    let Some(folder) = shared_data() else { return };
    let mut reader = DumpReader::open(&[folder.join(FILES[0].file)], DumpOptions::default()).unwrap();
    let batch = reader.next_batch().unwrap().unwrap();
    assert_eq!(batch.agg_id.as_ref().unwrap()[..2], [2_907_604_449, 2_907_604_450]);
    assert_eq!(batch.price[..2], [1_082_538, 1_082_537]);
    assert_eq!(batch.qty[..2], [11, 270]);
    assert_eq!(batch.time_ms[..2], [1_761_091_200_007, 1_761_091_200_022]);
    assert_eq!(batch.is_buyer_maker[..2], [false, true]);
    let (first, last) = batch.first_last_id.as_ref().unwrap();
    assert_eq!((first[1], last[1]), (6_764_565_325, 6_764_565_330));
}
