//! A thousand factory strategies on one snapshot, with reasons.

use std::hint::black_box;

use arbcore_core::feature::FeatureRow;
use arbcore_core::strategy::{StrategyBook, StrategyConfig, preset, preset_names, score};

use crate::measure::{best, report_ratio, report_us, rounds};
use crate::stream::{Noise, SYMBOL, Stream, each_row};

const STRATEGIES: usize = 1_000;
const ROWS: usize = 256;

/// The factory strategies of `symbol`, again and again with other weights, scores and stops; perhaps with a gate
/// threshold of its own each.
fn configs(noise: &mut Noise, all_gates: bool, distinct_gates: bool) -> Vec<StrategyConfig> {
    let names: Vec<String> = preset_names().into_iter().filter(|name| name.starts_with("btc")).collect();
    (0..STRATEGIES)
        .map(|place| {
            let mut config = preset(&names[place % names.len()], SYMBOL).expect("a factory preset");
            let aux = noise.below(20) as u32;
            (config.weight_direction, config.weight_env, config.weight_aux) = (57, 40 - aux, aux);
            config.weight_momentum = 3;
            config.entry_score = 600 + noise.below(200) as i32;
            config.sl_atr_multiplier = noise.between(1.0, 3.0);
            config.gate_obi_enabled = all_gates;
            config.gate_spot_perp_enabled = all_gates;
            config.gate_spot_cvd_enabled = all_gates;
            if distinct_gates {
                config.vol_atr_pct_min = noise.between(0.001, 0.002);
                config.obi_threshold = noise.between(0.2, 0.6);
                config.spot_perp_threshold = noise.between(0.003, 0.008);
            }
            config
        })
        .collect()
}

/// Rows of the stream's second day, perhaps with indicators.
fn rows(trades: usize, noise: &mut Noise) -> (Vec<FeatureRow>, Vec<FeatureRow>) {
    let tape = Stream::generated(trades).tape();
    let mut all = Vec::new();
    each_row(&tape, false, |row| all.push(row.clone()));
    let after = all.len() / 2;
    let step = ((all.len() - after) / ROWS).max(1);
    let plain: Vec<FeatureRow> = all.into_iter().skip(after).step_by(step).take(ROWS).collect();
    let mut rich = plain.clone();
    for row in &mut rich {
        row.warmup = false;
        row.indicators.long_short_ratio = Some(noise.between(0.4, 2.5));
        row.indicators.top_trader_long = Some(noise.between(0.3, 0.7));
        row.indicators.oi_change = Some(noise.between(-0.02, 0.05));
        row.indicators.coinbase_premium = Some(noise.between(-0.001, 0.001));
        row.indicators.obi_10 = Some(noise.between(-0.5, 0.5));
        row.indicators.spot_perp_divergence = Some(noise.between(-0.006, 0.006));
        row.spot_cvd = Some(row.cvd.map(|cvd| cvd + noise.below(400_000) as i64 - 200_000));
    }
    (plain, rich)
}

pub fn run(trades: usize) {
    let mut noise = Noise(42);
    // Two days are enough for rows that are warm.
    let (plain, rich) = rows(trades.min(8_000_000), &mut noise);
    for (name, rows, all_gates, distinct) in [
        ("book", &plain, false, false),
        ("book_distinct_gates", &plain, false, true),
        ("book_all_indicators", &rich, true, false),
        ("book_all_indicators_distinct_gates", &rich, true, true),
    ] {
        let configs = configs(&mut noise, all_gates, distinct);
        let book = StrategyBook::new(configs.clone()).expect("valid strategies");
        let mut out = Vec::new();
        let together = rounds(
            60,
            || (),
            |()| {
                for row in rows {
                    book.evaluate(black_box(row), &mut out);
                    black_box(&out);
                }
            },
        );
        report_us(name, ROWS, &together);
        if name == "book" {
            let one_by_one = rounds(
                5,
                || (),
                |()| {
                    for row in rows {
                        for config in &configs {
                            black_box(score(config, black_box(row)));
                        }
                    }
                },
            );
            report_us("book_one_by_one", ROWS, &one_by_one);
            report_ratio("book_over_one_by_one", best(&one_by_one), best(&together));
        }
    }
}
