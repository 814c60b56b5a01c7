//! Features of the tape at an evaluation time.

mod candle;
mod engine;
mod percentile;
mod row;
mod scan;
mod tail;

pub use engine::{FeatureConfig, FeatureEngine, Step};
pub use row::{FeatureRow, Indicators, MAX_WINDOWS, WINDOW_NAMES, Window};
