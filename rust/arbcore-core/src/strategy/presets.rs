//! The named strategies: the older models, the three of v53, and the 72 of the factory.

use super::config::{Model, Profile, StrategyConfig};
use super::fields::nearest;
use crate::error::{CoreError, Result};
use crate::feature::Window;

/// Presets that take any symbol.
pub const ANY_SYMBOL: [&str; 6] = ["v50", "v51_baseline", "v52_8signals", "v53", "v53_middle", "v53_fast"];

/// Coin, symbol, weights (direction, environment, auxiliary, momentum), entry score in tenths.
const FACTORY_COINS: [(&str, &str, [u32; 4], i32); 4] = [
    ("btc", "BTCUSDT", [38, 32, 28, 2], 710),
    ("eth", "ETHUSDT", [51, 18, 28, 3], 750),
    ("xrp", "XRPUSDT", [58, 8, 32, 2], 800),
    ("sol", "SOLUSDT", [38, 42, 8, 12], 650),
];

const FACTORY_WINDOWS: [(Window, Window); 6] = [
    (Window::M5, Window::M30),
    (Window::M5, Window::H1),
    (Window::M15, Window::H1),
    (Window::M15, Window::H4),
    (Window::M30, Window::H1),
    (Window::M30, Window::H4),
];

/// TP1 as in the name, then both in R.
const FACTORY_EXITS: [(&str, f64, f64); 3] = [("0.75", 0.75, 1.5), ("1.0", 1.0, 2.0), ("1.5", 1.5, 2.5)];

/// One factory strategy's place in the three tables.
struct FactoryPreset {
    name: String,
    coin: usize,
    windows: (Window, Window),
    exit: usize,
}

fn factory_presets() -> impl Iterator<Item = FactoryPreset> {
    (0..FACTORY_COINS.len()).flat_map(|coin| {
        FACTORY_WINDOWS.into_iter().flat_map(move |(fast, slow)| {
            (0..FACTORY_EXITS.len()).map(move |exit| FactoryPreset {
                name: format!("{}_{}_{}_tp{}", FACTORY_COINS[coin].0, fast.name(), slow.name(), FACTORY_EXITS[exit].0),
                coin,
                windows: (fast, slow),
                exit,
            })
        })
    })
}

/// All preset names: those for any symbol first, then the factory's (`btc_5m_30m_tp0.75`: coin, windows, TP1 in R).
pub fn preset_names() -> Vec<String> {
    ANY_SYMBOL.into_iter().map(str::to_owned).chain(factory_presets().map(|preset| preset.name)).collect()
}

/// The symbol that a factory preset implies; `None` for a preset that takes any, or an unknown one.
pub fn preset_symbol(name: &str) -> Option<&'static str> {
    factory_presets().find(|preset| preset.name == name).map(|preset| FACTORY_COINS[preset.coin].1)
}

/// The strategy of that name for `symbol`.
///
/// A factory preset belongs to one symbol; asking for another is an error, as is an unknown name.
pub fn preset(name: &str, symbol: &str) -> Result<StrategyConfig> {
    let config = match name {
        "v50" => v50(symbol),
        "v51_baseline" => v51_baseline(symbol),
        "v52_8signals" => v52_8signals(symbol),
        "v53" => v53(symbol, Window::M30, Window::H4),
        "v53_middle" => v53(symbol, Window::M15, Window::H1),
        "v53_fast" => StrategyConfig { profile: Profile::Fast, ..v53(symbol, Window::M5, Window::M30) },
        _ => factory(name, symbol)?,
    };
    let config = StrategyConfig { display_name: name.to_owned(), ..config };
    config.validate()?;
    Ok(config)
}

/// Only the CVD gate decides in the older models.
fn only_cvd_gate(symbol: &str) -> StrategyConfig {
    StrategyConfig {
        gate_vol_enabled: false,
        gate_whale_enabled: false,
        gate_obi_enabled: false,
        ..StrategyConfig::for_symbol(symbol)
    }
}

fn v50(symbol: &str) -> StrategyConfig {
    StrategyConfig {
        model: Model::Bonus,
        // Totals lie between 60 and 90: every one may enter, none reaches the flip.
        entry_score: 600,
        flip_threshold: 950,
        sl_atr_multiplier: 1.2,
        tp1_ratio: 1.0,
        tp2_ratio: 2.0,
        trailing: true,
        timeout_minutes: 30,
        hourly_entry_cap: Some(2),
        ..only_cvd_gate(symbol)
    }
}

fn v51_baseline(symbol: &str) -> StrategyConfig {
    StrategyConfig {
        model: Model::Layers,
        profile: Profile::V51Baseline,
        entry_score: 750,
        flip_threshold: 750,
        heavy_from: Some(850),
        // SL / TP1 / TP2 of 1.4 / 1.05 / 2.1 ATR.
        sl_atr_multiplier: 1.4,
        tp1_ratio: 0.75,
        tp2_ratio: 1.5,
        timeout_minutes: 60,
        ..only_cvd_gate(symbol)
    }
}

fn v52_8signals(symbol: &str) -> StrategyConfig {
    StrategyConfig {
        profile: Profile::V528Signals,
        // 2.1 / 1.4 / 3.15 ATR.
        sl_atr_multiplier: 2.1,
        tp1_ratio: 2.0 / 3.0,
        tp2_ratio: 1.5,
        ..v51_baseline(symbol)
    }
}

fn v53(symbol: &str, fast: Window, slow: Window) -> StrategyConfig {
    StrategyConfig {
        cvd_fast_window: fast,
        cvd_slow_window: slow,
        entry_score: 750,
        flip_threshold: 850,
        // 2.0 / 1.5 / 3.0 ATR.
        sl_atr_multiplier: 2.0,
        tp1_ratio: 0.75,
        tp2_ratio: 1.5,
        be_buffer_atr: 0.2,
        timeout_minutes: 60,
        ..StrategyConfig::for_symbol(symbol)
    }
}

fn factory(name: &str, symbol: &str) -> Result<StrategyConfig> {
    let found = factory_presets().find(|preset| preset.name == name).ok_or_else(|| {
        let near = nearest(name, preset_names()).unwrap_or_default();
        CoreError::config(format!(
            "preset = {name:?}: no such preset; the nearest is {near:?} (preset_names() lists all)"
        ))
    })?;
    let (_, own_symbol, [direction, env, aux, momentum], entry_score) = FACTORY_COINS[found.coin];
    if symbol != own_symbol {
        return Err(CoreError::config(format!("symbol = {symbol:?}: must be {own_symbol:?} with preset = {name:?}")));
    }
    let (_, tp1_ratio, tp2_ratio) = FACTORY_EXITS[found.exit];
    Ok(StrategyConfig {
        cvd_fast_window: found.windows.0,
        cvd_slow_window: found.windows.1,
        weight_direction: direction,
        weight_env: env,
        weight_aux: aux,
        weight_momentum: momentum,
        entry_score,
        flip_threshold: 800,
        sl_atr_multiplier: 2.0,
        tp1_ratio,
        tp2_ratio,
        timeout_minutes: 240,
        ..StrategyConfig::for_symbol(symbol)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_78_different_names() {
        let mut names = preset_names();
        assert_eq!((names.len(), names[6].as_str(), names[77].as_str()), (78, "btc_5m_30m_tp0.75", "sol_30m_4h_tp1.5"));
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 78);
    }

    #[test]
    fn factory_presets_carry_their_row_and_imply_their_symbol() {
        let sol = preset("sol_15m_4h_tp1.0", "SOLUSDT").unwrap();
        assert_eq!((sol.cvd_fast_window, sol.cvd_slow_window), (Window::M15, Window::H4));
        assert_eq!([sol.weight_direction, sol.weight_env, sol.weight_aux, sol.weight_momentum], [38, 42, 8, 12]);
        assert_eq!((sol.entry_score, sol.flip_threshold, sol.timeout_minutes), (650, 800, 240));
        assert_eq!((sol.sl_atr_multiplier, sol.tp1_ratio, sol.tp2_ratio, sol.obi_threshold), (2.0, 1.0, 2.0, 0.45));
        assert_eq!(preset_symbol("sol_15m_4h_tp1.0"), Some("SOLUSDT"));
        assert_eq!(preset_symbol("v53"), None);
        assert_eq!(
            preset("sol_15m_4h_tp1.0", "BTCUSDT").unwrap_err().to_string(),
            "symbol = \"BTCUSDT\": must be \"SOLUSDT\" with preset = \"sol_15m_4h_tp1.0\""
        );
    }

    #[test]
    fn unknown_names_get_the_nearest() {
        assert_eq!(
            preset("btc_5m_30_tp0.75", "BTCUSDT").unwrap_err().to_string(),
            "preset = \"btc_5m_30_tp0.75\": no such preset; the nearest is \"btc_5m_30m_tp0.75\" (preset_names() lists all)"
        );
    }

    #[test]
    fn older_presets_carry_their_table() {
        let v50 = preset("v50", "ETHUSDT").unwrap();
        assert_eq!(
            (v50.model, v50.trailing, v50.hourly_entry_cap, v50.timeout_minutes),
            (Model::Bonus, true, Some(2), 30)
        );
        let v52 = preset("v52_8signals", "ETHUSDT").unwrap();
        assert_eq!((v52.model, v52.profile, v52.heavy_from), (Model::Layers, Profile::V528Signals, Some(850)));
        assert_eq!((v52.tp1_ratio, v52.tp2_ratio), (1.4 / 2.1, 1.5));
        assert!(v52.gate_cvd_enabled && !v52.gate_vol_enabled && !v52.gate_whale_enabled && !v52.gate_obi_enabled);
        let fast = preset("v53_fast", "XRPUSDT").unwrap();
        assert_eq!((fast.profile, fast.accel_independent, fast.be_buffer_atr), (Profile::Fast, false, 0.2));
        assert_eq!((fast.cvd_fast_window, fast.cvd_slow_window, fast.obi_threshold), (Window::M5, Window::M30, 0.40));
        let v53 = preset("v53", "BTCUSDT").unwrap();
        assert_eq!((v53.entry_score, v53.flip_threshold, v53.heavy_threshold()), (750, 850, 850));
    }
}
