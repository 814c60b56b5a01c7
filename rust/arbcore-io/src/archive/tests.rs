use std::fs;
use std::path::{Path, PathBuf};

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::Grid;
use arbcore_core::tape::IdPolicy;
use arbcore_core::types::DAY_MS;
use arbcore_core::{CoreError, Result};

use super::testing::{scratch, trades};
use super::*;

const START: i64 = 1_750_464_000_000; // 2025-06-21
const GRID: Grid = Grid { price_decimals: 2, qty_decimals: 3 };

fn spec(root: &Path) -> ImportSpec {
    ImportSpec {
        root: root.to_owned(),
        market: Market::Spot,
        symbol: "LTCUSDT".into(),
        grid: GRID,
        ids: IdPolicy::Drop,
        replace: false,
    }
}

fn import(spec: &ImportSpec, batches: &[&TradeBatch]) -> Result<ImportReport> {
    let mut importer = Importer::new(spec.clone())?;
    for batch in batches {
        importer.push(batch)?;
    }
    importer.finish()
}

fn read(path: &Path, spec: ReadSpec) -> Result<TradeBatch> {
    let mut reader = ArchiveReader::open(&[path.to_owned()], spec)?;
    let mut all = TradeBatch::default();
    while let Some(batch) = reader.next_batch()? {
        assert!(!batch.is_empty());
        all.agg_id = concat(all.agg_id.take(), batch.agg_id.as_deref());
        if let Some((first, last)) = &batch.first_last_id {
            let known = all.first_last_id.get_or_insert_default();
            known.0.extend(first);
            known.1.extend(last);
        }
        all.time_ms.extend(&batch.time_ms);
        all.price.extend(&batch.price);
        all.qty.extend(&batch.qty);
        all.is_buyer_maker.extend(&batch.is_buyer_maker);
    }
    Ok(all)
}

fn concat(known: Option<Vec<i64>>, more: Option<&[i64]>) -> Option<Vec<i64>> {
    let more = more?;
    let mut known = known.unwrap_or_default();
    known.extend(more);
    Some(known)
}

fn all() -> ReadSpec {
    ReadSpec { trade_ids: true, ..ReadSpec::default() }
}

fn part(batch: &TradeBatch, rows: &[usize]) -> TradeBatch {
    let pick = |column: &[i64]| rows.iter().map(|&row| column[row]).collect::<Vec<_>>();
    TradeBatch {
        agg_id: batch.agg_id.as_deref().map(pick),
        time_ms: pick(&batch.time_ms),
        price: pick(&batch.price),
        qty: pick(&batch.qty),
        is_buyer_maker: rows.iter().map(|&row| batch.is_buyer_maker[row]).collect(),
        first_last_id: batch.first_last_id.as_ref().map(|(first, last)| (pick(first), pick(last))),
    }
}

fn range(batch: &TradeBatch, from: usize, to: usize) -> TradeBatch {
    part(batch, &(from..to).collect::<Vec<_>>())
}

fn store_error<T>(result: Result<T>) -> String {
    match result {
        Err(CoreError::Store(message)) => message,
        Err(other) => panic!("not a store error: {other:?}"),
        Ok(_) => panic!("no error"),
    }
}

fn day(root: &Path, text: &str) -> PathBuf {
    day_path(root, Market::Spot, "LTCUSDT", Day::parse(text).unwrap())
}

#[test]
fn days_are_those_of_the_calendar() {
    for (days, text) in [(0, "1970-01-01"), (-1, "1969-12-31"), (11_016, "2000-02-29"), (20_260, "2025-06-21")] {
        assert_eq!(Day(days).to_string(), text);
        assert_eq!(Day::parse(text), Some(Day(days)));
    }
    for days in (-200_000..200_000).step_by(7) {
        assert_eq!(Day::parse(&Day(days).to_string()), Some(Day(days)));
    }
    for wrong in ["2025-02-29", "2025-13-01", "2025-00-10", "2025-1-01", "2025-01-32", "x", "2025-01-01x", "-025-01-01"]
    {
        assert_eq!(Day::parse(wrong), None, "{wrong}");
    }
    assert_eq!(Day::of(-1), Day(-1));
    assert_eq!((Day::of(START).start_ms(), Day::of(START).end_ms()), (START, START + DAY_MS));
}

#[test]
fn what_goes_in_comes_out_whatever_the_pieces() {
    let root = scratch("roundtrip");
    // Three row groups on the first day, then two more days.
    let batch = trades(1, 600_000, START + 1, 320, 10);
    let (days, last) = (batch.time_ms[599_999] / DAY_MS - START / DAY_MS + 1, batch.time_ms[599_999]);
    assert_eq!(days, 3);
    let pieces: Vec<TradeBatch> =
        [(0, 1), (1, 300_000), (300_000, 599_999), (599_999, 600_000)].map(|(a, b)| range(&batch, a, b)).into();
    let report = import(&spec(&root), &pieces.iter().collect::<Vec<_>>()).unwrap();
    assert_eq!((report.trades, report.dropped, report.gaps, report.backwards), (600_000, 0, 0, 0));
    assert!(report.days.iter().all(|d| d.outcome == DayOutcome::Written && d.meta.grid == GRID));
    assert_eq!(report.days.iter().map(|d| d.meta.rows).sum::<u64>(), 600_000);

    let symbol_directory = root.join("spot/LTCUSDT");
    for path in [&root, &root.join("spot"), &symbol_directory] {
        for batch_rows in [1 << 20, 99_991] {
            assert!(read(path, ReadSpec { batch_rows, ..all() }).unwrap() == batch, "{batch_rows}");
        }
    }
    let mut plain = batch.clone();
    plain.first_last_id = None;
    assert!(read(&root, ReadSpec::default()).unwrap() == plain);
    plain.agg_id = None;
    assert!(read(&root, ReadSpec { ids: false, ..ReadSpec::default() }).unwrap() == plain);

    for (start, end) in [(START, START + 1), (batch.time_ms[400_000], last), (START + DAY_MS, START + 2 * DAY_MS)] {
        let range_spec = ReadSpec { start_ms: Some(start), end_ms: Some(end), ..all() };
        let from = batch.time_ms.partition_point(|&t| t < start);
        let to = batch.time_ms.partition_point(|&t| t < end);
        let found = read(&root, range_spec);
        if from == to {
            assert!(found.unwrap().is_empty());
        } else {
            assert!(found.unwrap() == range(&batch, from, to), "{start} {end}");
        }
    }
    let nothing = read(&root, ReadSpec { start_ms: Some(last + 2 * DAY_MS), ..all() });
    assert!(matches!(nothing, Err(CoreError::InsufficientData(_))));

    let again = import(&spec(&root), &[&batch]).unwrap();
    assert!(again.days.iter().all(|d| d.outcome == DayOutcome::Unchanged));
    assert_eq!(fs::read_dir(&symbol_directory).unwrap().count(), 3, "no leftovers");
}

#[test]
fn gaps_are_counted_and_ids_with_gaps_come_back() {
    let root = scratch("gaps");
    let batch = trades(2, 10_000, START, 20, 1_000);
    let rows: Vec<usize> = (0..10_000).filter(|row| !(100..150).contains(row) && *row != 9_000).collect();
    let holes = part(&batch, &rows);
    let report = import(&spec(&root), &[&holes]).unwrap();
    assert_eq!((report.gaps, report.missing), (2, 51));
    let expected = IdSummary { first: 1_000, last: 10_999, gaps: 2, missing: 51 };
    assert_eq!(report.days[0].meta.ids, Some(expected));
    assert_eq!(read_meta(&report.days[0].path).unwrap().unwrap(), report.days[0].meta);
    assert!(read(&root, all()).unwrap() == holes);

    // What was missing is merged in; the day is whole then.
    let missing: Vec<usize> = (100..150).chain([9_000]).collect();
    let report = import(&spec(&root), &[&part(&batch, &missing)]).unwrap();
    assert_eq!(report.days[0].outcome, DayOutcome::Merged);
    assert_eq!(report.days[0].meta.ids.unwrap().gaps, 0);
    assert!(read(&root, all()).unwrap() == batch);
}

#[test]
fn ids_out_of_order_follow_the_policy() {
    let batch = trades(3, 1_000, START, 20, 1);
    let mut rows: Vec<usize> = (0..1_000).collect();
    rows.retain(|row| *row != 500 && *row != 501);
    rows.extend([500, 501, 501, 7]);
    let shuffled = part(&batch, &rows);
    let with = |ids| ImportSpec { ids, ..spec(&scratch("policy")) };

    let message = import(&with(IdPolicy::Reject), &[&shuffled]).unwrap_err().to_string();
    assert!(message.contains("agg_id = 503 after 500: 2 ids are missing"), "{message}");

    let drop = with(IdPolicy::Drop);
    let report = import(&drop, &[&shuffled]).unwrap();
    assert_eq!((report.dropped, report.gaps, report.missing, report.late), (4, 1, 2, 0));
    assert_eq!(read(&drop.root, all()).unwrap().len(), 998);

    let accept = with(IdPolicy::Accept);
    let report = import(&accept, &[&shuffled]).unwrap();
    assert_eq!((report.dropped, report.late), (2, 2));
    assert_eq!(report.days[0].outcome, DayOutcome::Written);
    assert!(read(&accept.root, all()).unwrap() == batch);

    let twice = part(&batch, &[0, 1, 1]);
    let message = import(&with(IdPolicy::Reject), &[&twice]).unwrap_err().to_string();
    assert!(message.contains("agg_id = 2 is there twice"), "{message}");
}

#[test]
fn a_day_that_is_there_gives_way_only_to_replace() {
    let root = scratch("replace");
    let batch = trades(4, 1_000, START, 20, 1);
    import(&spec(&root), &[&batch]).unwrap();
    let mut other = batch.clone();
    other.price[600] += 1;
    let message = store_error(import(&spec(&root), &[&other]));
    assert!(message.contains("2025-06-21.parquet"), "{message}");
    assert!(message.contains("agg_id 601 has another price"), "{message}");
    assert!(message.contains("--replace"), "{message}");
    assert!(read(&root, all()).unwrap() == batch);
    let report = import(&ImportSpec { replace: true, ..spec(&root) }, &[&other]).unwrap();
    assert_eq!(report.days[0].outcome, DayOutcome::Replaced);
    assert!(read(&root, all()).unwrap() == other);
    // A part of what is there changes nothing; without first and last ids neither.
    let report = import(&spec(&root), &[&range(&other, 100, 200)]).unwrap();
    assert_eq!(report.days[0].outcome, DayOutcome::Unchanged);
    let mut fewer = other.clone();
    fewer.first_last_id = None;
    assert_eq!(import(&spec(&root), &[&fewer]).unwrap().days[0].outcome, DayOutcome::Unchanged);
}

#[test]
fn trades_without_ids_keep_their_order_and_never_merge() {
    let root = scratch("no-ids");
    let mut batch = trades(5, 5_000, START, 20, 1);
    batch.agg_id = None;
    batch.first_last_id = None;
    let report = import(&spec(&root), &[&range(&batch, 0, 2_000), &range(&batch, 2_000, 5_000)]).unwrap();
    assert_eq!(report.days[0].meta.ids, None);
    assert!(read(&root, all()).unwrap() == batch);
    assert_eq!(import(&spec(&root), &[&batch]).unwrap().days[0].outcome, DayOutcome::Unchanged);
    let message = store_error(import(&spec(&root), &[&range(&batch, 0, 10)]));
    assert!(message.contains("holds 5000 trades, the import 10"), "{message}");
    let mut next_day = trades(6, 10, START + DAY_MS, 20, 1);
    next_day.agg_id = None;
    next_day.first_last_id = None;
    let message = import(&spec(&scratch("unsorted")), &[&next_day, &batch]).unwrap_err().to_string();
    assert!(message.contains("without ids no order can be found"), "{message}");
}

#[test]
fn a_trade_just_before_midnight_stays_behind_the_one_after_it() {
    let root = scratch("midnight");
    let mut batch = trades(7, 4, START, 0, 1);
    let midnight = START + DAY_MS;
    batch.time_ms = vec![midnight - 5, midnight + 1, midnight - 1, midnight + 2];
    let report = import(&spec(&root), &[&batch]).unwrap();
    assert_eq!(report.days.iter().map(|d| d.meta.rows).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(report.backwards, 1);
    assert!(read(&root, all()).unwrap() == batch);
    let from_midnight = ReadSpec { start_ms: Some(midnight), ..all() };
    assert_eq!(read(&root, from_midnight).unwrap().len(), 3);
    let to_midnight = ReadSpec { end_ms: Some(midnight), ..all() };
    assert_eq!(read(&root, to_midnight).unwrap().len(), 1);
}

#[test]
fn grids_meet_on_the_finer_one_or_exactly_on_the_one_asked_for() {
    let root = scratch("grids");
    let coarse = trades(8, 10, START, 20, 1);
    let fine = trades(9, 10, START + DAY_MS, 20, 11);
    import(&ImportSpec { grid: Grid { price_decimals: 1, qty_decimals: 3 }, ..spec(&root) }, &[&coarse]).unwrap();
    import(&spec(&root), &[&fine]).unwrap();
    let reader = ArchiveReader::open(std::slice::from_ref(&root), all()).unwrap();
    assert_eq!((reader.grid(), reader.rows(), reader.symbol()), (GRID, 20, "LTCUSDT"));
    let both = read(&root, all()).unwrap();
    assert_eq!(both.price[3], coarse.price[3] * 10);
    assert_eq!(both.price[13], fine.price[3]);
    let asked = Grid { price_decimals: 1, qty_decimals: 3 };
    let message = store_error(read(&root, ReadSpec { grid: Some(asked), ..all() }));
    assert!(message.contains("2025-06-22") && message.contains("does not fit a grid of 1 decimals"), "{message}");
    let huge = Grid { price_decimals: 18, qty_decimals: 3 };
    assert!(store_error(read(&root, ReadSpec { grid: Some(huge), ..all() })).contains("does not fit"));
}

#[test]
fn an_import_that_stops_leaves_only_whole_days() {
    let root = scratch("stopped");
    let batch = trades(10, 3_000, START, 40_000, 1);
    let mut importer = Importer::new(spec(&root)).unwrap();
    importer.push(&batch).unwrap();
    drop(importer);
    let directory = root.join("spot/LTCUSDT");
    let whole = fs::read_dir(&directory).unwrap().count();
    assert_eq!(whole as i64, batch.time_ms[2_999] / DAY_MS - START / DAY_MS);
    assert!(fs::read_dir(&directory).unwrap().all(|e| e.unwrap().path().extension().unwrap() == "parquet"));
    import(&spec(&root), &[&batch]).unwrap();
    assert!(read(&root, all()).unwrap() == batch);
}

#[test]
fn wrong_files_are_named_with_a_remedy() {
    let root = scratch("wrong");
    let batch = trades(11, 3_000, START, 40_000, 1);
    import(&spec(&root), &[&batch]).unwrap();
    let file = day(&root, "2025-06-21");

    let message = store_error(read(&file, ReadSpec { symbol: Some("BTCUSDT".into()), ..all() }));
    assert!(message.contains("holds trades of LTCUSDT, not of BTCUSDT"), "{message}");
    let message = store_error(read(&root, ReadSpec { symbol: Some("BTCUSDT".into()), ..all() }));
    assert!(message.contains("no trades of BTCUSDT here"), "{message}");
    let message = store_error(read(&scratch("empty"), all()));
    assert!(message.contains("no archive") && message.contains("arbcore data import"), "{message}");
    let message = store_error(ArchiveReader::open(&[file.clone(), file.clone()], all()));
    assert!(message.contains("both hold 2025-06-21"), "{message}");
    let renamed = day(&root, "2024-01-01");
    fs::copy(&file, &renamed).unwrap();
    let message = store_error(read(&root, all()));
    assert!(message.contains("its metadata says it is of 2025-06-21"), "{message}");
    fs::remove_file(&renamed).unwrap();

    let foreign = root.join("foreign.parquet");
    let mut pending = Some(range(&batch, 0, 10));
    assert_eq!(write_trades(&foreign, Layout::Dump, GRID, || Ok(pending.take())).unwrap(), 10);
    let message = store_error(is_archive_path(&foreign));
    assert!(message.contains("not of the archive") && message.contains("arbcore data import"), "{message}");
    assert!(is_archive_path(&file).unwrap() && is_archive_path(&root).unwrap());
    assert!(!is_archive_path(Path::new("x.csv.gz")).unwrap());

    for symbol in ["", "../x", "A/B", "A B"] {
        assert!(Importer::new(ImportSpec { symbol: symbol.into(), ..spec(&root) }).is_err(), "{symbol}");
    }
    let mut zero = range(&batch, 0, 3);
    zero.qty[1] = 0;
    let message = import(&spec(&scratch("zero")), &[&zero]).unwrap_err().to_string();
    assert!(message.contains("qty = 0 units of its grid in row 1"), "{message}");
}

#[test]
fn no_flipped_or_missing_byte_passes_or_panics() {
    let root = scratch("damage");
    let batch = trades(12, 2_000, START, 20, 1);
    import(&spec(&root), &[&batch]).unwrap();
    let file = day(&root, "2025-06-21");
    let whole = fs::read(&file).unwrap();
    let victim = scratch("victim").join("2025-06-21.parquet");
    for length in [0, 4, 11, 12, whole.len() / 2, whole.len() - 1] {
        fs::write(&victim, &whole[..length]).unwrap();
        let message = store_error(read(&victim, all()));
        assert!(message.contains("2025-06-21.parquet") && message.contains("--replace"), "{message}");
    }
    // Every byte of the data pages, and every one of the footer: an error, or nothing that matters.
    let footer = u32::from_le_bytes(whole[whole.len() - 8..whole.len() - 4].try_into().unwrap()) as usize;
    let data_end = whole.len() - 8 - footer;
    for at in (4..data_end).step_by(37).chain((data_end..whole.len()).step_by(5)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&victim, &bytes).unwrap();
        if let Ok(read) = read(&victim, all()) {
            assert!(read == batch, "byte {at} of {} (footer from {data_end})", whole.len());
        }
    }
}

#[test]
fn a_newer_version_is_refused_by_name() {
    let root = scratch("version");
    import(&spec(&root), &[&trades(13, 10, START, 20, 1)]).unwrap();
    let file = day(&root, "2025-06-21");
    let mut bytes = fs::read(&file).unwrap();
    let key = b"arbcore.trades.version";
    let at = bytes.windows(key.len()).position(|w| w == key).unwrap() + key.len();
    let one = at + bytes[at..].iter().position(|&b| b == b'1').unwrap();
    bytes[one] = b'9';
    fs::write(&file, bytes).unwrap();
    let message = store_error(read(&file, all()));
    assert!(message.contains("archive format version 9, this arbcore reads 1"), "{message}");
}
