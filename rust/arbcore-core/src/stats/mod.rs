//! Equity and statistics of one strategy's run.

mod breakdown;
mod equity;
mod statistics;

pub use breakdown::{Breakdown, BreakdownRow, TradeGroup, breakdown};
pub use equity::EquityCurve;
pub use statistics::{Activity, Statistics};
