//! Reading and writing trades.

pub mod archive;
pub mod dump;
pub mod samples;
pub mod staged;
pub mod table;
