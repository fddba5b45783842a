//! Stepping aside: which calls the standard library's own methods have to take, and calling them.

use pyo3::ffi::{self, PyObject};

use super::Call;
use crate::gil::GilCell;

/// The standard library's own methods, by their places in `NAMES`; null where it is not installed.
pub(super) static OWN: GilCell<[*mut PyObject; 7]> = GilCell::new([std::ptr::null_mut(); 7]);
/// Names that `extra` must not have.
pub(super) static RESERVED: GilCell<*mut PyObject> = GilCell::new(std::ptr::null_mut());

/// An int of no subclass, of a size that levels have.
pub(super) unsafe fn exact_int(object: *mut PyObject) -> Option<i64> {
    // SAFETY: the GIL is held.
    unsafe {
        if ffi::Py_TYPE(object) != &raw mut ffi::PyLong_Type {
            return None;
        }
        crate::raw::small_int(object)
    }
}

/// Whether every keyword is one that means the same to both; else the standard library's code raises what it raises.
pub(super) unsafe fn is_ours(call: Call) -> bool {
    // SAFETY: as the method; keyword names are strs.
    unsafe {
        for index in 0..ffi::PyTuple_GET_SIZE(call.kwnames) {
            let name = ffi::PyTuple_GET_ITEM(call.kwnames, index);
            let Some((data, len)) = crate::raw::ascii(name) else { return false };
            let value = *call.args.add(call.nargs + index as usize);
            let fine = match std::slice::from_raw_parts(data, len) {
                b"exc_info" | b"stack_info" => true,
                b"stacklevel" => exact_int(value).is_some_and(|level| level > 0),
                b"extra" => value == ffi::Py_None() || is_clean(value),
                _ => false,
            };
            if !fine {
                return false;
            }
        }
        true
    }
}

/// Whether `extra` is a dict that names no attribute of a record.
unsafe fn is_clean(extra: *mut PyObject) -> bool {
    // SAFETY: the GIL is held; exact strs are hashed and compared without Python code.
    unsafe {
        let reserved = *RESERVED.get();
        if ffi::PyDict_CheckExact(extra) == 0 || reserved.is_null() {
            return false;
        }
        let (mut place, mut key, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
        while ffi::PyDict_Next(extra, &raw mut place, &raw mut key, &raw mut value) != 0 {
            if ffi::Py_TYPE(key) != &raw mut ffi::PyUnicode_Type || ffi::PySet_Contains(reserved, key) != 0 {
                ffi::PyErr_Clear();
                return false;
            }
        }
        true
    }
}

/// The call as the standard library does it.
#[cold]
#[inline(never)]
pub(super) unsafe fn step_aside(own: usize, call: Call) -> *mut PyObject {
    // SAFETY: the arguments are those of the method, with its object before them.
    unsafe {
        let function = (*OWN.get())[own];
        if function.is_null() {
            let text = c"yarder's bridge to logging was not started";
            ffi::PyErr_SetString(ffi::PyExc_RuntimeError, text.as_ptr());
            return std::ptr::null_mut();
        }
        let keys = if call.kwnames.is_null() { 0 } else { ffi::PyTuple_GET_SIZE(call.kwnames) as usize };
        let mut all = Vec::with_capacity(1 + call.nargs + keys);
        all.push(call.this);
        all.extend((0..call.nargs + keys).map(|index| *call.args.add(index)));
        ffi::Py_INCREF(function);
        let made = ffi::PyObject_Vectorcall(function, all.as_ptr(), call.nargs + 1, call.kwnames);
        ffi::Py_DECREF(function);
        made
    }
}
