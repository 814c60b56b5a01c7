//! Configurations, rows and decisions for tests of positions and sweeps.
#![allow(dead_code, reason = "each test binary uses its own part")]

use arbcore_core::feature::{FeatureRow, Window};
use arbcore_core::grid::Grid;
use arbcore_core::position::{FillModel, Filters, Plan, Simulation};
use arbcore_core::strategy::{
    Decision, DirectionFilter, Model, OnMissing, Profile, Reason, StrategyConfig, Tier, Track,
};
use arbcore_core::types::Side;

pub const GRID: Grid = Grid { price_decimals: 1, qty_decimals: 3 };

pub fn filters() -> Filters {
    Filters::new(0.001, 5.0).expect("valid filters")
}

pub fn simulation(fill: FillModel) -> Simulation {
    Simulation { fill, ..Simulation::default() }
}

pub fn config() -> StrategyConfig {
    StrategyConfig {
        display_name: "test".to_owned(),
        symbol: "BTCUSDT".to_owned(),
        track: Track::Btc,
        direction: DirectionFilter::Both,
        model: Model::Factory,
        profile: Profile::Standard,
        accel_independent: false,
        cvd_fast_window: Window::M15,
        cvd_slow_window: Window::H1,
        weight_direction: 55,
        weight_env: 25,
        weight_aux: 15,
        weight_momentum: 5,
        entry_score: 750,
        flip_threshold: 800,
        heavy_from: None,
        gate_vol_enabled: true,
        vol_atr_pct_min: 0.002,
        gate_cvd_enabled: true,
        gate_whale_enabled: false,
        whale_usd_threshold: 100_000.0,
        whale_flow_pct: 0.5,
        gate_obi_enabled: false,
        obi_threshold: 0.3,
        gate_spot_perp_enabled: false,
        spot_perp_threshold: 0.003,
        gate_spot_cvd_enabled: false,
        on_missing: OnMissing::Block,
        sl_atr_multiplier: 2.0,
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

/// A plan with 1R = 16 and dyadic ratios, so that every level and result is exact in `f64`.
pub fn plan(side: Side) -> Plan {
    Plan {
        side,
        score: 800,
        tier: Tier::Standard,
        regime: 0,
        signal_ms: 1_000,
        qty: 2.0,
        risk_distance: 16.0,
        tp1_ratio: 0.75,
        tp2_ratio: 1.5,
        be_distance: 2.0,
        timeout_ms: 60_000,
        trailing: false,
    }
}

/// A row at `t_ms` with price 1000.0 and an ATR of 8.
pub fn row(t_ms: i64) -> FeatureRow {
    FeatureRow { price: 10_000, atr_5m: Some(8.0), ..FeatureRow::empty(t_ms, GRID) }
}

pub fn decision(side: Side, total: i32) -> Decision {
    let reason = (total == 0).then_some(Reason::LowVol);
    Decision { side, consensus: true, total, reason, tier: Tier::Standard, bonus: 0 }
}
