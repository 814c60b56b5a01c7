//! One strategy's parameters: the single structure that TOML, JSON, Python and the database fill.

use super::symbol::symbol_defaults;
use crate::feature::Window;

/// Gives an enum of the configuration its names, in the order of its variants.
macro_rules! named {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// All names, in the order of the variants.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// The name in TOML, JSON, Python and the database.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The variant of that name.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

named!(DirectionFilter { LongOnly = "long_only", ShortOnly = "short_only", Both = "both" });
named!(Model { Factory = "factory", Layers = "layers", Bonus = "bonus" });
named!(Profile { Standard = "standard", Fast = "fast", V51Baseline = "v51_baseline", V528Signals = "v52_8signals" });
named!(Track { Btc = "BTC", Alt = "ALT" });
named!(OnMissing { Block = "block", Pass = "pass" });

/// Directions a strategy may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectionFilter {
    /// Long entries only.
    LongOnly,
    /// Short entries only.
    ShortOnly,
    /// Both.
    Both,
}

/// Family of the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Four weighted layers.
    Factory,
    /// The older plain sums (`v51_baseline`, `v52_8signals`).
    Layers,
    /// `v50`: entry conditions, size by bonus points.
    Bonus,
}

/// Variant within a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// The model's standard tables.
    Standard,
    /// `factory` with the OBI bonus (and `accel_independent`, where enabled).
    Fast,
    /// `layers`: tables of `v51_baseline`.
    V51Baseline,
    /// `layers`: tables of `v52_8signals`.
    V528Signals,
}

/// Which whale gate applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Track {
    /// By flow ratio.
    Btc,
    /// By large trades.
    Alt,
}

/// What a gate does when its feature is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMissing {
    /// Block with `missing_feature:<name>`.
    Block,
    /// Let pass.
    Pass,
}

/// All parameters of one strategy. Scores are in tenths (`entry_score` 75 is 750), windows by name.
#[derive(Debug, Clone, PartialEq)]
pub struct StrategyConfig {
    /// 1–50 characters.
    pub display_name: String,
    /// For example `BTCUSDT`.
    pub symbol: String,
    /// Which whale gate applies.
    pub track: Track,
    /// Allowed directions.
    pub direction: DirectionFilter,
    /// Family of the score.
    pub model: Model,
    /// Variant within the model.
    pub profile: Profile,
    /// `fast` only: an accelerating move with an aligned large trade lifts direction to at least 35.
    pub accel_independent: bool,
    /// 5m, 15m or 30m.
    pub cvd_fast_window: Window,
    /// 30m, 1h or 4h; longer than the fast one.
    pub cvd_slow_window: Window,
    /// 10–80.
    pub weight_direction: u32,
    /// 5–60.
    pub weight_env: u32,
    /// 0–40.
    pub weight_aux: u32,
    /// 0–20; the four sum to 100.
    pub weight_momentum: u32,
    /// Tenths, 600–950.
    pub entry_score: i32,
    /// Tenths, 600–950, at least `entry_score`.
    pub flip_threshold: i32,
    /// Tenths; tier heavy from this total on. `None`: from `flip_threshold`.
    pub heavy_from: Option<i32>,
    /// Gate switches and thresholds.
    pub gate_vol_enabled: bool,
    /// 0.0001–0.02.
    pub vol_atr_pct_min: f64,
    /// Block without consensus of the CVD pair.
    pub gate_cvd_enabled: bool,
    /// Whale gate of the symbol's track.
    pub gate_whale_enabled: bool,
    /// 1,000–1,000,000 USD (track ALT).
    pub whale_usd_threshold: f64,
    /// 0–1 (track BTC).
    pub whale_flow_pct: f64,
    /// Order-book imbalance gate.
    pub gate_obi_enabled: bool,
    /// 0.1–0.9.
    pub obi_threshold: f64,
    /// Spot-perp divergence gate.
    pub gate_spot_perp_enabled: bool,
    /// 0.0005–0.01.
    pub spot_perp_threshold: f64,
    /// Spot CVD gate.
    pub gate_spot_cvd_enabled: bool,
    /// What a gate does when its feature is absent.
    pub on_missing: OnMissing,
    /// 1R in ATR, 0.5–3.0.
    pub sl_atr_multiplier: f64,
    /// 0.3–2.0 R.
    pub tp1_ratio: f64,
    /// 0.5–4.0 R, > tp1.
    pub tp2_ratio: f64,
    /// 0–1 ATR.
    pub be_buffer_atr: f64,
    /// 30–1440.
    pub timeout_minutes: u32,
    /// From `tp2_ratio` R on the rest trails by 1R instead of taking profit (`v50`).
    pub trailing: bool,
    /// Minutes between two signals of one strategy.
    pub cooldown_minutes: u32,
    /// 1,000–1,000,000.
    pub initial_balance: f64,
    /// Share of the balance base risked per trade at tier standard.
    pub risk_per_trade: f64,
    /// Rule: adaptive cooldown.
    pub rule_adaptive_cooldown: bool,
    /// Rule: 1-hour filter.
    pub rule_hour_filter: bool,
    /// Rule: funding bias.
    pub rule_funding_bias: bool,
    /// Rule: risk ATR = 0.7 atr_5m + 0.3 atr_1h.
    pub rule_dual_atr: bool,
    /// Rule: bit h set = no entries in UTC hour h.
    pub blackout_hours: u32,
    /// Rule: no entries for this symbol.
    pub symbol_disabled: bool,
    /// Rule: at most so many entries in 60 minutes; `None`: off.
    pub hourly_entry_cap: Option<u32>,
    /// Rule: no entries for 5 minutes after a liquidation cascade.
    pub rule_cascade: bool,
}

impl StrategyConfig {
    /// The defaults of a new strategy, with the gate thresholds of its symbol.
    pub fn for_symbol(symbol: &str) -> Self {
        let gates = symbol_defaults(symbol);
        Self {
            display_name: symbol.to_owned(),
            symbol: symbol.to_owned(),
            track: gates.track,
            direction: DirectionFilter::Both,
            model: Model::Factory,
            profile: Profile::Standard,
            accel_independent: false,
            cvd_fast_window: Window::M30,
            cvd_slow_window: Window::H4,
            weight_direction: 55,
            weight_env: 25,
            weight_aux: 15,
            weight_momentum: 5,
            entry_score: 750,
            flip_threshold: 800,
            heavy_from: None,
            gate_vol_enabled: true,
            vol_atr_pct_min: gates.vol_atr_pct_min,
            gate_cvd_enabled: true,
            gate_whale_enabled: true,
            whale_usd_threshold: gates.whale_usd_threshold,
            whale_flow_pct: gates.whale_flow_pct,
            gate_obi_enabled: true,
            obi_threshold: gates.obi_threshold,
            gate_spot_perp_enabled: false,
            spot_perp_threshold: gates.spot_perp_threshold,
            gate_spot_cvd_enabled: false,
            on_missing: OnMissing::Block,
            sl_atr_multiplier: 1.5,
            tp1_ratio: 0.75,
            tp2_ratio: 1.5,
            be_buffer_atr: 0.0,
            timeout_minutes: 240,
            trailing: false,
            cooldown_minutes: 10,
            initial_balance: 10_000.0,
            risk_per_trade: 0.02,
            rule_adaptive_cooldown: false,
            rule_hour_filter: false,
            rule_funding_bias: false,
            rule_dual_atr: false,
            blackout_hours: 0,
            symbol_disabled: false,
            hourly_entry_cap: None,
            rule_cascade: false,
        }
    }

    /// Tier heavy from this total on, tenths.
    pub fn heavy_threshold(&self) -> i32 {
        self.heavy_from.unwrap_or(self.flip_threshold)
    }
}

impl Default for StrategyConfig {
    /// [`Self::for_symbol`] of `BTCUSDT`.
    fn default() -> Self {
        Self::for_symbol("BTCUSDT")
    }
}
