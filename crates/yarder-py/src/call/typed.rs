//! Gather for calls whose values are of exact types that are copied as they are: texts that are not ASCII included.
//! No Python code runs here.

use pyo3::ffi::{self, PyObject};
use yarder_core::record::value::tag;

use super::piece::{Pieces, KEY};
use super::plain::Call;
use crate::raw;

/// Keywords that are no fields.
pub(crate) const SPECIAL: [&str; 5] = ["exc_info", "stack_info", "stacklevel", "extra", "fields"];
/// Their lengths as bits: one test rules out nearly every other name.
const SPECIAL_LENGTHS: u32 = 1 << 8 | 1 << 10 | 1 << 5 | 1 << 6;
/// Longest text that goes this way; longer ones may have to be cut.
const LONG: usize = 1 << 20;

/// Whether a keyword means something else than a field.
#[inline(always)]
pub(super) fn is_special(key: &[u8]) -> bool {
    key.len() < 32
        && SPECIAL_LENGTHS >> key.len() & 1 == 1
        && matches!(key, b"exc_info" | b"stack_info" | b"stacklevel" | b"extra" | b"fields")
}

/// UTF-8 of a str, without surrogates.
///
/// # Safety
/// `object` is a str and the GIL is held.
#[inline(always)]
pub(super) unsafe fn text(object: *mut PyObject) -> Option<(*const u8, usize)> {
    // SAFETY: as the caller promises.
    unsafe {
        match raw::ascii(object) {
            Some(found) => Some(found),
            None => encoded(object),
        }
    }
}

/// A text that is not ASCII: CPython encodes it once and keeps the bytes.
#[inline(never)]
unsafe fn encoded(object: *mut PyObject) -> Option<(*const u8, usize)> {
    let mut length = 0;
    // SAFETY: a str, the GIL is held; the error of a lone surrogate is taken back.
    unsafe {
        let utf8 = ffi::PyUnicode_AsUTF8AndSize(object, &raw mut length);
        if utf8.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        Some((utf8.cast(), length as usize))
    }
}

/// One value; false: it needs the slow way.
#[inline(always)]
unsafe fn value(object: *mut PyObject, out: &mut Pieces) -> bool {
    // SAFETY: `object` is alive; its type says how it is laid out.
    unsafe {
        let kind = ffi::Py_TYPE(object);
        if kind == &raw mut ffi::PyUnicode_Type {
            let Some((data, len)) = text(object) else { return false };
            if len > LONG {
                return false;
            }
            out.push(u32::from(tag::STR), data as u64, len as u32, 5 + len);
        } else if kind == &raw mut ffi::PyLong_Type {
            let Some(number) = raw::small_int(object) else { return wide(object, out) };
            out.push(u32::from(tag::INT), number as u64, 0, 9);
        } else if kind == &raw mut ffi::PyFloat_Type {
            out.push(u32::from(tag::FLOAT), ffi::PyFloat_AS_DOUBLE(object).to_bits(), 0, 9);
        } else if object == ffi::Py_None() {
            out.push(u32::from(tag::NONE), 0, 0, 1);
        } else if object == ffi::Py_True() {
            out.push(u32::from(tag::TRUE), 0, 0, 1);
        } else if object == ffi::Py_False() {
            out.push(u32::from(tag::FALSE), 0, 0, 1);
        } else if kind == &raw mut ffi::PyBytes_Type {
            let len = ffi::PyBytes_Size(object) as usize;
            if len > LONG {
                return false;
            }
            out.push(u32::from(tag::BYTES), ffi::PyBytes_AsString(object) as u64, len as u32, 5 + len);
        } else {
            return false;
        }
        true
    }
}

/// An int of more than 60 bits that may still fit 64.
#[inline(never)]
unsafe fn wide(object: *mut PyObject, out: &mut Pieces) -> bool {
    let mut overflow = 0;
    // SAFETY: an int; overflow is reported by the flag, not by an error.
    let number = unsafe { ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow) };
    if overflow != 0 {
        return false;
    }
    out.push(u32::from(tag::INT), number as u64, 0, 9);
    true
}

/// Arguments and fields of a call; `None`: something needs the slow way. The message is not among the pieces.
///
/// # Safety
/// As CPython calls a method; the GIL is held.
pub(super) unsafe fn gather(out: &mut Pieces, call: Call) -> Option<&'static [u8]> {
    // SAFETY: as the caller promises; keyword names are strs. The message lives as long as the call, which is longer
    // than its use.
    unsafe {
        let keys = call.keys();
        if call.nargs == 0 || !Pieces::holds(call.nargs + 2 * keys) {
            return None;
        }
        let message = *call.args;
        if ffi::Py_TYPE(message) != &raw mut ffi::PyUnicode_Type {
            return None;
        }
        let message = text(message)?;
        if message.1 > LONG {
            return None;
        }
        for index in 1..call.nargs {
            if !value(*call.args.add(index), out) {
                return None;
            }
        }
        for index in 0..keys {
            let (data, len) = text(ffi::PyTuple_GET_ITEM(call.kwnames, index as isize))?;
            if len > usize::from(u16::MAX) || is_special(std::slice::from_raw_parts(data, len)) {
                return None;
            }
            out.push(KEY, data as u64, len as u32, 2 + len);
            if !value(*call.args.add(call.nargs + index), out) {
                return None;
            }
        }
        Some(std::slice::from_raw_parts(message.0, message.1))
    }
}
