//! The archive of trades: one zstd Parquet file a symbol and UTC day, exact, sorted by id.
//!
//! `<root>/<market>/<SYMBOL>/<YYYY-MM-DD>.parquet`. A trade belongs to the day of its time *raised to its
//! predecessor's* (as the tape raises it), so reading the days in order gives the trades in order.

mod decode;
mod format;
mod import;
mod locate;
mod merge;
mod reader;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod text;
mod writer;

pub use format::{Day, DayMeta, FORMAT_VERSION, IdSummary, Layout, Market, check_symbol, read_meta};
pub use import::{DayOutcome, DayReport, ImportReport, ImportSpec, Importer};
pub use locate::{day_path, is_archive_path};
pub use reader::{ArchiveReader, ReadSpec};
pub use text::{dump_header, dump_rows};
pub use writer::{DayWriter, FileSpec, write_trades};
