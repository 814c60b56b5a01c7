//! Bars and trade statistics by size tier, from the aggregated-trade tape.
//!
//! [`BarBuilder`] takes trades as columns and closes 5-minute [`Bar`]s; [`aggregate`] folds those into longer
//! intervals, and [`bar_table`] and
//! [`tran_stats_table`] (or [`kline_table`], the two joined) turn either into result columns. Sums are integers of the
//! grid throughout; `f64` appears only in the tables.

mod bar;
mod builder;
mod columns;
mod interval;
mod kernel;
mod output;
mod tier;

pub use bar::{Bar, Flow, SideFlow, aggregate};
pub use builder::{BarBuilder, BarOptions};
pub use columns::{CountColumn, LotColumn, TickColumn, TimeColumn, TradeColumns};
pub use interval::Interval;
pub use output::{bar_table, kline_table, tran_stats_table};
pub use tier::TierBounds;
