//! What anyone would write first: the baselines that the core is compared with in the same run.

use std::collections::VecDeque;
use std::hint::black_box;

use crate::stream::Stream;

/// Rolling CVD of seven windows, VWAP and the last minute's volumes at every 15 s: evicted trade by trade, in
/// `f64`, without percentiles, large trades or candles. Returns the number of evaluations.
pub fn features(stream: &Stream) -> usize {
    const WINDOWS_MS: [i64; 8] = [300_000, 900_000, 1_800_000, 3_600_000, 14_400_000, 28_800_000, 86_400_000, 60_000];
    let mut held: VecDeque<(i64, f64, f64)> = VecDeque::new();
    let mut starts = [0_usize; WINDOWS_MS.len()];
    let mut gone = 0;
    let (mut cvd, mut volume, mut notional) = ([0.0; 8], [0.0; 8], [0.0; 8]);
    let (mut next_ms, mut evaluations) = (i64::MIN, 0);
    stream.each_trade(|trade| {
        if next_ms == i64::MIN {
            next_ms = trade.time_ms.div_euclid(15_000) * 15_000 + 15_000;
        }
        while trade.time_ms > next_ms {
            black_box((&cvd, notional[2] / volume[2], volume[7]));
            evaluations += 1;
            next_ms += 15_000;
        }
        let (price, qty) = (trade.price as f64 / 10.0, trade.qty as f64 / 1_000.0);
        let signed = if trade.is_buyer_maker { -qty } else { qty };
        held.push_back((trade.time_ms, price, signed));
        for (i, &window_ms) in WINDOWS_MS.iter().enumerate() {
            cvd[i] += signed;
            volume[i] += qty;
            notional[i] += price * qty;
            loop {
                let (time_ms, price, signed) = held[starts[i] - gone];
                if time_ms >= trade.time_ms - window_ms {
                    break;
                }
                cvd[i] -= signed;
                volume[i] -= signed.abs();
                notional[i] -= price * signed.abs();
                starts[i] += 1;
            }
        }
        let oldest = starts[6];
        while gone < oldest {
            held.pop_front();
            gone += 1;
        }
    });
    evaluations
}

/// Bars of five minutes with volumes by side and four tiers of notional, in `f64`. Returns their number.
pub fn bars(stream: &Stream) -> usize {
    #[derive(Default)]
    #[expect(dead_code, reason = "written, as a user would; never read here")]
    struct Bar {
        open: f64,
        high: f64,
        low: f64,
        close: f64,
        tiers: [[f64; 4]; 2],
        counts: [[u32; 4]; 2],
    }
    let mut bars = Vec::new();
    let mut bar: Option<(i64, Bar)> = None;
    stream.each_trade(|trade| {
        let (price, qty) = (trade.price as f64 / 10.0, trade.qty as f64 / 1_000.0);
        let window = trade.time_ms.div_euclid(300_000);
        if let Some((_, done)) = bar.take_if(|(open, _)| *open != window) {
            bars.push(done);
        }
        let (_, bar) =
            bar.get_or_insert_with(|| (window, Bar { open: price, high: price, low: price, ..Bar::default() }));
        bar.high = bar.high.max(price);
        bar.low = bar.low.min(price);
        bar.close = price;
        let usd = price * qty;
        let tier = [40_000.0, 200_000.0, 1_000_000.0].iter().filter(|&&bound| usd * 7.0 >= bound).count();
        bar.tiers[usize::from(trade.is_buyer_maker)][tier] += usd;
        bar.counts[usize::from(trade.is_buyer_maker)][tier] += trade.count;
    });
    black_box(&bars).len()
}

/// Rows of a dump split and parsed by the standard library. Returns their number.
pub fn csv(text: &str) -> usize {
    let mut rows = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |i: usize| fields[i].parse::<i64>().expect("an integer");
        let decimal = |i: usize| fields[i].parse::<f64>().expect("a number");
        rows.push((number(0), decimal(1), decimal(2), number(5), fields[6] == "true"));
    }
    black_box(&rows).len()
}
