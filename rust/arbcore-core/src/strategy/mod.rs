//! Strategies: configuration, presets, gates and scores.

pub mod book;
pub mod cascade;
pub mod config;
pub mod decision;
pub mod fields;
mod flow;
mod gates;
mod points;
pub mod presets;
pub mod regime;
pub mod score;
pub mod sources;
pub mod symbol;
mod validate;

pub use book::StrategyBook;
pub use cascade::CascadeDetector;
pub use config::{DirectionFilter, Model, OnMissing, Profile, StrategyConfig, Track};
pub use decision::{Decision, Layers, Missing, Reason, Rule, Tier};
pub use presets::{preset, preset_names, preset_symbol};
pub use regime::{Regime, regime};
pub use score::{layers, score};
pub use sources::{Sources, absent_sources, disable_gates_without, highest_total};
pub use symbol::{SymbolDefaults, symbol_defaults};
