//! Day files to batches of trades, one after the other.

use std::fs::File;
use std::sync::Arc;

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::{Grid, POW10};
use arbcore_core::{CoreError, Result};
use parquet::column::reader::{ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::{BoolType, DataType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::statistics::Statistics;

use super::format::{DayMeta, Field, GroupSums, Layout, damaged, guarded, open_parquet};
use super::locate::DayFile;
use super::reader::ReadSpec;
use super::writer::wrapping_sum;
use crate::source::Window;

type Integers = ColumnReaderImpl<Int64Type>;

/// Decodes the files of a plan in order.
pub(super) struct Decoder {
    files: Arc<[DayFile]>,
    next_file: usize,
    grid: Grid,
    spec: ReadSpec,
    open: Option<OpenFile>,
    window: Window,
}

struct OpenFile {
    file: usize,
    reader: SerializedFileReader<File>,
    next_group: usize,
    group: Option<Group>,
}

/// A row group in the middle of being read.
struct Group {
    index: usize,
    rows_left: usize,
    time: Integers,
    price: Integers,
    qty: Integers,
    side: ColumnReaderImpl<BoolType>,
    ids: Ids,
    trade_ids: Option<(Integers, Integers)>,
    sums: GroupSums,
}

enum Ids {
    None,
    /// Consecutive, as the file's statistics prove: counted instead of decoded.
    Counted(i64),
    Stored(Box<Integers>),
}

impl Decoder {
    pub fn new(files: Arc<[DayFile]>, grid: Grid, spec: ReadSpec) -> Result<Self> {
        let window = Window::new(spec.start_ms, spec.end_ms)?;
        Ok(Self { files, next_file: 0, grid, spec, open: None, window })
    }

    /// The next batch within the range; never an empty one.
    pub fn next_batch(&mut self) -> Result<Option<TradeBatch>> {
        while !self.window.ended() {
            let Some(open) = &mut self.open else {
                if self.next_file == self.files.len() {
                    break;
                }
                let reader = open_parquet(&self.files[self.next_file].path)?;
                self.open = Some(OpenFile { file: self.next_file, reader, next_group: 0, group: None });
                self.next_file += 1;
                continue;
            };
            let file = &self.files[open.file];
            if open.group.is_none() {
                if open.next_group == open.reader.metadata().num_row_groups() {
                    self.open = None;
                    continue;
                }
                let index = open.next_group;
                open.next_group += 1;
                if open.last_ms(index).is_some_and(|last| self.window.skips_to(last)) {
                    continue;
                }
                open.group = Some(guarded(&file.path, || Group::open(&open.reader, index, &file.meta, &self.spec))?);
            }
            let Some(group) = &mut open.group else { continue };
            let rows = group.rows_left.min(self.spec.batch_rows);
            let mut batch = guarded(&file.path, || group.read(rows, self.spec.trade_ids))?;
            if group.rows_left == 0 {
                group.verify(file)?;
                open.group = None;
            }
            rescale(&mut batch, file, self.grid)?;
            self.window.cut(&mut batch);
            if !batch.is_empty() {
                return Ok(Some(batch));
            }
        }
        self.open = None;
        Ok(None)
    }
}

impl OpenFile {
    /// The highest time of a row group, from its statistics.
    fn last_ms(&self, group: usize) -> Option<i64> {
        let metadata = self.reader.metadata();
        let time = Layout::Archive.name(Field::Time);
        let column = metadata.row_group(group).columns().iter().find(|column| column.column_path().string() == time);
        column.and_then(|column| bounds(column.statistics()?)).map(|(_, last)| last)
    }
}

fn bounds(statistics: &Statistics) -> Option<(i64, i64)> {
    match statistics {
        Statistics::Int64(values) => Some((*values.min_opt()?, *values.max_opt()?)),
        _ => None,
    }
}

impl Group {
    fn open(
        reader: &SerializedFileReader<File>,
        index: usize,
        meta: &DayMeta,
        spec: &ReadSpec,
    ) -> parquet::errors::Result<Self> {
        let fields = Layout::Archive.fields(meta.ids.is_some(), meta.has_trade_ids);
        let group = reader.get_row_group(index)?;
        let place = |field: Field| {
            fields.iter().position(|&f| f == field).ok_or_else(|| ParquetError::General("a column is missing".into()))
        };
        let integers = |field: Field| -> parquet::errors::Result<Integers> {
            Ok(get_typed_column_reader::<Int64Type>(group.get_column_reader(place(field)?)?))
        };
        let rows = group.metadata().num_rows();
        let ids = if spec.ids && meta.ids.is_some() {
            match group.metadata().column(place(Field::Id)?).statistics().and_then(bounds) {
                // Ids rise strictly, so a span as long as the group has no hole.
                Some((first, last)) if last.checked_sub(first) == Some(rows - 1) => Ids::Counted(first),
                _ => Ids::Stored(Box::new(integers(Field::Id)?)),
            }
        } else {
            Ids::None
        };
        let trade_ids = if spec.trade_ids && meta.has_trade_ids {
            Some((integers(Field::FirstTradeId)?, integers(Field::LastTradeId)?))
        } else {
            None
        };
        Ok(Self {
            index,
            rows_left: rows as usize,
            time: integers(Field::Time)?,
            price: integers(Field::Price)?,
            qty: integers(Field::Qty)?,
            side: get_typed_column_reader::<BoolType>(group.get_column_reader(place(Field::Side)?)?),
            ids,
            trade_ids,
            sums: GroupSums::default(),
        })
    }

    fn read(&mut self, rows: usize, trade_ids: bool) -> parquet::errors::Result<TradeBatch> {
        let time_ms = take(&mut self.time, rows)?;
        let price = take(&mut self.price, rows)?;
        let qty = take(&mut self.qty, rows)?;
        let is_buyer_maker = take(&mut self.side, rows)?;
        let agg_id = match &mut self.ids {
            Ids::None => None,
            Ids::Counted(next) => {
                let from = *next;
                *next += rows as i64;
                Some((from..*next).collect())
            }
            Ids::Stored(reader) => Some(take(reader, rows)?),
        };
        let first_last_id = match &mut self.trade_ids {
            Some((first, last)) if trade_ids => Some((take(first, rows)?, take(last, rows)?)),
            _ => None,
        };
        self.rows_left -= rows;
        let sums = &mut self.sums;
        sums.time = sums.time.wrapping_add(wrapping_sum(&time_ms));
        sums.price = sums.price.wrapping_add(wrapping_sum(&price));
        sums.qty = sums.qty.wrapping_add(wrapping_sum(&qty));
        sums.sells += is_buyer_maker.iter().map(|&sell| u64::from(sell)).sum::<u64>();
        sums.ids = sums.ids.wrapping_add(agg_id.as_deref().map_or(0, wrapping_sum));
        if let Some((first, last)) = &first_last_id {
            sums.trade_ids = sums.trade_ids.wrapping_add(wrapping_sum(first)).wrapping_add(wrapping_sum(last));
        }
        Ok(TradeBatch { agg_id, time_ms, price, qty, is_buyer_maker, first_last_id })
    }

    /// Compares what was read with what was written.
    fn verify(&self, file: &DayFile) -> Result<()> {
        let written = file.meta.sums.get(self.index).copied().unwrap_or_default();
        let read = &self.sums;
        let with_ids = !matches!(self.ids, Ids::None);
        for (column, same) in [
            ("time_ms", written.time == read.time),
            ("price", written.price == read.price),
            ("qty", written.qty == read.qty),
            ("is_buyer_maker", written.sells == read.sells),
            ("agg_id", !with_ids || written.ids == read.ids),
            ("first_trade_id or last_trade_id", self.trade_ids.is_none() || written.trade_ids == read.trade_ids),
        ] {
            if !same {
                return Err(damaged(&file.path, &format!("row group {}: the sum of {column} is wrong", self.index)));
            }
        }
        Ok(())
    }
}

fn take<T: DataType>(reader: &mut ColumnReaderImpl<T>, rows: usize) -> parquet::errors::Result<Vec<T::T>> {
    let mut values = Vec::with_capacity(rows);
    let (records, _, _) = reader.read_records(rows, None, None, &mut values)?;
    if records != rows || values.len() != rows {
        return Err(ParquetError::EOF(format!("a column ends {} rows early", rows - records.min(rows))));
    }
    Ok(values)
}

/// Brings a file's prices and quantities onto the grid asked for, exactly or not at all.
fn rescale(batch: &mut TradeBatch, file: &DayFile, grid: Grid) -> Result<()> {
    for (name, values, from, to) in [
        ("price", &mut batch.price, file.meta.grid.price_decimals, grid.price_decimals),
        ("qty", &mut batch.qty, file.meta.grid.qty_decimals, grid.qty_decimals),
    ] {
        if from == to {
            continue;
        }
        let factor = POW10[from.abs_diff(to) as usize];
        for value in values.iter_mut() {
            let scaled =
                if to > from { value.checked_mul(factor) } else { (*value % factor == 0).then_some(*value / factor) };
            let Some(scaled) = scaled else {
                return Err(CoreError::Store(format!(
                    "{}: {name} = {value} × 10^-{from} does not fit a grid of {to} decimals: ask for {from}, or leave \
                     the grid out",
                    file.path.display()
                )));
            };
            *value = scaled;
        }
    }
    Ok(())
}
