//! The trades that everything is measured on.

use arbcore_core::batch::TradeBatch;
use arbcore_core::feature::{FeatureConfig, FeatureEngine, FeatureRow, Step};
use arbcore_core::generate::{Generator, GeneratorConfig};
use arbcore_core::grid::Grid;
use arbcore_core::tape::{IdPolicy, Tape};
use arbcore_core::types::{DAY_MS, Trade};

pub const SYMBOL: &str = "BTCUSDT";
/// Trades in a batch, as the archive reads them.
const BATCH: usize = 1 << 16;
/// Trades in a piece: 28 kB.
const PIECE: usize = 1 << 9;

/// Trades in batches.
pub struct Stream {
    pub grid: Grid,
    pub batches: Vec<TradeBatch>,
}

/// A generator for about `trades` trades of `symbol`, at its rate a day.
pub fn generator(symbol: &str, trades: usize) -> Generator {
    let mut config = GeneratorConfig::for_symbol(symbol).expect("a built-in symbol");
    // Activity varies from day to day: a margin.
    config.duration_ms = ((trades as f64 / config.trades_per_day * 1.5 + 1.0) * DAY_MS as f64) as i64;
    config.indicators = false;
    Generator::new(&config).expect("valid parameters")
}

/// Hands the first `trades` trades of `generator` (all of them when `None`) to `take`, in batches.
pub fn generate(generator: &mut Generator, trades: Option<usize>, mut take: impl FnMut(TradeBatch)) {
    let mut left = trades.unwrap_or(usize::MAX);
    while left > 0 {
        let batch = generator.next_batch(left.min(BATCH));
        if batch.is_empty() {
            assert!(trades.is_none(), "the generator ended {left} trades early");
            return;
        }
        left -= batch.len();
        take(batch);
    }
}

impl Stream {
    /// The first `trades` trades of BTCUSDT: about four million a day, bursty, heavy-tailed.
    pub fn generated(trades: usize) -> Self {
        let mut generator = generator(SYMBOL, trades);
        let mut batches = Vec::new();
        generate(&mut generator, Some(trades), |batch| batches.push(batch));
        Self { grid: generator.config().grid, batches }
    }

    /// All of them in memory.
    pub fn tape(&self) -> Tape {
        let mut tape = Tape::new(self.grid, IdPolicy::Drop);
        for batch in &self.batches {
            tape.push_many(batch).expect("clean trades");
        }
        tape
    }

    /// Hands every trade to `take`, one by one.
    pub fn each_trade(&self, mut take: impl FnMut(Trade)) {
        self.batches.iter().flat_map(trades_of).for_each(&mut take);
    }

    /// Hands the trades to `take` in pieces that fit the processor's cache.
    pub fn each_piece(&self, mut take: impl FnMut(&[Trade])) {
        let mut piece = Vec::with_capacity(PIECE);
        for batch in &self.batches {
            for first in (0..batch.len()).step_by(PIECE) {
                piece.clear();
                piece.extend((first..batch.len().min(first + PIECE)).map(|i| trade_of(batch, i)));
                take(&piece);
            }
        }
    }
}

fn trades_of(batch: &TradeBatch) -> impl Iterator<Item = Trade> + '_ {
    (0..batch.len()).map(|i| trade_of(batch, i))
}

fn trade_of(batch: &TradeBatch, i: usize) -> Trade {
    Trade {
        agg_id: batch.agg_id.as_ref().map(|ids| ids[i]),
        time_ms: batch.time_ms[i],
        price: batch.price[i],
        qty: batch.qty[i],
        is_buyer_maker: batch.is_buyer_maker[i],
        count: batch.first_last_id.as_ref().map_or(1, |(first, last)| (last[i] - first[i] + 1) as u32),
    }
}

/// Calls `take` with every feature row of `tape`; returns their number.
pub fn each_row(tape: &Tape, price_accel: bool, mut take: impl FnMut(&FeatureRow)) -> usize {
    let config = FeatureConfig { price_accel, ..FeatureConfig::standard(SYMBOL, tape.grid()) };
    let mut engine = FeatureEngine::new(config, tape.grid()).expect("valid");
    let mut row = FeatureRow::empty(0, tape.grid());
    let last_ms = tape.last_time_ms().expect("trades");
    let mut rows = 0;
    loop {
        match engine.step(tape, last_ms) {
            Step::Trades { .. } => {}
            Step::Evaluation(t_ms) => {
                engine.evaluate(tape, t_ms, &mut row).expect("sums in range");
                take(&row);
                rows += 1;
            }
            Step::Pending => return rows,
        }
    }
}

/// What an exchange never sends, but a tape must bear.
#[derive(Debug, Clone, Copy)]
pub enum Hostile {
    /// One quantity.
    Constant,
    /// Quantities uniform over nine decades.
    Uniform,
    /// A million trades in one millisecond, again and again.
    OneMillisecond,
}

impl Hostile {
    pub const ALL: [Self; 3] = [Self::Constant, Self::Uniform, Self::OneMillisecond];

    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Uniform => "uniform",
            Self::OneMillisecond => "one_ms",
        }
    }

    /// `trades` such trades.
    pub fn stream(self, trades: usize) -> Stream {
        let mut noise = Noise(1);
        let start_ms = 1_735_689_600_000;
        let (mut time_ms, mut price) = (start_ms, 842_101_i64);
        let mut batches = Vec::new();
        for first in (0..trades).step_by(BATCH) {
            let n = BATCH.min(trades - first);
            let mut batch =
                TradeBatch { agg_id: Some((first..first + n).map(|id| id as i64).collect()), ..TradeBatch::default() };
            for i in first..first + n {
                if noise.below(4) == 0 {
                    time_ms += noise.below(180) as i64;
                }
                if matches!(self, Self::OneMillisecond) {
                    time_ms = start_ms + (i / 1_000_000) as i64 * 15_000 + 1;
                }
                price = (price + noise.below(3) as i64 - 1).max(1);
                batch.time_ms.push(time_ms);
                batch.price.push(price);
                batch.qty.push(match self {
                    Self::Constant => 1_000,
                    Self::Uniform => 1 + noise.below(1_000_000_000) as i64,
                    Self::OneMillisecond => 1 + (5.0 / noise.unit().powf(0.9)) as i64,
                });
                batch.is_buyer_maker.push(noise.below(2) == 0);
            }
            batches.push(batch);
        }
        Stream { grid: Grid { price_decimals: 1, qty_decimals: 3 }, batches }
    }
}

/// Numbers that look random and are the same in every run.
pub struct Noise(pub u64);

impl Noise {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound
    }

    /// In (0, 1].
    pub fn unit(&mut self) -> f64 {
        (self.below(1_000_000) + 1) as f64 / 1e6
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
}
