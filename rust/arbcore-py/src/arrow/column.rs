//! One column from Python, whatever library it comes from.

use std::ops::Deref;

use arbcore_core::CoreError;
use pyo3::buffer::{Element, ElementType, PyBuffer, PyUntypedBuffer};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use super::import::{ArrowColumn, Imported, Value};
use crate::errors::{OrRaise, Raised};

/// A column: an Arrow producer's (polars, pyarrow), a buffer's (NumPy, `array.array`, `memoryview`), or a list's.
pub enum Column {
    /// Of an Arrow producer.
    Arrow(Box<ArrowColumn>),
    /// A buffer of 64-bit integers.
    Ints(PyBuffer<i64>),
    /// A buffer of 64-bit floats.
    Floats(PyBuffer<f64>),
    /// A buffer of narrower integers, widened.
    NarrowInts(Vec<i64>),
    /// A buffer of booleans.
    Bools(Vec<bool>),
    /// A list, or a buffer of something else.
    Copied(Vec<Owned>),
}

/// A value that had to be copied out of Python.
#[derive(Debug, Clone, PartialEq)]
pub enum Owned {
    Null,
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(String),
}

impl Owned {
    fn view(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(value) => Value::Int(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Bool(value) => Value::Bool(*value),
            Self::Text(value) => Value::Text(value),
        }
    }
}

impl Column {
    /// The column that an object is; `name` is for the messages.
    pub fn from_py(name: &str, object: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Some(imported) = Imported::from_py(object)? {
            let mut columns = imported.columns().or_raise()?;
            return match (columns.pop(), columns.is_empty()) {
                (Some(column), true) => Ok(Self::Arrow(Box::new(column))),
                _ => Err(Raised(CoreError::input(format!(
                    "column {name}: a frame of several columns where one column was expected"
                )))
                .into()),
            };
        }
        if let Ok(buffer) = PyUntypedBuffer::get(object)
            && let Some(column) = Self::from_buffer(name, buffer, object.py())?
        {
            return Ok(column);
        }
        // Text, floats of 32 bits and objects of NumPy all have an exact list form.
        let list = match object.getattr("tolist") {
            Ok(method) => method.call0()?,
            Err(_) => object.clone(),
        };
        if list.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err(format!("column {name}: a string where a column was expected")));
        }
        let mut values = Vec::with_capacity(list.len().unwrap_or(0));
        for (row, item) in list.try_iter()?.enumerate() {
            values.push(owned(&item?).map_err(|kind| {
                PyTypeError::new_err(format!("column {name}, row {row}: a {kind} where a number or text was expected"))
            })?);
        }
        Ok(Self::Copied(values))
    }

    fn from_buffer(name: &str, buffer: PyUntypedBuffer, py: Python<'_>) -> PyResult<Option<Self>> {
        if buffer.dimensions() != 1 {
            return Err(Raised(CoreError::input(format!(
                "column {name}: {} dimensions, must be one",
                buffer.dimensions()
            )))
            .into());
        }
        match ElementType::from_format(buffer.format()) {
            ElementType::SignedInteger { bytes: 8 } => Ok(Some(Self::Ints(buffer.into_typed()?))),
            ElementType::Float { bytes: 8 } => Ok(Some(Self::Floats(buffer.into_typed()?))),
            ElementType::SignedInteger { bytes: 4 } => widen::<i32>(buffer, py),
            ElementType::SignedInteger { bytes: 2 } => widen::<i16>(buffer, py),
            ElementType::SignedInteger { bytes: 1 } => widen::<i8>(buffer, py),
            ElementType::UnsignedInteger { bytes: 4 } => widen::<u32>(buffer, py),
            ElementType::UnsignedInteger { bytes: 2 } => widen::<u16>(buffer, py),
            ElementType::UnsignedInteger { bytes: 1 } => widen::<u8>(buffer, py),
            ElementType::Bool if buffer.is_c_contiguous() => {
                let bytes: *const u8 = buffer.buf_ptr().cast_const().cast();
                // SAFETY: the buffer is held, contiguous and of one-byte booleans; read as bytes, copied at once.
                let bytes = unsafe { std::slice::from_raw_parts(bytes, buffer.item_count()) };
                Ok(Some(Self::Bools(bytes.iter().map(|&byte| byte != 0).collect())))
            }
            _ => Ok(None),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Arrow(column) => column.len(),
            Self::Ints(buffer) => buffer.item_count(),
            Self::Floats(buffer) => buffer.item_count(),
            Self::NarrowInts(values) => values.len(),
            Self::Bools(values) => values.len(),
            Self::Copied(values) => values.len(),
        }
    }

    /// How many of its unit make a second, for a column of timestamps.
    pub fn per_second(&self) -> Option<i64> {
        match self {
            Self::Arrow(column) => column.per_second,
            _ => None,
        }
    }

    /// As integers, not copied where they lie together as 64-bit integers without nulls.
    pub fn into_i64(self, name: &str, py: Python<'_>) -> PyResult<IntSlice> {
        let held = match self {
            Self::Ints(buffer) if buffer.is_c_contiguous() => Held::Buffer(buffer),
            Self::Arrow(column) if column.as_i64().is_some() => Held::Arrow(column, ArrowColumn::as_i64),
            other => {
                let mut values = Vec::with_capacity(other.len());
                other.for_each(py, |row, value| match whole(&value) {
                    Some(value) => {
                        values.push(value);
                        Ok(())
                    }
                    None => Err(unexpected(name, row, &value, "an integer")),
                })?;
                Held::Own(values)
            }
        };
        Ok(Slice { held })
    }

    /// Calls `take` with every row and its value.
    pub fn for_each<E: From<PyErr>>(
        &self,
        py: Python<'_>,
        mut take: impl FnMut(usize, Value<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        fn in_order<'a, T, E>(
            values: impl IntoIterator<Item = T>,
            kind: fn(T) -> Value<'a>,
            mut take: impl FnMut(usize, Value<'a>) -> Result<(), E>,
        ) -> Result<(), E> {
            values.into_iter().enumerate().try_for_each(|(row, value)| take(row, kind(value)))
        }
        match self {
            Self::Arrow(column) => column.for_each(take),
            // One copy, made while no other Python thread can write.
            Self::Ints(buffer) => in_order(buffer.to_vec(py)?, Value::Int, take),
            Self::Floats(buffer) => in_order(buffer.to_vec(py)?, Value::Float, take),
            Self::NarrowInts(values) => in_order(values.iter().copied(), Value::Int, take),
            Self::Bools(values) => in_order(values.iter().copied(), Value::Bool, take),
            Self::Copied(values) => values.iter().enumerate().try_for_each(|(row, value)| take(row, value.view())),
        }
    }
}

/// Integers of fewer bits, as 64-bit ones.
fn widen<T: Element + Into<i64>>(buffer: PyUntypedBuffer, py: Python<'_>) -> PyResult<Option<Column>> {
    let values = buffer.into_typed::<T>()?.to_vec(py)?;
    Ok(Some(Column::NarrowInts(values.into_iter().map(Into::into).collect())))
}

/// A Python scalar, or the name of its type.
fn owned(item: &Bound<'_, PyAny>) -> Result<Owned, String> {
    let kind = || item.get_type().name().map_or_else(|_| "value".to_owned(), |name| name.to_string());
    if item.is_none() {
        Ok(Owned::Null)
    } else if item.is_instance_of::<PyBool>() {
        item.extract().map(Owned::Bool).map_err(|_| kind())
    } else if item.is_instance_of::<PyInt>() {
        item.extract().map(Owned::Int).map_err(|_| "integer beyond 64 bits".to_owned())
    } else if item.is_instance_of::<PyFloat>() {
        item.extract().map(Owned::Float).map_err(|_| kind())
    } else if item.is_instance_of::<PyString>() {
        item.extract().map(Owned::Text).map_err(|_| kind())
    } else if kind() == "Decimal" {
        // Plain notation, never an exponent.
        let text = item.call_method1("__format__", ("f",)).and_then(|text| text.extract());
        text.map(Owned::Text).map_err(|_| kind())
    } else {
        Err(kind())
    }
}

/// Values that lie in memory of their producer, or of ours where they had to be converted.
pub struct Slice<T: Element> {
    held: Held<T>,
}

enum Held<T: Element> {
    Own(Vec<T>),
    Buffer(PyBuffer<T>),
    Arrow(Box<ArrowColumn>, fn(&ArrowColumn) -> Option<&[T]>),
}

/// 64-bit integers of a column.
pub type IntSlice = Slice<i64>;
/// 64-bit floats of a column.
#[allow(dead_code, reason = "each binding takes those it needs")]
pub type FloatSlice = Slice<f64>;

impl<T: Element> Deref for Slice<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.held {
            Held::Own(values) => values,
            Held::Arrow(column, get) => get(column).unwrap_or_default(),
            Held::Buffer(buffer) => match buffer.as_slice_ptr() {
                // SAFETY: the buffer is held, so its memory stays. The bindings' documentation tells callers not to
                // write to arrays while a call that takes them runs, as NumPy's own kernels do.
                Some(pointer) => unsafe { pointer.as_ref() },
                None => &[],
            },
        }
    }
}

/// A column as integers, not copied where they lie together as 64-bit integers without nulls.
#[allow(dead_code, reason = "each binding takes those it needs")]
pub fn column_i64(name: &str, object: &Bound<'_, PyAny>) -> PyResult<IntSlice> {
    Column::from_py(name, object)?.into_i64(name, object.py())
}

/// The integer that a value is, also where a library without nullable integers made a float of it.
fn whole(value: &Value<'_>) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match *value {
        Value::Int(value) => Some(value),
        Value::Float(value) if value.fract() == 0.0 && value.abs() < EXACT => Some(value as i64),
        Value::Text(text) => text.parse().ok(),
        Value::Decimal(value, 0) => i64::try_from(value).ok(),
        _ => None,
    }
}

/// A column as floats, not copied where they lie together as 64-bit floats without nulls.
#[allow(dead_code, reason = "each binding takes those it needs")]
pub fn column_f64(name: &str, object: &Bound<'_, PyAny>) -> PyResult<FloatSlice> {
    let py = object.py();
    let held = match Column::from_py(name, object)? {
        Column::Floats(buffer) if buffer.is_c_contiguous() => Held::Buffer(buffer),
        Column::Arrow(column) if column.as_f64().is_some() => Held::Arrow(column, ArrowColumn::as_f64),
        other => {
            let mut values = Vec::with_capacity(other.len());
            other.for_each(py, |row, value| {
                values.push(match value {
                    Value::Float(value) => value,
                    Value::Int(value) => value as f64,
                    Value::Decimal(value, scale @ 0..=18) => {
                        arbcore_core::grid::ratio(value, i128::from(arbcore_core::grid::POW10[scale as usize]))
                    }
                    wrong => return Err(unexpected(name, row, &wrong, "a number")),
                });
                Ok(())
            })?;
            Held::Own(values)
        }
    };
    Ok(Slice { held })
}

/// A column as booleans; 0 and 1 count as such.
#[allow(dead_code, reason = "each binding takes those it needs")]
pub fn column_bool(name: &str, object: &Bound<'_, PyAny>) -> PyResult<Vec<bool>> {
    let column = Column::from_py(name, object)?;
    let mut values = Vec::with_capacity(column.len());
    column.for_each(object.py(), |row, value| {
        values.push(match value {
            Value::Bool(value) => value,
            Value::Int(value @ 0..=1) => value == 1,
            wrong => return Err(unexpected(name, row, &wrong, "true or false")),
        });
        Ok(())
    })?;
    Ok(values)
}

/// A column as texts.
#[allow(dead_code, reason = "each binding takes those it needs")]
pub fn column_text(name: &str, object: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let column = Column::from_py(name, object)?;
    let mut values = Vec::with_capacity(column.len());
    column.for_each(object.py(), |row, value| match value {
        Value::Text(value) => {
            values.push(value.to_owned());
            Ok(())
        }
        wrong => Err(unexpected(name, row, &wrong, "text")),
    })?;
    Ok(values)
}

/// The error for a value of the wrong kind.
pub fn unexpected(name: &str, row: usize, value: &Value<'_>, expected: &str) -> PyErr {
    let found = match value {
        Value::Null => "null".to_owned(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Text(value) => format!("{value:?}"),
        Value::Decimal(value, scale) => format!("{value}e-{scale}"),
    };
    Raised(CoreError::input(format!("column {name}, row {row}: {found} where {expected} was expected"))).into()
}
