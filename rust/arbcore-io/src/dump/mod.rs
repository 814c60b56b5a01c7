//! Trades from public dump files: csv, gzipped csv, zip archives of csv.
//!
//! A first pass finds the grid (unless it is given) and the layout; the second reads, on a thread of its own, in
//! batches, within the same memory whatever the size of the files.

mod reader;
mod sha256;
mod source;
mod zip;

pub use reader::{DumpOptions, DumpReader, DumpReport, FileReport};
