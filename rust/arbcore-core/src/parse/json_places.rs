//! The fields of trade frames: which key is which, and where their values stand.

pub(super) const EVENT: usize = 0;
pub(super) const EVENT_TIME: usize = 1;
pub(super) const SYMBOL: usize = 2;
pub(super) const AGG_ID: usize = 3;
pub(super) const TRADE_ID: usize = 4;
pub(super) const PRICE: usize = 5;
pub(super) const QTY: usize = 6;
pub(super) const FIRST_ID: usize = 7;
pub(super) const LAST_ID: usize = 8;
pub(super) const TIME: usize = 9;
pub(super) const IS_BUYER_MAKER: usize = 10;
pub(super) const KIND: usize = 11;
/// Quantity without the orders of retail price improvement: not used, but it changes from frame to frame.
pub(super) const NORMAL_QTY: usize = 12;
/// Whatever else there is.
pub(super) const UNKNOWN: usize = 13;

/// Start and end of each value in its text, without quotes; an absent one is empty at 0.
pub(super) type Spans = [(usize, usize); UNKNOWN + 1];

/// Place of the value of `key`.
#[inline(always)]
pub(super) fn place_of(key: &[u8]) -> usize {
    match key {
        [letter] => usize::from(PLACES[usize::from(*letter)]),
        b"nq" => NORMAL_QTY,
        _ => UNKNOWN,
    }
}

/// Place of each one-letter key among the values.
pub(super) const PLACES: [u8; 256] = {
    let keys = *b"eEsatpqflTmX";
    let mut places = [UNKNOWN as u8; 256];
    let mut place = 0;
    while place < keys.len() {
        places[keys[place] as usize] = place as u8;
        place += 1;
    }
    places
};
