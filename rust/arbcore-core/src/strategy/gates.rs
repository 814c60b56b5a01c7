//! Gates, in the order of the specification; the first that blocks names the reason.

use super::config::{Model, OnMissing, StrategyConfig, Track};
use super::decision::{Missing, Reason};
use super::flow::{Flow, along, toward};
use crate::feature::FeatureRow;
use crate::grid::Grid;
use crate::types::Side;

/// The row with what every strategy's gates would otherwise compute again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Snapshot<'a> {
    pub row: &'a FeatureRow,
    /// `atr_5m/price`; NaN without `atr_5m`, which blocks before anything reads it.
    volatility: f64,
    large_buy: Notional,
    large_sell: Notional,
}

impl<'a> Snapshot<'a> {
    pub fn new(row: &'a FeatureRow) -> Self {
        Self {
            row,
            volatility: row.atr_5m.map_or(f64::NAN, |atr| atr / row.grid.price(row.price)),
            large_buy: Notional::new(row.large_buy_max, row.price, row.grid),
            large_sell: Notional::new(row.large_sell_max, row.price, row.grid),
        }
    }

    /// Why nothing can be scored at all.
    pub fn unready(&self) -> Option<Reason> {
        if self.row.warmup {
            Some(Reason::Warmup)
        } else if self.row.atr_5m.is_none() {
            Some(Reason::MissingFeature(Missing::Atr5m))
        } else {
            None
        }
    }
}

/// Whale gate with its threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Whale {
    Off,
    Flow(f64),
    Usd(f64),
}

/// One strategy's gates: thresholds of those that are on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gates {
    volatility: Option<f64>,
    consensus: bool,
    whale: Whale,
    obi: Option<f64>,
    spot_perp: Option<f64>,
    spot_cvd: bool,
    pass_missing: bool,
}

impl Gates {
    pub fn of(config: &StrategyConfig) -> Self {
        Self {
            volatility: config.gate_vol_enabled.then_some(config.vol_atr_pct_min),
            // The bonus model's entry conditions contain the consensus.
            consensus: config.gate_cvd_enabled && config.model != Model::Bonus,
            whale: match (config.gate_whale_enabled, config.track) {
                (false, _) => Whale::Off,
                (true, Track::Btc) => Whale::Flow(config.whale_flow_pct),
                (true, Track::Alt) => Whale::Usd(config.whale_usd_threshold),
            },
            obi: config.gate_obi_enabled.then_some(config.obi_threshold),
            spot_perp: config.gate_spot_perp_enabled.then_some(config.spot_perp_threshold),
            spot_cvd: config.gate_spot_cvd_enabled,
            pass_missing: config.on_missing == OnMissing::Pass,
        }
    }

    /// A key that is equal exactly when the gates are, and sorts them.
    pub fn key(&self) -> [u64; 5] {
        // Thresholds are positive or zero, so no bit pattern of theirs is MAX.
        let bits = |threshold: Option<f64>| threshold.map_or(u64::MAX, f64::to_bits);
        let (whale_kind, whale_threshold) = match self.whale {
            Whale::Off => (0, None),
            Whale::Flow(threshold) => (1, Some(threshold)),
            Whale::Usd(threshold) => (2, Some(threshold)),
        };
        let flags = whale_kind
            | u64::from(self.consensus) << 2
            | u64::from(self.spot_cvd) << 3
            | u64::from(self.pass_missing) << 4;
        [flags, bits(self.volatility), bits(whale_threshold), bits(self.obi), bits(self.spot_perp)]
    }

    /// The first gate that blocks. `entry` is what the model itself demands, in the place of the CVD gate.
    #[inline]
    pub fn block(&self, snapshot: &Snapshot, flow: &Flow, entry: Option<Reason>) -> Option<Reason> {
        if self.volatility.is_some_and(|least| snapshot.volatility < least) {
            return Some(Reason::LowVol);
        }
        if entry.is_some() {
            return entry;
        }
        if self.consensus && !flow.consensus {
            return Some(Reason::NoDirectionConsensus);
        }
        if self.whale_blocks(snapshot, flow.side) {
            return Some(Reason::Whale);
        }
        let indicators = &snapshot.row.indicators;
        self.against(self.obi, indicators.obi_10, flow.side, Missing::Obi10, Reason::Obi)
            .or_else(|| {
                let divergence = indicators.spot_perp_divergence;
                self.against(self.spot_perp, divergence, flow.side, Missing::SpotPerpDivergence, Reason::SpotPerp)
            })
            .or_else(|| if self.spot_cvd { self.spot_cvd_blocks(snapshot.row, flow) } else { None })
    }

    #[inline]
    fn whale_blocks(&self, snapshot: &Snapshot, side: Side) -> bool {
        match self.whale {
            Whale::Off => false,
            Whale::Flow(threshold) => toward(side, snapshot.row.whale_ratio) < -threshold,
            Whale::Usd(threshold) => {
                let (aligned, opposing) = match side {
                    Side::Long => (&snapshot.large_buy, &snapshot.large_sell),
                    Side::Short => (&snapshot.large_sell, &snapshot.large_buy),
                };
                opposing.reaches(threshold) && !aligned.reaches(threshold)
            }
        }
    }

    #[inline]
    fn against(
        &self,
        threshold: Option<f64>,
        value: Option<f64>,
        side: Side,
        missing: Missing,
        reason: Reason,
    ) -> Option<Reason> {
        let threshold = threshold?;
        match value {
            Some(value) => (toward(side, value) < -threshold).then_some(reason),
            None => self.absent(missing),
        }
    }

    #[inline]
    fn spot_cvd_blocks(&self, row: &FeatureRow, flow: &Flow) -> Option<Reason> {
        let slow = flow.slow as usize;
        match &row.spot_cvd {
            Some(spot) => (flow.slow_aligned && along(flow.side.opposite(), spot[slow])).then_some(Reason::SpotCvd),
            None => self.absent(Missing::SpotCvd),
        }
    }

    #[inline]
    fn absent(&self, missing: Missing) -> Option<Reason> {
        (!self.pass_missing).then_some(Reason::MissingFeature(missing))
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
            Gates::of(config).block(&Snapshot::new(row), &Flow::of(config, row), None)
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
        let block = |row: &FeatureRow| Gates::of(&config).block(&Snapshot::new(row), &Flow::of(&config, row), None);
        assert_eq!(block(&row), Some(Reason::Whale));
        row.whale_ratio = 0.5;
        assert_eq!(block(&row), None);
    }
}
