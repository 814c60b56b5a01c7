//! The Arrow C data and C stream interfaces: three structs, each freed by the one who holds it last.
//!
//! <https://arrow.apache.org/docs/format/CDataInterface.html>. Field names are those of the standard.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

/// `ArrowSchema`: type, name and children of a column.
#[repr(C)]
pub struct Schema {
    pub format: *const c_char,
    pub name: *const c_char,
    pub metadata: *const c_char,
    pub flags: i64,
    pub n_children: i64,
    pub children: *mut *mut Schema,
    pub dictionary: *mut Schema,
    pub release: Option<unsafe extern "C" fn(*mut Schema)>,
    pub private_data: *mut c_void,
}

/// `ArrowArray`: buffers and children of a piece of a column.
#[repr(C)]
pub struct Array {
    pub length: i64,
    pub null_count: i64,
    pub offset: i64,
    pub n_buffers: i64,
    pub n_children: i64,
    pub buffers: *mut *const c_void,
    pub children: *mut *mut Array,
    pub dictionary: *mut Array,
    pub release: Option<unsafe extern "C" fn(*mut Array)>,
    pub private_data: *mut c_void,
}

/// `ArrowArrayStream`: a schema and arrays of it, one after the other.
#[repr(C)]
pub struct Stream {
    pub get_schema: Option<unsafe extern "C" fn(*mut Stream, *mut Schema) -> c_int>,
    pub get_next: Option<unsafe extern "C" fn(*mut Stream, *mut Array) -> c_int>,
    pub get_last_error: Option<unsafe extern "C" fn(*mut Stream) -> *const c_char>,
    pub release: Option<unsafe extern "C" fn(*mut Stream)>,
    pub private_data: *mut c_void,
}

/// Column may hold nulls.
pub const NULLABLE: i64 = 2;

macro_rules! owned {
    ($kind:ident { $($field:ident: $empty:expr),* $(,)? }) => {
        impl $kind {
            /// The released struct, which owns nothing.
            pub const fn empty() -> Self {
                Self { $($field: $empty,)* release: None, private_data: ptr::null_mut() }
            }

            /// Takes over what stands behind a pointer, leaving the released struct there.
            ///
            /// # Safety
            /// `from` points to a valid struct that nobody else uses meanwhile.
            pub unsafe fn take(from: *mut Self) -> Self {
                // SAFETY: by the caller's promise; the standard allows to move a struct bitwise if the
                // original is marked released, which `empty` does.
                unsafe { ptr::replace(from, Self::empty()) }
            }
        }

        impl Drop for $kind {
            fn drop(&mut self) {
                if let Some(release) = self.release {
                    // SAFETY: `release` comes with this struct, which is still valid and released only once:
                    // the callee marks it by setting `release` to null.
                    unsafe { release(self) };
                }
            }
        }

        // SAFETY: the standard lets a struct be moved to, read from and released on any thread; nothing here
        // mutates through a shared reference.
        unsafe impl Send for $kind {}
        // SAFETY: as above.
        unsafe impl Sync for $kind {}
    };
}

owned!(Schema {
    format: ptr::null(),
    name: ptr::null(),
    metadata: ptr::null(),
    flags: 0,
    n_children: 0,
    children: ptr::null_mut(),
    dictionary: ptr::null_mut(),
});
owned!(Array {
    length: 0,
    null_count: 0,
    offset: 0,
    n_buffers: 0,
    n_children: 0,
    buffers: ptr::null_mut(),
    children: ptr::null_mut(),
    dictionary: ptr::null_mut(),
});
owned!(Stream { get_schema: None, get_next: None, get_last_error: None });
