//! The heart of arbcore: an integer trade tape, exact features over it, scores, positions, replay.
//!
//! No Python, no I/O, no clock: everything is a pure function of the event stream and the configuration.
//! Definitions and tie-breaks are in `docs/semantics.md`.

#![deny(unsafe_code)]

pub mod bars;
pub mod batch;
pub mod error;
pub mod feature;
pub mod generate;
pub mod grid;
pub mod parse;
pub mod position;
pub mod replay;
pub mod sample;
pub mod stats;
pub mod strategy;
pub mod sweep;
pub mod table;
pub mod tape;
pub mod types;

pub use error::{CoreError, Result};
