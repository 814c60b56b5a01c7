//! Features of the tape at an evaluation time.

mod row;

pub use row::{FeatureRow, Indicators, MAX_WINDOWS, WINDOW_NAMES, Window};
