//! Columns in from Python, tables out to it, through the Arrow C interface and Python buffers.
//!
//! All code here that is `unsafe` is about memory that another library owns: each block says by whose promise it
//! stands.

mod column;
mod export;
mod ffi;
mod import;
mod trades;

use std::sync::Arc;

use arbcore_core::table::Table;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

#[allow(unused_imports, reason = "each binding takes those it needs")]
pub use column::{FloatSlice, IntSlice, column_bool, column_f64, column_i64, column_text};
pub use trades::{decimals_of_frame, trades_from_frame};

/// The table as an Arrow stream, for `__arrow_c_stream__`.
pub fn stream_capsule(py: Python<'_>, table: Arc<Table>) -> PyResult<Bound<'_, PyCapsule>> {
    // Dropped with the capsule; a consumer moves it out and leaves a released one.
    PyCapsule::new_with_value(py, export::stream(table), c"arrow_array_stream")
}

/// The type of the table, for `__arrow_c_schema__`.
pub fn schema_capsule<'py>(py: Python<'py>, table: &Table) -> PyResult<Bound<'py, PyCapsule>> {
    PyCapsule::new_with_value(py, export::schema(table), c"arrow_schema")
}
