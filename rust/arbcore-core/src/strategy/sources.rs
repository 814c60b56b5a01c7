//! Which data a run is given, and what a strategy loses without the rest.

use super::config::StrategyConfig;
use super::points::{Points, Table, Weights};
use crate::feature::Window;
use crate::sample::SAMPLE_NAMES;

/// Name of the source that is no indicator: a spot tape. Its bit follows those of the indicators.
const SPOT_TAPE: &str = "spot_tape";

/// Names of the sources, in bit order.
fn source_names() -> impl Iterator<Item = &'static str> {
    SAMPLE_NAMES.into_iter().chain([SPOT_TAPE])
}

/// A set of indicator sources, and whether there is a spot tape.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Sources(u16);

impl Sources {
    /// Trades only.
    pub const NONE: Self = Self(0);
    /// Everything, the spot tape included.
    pub const ALL: Self = Self(u16::MAX);

    /// The set of indicator names as they stand in the samples; `spot_tape` stands for a spot tape.
    /// Names that no strategy reads (shadow features) are left out.
    pub fn from_names<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(names.into_iter().fold(0, |bits, name| bits | Self::bit(name.as_ref())))
    }

    /// This set with or without a spot tape.
    #[must_use]
    pub fn with_spot_tape(self, given: bool) -> Self {
        let bit = Self::bit(SPOT_TAPE);
        Self(if given { self.0 | bit } else { self.0 & !bit })
    }

    /// Names of the sources in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        source_names().filter(move |name| self.has(name))
    }

    /// True when the source of that name is given.
    pub fn has(self, name: &str) -> bool {
        self.0 & Self::bit(name) != 0
    }

    fn bit(name: &str) -> u16 {
        let name = if name == "open_interest" { "open_interest_value" } else { name };
        source_names().position(|known| known == name).map_or(0, |index| 1 << index)
    }

    fn open_interest_change(self) -> bool {
        self.has("oi_change") || self.has("open_interest_value")
    }

    fn spot_perp_divergence(self) -> bool {
        self.has("spot_perp_divergence") || (self.has("spot_mid") && self.has("mark_price"))
    }
}

/// Switches off the gates whose feature has no source, and names them.
pub fn disable_gates_without(config: &mut StrategyConfig, sources: &Sources) -> Vec<&'static str> {
    let (obi, spot_perp, spot_cvd) = (sources.has("obi_10"), sources.spot_perp_divergence(), sources.has("spot_tape"));
    [
        ("obi", &mut config.gate_obi_enabled, obi),
        ("spot_perp", &mut config.gate_spot_perp_enabled, spot_perp),
        ("spot_cvd", &mut config.gate_spot_cvd_enabled, spot_cvd),
    ]
    .into_iter()
    .filter_map(|(name, enabled, given)| {
        let disable = *enabled && !given;
        *enabled &= given;
        disable.then_some(name)
    })
    .collect()
}

/// Features that this strategy's layers, gates and rules read and that have no source.
///
/// Ask before [`disable_gates_without`]: a gate that is off reads nothing.
pub fn absent_sources(config: &StrategyConfig, sources: &Sources) -> Vec<&'static str> {
    let table = Table::of(config);
    let layered = table != Table::Bonus;
    let scores_liquidations = table == Table::V52;
    [
        ("long_short_ratio", layered, sources.has("long_short_ratio")),
        ("top_trader_long", layered, sources.has("top_trader_long")),
        ("oi_change", layered, sources.open_interest_change()),
        ("coinbase_premium", layered, sources.has("coinbase_premium")),
        (
            "funding_rate",
            matches!(table, Table::V52 | Table::Bonus) || config.rule_funding_bias,
            sources.has("funding_rate"),
        ),
        ("liq_long_usd", scores_liquidations, sources.has("liq_long_usd")),
        ("liq_short_usd", scores_liquidations, sources.has("liq_short_usd")),
        ("obi_10", matches!(table, Table::Fast { .. }) || config.gate_obi_enabled, sources.has("obi_10")),
        ("spot_perp_divergence", config.gate_spot_perp_enabled, sources.spot_perp_divergence()),
        (spot_cvd_name(config.cvd_slow_window), config.gate_spot_cvd_enabled, sources.has("spot_tape")),
        ("spread_bps", config.rule_cascade, sources.has("spread_bps")),
    ]
    .into_iter()
    .filter_map(|(name, read, given)| (read && !given).then_some(name))
    .collect()
}

fn spot_cvd_name(slow: Window) -> &'static str {
    super::decision::Missing::SpotCvd.name(slow)
}

/// The greatest total that a strategy can reach with these sources, in tenths, gates aside.
pub fn highest_total(config: &StrategyConfig, sources: &Sources) -> i32 {
    let table = Table::of(config);
    // An absent feature gives its neutral points, a present one at best the layer's share of it.
    let best = |name: &str, present: i32, absent: i32| if sources.has(name) { present } else { absent };
    let shared = Points {
        environment: if sources.open_interest_change() { 15 } else { 10 },
        auxiliary: best("coinbase_premium", 5, 2),
        ..Points::default()
    };
    let top_traders = best("top_trader_long", 10, 5);
    let factory_crowding = best("long_short_ratio", 15, 7) + top_traders;
    let older_crowding = best("long_short_ratio", 10, 5) + top_traders;
    let points = match table {
        Table::Factory => Points { direction: 55, crowding: factory_crowding, ..shared },
        Table::Fast { .. } => Points {
            direction: 55,
            crowding: factory_crowding,
            environment: super::points::fast_environment(shared.environment, best("obi_10", 5, 0)),
            ..shared
        },
        Table::V51 => Points { direction: 50, crowding: older_crowding, confirmation: 15, ..shared },
        Table::V52 => Points {
            direction: 45,
            crowding: older_crowding,
            confirmation: 15,
            funding: f64::from(best("funding_rate", 5, 0)),
            liquidation: if sources.has("liq_long_usd") { best("liq_short_usd", 5, 0) } else { 0 },
            ..shared
        },
        Table::Bonus => Points { bonus: 45 + best("funding_rate", 15, 0), ..Points::default() },
    };
    points.total(table, Weights::of(config))
}

#[cfg(test)]
mod tests {
    use super::super::presets::preset;
    use super::*;

    fn highest(name: &str, sources: Sources) -> i32 {
        highest_total(&preset(name, "LTCUSDT").unwrap(), &sources)
    }

    #[test]
    fn trades_alone_cap_the_totals() {
        let none = Sources::NONE;
        assert_eq!(highest("v53", none), 729);
        assert_eq!(highest("v53_middle", none), 729);
        // Environment 7 of 15 instead of 10: 50.25 + 11.667 + 6.
        assert_eq!(highest("v53_fast", none), 679);
        assert_eq!(highest("v51_baseline", none), 870);
        // 40 + 9 + 8 + 15 + 2.
        assert_eq!(highest("v52_8signals", none), 740);
        assert_eq!(highest("v50", none), 825);
        for name in ["v51_baseline", "v52_8signals", "v53", "v53_fast"] {
            assert_eq!(highest(name, Sources::ALL), 1000, "{name}");
        }
        assert_eq!(highest("v50", Sources::ALL), 900);
    }

    #[test]
    fn gates_without_a_source_are_disabled_and_named() {
        let mut config = StrategyConfig::for_symbol("LTCUSDT");
        config.gate_spot_perp_enabled = true;
        config.gate_spot_cvd_enabled = true;
        config.cvd_slow_window = Window::H1;
        let sources = Sources::from_names(["spot_mid", "mark_price", "open_interest", "some_shadow_feature"]);
        assert_eq!(sources.names().collect::<Vec<_>>(), ["open_interest_value", "mark_price", "spot_mid"]);
        assert_eq!(
            absent_sources(&config, &sources),
            ["long_short_ratio", "top_trader_long", "coinbase_premium", "obi_10", "spot_cvd_1h"]
        );
        assert_eq!(disable_gates_without(&mut config, &sources), ["obi", "spot_cvd"]);
        assert!(!config.gate_obi_enabled && !config.gate_spot_cvd_enabled && config.gate_spot_perp_enabled);
        assert!(disable_gates_without(&mut config, &sources).is_empty());
        assert!(absent_sources(&config, &Sources::ALL).is_empty());
        assert!(Sources::NONE.with_spot_tape(true).has("spot_tape"));
    }
}
