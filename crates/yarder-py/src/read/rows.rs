//! Records that were found as rows of `yarder.Record`.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use yarder_core::read::{Entry, FieldValue, Found, Parser};

/// Makes rows; keeps what one scan needs for that.
pub(super) struct Rows {
    pub(super) parser: Parser,
    pub(super) tz: String,
}

impl Rows {
    /// The rows of `found`: the values of `yarder.Record` in its order, id as bytes and time in nanoseconds.
    pub(super) fn list<'py>(&mut self, py: Python<'py>, found: &[Found]) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for found in found {
            // It was read once already; a file that changes under us cannot change what was copied.
            if let Ok(entry) = self.parser.parse(&found.raw) {
                list.append(row(py, &entry)?)?;
            }
        }
        Ok(list)
    }
}

fn row<'py>(py: Python<'py>, entry: &Entry<'_>) -> PyResult<Bound<'py, PyTuple>> {
    let fields = PyDict::new(py);
    for (key, value) in &entry.fields {
        fields.set_item(text(py, key)?, python(py, value)?)?;
    }
    let known = |value: &[u8]| if value.is_empty() { Ok(py.None().into_bound(py)) } else { text(py, value) };
    let (producer, sequence) = entry.origin().unwrap_or_default();
    let values: [Bound<'py, PyAny>; 15] = [
        PyBytes::new(py, &entry.id.unwrap_or_default()).into_any(),
        entry.ns.into_pyobject(py)?.into_any(),
        entry.level.into_pyobject(py)?.into_any(),
        text(py, &entry.app)?,
        text(py, &entry.facility)?,
        text(py, &entry.message)?,
        fields.into_any(),
        entry.pid.unwrap_or(0).into_pyobject(py)?.into_any(),
        entry.tid.into_pyobject(py)?.into_any(),
        text(py, &entry.process)?,
        known(&entry.thread)?,
        text(py, &entry.hostname)?,
        known(&entry.caller)?,
        producer.into_pyobject(py)?.into_any(),
        sequence.into_pyobject(py)?.into_any(),
    ];
    PyTuple::new(py, values)
}

fn python<'py>(py: Python<'py>, value: &FieldValue<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        FieldValue::Null => py.None().into_bound(py),
        FieldValue::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
        FieldValue::Number(digits) => number(py, digits)?,
        FieldValue::Text(value) => text(py, value)?,
        FieldValue::Json(json) => {
            let loaded = py.import("json")?.call_method1("loads", (text(py, json)?,));
            // What Python does not take for JSON (an integer of a million digits) is still text.
            loaded.or_else(|_| text(py, json))?
        }
    })
}

fn number<'py>(py: Python<'py>, digits: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let digits = std::str::from_utf8(digits).unwrap_or("0");
    if let Ok(value) = digits.parse::<i64>() {
        return Ok(value.into_pyobject(py)?.into_any());
    }
    if digits.contains(['.', 'e', 'E']) {
        return Ok(PyFloat::new(py, digits.parse().unwrap_or(f64::NAN)).into_any());
    }
    py.get_type::<PyInt>().call1((digits,)).or_else(|_| Ok(PyString::new(py, digits).into_any()))
}

/// Text of a file: lone surrogates come back as they went in, other bytes that are no UTF-8 as `\xNN`.
fn text<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(PyString::new(py, text).into_any());
    }
    let bytes = PyBytes::new(py, bytes);
    bytes
        .call_method1("decode", ("utf-8", "surrogatepass"))
        .or_else(|_| bytes.call_method1("decode", ("utf-8", "backslashreplace")))
}
