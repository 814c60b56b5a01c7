//! Result tables as Parquet files that polars, pyarrow and duckdb read as they are.

use std::path::Path;
use std::sync::Arc;

use arbcore_core::table::{Column, Table};
use arbcore_core::{CoreError, Result};
use parquet::basic::{Compression, ConvertedType, Encoding, LogicalType, Repetition, Type as PhysicalType, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnPath, Type};

use crate::staged::StagedFile;

/// Rows in a row group.
const GROUP_ROWS: usize = 1 << 18;

/// Writes a table as zstd Parquet, beside its place and then renamed; `metadata` goes into the footer.
pub fn write_table(table: &Table, path: &Path, metadata: &[(&str, &str)]) -> Result<()> {
    for (name, column) in &table.columns {
        if column.len() != table.rows() {
            return Err(CoreError::Internal(format!(
                "{}: column {name} has {} rows, the first one {}",
                path.display(),
                column.len(),
                table.rows()
            )));
        }
    }
    let failed = |e: ParquetError| CoreError::Store(format!("{}: cannot write: {e}", path.display()));
    let schema = schema(table).map_err(failed)?;
    let properties = properties(table).map_err(failed)?;
    let file = StagedFile::create(path)?;
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema), properties).map_err(failed)?;
    for &(key, value) in metadata {
        writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value.to_owned()));
    }
    for from in (0..table.rows()).step_by(GROUP_ROWS) {
        let to = table.rows().min(from + GROUP_ROWS);
        let mut write = || -> std::result::Result<(), ParquetError> {
            let mut group = writer.next_row_group()?;
            for (name, column) in &table.columns {
                let mut sink =
                    group.next_column()?.ok_or_else(|| ParquetError::General(format!("no place: {name}")))?;
                write_column(&mut sink, column, from, to)?;
                sink.close()?;
            }
            group.close()?;
            Ok(())
        };
        write().map_err(failed)?;
    }
    writer.into_inner().map_err(failed)?.commit()
}

fn schema(table: &Table) -> std::result::Result<Type, ParquetError> {
    let mut fields = Vec::with_capacity(table.columns.len());
    for (name, column) in &table.columns {
        let (physical, repetition) = match column {
            Column::I64(_) => (PhysicalType::INT64, Repetition::REQUIRED),
            Column::OptI64(_) => (PhysicalType::INT64, Repetition::OPTIONAL),
            Column::F64(_) => (PhysicalType::DOUBLE, Repetition::REQUIRED),
            Column::OptF64(_) => (PhysicalType::DOUBLE, Repetition::OPTIONAL),
            Column::Bool(_) => (PhysicalType::BOOLEAN, Repetition::REQUIRED),
            Column::Text { .. } => (PhysicalType::BYTE_ARRAY, Repetition::OPTIONAL),
        };
        let mut field = Type::primitive_type_builder(name, physical).with_repetition(repetition);
        if physical == PhysicalType::BYTE_ARRAY {
            field = field.with_logical_type(Some(LogicalType::String)).with_converted_type(ConvertedType::UTF8);
        }
        fields.push(Arc::new(field.build()?));
    }
    Type::group_type_builder("table").with_fields(fields).build()
}

fn properties(table: &Table) -> std::result::Result<WriterPropertiesPtr, ParquetError> {
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("arbcore ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_offset_index_disabled(true)
        .set_dictionary_enabled(true);
    for (name, column) in &table.columns {
        if matches!(column, Column::I64(_) | Column::OptI64(_)) {
            let path = ColumnPath::from(name.as_str());
            builder = builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    Ok(Arc::new(builder.build()))
}

fn write_column(
    sink: &mut SerializedColumnWriter<'_>,
    column: &Column,
    from: usize,
    to: usize,
) -> std::result::Result<(), ParquetError> {
    match column {
        Column::I64(values) => sink.typed::<Int64Type>().write_batch(&values[from..to], None, None)?,
        Column::F64(values) => sink.typed::<DoubleType>().write_batch(&values[from..to], None, None)?,
        Column::Bool(values) => sink.typed::<BoolType>().write_batch(&values[from..to], None, None)?,
        Column::OptI64(values) => {
            let (present, levels) = split(&values[from..to]);
            sink.typed::<Int64Type>().write_batch(&present, Some(&levels), None)?
        }
        Column::OptF64(values) => {
            let (present, levels) = split(&values[from..to]);
            sink.typed::<DoubleType>().write_batch(&present, Some(&levels), None)?
        }
        Column::Text { codes, dictionary } => {
            let texts: Vec<ByteArray> = dictionary.iter().map(|text| ByteArray::from(text.as_str())).collect();
            let rows: Vec<Option<ByteArray>> =
                codes[from..to].iter().map(|&code| texts.get(code as usize).cloned()).collect();
            let (present, levels) = split(&rows);
            sink.typed::<ByteArrayType>().write_batch(&present, Some(&levels), None)?
        }
    };
    Ok(())
}

/// The values that are there, and for every row whether one is.
fn split<T: Clone>(rows: &[Option<T>]) -> (Vec<T>, Vec<i16>) {
    (rows.iter().flatten().cloned().collect(), rows.iter().map(|row| i16::from(row.is_some())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::testing::scratch;
    use arbcore_core::table::TextBuilder;
    use parquet::file::reader::FileReader;
    use parquet::file::serialized_reader::SerializedFileReader;

    #[test]
    fn every_kind_of_column_comes_back_with_its_nulls() {
        let mut text = TextBuilder::default();
        for value in [Some("stop"), None, Some("tp2"), Some("stop")] {
            text.push(value);
        }
        let mut table = Table::default();
        table.push("i", Column::I64(vec![1, i64::MIN, i64::MAX, 0]));
        table.push("oi", Column::OptI64(vec![None, Some(7), None, Some(-7)]));
        table.push("f", Column::F64(vec![0.1, -0.0, 1e300, f64::INFINITY]));
        table.push("of", Column::OptF64(vec![Some(0.5), None, None, Some(-1.5)]));
        table.push("b", Column::Bool(vec![true, false, true, true]));
        table.push("t", text.finish());
        let path = scratch("table").join("t.parquet");
        write_table(&table, &path, &[("arbcore.kind", "test")]).unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        let rows: Vec<String> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert_eq!(
            rows,
            [
                "{i: 1, oi: null, f: 0.1, of: 0.5, b: true, t: \"stop\"}",
                "{i: -9223372036854775808, oi: 7, f: -0E0, of: null, b: false, t: null}",
                "{i: 9223372036854775807, oi: null, f: 1E300, of: null, b: true, t: \"tp2\"}",
                "{i: 0, oi: -7, f: inf, of: -1.5E0, b: true, t: \"stop\"}",
            ]
        );
        let pairs = reader.metadata().file_metadata().key_value_metadata().unwrap();
        assert!(pairs.iter().any(|pair| pair.key == "arbcore.kind" && pair.value.as_deref() == Some("test")));
    }

    #[test]
    fn an_empty_table_keeps_its_columns_and_a_ragged_one_is_refused() {
        let path = scratch("empty-table").join("t.parquet");
        let mut table = Table::default();
        table.push("a", Column::I64(vec![]));
        table.push("b", Column::Text { codes: vec![], dictionary: vec![] });
        write_table(&table, &path, &[]).unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
        assert_eq!(reader.metadata().file_metadata().schema_descr().num_columns(), 2);
        table.push("c", Column::Bool(vec![true]));
        let error = write_table(&table, &path, &[]).unwrap_err().to_string();
        assert!(error.contains("column c has 1 rows"), "{error}");
    }
}
