//! The generator: the same bytes for a seed, whole ids, and a stream that looks like a market.

use arbcore_core::batch::TradeBatch;
use arbcore_core::generate::{Generator, GeneratorConfig, Strength};
use arbcore_core::grid::Grid;
use arbcore_core::sample::{Sample, SampleKind};
use arbcore_core::types::{DAY_MS, HOUR_MS};

fn hours(symbol: &str, hours: i64) -> GeneratorConfig {
    GeneratorConfig { duration_ms: hours * HOUR_MS, ..GeneratorConfig::for_symbol(symbol).unwrap() }
}

fn append(all: &mut TradeBatch, part: TradeBatch) {
    all.time_ms.extend(part.time_ms);
    all.price.extend(part.price);
    all.qty.extend(part.qty);
    all.is_buyer_maker.extend(part.is_buyer_maker);
    all.agg_id.get_or_insert_default().extend(part.agg_id.unwrap());
    let (first, last) = part.first_last_id.unwrap();
    let ids = all.first_last_id.get_or_insert_default();
    ids.0.extend(first);
    ids.1.extend(last);
}

/// The whole stream in batches of those sizes, the last one repeated.
fn run(config: &GeneratorConfig, sizes: &[usize]) -> (TradeBatch, Vec<Sample>) {
    let mut generator = Generator::new(config).unwrap();
    let (mut trades, mut samples) = (TradeBatch::default(), vec![]);
    for i in 0.. {
        let batch = generator.next_batch(sizes[i.min(sizes.len() - 1)]);
        samples.extend(generator.take_indicators());
        if batch.is_empty() {
            break;
        }
        batch.check_lengths().unwrap();
        append(&mut trades, batch);
    }
    assert!(generator.next_batch(1).is_empty() && generator.take_indicators().is_empty());
    (trades, samples)
}

/// FNV-1a over all columns.
fn digest(trades: &TradeBatch, samples: &[Sample]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut feed = |value: u64| {
        for byte in value.to_le_bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    let (first, last) = trades.first_last_id.as_ref().unwrap();
    for column in [&trades.time_ms, &trades.price, &trades.qty, trades.agg_id.as_ref().unwrap(), first, last] {
        for &value in column {
            feed(value as u64);
        }
    }
    for &side in &trades.is_buyer_maker {
        feed(side.into());
    }
    for sample in samples {
        feed(sample.time_ms as u64);
        feed(sample.available_ms as u64);
        feed(sample.kind as u64);
        feed(sample.value.to_bits());
    }
    hash
}

#[test]
fn a_seed_gives_the_same_bytes_everywhere() {
    // Recorded on x86-64 in debug and release; another value means that published streams change.
    let (trades, samples) = run(&hours("BTCUSDT", 2), &[10_000]);
    assert_eq!((trades.len(), samples.len()), (346_945, 8_780));
    assert_eq!(digest(&trades, &samples), 572_766_814_248_180_805);
    let (trades, samples) = run(&hours("XRPUSDT", 2), &[10_000]);
    assert_eq!(digest(&trades, &samples), 10_825_521_638_469_179_209);
}

#[test]
fn batch_sizes_do_not_matter() {
    let config = GeneratorConfig { trades_per_day: 400_000.0, ..hours("ETHUSDT", 3) };
    let whole = run(&config, &[usize::MAX >> 1]);
    assert!(whole.0.len() > 10_000);
    for sizes in [&[1, 2, 3, 1_000, 7][..], &[4_096]] {
        let parts = run(&config, sizes);
        assert!(whole == parts, "batches of {sizes:?} differ");
    }
}

#[test]
fn seeds_differ() {
    let other = GeneratorConfig { seed: 2, ..hours("BTCUSDT", 1) };
    assert_ne!(run(&hours("BTCUSDT", 1), &[9_999]).0, run(&other, &[9_999]).0);
}

#[test]
fn trades_are_in_order_and_ids_whole() {
    let config = GeneratorConfig { start_ms: 1_735_689_600_123, ..hours("BTCUSDT", 4) };
    let (trades, _) = run(&config, &[50_000]);
    assert!(trades.time_ms.is_sorted());
    assert!(trades.time_ms[0] >= config.start_ms);
    assert!(trades.time_ms[trades.len() - 1] < config.start_ms + config.duration_ms);
    let ids = trades.agg_id.unwrap();
    assert_eq!((ids[0], ids[ids.len() - 1]), (config.first_agg_id, config.first_agg_id + ids.len() as i64 - 1));
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1));
    let (first, last) = trades.first_last_id.unwrap();
    assert!(first.iter().zip(&last).all(|(first, last)| first <= last));
    assert!(first[1..].iter().zip(&last).all(|(next, last)| *next == last + 1));
    assert!(trades.price.iter().all(|price| *price > 0) && trades.qty.iter().all(|qty| *qty > 0));
}

#[test]
fn id_gaps_come_as_often_as_asked() {
    let config = GeneratorConfig { trades_per_id_gap: Some(1_000), ..hours("BTCUSDT", 4) };
    let (trades, _) = run(&config, &[50_000]);
    let ids = trades.agg_id.unwrap();
    let gaps = ids.windows(2).filter(|pair| pair[1] > pair[0] + 1).count();
    let expected = ids.len() / 1_000;
    assert!((expected * 8 / 10..expected * 12 / 10).contains(&gaps), "{gaps} gaps in {} trades", ids.len());
    assert!(ids.windows(2).all(|pair| (1..=33).contains(&(pair[1] - pair[0]))));
}

#[test]
fn the_stream_looks_like_a_market() {
    let config = GeneratorConfig { duration_ms: 3 * DAY_MS, indicators: false, ..hours("BTCUSDT", 1) };
    let (trades, samples) = run(&config, &[100_000]);
    assert!(samples.is_empty());
    let n = trades.len() as f64;
    assert!((0.6..1.4).contains(&(n / 3.0 / config.trades_per_day)), "{n} trades in three days");
    let share = |count: usize| count as f64 / n;
    // As in an hour of recorded BTCUSDT trades: 57 % in the millisecond before, 77 % on its side, 15 % above tier 1.
    let same_ms = share(trades.time_ms.windows(2).filter(|pair| pair[0] == pair[1]).count());
    assert!((0.5..0.65).contains(&same_ms), "{same_ms}");
    let same_side = share(trades.is_buyer_maker.windows(2).filter(|pair| pair[0] == pair[1]).count());
    assert!((0.7..0.85).contains(&same_side), "{same_side}");
    let values = trades.price.iter().zip(&trades.qty).map(|(price, qty)| *price as f64 * *qty as f64 / 1e4);
    let large = share(values.filter(|usd| *usd > 40_000.0 / 7.0).count());
    assert!((0.10..0.20).contains(&large), "{large}");
    let sells = share(trades.is_buyer_maker.iter().filter(|is_sell| **is_sell).count());
    assert!((0.40..0.60).contains(&sells), "{sells}");
    // Bursts: the variance of the number of trades in a second is far above that of a Poisson process.
    let mut per_second = vec![0.0; (3 * DAY_MS / 1_000) as usize];
    for ms in &trades.time_ms {
        per_second[((ms - config.start_ms) / 1_000) as usize] += 1.0;
    }
    let mean = n / per_second.len() as f64;
    let variance =
        per_second.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / per_second.len() as f64;
    assert!(variance > 5.0 * mean, "{variance} {mean}");
    assert!(per_second.contains(&0.0), "no silent second");
}

#[test]
fn samples_are_in_order_of_availability_and_stay_fresh() {
    let config = hours("BTCUSDT", 26);
    let (_, samples) = run(&config, &[65_536]);
    assert!(samples.is_sorted_by_key(|sample| sample.available_ms));
    assert!(samples.iter().all(|sample| sample.time_ms < sample.available_ms && sample.value.is_finite()));
    for (name, limit_ms) in [
        (SampleKind::LongShortRatio, 900_000),
        (SampleKind::TopTraderLong, 900_000),
        (SampleKind::OpenInterestValue, 900_000),
        (SampleKind::CoinbasePremium, 900_000),
        (SampleKind::FundingRate, 9 * HOUR_MS),
        (SampleKind::MarkPrice, 5_000),
        (SampleKind::SpotMid, 5_000),
        (SampleKind::Obi10, 5_000),
    ] {
        // Evaluations stand on multiples of 15 s.
        let available: Vec<i64> = samples.iter().filter(|s| s.kind == name).map(|s| s.available_ms).collect();
        for t in (config.start_ms + 15_000..config.start_ms + config.duration_ms).step_by(15_000) {
            let latest = available.partition_point(|ms| *ms <= t);
            assert!(latest > 0 && t - available[latest - 1] <= limit_ms, "{} at {t}", name.name());
        }
    }
    let liquidations = |name| samples.iter().filter(|sample| sample.kind == name).count();
    assert!(liquidations(SampleKind::LiqLongUsd) + liquidations(SampleKind::LiqShortUsd) > 10);
}

#[test]
fn samples_come_with_the_trades_they_precede() {
    let mut generator = Generator::new(&hours("BTCUSDT", 2)).unwrap();
    let mut last_ms = 0;
    loop {
        let batch = generator.next_batch(777);
        let samples = generator.take_indicators();
        assert!(samples.iter().all(|sample| sample.available_ms > last_ms), "late after {last_ms}");
        let Some(&time_ms) = batch.time_ms.last() else { break };
        last_ms = time_ms;
    }
}

#[test]
fn switches_leave_out_what_they_name() {
    let without_book = GeneratorConfig { book: false, ..hours("BTCUSDT", 1) };
    let (_, samples) = run(&without_book, &[65_536]);
    assert!(samples.iter().any(|sample| sample.kind == SampleKind::CoinbasePremium));
    assert!(samples.iter().all(|sample| sample.kind != SampleKind::Obi10 && sample.kind != SampleKind::MarkPrice));
    let neutral =
        GeneratorConfig { strength: Strength { crowding: 0.0, ..Strength::default() }, ..without_book.clone() };
    assert_eq!(run(&neutral, &[65_536]).0, run(&without_book, &[65_536]).0, "indicators change no trade");
}

#[test]
fn any_symbol_can_be_described() {
    let mut config = GeneratorConfig::custom("1000PEPEUSDT", Grid::new(7, 0).unwrap(), 120_000).unwrap();
    config.trades_per_day = 50_000.0;
    config.start_ms = 1_700_000_000_001;
    let (trades, _) = run(&config, &[1_000]);
    assert!((15_000..120_000).contains(&trades.len()), "{}", trades.len());
    // The lowest price there can be stays a price.
    let config = GeneratorConfig { daily_volatility: 1.0, start_price: 100, ..config };
    assert!(run(&config, &[1_000]).0.price.iter().all(|price| *price > 0));
}

#[test]
fn refuses_parameters_out_of_range() {
    let message = GeneratorConfig::for_symbol("DOGEUSDT").unwrap_err().to_string();
    assert!(message.contains("DOGEUSDT") && message.contains("BTCUSDT"), "{message}");
    let base = hours("BTCUSDT", 1);
    for (config, field) in [
        (GeneratorConfig { trades_per_day: f64::NAN, ..base.clone() }, "trades_per_day"),
        (GeneratorConfig { duration_ms: 0, ..base.clone() }, "duration_ms"),
        (GeneratorConfig { start_ms: -1, ..base.clone() }, "start_ms"),
        (GeneratorConfig { start_price: 9, ..base.clone() }, "start_price"),
        (GeneratorConfig { trades_per_id_gap: Some(1), ..base.clone() }, "trades_per_id_gap"),
        (GeneratorConfig { symbol: "a/b".into(), ..base }, "symbol"),
    ] {
        let message = Generator::new(&config).unwrap_err().to_string();
        assert!(message.starts_with(field), "{message}");
    }
}
