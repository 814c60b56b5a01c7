//! Frames that look like the one before but for their numbers.
//!
//! A stream repeats itself: the same keys in the same order, the same symbol, even the same spaces. What stands between
//! the numbers of one frame is kept, and the next frame only has to agree with it, eight bytes at a time, while its
//! numbers are read. Whatever order of keys a source has, this is the way nearly all its frames take.

use super::decimal::fast_decimal;
use super::fast::{Expected, expected_integer, flag};
use super::json::{Event, careful_frame, milliseconds};
use super::json_fast::string_end;
use super::json_places::{
    AGG_ID, EVENT_TIME, FIRST_ID, IS_BUYER_MAKER, LAST_ID, NORMAL_QTY, PRICE, QTY, Spans, TIME, TRADE_ID,
};
use super::row::Row;
use super::swar;
use crate::grid::Grid;

/// Up to eight bytes that must be there.
#[derive(Debug, Clone, Copy)]
struct Literal {
    word: u64,
    mask: u64,
    length: usize,
}

/// Some literals, then a value and the byte behind it.
#[derive(Debug, Clone, Copy)]
struct Step {
    literals: usize,
    place: usize,
    stop: u8,
}

/// The look of one frame.
#[derive(Debug)]
pub(super) struct Template {
    literals: Vec<Literal>,
    steps: Vec<Step>,
    /// Literals behind the last value.
    tail: usize,
    expected: [Expected; TIME + 1],
    hits: u64,
    misses: u64,
}

impl Template {
    /// Bytes from a frame's start on that must be there.
    pub(super) const WINDOW: usize = 512;

    pub(super) fn new() -> Self {
        Self {
            literals: Vec::new(),
            steps: Vec::new(),
            tail: 0,
            expected: [Expected::default(); TIME + 1],
            hits: 0,
            misses: 0,
        }
    }

    /// Notes a trade that did not look so; true when its look should be learned.
    ///
    /// Only now and then when the looks that were learned before did not repeat.
    #[inline(always)]
    pub(super) fn missed(&mut self) -> bool {
        self.misses += 1;
        self.hits > 0 || self.misses % 64 == 1
    }

    /// Takes the look of `text`, a frame of a wanted trade.
    #[cold]
    pub(super) fn look_at(&mut self, text: &[u8], event: Event, grid_of: &impl Fn(&[u8]) -> Option<Grid>) {
        let mut spans = Spans::default();
        if careful_frame(text, &mut spans, event, grid_of).is_ok() {
            self.learn(text, &spans, event);
        }
    }

    /// Takes the look of `text`, a frame of a wanted trade whose values stand at `spans`.
    pub(super) fn learn(&mut self, text: &[u8], spans: &Spans, event: Event) {
        self.hits = 0;
        self.literals.clear();
        self.steps.clear();
        let mut places: Vec<usize> = match event {
            Event::AggTrade => vec![EVENT_TIME, AGG_ID, PRICE, QTY, FIRST_ID, LAST_ID, TIME, IS_BUYER_MAKER],
            Event::Trade => vec![EVENT_TIME, TRADE_ID, PRICE, QTY, TIME, IS_BUYER_MAKER],
        };
        // In quotes it can be anything without changing what the frame means.
        let (start_of_normal, end_of_normal) = spans[NORMAL_QTY];
        if end_of_normal > 0 && text[start_of_normal - 1] == b'"' {
            places.push(NORMAL_QTY);
        }
        places.sort_unstable_by_key(|&place| spans[place]);
        let mut at = 0;
        for place in places {
            let (from, to) = spans[place];
            let literals = self.add_literals(&text[at..from]);
            self.steps.push(Step { literals, place, stop: text[to] });
            at = to;
        }
        self.tail = self.add_literals(&text[at..]);
    }

    fn add_literals(&mut self, text: &[u8]) -> usize {
        for piece in text.chunks(8) {
            let mask = u64::MAX >> (64 - 8 * piece.len());
            self.literals.push(Literal { word: swar::eight_padded(piece, 0), mask, length: piece.len() });
        }
        text.len().div_ceil(8)
    }

    /// The trade and event time of a frame at `start` that has this look, and its end.
    #[inline(always)]
    pub(super) fn read(&mut self, text: &[u8], start: usize, grid: Grid) -> Option<(Row, i64, usize)> {
        let window: &[u8; Template::WINDOW] = text.get(start..)?.first_chunk()?;
        if self.steps.is_empty() {
            return None;
        }
        let mut row = Row::default();
        let mut event_time = 0;
        let mut literals = self.literals.iter();
        let mut at = 0;
        for &Step { literals: count, place, stop } in &self.steps {
            at = agrees(&mut literals, count, window, at)?;
            at = match place {
                PRICE => {
                    let (value, end) = fast_decimal(window, at, stop, grid.price_decimals)?;
                    row.price = value;
                    end
                }
                QTY => {
                    let (value, end) = fast_decimal(window, at, stop, grid.qty_decimals)?;
                    row.qty = value;
                    end
                }
                IS_BUYER_MAKER => {
                    let (value, end) = flag(window, at)?;
                    // What else counts in CSV, `1` and `True`, is no JSON or no flag.
                    if end == at + 1 || window[at] & 0x20 == 0 {
                        return None;
                    }
                    row.is_buyer_maker = value;
                    end
                }
                NORMAL_QTY => string_end(window, at)?,
                _ => {
                    let (value, end) = expected_integer(self.expected.get_mut(place)?, window, at, stop)?;
                    *match place {
                        EVENT_TIME => &mut event_time,
                        TIME => &mut row.time_ms,
                        FIRST_ID => &mut row.first_id,
                        LAST_ID => &mut row.last_id,
                        _ => &mut row.id,
                    } = value;
                    end
                }
            };
        }
        let end = agrees(&mut literals, self.tail, window, at)?;
        row.time_ms = milliseconds(row.time_ms)?;
        if row.price <= 0 || row.qty <= 0 {
            return None;
        }
        self.hits += 1;
        Some((row, milliseconds(event_time)?, start + end))
    }
}

/// The position behind the next `count` literals, if they stand at `at`.
#[inline(always)]
fn agrees(
    literals: &mut std::slice::Iter<'_, Literal>,
    count: usize,
    window: &[u8; Template::WINDOW],
    mut at: usize,
) -> Option<usize> {
    for _ in 0..count {
        let &Literal { word, mask, length } = literals.next()?;
        if swar::eight_from(window, at)? & mask != word {
            return None;
        }
        at += length;
    }
    Some(at)
}
