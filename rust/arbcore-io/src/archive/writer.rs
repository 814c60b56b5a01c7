//! Writing trades as Parquet.

use std::path::Path;
use std::sync::Arc;

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::{Grid, POW10};
use arbcore_core::{CoreError, Result};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{BoolType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::format::{Day, DayMeta, Field, GroupSums, IdSummary, Layout, Market, PRECISION};
use crate::staged::StagedFile;

/// Trades in a row group: what a reader holds of one file, and the grain at which it skips.
pub(super) const GROUP_ROWS: usize = 1 << 18;
/// Trades in a page.
const PAGE_ROWS: usize = 1 << 16;

/// What a file of trades is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSpec {
    /// Names and order of the columns.
    pub layout: Layout,
    /// Grid of the prices and quantities.
    pub grid: Grid,
    /// With aggregated trade ids.
    pub ids: bool,
    /// With first and last underlying trade ids.
    pub trade_ids: bool,
}

impl FileSpec {
    /// The columns that a batch has.
    pub fn of(batch: &TradeBatch, layout: Layout, grid: Grid) -> Self {
        Self { layout, grid, ids: batch.agg_id.is_some(), trade_ids: batch.first_last_id.is_some() }
    }

    fn properties(&self, fields: &[Field]) -> Result<WriterPropertiesPtr> {
        let level = ZstdLevel::try_new(3).map_err(|e| CoreError::Internal(e.to_string()))?;
        let mut builder = WriterProperties::builder()
            .set_created_by(concat!("arbcore ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::ZSTD(level))
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_max_row_group_row_count(Some(GROUP_ROWS));
        for (index, &field) in fields.iter().enumerate() {
            if field == Field::Id {
                builder = builder.set_sorting_columns(Some(vec![SortingColumn {
                    column_idx: index as i32,
                    descending: false,
                    nulls_first: false,
                }]));
            }
            // Measured on bursty trades: deltas decode at 380 to 970 M values/s, dictionaries at 90 to 500,
            // byte streams at 190; only for quantities is something else smaller (0.9 against 1.5 bytes).
            if field != Field::Side {
                let column = ColumnPath::from(self.layout.name(field));
                builder = builder.set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
            }
        }
        Ok(Arc::new(builder.build()))
    }
}

/// Writes columns of trades into row groups; visible only once committed.
pub(super) struct TradesFile {
    spec: FileSpec,
    fields: Vec<Field>,
    writer: Option<SerializedFileWriter<StagedFile>>,
    pending: TradeBatch,
    sums: Vec<GroupSums>,
    rows: u64,
}

impl TradesFile {
    pub fn create(path: &Path, spec: FileSpec) -> Result<Self> {
        let fields = spec.layout.fields(spec.ids, spec.trade_ids);
        let schema = spec.layout.schema(spec.grid, &fields)?;
        let properties = spec.properties(&fields)?;
        let file = StagedFile::create(path)?;
        let writer = SerializedFileWriter::new(file, schema, properties).map_err(|e| write_error(path, &e))?;
        let pending = empty_like(&spec);
        Ok(Self { spec, fields, writer: Some(writer), pending, sums: Vec::new(), rows: 0 })
    }

    /// Appends rows `from..to` of a batch.
    pub fn push(&mut self, path: &Path, batch: &TradeBatch, from: usize, to: usize) -> Result<()> {
        check_rows(path, &self.spec, batch, from, to)?;
        let mut at = from;
        while at < to {
            let end = to.min(at + GROUP_ROWS - self.pending.len());
            append(&mut self.pending, batch, at, end);
            at = end;
            if self.pending.len() == GROUP_ROWS {
                self.write_group(path)?;
            }
        }
        Ok(())
    }

    fn write_group(&mut self, path: &Path) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.sums.push(sums_of(&self.pending));
        self.rows += self.pending.len() as u64;
        let writer =
            self.writer.as_mut().ok_or_else(|| CoreError::Internal("trades file used after its end".into()))?;
        let batch = &self.pending;
        let fields = &self.fields;
        let mut write = || -> std::result::Result<(), ParquetError> {
            let mut group = writer.next_row_group()?;
            for &field in fields {
                let mut column =
                    group.next_column()?.ok_or_else(|| ParquetError::General("fewer columns than fields".into()))?;
                match integers(batch, field) {
                    Some(values) => column.typed::<Int64Type>().write_batch(values, None, None)?,
                    None => column.typed::<BoolType>().write_batch(&batch.is_buyer_maker, None, None)?,
                };
                column.close()?;
            }
            group.close()?;
            Ok(())
        };
        write().map_err(|e| write_error(path, &e))?;
        clear(&mut self.pending);
        Ok(())
    }

    /// Writes what is pending and the metadata that `describe` makes of rows and sums; returns the file, sealed.
    pub fn seal(
        mut self,
        path: &Path,
        describe: impl FnOnce(u64, Vec<GroupSums>) -> Vec<KeyValue>,
    ) -> Result<StagedFile> {
        self.write_group(path)?;
        let mut writer =
            self.writer.take().ok_or_else(|| CoreError::Internal("trades file used after its end".into()))?;
        for pair in describe(self.rows, std::mem::take(&mut self.sums)) {
            writer.append_key_value_metadata(pair);
        }
        let mut file = writer.into_inner().map_err(|e| write_error(path, &e))?;
        file.seal()?;
        Ok(file)
    }
}

fn write_error(path: &Path, error: &ParquetError) -> CoreError {
    CoreError::Store(format!("{}: cannot write: {error}", path.display()))
}

fn integers(batch: &TradeBatch, field: Field) -> Option<&[i64]> {
    match field {
        Field::Id => batch.agg_id.as_deref(),
        Field::Time => Some(&batch.time_ms),
        Field::Price => Some(&batch.price),
        Field::Qty => Some(&batch.qty),
        Field::Side => None,
        Field::FirstTradeId => batch.first_last_id.as_ref().map(|ids| ids.0.as_slice()),
        Field::LastTradeId => batch.first_last_id.as_ref().map(|ids| ids.1.as_slice()),
    }
}

pub(super) fn empty_like(spec: &FileSpec) -> TradeBatch {
    TradeBatch {
        agg_id: spec.ids.then(Vec::new),
        first_last_id: spec.trade_ids.then(|| (Vec::new(), Vec::new())),
        ..TradeBatch::default()
    }
}

/// Appends rows of `from` whose optional columns `to` has too.
pub(super) fn append(to: &mut TradeBatch, from: &TradeBatch, start: usize, end: usize) {
    to.time_ms.extend_from_slice(&from.time_ms[start..end]);
    to.price.extend_from_slice(&from.price[start..end]);
    to.qty.extend_from_slice(&from.qty[start..end]);
    to.is_buyer_maker.extend_from_slice(&from.is_buyer_maker[start..end]);
    if let (Some(to), Some(from)) = (&mut to.agg_id, &from.agg_id) {
        to.extend_from_slice(&from[start..end]);
    }
    if let (Some(to), Some(from)) = (&mut to.first_last_id, &from.first_last_id) {
        to.0.extend_from_slice(&from.0[start..end]);
        to.1.extend_from_slice(&from.1[start..end]);
    }
}

fn clear(batch: &mut TradeBatch) {
    batch.time_ms.clear();
    batch.price.clear();
    batch.qty.clear();
    batch.is_buyer_maker.clear();
    if let Some(ids) = &mut batch.agg_id {
        ids.clear();
    }
    if let Some(ids) = &mut batch.first_last_id {
        ids.0.clear();
        ids.1.clear();
    }
}

/// Refuses rows that the file cannot hold: other columns, prices or quantities out of their bounds.
fn check_rows(path: &Path, spec: &FileSpec, batch: &TradeBatch, from: usize, to: usize) -> Result<()> {
    batch.check_lengths()?;
    for (name, wanted, present) in [
        ("agg_id", spec.ids, batch.agg_id.is_some()),
        ("first_trade_id", spec.trade_ids, batch.first_last_id.is_some()),
    ] {
        if wanted != present {
            return Err(CoreError::input(format!(
                "{}: trades with and without {name} cannot stand in one file: import or export them apart",
                path.display()
            )));
        }
    }
    let bound = POW10[PRECISION as usize];
    for (name, values) in [("price", &batch.price), ("qty", &batch.qty)] {
        if let Some(offset) = values[from..to].iter().position(|&v| v <= 0 || v >= bound) {
            return Err(CoreError::input(format!(
                "{}: {name} = {} units of its grid in row {} of the batch: must be above 0 and below 10^{PRECISION}",
                path.display(),
                values[from + offset],
                from + offset
            )));
        }
    }
    Ok(())
}

pub(super) fn wrapping_sum(values: &[i64]) -> u64 {
    values.iter().fold(0_u64, |sum, &value| sum.wrapping_add(value as u64))
}

fn sums_of(batch: &TradeBatch) -> GroupSums {
    GroupSums {
        time: wrapping_sum(&batch.time_ms),
        price: wrapping_sum(&batch.price),
        qty: wrapping_sum(&batch.qty),
        sells: batch.is_buyer_maker.iter().map(|&sell| u64::from(sell)).sum(),
        ids: batch.agg_id.as_deref().map_or(0, wrapping_sum),
        trade_ids: batch
            .first_last_id
            .as_ref()
            .map_or(0, |(first, last)| wrapping_sum(first).wrapping_add(wrapping_sum(last))),
    }
}

/// Writes one day of the archive: trades in id order, pushed in pieces.
pub struct DayWriter {
    path: std::path::PathBuf,
    symbol: String,
    market: Market,
    day: Day,
    file: TradesFile,
    ids: Option<IdSummary>,
}

impl DayWriter {
    /// Starts a day file that will stand at `path`.
    pub fn create(path: &Path, symbol: &str, market: Market, day: Day, spec: FileSpec) -> Result<Self> {
        super::check_symbol(symbol)?;
        let spec = FileSpec { layout: Layout::Archive, ..spec };
        let file = TradesFile::create(path, spec)?;
        Ok(Self { path: path.to_owned(), symbol: symbol.to_owned(), market, day, file, ids: None })
    }

    /// The columns of this file.
    pub fn spec(&self) -> &FileSpec {
        &self.file.spec
    }

    /// Appends rows `from..to`; their ids must rise.
    pub fn push(&mut self, batch: &TradeBatch, from: usize, to: usize) -> Result<()> {
        let mut ids = self.ids;
        if self.file.spec.ids
            && let Some(column) = &batch.agg_id
        {
            for (offset, &id) in column[from..to].iter().enumerate() {
                match &mut ids {
                    None => ids = Some(IdSummary { first: id, last: id, gaps: 0, missing: 0 }),
                    Some(summary) if id > summary.last => {
                        let skipped = id.wrapping_sub(summary.last) as u64 - 1;
                        summary.gaps += u64::from(skipped > 0);
                        summary.missing = summary.missing.saturating_add(skipped);
                        summary.last = id;
                    }
                    Some(summary) => {
                        return Err(CoreError::input(format!(
                            "{}: agg_id = {id} in row {} of the batch: not above the one before it, {}",
                            self.path.display(),
                            from + offset,
                            summary.last
                        )));
                    }
                }
            }
        }
        self.file.push(&self.path, batch, from, to)?;
        self.ids = ids;
        Ok(())
    }

    /// Ends the file; it is on disk, but stands in its place only once committed.
    pub fn seal(self) -> Result<(StagedFile, DayMeta)> {
        let Self { path, symbol, market, day, file, ids } = self;
        let (grid, has_trade_ids) = (file.spec.grid, file.spec.trade_ids);
        let mut meta = DayMeta { symbol, market, day, grid, rows: 0, ids, has_trade_ids, sums: Vec::new() };
        let staged = file.seal(&path, |rows, sums| {
            meta.rows = rows;
            meta.sums = sums;
            meta.to_key_values()
        })?;
        Ok((staged, meta))
    }
}

/// Writes trades that come one batch at a time into one Parquet file of any layout.
///
/// Returns the number of trades. The columns are those of the first batch.
pub fn write_trades(
    path: &Path,
    layout: Layout,
    grid: Grid,
    mut next: impl FnMut() -> Result<Option<TradeBatch>>,
) -> Result<u64> {
    let mut file: Option<TradesFile> = None;
    let mut rows = 0;
    while let Some(batch) = next()? {
        let file = match &mut file {
            Some(file) => file,
            empty => empty.insert(TradesFile::create(path, FileSpec::of(&batch, layout, grid))?),
        };
        file.push(path, &batch, 0, batch.len())?;
        rows += batch.len() as u64;
    }
    let file = match file {
        Some(file) => file,
        None => TradesFile::create(path, FileSpec { layout, grid, ids: true, trade_ids: true })?,
    };
    file.seal(path, |_, _| Vec::new())?.commit()?;
    Ok(rows)
}
