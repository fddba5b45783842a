//! Containers as JSON text: at most eight levels, a thousand items, and no circle.

use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use yarder_core::format::{json_float, json_string};
use yarder_core::record::flag;

use super::text::{keep_going, shown, wtf8};
use super::value::{fixed, integer, is_container, Integer};

const DEPTH: usize = 8;
const ITEMS: usize = 1000;
/// Stands for what is too deep, or for the items beyond the limit.
const REST: &[u8] = "\"…\"".as_bytes();

struct Walk<'a> {
    out: &'a mut Vec<u8>,
    stop: &'a mut Option<PyErr>,
    flags: u16,
    items: usize,
    /// Containers that are open: one of them inside itself is a circle.
    open: Vec<*mut PyObject>,
}

/// Appends the JSON of a container; gives the record flags for what was cut.
pub(super) fn json(value: &Bound<'_, PyAny>, out: &mut Vec<u8>, stop: &mut Option<PyErr>) -> u16 {
    let mut walk = Walk { out, stop, flags: 0, items: 0, open: Vec::new() };
    walk.value(value);
    walk.flags
}

impl Walk<'_> {
    fn value(&mut self, value: &Bound<'_, PyAny>) {
        if !self.typed(value) {
            let made = fixed(value, self.stop);
            if !self.typed(&made) {
                let text = shown(&made, self.stop);
                json_string(&text, self.out);
            }
        }
    }

    fn typed(&mut self, value: &Bound<'_, PyAny>) -> bool {
        let object = value.as_ptr();
        // SAFETY: the GIL is held, as `Bound` proves; each type is checked before it is read.
        unsafe {
            let kind = ffi::Py_TYPE(object);
            if kind == &raw mut ffi::PyUnicode_Type {
                match super::typed::text(object) {
                    Some((data, len)) => json_string(std::slice::from_raw_parts(data, len), self.out),
                    None => json_string(&wtf8(object), self.out),
                }
            } else if kind == &raw mut ffi::PyLong_Type {
                match integer(value) {
                    Integer::Small(number) => self.out.extend_from_slice(number.to_string().as_bytes()),
                    Integer::Big(digits) => self.out.extend_from_slice(&digits),
                    Integer::Huge(hex) => json_string(&hex, self.out),
                }
            } else if kind == &raw mut ffi::PyFloat_Type {
                json_float(ffi::PyFloat_AS_DOUBLE(object), self.out);
            } else if object == ffi::Py_None() {
                self.out.extend_from_slice(b"null");
            } else if kind == &raw mut ffi::PyBool_Type {
                self.out.extend_from_slice(if object == ffi::Py_True() { b"true" } else { b"false" });
            } else if is_container(object) {
                self.container(value);
            } else {
                return false;
            }
            true
        }
    }

    fn container(&mut self, value: &Bound<'_, PyAny>) {
        let object = value.as_ptr();
        if self.open.contains(&object) {
            self.flags |= flag::CYCLE_CUT;
            self.out.extend_from_slice(REST);
            return;
        }
        if self.open.len() >= DEPTH {
            self.flags |= flag::TRUNCATED;
            self.out.extend_from_slice(REST);
            return;
        }
        self.open.push(object);
        // SAFETY: the GIL is held, as `Bound` proves.
        if unsafe { ffi::PyDict_CheckExact(object) } != 0 {
            self.out.push(b'{');
            self.entries(value);
            self.out.push(b'}');
        } else {
            self.out.push(b'[');
            self.elements(value);
            self.out.push(b']');
        }
        self.open.pop();
    }

    /// False: the limit is reached.
    fn another(&mut self, first: bool) -> bool {
        if !first {
            self.out.push(b',');
        }
        self.items += 1;
        if self.items > ITEMS {
            self.flags |= flag::TRUNCATED;
            return false;
        }
        true
    }

    /// A dict that user code changes meanwhile is walked on as it then is: each pair is owned before anything runs.
    fn entries(&mut self, dict: &Bound<'_, PyAny>) {
        let py = dict.py();
        let (mut place, mut first) = (0, true);
        loop {
            let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
            // SAFETY: a dict, the GIL is held; both references are made our own before anything else runs.
            let (key, value) = unsafe {
                if ffi::PyDict_Next(dict.as_ptr(), &raw mut place, &raw mut key, &raw mut value) == 0 {
                    return;
                }
                (Bound::from_borrowed_ptr(py, key), Bound::from_borrowed_ptr(py, value))
            };
            if !self.another(first) {
                self.out.extend_from_slice(REST);
                self.out.extend_from_slice(b":null");
                return;
            }
            first = false;
            self.key(&key);
            self.out.push(b':');
            self.value(&value);
        }
    }

    /// Keys as `json.dumps` writes them; what it refuses is written as text.
    fn key(&mut self, key: &Bound<'_, PyAny>) {
        let before = self.out.len();
        // SAFETY: the GIL is held, as `Bound` proves.
        let plain = unsafe { !is_container(key.as_ptr()) };
        if !(plain && self.typed(key)) {
            self.out.truncate(before);
            let text = shown(key, self.stop);
            json_string(&text, self.out);
        } else if self.out.get(before) != Some(&b'"') {
            self.out.insert(before, b'"');
            self.out.push(b'"');
        }
    }

    fn elements(&mut self, container: &Bound<'_, PyAny>) {
        let py = container.py();
        let items = match container.try_iter() {
            Ok(items) => items,
            Err(error) => return keep_going(py, error, self.stop),
        };
        let mut first = true;
        for item in items {
            let item = match item {
                Ok(item) => item,
                // A set that was changed meanwhile: what was seen is kept.
                Err(error) => {
                    self.flags |= flag::TRUNCATED;
                    return keep_going(py, error, self.stop);
                }
            };
            if !self.another(first) {
                self.out.extend_from_slice(REST);
                return;
            }
            first = false;
            self.value(&item);
        }
    }
}
