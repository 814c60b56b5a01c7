//! Reading and writing trades.

pub mod archive;
pub mod staged;
pub mod table;
