//! Python bindings of arbcore: buffers, releasing the GIL, error mapping, nothing else.
use pyo3::prelude::*;

<<<<<<< HEAD
mod arrow;
mod errors;
mod table;
=======
mod config;
mod errors;
>>>>>>> refs/heads/strategy

/// The compiled core of arbcore.
#[pymodule]
mod _arbcore {
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
<<<<<<< HEAD
        crate::table::register(module)?;
=======
        crate::config::register(module)?;
>>>>>>> refs/heads/strategy
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
