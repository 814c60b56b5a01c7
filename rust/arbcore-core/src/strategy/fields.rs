//! The one list of a strategy's parameters: name, bounds, reading and writing by name.
//!
//! Validation, the Python binding and the tests that compare the languages all walk it.

use std::fmt;

use super::config::{DirectionFilter, Model, OnMissing, Profile, StrategyConfig, Track};
use crate::error::{CoreError, Result};
use crate::feature::{WINDOW_NAMES, Window};

/// A parameter's value outside of [`StrategyConfig`].
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Not set.
    Null,
    /// A switch.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A number; scores in points, with one decimal at most.
    Number(f64),
    /// Text, or the name of a choice.
    Text(String),
    /// Hours of the day.
    Integers(Vec<i64>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::Integers(values) => write!(f, "{values:?}"),
        }
    }
}

/// What a parameter may be. Bounds are inclusive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bounds {
    /// True or false.
    Switch,
    /// An integer.
    Integer(i64, i64),
    /// An integer or null.
    OptionalInteger(i64, i64),
    /// A number.
    Number(f64, f64),
    /// Points with one decimal at most.
    Score(f64, f64),
    /// Points or null.
    OptionalScore(f64, f64),
    /// One of some names.
    Choice(&'static [&'static str]),
    /// Text of so many characters.
    Text(usize, usize),
    /// The exchange's name of a symbol.
    Symbol,
    /// Different hours 0–23.
    Hours,
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch => f.write_str("true or false"),
            Self::Integer(low, high) => write!(f, "an integer between {low} and {high}"),
            Self::OptionalInteger(low, high) => write!(f, "null or an integer between {low} and {high}"),
            Self::Number(low, high) => write!(f, "a number between {low} and {high}"),
            Self::Score(low, high) => write!(f, "between {low} and {high}, with one decimal at most"),
            Self::OptionalScore(low, high) => {
                write!(f, "null or between {low} and {high}, with one decimal at most")
            }
            Self::Choice(names) => write!(f, "one of {}", names.join(", ")),
            Self::Text(low, high) => write!(f, "text of {low} to {high} characters"),
            Self::Symbol => f.write_str("the exchange's name of a symbol, upper case, such as BTCUSDT"),
            Self::Hours => f.write_str("a list of different UTC hours between 0 and 23"),
        }
    }
}

impl Bounds {
    /// True when `value` is of the kind and in the range.
    fn admit(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Switch, Value::Bool(_)) | (Self::OptionalInteger(..) | Self::OptionalScore(..), Value::Null) => true,
            (Self::Integer(low, high) | Self::OptionalInteger(low, high), Value::Integer(value)) => {
                (low..=high).contains(value)
            }
            (Self::Number(low, high), Value::Number(value)) => (low..=high).contains(value),
            (Self::Score(low, high) | Self::OptionalScore(low, high), Value::Number(value)) => {
                (low..=high).contains(value) && f64::from(tenths(*value)) / 10.0 == *value
            }
            (Self::Choice(names), Value::Text(value)) => names.contains(&value.as_str()),
            (Self::Text(low, high), Value::Text(value)) => (low..=high).contains(&value.chars().count()),
            (Self::Symbol, Value::Text(value)) => {
                (1..=40).contains(&value.chars().count())
                    && value.chars().all(|c| (c.is_alphanumeric() && !c.is_lowercase()) || c == '_')
            }
            (Self::Hours, Value::Integers(hours)) => {
                hours.iter().all(|hour| (0..24).contains(hour)) && hour_bits(hours).count_ones() as usize == hours.len()
            }
            _ => false,
        }
    }
}

/// One parameter.
pub struct Field {
    /// Name, as in the specification and in every language.
    pub name: &'static str,
    /// What it may be.
    pub bounds: Bounds,
    read: fn(&StrategyConfig) -> Value,
    write: fn(&mut StrategyConfig, Value),
}

impl Field {
    /// The field of that name; an error names the nearest one.
    pub fn named(name: &str) -> Result<&'static Self> {
        FIELDS.iter().find(|field| field.name == name).ok_or_else(|| {
            let near = nearest(name, FIELDS.iter().map(|field| field.name)).unwrap_or_default();
            CoreError::config(format!("{name}: no such parameter; the nearest is {near}"))
        })
    }

    /// The value in `config`.
    pub fn get(&self, config: &StrategyConfig) -> Value {
        (self.read)(config)
    }

    /// Puts `value` into `config`, if its bounds admit it. Integers serve as numbers.
    pub fn set(&self, config: &mut StrategyConfig, value: Value) -> Result<()> {
        let value = match (self.bounds, value) {
            (Bounds::Number(..) | Bounds::Score(..) | Bounds::OptionalScore(..), Value::Integer(whole)) => {
                Value::Number(whole as f64)
            }
            (_, value) => value,
        };
        self.check(&value)?;
        (self.write)(config, value);
        Ok(())
    }

    fn check(&self, value: &Value) -> Result<()> {
        if self.bounds.admit(value) {
            return Ok(());
        }
        Err(CoreError::config(format!("{} = {value}: must be {}", self.name, self.bounds)))
    }

    /// Fails when the value in `config` is out of bounds.
    pub(super) fn check_in(&self, config: &StrategyConfig) -> Result<()> {
        self.check(&self.get(config))
    }
}

/// Points to tenths; exact for values with one decimal.
fn tenths(points: f64) -> i32 {
    (points * 10.0).round() as i32
}

fn hour_bits(hours: &[i64]) -> u32 {
    hours.iter().fold(0, |bits, hour| bits | 1 << (hour & 31))
}

/// Bit h of `bits` as a sorted list of hours.
fn hours_of(bits: u32) -> Vec<i64> {
    (0..32).filter(|hour| bits >> hour & 1 == 1).collect()
}

/// `write` runs after the bounds were checked, so a value of another kind cannot occur and changes nothing.
macro_rules! field {
    ($name:ident, switch) => {
        field!($name, Bounds::Switch, |c| Value::Bool(c.$name), |c, v| if let Value::Bool(v) = v {
            c.$name = v;
        })
    };
    ($name:ident, integer $low:literal..=$high:literal) => {
        field!($name, Bounds::Integer($low, $high), |c| Value::Integer(i64::from(c.$name)), |c, v| {
            if let Value::Integer(v) = v {
                c.$name = v as u32;
            }
        })
    };
    ($name:ident, number $low:literal..=$high:literal) => {
        field!($name, Bounds::Number($low, $high), |c| Value::Number(c.$name), |c, v| if let Value::Number(v) = v {
            c.$name = v;
        })
    };
    ($name:ident, score $low:literal..=$high:literal) => {
        field!($name, Bounds::Score($low, $high), |c| Value::Number(f64::from(c.$name) / 10.0), |c, v| {
            if let Value::Number(v) = v {
                c.$name = tenths(v);
            }
        })
    };
    ($name:ident, choice $type:ident) => {
        field!($name, Bounds::Choice($type::NAMES), |c| Value::Text(c.$name.name().to_owned()), |c, v| {
            if let Value::Text(v) = v {
                c.$name = $type::parse(&v).unwrap_or(c.$name);
            }
        })
    };
    ($name:ident, window $low:literal..=$high:literal) => {
        field!(
            $name,
            Bounds::Choice(WINDOW_NAMES.as_slice().split_at($high).0.split_at($low).1),
            |c| Value::Text(c.$name.name().to_owned()),
            |c, v| if let Value::Text(v) = v {
                c.$name = Window::parse(&v).unwrap_or(c.$name);
            }
        )
    };
    ($name:ident, $bounds:expr, $read:expr, $write:expr) => {
        Field { name: stringify!($name), bounds: $bounds, read: $read, write: $write }
    };
}

/// All parameters.
pub const FIELDS: &[Field] = &[
    field!(display_name, Bounds::Text(1, 50), |c| Value::Text(c.display_name.clone()), |c, v| {
        if let Value::Text(v) = v {
            c.display_name = v;
        }
    }),
    field!(symbol, Bounds::Symbol, |c| Value::Text(c.symbol.clone()), |c, v| {
        if let Value::Text(v) = v {
            c.symbol = v;
        }
    }),
    field!(track, choice Track),
    field!(direction, choice DirectionFilter),
    field!(model, choice Model),
    field!(profile, choice Profile),
    field!(accel_independent, switch),
    field!(cvd_fast_window, window 0..=3),
    field!(cvd_slow_window, window 2..=5),
    field!(weight_direction, integer 10..=80),
    field!(weight_env, integer 5..=60),
    field!(weight_aux, integer 0..=40),
    field!(weight_momentum, integer 0..=20),
    field!(entry_score, score 60.0..=95.0),
    field!(flip_threshold, score 60.0..=95.0),
    field!(
        heavy_from,
        Bounds::OptionalScore(60.0, 100.0),
        |c| c.heavy_from.map_or(Value::Null, |tenths| Value::Number(f64::from(tenths) / 10.0)),
        |c, v| c.heavy_from = if let Value::Number(v) = v { Some(tenths(v)) } else { None }
    ),
    field!(gate_vol_enabled, switch),
    field!(vol_atr_pct_min, number 0.0001..=0.02),
    field!(gate_cvd_enabled, switch),
    field!(gate_whale_enabled, switch),
    field!(whale_usd_threshold, number 1_000.0..=1_000_000.0),
    field!(whale_flow_pct, number 0.0..=1.0),
    field!(gate_obi_enabled, switch),
    field!(obi_threshold, number 0.1..=0.9),
    field!(gate_spot_perp_enabled, switch),
    field!(spot_perp_threshold, number 0.0005..=0.01),
    field!(gate_spot_cvd_enabled, switch),
    field!(on_missing, choice OnMissing),
    field!(sl_atr_multiplier, number 0.5..=3.0),
    field!(tp1_ratio, number 0.3..=2.0),
    field!(tp2_ratio, number 0.5..=4.0),
    field!(be_buffer_atr, number 0.0..=1.0),
    field!(timeout_minutes, integer 30..=1440),
    field!(trailing, switch),
    field!(cooldown_minutes, integer 0..=1440),
    field!(initial_balance, number 1_000.0..=1_000_000.0),
    field!(risk_per_trade, number 0.0001..=0.5),
    field!(rule_adaptive_cooldown, switch),
    field!(rule_hour_filter, switch),
    field!(rule_funding_bias, switch),
    field!(rule_dual_atr, switch),
    field!(blackout_hours, Bounds::Hours, |c| Value::Integers(hours_of(c.blackout_hours)), |c, v| {
        if let Value::Integers(v) = v {
            c.blackout_hours = hour_bits(&v);
        }
    }),
    field!(symbol_disabled, switch),
    field!(
        hourly_entry_cap,
        Bounds::OptionalInteger(1, 60),
        |c| c.hourly_entry_cap.map_or(Value::Null, |cap| Value::Integer(i64::from(cap))),
        |c, v| c.hourly_entry_cap = if let Value::Integer(v) = v { Some(v as u32) } else { None }
    ),
    field!(rule_cascade, switch),
];

/// The candidate with the least edit distance to `name`, the first one among equals.
pub(super) fn nearest<S: AsRef<str>>(name: &str, candidates: impl IntoIterator<Item = S>) -> Option<S> {
    candidates.into_iter().min_by_key(|candidate| edit_distance(name, candidate.as_ref()))
}

/// Levenshtein distance in characters.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every parameter away from its default; no `..`, so that a new field must be added here.
    fn unlike_the_default() -> StrategyConfig {
        StrategyConfig {
            display_name: "other".to_owned(),
            symbol: "ETHUSDC".to_owned(),
            track: Track::Alt,
            direction: DirectionFilter::ShortOnly,
            model: Model::Layers,
            profile: Profile::V528Signals,
            accel_independent: true,
            cvd_fast_window: Window::M5,
            cvd_slow_window: Window::H1,
            weight_direction: 54,
            weight_env: 24,
            weight_aux: 16,
            weight_momentum: 6,
            entry_score: 655,
            flip_threshold: 901,
            heavy_from: Some(913),
            gate_vol_enabled: false,
            vol_atr_pct_min: 0.0077,
            gate_cvd_enabled: false,
            gate_whale_enabled: false,
            whale_usd_threshold: 1_234.5,
            whale_flow_pct: 0.25,
            gate_obi_enabled: false,
            obi_threshold: 0.77,
            gate_spot_perp_enabled: true,
            spot_perp_threshold: 0.0099,
            gate_spot_cvd_enabled: true,
            on_missing: OnMissing::Pass,
            sl_atr_multiplier: 2.5,
            tp1_ratio: 1.1,
            tp2_ratio: 2.2,
            be_buffer_atr: 0.3,
            timeout_minutes: 61,
            trailing: true,
            cooldown_minutes: 11,
            initial_balance: 5_000.0,
            risk_per_trade: 0.01,
            rule_adaptive_cooldown: true,
            rule_hour_filter: true,
            rule_funding_bias: true,
            rule_dual_atr: true,
            blackout_hours: 0b1000_0000_0000_0000_0000_0011,
            symbol_disabled: true,
            hourly_entry_cap: Some(3),
            rule_cascade: true,
        }
    }

    #[test]
    fn the_list_carries_every_parameter() {
        let source = unlike_the_default();
        let mut copy = StrategyConfig::default();
        for field in FIELDS {
            assert_ne!(field.get(&source), field.get(&copy), "{}", field.name);
            field.set(&mut copy, field.get(&source)).unwrap();
        }
        assert_eq!(copy, source);
    }

    #[test]
    fn refusals_name_field_value_and_bound() {
        let mut config = StrategyConfig::default();
        let mut refusal = |name: &str, value: Value| {
            Field::named(name).and_then(|field| field.set(&mut config, value)).unwrap_err().to_string()
        };
        assert_eq!(
            refusal("entry_score", Value::Number(59.9)),
            "entry_score = 59.9: must be between 60 and 95, with one decimal at most"
        );
        assert_eq!(
            refusal("entry_score", Value::Number(75.25)),
            "entry_score = 75.25: must be between 60 and 95, with one decimal at most"
        );
        assert_eq!(
            refusal("tp1_ratio", Value::Number(f64::NAN)),
            "tp1_ratio = NaN: must be a number between 0.3 and 2"
        );
        assert_eq!(
            refusal("cvd_fast_window", Value::Text("1h".into())),
            "cvd_fast_window = \"1h\": must be one of 5m, 15m, 30m"
        );
        assert_eq!(
            refusal("cvd_slow_window", Value::Text("15m".into())),
            "cvd_slow_window = \"15m\": must be one of 30m, 1h, 4h"
        );
        assert_eq!(refusal("weight_env", Value::Bool(true)), "weight_env = true: must be an integer between 5 and 60");
        assert_eq!(
            refusal("blackout_hours", Value::Integers(vec![3, 3])),
            "blackout_hours = [3, 3]: must be a list of different UTC hours between 0 and 23"
        );
        assert_eq!(
            refusal("symbol", Value::Text("btcusdt".into())),
            "symbol = \"btcusdt\": must be the exchange's name of a symbol, upper case, such as BTCUSDT"
        );
        assert_eq!(refusal("entri_score", Value::Null), "entri_score: no such parameter; the nearest is entry_score");
        assert_eq!(config, StrategyConfig::default());
    }

    #[test]
    fn every_tenth_of_a_score_survives() {
        let field = Field::named("entry_score").unwrap();
        let mut config = StrategyConfig::default();
        for expected in 600..=950 {
            let points: f64 = format!("{}.{}", expected / 10, expected % 10).parse().unwrap();
            field.set(&mut config, Value::Number(points)).unwrap();
            assert_eq!(config.entry_score, expected);
            assert_eq!(field.get(&config), Value::Number(points));
        }
        field.set(&mut config, Value::Integer(80)).unwrap();
        assert_eq!(config.entry_score, 800);
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(nearest("v5", ["v53", "v50", "v52_8signals"]), Some("v53"));
    }
}
