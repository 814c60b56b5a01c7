//! Python bindings of arbcore: buffers, releasing the GIL, error mapping, nothing else.
use pyo3::prelude::*;

mod arrow;
mod bars;
mod config;
mod errors;
mod generate;
mod outcome;
mod reader;
mod replay;
mod runs;
mod samples;
mod table;
mod tape;

/// The compiled core of arbcore.
#[pymodule]
mod _arbcore {
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::bars::register(module)?;
        crate::config::register(module)?;
        crate::generate::register(module)?;
        crate::outcome::register(module)?;
        crate::reader::register(module)?;
        crate::replay::register(module)?;
        crate::runs::register(module)?;
        crate::samples::register(module)?;
        crate::table::register(module)?;
        crate::tape::register(module)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
