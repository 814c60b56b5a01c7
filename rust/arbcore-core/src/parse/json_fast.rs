//! JSON frames as exchanges send them: flat, without whitespace or escapes, keys in any order.
//!
//! The values are found first and read afterwards, when it is known that they are a wanted trade. Whatever looks
//! unusual is left to the careful reader in [`super::json`].

use super::decimal::{fast_decimal, parse_decimal};
use super::json::{Event, Frame, FrameTrade, milliseconds, underlying};
use super::json_places::{
    AGG_ID, EVENT, EVENT_TIME, FIRST_ID, IS_BUYER_MAKER, KIND, LAST_ID, PLACES, PRICE, QTY, SYMBOL, Spans, TIME,
    TRADE_ID, UNKNOWN, place_of,
};
use super::swar::{self, ZEROS};
use crate::grid::Grid;
use crate::types::Trade;

/// The frame of `text` that starts at `at`, and its end, when it is surely right. Never spans lines.
///
/// `spans` are left where its values stand.
#[inline]
pub(super) fn frame<'a>(
    text: &'a [u8],
    at: usize,
    spans: &mut Spans,
    event: Event,
    grid_of: &impl Fn(&[u8]) -> Option<Grid>,
) -> Option<(Frame<'a>, usize)> {
    spans.fill((0, 0));
    let end = values(text, at, spans)?;
    let value = |place: usize| &text[spans[place].0..spans[place].1];
    if value(EVENT) != event.name().as_bytes() {
        return Some((Frame::OtherEvent, end));
    }
    let number = |place: usize| integer(text, spans[place]);
    let (id, first_last_id) = match event {
        Event::AggTrade => (number(AGG_ID)?, Some((number(FIRST_ID)?, number(LAST_ID)?))),
        Event::Trade => {
            let kind = value(KIND);
            if !kind.is_empty() && kind != b"MARKET" {
                return Some((Frame::OtherEvent, end));
            }
            (number(TRADE_ID)?, None)
        }
    };
    let symbol = value(SYMBOL);
    if symbol.is_empty() {
        return None;
    }
    let Some(grid) = grid_of(symbol) else { return Some((Frame::OtherSymbol, end)) };
    let price = decimal(text, spans[PRICE], grid.price_decimals)?;
    let qty = decimal(text, spans[QTY], grid.qty_decimals)?;
    let is_buyer_maker = match value(IS_BUYER_MAKER) {
        b"true" => true,
        b"false" => false,
        _ => return None,
    };
    let time_ms = milliseconds(number(TIME)?)?;
    let event_time_ms = milliseconds(number(EVENT_TIME)?)?;
    let count = first_last_id.map_or(1, |(first, last)| underlying(first, last));
    let trade = Trade { agg_id: Some(id), time_ms, price, qty, is_buyer_maker, count };
    let found = FrameTrade { symbol, event_time_ms, first_last_id, trade };
    (price > 0 && qty > 0).then_some((Frame::Trade(found), end))
}

/// Finds the values of a flat object, or of the one under `data`; returns the end of the whole.
#[inline(always)]
fn values(text: &[u8], start: usize, spans: &mut Spans) -> Option<usize> {
    const ONE_LETTER: u64 = u64::from_le_bytes(*b"\"\0\":\0\0\0\0");
    const ONE_LETTER_MASK: u64 = 0xffff_00ff;
    if *text.get(start)? != b'{' {
        return None;
    }
    let mut at = start + 1;
    let mut is_combined = false;
    loop {
        let word = swar::eight_padded(text, at);
        let letter = (word >> 8) as u8;
        let place = if word & ONE_LETTER_MASK == ONE_LETTER && letter.is_ascii_alphabetic() {
            at += 4;
            PLACES[usize::from(letter)] as usize
        } else {
            if word as u8 != b'"' {
                return None;
            }
            let end = string_end(text, at + 1)?;
            if *text.get(end + 1)? != b':' {
                return None;
            }
            let key = &text[at + 1..end];
            at = end + 2;
            if key == b"data" {
                if is_combined || *text.get(at)? != b'{' {
                    return None;
                }
                is_combined = true;
                spans.fill((0, 0));
                at += 1;
                continue;
            }
            place_of(key)
        };
        let first = *text.get(at)?;
        let (span, behind) = if first == b'"' {
            let end = string_end(text, at + 1)?;
            ((at + 1, end), end + 1)
        } else {
            let end = if first.is_ascii_digit() { digits_end(text, at) } else { word_end(text, at)? };
            ((at, end), end)
        };
        // An empty text would look like an absent value.
        if span.0 == span.1 && place != UNKNOWN {
            return None;
        }
        spans[place] = span;
        match *text.get(behind)? {
            b',' => at = behind + 1,
            b'}' if is_combined => return (*text.get(behind + 1)? == b'}').then_some(behind + 2),
            b'}' => return Some(behind + 1),
            _ => return None,
        }
    }
}

/// Position of the quote that closes the string whose text starts at `at`.
#[inline(always)]
pub(super) fn string_end(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let word = swar::eight_padded(text, at);
        let quote = swar::matches(word, b'"');
        // Escapes and control characters, line ends among them, are for the careful reader.
        let found = quote | swar::matches(word, b'\\') | swar::below(word, b' ');
        if found != 0 {
            let place = found.trailing_zeros();
            return (quote >> place & 1 == 1).then(|| at + place as usize / 8);
        }
        at += 8;
    }
}

/// Position behind the digits that start at `at`.
#[inline(always)]
fn digits_end(text: &[u8], mut at: usize) -> usize {
    loop {
        let found = swar::non_digits(swar::eight_padded(text, at) ^ ZEROS);
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
}

/// Position behind `true`, `false` or `null` at `at`.
#[inline(always)]
fn word_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at..)?.first_chunk::<4>()? {
        b"true" | b"null" => Some(at + 4),
        b"fals" => (*text.get(at + 4)? == b'e').then_some(at + 5),
        _ => None,
    }
}

/// The integer of a value of 1 to 16 digits.
#[inline(always)]
fn integer(text: &[u8], (start, end): (usize, usize)) -> Option<i64> {
    let length = (end - start) as u32;
    let early = swar::eight_padded(text, start) ^ ZEROS;
    if length.wrapping_sub(9) < 8 {
        let (upper, lower) = (early << (8 * (16 - length)), swar::eight_from(text, end - 8)? ^ ZEROS);
        let sure = swar::non_digits(upper) | swar::non_digits(lower) == 0;
        sure.then(|| (swar::eight_digits(upper) * 100_000_000 + swar::eight_digits(lower)) as i64)
    } else if length.wrapping_sub(1) < 8 {
        let digits = early << (8 * (8 - length));
        (swar::non_digits(digits) == 0).then(|| swar::eight_digits(digits) as i64)
    } else {
        None
    }
}

/// The decimal of a value.
#[inline(always)]
fn decimal(text: &[u8], (start, end): (usize, usize), decimals: u32) -> Option<i64> {
    let Some(window) = text.get(start..)?.first_chunk::<24>() else {
        return parse_decimal(&text[start..end], decimals).ok();
    };
    let (value, length) = fast_decimal(window, 0, text[end], decimals)?;
    (start + length == end).then_some(value)
}
