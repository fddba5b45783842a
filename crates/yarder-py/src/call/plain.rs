//! The usual call: ASCII texts, small integers, floats, bools, None. Gather only measures it, commit copies from the
//! objects straight into the ring; both read memory and call nothing.

use pyo3::ffi::{self, PyObject};
use yarder_core::record::value::tag;
use yarder_ring::Cursor;

use super::typed::is_special;
use crate::raw;

/// Longest text that goes this way.
const LONG: usize = 64 << 10;

/// The arguments of a call as CPython hands them over.
#[derive(Clone, Copy)]
pub(super) struct Call {
    pub(super) args: *const *mut PyObject,
    pub(super) nargs: usize,
    pub(super) kwnames: *mut PyObject,
}

impl Call {
    /// Keywords.
    #[inline(always)]
    pub(super) unsafe fn keys(self) -> usize {
        if self.kwnames.is_null() {
            return 0;
        }
        // SAFETY: a tuple of names.
        unsafe { ffi::PyTuple_GET_SIZE(self.kwnames) as usize }
    }

    #[inline(always)]
    unsafe fn key(self, index: usize) -> *mut PyObject {
        // SAFETY: the caller stays below `keys`.
        unsafe { ffi::PyTuple_GET_ITEM(self.kwnames, index as isize) }
    }

    #[inline(always)]
    unsafe fn arg(self, index: usize) -> *mut PyObject {
        // SAFETY: the caller stays below `nargs + keys`.
        unsafe { *self.args.add(index) }
    }
}

/// Gather: the message and the bytes that arguments and fields will take; `None`: the call is not plain.
///
/// # Safety
/// As CPython calls a method; the GIL is held.
#[inline(always)]
pub(super) unsafe fn measure(call: Call) -> Option<(&'static [u8], usize)> {
    // SAFETY: as the caller promises. The message lives as long as the call, which is longer than its use.
    unsafe {
        if call.nargs == 0 {
            return None;
        }
        let message = call.arg(0);
        if ffi::Py_TYPE(message) != &raw mut ffi::PyUnicode_Type {
            return None;
        }
        let (text, len) = raw::ascii(message)?;
        let mut bytes = 0;
        for index in 1..call.nargs {
            bytes += value_len(call.arg(index))?;
        }
        if !call.kwnames.is_null() {
            for index in 0..call.keys() {
                let (name, len) = raw::ascii(call.key(index))?;
                if len > usize::from(u16::MAX) || is_special(std::slice::from_raw_parts(name, len)) {
                    return None;
                }
                bytes += 2 + len + value_len(call.arg(call.nargs + index))?;
            }
        }
        Some((std::slice::from_raw_parts(text, len), bytes))
    }
}

/// Bytes of a value's encoded form.
#[inline(always)]
unsafe fn value_len(object: *mut PyObject) -> Option<usize> {
    // SAFETY: the type says how the object is laid out.
    unsafe {
        let kind = ffi::Py_TYPE(object);
        if kind == &raw mut ffi::PyUnicode_Type {
            let (_, len) = raw::ascii(object)?;
            (len <= LONG).then_some(5 + len)
        } else if kind == &raw mut ffi::PyLong_Type {
            raw::is_small(object).then_some(9)
        } else if kind == &raw mut ffi::PyFloat_Type {
            Some(9)
        } else if kind == &raw mut ffi::PyBool_Type || object == ffi::Py_None() {
            Some(1)
        } else {
            None
        }
    }
}

/// Commit: copies arguments and fields.
///
/// # Safety
/// `measure` measured this call, and there is room for as many bytes.
#[inline(always)]
pub(super) unsafe fn put(call: Call, out: &mut Cursor) {
    // SAFETY: as the caller promises.
    unsafe {
        for index in 1..call.nargs {
            put_value(call.arg(index), out);
        }
        if !call.kwnames.is_null() {
            for index in 0..call.keys() {
                let (name, len) = raw::ascii_parts(call.key(index));
                out.prefixed(len as u64, 2, std::slice::from_raw_parts(name, len));
                put_value(call.arg(call.nargs + index), out);
            }
        }
    }
}

#[inline(always)]
unsafe fn put_value(object: *mut PyObject, out: &mut Cursor) {
    // SAFETY: `value_len` said that the object is of one of these types.
    unsafe {
        let kind = ffi::Py_TYPE(object);
        if kind == &raw mut ffi::PyUnicode_Type {
            let (data, len) = raw::ascii_parts(object);
            out.prefixed(u64::from(tag::STR) | (len as u64) << 8, 5, std::slice::from_raw_parts(data, len));
        } else if kind == &raw mut ffi::PyLong_Type {
            out.tagged(tag::INT, raw::small_int_value(object) as u64);
        } else if kind == &raw mut ffi::PyFloat_Type {
            out.tagged(tag::FLOAT, ffi::PyFloat_AS_DOUBLE(object).to_bits());
        } else if kind == &raw mut ffi::PyBool_Type {
            out.byte(tag::FALSE + u8::from(object == ffi::Py_True()));
        } else {
            out.byte(tag::NONE);
        }
    }
}
