//! A sweep against the plain way: every trade, every evaluation, one configuration at a time.

mod position_support;

use arbcore_core::feature::{FeatureRow, Indicators};
use arbcore_core::position::{FillModel, RunResult, Runner, Simulation};
use arbcore_core::sample::Settlement;
use arbcore_core::stats::Statistics;
use arbcore_core::strategy::{DirectionFilter, Model, Profile, StrategyConfig, Track, regime, score};
use arbcore_core::sweep::{PricePyramid, SweepInput, SweepOptions, TradeColumns, TradeIndex, activity, sweep};
use arbcore_core::types::HOUR_MS;
use position_support::{GRID, filters};
use proptest::prelude::*;

const T0: i64 = 480_000 * HOUR_MS;
const STEP_MS: i64 = 15_000;

/// One thing that happens; the order of the variants is their order within one millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Funding(usize),
    Trade(usize),
    Evaluation(usize),
    Mark,
}

fn plainly(input: &SweepInput<TradeColumns>, config: &StrategyConfig) -> RunResult {
    let trades = input.trades;
    let last_ms = *trades.time_ms.last().unwrap();
    let first_evaluation = input.rows[0].t_ms;
    let mut happenings: Vec<(i64, Happening)> = Vec::new();
    happenings.extend(trades.time_ms.iter().enumerate().map(|(i, &time_ms)| (time_ms, Happening::Trade(i))));
    happenings.extend(input.rows.iter().enumerate().map(|(i, row)| (row.t_ms, Happening::Evaluation(i))));
    happenings.extend(input.funding.iter().enumerate().map(|(i, event)| (event.time_ms, Happening::Funding(i))));
    let first_hour = (T0..).step_by(HOUR_MS as usize).find(|&hour_ms| hour_ms >= first_evaluation).unwrap();
    let hours = (first_hour..=last_ms).step_by(HOUR_MS as usize);
    happenings.extend(hours.map(|time_ms| (time_ms, Happening::Mark)));
    // Trades keep their order: within one millisecond they sort by index.
    happenings.sort();
    let mut runner = Runner::new(config.clone(), GRID, input.simulation, input.filters);
    let mut last_price = None;
    for (time_ms, happening) in happenings {
        match (happening, last_price) {
            (Happening::Trade(i), _) => {
                last_price = Some(trades.price[i]);
                runner.on_trade(time_ms, trades.price[i]);
            }
            (Happening::Evaluation(i), _) => {
                let row = &input.rows[i];
                if input.from_ms.is_none_or(|from| from <= time_ms) && input.to_ms.is_none_or(|to| time_ms < to) {
                    let open = usize::from(runner.is_engaged());
                    runner.on_evaluation(row, &score(config, row), regime(config, row) as u8, open);
                }
            }
            (Happening::Funding(i), Some(price)) if time_ms <= last_ms => {
                let mark_price = input.funding[i].mark_price.unwrap_or(GRID.price(price));
                runner.on_funding(time_ms, input.funding[i].rate, mark_price);
            }
            (Happening::Mark, Some(price)) => runner.mark(time_ms, price),
            (Happening::Funding(_) | Happening::Mark, _) => {}
        }
    }
    runner.finish(last_ms, *trades.price.last().unwrap())
}

fn tapes() -> impl Strategy<Value = TradeColumns> {
    // Bursts within a millisecond, silences of minutes, steps with heavy tails.
    let wait = prop_oneof![6 => Just(0_i64), 6 => 1_i64..3_000, 2 => 3_000_i64..60_000, 1 => 60_000_i64..600_000];
    let step = prop_oneof![10 => -6_i64..=6, 4 => -60_i64..=60, 1 => -700_i64..=700];
    // Coarse clocks put trades on evaluations, settlements and deadlines, several at once.
    let clock_ms = prop_oneof![Just(1_i64), Just(1_000), Just(STEP_MS)];
    (0..STEP_MS, clock_ms, prop::collection::vec((wait, step), 40..1_200)).prop_map(|(start, clock_ms, steps)| {
        let mut trades = TradeColumns::default();
        let (mut time_ms, mut price) = (T0 + start / clock_ms * clock_ms, 20_000_i64);
        for (wait, step) in steps {
            time_ms += wait / clock_ms * clock_ms;
            price = (price + step).max(1);
            trades.time_ms.push(time_ms);
            trades.price.push(price);
        }
        trades
    })
}

/// Features of one evaluation that vary; price and time come from the tape.
type Shape = (i64, i64, i64, (bool, bool), u8, f64);

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let sign = || prop_oneof![3 => Just(5_i64), 3 => Just(-5_i64), 1 => Just(0_i64)];
    prop::collection::vec((sign(), sign(), sign(), any::<(bool, bool)>(), 0_u8..24, 0.5..60.0_f64), 50)
}

fn rows(trades: &TradeColumns, shapes: &[Shape]) -> Vec<FeatureRow> {
    let first = trades.time_ms[0];
    let start = first + (STEP_MS - first % STEP_MS) % STEP_MS;
    let last = *trades.time_ms.last().unwrap();
    (start..=last)
        .step_by(STEP_MS as usize)
        .enumerate()
        .map(|(i, t_ms)| {
            // Signs persist for a while, so that positions get time before they flip.
            let (fast, slow, accel, (buys, sells), kind, atr) = shapes[i / 7 % shapes.len()];
            let mut row = FeatureRow::empty(t_ms, GRID);
            row.price = trades.price[trades.first_after(t_ms) - 1];
            row.cvd = [slow; 16];
            row.cvd[0] = fast;
            row.cvd[1] = fast;
            row.cvd_slope = [accel; 16];
            row.cvd_accel = [accel * 4_000; 16];
            row.large_buy_count = u32::from(buys);
            row.large_sell_count = u32::from(sells);
            row.whale_ratio = if buys { 0.6 } else { -0.1 };
            row.atr_5m = (kind != 0).then_some(atr);
            row.warmup = kind == 1 || i < 3;
            row.cascade = kind == 2;
            row.vwap_30m = Some(GRID.price(row.price) - accel as f64);
            row.hour_closes = Some([20_000 + fast, 20_000]);
            row.indicators = Indicators {
                long_short_ratio: Some(f64::from(kind) / 8.0),
                top_trader_long: Some(f64::from(kind) / 24.0),
                oi_change: Some(f64::from(kind) / 400.0),
                coinbase_premium: Some(accel as f64 / 1_000.0),
                funding_rate: Some(0.0002),
                funding_bias: Some(0.5),
                ..Indicators::default()
            };
            row
        })
        .collect()
}

fn configs() -> impl Strategy<Value = Vec<StrategyConfig>> {
    let scoring = (0..4_usize, any::<bool>(), any::<bool>(), any::<bool>());
    let limits = (600_i32..900, 0_i32..50, 0..3_usize, 0..4_usize);
    let exits = (0.5..3.0_f64, 0.3..1.0_f64, 0.2..2.0_f64, 0.0..1.0_f64, 30_u32..90, any::<bool>());
    let rules = any::<(bool, bool, bool, bool)>();
    let config = (scoring, limits, exits, rules).prop_map(|(scoring, limits, exits, rules)| StrategyConfig {
        weight_direction: [55, 38, 58, 38][scoring.0],
        weight_env: [25, 32, 8, 42][scoring.0],
        weight_aux: [15, 28, 32, 8][scoring.0],
        weight_momentum: [5, 2, 2, 12][scoring.0],
        model: if scoring.3 && scoring.0 == 0 { Model::Bonus } else { Model::Factory },
        profile: if scoring.2 && scoring.0 > 1 { Profile::Fast } else { Profile::Standard },
        track: Track::Btc,
        gate_vol_enabled: scoring.1,
        gate_whale_enabled: scoring.2,
        gate_obi_enabled: false,
        entry_score: limits.0,
        flip_threshold: limits.0 + limits.1,
        direction: [DirectionFilter::Both, DirectionFilter::Both, DirectionFilter::ShortOnly][limits.2],
        heavy_from: [None, None, None, Some(850)][limits.3],
        sl_atr_multiplier: exits.0,
        tp1_ratio: exits.1,
        tp2_ratio: exits.1 + exits.2,
        be_buffer_atr: exits.3,
        timeout_minutes: exits.4,
        trailing: exits.5,
        rule_adaptive_cooldown: rules.0,
        rule_hour_filter: rules.1,
        rule_cascade: rules.2,
        hourly_entry_cap: rules.3.then_some(3),
        cvd_fast_window: arbcore_core::feature::Window::M15,
        cvd_slow_window: arbcore_core::feature::Window::H1,
        ..StrategyConfig::for_symbol("BTCUSDT")
    });
    prop::collection::vec(config, 1..12)
}

fn simulations() -> impl Strategy<Value = Simulation> {
    let latency = prop_oneof![Just(0_i64), 1_i64..500, 500_i64..60_000];
    (any::<bool>(), latency, prop_oneof![Just(0.0), 0.0..30.0_f64], any::<bool>()).prop_map(
        |(tape, latency_ms, slippage_bps, tp_maker)| Simulation {
            fill: if tape { FillModel::Tape } else { FillModel::Level },
            latency_ms,
            slippage_bps,
            tp_maker,
            ..Simulation::default()
        },
    )
}

fn fundings() -> impl Strategy<Value = Vec<Settlement>> {
    let mark_price = prop::option::of(1_000.0..3_000.0_f64);
    prop::collection::btree_map(-100_i64..1_000, (-0.01..0.01_f64, mark_price), 0..30).prop_map(|events| {
        let event = |(quarter, (rate, mark_price))| Settlement { time_ms: T0 + quarter * STEP_MS, rate, mark_price };
        events.into_iter().map(event).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_sweep_equals_single_runs_over_every_trade(
        trades in tapes(), shapes in shapes(), configs in configs(), simulation in simulations(),
        funding in fundings(), span in prop::option::of((0_i64..100, 50_i64..1_000)),
    ) {
        let rows = rows(&trades, &shapes);
        prop_assume!(!rows.is_empty());
        let (from_ms, to_ms) = span.map_or((None, None), |(from, further)| {
            (Some(T0 + from * STEP_MS), Some(T0 + (from + further) * STEP_MS))
        });
        let input = SweepInput {
            rows: &rows, trades: &trades, funding: &funding, simulation, filters: filters(), from_ms, to_ms,
        };
        let options = SweepOptions { threads: 1, keep_runs: true, ..SweepOptions::default() };
        let swept = sweep(&input, &configs, &options).unwrap();
        let threaded = sweep(&input, &configs, &SweepOptions { threads: 3, ..options }).unwrap();
        prop_assert_eq!(&swept, &threaded);
        for (config, row) in configs.iter().zip(swept) {
            let row = row.unwrap();
            let single = plainly(&input, config);
            prop_assert_eq!(row.statistics, Statistics::of(&single, activity(&rows, from_ms, to_ms)));
            prop_assert_eq!(row.run.unwrap(), single);
        }
    }

    #[test]
    fn the_pyramid_finds_what_a_walk_finds(
        trades in tapes(), starts in prop::collection::vec((0_usize..1_300, -900_i64..300, -300_i64..900), 1..50),
    ) {
        let pyramid = PricePyramid::build(&trades, 1);
        for (from, below, above) in starts {
            let (low, high) = (20_000 + below, 20_000 + above);
            let walked = (from..trades.len()).find(|&i| trades.price[i] <= low || trades.price[i] >= high);
            prop_assert_eq!(pyramid.next_outside(&trades, from, low, high), walked);
        }
    }
}

/// A tape on which much happens, so that the comparison above is known to compare something.
#[test]
fn the_random_runs_trade_in_every_way() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut statuses = std::collections::BTreeMap::new();
    for _ in 0..60 {
        let tree = (tapes(), shapes(), configs(), simulations()).new_tree(&mut runner).unwrap();
        let (trades, shapes, configs, simulation) = tree.current();
        let rows = rows(&trades, &shapes);
        if rows.is_empty() {
            continue;
        }
        let input = SweepInput {
            rows: &rows,
            trades: &trades,
            funding: &[],
            simulation,
            filters: filters(),
            from_ms: None,
            to_ms: None,
        };
        let options = SweepOptions { threads: 1, keep_runs: true, ..SweepOptions::default() };
        for row in sweep(&input, &configs, &options).unwrap() {
            for trade in row.unwrap().run.unwrap().trades {
                *statuses.entry(trade.status.name()).or_insert(0) += 1;
            }
        }
    }
    for status in ["sl", "sl_be", "tp", "timeout", "signal_flip"] {
        assert!(statuses.get(status).is_some_and(|&n| n >= 20), "{statuses:?}");
    }
}

#[test]
fn inputs_that_cannot_be_swept_are_refused() {
    let trades = TradeColumns { time_ms: vec![T0], price: vec![20_000] };
    let row = FeatureRow::empty(T0, GRID);
    let message = |rows: &[FeatureRow], configs: &[StrategyConfig]| {
        let simulation = Simulation::default();
        let (trades, filters) = (&trades, filters());
        let input = SweepInput { rows, trades, funding: &[], simulation, filters, from_ms: None, to_ms: None };
        sweep(&input, configs, &SweepOptions::default()).unwrap_err().to_string()
    };
    assert!(message(&[], &[]).contains("0 evaluations"));
    assert!(message(&[row.clone(), row.clone()], &[]).contains("must be later than the one before"));
    // These score alike, so that one would hide behind the other.
    let fine = StrategyConfig::for_symbol("BTCUSDT");
    let short = StrategyConfig { timeout_minutes: 1, ..fine.clone() };
    assert!(
        message(std::slice::from_ref(&row), &[fine.clone(), short]).contains("configuration 1: timeout_minutes = 1")
    );
    let other = StrategyConfig { symbol: "ETHUSDT".to_owned(), ..fine.clone() };
    assert!(message(&[row], &[fine, other]).contains("symbol = ETHUSDT: must be BTCUSDT"));
}
