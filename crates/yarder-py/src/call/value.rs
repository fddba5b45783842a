//! Any Python object as a value of a record. User code may run here: `str()`, `repr()`, iteration, fixed forms.

use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use yarder_core::record::value::tag;
use yarder_core::record::{cut, flag};

use super::nested;
use super::piece::{Piece, KEY};
use super::text::{keep_going, shown, wtf8};
use crate::raw;

/// Values and keys on their way into a record, with their bytes.
pub(crate) struct Gathering {
    store: Vec<u8>,
    /// Addresses are places in `store` until `pieces` is asked for.
    list: Vec<Piece>,
    /// Texts beyond this are cut at once: a record never holds more.
    most: usize,
    pub(crate) flags: u16,
    /// What ends the program and must go on after the record: `KeyboardInterrupt`, `SystemExit`.
    pub(crate) stop: Option<PyErr>,
}

impl Gathering {
    pub(crate) fn new(most: usize) -> Gathering {
        Gathering { store: Vec::new(), list: Vec::new(), most, flags: 0, stop: None }
    }

    /// The pieces, with their addresses; valid as long as this is neither changed nor dropped.
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        let base = self.store.as_ptr() as u64;
        let texts = |piece: &Piece| piece.tag >= u32::from(tag::STR);
        self.list
            .iter()
            .map(|piece| Piece { data: piece.data + if texts(piece) { base } else { 0 }, ..*piece })
            .collect()
    }

    pub(crate) fn text(&mut self, tag: u8, text: &[u8]) {
        self.add(u32::from(tag), text);
    }

    /// The key of a field; its value must follow.
    pub(crate) fn key(&mut self, key: &[u8]) {
        let kept = cut(key, usize::from(u16::MAX));
        self.add(KEY, &key[..kept]);
    }

    fn add(&mut self, tag: u32, text: &[u8]) {
        let kept = cut(text, self.most);
        if kept < text.len() {
            self.flags |= flag::TRUNCATED;
        }
        let data = self.store.len() as u64;
        self.store.extend_from_slice(&text[..kept]);
        self.list.push(Piece { data, len: kept as u32, tag });
    }

    fn number(&mut self, tag: u8, bits: u64) {
        self.list.push(Piece { data: bits, len: 0, tag: u32::from(tag) });
    }

    /// One value.
    pub(crate) fn value(&mut self, value: &Bound<'_, PyAny>) {
        if !self.typed(value) {
            let made = fixed(value, &mut self.stop);
            if !self.typed(&made) {
                let text = shown(&made, &mut self.stop);
                self.text(tag::TEXT, &text);
            } else if let Some(last) = self.list.last_mut() {
                // The text of something that is no str prints alike, and is known not to be one.
                if last.tag == u32::from(tag::STR) {
                    last.tag = u32::from(tag::TEXT);
                }
            }
        }
    }

    /// A value of an exact type that records know.
    fn typed(&mut self, value: &Bound<'_, PyAny>) -> bool {
        let object = value.as_ptr();
        // SAFETY: the GIL is held, as `Bound` proves; each type is checked before it is read.
        unsafe {
            let kind = ffi::Py_TYPE(object);
            if kind == &raw mut ffi::PyUnicode_Type {
                match super::typed::text(object) {
                    Some((data, len)) => self.text(tag::STR, std::slice::from_raw_parts(data, len)),
                    None => self.text(tag::STR, &wtf8(object)),
                }
            } else if kind == &raw mut ffi::PyLong_Type {
                self.integer(value);
            } else if kind == &raw mut ffi::PyFloat_Type {
                self.number(tag::FLOAT, ffi::PyFloat_AS_DOUBLE(object).to_bits());
            } else if object == ffi::Py_None() {
                self.number(tag::NONE, 0);
            } else if kind == &raw mut ffi::PyBool_Type {
                self.number(if object == ffi::Py_True() { tag::TRUE } else { tag::FALSE }, 0);
            } else if kind == &raw mut ffi::PyBytes_Type {
                let data = ffi::PyBytes_AsString(object).cast::<u8>();
                let bytes = std::slice::from_raw_parts(data, ffi::PyBytes_Size(object) as usize);
                self.text(tag::BYTES, bytes);
            } else if is_container(object) {
                let mut json = Vec::new();
                self.flags |= nested::json(value, &mut json, &mut self.stop);
                self.text(tag::JSON, &json);
                self.mend_json();
            } else {
                return false;
            }
            true
        }
    }

    /// A JSON text that was cut is no JSON any more: it goes on as plain text.
    fn mend_json(&mut self) {
        if let Some(last) = self.list.last_mut() {
            if last.len as usize == self.most {
                last.tag = u32::from(tag::STR);
            }
        }
    }

    fn integer(&mut self, value: &Bound<'_, PyAny>) {
        match integer(value) {
            Integer::Small(number) => self.number(tag::INT, number as u64),
            Integer::Big(digits) => self.text(tag::BIGINT, &digits),
            Integer::Huge(hex) => self.text(tag::TEXT, &hex),
        }
    }
}

/// An int, by what a record can say of it.
pub(super) enum Integer {
    /// At most 64 bits.
    Small(i64),
    /// Decimal digits.
    Big(Vec<u8>),
    /// More digits than CPython turns into decimal text (4,300 unless told otherwise): hexadecimal.
    Huge(Vec<u8>),
}

pub(super) fn integer(value: &Bound<'_, PyAny>) -> Integer {
    let object = value.as_ptr();
    // SAFETY: an int, the GIL is held; owned references are dropped, errors taken back.
    unsafe {
        if let Some(small) = raw::small_int(object) {
            return Integer::Small(small);
        }
        let mut overflow = 0;
        let number = ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow);
        if overflow == 0 {
            return Integer::Small(number);
        }
        let text = ffi::PyObject_Str(object);
        if !text.is_null() {
            let digits = wtf8(text);
            ffi::Py_DECREF(text);
            return Integer::Big(digits);
        }
        ffi::PyErr_Clear();
        let text = ffi::PyNumber_ToBase(object, 16);
        if text.is_null() {
            ffi::PyErr_Clear();
            return Integer::Huge(b"<int>".to_vec());
        }
        let hex = wtf8(text);
        ffi::Py_DECREF(text);
        Integer::Huge(hex)
    }
}

/// dict, list, tuple, set, frozenset: exactly these.
///
/// # Safety
/// The GIL is held.
pub(super) unsafe fn is_container(object: *mut PyObject) -> bool {
    // SAFETY: as the caller promises.
    let kind = unsafe { ffi::Py_TYPE(object) };
    kind == &raw mut ffi::PyDict_Type
        || kind == &raw mut ffi::PyList_Type
        || kind == &raw mut ffi::PyTuple_Type
        || kind == &raw mut ffi::PySet_Type
        || kind == &raw mut ffi::PyFrozenSet_Type
}

/// What a record shows of an object that is of no exact type: `yarder.emit.values.fixed`.
pub(super) fn fixed<'py>(value: &Bound<'py, PyAny>, stop: &mut Option<PyErr>) -> Bound<'py, PyAny> {
    static FIXED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = value.py();
    let made = FIXED
        .get_or_try_init(py, || Ok::<_, PyErr>(py.import("yarder.emit.values")?.getattr("fixed")?.unbind()))
        .and_then(|fixed| fixed.bind(py).call1((value,)));
    match made {
        Ok(made) => made,
        Err(error) => {
            let name = value.get_type().name().map_or_else(|_| "some".to_owned(), |name| name.to_string());
            let text = format!("<unprintable {name} object: {}>", super::text::cause(py, &error));
            keep_going(py, error, stop);
            pyo3::types::PyString::new(py, &text).into_any()
        }
    }
}

/// Whether a positional argument is copied as it is, for the writer to format.
///
/// # Safety
/// The GIL is held.
pub(super) unsafe fn is_simple(object: *mut PyObject) -> bool {
    // SAFETY: as the caller promises.
    let kind = unsafe { ffi::Py_TYPE(object) };
    kind == &raw mut ffi::PyUnicode_Type
        || kind == &raw mut ffi::PyLong_Type
        || kind == &raw mut ffi::PyFloat_Type
        || kind == &raw mut ffi::PyBool_Type
        || kind == &raw mut ffi::PyBytes_Type
        // SAFETY: None is immortal or held by the interpreter.
        || object == unsafe { ffi::Py_None() }
}
