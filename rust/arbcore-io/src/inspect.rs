//! What is in a stream of trades: span, ids, gaps, silences, hours.

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::Grid;
use arbcore_core::table::{Column, Table};
use arbcore_core::types::HOUR_MS;

/// Gaps listed one by one; later ones are only counted.
const GAPS_LISTED: usize = 10_000;
/// Longest silences listed.
const SILENCES_LISTED: usize = 10;

/// Looks at trades as they pass.
#[derive(Debug, Clone)]
pub struct Inspector {
    grid: Grid,
    /// Trades seen.
    pub trades: u64,
    /// Time of the first trade.
    pub first_ms: i64,
    /// Highest time.
    pub last_ms: i64,
    /// First and highest id, where there are ids.
    pub ids: Option<(i64, i64)>,
    /// Trades without an id, where others have one, or where none has.
    pub without_id: u64,
    /// Holes in the ids.
    pub gaps: u64,
    /// Ids in those holes.
    pub missing: u64,
    /// Ids not above the highest before them.
    pub out_of_order: u64,
    /// Times below the highest before them.
    pub backwards: u64,
    holes: Vec<Hole>,
    silences: Vec<(i64, i64)>,
    hours: Vec<Hour>,
}

#[derive(Debug, Clone, Copy)]
struct Hole {
    first: i64,
    last: i64,
    before_ms: i64,
    after_ms: i64,
}

#[derive(Debug, Clone, Copy)]
struct Hour {
    start_ms: i64,
    trades: i64,
    buy_lots: i128,
    sell_lots: i128,
    open: i64,
    high: i64,
    low: i64,
    close: i64,
    missing: i64,
    longest_silence_ms: i64,
}

impl Inspector {
    /// Starts with nothing seen.
    pub fn new(grid: Grid) -> Self {
        Self {
            grid,
            trades: 0,
            first_ms: 0,
            last_ms: 0,
            ids: None,
            without_id: 0,
            gaps: 0,
            missing: 0,
            out_of_order: 0,
            backwards: 0,
            holes: Vec::new(),
            silences: Vec::new(),
            hours: Vec::new(),
        }
    }

    /// Looks at the next trades.
    pub fn push(&mut self, batch: &TradeBatch) {
        for row in 0..batch.len() {
            let before_ms = self.last_ms;
            let time = batch.time_ms[row];
            if self.trades == 0 {
                self.first_ms = time;
                self.last_ms = time;
            } else if time < before_ms {
                self.backwards += 1;
            } else {
                self.last_ms = time;
                self.note_silence(before_ms, time);
            }
            let missing = if let Some(ids) = &batch.agg_id {
                self.note_id(ids[row], if self.trades == 0 { time } else { before_ms })
            } else {
                self.without_id += 1;
                0
            };
            let silence = if self.trades == 0 { 0 } else { self.last_ms - before_ms };
            self.note_hour(batch, row, missing, silence);
            self.trades += 1;
        }
    }

    fn note_id(&mut self, id: i64, before_ms: i64) -> u64 {
        let Some((_, highest)) = &mut self.ids else {
            self.ids = Some((id, id));
            return 0;
        };
        if id <= *highest {
            self.out_of_order += 1;
            return 0;
        }
        let skipped = id.wrapping_sub(*highest) as u64 - 1;
        if skipped > 0 {
            if self.holes.len() < GAPS_LISTED {
                self.holes.push(Hole { first: *highest + 1, last: id - 1, before_ms, after_ms: self.last_ms });
            }
            self.gaps += 1;
            self.missing = self.missing.saturating_add(skipped);
        }
        *highest = id;
        skipped
    }

    fn note_silence(&mut self, from: i64, to: i64) {
        let full = self.silences.len() == SILENCES_LISTED;
        if to == from || (full && self.silences.last().is_some_and(|&(a, b)| b - a >= to - from)) {
            return;
        }
        // Longest first; of equal ones the earlier first.
        let at = self.silences.partition_point(|&(a, b)| b - a >= to - from);
        self.silences.insert(at, (from, to));
        self.silences.truncate(SILENCES_LISTED);
    }

    fn note_hour(&mut self, batch: &TradeBatch, row: usize, missing: u64, silence_ms: i64) {
        let start_ms = self.last_ms.div_euclid(HOUR_MS) * HOUR_MS;
        let price = batch.price[row];
        if self.hours.last().is_none_or(|hour| hour.start_ms != start_ms) {
            self.hours.push(Hour {
                start_ms,
                trades: 0,
                buy_lots: 0,
                sell_lots: 0,
                open: price,
                high: price,
                low: price,
                close: price,
                missing: 0,
                longest_silence_ms: 0,
            });
        }
        let Some(hour) = self.hours.last_mut() else { return };
        hour.trades += 1;
        let lots = i128::from(batch.qty[row]);
        if batch.is_buyer_maker[row] {
            hour.sell_lots += lots;
        } else {
            hour.buy_lots += lots;
        }
        hour.high = hour.high.max(price);
        hour.low = hour.low.min(price);
        hour.close = price;
        hour.missing = hour.missing.saturating_add_unsigned(missing);
        hour.longest_silence_ms = hour.longest_silence_ms.max(silence_ms);
    }

    /// `first_id, last_id, missing, before_ms, after_ms` of each hole, the first ten thousand.
    pub fn gap_table(&self) -> Table {
        let column = |get: fn(&Hole) -> i64| Column::I64(self.holes.iter().map(get).collect());
        let mut table = Table::default();
        table.push("first_id", column(|hole| hole.first));
        table.push("last_id", column(|hole| hole.last));
        table.push("missing", column(|hole| hole.last - hole.first + 1));
        table.push("before_ms", column(|hole| hole.before_ms));
        table.push("after_ms", column(|hole| hole.after_ms));
        table
    }

    /// `from_ms, to_ms, silence_ms` of the ten longest silences, longest first.
    pub fn silence_table(&self) -> Table {
        let column = |get: fn(&(i64, i64)) -> i64| Column::I64(self.silences.iter().map(get).collect());
        let mut table = Table::default();
        table.push("from_ms", column(|&(from, _)| from));
        table.push("to_ms", column(|&(_, to)| to));
        table.push("silence_ms", column(|&(from, to)| to - from));
        table
    }

    /// One row an hour with trades. A silence and a gap count in the hour in which they end.
    pub fn hour_table(&self) -> Table {
        let integers = |get: fn(&Hour) -> i64| Column::I64(self.hours.iter().map(get).collect());
        let power = i128::from(arbcore_core::grid::POW10[self.grid.qty_decimals as usize]);
        let volumes = |get: fn(&Hour) -> i128| {
            Column::F64(self.hours.iter().map(|hour| arbcore_core::grid::ratio(get(hour), power)).collect())
        };
        let prices =
            |get: fn(&Hour) -> i64| Column::F64(self.hours.iter().map(|hour| self.grid.price(get(hour))).collect());
        let mut table = Table::default();
        table.push("hour_ms", integers(|hour| hour.start_ms));
        table.push("trades", integers(|hour| hour.trades));
        table.push("buy_volume", volumes(|hour| hour.buy_lots));
        table.push("sell_volume", volumes(|hour| hour.sell_lots));
        table.push("open", prices(|hour| hour.open));
        table.push("high", prices(|hour| hour.high));
        table.push("low", prices(|hour| hour.low));
        table.push("close", prices(|hour| hour.close));
        table.push("missing_ids", integers(|hour| hour.missing));
        table.push("longest_silence_ms", integers(|hour| hour.longest_silence_ms));
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_silences_and_hours_are_found_in_any_pieces() {
        let batch = TradeBatch {
            agg_id: Some(vec![10, 11, 15, 14, 16]),
            time_ms: vec![HOUR_MS - 1_000, HOUR_MS - 1_000, HOUR_MS + 500, HOUR_MS + 400, HOUR_MS + 600],
            price: vec![100, 105, 95, 101, 102],
            qty: vec![1, 2, 3, 4, 5],
            is_buyer_maker: vec![false, true, false, true, true],
            first_last_id: None,
        };
        let grid = Grid { price_decimals: 1, qty_decimals: 0 };
        let mut inspector = Inspector::new(grid);
        inspector.push(&batch);
        assert_eq!((inspector.trades, inspector.first_ms, inspector.last_ms), (5, HOUR_MS - 1_000, HOUR_MS + 600));
        assert_eq!((inspector.ids, inspector.gaps, inspector.missing), (Some((10, 16)), 1, 3));
        assert_eq!((inspector.out_of_order, inspector.backwards, inspector.without_id), (1, 1, 0));
        let column = |table: &Table, name: &str| {
            let (_, column) = table.columns.iter().find(|(known, _)| known == name).unwrap();
            column.clone()
        };
        let gaps = inspector.gap_table();
        assert_eq!(column(&gaps, "first_id"), Column::I64(vec![12]));
        assert_eq!(column(&gaps, "last_id"), Column::I64(vec![14]));
        assert_eq!(column(&gaps, "before_ms"), Column::I64(vec![HOUR_MS - 1_000]));
        assert_eq!(column(&gaps, "after_ms"), Column::I64(vec![HOUR_MS + 500]));
        assert_eq!(column(&inspector.silence_table(), "silence_ms"), Column::I64(vec![1_500, 100]));
        let hours = inspector.hour_table();
        assert_eq!(column(&hours, "hour_ms"), Column::I64(vec![0, HOUR_MS]));
        assert_eq!(column(&hours, "trades"), Column::I64(vec![2, 3]));
        assert_eq!(column(&hours, "buy_volume"), Column::F64(vec![1.0, 3.0]));
        assert_eq!(column(&hours, "sell_volume"), Column::F64(vec![2.0, 9.0]));
        assert_eq!(column(&hours, "high"), Column::F64(vec![10.5, 10.2]));
        assert_eq!(column(&hours, "low"), Column::F64(vec![10.0, 9.5]));
        assert_eq!(column(&hours, "missing_ids"), Column::I64(vec![0, 3]));
        assert_eq!(column(&hours, "longest_silence_ms"), Column::I64(vec![0, 1_500]));
    }
}
