//! Python bindings of arbcore: buffers, releasing the GIL, error mapping, nothing else.
use pyo3::prelude::*;

mod config;
mod errors;

/// The compiled core of arbcore.
#[pymodule]
mod _arbcore {
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::config::register(module)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
