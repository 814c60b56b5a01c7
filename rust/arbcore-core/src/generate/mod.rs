//! Seeded, realistic trades with the indicator samples that belong to them.
//!
//! A hidden market moves once a second: volatility, order flow, trend episodes, fast moves. Trades are
//! bursts of taker orders whose rate and side follow it ([`Generator`]); indicator samples are what collectors would
//! have seen of it. Only integer operations and `+ - * / sqrt` of IEEE doubles are used, so that a seed gives the
//! same bytes on every platform.

mod config;
mod indicators;
mod market;
mod math;
mod rng;
mod size;
mod trades;

pub use config::{GeneratorConfig, Strength};
pub use trades::Generator;
