//! yarder's own exception classes, raised from native code.

use pyo3::prelude::*;
use yarder_ring::RingError;

/// `yarder.errors.<name>` with a text.
pub(crate) fn error(py: Python<'_>, name: &str, text: &str) -> PyErr {
    let class = py.import("yarder.errors").and_then(|errors| errors.getattr(name));
    match class.and_then(|class| class.call1((text,))) {
        Ok(value) => PyErr::from_value(value),
        Err(error) => error,
    }
}

/// `ConfigError` with key and hint.
pub(crate) fn config(py: Python<'_>, key: &str, what: &str, hint: &str) -> PyErr {
    let made = py.import("yarder.errors").and_then(|errors| {
        let named = pyo3::types::PyDict::new(py);
        named.set_item("key", key)?;
        named.set_item("hint", hint)?;
        errors.getattr("ConfigError")?.call((format!("{key}: {what}; {hint}"),), Some(&named))
    });
    match made {
        Ok(value) => PyErr::from_value(value),
        Err(error) => error,
    }
}

/// `RingError` of Python for that of the ring.
pub(crate) fn ring(py: Python<'_>, cause: &RingError) -> PyErr {
    error(py, "RingError", &cause.to_string())
}

/// One line on stderr: `yarder.errors.report`.
pub(crate) fn report(py: Python<'_>, text: &str) {
    let said = py.import("yarder.errors").and_then(|errors| errors.call_method1("report", (text,)));
    if said.is_err() {
        // The interpreter is going away, and with it stderr as Python knows it.
        yarder_core::trace::event("python", yarder_core::trace::WARNING, || text.to_owned());
    }
}
