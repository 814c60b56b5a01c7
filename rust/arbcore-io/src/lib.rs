//! Reading and writing trades.

pub mod archive;
pub mod dump;
pub mod inspect;
pub mod samples;
pub mod source;
pub mod staged;
pub mod table;
