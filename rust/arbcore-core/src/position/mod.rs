//! Positions: one machine for replay, sweep, paper and live, and the strategy state around it.

mod machine;
mod record;
mod rules;
mod runner;
mod simulation;
mod ticks;

pub use machine::{Events, Plan, Position};
pub use record::{Status, TradeRecord};
pub use runner::{Outcome, RunResult, Runner};
pub use simulation::{FillModel, Filters, Simulation};
pub use ticks::Triggers;
