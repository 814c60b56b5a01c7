//! Result tables of the core as Python sees them.

use std::path::PathBuf;
use std::sync::Arc;

use arbcore_core::table::{Column, Table as CoreTable};
use arbcore_io::table::write_table;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::arrow::{schema_capsule, stream_capsule};
use crate::errors::{OrRaise, guard};

/// Named columns of one length. Any library that reads Arrow streams takes it as it is.
#[pyclass(frozen, module = "arbcore._arbcore")]
pub struct Table {
    inner: Arc<CoreTable>,
}

impl Table {
    /// A table of the core, for Python.
    pub fn new(table: CoreTable) -> Self {
        Self { inner: Arc::new(table) }
    }
}

#[pymethods]
impl Table {
    /// Names of the columns, in order.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.inner.columns.iter().map(|(name, _)| name.clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.inner.rows()
    }

    fn __repr__(&self) -> String {
        format!("Table({} rows: {})", self.inner.rows(), self.columns().join(", "))
    }

    /// The table as an Arrow stream of one batch, integers and floats shared, not copied.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The interface lets a producer ignore the wish for another type.
        let _ = requested_schema;
        stream_capsule(py, Arc::clone(&self.inner))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &self.inner)
    }

    /// The table as a polars DataFrame.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("polars")?.call_method1("DataFrame", (slf,))
    }

    /// The values of one column as a list.
    fn column<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let found = self.inner.columns.iter().find(|(known, _)| known == name);
        let Some((_, column)) = found else {
            return Err(pyo3::exceptions::PyKeyError::new_err(format!(
                "no column {name}; there are {}",
                self.columns().join(", ")
            )));
        };
        match column {
            Column::I64(values) => values.into_pyobject(py),
            Column::OptI64(values) => values.into_pyobject(py),
            Column::F64(values) => values.into_pyobject(py),
            Column::OptF64(values) => values.into_pyobject(py),
            Column::Bool(values) => values.into_pyobject(py),
            Column::Text { codes, dictionary } => {
                let texts: Vec<Option<&str>> =
                    codes.iter().map(|&code| dictionary.get(code as usize).map(String::as_str)).collect();
                texts.into_pyobject(py)
            }
        }
    }

    /// Writes zstd Parquet, beside its place and then renamed; `metadata` goes into the footer.
    #[pyo3(signature = (path, metadata = None))]
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
    fn write_parquet(
        &self,
        py: Python<'_>,
        path: PathBuf,
        metadata: Option<std::collections::BTreeMap<String, String>>,
    ) -> PyResult<()> {
        let metadata = metadata.unwrap_or_default();
        let pairs: Vec<(&str, &str)> = metadata.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        py.detach(|| guard(|| write_table(&self.inner, &path, &pairs))).or_raise()
    }
}

/// Adds this module's classes.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Table>()
}
