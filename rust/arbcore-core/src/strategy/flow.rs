//! Direction: what the CVD pair, the acceleration and the large trades of a row say.

use super::config::{Model, StrategyConfig};
use crate::feature::{FeatureRow, Window};
use crate::types::Side;

/// Flow of one window pair at one evaluation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow {
    /// The window that decides the side.
    pub fast: Window,
    /// The window that confirms it.
    pub slow: Window,
    /// Direction.
    pub side: Side,
    /// Fast and slow CVD agree.
    pub consensus: bool,
    /// The fast CVD has the direction's sign (it is 0 otherwise).
    pub fast_aligned: bool,
    /// The slow CVD has the direction's sign.
    pub slow_aligned: bool,
    /// The fast window's acceleration has the direction's sign.
    pub accelerating: bool,
    /// A large trade of the direction's side within 15 minutes.
    pub aligned_large: bool,
    /// A large trade of the other side within 15 minutes.
    pub opposing_large: bool,
}

impl Flow {
    pub fn new(model: Model, fast: Window, slow: Window, row: &FeatureRow) -> Self {
        let fast = if model == Model::Bonus && volume_surges(row) { Window::H1 } else { fast };
        let (fast_cvd, slow_cvd) = (row.cvd[fast as usize], row.cvd[slow as usize]);
        // Both positive gives LONG and both negative SHORT, so the fast one alone decides the side.
        let side = if fast_cvd > 0 { Side::Long } else { Side::Short };
        let (aligned, opposing) = match side {
            Side::Long => (row.large_buy_count, row.large_sell_count),
            Side::Short => (row.large_sell_count, row.large_buy_count),
        };
        let fast_aligned = along(side, fast_cvd);
        let slow_aligned = along(side, slow_cvd);
        Self {
            fast,
            slow,
            side,
            consensus: fast_aligned && slow_aligned,
            fast_aligned,
            slow_aligned,
            accelerating: along(side, row.cvd_accel[fast as usize]),
            aligned_large: aligned > 0,
            opposing_large: opposing > 0,
        }
    }

    pub fn of(config: &StrategyConfig, row: &FeatureRow) -> Self {
        Self::new(config.model, config.cvd_fast_window, config.cvd_slow_window, row)
    }
}

/// True when `value` has the sign of `side`; 0 has neither.
pub(super) fn along(side: Side, value: i64) -> bool {
    match side {
        Side::Long => value > 0,
        Side::Short => value < 0,
    }
}

/// `value` as seen from `side`: positive is in its favour.
pub(super) fn toward(side: Side, value: f64) -> f64 {
    match side {
        Side::Long => value,
        Side::Short => -value,
    }
}

/// `v50`: the last minute's volume exceeds three times its 24 h mean.
fn volume_surges(row: &FeatureRow) -> bool {
    (i128::from(row.buy_vol_1m) + i128::from(row.sell_vol_1m)) * 1440 > 3 * row.volume_24h
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;

    fn flow(fast: i64, slow: i64) -> Flow {
        let mut row = FeatureRow::empty(0, Grid::new(1, 3).unwrap());
        row.cvd[Window::M30 as usize] = fast;
        row.cvd[Window::H4 as usize] = slow;
        Flow::new(Model::Factory, Window::M30, Window::H4, &row)
    }

    #[test]
    fn the_fast_window_decides_and_zero_agrees_with_nothing() {
        for (fast, slow, side, consensus) in [
            (1, 1, Side::Long, true),
            (-1, -1, Side::Short, true),
            (1, -1, Side::Long, false),
            (-1, 1, Side::Short, false),
            (0, -1, Side::Short, false),
            (0, 1, Side::Short, false),
            (1, 0, Side::Long, false),
            (0, 0, Side::Short, false),
        ] {
            let flow = flow(fast, slow);
            assert_eq!((flow.side, flow.consensus), (side, consensus), "{fast} {slow}");
        }
        assert!(!flow(0, -1).fast_aligned && flow(0, -1).slow_aligned);
    }

    #[test]
    fn the_bonus_model_looks_at_an_hour_while_volume_surges() {
        let mut row = FeatureRow::empty(0, Grid::new(1, 3).unwrap());
        row.cvd[Window::M30 as usize] = 5;
        row.cvd[Window::H1 as usize] = -5;
        (row.buy_vol_1m, row.sell_vol_1m) = (100, 50);
        row.volume_24h = 150 * 1440 / 3;
        let side = |model, row: &FeatureRow| Flow::new(model, Window::M30, Window::H4, row).side;
        assert_eq!(side(Model::Bonus, &row), Side::Long, "exactly three times is not beyond");
        row.volume_24h -= 1;
        assert_eq!(side(Model::Bonus, &row), Side::Short);
        assert_eq!(side(Model::Factory, &row), Side::Long);
    }
}
