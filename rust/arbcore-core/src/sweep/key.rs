//! Which configurations share their decisions.

use crate::strategy::{Model, OnMissing, Profile, StrategyConfig, Track};

/// Everything of a configuration that gates and total depend on.
///
/// Thresholds on the total, exits, sizes and rules are left out: [`crate::position::Runner`] applies them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ScoreKey {
    kinds: [u8; 4],
    windows: [u8; 2],
    weights: [u32; 4],
    switches: [bool; 7],
    thresholds: [u64; 5],
}

impl ScoreKey {
    pub(super) fn of(config: &StrategyConfig) -> Self {
        // Every field is named, so that a new one cannot be forgotten here.
        let StrategyConfig {
            display_name: _,
            symbol: _,
            track,
            direction: _,
            model,
            profile,
            accel_independent,
            cvd_fast_window,
            cvd_slow_window,
            weight_direction,
            weight_env,
            weight_aux,
            weight_momentum,
            entry_score: _,
            flip_threshold: _,
            heavy_from: _,
            gate_vol_enabled,
            vol_atr_pct_min,
            gate_cvd_enabled,
            gate_whale_enabled,
            whale_usd_threshold,
            whale_flow_pct,
            gate_obi_enabled,
            obi_threshold,
            gate_spot_perp_enabled,
            spot_perp_threshold,
            gate_spot_cvd_enabled,
            on_missing,
            sl_atr_multiplier: _,
            tp1_ratio: _,
            tp2_ratio: _,
            be_buffer_atr: _,
            timeout_minutes: _,
            trailing: _,
            cooldown_minutes: _,
            initial_balance: _,
            risk_per_trade: _,
            rule_adaptive_cooldown: _,
            rule_hour_filter: _,
            rule_funding_bias: _,
            rule_dual_atr: _,
            blackout_hours: _,
            symbol_disabled: _,
            hourly_entry_cap: _,
            rule_cascade: _,
        } = config;
        Self {
            kinds: [
                match track {
                    Track::Btc => 0,
                    Track::Alt => 1,
                },
                match model {
                    Model::Factory => 0,
                    Model::Layers => 1,
                    Model::Bonus => 2,
                },
                match profile {
                    Profile::Standard => 0,
                    Profile::Fast => 1,
                    Profile::V51Baseline => 2,
                    Profile::V528Signals => 3,
                },
                match on_missing {
                    OnMissing::Block => 0,
                    OnMissing::Pass => 1,
                },
            ],
            windows: [cvd_fast_window, cvd_slow_window].map(|window| *window as u8),
            weights: [*weight_direction, *weight_env, *weight_aux, *weight_momentum],
            switches: [
                *accel_independent,
                *gate_vol_enabled,
                *gate_cvd_enabled,
                *gate_whale_enabled,
                *gate_obi_enabled,
                *gate_spot_perp_enabled,
                *gate_spot_cvd_enabled,
            ],
            thresholds: [vol_atr_pct_min, whale_usd_threshold, whale_flow_pct, obi_threshold, spot_perp_threshold]
                .map(|threshold| threshold.to_bits()),
        }
    }
}
