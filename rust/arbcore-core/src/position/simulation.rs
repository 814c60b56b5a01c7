//! How orders are filled and what they cost.

use crate::error::{CoreError, Result};
use crate::types::Side;

/// When and at which price orders fill; see `docs/semantics.md`, "Fills".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FillModel {
    /// By the trades printed after the decision.
    #[default]
    Tape,
    /// At the evaluation's price and at the levels.
    Level,
}

impl FillModel {
    /// `tape` or `level`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tape => "tape",
            Self::Level => "level",
        }
    }

    /// The model of that name.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "tape" => Ok(Self::Tape),
            "level" => Ok(Self::Level),
            other => Err(CoreError::config(format!("fill = {other:?}: must be \"tape\" or \"level\""))),
        }
    }
}

/// Fill model, latency and costs of a simulated venue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Simulation {
    /// When and at which price orders fill.
    pub fill: FillModel,
    /// Milliseconds between decision and fill (`tape` only).
    pub latency_ms: i64,
    /// Added against us on entry, stop, flip and timeout.
    pub slippage_bps: f64,
    /// Share of notional paid on entry and on each exit part.
    pub fee_rate: f64,
    /// Take-profits pay [`Simulation::tp_maker_fee_rate`] instead.
    pub tp_maker: bool,
    /// Share of notional paid on take-profits by `tp_maker`.
    pub tp_maker_fee_rate: f64,
    /// Positions open or pending at once, over all strategies.
    pub max_positions: usize,
}

impl Default for Simulation {
    fn default() -> Self {
        Self {
            fill: FillModel::Tape,
            latency_ms: 0,
            slippage_bps: 0.0,
            fee_rate: 0.0005,
            tp_maker: false,
            tp_maker_fee_rate: 0.0002,
            max_positions: 100,
        }
    }
}

impl Simulation {
    /// Refuses values out of their range, by name, value and bound.
    pub fn validate(&self) -> Result<()> {
        const LATENCY_MS_MAX: i64 = 3_600_000;
        if !(0..=LATENCY_MS_MAX).contains(&self.latency_ms) {
            return Err(CoreError::config(format!(
                "latency_ms = {}: must be between 0 and {LATENCY_MS_MAX}",
                self.latency_ms
            )));
        }
        if !(0.0..=1_000.0).contains(&self.slippage_bps) {
            return Err(CoreError::config(format!("slippage_bps = {}: must be between 0 and 1000", self.slippage_bps)));
        }
        for (field, value) in [("fee_rate", self.fee_rate), ("tp_maker_fee_rate", self.tp_maker_fee_rate)] {
            // Rebates make rates negative on some venues.
            if !(-0.01..=0.01).contains(&value) {
                return Err(CoreError::config(format!(
                    "{field} = {value}: must be between -0.01 and 0.01 (a fraction of notional)"
                )));
            }
        }
        if self.max_positions == 0 {
            return Err(CoreError::config("max_positions = 0: must be at least 1"));
        }
        Ok(())
    }

    /// The price a taker order gets: `price` moved against us by the slippage.
    #[inline]
    pub(crate) fn slipped(&self, price: f64, is_buy: bool) -> f64 {
        let fraction = self.slippage_bps / 10_000.0;
        price * if is_buy { 1.0 + fraction } else { 1.0 - fraction }
    }

    /// The same for leaving a position of `side`.
    #[inline]
    pub(crate) fn slipped_exit(&self, price: f64, side: Side) -> f64 {
        self.slipped(price, side == Side::Short)
    }

    #[inline]
    pub(crate) fn take_profit_fee_rate(&self) -> f64 {
        if self.tp_maker { self.tp_maker_fee_rate } else { self.fee_rate }
    }
}

/// What the exchange accepts as a quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Filters {
    /// Quantities are multiples of it, in units of the base currency.
    pub lot_step: f64,
    /// Least `qty * price`; 0 without one.
    pub min_notional: f64,
}

impl Filters {
    /// Filters with a positive step and a minimum that is not negative.
    pub fn new(lot_step: f64, min_notional: f64) -> Result<Self> {
        if !(lot_step > 0.0 && lot_step.is_finite()) {
            return Err(CoreError::config(format!("lot_step = {lot_step}: must be a number > 0")));
        }
        if !(min_notional >= 0.0 && min_notional.is_finite()) {
            return Err(CoreError::config(format!("min_notional = {min_notional}: must be a number >= 0")));
        }
        Ok(Self { lot_step, min_notional })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_named_with_their_bound() {
        let bad = [
            (Simulation { latency_ms: -1, ..Simulation::default() }, "latency_ms = -1"),
            (Simulation { slippage_bps: f64::NAN, ..Simulation::default() }, "slippage_bps = NaN"),
            (Simulation { fee_rate: 0.05, ..Simulation::default() }, "fee_rate = 0.05"),
            (Simulation { max_positions: 0, ..Simulation::default() }, "max_positions = 0"),
        ];
        for (simulation, expected) in bad {
            let message = simulation.validate().unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
        assert_eq!(Simulation::default().validate(), Ok(()));
        assert!(Filters::new(0.0, 5.0).unwrap_err().to_string().contains("lot_step = 0"));
        assert!(Filters::new(0.001, f64::NAN).unwrap_err().to_string().contains("min_notional"));
    }

    #[test]
    fn slippage_is_always_against_us() {
        let simulation = Simulation { slippage_bps: 10.0, ..Simulation::default() };
        assert_eq!(simulation.slipped(100.0, true), 100.0 * 1.001);
        assert_eq!(simulation.slipped(100.0, false), 100.0 * (1.0 - 0.001));
        assert_eq!(simulation.slipped_exit(100.0, Side::Long), 100.0 * (1.0 - 0.001));
        assert_eq!(simulation.slipped_exit(100.0, Side::Short), 100.0 * 1.001);
    }
}
