//! The readers against what was written: decimals, CSV in every layout, JSON in every order, cut anywhere.

use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::Grid;
use arbcore_core::parse::csv::{CsvOptions, CsvParser};
use arbcore_core::parse::decimal::{DecimalError, parse_decimal, significant_decimals};
use arbcore_core::parse::frames::{FrameOptions, FrameParser};
use arbcore_core::parse::json::{Event, Frame, parse_agg_trade, parse_frame};
use arbcore_core::parse::scan::CsvScanner;
use arbcore_core::parse::{BadRows, TimeUnit};
use proptest::prelude::*;

const GRID: Grid = Grid { price_decimals: 2, qty_decimals: 3 };

#[derive(Debug, Clone)]
struct Written {
    id: i64,
    price: i64,
    qty: i64,
    count: i64,
    time_step: i64,
    is_buyer_maker: bool,
    /// Zeros behind the last significant decimal of price and quantity.
    zeros: (usize, usize),
}

fn written() -> impl Strategy<Value = Vec<Written>> {
    let price = prop_oneof![1..1_000_i64, 1..100_000_000_i64, 1..1_000_000_000_000_000_i64];
    let qty = prop_oneof![1..100_i64, 1..10_000_000_i64, Just(1_000)];
    let id_step = prop_oneof![8 => Just(1_i64), 1 => 0..1_000_000_000_i64];
    let row = (id_step, price, qty, 0..5_i64, 0..1_000_i64, any::<bool>(), (0..7_usize, 0..7_usize));
    (any::<u32>(), prop::collection::vec(row, 1..40)).prop_map(|(start, rows)| {
        let mut id = i64::from(start);
        rows.into_iter()
            .map(|(id_step, price, qty, count, time_step, is_buyer_maker, zeros)| {
                id += id_step;
                Written { id, price, qty, count, time_step, is_buyer_maker, zeros }
            })
            .collect()
    })
}

/// `value` of `decimals`, without trailing zeros but for `zeros` of them.
fn decimal(value: i64, decimals: u32, zeros: usize) -> String {
    let scale = 10_i64.pow(decimals);
    let fraction = format!("{:0width$}", value % scale, width = decimals as usize);
    let fraction = format!("{}{}", fraction.trim_end_matches('0'), "0".repeat(zeros));
    if fraction.is_empty() { format!("{}", value / scale) } else { format!("{}.{fraction}", value / scale) }
}

struct Layout {
    header: Option<&'static str>,
    columns: &'static str,
}

const LAYOUTS: [Layout; 9] = [
    Layout {
        header: Some("agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"),
        columns: "a,p,q,f,l,T,m",
    },
    Layout { header: None, columns: "a,p,q,f,l,T,m" },
    Layout { header: None, columns: "a,p,q,f,l,T,m,M" },
    Layout { header: None, columns: "a,p,q,Q,T,m,M" },
    Layout { header: None, columns: "a,p,q,Q,T,m" },
    Layout { header: Some("id,price,qty,quote_qty,time,is_buyer_maker"), columns: "a,p,q,Q,T,m" },
    Layout { header: Some("price,quantity,transact_time,is_buyer_maker"), columns: "p,q,T,m" },
    Layout { header: Some("isBuyerMaker,note,Timestamp,SIZE,trade_id,price"), columns: "m,x,T,q,a,p" },
    Layout { header: Some("note,symbol,m,T,q,p,f,a,l"), columns: "x,s,m,T,q,p,f,a,l" },
];

const START_MS: i64 = 1_700_000_000_000;

fn csv(rows: &[Written], layout: &Layout, end: &str, unit: TimeUnit, flags: [&str; 2]) -> Vec<String> {
    let mut time = START_MS;
    let mut first = 5_000_000_000;
    rows.iter()
        .map(|row| {
            time += row.time_step;
            first += row.count;
            let field = |column: &str| match column {
                "a" => row.id.to_string(),
                "p" => decimal(row.price, 2, row.zeros.0),
                "q" => decimal(row.qty, 3, row.zeros.1),
                "Q" => "123.45".to_owned(),
                "f" => first.to_string(),
                "l" => (first + row.count).to_string(),
                "T" if unit == TimeUnit::Microseconds => format!("{time}{:03}", row.time_step),
                "T" => time.to_string(),
                "m" | "M" => flags[usize::from(row.is_buyer_maker)].to_owned(),
                "s" => "BTCUSDT".to_owned(),
                _ => "some text of any length, without a comma".replace(',', ";"),
            };
            layout.columns.split(',').map(field).collect::<Vec<_>>().join(",") + end
        })
        .collect()
}

fn expected(rows: &[Written], layout: &Layout) -> TradeBatch {
    let has = |column: &str| layout.columns.split(',').any(|name| name == column);
    let mut batch = TradeBatch {
        agg_id: has("a").then(Vec::new),
        first_last_id: has("f").then(Default::default),
        ..TradeBatch::default()
    };
    let (mut time, mut first) = (START_MS, 5_000_000_000);
    for row in rows {
        time += row.time_step;
        first += row.count;
        batch.time_ms.push(time);
        batch.price.push(row.price);
        batch.qty.push(row.qty);
        batch.is_buyer_maker.push(row.is_buyer_maker);
        if let Some(ids) = &mut batch.agg_id {
            ids.push(row.id);
        }
        if let Some((firsts, lasts)) = &mut batch.first_last_id {
            firsts.push(first);
            lasts.push(first + row.count);
        }
    }
    batch
}

/// Everything that a reading shows, with an error as text.
type Reading = (TradeBatch, Result<(u64, BadRows), String>);

fn read_csv(text: &[u8], cut: usize, most: usize, skip_bad: bool) -> Reading {
    let options = CsvOptions { grid: GRID, symbol: Some("BTCUSDT".to_owned()), skip_bad };
    let mut parser = CsvParser::new("file.csv", options);
    let mut batch = TradeBatch::default();
    let mut read = || -> arbcore_core::Result<()> {
        for block in text.chunks(cut) {
            let mut at = 0;
            while at < block.len() {
                at += parser.feed(&block[at..], &mut batch, most)?;
            }
        }
        parser.finish(&mut batch)
    };
    let result = read().map_err(|error| error.to_string());
    (batch, result.map(|()| (parser.rows(), parser.bad().clone())))
}

fn read_frames(text: &[u8], cut: usize, event: Event, skip_bad: bool) -> Reading {
    let options = FrameOptions { grid: GRID, symbol: "BTCUSDT".to_owned(), event, skip_bad };
    let mut parser = FrameParser::new("file.jsonl", options);
    let mut batch = TradeBatch::default();
    let mut read = || -> arbcore_core::Result<()> {
        for block in text.chunks(cut) {
            parser.feed(block, &mut batch)?;
        }
        parser.finish(&mut batch)
    };
    let result = read().map_err(|error| error.to_string());
    (batch, result.map(|()| (parser.trades(), parser.bad().clone())))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decimals_are_exact(whole in "[0-9]{1,22}", fraction in "[0-9]{0,22}", decimals in 0..=18_u32) {
        let text = if fraction.is_empty() { whole.clone() } else { format!("{whole}.{fraction}") };
        let significant = fraction.trim_end_matches('0').len();
        let digits = format!("{whole}{:0<width$}", fraction.trim_end_matches('0'), width = decimals as usize);
        let value = digits.trim_start_matches('0');
        let wanted = if significant > decimals as usize {
            Err(DecimalError::OffGrid { decimals })
        } else if value.is_empty() {
            Ok(0)
        } else {
            value.parse::<i64>().map_err(|_| DecimalError::Overflow { decimals })
        };
        prop_assert_eq!(parse_decimal(text.as_bytes(), decimals), wanted);
        match significant_decimals(text.as_bytes()) {
            Ok(found) => prop_assert_eq!(found as usize, significant),
            Err(_) => prop_assert!(significant > 18),
        }
    }

    #[test]
    fn decimals_never_panic(text in prop::collection::vec(any::<u8>(), 0..30), decimals in 0..=18_u32) {
        let _ = (parse_decimal(&text, decimals), significant_decimals(&text));
    }

    #[test]
    fn every_layout_is_read_back(
        rows in written(),
        layout in 0..LAYOUTS.len(),
        crlf in any::<bool>(),
        micro in any::<bool>(),
        flags in prop::sample::select(vec![["false", "true"], ["False", "True"], ["0", "1"]]),
        ends in any::<bool>(),
        cut in prop_oneof![1..40_usize, 200..2_000_usize],
        most in 1..50_usize,
    ) {
        let layout = &LAYOUTS[layout];
        let end = if crlf { "\r\n" } else { "\n" };
        let unit = if micro { TimeUnit::Microseconds } else { TimeUnit::Milliseconds };
        let mut text = layout.header.map(|header| format!("{header}{end}")).unwrap_or_default();
        text += &csv(&rows, layout, end, unit, flags).concat();
        if !ends {
            text.truncate(text.len() - end.len());
        }
        let (batch, result) = read_csv(text.as_bytes(), cut, most, false);
        prop_assert_eq!(result.map(|(count, bad)| (count, bad.count)), Ok((rows.len() as u64, 0)));
        prop_assert_eq!(&batch, &expected(&rows, layout));
        // Far from the end of the text, where the fast reader answers too.
        let (padded, _) = read_csv(&[text.as_bytes(), &b"\n".repeat(400)].concat(), usize::MAX, usize::MAX, false);
        prop_assert_eq!(&padded, &batch);

        let mut scanner = CsvScanner::new("file.csv", Some("BTCUSDT"));
        for block in text.as_bytes().chunks(cut) {
            scanner.feed(block).unwrap();
        }
        scanner.finish().unwrap();
        let needed = |values: &[i64], decimals: u32| {
            (0..=decimals).find(|&kept| values.iter().all(|value| value % 10_i64.pow(decimals - kept) == 0)).unwrap()
        };
        let grid = Grid { price_decimals: needed(&batch.price, 2), qty_decimals: needed(&batch.qty, 3) };
        prop_assert_eq!(scanner.grid(), grid);
        prop_assert_eq!(scanner.time_unit(), Some(unit));
    }

    #[test]
    fn a_bad_row_is_named_and_skipped_wherever_the_text_is_cut(
        rows in written(),
        at in any::<prop::sample::Index>(),
        which in 0..12_usize,
        cut in prop_oneof![1..40_usize, 200..2_000_usize],
    ) {
        let (column, bad, reason) = [
            (0, "12x4", "column agg_trade_id: \"12x4\" is not a decimal number"),
            (1, "", "column price: \"\" is empty"),
            (1, "0.00", "column price: \"0.00\" must be above 0"),
            (1, "-5.5", "column price: \"-5.5\" has a sign"),
            (1, "5.555", "column price: \"5.555\" is off the grid of 2 decimals"),
            (1, "99999999999999999999", "is too large"),
            (2, "1e-3", "column quantity: \"1e-3\" has an exponent"),
            (3, " 7", "column first_trade_id: \" 7\" holds a space"),
            (5, "1700000000000000", "column transact_time: \"1700000000000000\" is in us, but the file began in ms"),
            (5, "17.5", "column transact_time: \"17.5\" is not a whole number"),
            (6, "tru", "column is_buyer_maker: \"tru\" is neither true nor false"),
            (6, "true,1", "has 8 columns, not 7"),
        ][which];
        let layout = &LAYOUTS[0];
        let mut lines = csv(&rows, layout, "\n", TimeUnit::Milliseconds, ["false", "true"]);
        // The first row decides about the unit of time.
        let at = at.index(lines.len());
        prop_assume!(at > 0);
        let mut fields: Vec<&str> = lines[at].trim_end().split(',').collect();
        fields[column] = bad;
        lines[at] = fields.join(",") + "\n";
        let text = format!("{}\n{}{}", layout.header.unwrap(), lines.concat(), "\n".repeat(300));
        let (batch, result) = read_csv(text.as_bytes(), cut, usize::MAX, true);
        let (count, skipped) = result.unwrap();
        prop_assert_eq!((count, skipped.count), (rows.len() as u64 - 1, 1));
        let message = format!("file.csv: line {}", at + 2);
        prop_assert!(skipped.messages[0].starts_with(&message), "{}", skipped.messages[0]);
        prop_assert!(skipped.messages[0].contains(reason), "{}", skipped.messages[0]);
        let mut right = expected(&rows, layout);
        for column in [&mut right.time_ms, &mut right.price, &mut right.qty, right.agg_id.as_mut().unwrap()] {
            column.remove(at);
        }
        right.is_buyer_maker.remove(at);
        let (first, last) = right.first_last_id.as_mut().unwrap();
        first.remove(at);
        last.remove(at);
        prop_assert_eq!(&batch, &right);
        let (_, refused) = read_csv(text.as_bytes(), cut, usize::MAX, false);
        prop_assert_eq!(refused.unwrap_err(), skipped.messages[0].clone());
    }

    #[test]
    fn frames_are_read_in_any_order_of_keys(
        rows in written(),
        order in Just((0..13_usize).collect::<Vec<_>>()).prop_shuffle(),
        (colon, comma) in prop::sample::select(vec![(":", ","), (": ", ", "), (" :\t", " ,  ")]),
        combined in any::<bool>(),
        receipt in any::<bool>(),
        again in any::<bool>(),
        cut in prop_oneof![1..40_usize, 500..5_000_usize],
    ) {
        let layout = &LAYOUTS[0];
        let right = expected(&rows, layout);
        let (first, last) = right.first_last_id.as_ref().unwrap();
        let mut text = String::new();
        for (index, row) in rows.iter().enumerate() {
            let time = right.time_ms[index];
            let extra = if index % 7 == 3 { r#"{"p":["}",1.5e3],"e":null}"#.to_owned() } else { index.to_string() };
            let fields = [
                ("e", "\"aggTrade\"".to_owned()),
                ("E", (time + 5).to_string()),
                ("s", if index % 5 == 4 { "\"ETHUSDT\"" } else { "\"BTCUSDT\"" }.to_owned()),
                ("a", row.id.to_string()),
                ("p", format!("\"{}\"", decimal(row.price, 2, row.zeros.0))),
                ("q", format!("\"{}\"", decimal(row.qty, 3, row.zeros.1))),
                ("nq", format!("\"{}\"", decimal(row.qty, 3, row.zeros.0))),
                ("f", first[index].to_string()),
                ("l", last[index].to_string()),
                ("T", time.to_string()),
                ("m", row.is_buyer_maker.to_string()),
                ("M", "true".to_owned()),
                ("extra \\\" key", extra),
            ];
            let mut order = order.clone();
            if !again {
                order.rotate_left(index % 13);
            }
            let pairs: Vec<String> =
                order.iter().map(|&field| format!("\"{}\"{colon}{}", fields[field].0, fields[field].1)).collect();
            let frame = format!("{{{}}}", pairs.join(comma));
            let single = parse_agg_trade(frame.as_bytes(), GRID).unwrap().unwrap();
            prop_assert_eq!((single.trade.price, single.trade.qty, single.event_time_ms), (row.price, row.qty, time + 5));
            prop_assert_eq!((single.trade.agg_id, i64::from(single.trade.count)), (Some(row.id), row.count + 1));
            let frame = if combined { format!("{{\"stream\"{colon}\"x\"{comma}\"data\"{colon}{frame}}}") } else { frame };
            if receipt {
                text += &(time * 1_000).to_string();
                text += ".5 ";
            }
            text += &frame;
            text.push('\n');
            text += "{\"result\":null,\"id\":1}\n";
        }
        let wanted: Vec<usize> = (0..rows.len()).filter(|index| index % 5 != 4).collect();
        let pick = |column: &[i64]| wanted.iter().map(|&index| column[index]).collect::<Vec<_>>();
        for text in [text.clone(), text + &"\n".repeat(600)] {
            let (batch, result) = read_frames(text.as_bytes(), cut, Event::AggTrade, false);
            prop_assert_eq!(result.map(|(count, bad)| (count, bad.count)), Ok((wanted.len() as u64, 0)));
            prop_assert_eq!(&batch.price, &pick(&right.price));
            prop_assert_eq!(&batch.qty, &pick(&right.qty));
            prop_assert_eq!(&batch.time_ms, &pick(&right.time_ms));
            prop_assert_eq!(batch.agg_id.as_ref().unwrap(), &pick(right.agg_id.as_ref().unwrap()));
            prop_assert_eq!(&batch.first_last_id.as_ref().unwrap().1, &pick(last));
            let sides: Vec<bool> = wanted.iter().map(|&index| right.is_buyer_maker[index]).collect();
            prop_assert_eq!(&batch.is_buyer_maker, &sides);
            let options = FrameOptions {
                grid: GRID,
                symbol: "BTCUSDT".to_owned(),
                event: Event::AggTrade,
                skip_bad: false,
            };
            let mut parser = FrameParser::new("live", options);
            let mut pushed = TradeBatch::default();
            for frame in text.trim_end().lines() {
                parser.push_frame(frame.as_bytes(), &mut pushed).unwrap();
            }
            prop_assert_eq!(&pushed, &batch);
            let error = parser.push_frame(b"{\"e\":", &mut pushed).unwrap_err().to_string();
            prop_assert!(error.starts_with(&format!("live: line {}: ", 2 * rows.len() + 1)), "{}", error);
        }
    }

    #[test]
    fn every_way_of_reading_frames_says_the_same(
        rows in written(),
        changes in prop::collection::vec((0..40_usize, any::<prop::sample::Index>(), any::<u64>()), 40),
        is_shuffled in any::<bool>(),
        event in prop::sample::select(vec![Event::AggTrade, Event::Trade]),
    ) {
        let lines: Vec<String> =
            rows.iter().zip(&changes).map(|(row, change)| strange_frame(row, *change, is_shuffled, event)).collect();
        let text = lines.join("\n") + "\n";
        // Byte by byte, every line is read carefully; in one piece, with room behind it, in the fast ways.
        let careful = read_frames(text.as_bytes(), 1, event, true);
        let roomy = text.clone() + &"\n".repeat(600);
        prop_assert_eq!(&read_frames(roomy.as_bytes(), usize::MAX, event, true), &careful);
        prop_assert_eq!(&read_frames(text.as_bytes(), usize::MAX, event, true), &careful);
        let options = FrameOptions { grid: GRID, symbol: "BTCUSDT".to_owned(), event, skip_bad: true };
        let mut parser = FrameParser::new("file.jsonl", options);
        let mut pushed = TradeBatch::default();
        for (line, (row, &(_, place, seed))) in lines.iter().zip(rows.iter().zip(&changes)) {
            // Behind a usual frame of the same order, whose look it then shares but for what is unusual.
            let usual = strange_frame(row, (usize::MAX, place, seed), is_shuffled, event);
            let both = format!("{usual}\n{line}\n");
            let roomy = both.clone() + &"\n".repeat(520);
            prop_assert_eq!(
                read_frames(roomy.as_bytes(), usize::MAX, event, true),
                read_frames(both.as_bytes(), 1, event, true)
            );
            parser.push_frame(line.as_bytes(), &mut pushed).unwrap();
            let alone = read_frames(line.as_bytes(), 1, event, false);
            match (parse_frame(line.as_bytes(), event, |symbol| (symbol == b"BTCUSDT").then_some(GRID)), alone.1) {
                (Ok(Frame::Trade(found)), Ok((1, _))) => {
                    prop_assert_eq!((found.trade.price, found.trade.qty), (alone.0.price[0], alone.0.qty[0]));
                    prop_assert_eq!(found.trade.agg_id, alone.0.agg_id.map(|ids| ids[0]));
                    prop_assert_eq!(found.trade.is_buyer_maker, alone.0.is_buyer_maker[0]);
                    prop_assert_eq!(found.trade.time_ms, alone.0.time_ms[0]);
                }
                (Ok(Frame::OtherSymbol | Frame::OtherEvent), Ok((0, _))) => {}
                (Err(error), Err(careful)) => prop_assert_eq!(format!("file.jsonl: line 1: {error}"), careful),
                (found, careful) => prop_assert!(false, "{found:?}, but {careful:?}: {line}"),
            }
        }
        prop_assert_eq!((pushed, Ok((parser.trades(), parser.bad().clone()))), careful);
    }
}

/// A frame of `row`, in an order of keys of its own if `is_shuffled`, with something unusual about it half the time.
fn strange_frame(
    row: &Written,
    (change, place, seed): (usize, prop::sample::Index, u64),
    is_shuffled: bool,
    event: Event,
) -> String {
    let id = if event == Event::AggTrade { "a" } else { "t" };
    let mut fields: Vec<String> = vec![
        format!(r#""e":"{}""#, event.name()),
        format!(r#""E":{}"#, START_MS + row.time_step),
        r#""s":"BTCUSDT""#.to_owned(),
        format!(r#""{id}":{}"#, row.id),
        format!(r#""p":"{}""#, decimal(row.price, 2, row.zeros.0)),
        format!(r#""q":"{}""#, decimal(row.qty, 3, row.zeros.1)),
        format!(r#""f":{}"#, row.count + 7_000_000_000),
        format!(r#""l":{}"#, 2 * row.count + 7_000_000_000),
        format!(r#""T":{}"#, START_MS + 2 * row.time_step),
        format!(r#""m":{}"#, row.is_buyer_maker),
        format!(r#""nq":"{}""#, decimal(row.qty, 3, row.zeros.0)),
        r#""st":1"#.to_owned(),
    ];
    if event == Event::Trade {
        fields.push(format!(r#""X":"{}""#, if seed % 5 == 0 { "INSURANCE_FUND" } else { "MARKET" }));
    }
    let unusual = [
        r#""x":null"#,
        r#""M":true"#,
        r#""long key":"text""#,
        r#""x":{"p":"1","e":[1,2]}"#,
        r#""x":[]"#,
        r#""x":-1.5e3"#,
        r#""x":"a,b}""#,
        r#""x":"a\",\"p\":\"1""#,
        r#""x":"","y":"#,
        r#""x":tru"#,
        r#""":1"#,
        r#""x""#,
        r#""x": 1"#,
        r#""s":"ETHUSDT""#,
        r#""s":"币USDT""#,
        r#""s":"""#,
        r#""e":"kline""#,
        r#""p":"7.25""#,
        r#""p":7.25"#,
        r#""q":"0""#,
        r#""q":"1e3""#,
        r#""m":1"#,
        r#""m":True"#,
        r#""m":"true""#,
        r#""T":"1700000000123""#,
        r#""T":1700000000123456"#,
        r#""E":17000000001234567"#,
        r#""a":1.5"#,
        r#""t":x"#,
        r#""X":null"#,
        r#""data":{"p":"1"}"#,
        r#""data":1"#,
    ];
    let at = place.index(fields.len());
    if let Some(&unusual) = unusual.get(change) {
        // Half of them stand instead of the field of that key, the others beside it.
        let same_key = fields.iter().position(|field| field.as_bytes().get(..4) == unusual.as_bytes().get(..4));
        match same_key.filter(|_| seed % 2 == 0) {
            Some(same) => unusual.clone_into(&mut fields[same]),
            None => fields.insert(at, unusual.to_owned()),
        }
    } else if change == 33 {
        fields.remove(at);
    }
    let mut state = seed;
    for last in (1..fields.len()).rev().filter(|_| is_shuffled) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        fields.swap(last, (state >> 33) as usize % (last + 1));
    }
    let mut frame = format!("{{{}}}", fields.join(","));
    if (seed >> 8).is_multiple_of(4) {
        frame = format!(r#"{{"stream":"btcusdt@aggTrade","data":{frame}}}"#);
    }
    match change {
        34 => frame.truncate(1 + place.index(frame.len() - 1)),
        35 => frame.insert(place.index(frame.len()), ' '),
        36 => frame.push_str(["}", ",", "\r", " ", "{}", "]"][at % 6]),
        _ => {}
    }
    frame
}
