//! Strategies between Python's dictionaries and the core.

use arbcore_core::strategy::fields::{Bounds, FIELDS, Field, Value};
use arbcore_core::strategy::{Sources, StrategyConfig, absent_sources, disable_gates_without, highest_total, presets};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::errors::{ConfigError, OrRaise};

/// What a strategy carries in Python besides its parameters: it decides nothing.
const LABELS: [&str; 2] = ["description", "tags"];

/// A field's name, its bounds in words, least and greatest value, and names to choose from.
type FieldBounds = (&'static str, String, Option<f64>, Option<f64>, Vec<&'static str>);

/// Parameters, gates disabled, sources absent, highest reachable total.
type FittedStrategy<'py> = (Bound<'py, PyDict>, Vec<&'static str>, Vec<&'static str>, f64);

/// The strategy that a dictionary describes; what it leaves out has the defaults of its symbol.
pub fn strategy_from_py(values: &Bound<'_, PyDict>) -> PyResult<StrategyConfig> {
    let Some(symbol) = values.get_item("symbol")? else {
        return Err(ConfigError::new_err(format!("symbol: missing; must be {}", Bounds::Symbol)));
    };
    let mut config = StrategyConfig::default();
    set(&mut config, "symbol", &symbol)?;
    config = StrategyConfig::for_symbol(&config.symbol);
    for (name, value) in values {
        let name: String = name.extract()?;
        if !LABELS.contains(&name.as_str()) {
            set(&mut config, &name, &value)?;
        }
    }
    config.validate().or_raise()?;
    Ok(config)
}

/// All parameters of a strategy by name.
pub fn strategy_to_py<'py>(py: Python<'py>, config: &StrategyConfig) -> PyResult<Bound<'py, PyDict>> {
    let values = PyDict::new(py);
    for field in FIELDS {
        match field.get(config) {
            Value::Null => values.set_item(field.name, py.None()),
            Value::Bool(value) => values.set_item(field.name, value),
            Value::Integer(value) => values.set_item(field.name, value),
            Value::Number(value) => values.set_item(field.name, value),
            Value::Text(value) => values.set_item(field.name, value),
            Value::Integers(value) => values.set_item(field.name, PyTuple::new(py, value)?),
        }?;
    }
    Ok(values)
}

fn set(config: &mut StrategyConfig, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let field = Field::named(name).or_raise()?;
    let Some(converted) = value_from_py(value) else {
        let shown = value.repr()?;
        return Err(ConfigError::new_err(format!("{name} = {shown}: must be {}", field.bounds)));
    };
    field.set(config, converted).or_raise()
}

/// `None` for what no parameter can be.
fn value_from_py(value: &Bound<'_, PyAny>) -> Option<Value> {
    // A bool is an int in Python, so it comes first.
    if value.is_none() {
        Some(Value::Null)
    } else if value.is_instance_of::<PyBool>() {
        value.extract().ok().map(Value::Bool)
    } else if value.is_instance_of::<PyInt>() {
        value.extract().ok().map(Value::Integer)
    } else if value.is_instance_of::<PyFloat>() {
        value.extract().ok().map(Value::Number)
    } else if value.is_instance_of::<PyString>() {
        value.extract().ok().map(Value::Text)
    } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        value.extract().ok().map(Value::Integers)
    } else {
        None
    }
}

/// All parameters of a strategy, checked, completed with the defaults of its symbol.
#[pyfunction]
fn check_strategy<'py>(values: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
    strategy_to_py(values.py(), &strategy_from_py(values)?)
}

/// Name, bounds in words, least and greatest value and choices of every parameter.
#[pyfunction]
fn strategy_fields() -> Vec<FieldBounds> {
    FIELDS
        .iter()
        .map(|field| {
            let (least, greatest, names): (Option<f64>, Option<f64>, &[&str]) = match field.bounds {
                Bounds::Integer(low, high) | Bounds::OptionalInteger(low, high) => {
                    (Some(low as f64), Some(high as f64), &[])
                }
                Bounds::Number(low, high) | Bounds::Score(low, high) | Bounds::OptionalScore(low, high) => {
                    (Some(low), Some(high), &[])
                }
                Bounds::Choice(names) => (None, None, names),
                Bounds::Switch | Bounds::Text(..) | Bounds::Symbol | Bounds::Hours => (None, None, &[]),
            };
            (field.name, field.bounds.to_string(), least, greatest, names.to_vec())
        })
        .collect()
}

/// The parameters of a preset.
#[pyfunction]
#[pyo3(signature = (name, symbol=None))]
fn preset<'py>(py: Python<'py>, name: &str, symbol: Option<&str>) -> PyResult<Bound<'py, PyDict>> {
    let any_symbol = presets::ANY_SYMBOL.contains(&name);
    let symbol = match symbol.or_else(|| presets::preset_symbol(name)) {
        None if any_symbol => {
            return Err(ConfigError::new_err(format!(
                "symbol: missing; preset = {name:?} takes any symbol, so one must be named"
            )));
        }
        symbol => symbol.unwrap_or_default(),
    };
    let config = presets::preset(name, symbol).or_raise()?;
    strategy_to_py(py, &config)
}

/// All names that `preset` takes.
#[pyfunction]
fn preset_names() -> Vec<String> {
    presets::preset_names()
}

/// A strategy without the gates whose sources are not given: (parameters, names of the gates disabled, names of
/// absent sources, highest reachable total).
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
fn disable_gates<'py>(values: &Bound<'py, PyDict>, sources: Vec<String>) -> PyResult<FittedStrategy<'py>> {
    let mut config = strategy_from_py(values)?;
    let sources = Sources::from_names(&sources);
    let absent = absent_sources(&config, &sources);
    let disabled = disable_gates_without(&mut config, &sources);
    let highest = f64::from(highest_total(&config, &sources)) / 10.0;
    let fitted = values.copy()?;
    for (name, value) in strategy_to_py(values.py(), &config)? {
        // Parameters that only Python knows (description, tags) stay.
        fitted.set_item(name, value)?;
    }
    Ok((fitted, disabled, absent, highest))
}

/// Adds this module's functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(check_strategy, module)?)?;
    module.add_function(wrap_pyfunction!(disable_gates, module)?)?;
    module.add_function(wrap_pyfunction!(strategy_fields, module)?)?;
    module.add_function(wrap_pyfunction!(preset, module)?)?;
    module.add_function(wrap_pyfunction!(preset_names, module)?)
}
