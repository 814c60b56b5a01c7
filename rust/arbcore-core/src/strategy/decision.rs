//! What an evaluation says about one strategy.

use std::borrow::Cow;

use crate::feature::Window;
use crate::types::Side;

/// Features whose absence can block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Missing {
    /// `atr_5m`.
    Atr5m = 0,
    /// `obi_10`.
    Obi10,
    /// `spot_perp_divergence`.
    SpotPerpDivergence,
    /// `spot_cvd_<slow window>`.
    SpotCvd,
    /// `vwap_30m`.
    Vwap30m,
}

impl Rule {
    /// The name after `risk:`.
    pub const fn name(self) -> &'static str {
        self.reason().split_at("risk:".len()).1
    }

    /// The reason's text.
    const fn reason(self) -> &'static str {
        match self {
            Self::SameSide => "risk:same_side",
            Self::HourFilter => "risk:hour_filter",
            Self::BlackoutHours => "risk:blackout_hours",
            Self::DisabledSymbol => "risk:disabled_symbol",
            Self::HourlyEntryCap => "risk:hourly_entry_cap",
            Self::Cascade => "risk:cascade",
        }
    }
}

/// Optional rules that can refuse an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Rule {
    /// `same_side`: no fourth entry on the same side.
    SameSide = 0,
    /// `hour_filter`.
    HourFilter,
    /// `blackout_hours`.
    BlackoutHours,
    /// `disabled_symbol`.
    DisabledSymbol,
    /// `hourly_entry_cap`.
    HourlyEntryCap,
    /// `cascade`.
    Cascade,
}

/// Why an evaluation gave no signal, or a signal no entry. `None` of these: it entered (or flipped).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Less history than the warm-up asks for.
    Warmup,
    /// A needed feature is absent.
    MissingFeature(Missing),
    /// `atr_5m/price` below the least.
    LowVol,
    /// Fast and slow CVD disagree.
    NoDirectionConsensus,
    /// Whale flow against the direction.
    Whale,
    /// Order-book imbalance against the direction.
    Obi,
    /// Spot-perp divergence against the direction.
    SpotPerp,
    /// Spot CVD against the direction.
    SpotCvd,
    /// Total below the entry score.
    BelowEntry,
    /// Direction not allowed for this strategy.
    Direction,
    /// Too soon after the last signal.
    Cooldown,
    /// A position is open or pending.
    PositionOpen,
    /// Too many positions in all.
    MaxPositions,
    /// Quantity below the exchange's minimum.
    MinNotional,
    /// An optional rule.
    Risk(Rule),
}

impl Missing {
    /// The reason's text; `slow_window` is the one whose spot CVD is meant.
    const fn reason(self, slow_window: Window) -> &'static str {
        match self {
            Self::Atr5m => "missing_feature:atr_5m",
            Self::Obi10 => "missing_feature:obi_10",
            Self::SpotPerpDivergence => "missing_feature:spot_perp_divergence",
            Self::Vwap30m => "missing_feature:vwap_30m",
            Self::SpotCvd => match slow_window {
                Window::M5 => "missing_feature:spot_cvd_5m",
                Window::M15 => "missing_feature:spot_cvd_15m",
                Window::M30 => "missing_feature:spot_cvd_30m",
                Window::H1 => "missing_feature:spot_cvd_1h",
                Window::H4 => "missing_feature:spot_cvd_4h",
                Window::H24 => "missing_feature:spot_cvd_24h",
                Window::UtcDay => "missing_feature:spot_cvd_utc_day",
            },
        }
    }

    /// The name of the absent feature.
    pub const fn name(self, slow_window: Window) -> &'static str {
        self.reason(slow_window).split_at("missing_feature:".len()).1
    }
}

impl Reason {
    /// The text in results: `low_vol`, `missing_feature:spot_cvd_1h`, `risk:hour_filter`, …
    pub const fn name(&self, slow_window: Window) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Warmup => "warmup",
            Self::MissingFeature(missing) => missing.reason(slow_window),
            Self::LowVol => "low_vol",
            Self::NoDirectionConsensus => "no_direction_consensus",
            Self::Whale => "whale",
            Self::Obi => "obi",
            Self::SpotPerp => "spot_perp",
            Self::SpotCvd => "spot_cvd",
            Self::BelowEntry => "below_entry",
            Self::Direction => "direction",
            Self::Cooldown => "cooldown",
            Self::PositionOpen => "position_open",
            Self::MaxPositions => "max_positions",
            Self::MinNotional => "min_notional",
            Self::Risk(rule) => rule.reason(),
        })
    }
}

impl Reason {
    /// A number of its own, above 0, for hashes and tallies.
    pub const fn code(self) -> u8 {
        match self {
            Self::Warmup => 1,
            Self::LowVol => 2,
            Self::NoDirectionConsensus => 3,
            Self::Whale => 4,
            Self::Obi => 5,
            Self::SpotPerp => 6,
            Self::SpotCvd => 7,
            Self::BelowEntry => 8,
            Self::Direction => 9,
            Self::Cooldown => 10,
            Self::PositionOpen => 11,
            Self::MaxPositions => 12,
            Self::MinNotional => 13,
            Self::MissingFeature(missing) => 16 + missing as u8,
            Self::Risk(rule) => 24 + rule as u8,
        }
    }
}

/// Size class of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Tier {
    /// 0.5 risk units.
    Light = 0,
    /// 1 risk unit.
    Standard = 1,
    /// 1.5 risk units.
    Heavy = 2,
}

impl Tier {
    /// `light`, `standard`, `heavy`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Standard => "standard",
            Self::Heavy => "heavy",
        }
    }
}

/// Points of each layer before weighting; layers a model lacks are 0. `v52_8signals` records those of
/// `v51_baseline` (direction to 45, crowding to 20, environment to 15), which its total scales down.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Layers {
    /// Direction of flow.
    pub direction: f64,
    /// Crowding of accounts and top traders.
    pub crowding: f64,
    /// Open interest (and OBI bonus).
    pub environment: f64,
    /// Coinbase premium.
    pub auxiliary: f64,
    /// Fast and slow agree (`layers`).
    pub confirmation: f64,
    /// Funding (`v52_8signals`).
    pub funding: f64,
    /// Liquidations (`v52_8signals`).
    pub liquidation: f64,
}

/// The stateless part of an evaluation: direction, gates, total. Cooldown and positions come after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// Direction of the CVD pair.
    pub side: Side,
    /// Fast and slow agree.
    pub consensus: bool,
    /// Total in tenths; 0 when a gate blocks.
    pub total: i32,
    /// First gate that blocks, or `BelowEntry`, or `Direction`; `None` when it may become a signal.
    pub reason: Option<Reason>,
    /// Size class if it becomes a signal.
    pub tier: Tier,
    /// `Model::Bonus`: bonus points 0–60; 0 elsewhere.
    pub bonus: u8,
}
