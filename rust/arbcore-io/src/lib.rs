//! Reading and writing trades.

pub mod dump;
