//! Indicator files: rows of (time_ms, available_ms, symbol, name, value), Parquet or CSV.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use arbcore_core::sample::{Sample, SampleKind};
use arbcore_core::{CoreError, Result};
use parquet::basic::Type as Physical;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::{ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};

/// Columns of an indicator file.
pub const COLUMNS: [&str; 5] = ["time_ms", "available_ms", "symbol", "name", "value"];

/// Reads the samples of `symbol`, ordered by `available_ms` (rows of one instant keep their order).
///
/// # Errors
/// A missing column, an unknown name, a value out of its range, `available_ms` before `time_ms`: file, row, column.
pub fn read_samples(path: &Path, symbol: &str) -> Result<Vec<Sample>> {
    let name = path.display().to_string();
    let mut rows = Rows { file: &name, symbol, row: 0, samples: Vec::new() };
    let is_parquet = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"));
    if is_parquet {
        read_parquet(path, &mut rows)?;
    } else {
        read_csv(path, &mut rows)?;
    }
    let mut samples = rows.samples;
    samples.sort_by_key(|sample| sample.available_ms);
    Ok(samples)
}

/// Rows taken so far.
struct Rows<'a> {
    file: &'a str,
    symbol: &'a str,
    row: usize,
    samples: Vec<Sample>,
}

impl Rows<'_> {
    fn bad(&self, column: &str, value: impl std::fmt::Display, reason: &str) -> CoreError {
        CoreError::Store(format!("{}: row {}: {column} = {value}: {reason}", self.file, self.row))
    }

    fn push(&mut self, time_ms: i64, available_ms: i64, symbol: &str, name: &str, value: f64) -> Result<()> {
        self.row += 1;
        if symbol != self.symbol {
            return Ok(());
        }
        let kind =
            SampleKind::parse(name).map_err(|e| CoreError::Store(format!("{}: row {}: {e}", self.file, self.row)))?;
        if available_ms < time_ms {
            return Err(self.bad("available_ms", available_ms, &format!("must not lie before time_ms = {time_ms}")));
        }
        if let Some(reason) = kind.refuse(value) {
            return Err(self.bad(name, value, reason));
        }
        self.samples.push(Sample { time_ms, available_ms, kind, value });
        Ok(())
    }
}

fn read_csv(path: &Path, rows: &mut Rows<'_>) -> Result<()> {
    let failed = |e: std::io::Error| CoreError::Store(format!("{}: cannot read: {e}", path.display()));
    let mut lines = BufReader::new(File::open(path).map_err(failed)?).lines();
    let header = lines.next().transpose().map_err(failed)?.unwrap_or_default();
    let names: Vec<&str> = header.split(',').map(str::trim).collect();
    let mut places = [0; COLUMNS.len()];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        *place = names.iter().position(|name| *name == column).ok_or_else(|| missing(path, column, &header))?;
    }
    for line in lines {
        let line = line.map_err(failed)?;
        if line.trim().is_empty() {
            continue;
        }
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let field = |i: usize| fields.get(places[i]).copied().unwrap_or("");
        let row = rows.row + 1;
        let number = |i: usize| {
            field(i).parse::<i64>().map_err(|_| {
                CoreError::Store(format!(
                    "{}: row {row}: {} = {:?}: must be an integer",
                    rows.file,
                    COLUMNS[i],
                    field(i)
                ))
            })
        };
        let (time_ms, available_ms) = (number(0)?, number(1)?);
        let value = field(4).parse::<f64>().map_err(|_| {
            CoreError::Store(format!("{}: row {row}: value = {:?}: must be a number", rows.file, field(4)))
        })?;
        rows.push(time_ms, available_ms, field(2), field(3), value)?;
    }
    Ok(())
}

fn missing(path: &Path, column: &str, found: &str) -> CoreError {
    let all = COLUMNS.join(", ");
    CoreError::Store(format!("{}: no column {column}: must have {all}; it has {found}", path.display()))
}

fn read_parquet(path: &Path, rows: &mut Rows<'_>) -> Result<()> {
    let failed = |e: &dyn std::fmt::Display| CoreError::Store(format!("{}: cannot read: {e}", path.display()));
    let file = File::open(path).map_err(|e| failed(&e))?;
    let reader = SerializedFileReader::new(file).map_err(|e| failed(&e))?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let names: Vec<String> = schema.columns().iter().map(|column| column.name().to_owned()).collect();
    let mut places = [0; COLUMNS.len()];
    let types = [Physical::INT64, Physical::INT64, Physical::BYTE_ARRAY, Physical::BYTE_ARRAY, Physical::DOUBLE];
    for ((place, column), expected) in places.iter_mut().zip(COLUMNS).zip(types) {
        *place =
            names.iter().position(|name| name == column).ok_or_else(|| missing(path, column, &names.join(", ")))?;
        let found = schema.column(*place).physical_type();
        if found != expected {
            return Err(failed(&format!("column {column} is {found}, must be {expected}")));
        }
    }
    for index in 0..reader.num_row_groups() {
        let group = reader.get_row_group(index).map_err(|e| failed(&e))?;
        let group = group.as_ref();
        let times = whole::<Int64Type>(group, places[0]).map_err(|e| failed(&e))?;
        let available = whole::<Int64Type>(group, places[1]).map_err(|e| failed(&e))?;
        let symbols = whole::<ByteArrayType>(group, places[2]).map_err(|e| failed(&e))?;
        let kinds = whole::<ByteArrayType>(group, places[3]).map_err(|e| failed(&e))?;
        let values = whole::<DoubleType>(group, places[4]).map_err(|e| failed(&e))?;
        let n = times.len();
        for (column, length) in COLUMNS.iter().zip([n, available.len(), symbols.len(), kinds.len(), values.len()]) {
            if length != n || n as i64 != group.metadata().num_rows() {
                return Err(failed(&format!("column {column} has nulls: every row must be complete")));
            }
        }
        for i in 0..n {
            let symbol = symbols[i].as_utf8().map_err(|e| failed(&e))?;
            let kind = kinds[i].as_utf8().map_err(|e| failed(&e))?;
            rows.push(times[i], available[i], symbol, kind, values[i])?;
        }
    }
    Ok(())
}

/// All values of a column that are not null.
fn whole<T: DataType>(group: &dyn RowGroupReader, place: usize) -> parquet::errors::Result<Vec<T::T>> {
    let reader: ColumnReader = group.get_column_reader(place)?;
    let mut reader: ColumnReaderImpl<T> = get_typed_column_reader(reader);
    let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
    let (mut values, mut levels) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    let mut read = 0;
    while read < rows {
        let (records, _, _) = reader.read_records(rows - read, Some(&mut levels), None, &mut values)?;
        if records == 0 {
            break;
        }
        read += records;
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> Result<Vec<Sample>> {
        let path = std::env::temp_dir().join(format!("arbcore-samples-{}-{}.csv", std::process::id(), text.len()));
        std::fs::write(&path, text).unwrap();
        let read = read_samples(&path, "BTCUSDT");
        std::fs::remove_file(&path).unwrap();
        read
    }

    #[test]
    fn rows_of_the_symbol_come_in_order_of_availability() {
        let text = "symbol,name,value,time_ms,available_ms\n\
                    BTCUSDT,obi_10,0.5,20,30\nETHUSDT,obi_10,9,1,1\nBTCUSDT,mark_price,100.5,10,12\n";
        let read = csv(text).unwrap();
        let short: Vec<_> = read.iter().map(|s| (s.available_ms, s.kind.name(), s.value)).collect();
        assert_eq!(short, [(12, "mark_price", 100.5), (30, "obi_10", 0.5)]);
    }

    #[test]
    fn a_bad_row_is_named_with_its_reason() {
        let header = "time_ms,available_ms,symbol,name,value\n";
        for (row, expected) in [
            ("5,6,BTCUSDT,obi,0.5", "row 1: indicator name = \"obi\": must be one of"),
            ("5,6,BTCUSDT,obi_10,1.5", "row 1: obi_10 = 1.5: must be between -1 and 1"),
            ("5,4,BTCUSDT,obi_10,0.5", "row 1: available_ms = 4: must not lie before time_ms = 5"),
            ("x,4,BTCUSDT,obi_10,0.5", "row 1: time_ms = \"x\": must be an integer"),
        ] {
            let message = csv(&format!("{header}{row}\n")).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        assert!(csv("a,b\n").unwrap_err().to_string().contains("no column time_ms"));
    }
}
