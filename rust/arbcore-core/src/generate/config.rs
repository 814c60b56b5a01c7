//! What a generated market looks like.

use crate::error::{CoreError, Result};
use crate::grid::{Grid, MAX_DECIMALS};
use crate::types::DAY_MS;

/// How strongly the parts of the market go together; 1 is the default of each, 0 switches it off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strength {
    /// Taker flow: how one-sided it becomes, and how much the price follows it.
    pub flow: f64,
    /// Accounts against the trend, top traders with it.
    pub crowding: f64,
    /// Open interest that rises in trends.
    pub open_interest: f64,
    /// Coinbase premium with the trend.
    pub premium: f64,
    /// Book imbalance with the flow.
    pub book: f64,
}

impl Default for Strength {
    fn default() -> Self {
        Self { flow: 1.0, crowding: 1.0, open_interest: 1.0, premium: 1.0, book: 1.0 }
    }
}

/// Parameters of a generated stream. Start from [`GeneratorConfig::for_symbol`] or [`GeneratorConfig::custom`].
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratorConfig {
    /// For example `BTCUSDT`.
    pub symbol: String,
    /// Decimals of price and quantity.
    pub grid: Grid,
    /// Price at the start, in ticks.
    pub start_price: i64,
    /// Same seed and parameters, same stream.
    pub seed: u64,
    /// No trade before, UTC milliseconds.
    pub start_ms: i64,
    /// Trades lie in `start_ms <= time < start_ms + duration_ms`.
    pub duration_ms: i64,
    /// Mean number of trades a day.
    pub trades_per_day: f64,
    /// Typical standard deviation of daily returns.
    pub daily_volatility: f64,
    /// Multiplies the sizes of trades, which are those of BTCUSDT in dollars.
    pub size_scale: f64,
    /// Trend episodes a day.
    pub episodes_per_day: f64,
    /// Fast moves with liquidations a day.
    pub shocks_per_day: f64,
    /// Id of the first trade.
    pub first_agg_id: i64,
    /// Mean number of trades between two gaps in the ids; `None`: the ids are consecutive.
    pub trades_per_id_gap: Option<u64>,
    /// Generate indicator samples.
    pub indicators: bool,
    /// Among them the ones that come every 5 seconds (book, mark, spot).
    pub book: bool,
    /// How strongly the parts go together.
    pub strength: Strength,
}

impl GeneratorConfig {
    /// Symbols with built-in parameters.
    pub const SYMBOLS: [&'static str; 4] = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"];

    /// The built-in parameters of a symbol: one day from 2025-01-01, seed 1.
    pub fn for_symbol(symbol: &str) -> Result<Self> {
        let (decimals, start_price, trades_per_day, daily_volatility, size_scale) = match symbol {
            "BTCUSDT" => ((1, 3), 945_000, 4.0e6, 0.027, 1.0),
            "ETHUSDT" => ((2, 3), 335_000, 3.2e6, 0.034, 0.7),
            "SOLUSDT" => ((2, 0), 19_200, 1.6e6, 0.044, 0.35),
            "XRPUSDT" => ((4, 1), 21_000, 1.2e6, 0.046, 0.3),
            _ => {
                return Err(CoreError::input(format!(
                    "symbol {symbol:?} has no built-in parameters (only {}): give price, decimals and trades per day",
                    Self::SYMBOLS.join(", ")
                )));
            }
        };
        let grid = Grid::new(decimals.0, decimals.1)?;
        let mut config = Self::custom(symbol, grid, start_price)?;
        config.trades_per_day = trades_per_day;
        config.daily_volatility = daily_volatility;
        config.size_scale = size_scale;
        Ok(config)
    }

    /// Parameters of any symbol: one day from 2025-01-01, seed 1, a million trades a day.
    pub fn custom(symbol: &str, grid: Grid, start_price: i64) -> Result<Self> {
        let config = Self {
            symbol: symbol.to_owned(),
            grid,
            start_price,
            seed: 1,
            start_ms: 1_735_689_600_000,
            duration_ms: DAY_MS,
            trades_per_day: 1.0e6,
            daily_volatility: 0.04,
            size_scale: 0.3,
            episodes_per_day: 4.0,
            shocks_per_day: 6.0,
            first_agg_id: 1_000_000_000,
            trades_per_id_gap: None,
            indicators: true,
            book: true,
            strength: Strength::default(),
        };
        config.check()?;
        Ok(config)
    }

    /// Fails on the first parameter out of its range.
    pub fn check(&self) -> Result<()> {
        let refuse = |field: &str, value: &dyn std::fmt::Display, bound: &str| {
            Err(CoreError::config(format!("{field} = {value}: must be {bound}")))
        };
        if self.symbol.is_empty() || !self.symbol.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return refuse("symbol", &format!("{:?}", self.symbol), "letters, digits, - and _");
        }
        if self.grid.price_decimals.max(self.grid.qty_decimals) > MAX_DECIMALS {
            return refuse("decimals", &self.grid.price_decimals.max(self.grid.qty_decimals), "at most 18");
        }
        if !(100..=1_000_000_000_000).contains(&self.start_price) {
            return refuse("start_price", &self.start_price, "between 100 and 10^12 ticks");
        }
        if !(0..=4_102_444_800_000).contains(&self.start_ms) {
            return refuse("start_ms", &self.start_ms, "UTC milliseconds between 1970 and 2100");
        }
        if !(1..=3_660 * DAY_MS).contains(&self.duration_ms) {
            return refuse("duration_ms", &self.duration_ms, "between 1 ms and ten years");
        }
        if !(0..=1 << 50).contains(&self.first_agg_id) {
            return refuse("first_agg_id", &self.first_agg_id, "between 0 and 2^50");
        }
        if self.trades_per_id_gap.is_some_and(|trades| trades < 2) {
            return refuse("trades_per_id_gap", &self.trades_per_id_gap.unwrap_or(0), "at least 2");
        }
        for (field, value, least, most) in [
            ("trades_per_day", self.trades_per_day, 1.0, 1e9),
            ("daily_volatility", self.daily_volatility, 0.0, 1.0),
            ("size_scale", self.size_scale, 1e-6, 1e6),
            ("episodes_per_day", self.episodes_per_day, 0.0, 48.0),
            ("shocks_per_day", self.shocks_per_day, 0.0, 1_000.0),
            ("strength.flow", self.strength.flow, 0.0, 3.0),
            ("strength.crowding", self.strength.crowding, 0.0, 10.0),
            ("strength.open_interest", self.strength.open_interest, 0.0, 10.0),
            ("strength.premium", self.strength.premium, 0.0, 10.0),
            ("strength.book", self.strength.book, 0.0, 10.0),
        ] {
            if !(least..=most).contains(&value) {
                return refuse(field, &value, &format!("between {least} and {most}"));
            }
        }
        Ok(())
    }
}
