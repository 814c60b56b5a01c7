//! Seeded damage to gzip and zip files: an error or the same trades, never a panic, a hang or a flood.
//!
//! `ARBCORE_FUZZ_SECONDS` (default 2) is the budget.

mod archive;

use std::time::{Duration, Instant};

use arbcore_io::dump::{DumpOptions, DumpReader};
use archive::{Folder, gzip, read_all, rows, zip};

#[test]
fn damaged_archives_are_errors_or_the_same_trades() {
    let seconds = std::env::var("ARBCORE_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2.0);
    let budget = Duration::from_secs_f64(seconds);
    let folder = Folder::new("fuzz");
    let (first, second) = (rows(0..400), rows(400..600));
    let seeds =
        [gzip(&first), zip(&[("a.csv", &first, true), ("b.csv", &second, false)]), zip(&[("a.csv", &first, true)])];
    let whole: Vec<Vec<i64>> =
        seeds.iter().map(|seed| read_all(&[folder.file("whole", seed)], DumpOptions::default()).unwrap()).collect();
    let mut state = 0x0bad_5eed_u64;
    let mut random = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    let start = Instant::now();
    let (mut runs, mut refused) = (0_u64, 0_u64);
    while start.elapsed() < budget {
        let which = random(seeds.len());
        let mut bytes = seeds[which].clone();
        for _ in 0..=random(3) {
            // Headers and directories, at both ends, are the interesting parts.
            let near = random(120).min(bytes.len() - 1);
            let at = [near, bytes.len() - 1 - near, random(bytes.len())][random(3)];
            match random(5) {
                0 => bytes[at] ^= 1 << random(8),
                1 => bytes[at] = [0, 0xff, 1, 0x7f][random(4)],
                2 => bytes.truncate(at + 1),
                3 => drop(bytes.drain(at..(at + random(9)).min(bytes.len()))),
                _ => bytes.insert(at, random(256) as u8),
            }
            if bytes.is_empty() {
                bytes.push(0);
            }
        }
        let path = folder.file("damaged", &bytes);
        let options = DumpOptions { batch_rows: 100, ..DumpOptions::default() };
        match read_all(&[path], options) {
            // A changed name or a changed date in a header is no damage to the trades.
            Ok(ids) => assert!(
                ids == whole[which] || ids.iter().all(|id| whole[which].contains(id)),
                "other trades out of damaged bytes"
            ),
            Err(_) => refused += 1,
        }
        runs += 1;
    }
    println!("{runs} damaged files, {refused} refused");
    assert!(refused * 2 > runs, "only {refused} of {runs} damaged files were refused");
}

#[test]
fn a_reader_that_is_dropped_early_ends_its_thread() {
    let folder = Folder::new("drop");
    let path = folder.file("a.csv", rows(0..5_000).as_bytes());
    let options = DumpOptions { batch_rows: 10, ..DumpOptions::default() };
    let mut reader = DumpReader::open(&[path], options).unwrap();
    assert_eq!(reader.next_batch().unwrap().map(|batch| batch.len()), Some(10));
    // Dropping waits for the thread; it would hang here if the thread waited for room in the queue for ever.
    drop(reader);
}
