//! The one error type of the core.

use std::fmt;

/// Result of a core operation.
pub type Result<T> = std::result::Result<T, CoreError>;

/// What can go wrong in the core. Messages name the field, the value and the bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CoreError {
    /// A value that the caller handed in is not acceptable.
    Input(String),
    /// A configuration value is out of its range, or two of them contradict each other.
    Config(String),
    /// There is not enough data for what was asked.
    InsufficientData(String),
    /// A file or stream could not be read or written.
    Store(String),
    /// An invariant of arbcore itself does not hold.
    Internal(String),
}

impl CoreError {
    /// Shorthand for [`CoreError::Input`].
    pub fn input(message: impl Into<String>) -> Self {
        Self::Input(message.into())
    }

    /// Shorthand for [`CoreError::Config`].
    pub fn config(message: impl Into<String>) -> Self {
        Self::Config(message.into())
    }
}

impl fmt::Display for CoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Input(m) | Self::Config(m) | Self::InsufficientData(m) | Self::Store(m) | Self::Internal(m)) = self;
        f.write_str(m)
    }
}

impl std::error::Error for CoreError {}
