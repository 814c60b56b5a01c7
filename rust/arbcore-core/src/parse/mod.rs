//! Exact readers of what exchanges publish: decimal text, CSV dumps, JSON frames.
//!
//! Everything here is a function of bytes. Each format has a careful reader, which also names what is wrong, and a
//! fast one, which takes only what it is sure of and leaves the rest to the careful one.

#![expect(clippy::inline_always, reason = "the readers' inner steps: measured, each call costs as much as its work")]
#![expect(clippy::needless_bitwise_bool, reason = "data decides these at random; a branch for each would mispredict")]

mod bad;
pub mod csv;
pub mod decimal;
mod fast;
pub mod frames;
pub mod json;
mod json_fast;
mod json_places;
mod json_template;
mod layout;
mod row;
pub mod scan;
mod swar;

pub use bad::BadRows;
pub use layout::{Layout, TimeUnit};
