//! Bars against a slow reading of their definition.

use std::collections::BTreeMap;

use arbcore_core::bars::{
    Bar, BarBuilder, BarOptions, Interval, TierBounds, TradeColumns, aggregate, bar_table, kline_table,
    tran_stats_table,
};
use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::Grid;
use arbcore_core::table::{Column, Table};
use proptest::prelude::*;

const WINDOW_MS: i64 = 300_000;

#[derive(Debug, Clone, Copy)]
struct Record {
    time_ms: i64,
    price: i64,
    qty: i64,
    is_sell: bool,
    count: i64,
}

/// One naive window: its valid records, times already raised.
type Windows = BTreeMap<i64, Vec<Record>>;

fn windows(records: &[Record]) -> Windows {
    let mut windows = Windows::new();
    let mut last_ms = i64::MIN;
    for record in records.iter().filter(|r| r.price > 0 && r.qty > 0) {
        last_ms = last_ms.max(record.time_ms);
        windows.entry(last_ms.div_euclid(WINDOW_MS) * WINDOW_MS).or_default().push(*record);
    }
    windows
}

/// `(open, high, low, close, records, per tier and side: [volume, notional, underlying])` of one 5-minute window.
type NaiveBar = (i64, i64, i64, i64, i64, [[[i128; 3]; 2]; 4]);

fn tier(value: i128, grid: Grid) -> usize {
    // value / 10^d * 7 <= bound, multiplied out.
    let scale = 10_i128.pow(grid.price_decimals + grid.qty_decimals);
    [40_000_i128, 200_000, 1_000_000].iter().filter(|bound| value * 7 > **bound * scale).count()
}

fn naive_bar(records: &[Record], grid: Grid) -> NaiveBar {
    let mut sums = [[[0; 3]; 2]; 4];
    for r in records {
        let value = i128::from(r.price) * i128::from(r.qty);
        let sum = &mut sums[tier(value, grid)][usize::from(r.is_sell)];
        sum[0] += i128::from(r.qty);
        sum[1] += value;
        sum[2] += i128::from(r.count.max(1));
    }
    (
        records[0].price,
        records.iter().map(|r| r.price).max().unwrap(),
        records.iter().map(|r| r.price).min().unwrap(),
        records[records.len() - 1].price,
        records.len() as i64,
        sums,
    )
}

/// All windows from the first to the last one, the last included although it may not be over.
fn naive_bars(records: &[Record], grid: Grid) -> Vec<(i64, NaiveBar)> {
    let windows = windows(records);
    let (Some(first), Some(last)) = (windows.keys().next(), windows.keys().next_back()) else { return vec![] };
    let mut bars: Vec<(i64, NaiveBar)> = vec![];
    for open_ms in (*first..=*last).step_by(WINDOW_MS as usize) {
        let bar = if let Some(records) = windows.get(&open_ms) {
            naive_bar(records, grid)
        } else {
            let close = bars.last().unwrap().1.3;
            (close, close, close, close, 0, [[[0; 3]; 2]; 4])
        };
        bars.push((open_ms, bar));
    }
    bars
}

fn as_naive(bar: &Bar) -> (i64, NaiveBar) {
    let mut sums = [[[0; 3]; 2]; 4];
    for (side, flow) in [&bar.buy, &bar.sell].into_iter().enumerate() {
        let mut total = [0; 3];
        for (tier, part) in flow.tiers.iter().enumerate() {
            sums[tier][side] = [part.volume, part.notional, i128::from(part.trades)];
            for k in 0..3 {
                total[k] += sums[tier][side][k];
            }
        }
        assert_eq!(total, [flow.total.volume, flow.total.notional, i128::from(flow.total.trades)]);
    }
    (bar.open_ms, (bar.open, bar.high, bar.low, bar.close, bar.records, sums))
}

fn batch(records: &[Record]) -> TradeBatch {
    TradeBatch {
        time_ms: records.iter().map(|r| r.time_ms).collect(),
        price: records.iter().map(|r| r.price).collect(),
        qty: records.iter().map(|r| r.qty).collect(),
        is_buyer_maker: records.iter().map(|r| r.is_sell).collect(),
        first_last_id: Some((vec![100; records.len()], records.iter().map(|r| 99 + r.count).collect())),
        agg_id: None,
    }
}

fn built(records: &[Record], grid: Grid, cuts: &[usize]) -> (BarBuilder, Vec<Bar>) {
    let mut builder = BarBuilder::new(grid, &BarOptions::default()).unwrap();
    let mut start = 0;
    for &cut in cuts.iter().chain([&records.len()]) {
        let end = cut.clamp(start, records.len());
        builder.push_batch(&batch(&records[start..end])).unwrap();
        start = end;
    }
    let bars = builder.closed().iter().copied().chain(builder.open_bar()).collect();
    (builder, bars)
}

/// Prices and sizes around the tier bounds of a (1, 3) grid, with zeros, negatives, extremes and times that step back.
fn records(len: usize, extremes: bool) -> impl Strategy<Value = Vec<Record>> {
    let price = if extremes {
        prop_oneof![1_i64..10, Just(u32::MAX.into()), Just(i64::from(u32::MAX) + 1), Just(1 << 40)].boxed()
    } else {
        prop_oneof![20 => 999_000_i64..1_001_000, 1 => -1_i64..2].boxed()
    };
    let qty = if extremes {
        prop_oneof![1_i64..10, Just(i32::MAX.into()), Just(i64::from(i32::MAX) + 1), Just(1 << 40)].boxed()
    } else {
        prop_oneof![8 => 1_i64..400, 4 => 1_i64..2000, 1 => Just(57), 1 => Just(286), 1 => -1_i64..1].boxed()
    };
    let gap = prop_oneof![30 => 0_i64..2_000, 3 => -50_i64..0, 2 => 0_i64..2 * WINDOW_MS, 1 => 0_i64..50 * WINDOW_MS];
    let rows = prop::collection::vec((gap, price, qty, any::<bool>(), 0_i64..5), 0..len);
    (rows, 0_i64..86_400_000, any::<bool>()).prop_map(|(rows, start, clean)| {
        let mut time_ms = 1_735_689_600_000 + start;
        let row = |(gap, price, qty, is_sell, count): (i64, i64, i64, bool, i64)| {
            // Half of the cases are clean, for one bad record sends its piece through the careful path.
            let least = if clean { 1 } else { -100 };
            time_ms += gap.max(least - 1);
            Record { time_ms, price: price.max(least), qty: qty.max(least), is_sell, count }
        };
        rows.into_iter().map(row).collect()
    })
}

fn f64_column<'a>(table: &'a Table, name: &str) -> &'a [f64] {
    match &table.columns.iter().find(|(column, _)| column == name).unwrap().1 {
        Column::F64(values) => values,
        other => panic!("{name}: {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn bars_equal_their_definition_at_any_cut(
        records in records(3_000, false),
        cuts in prop::collection::vec(0_usize..3_000, 0..6),
    ) {
        let grid = Grid::new(1, 3).unwrap();
        let mut cuts = cuts;
        cuts.sort_unstable();
        let (builder, bars) = built(&records, grid, &cuts);
        let expected = naive_bars(&records, grid);
        prop_assert_eq!(bars.iter().map(as_naive).collect::<Vec<_>>(), expected);
        let valid: Vec<_> = records.iter().filter(|r| r.price > 0 && r.qty > 0).collect();
        prop_assert_eq!(builder.dropped() as usize, records.len() - valid.len());
        let mut last_ms = i64::MIN;
        let raised = valid.iter().filter(|r| { let late = r.time_ms < last_ms; last_ms = last_ms.max(r.time_ms); late });
        prop_assert_eq!(builder.raised() as usize, raised.count());
    }

    #[test]
    fn extremes_of_price_and_size_stay_exact(records in records(200, true)) {
        let grid = Grid::new(8, 8).unwrap();
        let (_, bars) = built(&records, grid, &[]);
        prop_assert_eq!(bars.iter().map(as_naive).collect::<Vec<_>>(), naive_bars(&records, grid));
    }

    #[test]
    fn narrow_and_wide_columns_give_the_same_bars(records in records(3_000, false), with_counts in any::<bool>()) {
        // Narrow columns cannot say "negative"; the base is such that offsets are not.
        let base_ms = 1_735_689_600_000 - 3_600_000;
        let records: Vec<_> = records.into_iter().map(|r| Record { price: r.price.max(0), qty: r.qty.max(0), ..r }).collect();
        let signed = |r: &Record| if r.is_sell { -r.qty } else { r.qty };
        let time: Vec<u32> = records.iter().map(|r| (r.time_ms - base_ms) as u32).collect();
        let price: Vec<u32> = records.iter().map(|r| r.price as u32).collect();
        let qty: Vec<i32> = records.iter().map(|r| signed(r) as i32).collect();
        let count: Vec<u16> = records.iter().map(|r| r.count as u16).collect();
        let wide_time: Vec<i64> = records.iter().map(|r| r.time_ms).collect();
        let wide_price: Vec<i64> = records.iter().map(|r| r.price).collect();
        let wide_qty: Vec<i64> = records.iter().map(signed).collect();
        let wide_count: Vec<i64> = records.iter().map(|r| r.count).collect();
        let mut narrow = BarBuilder::new(Grid::new(1, 3).unwrap(), &BarOptions::default()).unwrap();
        let mut wide = narrow.clone();
        narrow.push_columns(&TradeColumns {
            base_ms, time: &time, price: &price, signed_qty: &qty, count: with_counts.then_some(&count[..]),
        }).unwrap();
        wide.push_columns(&TradeColumns {
            base_ms: 0, time: &wide_time, price: &wide_price, signed_qty: &wide_qty,
            count: with_counts.then_some(&wide_count[..]),
        }).unwrap();
        prop_assert_eq!(narrow.closed(), wide.closed());
        prop_assert_eq!(narrow.open_bar(), wide.open_bar());
        prop_assert_eq!((narrow.dropped(), narrow.raised()), (wide.dropped(), wide.raised()));
    }

    #[test]
    fn longer_intervals_equal_their_definition(records in records(400, false), partial in any::<bool>()) {
        let grid = Grid::new(1, 3).unwrap();
        let base = naive_bars(&records, grid);
        let (_, bars) = built(&records, grid, &[]);
        for text in ["15m", "1h", "4h", "8h", "12h", "24h"] {
            let interval = Interval::parse(text).unwrap();
            let mut expected = vec![];
            let mut starts: Vec<i64> = base.iter().map(|(ms, _)| ms.div_euclid(interval.length_ms())).collect();
            starts.dedup();
            for start in starts {
                let parts: Vec<_> = base.iter().filter(|(ms, _)| ms.div_euclid(interval.length_ms()) == start).collect();
                if !partial && (parts.len() as i64) < interval.length_ms() / WINDOW_MS {
                    continue;
                }
                let mut sums = [[[0; 3]; 2]; 4];
                for (_, part) in &parts {
                    for (sum, part) in sums.as_flattened_mut().iter_mut().zip(part.5.as_flattened()) {
                        for k in 0..3 {
                            sum[k] += part[k];
                        }
                    }
                }
                expected.push((start * interval.length_ms(), (
                    parts[0].1.0,
                    parts.iter().map(|p| p.1.1).max().unwrap(),
                    parts.iter().map(|p| p.1.2).min().unwrap(),
                    parts[parts.len() - 1].1.3,
                    parts.iter().map(|p| p.1.4).sum(),
                    sums,
                )));
            }
            let longer = aggregate(&bars, interval, partial).unwrap();
            prop_assert_eq!(longer.iter().map(as_naive).collect::<Vec<_>>(), expected, "{}", text);
        }
    }

    #[test]
    fn tables_hold_the_rounded_quotients(records in records(300, false)) {
        let grid = Grid::new(1, 3).unwrap();
        let (_, bars) = built(&records, grid, &[]);
        let table = bar_table("BTCUSDT", grid, Interval::BASE, &bars).unwrap();
        let stats = tran_stats_table("BTCUSDT", grid, Interval::BASE, &bars);
        prop_assert_eq!(table.rows(), bars.len());
        for (row, (_, bar)) in naive_bars(&records, grid).iter().enumerate() {
            // All of these are below 2^53, so one division is the correctly rounded quotient.
            let sum = |k: usize| bar.5.as_flattened().iter().map(|s| s[k]).sum::<i128>() as f64;
            prop_assert_eq!(f64_column(&table, "high")[row], bar.1 as f64 / 10.0);
            prop_assert_eq!(f64_column(&table, "volume")[row], sum(0) / 1e3);
            prop_assert_eq!(f64_column(&table, "quote_volume")[row], sum(1) / 1e4);
            prop_assert_eq!(f64_column(&table, "dolvol")[row], sum(1) / 1e4);
            prop_assert_eq!(f64_column(&stats, "sell_dolvol3")[row], bar.5[2][1][1] as f64 / 1e4);
            let Column::OptF64(vwap) = &table.columns[9].1 else { panic!("vwap is column 10") };
            prop_assert_eq!(vwap[row], (bar.4 > 0).then(|| sum(1) / (sum(0) * 10.0)));
        }
    }
}

fn record(time_ms: i64, price: i64, qty: i64) -> Record {
    Record { time_ms, price, qty, is_sell: false, count: 3 }
}

#[test]
fn columns_are_those_of_the_specification() {
    let grid = Grid::new(1, 3).unwrap();
    let (_, bars) = built(&[record(0, 10, 1)], grid, &[]);
    let names = |table: &Table| table.columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>().join(",");
    assert_eq!(
        names(&bar_table("X", grid, Interval::BASE, &bars).unwrap()),
        "symbol,open_time,close_time,time_label,span_status,open,high,low,close,vwap,volume,quote_volume,dolvol,\
         buyvolume,sellvolume,buydolvol,selldolvol,trade_count,tradecount,buytradecount,selltradecount"
    );
    let six = |k: &str| ["buy", "sell"].map(|s| format!("{s}_volume{k},{s}_dolvol{k},{s}_trade_count{k}")).join(",");
    let all = ["", "1", "2", "3", "4"].map(six).join(",");
    assert_eq!(
        names(&tran_stats_table("X", grid, Interval::BASE, &bars)),
        format!("symbol,open_time,time_label,{all}")
    );
}

#[test]
fn the_joined_table_holds_both_for_each_interval() {
    let grid = Grid::new(1, 3).unwrap();
    let trades: Vec<_> = (0..30).map(|i| record(i * WINDOW_MS, 10 + i, 1)).collect();
    let (_, bars) = built(&trades, grid, &[]);
    let hours = aggregate(&bars, Interval::STANDARD[1], false).unwrap();
    let joined =
        kline_table("X", grid, &[(Interval::BASE, bars.clone()), (Interval::STANDARD[1], hours.clone())]).unwrap();
    assert_eq!((joined.rows(), hours.len()), (32, 2));
    let parts = [(Interval::BASE, &bars, 0), (Interval::STANDARD[1], &hours, 30)];
    for (interval, bars, start) in parts {
        let bar = bar_table("X", grid, interval, bars).unwrap();
        let stats = tran_stats_table("X", grid, interval, bars);
        let repeated = ["symbol", "open_time", "time_label"];
        let expected: Vec<_> = bar
            .columns
            .iter()
            .chain(stats.columns.iter().filter(|(name, _)| !repeated.contains(&name.as_str())))
            .collect();
        assert_eq!(joined.columns.len(), expected.len() + 1);
        for ((name, column), (joined_name, all)) in expected.into_iter().zip(&joined.columns) {
            assert_eq!(name, joined_name);
            match (column, all) {
                (Column::I64(part), Column::I64(all)) => assert_eq!(part[..], all[start..][..part.len()], "{name}"),
                (Column::F64(part), Column::F64(all)) => assert_eq!(part[..], all[start..][..part.len()], "{name}"),
                (Column::OptF64(part), Column::OptF64(all)) => {
                    assert_eq!(part[..], all[start..][..part.len()], "{name}");
                }
                (Column::Text { .. }, Column::Text { .. }) => {}
                other => panic!("{name}: {other:?}"),
            }
        }
    }
    let (name, Column::Text { codes, dictionary }) = joined.columns.last().unwrap() else { panic!("interval is text") };
    assert_eq!((name.as_str(), dictionary.join(",")), ("interval", "5m,1h".to_owned()));
    assert_eq!(codes.iter().sum::<u32>(), 2);
}

#[test]
fn tier_bounds_are_inclusive() {
    // 1 CNY to the dollar and no decimals: a value of exactly the bound belongs below it.
    let options = BarOptions { tiers: TierBounds::new([10, 20, 30], 1, 0).unwrap(), seeded_close: None };
    let mut builder = BarBuilder::new(Grid::new(0, 0).unwrap(), &options).unwrap();
    let records: Vec<_> = [10, 11, 20, 21, 30, 31].into_iter().map(|qty| record(0, 1, qty)).collect();
    builder.push_batch(&batch(&records)).unwrap();
    let bar = builder.open_bar().unwrap();
    assert_eq!(bar.buy.tiers.map(|tier| tier.volume), [10, 31, 51, 31]);
    assert_eq!(bar.buy.tiers.map(|tier| tier.trades), [3, 6, 6, 3]);
}

#[test]
fn a_window_closes_only_when_it_is_over() {
    let mut builder = BarBuilder::new(Grid::new(0, 0).unwrap(), &BarOptions::default()).unwrap();
    builder.close_until(10 * WINDOW_MS).unwrap();
    assert!(builder.closed().is_empty(), "no bar before the first trade");
    builder.push_batch(&batch(&[record(WINDOW_MS + 1, 7, 1)])).unwrap();
    builder.close_until(2 * WINDOW_MS - 1).unwrap();
    assert!(builder.closed().is_empty());
    builder.close_until(2 * WINDOW_MS).unwrap();
    assert_eq!(builder.closed().len(), 1);
    builder.close_until(4 * WINDOW_MS).unwrap();
    let bars = builder.take_closed();
    assert_eq!(
        bars.iter().map(|bar| (bar.open_ms, bar.close, bar.records)).collect::<Vec<_>>(),
        [(WINDOW_MS, 7, 1), (2 * WINDOW_MS, 7, 0), (3 * WINDOW_MS, 7, 0)]
    );
    assert!(builder.closed().is_empty() && builder.open_bar().is_none());
}

#[test]
fn a_seeded_close_fills_the_windows_before_the_first_trade() {
    let options = BarOptions { seeded_close: Some((WINDOW_MS, 42)), ..BarOptions::default() };
    let mut builder = BarBuilder::new(Grid::new(0, 0).unwrap(), &options).unwrap();
    builder.push_batch(&batch(&[record(3 * WINDOW_MS, 50, 1), record(4 * WINDOW_MS, 51, 1)])).unwrap();
    let opens: Vec<_> = builder.closed().iter().map(|bar| (bar.open_ms, bar.open, bar.records)).collect();
    assert_eq!(opens, [(WINDOW_MS, 42, 0), (2 * WINDOW_MS, 42, 0), (3 * WINDOW_MS, 50, 1)]);
}

#[test]
fn refuses_what_cannot_be_right() {
    let grid = Grid::new(0, 0).unwrap();
    let mut builder = BarBuilder::new(grid, &BarOptions::default()).unwrap();
    builder.push_batch(&batch(&[record(0, 1, 1)])).unwrap();
    // Microseconds where milliseconds belong.
    let message = builder.push_batch(&batch(&[record(1_735_689_600_000_000, 1, 1)])).unwrap_err().to_string();
    assert!(message.contains("milliseconds"), "{message}");
    let message = builder.push_batch(&batch(&[record(i64::MAX, 1, 1)])).unwrap_err().to_string();
    assert!(message.contains("9223372036854775807"), "{message}");
    let ragged =
        TradeColumns { base_ms: 0, time: &[0_i64], price: &[1_i64], signed_qty: &[1_i64, 2], count: None::<&[i64]> };
    let message = builder.push_columns(&ragged).unwrap_err().to_string();
    assert!(message.contains("signed_qty has 2 rows"), "{message}");
    assert!(BarBuilder::new(grid, &BarOptions { seeded_close: Some((1, 1)), ..BarOptions::default() }).is_err());
    assert!(BarBuilder::new(grid, &BarOptions { seeded_close: Some((0, 0)), ..BarOptions::default() }).is_err());
}

#[test]
fn sums_beyond_128_bits_are_an_error() {
    let grid = Grid::new(0, 0).unwrap();
    let records = vec![record(0, i64::MAX, i64::MAX); 3];
    let mut builder = BarBuilder::new(grid, &BarOptions::default()).unwrap();
    let message = builder.push_batch(&batch(&records)).unwrap_err().to_string();
    assert!(message.contains("128 bits"), "{message}");
}

#[test]
fn counts_of_any_size_are_summed() {
    let mut builder = BarBuilder::new(Grid::new(0, 0).unwrap(), &BarOptions::default()).unwrap();
    let count = [u32::MAX, 0, u32::MAX, 7];
    let columns = TradeColumns {
        base_ms: 0,
        time: &[0_u32; 4],
        price: &[1_u32; 4],
        signed_qty: &[1, -1, 1, -1],
        count: Some(&count),
    };
    builder.push_columns(&columns).unwrap();
    let bar = builder.open_bar().unwrap();
    assert_eq!(bar.buy.total.trades, 2 * i64::from(u32::MAX));
    assert_eq!(bar.sell.total.trades, 8);
}

#[test]
fn full_pieces_stay_exact_at_the_bounds() {
    // On this grid 40,000 CNY are 57,142,857.14 ticks x lots; volumes exceed 32 bits within one piece.
    let grid = Grid::new(1, 3).unwrap();
    let rows = (0..4096).map(|i| match i % 3 {
        0 => (57_142_857, 1, 1),
        1 => (57_142_858, 1, -1),
        _ => (1, 40_000_000, 1),
    });
    let (price, qty): (Vec<u32>, Vec<i32>) = rows.map(|(price, qty, side)| (price, qty * side)).unzip();
    let mut builder = BarBuilder::new(grid, &BarOptions::default()).unwrap();
    let columns =
        TradeColumns { base_ms: 0, time: &[0_u32; 4096], price: &price, signed_qty: &qty, count: None::<&[u16]> };
    builder.push_columns(&columns).unwrap();
    let bar = builder.open_bar().unwrap();
    assert_eq!(bar.buy.total.volume, 1_366 + 1_365 * 40_000_000);
    assert_eq!(bar.buy.tiers.map(|tier| tier.trades), [2_731, 0, 0, 0]);
    assert_eq!(bar.sell.tiers.map(|tier| tier.trades), [0, 1_365, 0, 0]);
    assert_eq!(bar.sell.total.notional, 1_365 * 57_142_858);
}
