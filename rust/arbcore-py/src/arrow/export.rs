//! Tables as Arrow streams. Integers and floats without nulls are shared, the rest is laid out once.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use arbcore_core::table::{Column, Table};

use super::ffi::{Array, NULLABLE, Schema, Stream};

/// A stream with one array: the whole table.
pub fn stream(table: Arc<Table>) -> Stream {
    Stream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        get_last_error: Some(get_last_error),
        release: Some(release_stream),
        private_data: Box::into_raw(Box::new(StreamOwner { table, done: false })).cast(),
    }
}

/// The type of the table.
pub fn schema(table: &Table) -> Schema {
    let children = table
        .columns
        .iter()
        .map(|(name, column)| {
            let (format, nullable) = match column {
                Column::I64(_) => (c"l", false),
                Column::OptI64(_) => (c"l", true),
                Column::F64(_) => (c"g", false),
                Column::OptF64(_) => (c"g", true),
                Column::Bool(_) => (c"b", false),
                Column::Text { .. } => (c"U", true),
            };
            // A NUL in a name would end it early; no column of ours has one.
            let name = CString::new(name.replace('\0', "")).unwrap_or_default();
            own_schema(format, name, Vec::new(), nullable)
        })
        .collect();
    own_schema(c"+s", CString::default(), children, false)
}

struct StreamOwner {
    table: Arc<Table>,
    done: bool,
}

unsafe extern "C" fn get_schema(stream: *mut Stream, out: *mut Schema) -> c_int {
    // SAFETY: the consumer calls this with our own, unreleased stream, and a place to write to.
    unsafe {
        let owner = &*(*stream).private_data.cast::<StreamOwner>();
        ptr::write(out, schema(&owner.table));
    }
    0
}

unsafe extern "C" fn get_next(stream: *mut Stream, out: *mut Array) -> c_int {
    // SAFETY: as in `get_schema`; the standard forbids concurrent calls on one stream.
    unsafe {
        let owner = &mut *(*stream).private_data.cast::<StreamOwner>();
        let array = if owner.done { Array::empty() } else { table_array(&owner.table) };
        owner.done = true;
        ptr::write(out, array);
    }
    0
}

unsafe extern "C" fn get_last_error(_: *mut Stream) -> *const c_char {
    ptr::null()
}

unsafe extern "C" fn release_stream(stream: *mut Stream) {
    // SAFETY: called once, on a stream made by `stream`, whose private data is a leaked box.
    unsafe {
        drop(Box::from_raw((*stream).private_data.cast::<StreamOwner>()));
        (*stream).release = None;
    }
}

/// What a schema of ours points to. Its format is static.
struct SchemaOwner {
    name: CString,
    children: Vec<*mut Schema>,
}

impl Drop for SchemaOwner {
    fn drop(&mut self) {
        for &child in &self.children {
            // SAFETY: leaked by `own_schema`; a child that was moved away is marked released and frees nothing.
            drop(unsafe { Box::from_raw(child) });
        }
    }
}

fn own_schema(format: &'static CStr, name: CString, children: Vec<Schema>, nullable: bool) -> Schema {
    let children = children.into_iter().map(|child| Box::into_raw(Box::new(child))).collect();
    let mut owner = Box::new(SchemaOwner { name, children });
    Schema {
        format: format.as_ptr(),
        name: owner.name.as_ptr(),
        metadata: ptr::null(),
        flags: if nullable { NULLABLE } else { 0 },
        n_children: owner.children.len() as i64,
        children: owner.children.as_mut_ptr(),
        dictionary: ptr::null_mut(),
        release: Some(release_schema),
        private_data: Box::into_raw(owner).cast(),
    }
}

unsafe extern "C" fn release_schema(schema: *mut Schema) {
    // SAFETY: called once, on a schema made by `own_schema`, whose private data is a leaked box.
    unsafe {
        drop(Box::from_raw((*schema).private_data.cast::<SchemaOwner>()));
        (*schema).release = None;
    }
}

/// What an array of ours points to: the table, and what had to be laid out anew.
struct ArrayOwner {
    _table: Arc<Table>,
    _laid_out: Vec<LaidOut>,
    buffers: Vec<*const c_void>,
    children: Vec<*mut Array>,
}

/// Buffers that live only in an exported array.
#[expect(dead_code, reason = "kept alive, read through pointers")]
enum LaidOut {
    Bytes(Vec<u8>),
    I64(Vec<i64>),
    F64(Vec<f64>),
}

impl Drop for ArrayOwner {
    fn drop(&mut self) {
        for &child in &self.children {
            // SAFETY: leaked by `own_array`; a child that was moved away is marked released and frees nothing.
            drop(unsafe { Box::from_raw(child) });
        }
    }
}

fn own_array(table: &Arc<Table>, rows: usize, nulls: usize, parts: Parts, children: Vec<Array>) -> Array {
    let children = children.into_iter().map(|child| Box::into_raw(Box::new(child))).collect();
    let mut owner =
        Box::new(ArrayOwner { _table: Arc::clone(table), _laid_out: parts.laid_out, buffers: parts.buffers, children });
    Array {
        length: rows as i64,
        null_count: nulls as i64,
        offset: 0,
        n_buffers: owner.buffers.len() as i64,
        n_children: owner.children.len() as i64,
        buffers: owner.buffers.as_mut_ptr(),
        children: owner.children.as_mut_ptr(),
        dictionary: ptr::null_mut(),
        release: Some(release_array),
        private_data: Box::into_raw(owner).cast(),
    }
}

unsafe extern "C" fn release_array(array: *mut Array) {
    // SAFETY: called once, on an array made by `own_array`, whose private data is a leaked box.
    unsafe {
        drop(Box::from_raw((*array).private_data.cast::<ArrayOwner>()));
        (*array).release = None;
    }
}

/// Buffers in the order of the standard; moving the vectors does not move what they point to.
#[derive(Default)]
struct Parts {
    buffers: Vec<*const c_void>,
    laid_out: Vec<LaidOut>,
}

impl Parts {
    fn absent(mut self) -> Self {
        self.buffers.push(ptr::null());
        self
    }

    fn shared<T>(mut self, values: &[T]) -> Self {
        self.buffers.push(values.as_ptr().cast());
        self
    }

    fn bytes(mut self, values: Vec<u8>) -> Self {
        self.buffers.push(values.as_ptr().cast());
        self.laid_out.push(LaidOut::Bytes(values));
        self
    }

    fn i64s(mut self, values: Vec<i64>) -> Self {
        self.buffers.push(values.as_ptr().cast());
        self.laid_out.push(LaidOut::I64(values));
        self
    }

    fn f64s(mut self, values: Vec<f64>) -> Self {
        self.buffers.push(values.as_ptr().cast());
        self.laid_out.push(LaidOut::F64(values));
        self
    }
}

fn table_array(table: &Arc<Table>) -> Array {
    let children = table.columns.iter().map(|(_, column)| column_array(table, column)).collect();
    own_array(table, table.rows(), 0, Parts::default().absent(), children)
}

fn column_array(table: &Arc<Table>, column: &Column) -> Array {
    let parts = Parts::default();
    let (nulls, parts) = match column {
        Column::I64(values) => (0, parts.absent().shared(values)),
        Column::F64(values) => (0, parts.absent().shared(values)),
        Column::Bool(values) => (0, parts.absent().bytes(bits(values.iter().copied()))),
        Column::OptI64(values) => {
            let flat = values.iter().map(|value| value.unwrap_or(0)).collect();
            (count_nulls(values), parts.bytes(bits(values.iter().map(Option::is_some))).i64s(flat))
        }
        Column::OptF64(values) => {
            let flat = values.iter().map(|value| value.unwrap_or(0.0)).collect();
            (count_nulls(values), parts.bytes(bits(values.iter().map(Option::is_some))).f64s(flat))
        }
        Column::Text { codes, dictionary } => {
            let texts = || codes.iter().map(|&code| dictionary.get(code as usize));
            let mut offsets = Vec::with_capacity(codes.len() + 1);
            let mut bytes = Vec::new();
            offsets.push(0);
            for text in texts() {
                bytes.extend_from_slice(text.map_or(&[], |text| text.as_bytes()));
                offsets.push(bytes.len() as i64);
            }
            let nulls = texts().filter(Option::is_none).count();
            (nulls, parts.bytes(bits(texts().map(|text| text.is_some()))).i64s(offsets).bytes(bytes))
        }
    };
    own_array(table, column.len(), nulls, parts, Vec::new())
}

fn count_nulls<T>(values: &[Option<T>]) -> usize {
    values.iter().filter(|value| value.is_none()).count()
}

/// One bit a value, lowest first.
fn bits(values: impl Iterator<Item = bool>) -> Vec<u8> {
    let mut packed = Vec::with_capacity(values.size_hint().0.div_ceil(8));
    for (row, value) in values.enumerate() {
        if row % 8 == 0 {
            packed.push(0);
        }
        if let Some(last) = packed.last_mut() {
            *last |= u8::from(value) << (row % 8);
        }
    }
    packed
}
