//! The native module `yarder._core`.

mod read;
mod yards;

use pyo3::prelude::*;

/// The native half of yarder.
#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
    read::register(module)?;
    yards::register(module)
}
