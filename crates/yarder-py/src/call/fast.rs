//! Gather for the usual call: every value of an exact type that is copied as it is. No Python code runs here.

use pyo3::ffi::{self, PyObject};
use yarder_core::record::value::tag;

use super::encoded::Encoded;
use crate::raw;

/// Keywords that are no fields.
pub(crate) const SPECIAL: [&str; 5] = ["exc_info", "stack_info", "stacklevel", "extra", "fields"];
/// Their lengths as bits: one test rules out nearly every other name.
const SPECIAL_LENGTHS: u32 = 1 << 8 | 1 << 10 | 1 << 5 | 1 << 6;
/// Longest text that goes this way; longer ones may have to be cut.
const LONG: usize = 64 << 10;

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
unsafe fn value(object: *mut PyObject, out: &mut Encoded) -> bool {
    // SAFETY: `object` is alive; its type says how it is laid out.
    unsafe {
        let kind = ffi::Py_TYPE(object);
        if kind == &raw mut ffi::PyUnicode_Type {
            match text(object) {
                Some((data, len)) if len <= LONG => counted(out, tag::STR, data, len),
                _ => false,
            }
        } else if kind == &raw mut ffi::PyLong_Type {
            match raw::small_int(object) {
                Some(number) => out.number(tag::INT, number as u64),
                None => wide(object, out),
            }
        } else if kind == &raw mut ffi::PyFloat_Type {
            out.number(tag::FLOAT, ffi::PyFloat_AS_DOUBLE(object).to_bits())
        } else if kind == &raw mut ffi::PyBool_Type {
            out.byte(tag::FALSE + u8::from(object == ffi::Py_True()))
        } else if object == ffi::Py_None() {
            out.byte(tag::NONE)
        } else if kind == &raw mut ffi::PyBytes_Type {
            let len = ffi::PyBytes_Size(object) as usize;
            len <= LONG && counted(out, tag::BYTES, ffi::PyBytes_AsString(object).cast(), len)
        } else {
            false
        }
    }
}

/// A text with its tag and length.
#[inline(always)]
unsafe fn counted(out: &mut Encoded, tag: u8, data: *const u8, len: usize) -> bool {
    // SAFETY: the object that holds the bytes is kept by the caller of the log method.
    unsafe { out.text(u64::from(tag) | (len as u64) << 8, 5, data, len) }
}

/// An int of more than 60 bits that may still fit 64.
#[inline(never)]
unsafe fn wide(object: *mut PyObject, out: &mut Encoded) -> bool {
    let mut overflow = 0;
    // SAFETY: an int; overflow is reported by the flag, not by an error.
    let number = unsafe { ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow) };
    overflow == 0 && out.number(tag::INT, number as u64)
}

/// Encodes arguments and fields of a call, and gives the message; `None`: something needs the slow way.
///
/// # Safety
/// As CPython calls a method: `nargs` objects at `args`, then one for each name in `kwnames`; the GIL is held.
#[inline(always)]
pub(super) unsafe fn gather(
    out: &mut Encoded,
    args: *const *mut PyObject,
    nargs: usize,
    kwnames: *mut PyObject,
) -> Option<(*const u8, usize)> {
    // SAFETY: as the caller promises; keyword names are strs.
    unsafe {
        if nargs == 0 {
            return None;
        }
        let message = *args;
        if ffi::Py_TYPE(message) != &raw mut ffi::PyUnicode_Type {
            return None;
        }
        let message = text(message)?;
        for index in 1..nargs {
            if !value(*args.add(index), out) {
                return None;
            }
        }
        if kwnames.is_null() {
            return Some(message);
        }
        for index in 0..ffi::PyTuple_GET_SIZE(kwnames) {
            let (data, len) = text(ffi::PyTuple_GET_ITEM(kwnames, index))?;
            if len > usize::from(u16::MAX) || is_special(std::slice::from_raw_parts(data, len)) {
                return None;
            }
            if !out.text(len as u64, 2, data, len) || !value(*args.add(nargs + index as usize), out) {
                return None;
            }
        }
        Some(message)
    }
}
