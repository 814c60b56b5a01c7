//! Dump files: what is read from them, in which order, and what is refused with which words.

mod archive;

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::Grid;
use arbcore_core::parse::TimeUnit;
use arbcore_io::dump::{DumpOptions, DumpReader};
use archive::{Folder, HEADER, Member, archive, gzip, gzip_tight, read_all, rows, zip};

const GRID: Grid = Grid { price_decimals: 1, qty_decimals: 3 };

fn error(paths: &[PathBuf], options: DumpOptions) -> String {
    read_all(paths, options).unwrap_err().to_string()
}

#[test]
fn plain_gzipped_and_zipped_files_are_read_in_the_order_given() {
    let folder = Folder::new("kinds");
    let paths = [
        folder.file("late.csv", HEADER.to_owned() + &rows(0..300)),
        folder.file("early.csv.gz", gzip(HEADER.to_owned() + &rows(300..500))),
        // Members in the order of their names, not of their places.
        folder.file("two.zip", zip(&[("d-02.csv", &rows(700..800), true), ("d-01.csv", &rows(500..700), false)])),
        folder.file("wide.zip", archive(&[Member::new("e.CSV", rows(800..1_000).as_bytes(), true)], true)),
        // Two gzip streams behind each other are one text.
        folder.file("joined.gz", [gzip(rows(1_000..1_010)), gzip(rows(1_010..1_020))].concat()),
    ];
    for grid in [None, Some(GRID)] {
        for batch_rows in [1, 7, 100, 1 << 16] {
            let options = DumpOptions { grid, batch_rows, ..DumpOptions::default() };
            let mut reader = DumpReader::open(&paths, options).unwrap();
            assert_eq!((reader.grid(), reader.has_ids()), (GRID, true));
            let mut lengths = Vec::new();
            while let Some(batch) = reader.next_batch().unwrap() {
                lengths.push(batch.len());
            }
            let (last, full) = lengths.split_last().unwrap();
            assert!(full.iter().all(|length| *length == batch_rows) && (1..=batch_rows).contains(last), "{lengths:?}");
            let report = reader.report().clone();
            assert_eq!((report.rows, report.bad_rows, report.files.len()), (1_020, 0, 6));
            assert!(report.files[2].name.ends_with("two.zip/d-01.csv"), "{}", report.files[2].name);
            assert_eq!(
                (report.files[2].rows, report.files[2].has_header, report.files[0].has_header),
                (200, false, true)
            );
            assert_eq!((report.files[5].time_unit, report.files[5].rows), (Some(TimeUnit::Milliseconds), 20));
            let (read, all) = reader.progress();
            assert_eq!(read, all);
            let options = DumpOptions { grid, batch_rows, ..DumpOptions::default() };
            assert_eq!(read_all(&paths, options).unwrap(), (0..1_020).collect::<Vec<i64>>());
        }
    }
}

#[test]
fn files_with_other_columns_make_batches_of_their_own() {
    let folder = Folder::new("columns");
    let reduced = "agg_trade_id,price,quantity,transact_time,is_buyer_maker\n2907604449,7.25,1,1761091200000000,True\n";
    let paths = [folder.file("a.csv", rows(0..3)), folder.file("b.csv", reduced), folder.file("c.csv", reduced)];
    let mut reader = DumpReader::open(&paths, DumpOptions::default()).unwrap();
    assert_eq!(reader.grid(), Grid { price_decimals: 2, qty_decimals: 3 });
    let first = reader.next_batch().unwrap().unwrap();
    assert_eq!((first.len(), first.first_last_id.is_some(), first.price[1]), (3, true, 10_000_010));
    let second = reader.next_batch().unwrap().unwrap();
    let right = TradeBatch {
        agg_id: Some(vec![2_907_604_449; 2]),
        time_ms: vec![1_761_091_200_000; 2],
        price: vec![725; 2],
        qty: vec![1_000; 2],
        is_buyer_maker: vec![true; 2],
        first_last_id: None,
    };
    assert_eq!(second, right);
    assert_eq!(reader.next_batch(), Ok(None));
    assert_eq!(reader.report().files[1].time_unit, Some(TimeUnit::Microseconds));

    let without = folder.file("none.csv", "price,quantity,transact_time,is_buyer_maker\n7.25,1,1761091200000,True\n");
    let text = error(&[paths[0].clone(), without], DumpOptions::default());
    assert!(text.contains("a.csv has trade ids") && text.contains("none.csv has none"), "{text}");
}

#[test]
fn a_column_of_symbols_is_a_filter() {
    let folder = Folder::new("symbols");
    let path =
        folder.file("m.csv", "symbol,id,price,qty,time,m\nA,2907604449,1,1,1,0\nB,1,0.5,1,1,0\nA,2907604450,1,1,2,0\n");
    let options = DumpOptions { symbol: Some("A".to_owned()), ..DumpOptions::default() };
    let mut reader = DumpReader::open(&[&path], options.clone()).unwrap();
    // The other symbol's decimals do not make this one's grid finer.
    assert_eq!(reader.grid(), Grid { price_decimals: 0, qty_decimals: 0 });
    while reader.next_batch().unwrap().is_some() {}
    assert_eq!((reader.report().rows, reader.report().other_symbols), (2, 1));
    let text = error(std::slice::from_ref(&path), DumpOptions::default());
    assert!(text.ends_with("m.csv: there is a column of symbols; say which symbol to read"), "{text}");
    let text = error(&[path], DumpOptions { symbol: Some("C".to_owned()), ..options });
    assert!(text.ends_with("m.csv: has no row of symbol C, but 3 of other symbols"), "{text}");
}

#[test]
fn bad_rows_stop_or_are_counted() {
    let folder = Folder::new("bad");
    let bad = "1,x,0.001,1,1,1761091200000,true\n";
    let path = folder.file("a.csv", HEADER.to_owned() + &rows(0..10) + bad + &rows(10..20) + bad);
    let text = error(std::slice::from_ref(&path), DumpOptions::default());
    assert!(text.ends_with("a.csv: line 12, column price: \"x\" is not a decimal number"), "{text}");
    let mut reader = DumpReader::open(&[&path], DumpOptions { skip_bad: true, ..DumpOptions::default() }).unwrap();
    assert_eq!(reader.next_batch().unwrap().map(|batch| batch.len()), Some(20));
    assert_eq!(reader.next_batch(), Ok(None));
    let report = reader.report();
    assert_eq!((report.bad_rows, report.bad_messages.len(), report.files[0].bad_rows), (2, 2, 2));
    assert!(report.bad_messages[1].contains("line 23, column price"), "{:?}", report.bad_messages);
    let coarse = Grid { price_decimals: 0, qty_decimals: 3 };
    let text = error(&[path], DumpOptions { grid: Some(coarse), ..DumpOptions::default() });
    assert!(text.contains("line 3, column price: \"100000.1\" is off the grid of 0 decimals"), "{text}");
    let only = folder.file("only.csv", HEADER.to_owned() + bad);
    let text = error(&[only], DumpOptions { skip_bad: true, ..DumpOptions::default() });
    assert!(text.contains("only.csv: none of its rows could be read (1 bad ones); the first: "), "{text}");
}

#[test]
fn what_is_no_dump_is_refused_by_name() {
    let folder = Folder::new("refused");
    let long = rows(0..5_000);
    let member = |change: fn(&mut Member)| {
        let mut member = Member::new("a.csv", rows(0..50).as_bytes(), true);
        change(&mut member);
        archive(&[member], false)
    };
    let mut overlapping = zip(&[("a.csv", &rows(0..9), true), ("b.csv", &rows(0..9), true)]);
    let second = overlapping.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    overlapping[second + 42..second + 46].fill(0);
    let gz = gzip(&long);
    let zipped = zip(&[("a.csv", &long, true)]);
    let mut wrong_crc = gz.clone();
    let crc_at = wrong_crc.len() - 8;
    wrong_crc[crc_at] ^= 1;
    for (name, bytes, reason) in [
        ("empty.csv", Vec::new(), "empty.csv: is empty"),
        ("header.csv", HEADER.as_bytes().to_vec(), "header.csv: has no rows"),
        ("blank.csv", b"\n\r\n".to_vec(), "blank.csv: is empty"),
        ("empty.csv.gz", gzip(""), "empty.csv.gz: is empty"),
        ("a.parquet", b"PAR1....".to_vec(), "is a Parquet file"),
        ("a.zst", vec![0x28, 0xb5, 0x2f, 0xfd, 0], "is packed with zstd"),
        (
            "klines.csv",
            b"open_time,open,high,low,close,volume\n".to_vec(),
            "line 1: the header has no column for the price",
        ),
        ("binary.csv", vec![0xff; 40_000], "line 1 is longer than 16384 bytes"),
        ("cut.gz", gz[..gz.len() / 2].to_vec(), "is cut short after"),
        ("crc.gz", wrong_crc, "is damaged (corrupt gzip stream does not have a matching checksum)"),
        ("tail.gz", [&gz[..], &[b'x'; 40]].concat(), "is damaged (invalid gzip header)"),
        ("cut.zip", zipped[..zipped.len() / 2].to_vec(), "it has no directory at its end: it is cut short"),
        ("none.zip", zip(&[]), "it holds no csv file"),
        ("text.zip", zip(&[("read.me", "x", true)]), "its member read.me is no csv file"),
        ("secret.zip", member(|member| member.flags = 1), "its member a.csv is encrypted; unpack it first"),
        ("lzma.zip", member(|member| member.method = 14), "is packed with method 14; only deflate is read"),
        ("crc.zip", member(|member| member.crc ^= 1), "crc.zip/a.csv: is damaged: "),
        ("size.zip", member(|member| member.size += 1), "size.zip/a.csv: is damaged: "),
        ("stream.zip", member(|member| member.data.truncate(100)), "stream.zip/a.csv: is "),
        ("overlap.zip", overlapping, "overlap"),
    ] {
        let path = folder.file(name, bytes);
        let text = error(&[path], DumpOptions::default());
        assert!(text.contains(reason) && text.contains(name), "{name}: {text}");
        let path = folder.file(name, std::fs::read(folder.file("same", "")).unwrap());
        assert!(error(&[path], DumpOptions::default()).contains("is empty"));
    }
    let missing = error(&[PathBuf::from("no/such.csv")], DumpOptions::default());
    assert!(missing.starts_with("no/such.csv: "), "{missing}");
    let none: [PathBuf; 0] = [];
    assert!(error(&none, DumpOptions::default()).contains("no dump files"));
    let path = folder.file("a.csv", rows(0..5));
    let zero = DumpOptions { batch_rows: 0, ..DumpOptions::default() };
    assert!(error(&[path], zero).contains("batch_rows = 0: must be at least 1"));
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    let folder = Folder::new("bomb");
    // Sound rows, each with a long note.
    let row = format!("1,1,1761091200000,true,{}\n", "x".repeat(16_000));
    let text = format!("price,quantity,transact_time,is_buyer_maker,note\n{}", row.repeat(1_100));
    let gz = folder.file("bomb.csv.gz", gzip_tight(&text));
    assert!(std::fs::metadata(&gz).unwrap().len() < 50_000);
    let message = error(&[gz], DumpOptions::default());
    assert!(message.contains("bomb.csv.gz: unpacks to ") && message.contains("(at most 200): no dump"), "{message}");
    let zip = folder.file("bomb.zip", archive(&[Member::new("b.csv", text.as_bytes(), true)], false));
    assert!(error(&[zip], DumpOptions::default()).contains("bomb.zip/b.csv: unpacks to "));
}

#[test]
fn a_published_checksum_is_verified() {
    let folder = Folder::new("checksum");
    let path = folder.file("a.zip", zip(&[("a.csv", "id,price,qty,time,m\n2907604449,1,1,1,true\n", false)]));
    let open = || {
        let mut reader = DumpReader::open(&[&path], DumpOptions::default())?;
        while reader.next_batch()?.is_some() {}
        Ok(reader.report().files[0].checksum_verified)
    };
    assert_eq!(open(), Ok(false));
    folder.file("a.zip.CHECKSUM", format!("{}  a.zip\n", "0".repeat(64)));
    let text = open().map_err(|error: arbcore_core::CoreError| error.to_string()).unwrap_err();
    let found = text.split("its sha256 is ").nth(1).and_then(|rest| rest.get(..64)).unwrap().to_owned();
    assert!(text.contains("a.zip: its sha256 is ") && text.ends_with("; load it again"), "{text}");
    folder.file("a.zip.CHECKSUM", format!("{}  a.zip\n", found.to_uppercase()));
    assert_eq!(open(), Ok(true));
    folder.file("a.zip.CHECKSUM", "what?");
    let text = open().unwrap_err().to_string();
    assert!(text.contains("a.zip.CHECKSUM: does not begin with a sha256 checksum"), "{text}");
}

#[test]
fn a_file_that_changes_between_the_passes_is_an_error() {
    let folder = Folder::new("changed");
    // Far more batches than the queue holds, so that the second pass is still under way.
    let text = rows(0..20_000);
    let path = folder.file("a.csv", &text);
    let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
    let options = DumpOptions { batch_rows: 10, ..DumpOptions::default() };
    let mut reader = DumpReader::open(&[&path], options.clone()).unwrap();
    reader.next_batch().unwrap();
    let touch = |time: SystemTime| File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    touch(modified + Duration::from_secs(5));
    let rest = loop {
        match reader.next_batch() {
            Ok(Some(_)) => {}
            other => break other,
        }
    };
    let message = rest.unwrap_err().to_string();
    assert!(
        message.ends_with("a.csv: changed while it was read; read it again when nothing writes to it"),
        "{message}"
    );

    // Even with the same length and time, other bytes in what the second pass had not read yet are found.
    let mut reader = DumpReader::open(&[&path], options).unwrap();
    reader.next_batch().unwrap();
    let stamp = std::fs::metadata(&path).unwrap().modified().unwrap();
    let last = text.trim_end().rfind('\n').unwrap() + 1;
    let changed = text[..last].to_owned() + &text[last..].replace("0.0", "0.1");
    assert_eq!(changed.len(), text.len());
    std::fs::write(&path, &changed).unwrap();
    touch(stamp);
    let rest = loop {
        match reader.next_batch() {
            Ok(Some(_)) => {}
            other => break other,
        }
    };
    assert!(rest.unwrap_err().to_string().contains("changed while it was read"));
}
