//! The one place where errors of the core become Python exceptions of `arbcore.errors`.

use arbcore_core::CoreError;
use pyo3::prelude::*;

pyo3::import_exception!(arbcore.errors, ConfigError);
pyo3::import_exception!(arbcore.errors, InputError);
pyo3::import_exception!(arbcore.errors, InsufficientDataError);
pyo3::import_exception!(arbcore.errors, InternalError);
pyo3::import_exception!(arbcore.errors, StoreError);

/// A core error on its way to Python.
#[derive(Debug)]
pub struct Raised(pub CoreError);

impl From<CoreError> for Raised {
    fn from(error: CoreError) -> Self {
        Self(error)
    }
}

impl From<Raised> for PyErr {
    fn from(Raised(error): Raised) -> Self {
        let message = error.to_string();
        match error {
            CoreError::Input(_) => InputError::new_err(message),
            CoreError::Config(_) => ConfigError::new_err(message),
            CoreError::InsufficientData(_) => InsufficientDataError::new_err(message),
            CoreError::Store(_) => StoreError::new_err(message),
            CoreError::Internal(_) => InternalError::new_err(message),
        }
    }
}

/// Shorthand for `result.map_err(Raised)?` chains that end in Python.
pub trait OrRaise<T> {
    /// The value, or the Python exception of the error.
    fn or_raise(self) -> PyResult<T>;
}

impl<T> OrRaise<T> for arbcore_core::Result<T> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(|error| Raised(error).into())
    }
}

/// Runs `work`, turning a panic into [`InternalError`]: no panic of ours reaches a user as one.
pub fn guard<T>(work: impl FnOnce() -> arbcore_core::Result<T>) -> arbcore_core::Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let text = payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "unknown panic".to_owned());
        Err(CoreError::Internal(format!("internal error, please report it: {text}")))
    })
}
