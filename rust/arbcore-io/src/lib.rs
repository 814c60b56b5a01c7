//! Reading and writing trades.
