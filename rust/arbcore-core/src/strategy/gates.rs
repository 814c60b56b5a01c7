//! Gates: each refusal is a bit, in the order of the specification; the lowest bit set names the reason.
//!
//! Masks make a gate's verdict free of branches, which is what many strategies with thresholds of their
//! own need: a mispredicted branch costs more than all comparisons together.

use super::config::{Model, OnMissing, StrategyConfig, Track};
use super::decision::{Missing, Reason};
use super::flow::{Flow, along, toward};
use super::points::{Table, meets_entry_condition};
use crate::feature::FeatureRow;
use crate::grid::Grid;
use crate::types::Side;

/// Refusals, one bit each.
pub(super) type Refusals = u32;

const WARMUP: Refusals = 1 << 0;
const NO_ATR: Refusals = 1 << 1;
const LOW_VOL: Refusals = 1 << 2;
const NO_VWAP: Refusals = 1 << 3;
const NO_CONSENSUS: Refusals = 1 << 4;
const WHALE: Refusals = 1 << 5;
const NO_OBI: Refusals = 1 << 6;
const OBI: Refusals = 1 << 7;
const NO_SPOT_PERP: Refusals = 1 << 8;
const SPOT_PERP: Refusals = 1 << 9;
const NO_SPOT_CVD: Refusals = 1 << 10;
const SPOT_CVD: Refusals = 1 << 11;
/// Total below the entry score: not a gate, the total stands.
pub(super) const BELOW_ENTRY: Refusals = 1 << 12;
/// Direction not allowed: not a gate either.
pub(super) const DIRECTION: Refusals = 1 << 13;

/// The reason of each bit, and of none.
const REASONS: [Option<Reason>; 15] = [
    Some(Reason::Warmup),
    Some(Reason::MissingFeature(Missing::Atr5m)),
    Some(Reason::LowVol),
    Some(Reason::MissingFeature(Missing::Vwap30m)),
    Some(Reason::NoDirectionConsensus),
    Some(Reason::Whale),
    Some(Reason::MissingFeature(Missing::Obi10)),
    Some(Reason::Obi),
    Some(Reason::MissingFeature(Missing::SpotPerpDivergence)),
    Some(Reason::SpotPerp),
    Some(Reason::MissingFeature(Missing::SpotCvd)),
    Some(Reason::SpotCvd),
    Some(Reason::BelowEntry),
    Some(Reason::Direction),
    None,
];

/// The first refusal's reason.
#[inline]
pub(super) fn first_reason(refusals: Refusals) -> Option<Reason> {
    REASONS[(refusals | 1 << 14).trailing_zeros() as usize]
}

/// `bits` when `condition` holds, else none.
#[inline]
pub(super) const fn when(condition: bool, bits: Refusals) -> Refusals {
    if condition { bits } else { 0 }
}

/// What the gates compare, seen from the direction of one flow. Absent values are NaN and compare as false.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight {
    /// Refusals that do not depend on a threshold.
    refusals: Refusals,
    /// `atr_5m/price`.
    volatility: f64,
    whale_ratio: f64,
    obi: f64,
    spot_perp: f64,
    aligned_large: Notional,
    opposing_large: Notional,
}

impl Sight {
    pub fn new(table: Table, row: &FeatureRow, flow: &Flow) -> Self {
        let side = flow.side;
        let (aligned, opposing) = match side {
            Side::Long => (row.large_buy_max, row.large_sell_max),
            Side::Short => (row.large_sell_max, row.large_buy_max),
        };
        let (obi, spot_perp) = (row.indicators.obi_10, row.indicators.spot_perp_divergence);
        // What v50 demands takes the place of the CVD gate.
        let (no_vwap, agrees) = match table {
            Table::Bonus => (row.vwap_30m.is_none(), meets_entry_condition(row, flow)),
            _ => (false, flow.consensus),
        };
        let spot_cvd_against =
            row.spot_cvd.is_some_and(|spot| flow.slow_aligned && along(side.opposite(), spot[flow.slow as usize]));
        Self {
            refusals: when(row.warmup, WARMUP)
                | when(row.atr_5m.is_none(), NO_ATR)
                | when(no_vwap, NO_VWAP)
                | when(!agrees, NO_CONSENSUS)
                | when(obi.is_none(), NO_OBI)
                | when(spot_perp.is_none(), NO_SPOT_PERP)
                | when(row.spot_cvd.is_none(), NO_SPOT_CVD)
                | when(spot_cvd_against, SPOT_CVD),
            volatility: row.atr_5m.map_or(f64::NAN, |atr| atr / row.grid.price(row.price)),
            whale_ratio: toward(side, row.whale_ratio),
            obi: toward(side, obi.unwrap_or(f64::NAN)),
            spot_perp: toward(side, spot_perp.unwrap_or(f64::NAN)),
            aligned_large: Notional::new(aligned, row.price, row.grid),
            opposing_large: Notional::new(opposing, row.price, row.grid),
        }
    }
}

/// One strategy's gates: their thresholds, and which refusals count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gates {
    counted: Refusals,
    track: Track,
    volatility: f64,
    /// A ratio or USD, by track.
    whale: f64,
    obi: f64,
    spot_perp: f64,
}

impl Gates {
    pub fn of(config: &StrategyConfig) -> Self {
        let bonus = config.model == Model::Bonus;
        let missing = |bits| when(config.on_missing == OnMissing::Block, bits);
        Self {
            counted: WARMUP
                | NO_ATR
                | when(config.gate_vol_enabled, LOW_VOL)
                | when(bonus, NO_VWAP | NO_CONSENSUS)
                | when(config.gate_cvd_enabled, NO_CONSENSUS)
                | when(config.gate_whale_enabled, WHALE)
                | when(config.gate_obi_enabled, OBI | missing(NO_OBI))
                | when(config.gate_spot_perp_enabled, SPOT_PERP | missing(NO_SPOT_PERP))
                | when(config.gate_spot_cvd_enabled, SPOT_CVD | missing(NO_SPOT_CVD)),
            track: config.track,
            volatility: config.vol_atr_pct_min,
            whale: match config.track {
                Track::Btc => config.whale_flow_pct,
                Track::Alt => config.whale_usd_threshold,
            },
            obi: config.obi_threshold,
            spot_perp: config.spot_perp_threshold,
        }
    }

    /// A key that is the same for gates that refuse the same, and sorts them.
    pub fn key(&self) -> (Refusals, Track, [u64; 4]) {
        let bits = |gate: Refusals, threshold: f64| if self.counted & gate == 0 { 0 } else { threshold.to_bits() };
        let thresholds = [
            bits(LOW_VOL, self.volatility),
            bits(WHALE, self.whale),
            bits(OBI, self.obi),
            bits(SPOT_PERP, self.spot_perp),
        ];
        (self.counted, self.track, thresholds)
    }

    /// The refusals of all gates.
    #[inline]
    pub fn refusals(&self, sight: &Sight) -> Refusals {
        let whale = match self.track {
            Track::Btc => sight.whale_ratio < -self.whale,
            // Both sides, without a shortcut between them: see the module's note.
            Track::Alt => sight.opposing_large.reaches(self.whale) & !sight.aligned_large.reaches(self.whale),
        };
        self.counted
            & (sight.refusals
                | when(sight.volatility < self.volatility, LOW_VOL)
                | when(whale, WHALE)
                | when(sight.obi < -self.obi, OBI)
                | when(sight.spot_perp < -self.spot_perp, SPOT_PERP))
    }
}

/// A quantity times a price, compared with USD thresholds without rounding.
#[derive(Debug, Clone, Copy)]
struct Notional {
    /// Lots times ticks.
    units: u128,
    /// Units of one USD are `10^decimals`.
    decimals: u32,
    /// The value in USD, rounded a few times.
    approximate: f64,
}

impl Notional {
    fn new(lots: i64, ticks: i64, grid: Grid) -> Self {
        let units = u128::from(lots.unsigned_abs()) * u128::from(ticks.unsigned_abs());
        let approximate = grid.qty(lots) * grid.price(ticks);
        Self { units, decimals: grid.price_decimals + grid.qty_decimals, approximate }
    }

    /// `self >= threshold`, exactly. The rounded value decides unless it is too close to the threshold.
    #[inline]
    fn reaches(&self, threshold: f64) -> bool {
        // Three roundings of half an ulp each stay well below this.
        let margin = threshold * 1e-15;
        let distance = self.approximate - threshold;
        if distance.abs() > margin { distance > 0.0 } else { self.reaches_exactly(threshold) }
    }

    #[cold]
    fn reaches_exactly(&self, threshold: f64) -> bool {
        let one = 10_u128.pow(self.decimals);
        let (whole, mut rest) = (self.units / one, self.units % one);
        let floor = threshold.floor();
        if whole != floor as u128 {
            return whole > floor as u128;
        }
        // Compare the fractions bit by bit; doubling and subtracting one is exact on both sides.
        let mut fraction = threshold - floor;
        while fraction > 0.0 {
            rest *= 2;
            fraction *= 2.0;
            let (bit, threshold_bit) = (rest >= one, fraction >= 1.0);
            if bit != threshold_bit {
                return bit;
            }
            if bit {
                rest -= one;
                fraction -= 1.0;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature::Window;

    fn grid(price_decimals: u32, qty_decimals: u32) -> Grid {
        Grid::new(price_decimals, qty_decimals).unwrap()
    }

    #[test]
    fn notional_reaches_its_threshold_exactly() {
        // 0.1 is a little more than a tenth in f64: exactly a tenth of a USD does not reach it.
        assert!(!Notional::new(1, 1, grid(1, 0)).reaches(0.1));
        assert!(Notional::new(1, 1, grid(2, 0)).reaches(0.009_999_999_999_999_998));
        assert!(Notional::new(1_000, 50_000, grid(2, 1)).reaches(50_000.0));
        assert!(!Notional::new(1_000, 49_999, grid(2, 1)).reaches(50_000.0));
        // One unit of 10^-36 below and at the threshold.
        let fine = grid(18, 18);
        let (lots, ticks) = (9_000_000_000_000_000_000, 9_000_000_000_000_000_000);
        assert!(Notional::new(lots, ticks, fine).reaches(81.0));
        assert!(!Notional::new(lots - 1, ticks, fine).reaches(81.0));
        // 62_500 / 8 = 7812.5 is a f64: the fraction's bits decide.
        assert!(Notional::new(78_125, 1, grid(1, 0)).reaches(7_812.5));
        assert!(!Notional::new(78_124_999_999_999_999, 1, grid(13, 0)).reaches(7_812.5));
        assert!(!Notional::new(0, 100, grid(1, 0)).reaches(1_000.0));
    }

    #[test]
    fn the_first_gate_that_blocks_names_the_reason() {
        let mut config = StrategyConfig::for_symbol("ETHUSDT");
        config.gate_spot_perp_enabled = true;
        config.gate_spot_cvd_enabled = true;
        let mut row = FeatureRow::empty(0, grid(2, 3));
        (row.price, row.atr_5m) = (200_000, Some(5.0));
        row.cvd[Window::M30 as usize] = 1;
        row.cvd[Window::H4 as usize] = -1;
        row.large_sell_max = 25_000;
        let block = |row: &FeatureRow, config: &StrategyConfig| {
            let sight = Sight::new(Table::of(config), row, &Flow::of(config, row));
            first_reason(Gates::of(config).refusals(&sight))
        };
        assert_eq!(block(&row, &config), Some(Reason::LowVol));
        row.atr_5m = Some(6.0);
        assert_eq!(block(&row, &config), Some(Reason::NoDirectionConsensus));
        row.cvd[Window::H4 as usize] = 1;
        assert_eq!(block(&row, &config), Some(Reason::Whale));
        row.large_sell_max = 24_999;
        assert_eq!(block(&row, &config), Some(Reason::MissingFeature(Missing::Obi10)));
        row.indicators.obi_10 = Some(-0.36);
        assert_eq!(block(&row, &config), Some(Reason::Obi));
        row.indicators.obi_10 = Some(-0.35);
        assert_eq!(block(&row, &config), Some(Reason::MissingFeature(Missing::SpotPerpDivergence)));
        row.indicators.spot_perp_divergence = Some(-0.0051);
        assert_eq!(block(&row, &config), Some(Reason::SpotPerp));
        row.indicators.spot_perp_divergence = Some(0.1);
        assert_eq!(block(&row, &config), Some(Reason::MissingFeature(Missing::SpotCvd)));
        row.spot_cvd = Some([-1; crate::feature::MAX_WINDOWS]);
        assert_eq!(block(&row, &config), Some(Reason::SpotCvd));
        row.spot_cvd = Some([0; crate::feature::MAX_WINDOWS]);
        assert_eq!(block(&row, &config), None);
    }

    #[test]
    fn passing_missing_features_must_be_chosen() {
        let mut config = StrategyConfig::for_symbol("BTCUSDT");
        config.on_missing = OnMissing::Pass;
        let mut row = FeatureRow::empty(0, grid(1, 3));
        (row.price, row.atr_5m, row.whale_ratio) = (1_000, Some(1.0), 0.51);
        row.cvd = [-1; crate::feature::MAX_WINDOWS];
        let block = |row: &FeatureRow| {
            let sight = Sight::new(Table::of(&config), row, &Flow::of(&config, row));
            first_reason(Gates::of(&config).refusals(&sight))
        };
        assert_eq!(block(&row), Some(Reason::Whale));
        row.whale_ratio = 0.5;
        assert_eq!(block(&row), None);
    }
}
