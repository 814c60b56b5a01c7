//! The speed of every part of the core, on the generator's stream. `make bench` runs it, section by section:
//!
//! `cargo bench -p arbcore-io --bench speed -- <section> [trades]`
//!
//! Each figure is one JSON line: name, unit, best and median of some rounds. Machines are shared, so the best round
//! says what the code can do, and the median how quiet the machine was.

mod archive;
mod bars;
mod features;
mod measure;
mod naive;
mod push;
mod strategies;
mod stream;
mod sweep;
mod text;

use std::process::ExitCode;

/// Trades of the stream that everything is measured on.
const TRADES: usize = 10_000_000;

type Section = (&'static str, fn(usize));

const SECTIONS: [Section; 9] = [
    ("features", features::run),
    ("hostile", features::run_hostile),
    ("push", push::run),
    ("book", strategies::run),
    ("sweep", sweep::run),
    ("bars", bars::run),
    ("frames", text::run_frames),
    ("csv", text::run_csv),
    ("warm_start", archive::run_warm_start),
];

fn main() -> ExitCode {
    if cfg!(debug_assertions) {
        eprintln!("speed: a debug build says nothing about speed: use cargo bench");
        return ExitCode::FAILURE;
    }
    // Cargo adds `--bench` of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["archive", root, trades] => {
            let Ok(trades) = trades.parse() else { return usage() };
            archive::write_one(root.as_ref(), trades);
        }
        ["frames_file", path, trades] => {
            let Ok(trades) = trades.parse() else { return usage() };
            text::write_frames(path.as_ref(), trades);
        }
        [] => SECTIONS.iter().for_each(|(_, section)| section(TRADES)),
        [name, rest @ ..] => {
            let trades = match rest {
                [] => Some(TRADES),
                [trades] => trades.parse().ok(),
                _ => None,
            };
            let (Some(trades), Some((_, section))) = (trades, SECTIONS.iter().find(|(known, _)| known == name)) else {
                return usage();
            };
            section(trades);
        }
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    let names: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
    eprintln!("usage: speed [{}] [trades] | archive DIR TRADES | frames_file FILE TRADES", names.join("|"));
    ExitCode::FAILURE
}
