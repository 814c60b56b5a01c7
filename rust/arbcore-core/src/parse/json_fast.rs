//! JSON frames as exchanges send them: flat, without whitespace or escapes, keys in any order.
//!
//! A frame whose order of keys changes each time would mislead every branch that depends on a key or on a value. So the
//! first pass only notes, by key, from where to where each field goes, with the same few instructions whatever it
//! is. The second pass reads the fields in one fixed order and proves that each is what the first one took it for.
//!
//! Whatever looks unusual is left to the careful reader in [`super::json`].

use std::hint::select_unpredictable;

use super::decimal::fast_decimal_within;
use super::json::{Event, Frame, FrameTrade, milliseconds, underlying};
use super::json_places::{
    AGG_ID, EVENT, EVENT_TIME, FIRST_ID, IS_BUYER_MAKER, KIND, LAST_ID, PLACES, PRICE, QTY, SYMBOL, TIME, TRADE_ID,
};
use super::swar::{self, ZEROS};
use crate::grid::Grid;
use crate::types::Trade;

/// Bytes from a frame's start on that are looked at: a longer frame is no trade.
const WINDOW: usize = 512;
/// Enough for the frames of most trades.
const SMALL_WINDOW: usize = 256;
/// Most fields of a frame that is read here.
const MOST_FIELDS: usize = 32;
/// The place of fields that are no part of a trade; twice as much is a power of two.
const OTHER: usize = 16;

/// The frame from `at` to the end of its line in `text`, and that end, when it is surely right.
#[inline]
pub(super) fn frame<'a>(
    text: &'a [u8],
    at: usize,
    event: Event,
    grid_of: &impl Fn(&[u8]) -> Option<Grid>,
) -> Option<(Frame<'a>, usize)> {
    let rest = text.get(at..)?;
    if *rest.first()? != b'{' {
        return None;
    }
    let window = rest.first_chunk();
    let line = &rest[..window.map_or_else(|| swar::find(rest, b'\n'), line_end)?];
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let found = match window {
        Some(window) => read(window, line, event, grid_of)?,
        None => near_the_end(line, event, grid_of)?,
    };
    Some((found, at + line.len()))
}

/// Where the first line of `window` ends.
#[inline(always)]
fn line_end(window: &[u8; WINDOW]) -> Option<usize> {
    let has_end = |block: &[u8; 64]| block.iter().fold(false, |found, &byte| found | (byte == b'\n'));
    let (number, block) = window.as_chunks::<64>().0.iter().enumerate().find(|(_, block)| has_end(block))?;
    Some(64 * number + swar::either(block, b'\n', b'\n').trailing_zeros() as usize)
}

/// [`whole`] for the last lines of a text, apart from the code for all the others.
#[cold]
fn near_the_end<'a>(text: &'a [u8], event: Event, grid_of: &impl Fn(&[u8]) -> Option<Grid>) -> Option<Frame<'a>> {
    whole(text, event, grid_of)
}

/// `text` as one frame, when it is surely right.
#[inline]
pub(super) fn whole<'a>(text: &'a [u8], event: Event, grid_of: &impl Fn(&[u8]) -> Option<Grid>) -> Option<Frame<'a>> {
    if text.len() < SMALL_WINDOW {
        read(&padded::<SMALL_WINDOW>(text)?, text, event, grid_of)
    } else {
        read(&padded::<WINDOW>(text)?, text, event, grid_of)
    }
}

/// `text` with zeros behind it, which are part of no frame.
#[inline(always)]
fn padded<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut window = [0; N];
    window.get_mut(..text.len())?.copy_from_slice(text);
    Some(window)
}

/// The frame that is `text`, which `window` begins with.
#[inline(always)]
fn read<'a, const N: usize>(
    window: &[u8; N],
    text: &'a [u8],
    event: Event,
    grid_of: &impl Fn(&[u8]) -> Option<Grid>,
) -> Option<Frame<'a>> {
    let length = text.len();
    let inner = inner_object(window);
    // The inner object's brace comes before the outer one's.
    let last = length.checked_sub(1 + usize::from(inner.is_some()))?;
    if *window.get(length - 1)? != b'}' {
        return None;
    }
    let mut fields = Fields::none();
    fields.find(window, inner.unwrap_or(0), last, event)?;
    let (is_event, its_fields) = match event {
        Event::AggTrade => (fields.is(window, EVENT, br#""e":"aggTrade""#), 10),
        Event::Trade => (fields.is(window, EVENT, br#""e":"trade""#), 8),
    };
    let has_kind = event == Event::Trade && fields.has(KIND);
    if !is_event || (has_kind && !fields.is(window, KIND, br#""X":"MARKET""#)) {
        return fields.are_plain(window).then_some(Frame::OtherEvent);
    }
    let symbol = fields.text(window, *b"\"s\":\"", SYMBOL)?;
    let Some(grid) = grid_of(text.get(symbol.0..symbol.1)?) else {
        return fields.are_plain(window).then_some(Frame::OtherSymbol);
    };
    let number = |key: &[u8; 4], place: usize| fields.integer(window, *key, place);
    let (id, first_last_id) = match event {
        Event::AggTrade => {
            (number(b"\"a\":", AGG_ID)?, Some((number(b"\"f\":", FIRST_ID)?, number(b"\"l\":", LAST_ID)?)))
        }
        Event::Trade => (number(b"\"t\":", TRADE_ID)?, None),
    };
    let time_ms = milliseconds(number(b"\"T\":", TIME)?)?;
    let event_time_ms = milliseconds(number(b"\"E\":", EVENT_TIME)?)?;
    let price = fields.decimal(window, *b"\"p\":\"", PRICE, grid.price_decimals)?;
    let qty = fields.decimal(window, *b"\"q\":\"", QTY, grid.qty_decimals)?;
    let is_buyer_maker = fields.flag(window, IS_BUYER_MAKER)?;
    // Each place was filled, so that this many fields fill none twice.
    let once = fields.count == its_fields + usize::from(has_kind) + fields.other_count;
    let symbol_is_plain = string_end(window, symbol.0)? == symbol.1;
    if !once || !symbol_is_plain || price <= 0 || qty <= 0 || !fields.others_are_plain(window) {
        return None;
    }
    let count = first_last_id.map_or(1, |(first, last)| underlying(first, last));
    let trade = Trade { agg_id: Some(id), time_ms, price, qty, is_buyer_maker, count };
    let symbol = &text[symbol.0..symbol.1];
    Some(Frame::Trade(FrameTrade { symbol, event_time_ms, first_last_id, trade }))
}

/// Where the object starts that is the `data` of a combined stream's frame.
#[inline(always)]
fn inner_object<const N: usize>(window: &[u8; N]) -> Option<usize> {
    const STREAM: &[u8; 11] = br#"{"stream":""#;
    const DATA: &[u8; 10] = br#"","data":{"#;
    if !window.starts_with(STREAM) {
        return None;
    }
    let end = string_end(window, STREAM.len())?;
    window.get(end..)?.starts_with(DATA).then_some(end + DATA.len() - 1)
}

/// From where to where the fields of a flat object go, from the quote of the key to the comma or brace behind the value.
struct Fields {
    wanted: [Range; 2 * OTHER],
    others: [Range; MOST_FIELDS],
    other_count: usize,
    count: usize,
}

/// Start and end of a field; an absent one is empty at 0.
#[derive(Debug, Clone, Copy, Default)]
struct Range(u32);

impl Range {
    #[inline(always)]
    fn new(start: usize, end: usize) -> Self {
        Self((start | end << 16) as u32)
    }

    #[inline(always)]
    fn parts(self) -> (usize, usize) {
        (usize::from(self.0 as u16), (self.0 >> 16) as usize)
    }
}

impl Fields {
    fn none() -> Self {
        Self {
            wanted: [Range::default(); 2 * OTHER],
            others: [Range::default(); MOST_FIELDS],
            other_count: 0,
            count: 0,
        }
    }

    /// Takes the fields of the object from `at` to `last`, its closing brace.
    ///
    /// Commas and braces within texts are taken for ends, too.
    #[inline(always)]
    fn find<const N: usize>(&mut self, window: &[u8; N], at: usize, last: usize, event: Event) -> Option<()> {
        if *window.get(at)? != b'{' || *window.get(last)? != b'}' {
            return None;
        }
        let places = match event {
            Event::AggTrade => &AGG_TRADE_PLACES,
            Event::Trade => &TRADE_PLACES,
        };
        // Where a field ends must be known before the next one can be looked at: so from both sides at once, which is
        // half the wait.
        let (mut start, mut end) = (at + 1, last);
        while self.count < MOST_FIELDS {
            let stop = start + length_behind(window, start)?;
            self.note(window, places, start, stop)?;
            if stop == end {
                return Some(());
            }
            let comma = end - length_before(window, end)?;
            // Bytes beyond ASCII may have been taken for commas.
            if window[stop] != b',' || window[comma] != b',' {
                return None;
            }
            self.note(window, places, comma + 1, end)?;
            if stop >= comma {
                return (stop == comma).then_some(());
            }
            (start, end) = (stop + 1, comma);
        }
        None
    }

    #[inline(always)]
    fn note<const N: usize>(&mut self, window: &[u8; N], places: &[u8; 256], start: usize, end: usize) -> Option<()> {
        let head: &[u8; 3] = window.get(start..)?.first_chunk()?;
        // Which keys have two letters must not be a branch, either: they count as the letter 0.
        let letter = select_unpredictable(head[2] == b'"', usize::from(head[1]), 0);
        let place = usize::from(places[letter]);
        let range = Range::new(start, end);
        self.wanted[place % (2 * OTHER)] = range;
        self.others[self.other_count % MOST_FIELDS] = range;
        self.other_count += place / OTHER;
        self.count += 1;
        Some(())
    }

    #[inline(always)]
    fn range(&self, place: usize) -> (usize, usize) {
        self.wanted[place].parts()
    }

    #[inline(always)]
    fn has(&self, place: usize) -> bool {
        self.wanted[place].0 > 0
    }

    /// True when the field of `place` is `wanted`, key and all.
    #[inline(always)]
    fn is<const N: usize, const M: usize>(&self, window: &[u8; N], place: usize, wanted: &[u8; M]) -> bool {
        let (start, end) = self.range(place);
        end.wrapping_sub(start) == M && window.get(start..).is_some_and(|text| text.starts_with(wanted))
    }

    /// Where the text of a field stands, if it has this key and quotes.
    #[inline(always)]
    fn text<const N: usize>(&self, window: &[u8; N], key: [u8; 5], place: usize) -> Option<(usize, usize)> {
        const FIVE: u64 = 0xff_ffff_ffff;
        let [a, b, c, d, e] = key;
        let (start, end) = self.range(place);
        let is_it = swar::eight_from(window, start)? & FIVE == u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]);
        let (start, end) = (start + 5, end.checked_sub(1)?);
        (is_it && start <= end && *window.get(end)? == b'"').then_some((start, end))
    }

    #[inline(always)]
    fn decimal<const N: usize>(&self, window: &[u8; N], key: [u8; 5], place: usize, decimals: u32) -> Option<i64> {
        let (start, end) = self.text(window, key, place)?;
        fast_decimal_within(window, start, end, decimals)
    }

    /// The integer of a field with this key, of 1 to 16 digits.
    #[inline(always)]
    fn integer<const N: usize>(&self, window: &[u8; N], key: [u8; 4], place: usize) -> Option<i64> {
        let (start, end) = self.range(place);
        if swar::eight_from(window, start)? as u32 != u32::from_le_bytes(key) {
            return None;
        }
        let start = start + 4;
        let length = end.wrapping_sub(start) as u32;
        let early = swar::eight_from(window, start)? ^ ZEROS;
        if length.wrapping_sub(9) < 8 {
            let (upper, lower) = (early << (8 * (16 - length)), swar::eight_from(window, end - 8)? ^ ZEROS);
            let sure = swar::non_digits(upper) | swar::non_digits(lower) == 0;
            sure.then(|| (swar::eight_digits(upper) * 100_000_000 + swar::eight_digits(lower)) as i64)
        } else if length.wrapping_sub(1) < 8 {
            let digits = early << (8 * (8 - length));
            (swar::non_digits(digits) == 0).then(|| swar::eight_digits(digits) as i64)
        } else {
            None
        }
    }

    /// `true` or `false` under the key `m`.
    #[inline(always)]
    fn flag<const N: usize>(&self, window: &[u8; N], place: usize) -> Option<bool> {
        const TRUE: u64 = u64::from_le_bytes(*b"\"m\":true");
        const FALSE: u64 = u64::from_le_bytes(*b"\"m\":fals");
        // Sides alternate at random, so nothing may branch on them.
        let (start, end) = self.range(place);
        let word = swar::eight_from(window, start)?;
        let is_true = (word == TRUE) & (end == start + 8);
        let is_false = (word == FALSE) & (end == start + 9) & (*window.get(start + 8)? == b'e');
        (is_true | is_false).then_some(is_true)
    }

    /// True when the fields that are no part of a trade are surely JSON.
    #[inline(always)]
    fn others_are_plain<const N: usize>(&self, window: &[u8; N]) -> bool {
        let mut are_plain = true;
        for &range in &self.others[..self.other_count] {
            are_plain &= is_plain(window, range) == Some(true);
        }
        are_plain
    }

    /// True when all fields are surely JSON and none fills a place twice.
    fn are_plain<const N: usize>(&self, window: &[u8; N]) -> bool {
        let known = self.wanted[..OTHER].iter().filter(|range| range.0 > 0);
        known.clone().count() + self.other_count == self.count
            && known.clone().all(|&range| is_plain(window, range) == Some(true))
            && self.others_are_plain(window)
    }
}

/// The place of each one-letter key, when only `wanted` ones count.
const fn places_of(wanted: &[usize]) -> [u8; 256] {
    let mut places = [OTHER as u8; 256];
    let mut letter = 0;
    while letter < 256 {
        let mut index = 0;
        while index < wanted.len() {
            if PLACES[letter] as usize == wanted[index] {
                places[letter] = PLACES[letter];
            }
            index += 1;
        }
        letter += 1;
    }
    places
}

static AGG_TRADE_PLACES: [u8; 256] =
    places_of(&[EVENT, EVENT_TIME, SYMBOL, AGG_ID, PRICE, QTY, FIRST_ID, LAST_ID, TIME, IS_BUYER_MAKER]);
static TRADE_PLACES: [u8; 256] =
    places_of(&[EVENT, EVENT_TIME, SYMBOL, TRADE_ID, PRICE, QTY, TIME, IS_BUYER_MAKER, KIND]);

/// A bit for each byte that is a comma, if all bytes are ASCII.
#[inline(always)]
fn commas(word: u64) -> u64 {
    const COMMAS: u64 = 0x2c2c_2c2c_2c2c_2c2c;
    const TO_TOP: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    !(word ^ COMMAS).wrapping_add(TO_TOP) & TOPS
}

/// A bit for each byte from `{` on, if all bytes are ASCII.
#[inline(always)]
fn braces(word: u64) -> u64 {
    const BRACE_TO_TOP: u64 = 0x0505_0505_0505_0505;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    word.wrapping_add(BRACE_TO_TOP) & TOPS
}

/// The shortest field: a key of one letter and a value of one.
const SHORTEST: usize = 5;

/// The length of the field that starts at `start`.
#[inline(always)]
fn length_behind<const N: usize>(window: &[u8; N], start: usize) -> Option<usize> {
    let value = u128::from_le_bytes(*window.get(start + SHORTEST..)?.first_chunk()?);
    let (early, late) = (value as u64, (value >> 64) as u64);
    let (early, late) = (commas(early) | braces(early), commas(late) | braces(late));
    if early | late == 0 {
        return long_length_behind(window, start);
    }
    let bits = select_unpredictable(early == 0, 64 + late.trailing_zeros(), early.trailing_zeros());
    Some(SHORTEST + bits as usize / 8)
}

/// The length of the field that ends at `end`, and of the comma before it.
#[inline(always)]
fn length_before<const N: usize>(window: &[u8; N], end: usize) -> Option<usize> {
    let field = u128::from_le_bytes(*window.get(..end.checked_sub(SHORTEST)?)?.last_chunk()?);
    let (early, late) = (commas(field as u64), commas((field >> 64) as u64));
    if early | late == 0 {
        return long_length_before(window, end);
    }
    let bits = select_unpredictable(late == 0, 64 + early.leading_zeros(), late.leading_zeros());
    Some(SHORTEST + 1 + bits as usize / 8)
}

#[cold]
fn long_length_behind(window: &[u8], start: usize) -> Option<usize> {
    window.get(start..)?.iter().position(|&byte| byte == b',' || byte == b'}')
}

#[cold]
fn long_length_before(window: &[u8], end: usize) -> Option<usize> {
    window.get(..end)?.iter().rev().position(|&byte| byte == b',').map(|length| length + 1)
}

/// True when a field is surely a key and a text, a whole number, `true`, `false` or `null`.
#[inline(always)]
fn is_plain<const N: usize>(window: &[u8; N], range: Range) -> Option<bool> {
    let (start, end) = range.parts();
    let key_end = string_end(window, start + 1)?;
    let value = key_end + 2;
    if window[start] != b'"' || *window.get(key_end + 1)? != b':' || value >= end {
        return None;
    }
    let word = swar::eight_from(window, value)?;
    if word as u8 == b'"' {
        return Some(string_end(window, value + 1)? + 1 == end);
    }
    if end - value > 8 {
        return Some(window[value..end].iter().all(u8::is_ascii_digit));
    }
    let unused = 64 - 8 * (end - value);
    let is_number = swar::non_digits((word ^ ZEROS) << unused) == 0;
    Some(is_number || matches!(&window[value..end], b"true" | b"false" | b"null"))
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
