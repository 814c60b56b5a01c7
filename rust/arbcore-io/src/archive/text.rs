//! Trades as the text of a dump file.

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::{Grid, POW10};

use super::format::{Field, Layout};

/// The header line for the columns that a batch has.
pub fn dump_header(batch: &TradeBatch) -> String {
    let fields = Layout::Dump.fields(batch.agg_id.is_some(), batch.first_last_id.is_some());
    let names: Vec<&str> = fields.into_iter().map(|field| Layout::Dump.name(field)).collect();
    names.join(",") + "\n"
}

/// Appends one line a trade: exact decimals without trailing zeros, as the exchange's futures dumps have them.
pub fn dump_rows(batch: &TradeBatch, grid: Grid, out: &mut Vec<u8>) {
    let fields = Layout::Dump.fields(batch.agg_id.is_some(), batch.first_last_id.is_some());
    out.reserve(batch.len() * 72);
    for row in 0..batch.len() {
        for (place, &field) in fields.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            match field {
                Field::Id => push_integer(out, batch.agg_id.as_deref().map_or(0, |ids| ids[row])),
                Field::Time => push_integer(out, batch.time_ms[row]),
                Field::Price => push_decimal(out, batch.price[row], grid.price_decimals),
                Field::Qty => push_decimal(out, batch.qty[row], grid.qty_decimals),
                Field::Side => out.extend_from_slice(if batch.is_buyer_maker[row] { b"true" } else { b"false" }),
                Field::FirstTradeId => push_integer(out, batch.first_last_id.as_ref().map_or(0, |ids| ids.0[row])),
                Field::LastTradeId => push_integer(out, batch.first_last_id.as_ref().map_or(0, |ids| ids.1[row])),
            }
        }
        out.push(b'\n');
    }
}

fn push_integer(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    push_digits(out, value.unsigned_abs(), 1);
}

/// At least `width` digits.
fn push_digits(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while value > 0 || digits.len() - at < width {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&digits[at..]);
}

/// A value above 0 of the grid.
fn push_decimal(out: &mut Vec<u8>, value: i64, decimals: u32) {
    let power = POW10[decimals as usize];
    push_integer(out, value / power);
    let (mut fraction, mut width) = ((value % power).unsigned_abs(), decimals as usize);
    if fraction > 0 {
        while fraction % 10 == 0 {
            fraction /= 10;
            width -= 1;
        }
        out.push(b'.');
        push_digits(out, fraction, width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_out_exactly() {
        for (value, decimals, text) in [
            (1, 0, "1"),
            (100, 2, "1"),
            (101, 2, "1.01"),
            (110, 2, "1.1"),
            (5, 8, "0.00000005"),
            (i64::MAX, 18, "9.223372036854775807"),
            (1_000_000_000_000_000_000, 18, "1"),
            (10, 18, "0.00000000000000001"),
        ] {
            let mut out = Vec::new();
            push_decimal(&mut out, value, decimals);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
        let mut out = Vec::new();
        push_integer(&mut out, i64::MIN);
        assert_eq!(out, b"-9223372036854775808");
    }

    #[test]
    fn rows_have_the_columns_of_the_batch() {
        let mut batch = TradeBatch {
            agg_id: Some(vec![7]),
            time_ms: vec![1_761_091_200_007],
            price: vec![1_082_538],
            qty: vec![270],
            is_buyer_maker: vec![true],
            first_last_id: Some((vec![10], vec![12])),
        };
        let text = |batch: &TradeBatch| {
            let mut out = dump_header(batch).into_bytes();
            dump_rows(batch, Grid { price_decimals: 1, qty_decimals: 3 }, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            text(&batch),
            "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n\
             7,108253.8,0.27,10,12,1761091200007,true\n"
        );
        batch.agg_id = None;
        batch.first_last_id = None;
        assert_eq!(text(&batch), "price,quantity,transact_time,is_buyer_maker\n108253.8,0.27,1761091200007,true\n");
    }
}
