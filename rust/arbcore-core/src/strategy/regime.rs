//! The market's regime: recorded, decides nothing by itself.

use super::config::StrategyConfig;
use super::flow::Flow;
use crate::feature::FeatureRow;
use crate::grid::POW10;

/// What kind of market a row shows to one strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Regime {
    /// `atr_5m/price >= 0.012`.
    Crash = 0,
    /// `atr_5m/price >= 0.008`.
    HighVol,
    /// Fast and slow CVD of one sign, and an acceleration of more than 10 units of quantity.
    Trend,
    /// None of these.
    Range,
}

impl Regime {
    /// All regimes, in the order of their discriminants.
    pub const ALL: [Self; 4] = [Self::Crash, Self::HighVol, Self::Trend, Self::Range];

    /// `crash`, `high_vol`, `trend`, `range`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::HighVol => "high_vol",
            Self::Trend => "trend",
            Self::Range => "range",
        }
    }
}

/// The regime as a strategy's own window pair sees it (`v50`'s fast window is 1h while volume surges).
pub fn regime(config: &StrategyConfig, row: &FeatureRow) -> Regime {
    let volatility = row.atr_5m.map(|atr| atr / row.grid.price(row.price));
    if volatility.is_some_and(|volatility| volatility >= 0.012) {
        return Regime::Crash;
    }
    if volatility.is_some_and(|volatility| volatility >= 0.008) {
        return Regime::HighVol;
    }
    let flow = Flow::of(config, row);
    let acceleration = row.cvd_accel[flow.fast as usize].unsigned_abs();
    let strong = u128::from(acceleration) > 10 * u128::from(POW10[row.grid.qty_decimals as usize].unsigned_abs());
    if flow.consensus && strong { Regime::Trend } else { Regime::Range }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;

    #[test]
    fn regimes_follow_volatility_then_flow() {
        let config = StrategyConfig::default();
        let mut row = FeatureRow::empty(0, Grid::new(0, 3).unwrap());
        row.price = 1_000;
        row.cvd = [5; crate::feature::MAX_WINDOWS];
        row.cvd_accel = [-10_001; crate::feature::MAX_WINDOWS];
        for (atr, expected) in [(Some(12.0), "crash"), (Some(8.0), "high_vol"), (Some(7.9), "trend"), (None, "trend")] {
            row.atr_5m = atr;
            assert_eq!(regime(&config, &row).name(), expected);
        }
        row.cvd_accel = [10_000; crate::feature::MAX_WINDOWS];
        assert_eq!(regime(&config, &row), Regime::Range, "exactly ten units is not more than ten");
    }
}
