//! Strategies: configuration, presets, gates and scores.

pub mod config;
pub mod decision;

pub use config::{DirectionFilter, Model, OnMissing, Profile, StrategyConfig, Track};
pub use decision::{Decision, Layers, Missing, Reason, Rule, Tier};
