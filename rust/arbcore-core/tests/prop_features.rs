//! Features against whole-window rescans, with small windows of memory and every kind of tape.

use arbcore_core::batch::TradeBatch;
use arbcore_core::feature::{FeatureConfig, FeatureEngine, FeatureRow, Step, Window};
use arbcore_core::grid::Grid;
use arbcore_core::tape::{IdPolicy, Tape};
use proptest::prelude::*;

const GRID: Grid = Grid { price_decimals: 1, qty_decimals: 0 };

/// (time, price, quantity, taker sold)
type Row = (i64, i64, i64, bool);

fn config() -> FeatureConfig {
    FeatureConfig { percentile_floors: (1, 1), whale_usd: 2_000, ..FeatureConfig::standard("BTCUSDT", GRID) }
}

fn batch(rows: &[Row]) -> TradeBatch {
    TradeBatch {
        agg_id: None,
        time_ms: rows.iter().map(|r| r.0).collect(),
        price: rows.iter().map(|r| r.1).collect(),
        qty: rows.iter().map(|r| r.2).collect(),
        is_buyer_maker: rows.iter().map(|r| r.3).collect(),
        first_last_id: None,
    }
}

/// Runs over the rows handed in as batches cut at `cuts`, dropping what is no longer needed.
fn run(rows: &[Row], cuts: &[usize]) -> Vec<FeatureRow> {
    let mut tape = Tape::new(GRID, IdPolicy::Drop);
    let mut engine = FeatureEngine::new(config(), GRID).unwrap();
    let mut out = Vec::new();
    let mut from = 0;
    let mut cuts: Vec<usize> = cuts.iter().map(|c| c % (rows.len() + 1)).collect();
    cuts.push(rows.len());
    cuts.sort_unstable();
    for to in cuts {
        tape.push_many(&batch(&rows[from..to])).unwrap();
        from = to;
        // At the end, edges up to the last trade are closed, none after it.
        let complete = if to == rows.len() { rows[rows.len() - 1].0 } else { i64::MIN };
        loop {
            match engine.step(&tape, complete) {
                Step::Trades { .. } => {}
                Step::Evaluation(t) => {
                    let mut row = FeatureRow::empty(t, GRID);
                    engine.evaluate(&tape, t, &mut row).unwrap();
                    out.push(row);
                }
                Step::Pending => break,
            }
        }
        tape.drop_before(engine.keep_from_ms());
    }
    out
}

fn check(rows: &[Row], out: &[FeatureRow]) {
    let first = rows[0].0;
    let last = rows[rows.len() - 1].0;
    let times: Vec<i64> = (first.div_euclid(15_000)..=last / 15_000 + 1)
        .map(|k| k * 15_000)
        .filter(|&t| t >= first && t <= last)
        .collect();
    assert_eq!(out.iter().map(|r| r.t_ms).collect::<Vec<_>>(), times);
    for row in out {
        let t = row.t_ms;
        let seen: Vec<&Row> = rows.iter().filter(|r| r.0 <= t).collect();
        let window = |w: i64| seen.iter().filter(move |r| r.0 >= t - w);
        let signed = |r: &Row| if r.3 { -r.2 } else { r.2 };
        for w in Window::ALL {
            let length = w.length_ms().unwrap_or(t.rem_euclid(86_400_000));
            assert_eq!(row.cvd[w as usize], window(length).map(|r| signed(r)).sum::<i64>(), "cvd_{} at {t}", w.name());
        }
        let mut sizes: Vec<i64> = window(86_400_000).map(|r| r.2).collect();
        sizes.sort_unstable();
        let n = sizes.len();
        let expected = if n < 100 { (5, 10) } else { (sizes[n * 95 / 100], sizes[n * 99 / 100]) };
        assert_eq!((row.p95_qty, row.p99_qty), expected, "percentiles of {n} at {t}");
        let large: Vec<i64> =
            seen.iter().filter(|r| r.0 > t - 900_000 && r.2 >= expected.1).map(|r| signed(r)).collect();
        assert_eq!(row.large_buy_count as usize, large.iter().filter(|q| **q > 0).count());
        assert_eq!(row.large_sell_count as usize, large.iter().filter(|q| **q < 0).count());
        assert_eq!(row.large_buy_max, large.iter().copied().max().unwrap_or(0).max(0));
        assert_eq!(row.large_sell_max, -large.iter().copied().min().unwrap_or(0).min(0));
        let whales: Vec<i64> = window(900_000).filter(|r| r.1 * r.2 >= 20_000).map(|r| r.1 * signed(r)).collect();
        let gross: i64 = whales.iter().map(|w| w.abs()).sum();
        let ratio = if gross == 0 { 0.0 } else { whales.iter().sum::<i64>() as f64 / gross as f64 };
        assert_eq!(row.whale_ratio, ratio);
        let half_hour: Vec<_> = window(1_800_000).collect();
        let vwap = (!half_hour.is_empty()).then(|| {
            half_hour.iter().map(|r| r.1 * r.2).sum::<i64>() as f64
                / (half_hour.iter().map(|r| r.2).sum::<i64>() * 10) as f64
        });
        assert_eq!(row.vwap_30m, vwap);
        assert_eq!(row.trade_count_1m as usize, window(60_000).count());
        assert_eq!(row.price, seen[seen.len() - 1].1);
        assert_eq!(row.volume_24h, i128::from(sizes.iter().sum::<i64>()));
    }
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let gap = prop_oneof![
        6 => 0..400_i64,
        2 => Just(0_i64),
        2 => Just(15_000_i64),
        1 => 0..400_000_i64,
        1 => Just(900_000_i64),
    ];
    let qty = prop_oneof![8 => 1..20_i64, 2 => 1..400_i64, 1 => Just(1_000_000_i64), 1 => 1..=1_000_000_000_i64];
    (0..30_000_i64, prop::collection::vec((gap, 1..2_000_i64, qty, any::<bool>()), 1..400)).prop_map(
        |(start, steps)| {
            let mut t = 1_735_689_600_000 - 3_600_000 + start;
            steps
                .into_iter()
                .map(|(gap, price, qty, sell)| {
                    t += gap;
                    (t, price, qty, sell)
                })
                .collect()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn features_equal_rescans_at_any_cut(rows in rows(), cuts in prop::collection::vec(any::<usize>(), 0..6)) {
        let whole = run(&rows, &[]);
        check(&rows, &whole);
        prop_assert_eq!(whole, run(&rows, &cuts));
    }
}

#[test]
fn percentiles_stay_exact_while_the_floor_moves() {
    // 30 h of trades whose sizes shrink and grow by orders of magnitude: thinning out and rebuilding both happen.
    let mut state = 7_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let start = 1_735_689_600_000_i64;
    let mut rows = Vec::new();
    for i in 0..60_000_i64 {
        let scale = match i / 7_500 % 4 {
            0 => 1_000,
            1 => 40,
            2 => 100_000,
            _ => 5,
        };
        let qty = 1 + (random() % scale) as i64;
        rows.push((
            start + i * 1_800 + (random() % 1_800) as i64,
            1_000 + (random() % 50) as i64,
            qty,
            random() % 2 == 0,
        ));
    }
    let mut tape = Tape::new(GRID, IdPolicy::Drop);
    tape.push_many(&batch(&rows)).unwrap();
    let mut engine = FeatureEngine::new(config(), GRID).unwrap();
    let mut evaluations = 0;
    loop {
        match engine.step(&tape, rows[rows.len() - 1].0) {
            Step::Trades { .. } => {}
            Step::Evaluation(t) => {
                let mut row = FeatureRow::empty(t, GRID);
                engine.evaluate(&tape, t, &mut row).unwrap();
                evaluations += 1;
                if evaluations % 40 == 0 {
                    let from = rows.partition_point(|r| r.0 < t - 86_400_000);
                    let to = rows.partition_point(|r| r.0 <= t);
                    let mut sizes: Vec<i64> = rows[from..to].iter().map(|r| r.2).collect();
                    sizes.sort_unstable();
                    let n = sizes.len();
                    if n >= 100 {
                        assert_eq!((row.p95_qty, row.p99_qty), (sizes[n * 95 / 100], sizes[n * 99 / 100]), "at {t}");
                    }
                }
            }
            Step::Pending => break,
        }
    }
    assert!(evaluations >= 7_199, "{evaluations}");
}
