//! Trades from the exchange's raw JSON frames.
//!
//! The careful reader here takes keys in any order, with any whitespace, nested and unknown fields; the fast one
//! ([`super::json_fast`]) takes what exchanges really send, in any order too.

use super::bad::shortened;
use super::decimal::{parse_decimal, parse_integer};
use super::json_fast;
use super::json_places::{
    AGG_ID, EVENT, EVENT_TIME, FIRST_ID, IS_BUYER_MAKER, KIND, LAST_ID, PRICE, QTY, SYMBOL, Spans, TIME, TRADE_ID,
    place_of,
};
use super::layout::TimeUnit;
use crate::error::{CoreError, Result};
use crate::grid::Grid;
use crate::types::Trade;

/// Which trades are read from a stream. Both at once would count every trade twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Event {
    /// `aggTrade`: aggregated trades.
    #[default]
    AggTrade,
    /// `trade`: single trades of the market (those of the insurance fund and of liquidations by it are passed over,
    /// as the exchange does in its aggregated trades).
    Trade,
}

impl Event {
    /// The `e` field of its frames.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AggTrade => "aggTrade",
            Self::Trade => "trade",
        }
    }
}

/// The trade of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameTrade<'a> {
    /// The frame's symbol, as it was written.
    pub symbol: &'a [u8],
    /// When the exchange sent it, UTC milliseconds.
    pub event_time_ms: i64,
    /// First and last underlying trade ids; `None` for [`Event::Trade`].
    pub first_last_id: Option<(i64, i64)>,
    /// The trade; `agg_id` is the trade's own id for [`Event::Trade`].
    pub trade: Trade,
}

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A trade.
    Trade(FrameTrade<'a>),
    /// A trade of a symbol that nobody asked for.
    OtherSymbol,
    /// Some other event, an answer, a snapshot.
    OtherEvent,
}

/// The aggregated trade of a frame, raw or from a combined stream; `None` for other events.
///
/// # Examples
/// ```
/// use arbcore_core::grid::Grid;
/// use arbcore_core::parse::json::parse_agg_trade;
/// let frame = br#"{"e":"aggTrade","E":1790000000123,"s":"BTCUSDT","a":3000001,"p":"84210.10","q":"0.250",
///     "f":7000001,"l":7000004,"T":1790000000100,"m":true}"#;
/// let found = parse_agg_trade(frame, Grid { price_decimals: 1, qty_decimals: 3 })?.unwrap();
/// assert_eq!((found.symbol, found.trade.price, found.trade.qty, found.trade.count), (&b"BTCUSDT"[..], 842_101, 250, 4));
/// # Ok::<(), arbcore_core::CoreError>(())
/// ```
pub fn parse_agg_trade(frame: &[u8], grid: Grid) -> Result<Option<FrameTrade<'_>>> {
    Ok(match parse_frame(frame, Event::AggTrade, |_| Some(grid))? {
        Frame::Trade(trade) => Some(trade),
        Frame::OtherSymbol | Frame::OtherEvent => None,
    })
}

/// Reads one frame; `grid_of` gives the grid of a symbol, or `None` for symbols that nobody wants.
pub fn parse_frame(frame: &[u8], event: Event, grid_of: impl Fn(&[u8]) -> Option<Grid>) -> Result<Frame<'_>> {
    if let Some(found) = json_fast::whole(frame, event, &grid_of) {
        return Ok(found);
    }
    careful_frame(frame, &mut Spans::default(), event, &grid_of).map_err(CoreError::Input)
}

/// [`parse_frame`] without its fast path: the definition of what a frame means.
pub(super) fn careful_frame<'a>(
    frame: &'a [u8],
    spans: &mut Spans,
    event: Event,
    grid_of: &impl Fn(&[u8]) -> Option<Grid>,
) -> std::result::Result<Frame<'a>, String> {
    let mut cursor = Cursor { text: frame, at: 0 };
    spans.fill((0, 0));
    cursor.space();
    cursor.object(spans, true)?;
    cursor.space();
    if cursor.at < frame.len() {
        return Err(cursor.problem("there is more behind the object"));
    }
    Fields { text: frame, spans }.frame(event, grid_of)
}

/// The values of a frame and where they stand.
struct Fields<'a, 's> {
    text: &'a [u8],
    spans: &'s Spans,
}

impl<'a> Fields<'a, '_> {
    fn get(&self, place: usize) -> Option<&'a [u8]> {
        let (start, end) = self.spans[place];
        (end > 0).then(|| &self.text[start..end])
    }

    fn frame(&self, event: Event, grid_of: &impl Fn(&[u8]) -> Option<Grid>) -> std::result::Result<Frame<'a>, String> {
        let is_market = self.get(KIND).is_none_or(|kind| kind == b"MARKET");
        if self.get(EVENT) != Some(event.name().as_bytes()) || (event == Event::Trade && !is_market) {
            return Ok(Frame::OtherEvent);
        }
        let present = |place: usize, key: &str| {
            self.get(place).ok_or_else(|| format!("the {} frame has no field {key}", event.name()))
        };
        let integer = |place: usize, key: &str| {
            let text = present(place, key)?;
            parse_integer(text).map_err(|error| format!("field {key}: {} {error}", shortened(text)))
        };
        let time_ms = |place: usize, key: &str| {
            let time = integer(place, key)?;
            milliseconds(time).ok_or_else(|| format!("field {key}: {time} is beyond microseconds"))
        };
        let positive = |place: usize, key: &str, decimals: u32| {
            let text = present(place, key)?;
            match parse_decimal(text, decimals) {
                Ok(value) if value > 0 => Ok(value),
                Ok(_) => Err(format!("field {key}: {} must be above 0", shortened(text))),
                Err(error) => Err(format!("field {key}: {} {error}", shortened(text))),
            }
        };
        let symbol = present(SYMBOL, "s")?;
        let Some(grid) = grid_of(symbol) else { return Ok(Frame::OtherSymbol) };
        let (id, first_last_id) = match event {
            Event::AggTrade => (integer(AGG_ID, "a")?, Some((integer(FIRST_ID, "f")?, integer(LAST_ID, "l")?))),
            Event::Trade => (integer(TRADE_ID, "t")?, None),
        };
        let is_buyer_maker = match present(IS_BUYER_MAKER, "m")? {
            b"true" => true,
            b"false" => false,
            other => return Err(format!("field m: {} is neither true nor false", shortened(other))),
        };
        let trade = Trade {
            agg_id: Some(id),
            time_ms: time_ms(TIME, "T")?,
            price: positive(PRICE, "p", grid.price_decimals)?,
            qty: positive(QTY, "q", grid.qty_decimals)?,
            is_buyer_maker,
            count: first_last_id.map_or(1, |(first, last)| underlying(first, last)),
        };
        Ok(Frame::Trade(FrameTrade { symbol, event_time_ms: time_ms(EVENT_TIME, "E")?, first_last_id, trade }))
    }
}

/// Number of trades from id `first` to `last`, at least 1.
#[inline]
pub(super) fn underlying(first: i64, last: i64) -> u32 {
    // Ids are not negative, so the difference cannot overflow.
    u32::try_from((last - first).max(0).saturating_add(1)).unwrap_or(u32::MAX)
}

/// A time in milli- or microseconds as milliseconds.
#[inline]
pub(super) fn milliseconds(time: i64) -> Option<i64> {
    match TimeUnit::of(time)? {
        TimeUnit::Milliseconds => Some(time),
        TimeUnit::Microseconds => Some(time / 1_000),
    }
}

/// Deepest nesting that is followed.
const DEEPEST: u32 = 64;

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn problem(&self, what: &str) -> String {
        let rest = self.text.get(self.at..).unwrap_or_default();
        format!("{what} at byte {}: {}", self.at, shortened(rest))
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> std::result::Result<(), String> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.problem(&format!("{:?} is missing", char::from(byte))))
    }

    /// An object whose scalar fields are noted; the object under the key `data` of the outermost one counts as the
    /// frame itself (combined streams).
    fn object(&mut self, spans: &mut Spans, is_outer: bool) -> std::result::Result<(), String> {
        self.expect(b'{')?;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let mut is_combined = false;
        loop {
            let (start, end) = self.string()?;
            let key = &self.text[start..end];
            self.space();
            self.expect(b':')?;
            self.space();
            if is_outer && key == b"data" && self.peek() == Some(b'{') {
                spans.fill((0, 0));
                is_combined = true;
                self.object(spans, false)?;
            } else {
                let span = self.value()?;
                if !is_combined {
                    spans[place_of(key)] = span;
                }
            }
            self.space();
            if self.peek() == Some(b'}') {
                self.at += 1;
                return Ok(());
            }
            self.expect(b',')?;
            self.space();
        }
    }

    /// Where a string's text stands, without its quotes.
    fn string(&mut self) -> std::result::Result<(usize, usize), String> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(b' '..) => self.at += 1,
                _ => return Err(self.problem("a string is not closed")),
            }
        }
        self.at += 1;
        Ok((start, self.at - 1))
    }

    /// Where any value's text stands, without its quotes.
    fn value(&mut self) -> std::result::Result<(usize, usize), String> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') => self.nested(),
            _ => self.word(),
        }
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> std::result::Result<(usize, usize), String> {
        let rest = &self.text[self.at..];
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let word = &rest[..rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len())];
        let is_number = word.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-');
        if !is_number && !matches!(word, b"true" | b"false" | b"null") {
            return Err(self.problem("a value is missing"));
        }
        self.at += word.len();
        Ok((self.at - word.len(), self.at))
    }

    /// Passes over an object or array without recursion.
    fn nested(&mut self) -> std::result::Result<(usize, usize), String> {
        let start = self.at;
        // One bit a level: set for an object.
        let (mut objects, mut depth) = (0_u64, 0);
        loop {
            match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    if depth == DEEPEST {
                        return Err(self.problem("objects and arrays are nested too deeply"));
                    }
                    objects = objects << 1 | u64::from(open == b'{');
                    depth += 1;
                    self.at += 1;
                }
                Some(close @ (b'}' | b']')) => {
                    if (objects & 1 == 1) != (close == b'}') {
                        return Err(self.problem("brackets do not match"));
                    }
                    objects >>= 1;
                    depth -= 1;
                    self.at += 1;
                    if depth == 0 {
                        return Ok((start, self.at));
                    }
                }
                Some(b'"') => {
                    self.string()?;
                }
                Some(b',' | b':' | b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(_) => {
                    self.word()?;
                }
                None => return Err(self.problem("an object or array is not closed")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid = Grid { price_decimals: 2, qty_decimals: 3 };

    fn read(frame: &str) -> Result<Frame<'_>> {
        let fast = parse_frame(frame.as_bytes(), Event::AggTrade, |_| Some(GRID));
        let careful = careful_frame(frame.as_bytes(), &mut Spans::default(), Event::AggTrade, &|_: &[u8]| Some(GRID))
            .map_err(CoreError::Input);
        assert_eq!(fast, careful, "{frame}");
        fast
    }

    const SPOT: &str = r#"{"e":"aggTrade","E":1672515782136,"s":"BNBBTC","a":12345,"p":"0.01","q":"100","f":100,"l":105,"T":1672515782130,"m":true,"M":true}"#;
    const FUTURES: &str = r#"{"e":"aggTrade","E":1790000000123,"s":"BTCUSDT","a":3000001,"p":"84210.10","q":"0.250","nq":"0.25","f":7000001,"l":7000004,"T":1790000000100,"m":false,"st":1}"#;

    #[test]
    fn frames_of_both_markets_are_read() {
        let Frame::Trade(spot) = read(SPOT).unwrap() else { panic!("no trade") };
        assert_eq!(
            (spot.symbol, spot.event_time_ms, spot.first_last_id),
            (&b"BNBBTC"[..], 1_672_515_782_136, Some((100, 105)))
        );
        let expected = Trade {
            agg_id: Some(12_345),
            time_ms: 1_672_515_782_130,
            price: 1,
            qty: 100_000,
            is_buyer_maker: true,
            count: 6,
        };
        assert_eq!(spot.trade, expected);
        let Frame::Trade(futures) = read(FUTURES).unwrap() else { panic!("no trade") };
        assert_eq!((futures.trade.price, futures.trade.qty, futures.trade.is_buyer_maker), (8_421_010, 250, false));
        for (before, behind) in [
            (r#"{"stream":"btcusdt@aggTrade","data":"#, "}"),
            (r#"{"data":"#, r#","stream":"btcusdt@aggTrade"}"#),
            (" \t{ \"stream\" : \"x\\\"}\" , \"e\":\"other\", \"data\" :\r\n", " } \n"),
            ("", "  "),
        ] {
            assert_eq!(read(&format!("{before}{FUTURES}{behind}")).unwrap(), Frame::Trade(futures));
        }
        let micro = FUTURES.replace("1790000000100", "1790000000100999");
        assert_eq!(read(&micro).unwrap(), Frame::Trade(futures));
    }

    #[test]
    fn unknown_and_nested_fields_are_passed_over() {
        let Frame::Trade(plain) = read(FUTURES).unwrap() else { panic!("no trade") };
        for extra in [
            r#""x":{"e":"kline","p":["1",{"q":2}]},"#,
            r#""x":[[],{},"a\\\"]}",null,-1.5e-3],"#,
            r#""long key, with \"quotes\"":"\u0041","#,
            r#""":true,"#,
            r#""p":"1.00","#,
        ] {
            assert_eq!(read(&FUTURES.replacen('{', &format!("{{{extra}"), 1)).unwrap(), Frame::Trade(plain), "{extra}");
        }
    }

    #[test]
    fn other_events_are_no_trades() {
        for frame in [
            r#"{"result":null,"id":1}"#,
            "{}",
            r#"{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21","a":"25.36520000","A":"40.66"}"#,
            r#"{"e":"depthUpdate","E":1,"s":"BTCUSDT","b":[["61737.63","0.0"]],"a":[]}"#,
            r#"{"stream":"x","data":{"e":"trade","s":"BTCUSDT","p":"1"}}"#,
            r#"{"request": "/api", "response": {"e":"aggTrade"}}"#,
        ] {
            assert_eq!(read(frame).unwrap(), Frame::OtherEvent, "{frame}");
        }
        let none = |_: &[u8]| None;
        assert_eq!(parse_frame(FUTURES.as_bytes(), Event::AggTrade, none).unwrap(), Frame::OtherSymbol);
    }

    #[test]
    fn single_trades_are_read_when_asked_for() {
        let single = r#"{"e":"trade","E":1660228023422,"T":1660228023414,"s":"BTCUSDT","t":2691833628,"p":"24670.90","q":"0.070","X":"MARKET","m":true}"#;
        let read = |frame: &str| match parse_frame(frame.as_bytes(), Event::Trade, |_| Some(GRID)).unwrap() {
            Frame::Trade(found) => Some((found.trade.agg_id, found.trade.count, found.first_last_id)),
            _ => None,
        };
        assert_eq!(read(single), Some((Some(2_691_833_628), 1, None)));
        assert_eq!(read(&single.replace("MARKET", "INSURANCE_FUND")), None);
        assert_eq!(read(SPOT), None);
        assert_eq!(super::parse_agg_trade(single.as_bytes(), GRID).unwrap(), None);
    }

    #[test]
    fn broken_frames_say_what_is_wrong() {
        let without = |field: &str| FUTURES.replacen(field, "", 1);
        for (frame, reason) in [
            (String::new(), "'{' is missing at byte 0"),
            ("[1]".to_owned(), "'{' is missing"),
            (FUTURES[..60].to_owned(), "is missing at byte"),
            (FUTURES[..14].to_owned(), "a string is not closed"),
            (format!("{FUTURES},"), "there is more behind the object"),
            (without(r#""p":"84210.10","#), "has no field p"),
            (without(r#","m":false"#), "has no field m"),
            (FUTURES.replace("84210.10", "84210.101"), r#"field p: "84210.101" is off the grid of 2 decimals"#),
            (FUTURES.replace("84210.10", "-1"), "field p: \"-1\" has a sign"),
            (FUTURES.replace("\"0.250\"", "\"0.000\""), "field q: \"0.000\" must be above 0"),
            (FUTURES.replace("3000001", "30.1"), "field a: \"30.1\" is not a whole number"),
            (FUTURES.replace("false", "null"), "field m: \"null\" is neither true nor false"),
            (
                FUTURES.replace("1790000000100", "1790000000100000000"),
                "field T: 1790000000100000000 is beyond microseconds",
            ),
            (format!("{{\"x\":{}", "[".repeat(1_000)), "nested too deeply"),
            (r#"{"x":[}]}"#.to_owned(), "brackets do not match"),
            (r#"{"x":[1"#.to_owned(), "is not closed"),
            (FUTURES.replace(":false", ":flase"), "a value is missing"),
        ] {
            let error = read(&frame).unwrap_err().to_string();
            assert!(error.contains(reason), "{frame}: {error}");
        }
    }
}
