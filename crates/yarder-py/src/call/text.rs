//! Python text as bytes and back: UTF-8, lone surrogates in their three-byte form.

use std::borrow::Cow;

use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;

/// Bytes of a str; empty for anything else. Leaves no error set.
///
/// # Safety
/// The GIL is held.
pub(crate) unsafe fn wtf8(object: *mut PyObject) -> Vec<u8> {
    // SAFETY: as the caller promises; the encoded bytes are owned and dropped here.
    unsafe {
        if ffi::PyUnicode_Check(object) == 0 {
            return Vec::new();
        }
        if let Some((data, len)) = super::typed::text(object) {
            return std::slice::from_raw_parts(data, len).to_vec();
        }
        let bytes = ffi::PyUnicode_AsEncodedString(object, c"utf-8".as_ptr(), c"surrogatepass".as_ptr());
        if bytes.is_null() {
            ffi::PyErr_Clear();
            return Vec::new();
        }
        let data = ffi::PyBytes_AsString(bytes).cast::<u8>();
        let made = std::slice::from_raw_parts(data, ffi::PyBytes_Size(bytes) as usize).to_vec();
        ffi::Py_DECREF(bytes);
        made
    }
}

/// The str that these bytes are.
pub(crate) fn to_str<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyAny> {
    for errors in [c"surrogatepass", c"backslashreplace"] {
        // SAFETY: the GIL is held; the result is a new reference or null with an error set.
        let made = unsafe {
            let made = ffi::PyUnicode_DecodeUTF8(bytes.as_ptr().cast(), bytes.len() as isize, errors.as_ptr());
            Bound::from_owned_ptr_or_opt(py, made)
        };
        if let Some(text) = made {
            return text;
        }
        drop(PyErr::take(py));
    }
    pyo3::types::PyString::new(py, "").into_any()
}

/// What `str()` makes of an object, or a text that says why it makes nothing; `stop` gets what must not be swallowed
/// (`KeyboardInterrupt`, `SystemExit`).
pub(crate) fn shown(object: &Bound<'_, PyAny>, stop: &mut Option<PyErr>) -> Vec<u8> {
    match object.str() {
        // SAFETY: the GIL is held, as `Bound` proves.
        Ok(text) => unsafe { wtf8(text.as_ptr()) },
        Err(error) => unprintable(object, error, stop).into_bytes(),
    }
}

/// `repr()` in the same way.
pub(crate) fn represented(object: &Bound<'_, PyAny>, stop: &mut Option<PyErr>) -> Vec<u8> {
    match object.repr() {
        // SAFETY: the GIL is held, as `Bound` proves.
        Ok(text) => unsafe { wtf8(text.as_ptr()) },
        Err(error) => unprintable(object, error, stop).into_bytes(),
    }
}

fn unprintable(object: &Bound<'_, PyAny>, error: PyErr, stop: &mut Option<PyErr>) -> String {
    let py = object.py();
    let name = object.get_type().name().map_or_else(|_| "some".to_owned(), |name| name.to_string());
    let cause = cause(py, &error);
    keep_going(py, error, stop);
    format!("<unprintable {name} object: {cause}>")
}

/// `ValueError: text` of an error, as far as it can be told.
pub(crate) fn cause(py: Python<'_>, error: &PyErr) -> String {
    let kind = error.get_type(py).name().map_or_else(|_| "error".to_owned(), |name| name.to_string());
    let text: Cow<'_, str> = match error.value(py).str() {
        Ok(text) => Cow::Owned(text.to_string_lossy().into_owned()),
        Err(_) => Cow::Borrowed(""),
    };
    if text.is_empty() {
        kind
    } else {
        format!("{kind}: {text}")
    }
}

/// Errors of user code end here; what ends a program is kept for after the record.
pub(crate) fn keep_going(py: Python<'_>, error: PyErr, stop: &mut Option<PyErr>) {
    if !error.is_instance_of::<pyo3::exceptions::PyException>(py) && stop.is_none() {
        *stop = Some(error);
    }
}
