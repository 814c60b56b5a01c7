//! Checks of a whole configuration: every range, then what must hold between parameters.

use super::config::{Model, Profile, StrategyConfig};
use super::fields::FIELDS;
use crate::error::{CoreError, Result};

impl StrategyConfig {
    /// Fails at the first parameter out of its range or at odds with another, naming value and bound.
    pub fn validate(&self) -> Result<()> {
        for field in FIELDS {
            field.check_in(self)?;
        }
        let weights = [self.weight_direction, self.weight_env, self.weight_aux, self.weight_momentum];
        let sum: u32 = weights.iter().sum();
        check(sum == 100, || {
            let [direction, env, aux, momentum] = weights;
            format!(
                "weight_direction + weight_env + weight_aux + weight_momentum = {direction} + {env} + {aux} + {momentum} \
                 = {sum}: must be 100"
            )
        })?;
        check(self.cvd_fast_window < self.cvd_slow_window, || {
            let (fast, slow) = (self.cvd_fast_window.name(), self.cvd_slow_window.name());
            format!("cvd_fast_window = {fast}: must be shorter than cvd_slow_window = {slow}")
        })?;
        check(self.tp2_ratio > self.tp1_ratio, || {
            format!("tp2_ratio = {}: must be greater than tp1_ratio = {}", self.tp2_ratio, self.tp1_ratio)
        })?;
        check(self.flip_threshold >= self.entry_score, || {
            let (flip, entry) = (f64::from(self.flip_threshold) / 10.0, f64::from(self.entry_score) / 10.0);
            format!("flip_threshold = {flip}: must be at least entry_score = {entry}")
        })?;
        let profiles: &[Profile] = match self.model {
            Model::Factory => &[Profile::Standard, Profile::Fast],
            Model::Layers => &[Profile::V51Baseline, Profile::V528Signals],
            Model::Bonus => &[Profile::Standard],
        };
        check(profiles.contains(&self.profile), || {
            let names: Vec<&str> = profiles.iter().map(|profile| profile.name()).collect();
            format!(
                "profile = {}: must be one of {} with model = {}",
                self.profile.name(),
                names.join(", "),
                self.model.name()
            )
        })?;
        check(!self.accel_independent || self.profile == Profile::Fast, || {
            format!(
                "accel_independent = true: must be false with profile = {} (it belongs to fast)",
                self.profile.name()
            )
        })
    }
}

fn check(holds: bool, message: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(CoreError::config(message())) }
}

#[cfg(test)]
mod tests {
    use super::super::presets::{preset, preset_names};
    use super::*;
    use crate::feature::Window;

    fn refusal(change: impl FnOnce(&mut StrategyConfig)) -> String {
        let mut config = StrategyConfig::default();
        change(&mut config);
        config.validate().unwrap_err().to_string()
    }

    #[test]
    fn defaults_and_presets_are_valid() {
        StrategyConfig::default().validate().unwrap();
        for name in preset_names() {
            let symbol = ["BTC", "ETH", "SOL", "XRP"]
                .into_iter()
                .find(|coin| name.starts_with(&coin.to_lowercase()))
                .map_or("LTCUSDT".to_owned(), |coin| format!("{coin}USDT"));
            preset(&name, &symbol).unwrap().validate().unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn ranges_and_contradictions_are_named() {
        assert_eq!(
            refusal(|c| c.weight_env = 26),
            "weight_direction + weight_env + weight_aux + weight_momentum = 55 + 26 + 15 + 5 = 101: must be 100"
        );
        assert_eq!(
            refusal(|c| c.cvd_slow_window = Window::M30),
            "cvd_fast_window = 30m: must be shorter than cvd_slow_window = 30m"
        );
        assert_eq!(refusal(|c| c.tp1_ratio = 1.5), "tp2_ratio = 1.5: must be greater than tp1_ratio = 1.5");
        assert_eq!(refusal(|c| c.entry_score = 805), "flip_threshold = 80: must be at least entry_score = 80.5");
        assert_eq!(
            refusal(|c| c.profile = Profile::V51Baseline),
            "profile = v51_baseline: must be one of standard, fast with model = factory"
        );
        assert_eq!(
            refusal(|c| c.accel_independent = true),
            "accel_independent = true: must be false with profile = standard (it belongs to fast)"
        );
        assert_eq!(
            refusal(|c| c.display_name = String::new()),
            "display_name = \"\": must be text of 1 to 50 characters"
        );
        assert_eq!(
            refusal(|c| c.blackout_hours = 1 << 24),
            "blackout_hours = [24]: must be a list of different UTC hours between 0 and 23"
        );
        assert_eq!(
            refusal(|c| c.entry_score = 951),
            "entry_score = 95.1: must be between 60 and 95, with one decimal at most"
        );
    }
}
