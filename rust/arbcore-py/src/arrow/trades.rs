//! Frames of trades, of whatever make, onto an integer grid.

use arbcore_core::CoreError;
use arbcore_core::batch::TradeBatch;
use arbcore_core::grid::{Grid, POW10};
use arbcore_core::parse::decimal::{parse_decimal, significant_decimals};
use pyo3::prelude::*;

use super::column::{Column, unexpected};
use super::import::{Imported, Value};
use crate::errors::{OrRaise, Raised};

const IDS: &[&str] = &["agg_id", "agg_trade_id", "id"];
const TIMES: &[&str] = &["time_ms", "transact_time", "time"];
const PRICES: &[&str] = &["price"];
const QUANTITIES: &[&str] = &["qty", "quantity"];
const SIDES: &[&str] = &["is_buyer_maker", "side"];
const FIRST_IDS: &[&str] = &["first_trade_id", "first_id"];
const LAST_IDS: &[&str] = &["last_trade_id", "last_id"];

/// The columns of a frame of trades, found by name.
struct Frame {
    ids: Option<(String, Column)>,
    time: (String, Column),
    price: (String, Column),
    qty: (String, Column),
    side: (String, Column),
    first_last: Option<((String, Column), (String, Column))>,
}

/// Trades of a DataFrame (anything with `__arrow_c_stream__`) or of a mapping of names to columns.
///
/// Prices and quantities may be decimal text, decimals, integers (of whole units) or floats, which stand for the
/// shortest decimal that gives them. Without a grid it is the one with the most significant decimals found. Times
/// may be timestamps, or integers: milliseconds below 10^14, microseconds below 10^17, else nanoseconds. `side` is
/// the taker's (`buy`, `sell`), where there is no `is_buyer_maker`.
pub fn trades_from_frame(object: &Bound<'_, PyAny>, grid: Option<Grid>) -> PyResult<(TradeBatch, Grid)> {
    let py = object.py();
    let frame = Frame::find(object)?;
    let grid = match grid {
        Some(grid) => grid,
        None => frame.grid(py)?,
    };
    let batch = TradeBatch {
        agg_id: frame.ids.map(|column| integers(py, column)).transpose()?,
        time_ms: times(py, frame.time)?,
        price: decimals(py, &frame.price, grid.price_decimals)?,
        qty: decimals(py, &frame.qty, grid.qty_decimals)?,
        is_buyer_maker: sides(py, &frame.side)?,
        first_last_id: match frame.first_last {
            Some((first, last)) => Some((integers(py, first)?, integers(py, last)?)),
            None => None,
        },
    };
    batch.check_lengths().or_raise()?;
    Ok((batch, grid))
}

/// The grid that the prices and quantities of a frame need.
pub fn decimals_of_frame(object: &Bound<'_, PyAny>) -> PyResult<Grid> {
    Frame::find(object)?.grid(object.py())
}

impl Frame {
    fn find(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut columns: Vec<(String, Column)> = Vec::new();
        if let Some(imported) = wanted_only(object)? {
            for column in imported.columns().or_raise()? {
                columns.push((column.name().to_owned(), Column::Arrow(Box::new(column))));
            }
        } else {
            for name in [IDS, TIMES, PRICES, QUANTITIES, SIDES, FIRST_IDS, LAST_IDS].concat() {
                if object.contains(name)? {
                    columns.push((name.to_owned(), Column::from_py(name, &object.get_item(name)?)?));
                }
            }
        }
        let mut find = |names: &[&str]| {
            let at = names.iter().find_map(|name| columns.iter().position(|(known, _)| known == name))?;
            Some(columns.swap_remove(at))
        };
        let ids = find(IDS);
        let (first, last) = (find(FIRST_IDS), find(LAST_IDS));
        let mut need = |names: &[&str]| {
            find(names).ok_or_else(|| -> PyErr {
                Raised(CoreError::input(format!("trades have no column {}", names.join(" or ")))).into()
            })
        };
        Ok(Self {
            ids,
            time: need(TIMES)?,
            price: need(PRICES)?,
            qty: need(QUANTITIES)?,
            side: need(SIDES)?,
            first_last: first.zip(last),
        })
    }

    fn grid(&self, py: Python<'_>) -> PyResult<Grid> {
        Ok(Grid { price_decimals: most_decimals(py, &self.price)?, qty_decimals: most_decimals(py, &self.qty)? })
    }
}

/// The frame's Arrow columns, without those that are no trades': they may have types that are not read here.
fn wanted_only(object: &Bound<'_, PyAny>) -> PyResult<Option<Imported>> {
    let names: Vec<String> = match object.getattr("columns").and_then(|columns| columns.extract()) {
        Ok(names) => names,
        Err(_) => return Imported::from_py(object),
    };
    let known = [IDS, TIMES, PRICES, QUANTITIES, SIDES, FIRST_IDS, LAST_IDS].concat();
    let wanted: Vec<&String> = names.iter().filter(|name| known.contains(&name.as_str())).collect();
    if object.hasattr("__arrow_c_stream__")? && wanted.len() < names.len() {
        // Without such a method, as of a polars frame, the whole is taken.
        if let Ok(selected) = object.call_method1("select", (wanted,)) {
            return Imported::from_py(&selected);
        }
    }
    Imported::from_py(object)
}

fn integers(py: Python<'_>, (name, column): (String, Column)) -> PyResult<Vec<i64>> {
    Ok(column.into_i64(&name, py)?.to_vec())
}

fn times(py: Python<'_>, column: (String, Column)) -> PyResult<Vec<i64>> {
    let per_ms = column.1.per_second().map(|per_second| (per_second / 1_000, per_second));
    let mut values = integers(py, column)?;
    for value in &mut values {
        *value = match per_ms {
            Some((0, _)) => value.saturating_mul(1_000),
            Some((per_ms, _)) => value.div_euclid(per_ms),
            None if *value < POW10[14] => *value,
            None if *value < POW10[17] => *value / 1_000,
            None => *value / 1_000_000,
        };
    }
    Ok(values)
}

fn sides(py: Python<'_>, (name, column): &(String, Column)) -> PyResult<Vec<bool>> {
    let of_taker = name == "side";
    let expected = if of_taker { "buy or sell" } else { "true or false" };
    let mut values = Vec::with_capacity(column.len());
    column.for_each(py, |row, value| {
        let maker = match value {
            Value::Bool(maker) if !of_taker => Some(maker),
            Value::Int(maker @ 0..=1) if !of_taker => Some(maker == 1),
            Value::Text(text) if of_taker => match text {
                "sell" | "SELL" | "Sell" => Some(true),
                "buy" | "BUY" | "Buy" => Some(false),
                _ => None,
            },
            Value::Text("true" | "True" | "TRUE" | "1") => Some(true),
            Value::Text("false" | "False" | "FALSE" | "0") => Some(false),
            _ => None,
        };
        values.push(maker.ok_or_else(|| unexpected(name, row, &value, expected))?);
        Ok::<(), PyErr>(())
    })?;
    Ok(values)
}

fn most_decimals(py: Python<'_>, (name, column): &(String, Column)) -> PyResult<u32> {
    let mut most = 0;
    column.for_each(py, |row, value| {
        most = needed(&value, most).map_err(|reason| refused(name, row, &value, &reason))?;
        Ok::<(), PyErr>(())
    })?;
    Ok(most)
}

fn decimals(py: Python<'_>, (name, column): &(String, Column), decimals: u32) -> PyResult<Vec<i64>> {
    let mut values = Vec::with_capacity(column.len());
    column.for_each(py, |row, value| {
        let units = units(&value, decimals).and_then(|units| match units {
            1.. => Ok(units),
            _ => Err("must be above 0".to_owned()),
        });
        values.push(units.map_err(|reason| refused(name, row, &value, &reason))?);
        Ok::<(), PyErr>(())
    })?;
    Ok(values)
}

fn refused(name: &str, row: usize, value: &Value<'_>, reason: &str) -> PyErr {
    let found = match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Float(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Decimal(value, scale) => format!("{value}e-{scale}"),
        other => return unexpected(name, row, other, "a decimal"),
    };
    Raised(CoreError::input(format!("column {name}, row {row}: {found}: {reason}"))).into()
}

/// The decimals that a value needs, if they are more than `known`.
fn needed(value: &Value<'_>, known: u32) -> std::result::Result<u32, String> {
    if units(value, known).is_ok() {
        return Ok(known);
    }
    let text = plain_text(value)?;
    let decimals = significant_decimals(text.as_bytes()).map_err(|error| error.to_string())?;
    // What fits no grid at all fails here, with its reason.
    units(value, decimals.max(known))?;
    Ok(decimals.max(known))
}

/// The value as an integer number of `10^-decimals`.
fn units(value: &Value<'_>, decimals: u32) -> std::result::Result<i64, String> {
    let power = POW10[decimals as usize];
    match *value {
        Value::Text(text) => parse_decimal(text.as_bytes(), decimals).map_err(|error| error.to_string()),
        Value::Int(value) => value.checked_mul(power).ok_or_else(|| format!("is too large with {decimals} decimals")),
        Value::Float(value) => {
            // At most 15 digits name one float only, so an integer that divides back to it is its shortest decimal.
            let scaled = (value * power as f64).round();
            if scaled.abs() < 1e15 && scaled / power as f64 == value && decimals <= 15 {
                return Ok(scaled as i64);
            }
            parse_decimal(plain_text(&Value::Float(value))?.as_bytes(), decimals).map_err(|error| error.to_string())
        }
        Value::Decimal(mantissa, scale) => rescaled(mantissa, scale, decimals),
        _ => Err("is not a decimal".to_owned()),
    }
}

fn rescaled(mantissa: i128, scale: i32, decimals: u32) -> std::result::Result<i64, String> {
    let too_large = || format!("is too large with {decimals} decimals");
    let off_grid = || format!("is off the grid of {decimals} decimals");
    let ten = |exponent: i32| u32::try_from(exponent).ok().and_then(|exponent| 10_i128.checked_pow(exponent));
    let shift = decimals as i32 - scale;
    // What exchanges publish fits 64 bits, where division is ten times as fast.
    if let (Ok(small), Some(&power)) = (i64::try_from(mantissa), POW10.get(shift.unsigned_abs() as usize)) {
        return match shift {
            0.. => small.checked_mul(power).ok_or_else(too_large),
            _ if small % power == 0 => Ok(small / power),
            _ => Err(off_grid()),
        };
    }
    let value = if shift >= 0 {
        ten(shift).and_then(|factor| mantissa.checked_mul(factor)).ok_or_else(too_large)?
    } else {
        let divisor = ten(-shift).ok_or_else(too_large)?;
        if mantissa % divisor != 0 {
            return Err(off_grid());
        }
        mantissa / divisor
    };
    i64::try_from(value).map_err(|_| too_large())
}

/// The decimal written out; a float's is the shortest that gives it, as Python's `repr`.
fn plain_text(value: &Value<'_>) -> std::result::Result<String, String> {
    match *value {
        Value::Text(text) => Ok(text.to_owned()),
        Value::Int(value) => Ok(value.to_string()),
        Value::Float(value) if value.is_finite() => Ok(value.to_string()),
        Value::Float(_) => Err("is not a finite number".to_owned()),
        Value::Decimal(mantissa, scale) if (0..=38).contains(&scale) => {
            let digits = format!("{:0>width$}", mantissa.unsigned_abs(), width = scale as usize + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
            let sign = if mantissa < 0 { "-" } else { "" };
            Ok(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
        }
        _ => Err("is not a decimal".to_owned()),
    }
}
