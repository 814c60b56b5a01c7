//! Scores and books over random rows and strategies of every model.

use arbcore_core::feature::{FeatureRow, Indicators, MAX_WINDOWS, Window};
use arbcore_core::grid::Grid;
use arbcore_core::strategy::{
    Decision, DirectionFilter, Model, OnMissing, Profile, Reason, Sources, StrategyBook, StrategyConfig, Tier, Track,
    highest_total, layers, preset, score,
};
use arbcore_core::types::Side;
use proptest::prelude::*;
use proptest::sample::select;

/// Absent, a value of the list (the thresholds of layers and gates), or one around them.
fn indicator(thresholds: &'static [f64], span: f64) -> BoxedStrategy<Option<f64>> {
    prop_oneof![1 => Just(None), 2 => select(thresholds).prop_map(Some), 2 => (-span..span).prop_map(Some)].boxed()
}

/// Small numbers of either sign, often 0.
fn windows() -> BoxedStrategy<[i64; MAX_WINDOWS]> {
    let signed = (-23_000_i64..23_000).prop_map(|value| if value.abs() > 20_000 { 0 } else { value });
    proptest::array::uniform16(signed).boxed()
}

fn indicators() -> BoxedStrategy<Indicators> {
    let crowd = (
        indicator(&[0.5, 0.67, 0.7, 1.0, 1.5, 2.0], 3.0),
        indicator(&[0.45, 0.55], 1.0),
        indicator(&[0.0, 0.03], 0.05),
        indicator(&[-0.0005, 0.0005], 0.001),
        indicator(&[-0.0001, 0.0001, 0.0], 0.001),
        indicator(&[0.0005, 0.0], 0.002),
    );
    let book = (
        indicator(&[-0.3, -0.15, 0.15, 0.3, 0.35], 1.0),
        indicator(&[-0.005, 0.005, 0.003], 0.01),
        indicator(&[0.0, 100.0, 120.0], 300.0),
        indicator(&[0.0, 150.0, 200.0], 300.0),
    );
    (crowd, book)
        .prop_map(|(crowd, book)| Indicators {
            long_short_ratio: crowd.0.map(f64::abs),
            top_trader_long: crowd.1.map(f64::abs),
            oi_change: crowd.2,
            coinbase_premium: crowd.3,
            funding_rate: crowd.4,
            funding_rate_max_abs: crowd.5.map(f64::abs),
            obi_10: book.0,
            spot_perp_divergence: book.1,
            liq_long_usd: book.2.map(f64::abs),
            liq_short_usd: book.3.map(f64::abs),
            ..Indicators::default()
        })
        .boxed()
}

prop_compose! {
    fn feature_row()(
        tape in (windows(), windows(), windows(), proptest::option::weighted(0.6, windows())),
        large in (0_u32..3, 0_u32..3, 0_i64..30_000, 0_i64..30_000),
        vwap in proptest::option::weighted(0.9, 99.0..101.0_f64),
        atr in proptest::option::weighted(0.95, prop_oneof![Just(0.2), 0.05..1.5_f64]),
        rest in (-1.0..1.0_f64, 0.0..100.0_f64, 0.0..100.0_f64, 0_i64..50, 0_i64..50, 0_i128..72_000),
        indicators in indicators(),
        warmup in proptest::bool::weighted(0.05),
    ) -> FeatureRow {
        let mut row = FeatureRow::empty(1_700_000_000_000, Grid::new(2, 3).unwrap());
        row.price = 10_000;
        (row.cvd, row.cvd_slope, row.cvd_accel, row.spot_cvd) = tape;
        (row.large_buy_count, row.large_sell_count) = (large.0, large.1);
        // 500,000 lots of a thousandth at 100.00 are the 50,000 USD of the whale gate.
        row.large_buy_max = if large.0 > 0 { 480_000 + large.2 } else { 0 };
        row.large_sell_max = if large.1 > 0 { 490_000 + large.3 } else { 0 };
        (row.vwap_30m, row.atr_5m) = (vwap, atr);
        row.whale_ratio = rest.0;
        (row.atr_percentile, row.atr_percentile_min_12) = (rest.1, rest.2);
        (row.buy_vol_1m, row.sell_vol_1m, row.volume_24h) = (rest.3, rest.4, rest.5);
        row.indicators = indicators;
        row.warmup = warmup;
        row
    }
}

/// A valid strategy for `LTCUSDT`: a preset's model with parameters varied.
fn strategy() -> impl Strategy<Value = StrategyConfig> {
    let names = select(&["v50", "v51_baseline", "v52_8signals", "v53", "v53_middle", "v53_fast"][..]);
    let pairs = select(
        &[
            (Window::M5, Window::M30),
            (Window::M5, Window::H1),
            (Window::M15, Window::H4),
            (Window::M30, Window::H1),
            (Window::M30, Window::H4),
        ][..],
    );
    let weights = select(&[[55, 25, 15, 5], [38, 32, 28, 2], [58, 8, 32, 2], [38, 42, 8, 12], [80, 20, 0, 0]][..]);
    let directions = select(&[DirectionFilter::Both, DirectionFilter::LongOnly, DirectionFilter::ShortOnly][..]);
    let entry = prop_oneof![Just(600), 600..=950_i32];
    let heavy = proptest::option::of(600..=1000_i32);
    let thresholds = (select(&[0.002, 0.004][..]), select(&[0.3, 0.35][..]), select(&[20_000.0, 50_000.0][..]));
    (names, pairs, weights, directions, entry, heavy, proptest::bits::u16::masked(0x1ff), thresholds).prop_map(
        |(name, (fast, slow), weights, direction, entry, heavy, switches, thresholds)| {
            let config = preset(name, "LTCUSDT").unwrap();
            let on = |bit: u32| switches >> bit & 1 == 1;
            StrategyConfig {
                cvd_fast_window: fast,
                cvd_slow_window: slow,
                weight_direction: weights[0],
                weight_env: weights[1],
                weight_aux: weights[2],
                weight_momentum: weights[3],
                direction,
                entry_score: entry,
                flip_threshold: 950,
                heavy_from: heavy,
                accel_independent: config.profile == Profile::Fast && on(0),
                track: if on(1) { Track::Btc } else { Track::Alt },
                gate_vol_enabled: on(2),
                gate_cvd_enabled: on(3),
                gate_whale_enabled: on(4),
                gate_obi_enabled: on(5),
                gate_spot_perp_enabled: on(6),
                gate_spot_cvd_enabled: on(7),
                on_missing: if on(8) { OnMissing::Pass } else { OnMissing::Block },
                vol_atr_pct_min: thresholds.0,
                obi_threshold: thresholds.1,
                whale_usd_threshold: thresholds.2,
                ..config
            }
        },
    )
}

fn without_gates(config: StrategyConfig) -> StrategyConfig {
    StrategyConfig {
        gate_vol_enabled: false,
        gate_cvd_enabled: false,
        gate_whale_enabled: false,
        gate_obi_enabled: false,
        gate_spot_perp_enabled: false,
        gate_spot_cvd_enabled: false,
        ..config
    }
}

fn sources_of(row: &FeatureRow) -> Sources {
    let i = &row.indicators;
    let given = [
        ("long_short_ratio", i.long_short_ratio),
        ("top_trader_long", i.top_trader_long),
        ("oi_change", i.oi_change),
        ("coinbase_premium", i.coinbase_premium),
        ("funding_rate", i.funding_rate),
        ("obi_10", i.obi_10),
        ("liq_long_usd", i.liq_long_usd),
        ("liq_short_usd", i.liq_short_usd),
    ];
    Sources::from_names(given.into_iter().filter_map(|(name, value)| value.map(|_| name)))
}

/// Longs and shorts change places.
fn mirrored(row: &FeatureRow) -> FeatureRow {
    let i = &row.indicators;
    FeatureRow {
        cvd: row.cvd.map(|cvd| -cvd),
        cvd_slope: row.cvd_slope.map(|slope| -slope),
        cvd_accel: row.cvd_accel.map(|accel| -accel),
        spot_cvd: row.spot_cvd.map(|spot| spot.map(|cvd| -cvd)),
        large_buy_count: row.large_sell_count,
        large_sell_count: row.large_buy_count,
        large_buy_max: row.large_sell_max,
        large_sell_max: row.large_buy_max,
        whale_ratio: -row.whale_ratio,
        indicators: Indicators {
            coinbase_premium: i.coinbase_premium.map(|premium| -premium),
            funding_rate: i.funding_rate.map(|rate| -rate),
            obi_10: i.obi_10.map(|obi| -obi),
            spot_perp_divergence: i.spot_perp_divergence.map(|divergence| -divergence),
            liq_long_usd: i.liq_short_usd,
            liq_short_usd: i.liq_long_usd,
            ..*i
        },
        ..row.clone()
    }
}

/// The factory's total in tenths, from the recorded layers, by quotient and remainder.
fn total_of_layers(config: &StrategyConfig, row: &FeatureRow) -> i64 {
    let points = layers(config, row);
    let [direction, crowding, environment, auxiliary] =
        [points.direction, points.crowding, points.environment, points.auxiliary].map(|value| value as i64);
    let flow = (direction + crowding) * i64::from(config.weight_direction + config.weight_momentum) * 3;
    let rest = environment * i64::from(config.weight_env) * 16 + auxiliary * i64::from(config.weight_aux) * 48;
    let (whole, rest) = (10 * (flow + rest) / 240, 10 * (flow + rest) % 240);
    (if rest >= 120 { whole + 1 } else { whole }).min(1000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_book_decides_as_its_strategies_do_one_by_one(
        configs in proptest::collection::vec(strategy(), 0..60),
        rows in proptest::collection::vec(feature_row(), 1..4),
    ) {
        let book = StrategyBook::new(configs.clone()).unwrap();
        let mut decisions: Vec<Decision> = Vec::new();
        for row in &rows {
            book.evaluate(row, &mut decisions);
            let expected: Vec<Decision> = configs.iter().map(|config| score(config, row)).collect();
            prop_assert_eq!(&decisions, &expected);
        }
    }

    #[test]
    fn totals_are_what_layers_and_weights_say(config in strategy(), row in feature_row()) {
        let config = without_gates(config);
        let decision = score(&config, &row);
        if row.warmup || row.atr_5m.is_none() {
            let expected = if row.warmup { "warmup" } else { "missing_feature:atr_5m" };
            prop_assert_eq!(decision.reason.unwrap().name(config.cvd_slow_window), expected);
            prop_assert_eq!(decision.total, 0);
            return Ok(());
        }
        match config.model {
            Model::Factory => prop_assert_eq!(i64::from(decision.total), total_of_layers(&config, &row)),
            Model::Layers => {
                let points = layers(&config, &row);
                let scales = match config.profile {
                    Profile::V528Signals => [40.0 / 45.0, 18.0 / 20.0, 12.0 / 15.0],
                    _ => [1.0; 3],
                };
                let sum = points.direction * scales[0] + points.crowding * scales[1]
                    + points.environment * scales[2] + points.auxiliary
                    + points.confirmation + points.funding + points.liquidation;
                prop_assert!((f64::from(decision.total) - (sum * 10.0).min(1000.0)).abs() <= 0.5 + 1e-9);
            }
            Model::Bonus if decision.total > 0 => {
                prop_assert_eq!(decision.total, 600 + 5 * i32::from(decision.bonus));
                prop_assert!(decision.consensus && row.vwap_30m.is_some());
            }
            Model::Bonus => prop_assert!(matches!(
                decision.reason,
                Some(Reason::NoDirectionConsensus | Reason::MissingFeature(_))
            )),
        }
        if decision.total > 0 {
            let allowed = match config.direction {
                DirectionFilter::Both => true,
                DirectionFilter::LongOnly => decision.side == Side::Long,
                DirectionFilter::ShortOnly => decision.side == Side::Short,
            };
            let expected = if decision.total < config.entry_score {
                Some(Reason::BelowEntry)
            } else {
                (!allowed).then_some(Reason::Direction)
            };
            prop_assert_eq!(decision.reason, expected);
        }
        if config.model != Model::Bonus {
            prop_assert_eq!(decision.tier == Tier::Heavy, decision.total >= config.heavy_threshold());
        }
    }

    #[test]
    fn a_blocked_strategy_has_no_total(config in strategy(), row in feature_row()) {
        let (gated, free) = (score(&config, &row), score(&without_gates(config), &row));
        match gated.reason {
            None | Some(Reason::BelowEntry | Reason::Direction) => prop_assert_eq!(gated, free),
            Some(_) => prop_assert_eq!((gated.total, gated.side, gated.consensus), (0, free.side, free.consensus)),
        }
    }

    #[test]
    fn no_total_exceeds_the_highest_reachable(config in strategy(), row in feature_row()) {
        let config = without_gates(config);
        prop_assert!(score(&config, &row).total <= highest_total(&config, &sources_of(&row)));
    }

    #[test]
    fn longs_and_shorts_are_judged_alike(config in strategy(), mut row in feature_row()) {
        // The steps of the two ratios and the price against its VWAP have no mirror image in the row.
        row.indicators.long_short_ratio = None;
        row.indicators.top_trader_long = None;
        row.vwap_30m = Some(100.0);
        prop_assume!([config.cvd_fast_window, Window::H1].iter().all(|window| row.cvd[*window as usize] != 0));
        let config = StrategyConfig { direction: DirectionFilter::Both, ..config };
        let (one, other) = (score(&config, &row), score(&config, &mirrored(&row)));
        prop_assert_eq!(other.side, one.side.opposite());
        prop_assert_eq!(Decision { side: one.side, ..other }, one);
    }
}

#[test]
fn the_fast_profile_lifts_direction_and_rescales_environment() {
    let mut config = without_gates(preset("v53_fast", "LTCUSDT").unwrap());
    config.accel_independent = true;
    let mut row = FeatureRow::empty(0, Grid::new(2, 3).unwrap());
    (row.price, row.atr_5m, row.large_buy_count) = (10_000, Some(1.0), 1);
    row.cvd[Window::M5 as usize] = 1;
    row.cvd[Window::M30 as usize] = -1;
    row.cvd_accel[Window::M5 as usize] = 1;
    assert_eq!(layers(&config, &row).direction, 35.0);
    config.accel_independent = false;
    assert_eq!(layers(&config, &row).direction, 25.0);
    for (change, obi, expected) in [
        (0.03, None, 10.0),
        (0.01, None, 7.0),
        (0.0, None, 3.0),
        (0.03, Some(0.3), 15.0),
        (0.01, Some(0.15), 10.0),
        (0.01, Some(-0.9), 7.0),
    ] {
        row.indicators.oi_change = Some(change);
        row.indicators.obi_10 = obi;
        assert_eq!(layers(&config, &row).environment, expected, "{change} {obi:?}");
    }
}

#[test]
fn v51_counts_acceleration_beyond_the_maximum_and_caps_the_total() {
    let config = preset("v51_baseline", "LTCUSDT").unwrap();
    let mut row = FeatureRow::empty(0, Grid::new(2, 3).unwrap());
    (row.price, row.atr_5m, row.large_buy_count) = (10_000, Some(1.0), 1);
    row.cvd = [1; MAX_WINDOWS];
    row.cvd_accel = [1; MAX_WINDOWS];
    row.indicators.long_short_ratio = Some(0.49);
    row.indicators.top_trader_long = Some(0.55);
    row.indicators.oi_change = Some(0.03);
    let points = layers(&config, &row);
    assert_eq!((points.direction, points.crowding, points.environment), (50.0, 20.0, 15.0));
    assert_eq!((points.confirmation, points.auxiliary), (15.0, 2.0));
    let decision = score(&config, &row);
    assert_eq!((decision.total, decision.reason, decision.tier), (1000, None, Tier::Heavy));
}

#[test]
fn v52_scales_its_layers_and_adds_funding_and_liquidations() {
    let config = preset("v52_8signals", "LTCUSDT").unwrap();
    let mut row = FeatureRow::empty(0, Grid::new(2, 3).unwrap());
    (row.price, row.atr_5m) = (10_000, Some(1.0));
    row.cvd = [-1; MAX_WINDOWS];
    row.cvd_accel = [-1; MAX_WINDOWS];
    row.indicators.long_short_ratio = Some(1.6);
    row.indicators.funding_rate = Some(0.0003);
    row.indicators.funding_rate_max_abs = Some(0.0007);
    row.indicators.liq_long_usd = Some(150.0);
    row.indicators.liq_short_usd = Some(100.0);
    let points = layers(&config, &row);
    // Direction 15 + 15 + 10 of 45, crowding 5 + 5 of 20, environment 10 of 15.
    assert_eq!((points.direction, points.crowding, points.environment), (40.0, 10.0, 10.0));
    assert_eq!((points.confirmation, points.auxiliary, points.liquidation), (15.0, 2.0, 3.0));
    assert_eq!(points.funding, 5.0 * 0.0003 / 0.0007);
    // 40·40/45 + 10·18/20 + 10·12/15 + 15 + 2 + 2.143 + 3 = 74.698.
    let decision = score(&config, &row);
    assert_eq!((decision.total, decision.reason, decision.side), (747, Some(Reason::BelowEntry), Side::Short));
}

#[test]
fn v50_sizes_by_bonus() {
    let config = preset("v50", "BTCUSDT").unwrap();
    let mut row = FeatureRow::empty(0, Grid::new(2, 3).unwrap());
    (row.price, row.atr_5m, row.volume_24h) = (10_001, Some(1.0), 1_000_000);
    row.cvd = [1; MAX_WINDOWS];
    row.cvd_slope = [1; MAX_WINDOWS];
    row.large_sell_count = 1;
    assert_eq!(score(&config, &row).reason.unwrap().name(Window::H4), "missing_feature:vwap_30m");
    row.vwap_30m = Some(100.01);
    assert_eq!(score(&config, &row).reason, Some(Reason::NoDirectionConsensus), "on the line is not beyond it");
    row.vwap_30m = Some(100.0);
    let sized = |row: &FeatureRow| {
        let decision = score(&config, row);
        assert_eq!(decision.reason, None);
        (decision.bonus, decision.total, decision.tier)
    };
    assert_eq!(sized(&row), (0, 600, Tier::Light));
    row.indicators.funding_rate = Some(-0.0001);
    assert_eq!(sized(&row), (15, 675, Tier::Light));
    row.large_sell_count = 0;
    assert_eq!(sized(&row), (35, 775, Tier::Standard));
    (row.atr_percentile, row.atr_percentile_min_12) = (60.1, 39.9);
    assert_eq!(sized(&row), (60, 900, Tier::Heavy));
    row.cvd_slope = [0; MAX_WINDOWS];
    let decision = score(&config, &row);
    assert_eq!((decision.reason, decision.total), (Some(Reason::NoDirectionConsensus), 0));
}
