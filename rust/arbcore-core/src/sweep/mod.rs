//! Many configurations over the same features and trades.
