//! Columns of Arrow producers, read where they lie.

use std::ffi::{CStr, c_char};
use std::sync::Arc;

use arbcore_core::{CoreError, Result};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use super::ffi::{Array, Schema, Stream};

/// A schema and the arrays of it, as a producer handed them over.
pub struct Imported {
    schema: Schema,
    arrays: Vec<Array>,
}

impl Imported {
    /// From an object with `__arrow_c_stream__` or `__arrow_c_array__`; `None` for one without.
    pub fn from_py(object: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if let Ok(method) = object.getattr("__arrow_c_stream__") {
            let capsule = method.call0()?.cast_into::<PyCapsule>()?;
            let pointer = capsule.pointer_checked(Some(c"arrow_array_stream"))?.cast::<Stream>();
            // SAFETY: a capsule of this name holds a valid stream, which its consumer may move out.
            let mut stream = unsafe { Stream::take(pointer.as_ptr()) };
            return Ok(Some(drain(&mut stream).map_err(|error| PyErr::from(crate::errors::Raised(error)))?));
        }
        if let Ok(method) = object.getattr("__arrow_c_array__") {
            let pair = method.call0()?.cast_into::<PyTuple>()?;
            let (schema, array) = (pair.get_item(0)?, pair.get_item(1)?);
            let schema = schema.cast::<PyCapsule>()?.pointer_checked(Some(c"arrow_schema"))?.cast::<Schema>();
            let array = array.cast::<PyCapsule>()?.pointer_checked(Some(c"arrow_array"))?.cast::<Array>();
            // SAFETY: capsules of these names hold valid structs, which their consumer may move out.
            let (schema, array) = unsafe { (Schema::take(schema.as_ptr()), Array::take(array.as_ptr())) };
            return Ok(Some(Self { schema, arrays: vec![array] }));
        }
        Ok(None)
    }

    /// The columns of a frame, or the one column of a series.
    pub fn columns(self) -> Result<Vec<ArrowColumn>> {
        let whole = Arc::new(self);
        // SAFETY: `format` and `children` belong to a valid, unreleased schema.
        let (format, children) = unsafe {
            let schema = &whole.schema;
            (text(schema.format), std::slice::from_raw_parts(non_null(schema.children), schema.n_children as usize))
        };
        if format != "+s" {
            let pieces = whole.arrays.iter().map(|array| Piece::of(array, 0, array.length as usize)).collect();
            return Ok(vec![ArrowColumn::new(&whole, &whole.schema, pieces)?]);
        }
        let mut columns = Vec::with_capacity(children.len());
        for (index, &child) in children.iter().enumerate() {
            let mut pieces = Vec::with_capacity(whole.arrays.len());
            for array in &whole.arrays {
                if array.null_count > 0 {
                    return Err(CoreError::input("a frame whose whole rows are null: drop them first"));
                }
                // SAFETY: an array of a struct schema has one child for each of the schema's.
                let child = unsafe { &**array.children.add(index) };
                pieces.push(Piece::of(child, array.offset as usize, array.length as usize));
            }
            // SAFETY: the child belongs to a valid, unreleased schema.
            columns.push(ArrowColumn::new(&whole, unsafe { &*child }, pieces)?);
        }
        Ok(columns)
    }
}

fn drain(stream: &mut Stream) -> Result<Imported> {
    let (Some(get_schema), Some(get_next)) = (stream.get_schema, stream.get_next) else {
        return Err(CoreError::input("an Arrow stream that is already released"));
    };
    let mut schema = Schema::empty();
    // SAFETY: the stream is valid and ours, the callbacks are its own, and the places to write to are too.
    unsafe {
        if get_schema(stream, &raw mut schema) != 0 {
            return Err(stream_error(stream));
        }
        let mut arrays = Vec::new();
        loop {
            let mut array = Array::empty();
            if get_next(stream, &raw mut array) != 0 {
                return Err(stream_error(stream));
            }
            if array.release.is_none() {
                return Ok(Imported { schema, arrays });
            }
            arrays.push(array);
        }
    }
}

fn stream_error(stream: &mut Stream) -> CoreError {
    // SAFETY: as in `drain`; the text, if any, lives until the next call on the stream.
    let message = unsafe { stream.get_last_error.map(|get| text(get(stream)).to_owned()) };
    CoreError::input(format!("the Arrow stream failed: {}", message.unwrap_or_default()))
}

/// # Safety
/// `pointer` is null, or a NUL-terminated text that outlives `'a`.
unsafe fn text<'a>(pointer: *const c_char) -> &'a str {
    if pointer.is_null() {
        return "";
    }
    // SAFETY: by the caller's promise.
    unsafe { CStr::from_ptr(pointer) }.to_str().unwrap_or_default()
}

/// An empty list may come as a null pointer, which no slice may have.
fn non_null<T>(pointer: *mut T) -> *const T {
    if pointer.is_null() { std::ptr::NonNull::dangling().as_ptr() } else { pointer }
}

/// Rows of one array: its buffers from `offset` on.
#[derive(Clone, Copy)]
struct Piece {
    array: *const Array,
    offset: usize,
    rows: usize,
}

impl Piece {
    fn of(array: &Array, offset: usize, rows: usize) -> Self {
        Self { array, offset: array.offset as usize + offset, rows }
    }

    /// Start of a buffer.
    ///
    /// # Safety
    /// The array is alive, and `T` is what the buffer holds.
    unsafe fn buffer<T>(&self, index: usize) -> *const T {
        // SAFETY: by the caller's promise; `index` is checked against the array's own count.
        unsafe {
            let array = &*self.array;
            if index >= array.n_buffers as usize {
                return std::ptr::null();
            }
            (*array.buffers.add(index)).cast()
        }
    }

    /// The values of this piece.
    ///
    /// # Safety
    /// As for [`Piece::buffer`].
    unsafe fn values<T>(&self, index: usize, extra: usize) -> &[T] {
        // SAFETY: by the caller's promise; the producer owes `offset + rows` values (and one more offset).
        unsafe {
            let start = self.buffer::<T>(index);
            if start.is_null() { &[] } else { std::slice::from_raw_parts(start.add(self.offset), self.rows + extra) }
        }
    }

    /// Whether a row has a value.
    fn is_valid(&self, row: usize) -> bool {
        // SAFETY: buffer 0 of every type read here is its validity, one bit a row, or absent.
        unsafe {
            let bits = self.buffer::<u8>(0);
            bits.is_null() || (*self.array).null_count == 0 || bit(bits, self.offset + row)
        }
    }
}

/// # Safety
/// `bits` has more than `at` bits.
unsafe fn bit(bits: *const u8, at: usize) -> bool {
    // SAFETY: by the caller's promise.
    unsafe { *bits.add(at / 8) >> (at % 8) & 1 == 1 }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Int { bits: u8, signed: bool },
    Float { bits: u8 },
    Bool,
    Text { large: bool },
    TextView,
    Decimal { scale: i32 },
}

/// One column, alive as long as this is.
pub struct ArrowColumn {
    _whole: Arc<Imported>,
    name: String,
    kind: Kind,
    /// For timestamps: how many of its unit make a second.
    pub per_second: Option<i64>,
    pieces: Vec<Piece>,
    /// Distinct texts of each piece, where the rows are codes into them.
    dictionary: Option<Vec<Vec<Option<String>>>>,
}

// SAFETY: pieces point into `_whole`, which may be read on any thread and lives as long.
unsafe impl Send for ArrowColumn {}
// SAFETY: as above.
unsafe impl Sync for ArrowColumn {}

/// One value of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Null,
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(&'a str),
    /// `mantissa × 10^-scale`.
    Decimal(i128, i32),
}

impl ArrowColumn {
    fn new(whole: &Arc<Imported>, schema: &Schema, pieces: Vec<Piece>) -> Result<Self> {
        // SAFETY: the schema is valid and unreleased.
        let (name, format) = unsafe { (text(schema.name).to_owned(), text(schema.format)) };
        let mut per_second = None;
        let kind = match format {
            "c" => Kind::Int { bits: 8, signed: true },
            "C" => Kind::Int { bits: 8, signed: false },
            "s" => Kind::Int { bits: 16, signed: true },
            "S" => Kind::Int { bits: 16, signed: false },
            "i" => Kind::Int { bits: 32, signed: true },
            "I" => Kind::Int { bits: 32, signed: false },
            "l" => Kind::Int { bits: 64, signed: true },
            "L" => Kind::Int { bits: 64, signed: false },
            "f" => Kind::Float { bits: 32 },
            "g" => Kind::Float { bits: 64 },
            "b" => Kind::Bool,
            "u" => Kind::Text { large: false },
            "U" => Kind::Text { large: true },
            "vu" => Kind::TextView,
            other => {
                let unit = other.strip_prefix("ts").and_then(|rest| rest.chars().next());
                let decimal = other.strip_prefix("d:").map(|rest| rest.split(',').collect::<Vec<_>>());
                match (unit, decimal.as_deref()) {
                    (Some(unit), _) => {
                        per_second = Some(match unit {
                            's' => 1,
                            'm' => 1_000,
                            'u' => 1_000_000,
                            _ => 1_000_000_000,
                        });
                        Kind::Int { bits: 64, signed: true }
                    }
                    (None, Some([_, scale] | [_, scale, "128"])) => {
                        let scale = scale.parse().map_err(|_| unreadable(&name, other))?;
                        Kind::Decimal { scale }
                    }
                    _ => return Err(unreadable(&name, other)),
                }
            }
        };
        let dictionary = if schema.dictionary.is_null() {
            None
        } else {
            // SAFETY: it belongs to a valid, unreleased schema.
            let format = unsafe { text((*schema.dictionary).format) };
            if !matches!(format, "u" | "U" | "vu") {
                return Err(unreadable(&name, format));
            }
            // SAFETY: an array of a dictionary schema has a dictionary, of the type that `format` names.
            Some(pieces.iter().map(|piece| unsafe { distinct_texts(&*(*piece.array).dictionary, format) }).collect())
        };
        Ok(Self { _whole: Arc::clone(whole), name, kind, per_second, pieces, dictionary })
    }

    /// Its name; empty for a nameless series.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.pieces.iter().map(|piece| piece.rows).sum()
    }

    /// Its values as one piece of memory, if they are `i64` without nulls and lie so.
    pub fn as_i64(&self) -> Option<&[i64]> {
        let plain = self.kind == Kind::Int { bits: 64, signed: true };
        // SAFETY: the kind says what buffer 1 holds.
        self.contiguous(plain).map(|piece| unsafe { piece.values(1, 0) })
    }

    /// Its values as one piece of memory, if they are `f64` without nulls and lie so.
    pub fn as_f64(&self) -> Option<&[f64]> {
        let plain = self.kind == Kind::Float { bits: 64 };
        // SAFETY: the kind says what buffer 1 holds.
        self.contiguous(plain).map(|piece| unsafe { piece.values(1, 0) })
    }

    fn contiguous(&self, plain: bool) -> Option<&Piece> {
        match self.pieces.as_slice() {
            [piece] if plain && self.dictionary.is_none() && (0..piece.rows).all(|row| piece.is_valid(row)) => {
                Some(piece)
            }
            _ => None,
        }
    }

    /// Calls `take` with every row and its value.
    pub fn for_each<E>(
        &self,
        mut take: impl FnMut(usize, Value<'_>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let mut before = 0;
        for (index, piece) in self.pieces.iter().enumerate() {
            // SAFETY: each arm reads buffer 1 as what the kind says it holds.
            unsafe {
                match self.kind {
                    Kind::Int { bits, signed } => {
                        macro_rules! ints {
                            ($kind:ty) => {{
                                let values: &[$kind] = piece.values(1, 0);
                                self.each(index, before, |row| int_value(i128::from(values[row])), &mut take)?;
                            }};
                        }
                        match (bits, signed) {
                            (8, true) => ints!(i8),
                            (8, false) => ints!(u8),
                            (16, true) => ints!(i16),
                            (16, false) => ints!(u16),
                            (32, true) => ints!(i32),
                            (32, false) => ints!(u32),
                            (_, true) => ints!(i64),
                            (_, false) => ints!(u64),
                        }
                    }
                    Kind::Float { bits: 32 } => {
                        let values: &[f32] = piece.values(1, 0);
                        // Through its own shortest text: 0.1_f32 is meant as 0.1.
                        let widen = |row: usize| Value::Float(values[row].to_string().parse().unwrap_or(f64::NAN));
                        self.each(index, before, widen, &mut take)?;
                    }
                    Kind::Float { .. } => {
                        let values: &[f64] = piece.values(1, 0);
                        self.each(index, before, |row| Value::Float(values[row]), &mut take)?;
                    }
                    Kind::Bool => {
                        let bits = piece.buffer::<u8>(1);
                        self.each(index, before, |row| Value::Bool(bit(bits, piece.offset + row)), &mut take)?;
                    }
                    Kind::Text { large: true } => {
                        let ends = piece.values::<i64>(1, 1);
                        self.each(index, before, |row| large_text(piece, ends, row), &mut take)?;
                    }
                    Kind::Text { large: false } => {
                        let ends = piece.values::<i32>(1, 1);
                        self.each(index, before, |row| small_text(piece, ends, row), &mut take)?;
                    }
                    Kind::TextView => {
                        let views = piece.values::<[u32; 4]>(1, 0);
                        self.each(index, before, |row| view_text(piece, &views[row]), &mut take)?;
                    }
                    Kind::Decimal { scale } => {
                        // Arrow promises only 8 bytes of alignment, i128 wants 16.
                        let values: &[[u64; 2]] = piece.values(1, 0);
                        let get = |row: usize| {
                            let [low, high] = values[row];
                            Value::Decimal((u128::from(high) << 64 | u128::from(low)) as i128, scale)
                        };
                        self.each(index, before, get, &mut take)?;
                    }
                }
            }
            before += piece.rows;
        }
        Ok(())
    }

    fn each<'a, E>(
        &'a self,
        index: usize,
        before: usize,
        get: impl Fn(usize) -> Value<'a>,
        take: &mut impl FnMut(usize, Value<'_>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let piece = &self.pieces[index];
        let Some(dictionary) = &self.dictionary else {
            for row in 0..piece.rows {
                take(before + row, if piece.is_valid(row) { get(row) } else { Value::Null })?;
            }
            return Ok(());
        };
        for row in 0..piece.rows {
            let code = match get(row) {
                Value::Int(code) if piece.is_valid(row) => usize::try_from(code).ok(),
                _ => None,
            };
            let text = code.and_then(|code| dictionary[index].get(code)?.as_deref());
            take(before + row, text.map_or(Value::Null, Value::Text))?;
        }
        Ok(())
    }
}

fn unreadable(name: &str, format: &str) -> CoreError {
    CoreError::input(format!(
        "column {name}: Arrow type {format:?} is not readable here: cast it to integers, floats, decimals, text or booleans"
    ))
}

fn int_value<'a>(value: i128) -> Value<'a> {
    // Beyond i64 only u64 goes; the decimal keeps it exact for the message that refuses it.
    i64::try_from(value).map_or(Value::Decimal(value, 0), Value::Int)
}

/// # Safety
/// `bytes` holds `end - start` bytes from `start` on, alive for `'a`.
unsafe fn text_value<'a>(bytes: *const u8, start: usize, end: usize) -> Value<'a> {
    if start >= end || bytes.is_null() {
        return Value::Text("");
    }
    // SAFETY: by the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts(bytes.add(start), end - start) };
    std::str::from_utf8(bytes).map_or(Value::Null, Value::Text)
}

/// # Safety
/// `piece` is alive and of type `U`; `ends` are its offsets.
unsafe fn large_text<'a>(piece: &'a Piece, ends: &[i64], row: usize) -> Value<'a> {
    // SAFETY: by the caller's promise.
    unsafe { text_value(piece.buffer(2), ends[row] as usize, ends[row + 1] as usize) }
}

/// # Safety
/// `piece` is alive and of type `u`; `ends` are its offsets.
unsafe fn small_text<'a>(piece: &'a Piece, ends: &[i32], row: usize) -> Value<'a> {
    // SAFETY: by the caller's promise.
    unsafe { text_value(piece.buffer(2), ends[row] as usize, ends[row + 1] as usize) }
}

/// # Safety
/// `piece` is alive and of type `vu`; `view` is one of its views: 12 bytes in place, or a buffer's number and offset.
unsafe fn view_text<'a>(piece: &'a Piece, view: &'a [u32; 4]) -> Value<'a> {
    let length = view[0] as usize;
    // SAFETY: by the caller's promise; long texts lie in buffer 2 and following.
    unsafe {
        if length <= 12 {
            text_value(view.as_ptr().add(1).cast(), 0, length)
        } else {
            let start = view[3] as usize;
            text_value(piece.buffer::<u8>(2 + view[2] as usize), start, start + length)
        }
    }
}

/// # Safety
/// `array` is alive and of the text type that `format` names.
unsafe fn distinct_texts(array: &Array, format: &str) -> Vec<Option<String>> {
    let piece = Piece::of(array, 0, array.length as usize);
    let text = |row: usize| {
        // SAFETY: by the caller's promise.
        let value = unsafe {
            match format {
                "u" => small_text(&piece, piece.values(1, 1), row),
                "U" => large_text(&piece, piece.values(1, 1), row),
                _ => view_text(&piece, &piece.values::<[u32; 4]>(1, 0)[row]),
            }
        };
        match value {
            Value::Text(text) if piece.is_valid(row) => Some(text.to_owned()),
            _ => None,
        }
    };
    (0..piece.rows).map(text).collect()
}
