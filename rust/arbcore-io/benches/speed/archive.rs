//! The archive: written for other measurements, and read until everything is ready to trade.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use arbcore_core::feature::FeatureConfig;
use arbcore_core::generate::{Generator, GeneratorConfig};
use arbcore_core::replay::{Market as Stream, MarketEvent};
use arbcore_core::tape::IdPolicy;
use arbcore_io::archive::{ArchiveReader, ImportSpec, Importer, Market, ReadSpec};

use crate::measure::{report_s, rounds};
use crate::stream::{SYMBOL, generate, generator};

/// Cores of the machine that the targets are for.
const THREADS: usize = 2;

/// Imports the first `trades` trades of a generator; all of them when `None`.
fn import(root: &Path, generator: &mut Generator, trades: Option<usize>) {
    let GeneratorConfig { symbol, grid, .. } = generator.config().clone();
    let spec =
        ImportSpec { root: root.to_owned(), market: Market::Um, symbol, grid, ids: IdPolicy::Drop, replace: true };
    let mut importer = Importer::new(spec).expect("a writable directory");
    generate(generator, trades, |batch| importer.push(&batch).expect("room on the disk"));
    importer.finish().expect("room on the disk");
}

/// Writes the first `trades` trades of BTCUSDT.
pub fn write_one(root: &Path, trades: usize) {
    import(root, &mut generator(SYMBOL, trades), Some(trades));
}

/// A day of `trades` trades of every built-in symbol.
fn write_day(root: &Path, trades: usize) {
    for symbol in GeneratorConfig::SYMBOLS {
        let mut config = GeneratorConfig::for_symbol(symbol).expect("a built-in symbol");
        config.trades_per_day = trades as f64;
        config.indicators = false;
        import(root, &mut Generator::new(&config).expect("valid parameters"), None);
    }
}

/// A market that has seen every trade of its symbol in the archive; returns it with their number.
fn ready(root: &Path, symbol: &str) -> (Stream, u64) {
    let spec = ReadSpec { symbol: Some(symbol.to_owned()), ..ReadSpec::default() };
    let mut reader = ArchiveReader::open(&[root.to_owned()], spec).expect("an archive");
    let grid = reader.grid();
    let mut market = Stream::new(FeatureConfig::standard(symbol, grid), grid, IdPolicy::Drop).expect("valid");
    while let Some(batch) = reader.next_batch().expect("a readable archive") {
        market.push_many(&batch).expect("clean trades");
        while market.next(i64::MIN).expect("sums in range") != MarketEvent::Pending {}
        market.forget();
    }
    let trades = market.tape().len();
    (market, trades)
}

/// Four symbols, 24 hours, from the archive to ready.
pub fn run_warm_start(trades: usize) {
    let root = Scratch::new("warm-start");
    let symbols = GeneratorConfig::SYMBOLS;
    write_day(&root.0, trades / symbols.len());
    let seconds = rounds(
        7,
        || (),
        |()| {
            let next = AtomicUsize::new(0);
            let taken: u64 = std::thread::scope(|scope| {
                let worker = || {
                    let mut markets = Vec::new();
                    while let Some(symbol) = symbols.get(next.fetch_add(1, Ordering::Relaxed)) {
                        markets.push(ready(&root.0, symbol));
                    }
                    markets.iter().map(|(_, trades)| trades).sum::<u64>()
                };
                let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(worker)).collect();
                workers.into_iter().map(|worker| worker.join().expect("no panic")).sum()
            });
            assert!(taken > trades as u64 / 2, "{taken} trades of {trades}");
        },
    );
    report_s("warm_start", &seconds);
}

/// A directory that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("arbcore-speed-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a writable temporary directory");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
