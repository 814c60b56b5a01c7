//! Trades as plain columns: what readers produce and the tape takes.

use crate::error::{CoreError, Result};

/// Columns of trades on one grid, in order. All present columns have the same length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TradeBatch {
    /// Aggregated trade ids; `None` where the source has none.
    pub agg_id: Option<Vec<i64>>,
    /// UTC milliseconds.
    pub time_ms: Vec<i64>,
    /// Prices in ticks, > 0.
    pub price: Vec<i64>,
    /// Quantities in lots, > 0.
    pub qty: Vec<i64>,
    /// True where the taker sold.
    pub is_buyer_maker: Vec<bool>,
    /// First and last underlying trade ids; `None` where the source has none.
    pub first_last_id: Option<(Vec<i64>, Vec<i64>)>,
}

impl TradeBatch {
    /// Number of trades.
    pub fn len(&self) -> usize {
        self.time_ms.len()
    }

    /// True without trades.
    pub fn is_empty(&self) -> bool {
        self.time_ms.is_empty()
    }

    /// Fails when columns differ in length, naming the column.
    pub fn check_lengths(&self) -> Result<()> {
        let n = self.len();
        let optional = |column: Option<&Vec<i64>>| column.map_or(n, Vec::len);
        for (name, length) in [
            ("price", self.price.len()),
            ("qty", self.qty.len()),
            ("is_buyer_maker", self.is_buyer_maker.len()),
            ("agg_id", optional(self.agg_id.as_ref())),
            ("first_id", optional(self.first_last_id.as_ref().map(|ids| &ids.0))),
            ("last_id", optional(self.first_last_id.as_ref().map(|ids| &ids.1))),
        ] {
            if length != n {
                return Err(CoreError::input(format!("column {name} has {length} rows, time_ms has {n}")));
            }
        }
        Ok(())
    }
}
