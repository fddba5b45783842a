//! What Python code calls of the bridge: making the methods, starting and ending it, records that came the long way.

use pyo3::exceptions::PyTypeError;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyFrozenSet, PyString, PyTuple, PyType};

use super::aside::{OWN, RESERVED};
use super::{slot, table, NAMES};
use crate::call::{caller, slow};
use crate::logger;

const KEYWORDS: i32 = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;

/// Puts `object` into a cell that owns what it holds.
fn keep(cell: *mut *mut PyObject, object: Option<Py<PyAny>>) {
    let new = object.map_or(std::ptr::null_mut(), Py::into_ptr);
    // SAFETY: called with the GIL held; the old reference was owned by the cell.
    unsafe {
        let old = std::mem::replace(&mut *cell, new);
        ffi::Py_XDECREF(old);
    }
}

/// Methods for one exact class: those of a logger, or only the two that tell of changed attributes.
#[pyfunction]
#[pyo3(signature = (class, /, *, logger))]
pub(crate) fn bridge_methods<'py>(class: &Bound<'py, PyType>, logger: bool) -> PyResult<Bound<'py, PyDict>> {
    let py = class.py();
    let made = PyDict::new(py);
    let kind = class.as_ptr().cast::<ffi::PyTypeObject>();
    for def in definitions().iter().skip(if logger { 0 } else { NAMES.len() }) {
        // SAFETY: CPython keeps the address of the definition: it is never freed.
        let method = unsafe {
            let def = std::ptr::from_ref(def).cast_mut();
            Bound::from_owned_ptr_or_err(py, ffi::PyDescr_NewMethod(kind, def))?
        };
        made.set_item(method.getattr("__name__")?, &method)?;
    }
    Ok(made)
}

/// The definitions of the methods, the two that tell of changes last.
fn definitions() -> &'static [ffi::PyMethodDef] {
    struct Table(Vec<ffi::PyMethodDef>);
    // SAFETY: never changed; addresses of functions and literals.
    unsafe impl Sync for Table {}
    // SAFETY: as above.
    unsafe impl Send for Table {}
    static TABLE: std::sync::OnceLock<Table> = std::sync::OnceLock::new();
    let keyword =
        |name: &'static std::ffi::CStr, function: ffi::PyCFunctionFastWithKeywords, doc: &'static std::ffi::CStr| {
            ffi::PyMethodDef {
                ml_name: name.as_ptr(),
                ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: function },
                ml_flags: KEYWORDS,
                ml_doc: doc.as_ptr(),
            }
        };
    let plain = |name: &'static std::ffi::CStr, function: ffi::PyCFunctionFast, doc: &'static std::ffi::CStr| {
        ffi::PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: function },
            ml_flags: ffi::METH_FASTCALL,
            ml_doc: doc.as_ptr(),
        }
    };
    &TABLE
        .get_or_init(|| {
            Table(vec![
                keyword(c"debug", super::debug, c"debug($self, msg, /, *args, **kwargs)\n--\n\nLog 'msg % args' with severity 'DEBUG'."),
                keyword(c"info", super::info, c"info($self, msg, /, *args, **kwargs)\n--\n\nLog 'msg % args' with severity 'INFO'."),
                keyword(c"warning", super::warning, c"warning($self, msg, /, *args, **kwargs)\n--\n\nLog 'msg % args' with severity 'WARNING'."),
                keyword(c"error", super::error, c"error($self, msg, /, *args, **kwargs)\n--\n\nLog 'msg % args' with severity 'ERROR'."),
                keyword(c"critical", super::critical, c"critical($self, msg, /, *args, **kwargs)\n--\n\nLog 'msg % args' with severity 'CRITICAL'."),
                keyword(c"log", super::log, c"log($self, level, msg, /, *args, **kwargs)\n--\n\nLog 'msg % args' with the integer severity 'level'."),
                keyword(c"isEnabledFor", super::is_enabled, c"isEnabledFor($self, level)\n--\n\nIs this logger enabled for level 'level'?"),
                plain(c"__setattr__", super::set, c"Set an attribute; ends what yarder's bridge had decided."),
                plain(c"__delattr__", super::delete, c"Delete an attribute; ends what yarder's bridge had decided."),
            ])
        })
        .0
}

/// Start: `decide` is asked once per logger, `own` are the methods that calls step aside to, `file` is the source file
/// whose frames are no call sites.
#[pyfunction]
#[pyo3(signature = (decide, own, module, reserved, file, /))]
pub(crate) fn bridge_start(
    decide: Py<PyAny>,
    own: &Bound<'_, PyDict>,
    module: Py<PyDict>,
    reserved: Py<PyFrozenSet>,
    file: &Bound<'_, PyString>,
) -> PyResult<()> {
    for (index, name) in NAMES.iter().enumerate() {
        let Some(method) = own.get_item(name)? else {
            return Err(PyTypeError::new_err(format!("no method {name}")));
        };
        // SAFETY: the GIL is held; the array lives for ever.
        keep(unsafe { &raw mut (*OWN.get())[index] }, Some(method.unbind()));
    }
    keep(slot::MODULE.get(), Some(module.into_any()));
    keep(RESERVED.get(), Some(reserved.into_any()));
    // SAFETY: the GIL is held.
    caller::set_internal(unsafe { crate::call::text::wtf8(file.as_ptr()) });
    table::clear();
    keep(slot::DECIDE.get(), Some(decide));
    Ok(())
}

/// End: from now on every call steps aside.
#[pyfunction]
pub(crate) fn bridge_stop() {
    keep(slot::DECIDE.get(), None);
    table::clear();
}

/// Forget what was decided.
#[pyfunction]
pub(crate) fn bridge_changed() {
    table::clear();
}

/// Whether calls of this logger go straight to the ring now; decides anew if that is to be done.
#[pyfunction]
#[pyo3(signature = (logger, /))]
pub(crate) fn bridge_is_open(logger: &Bound<'_, PyAny>) -> bool {
    // SAFETY: the GIL is held; the slot is read before Python code runs.
    unsafe {
        let mut found = table::fresh(logger.as_ptr());
        if found.is_null() {
            found = slot::decide(logger.as_ptr());
        }
        !found.is_null() && (*found).open
    }
}

/// Called with the weak reference of a logger that is gone.
pub(super) fn gone(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static GONE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let made = GONE.get_or_try_init(py, || Ok::<_, PyErr>(wrap_pyfunction!(bridge_gone, py)?.into_any().unbind()))?;
    Ok(made.bind(py).clone())
}

#[pyfunction]
#[pyo3(signature = (weak, /))]
fn bridge_gone(weak: &Bound<'_, PyAny>) {
    table::remove(weak.as_ptr());
}

/// Log what came the long way, as a record of the standard library: with a call site of its own.
///
/// `number` is the level in numbers of the standard library. False: not accepted, and counted.
#[pyfunction]
#[pyo3(signature = (target, number, message, args, caller, fields, exc_info, /))]
#[allow(clippy::too_many_arguments)] // The parts of one record; called from one place.
pub(crate) fn relay<'py>(
    py: Python<'py>,
    target: &Bound<'py, PyAny>,
    number: i64,
    message: &Bound<'py, PyAny>,
    args: &Bound<'py, PyTuple>,
    caller: Option<&str>,
    fields: Option<Bound<'py, PyDict>>,
    exc_info: Bound<'py, PyAny>,
) -> PyResult<bool> {
    static EXTRA: PyOnceLock<Py<PyString>> = PyOnceLock::new();
    static EXC_INFO: PyOnceLock<Py<PyString>> = PyOnceLock::new();
    let Some(logger) = logger::of(target) else { return Err(PyTypeError::new_err("not a yarder.Logger")) };
    let level = super::level_of(number);
    // SAFETY: the caller keeps the logger, the GIL is held.
    if !unsafe { logger::passes(logger, level) } {
        return Ok(true);
    }
    let mut named = Vec::with_capacity(2);
    if let Some(fields) = fields {
        named.push((super::interned(py, &EXTRA, "extra").into_any(), fields.into_any()));
    }
    if !exc_info.is_none() {
        named.push((super::interned(py, &EXC_INFO, "exc_info").into_any(), exc_info));
    }
    let args: Vec<_> = args.iter().collect();
    let said = slow::Said { message, args: &args, named: &named, exception: false, site: caller };
    // SAFETY: as above.
    match unsafe { slow::log(py, logger, level, &said) } {
        (_, Some(error)) => Err(error),
        (accepted, None) => match PyErr::take(py) {
            Some(error) => Err(error),
            None => Ok(accepted),
        },
    }
}

/// Puts the functions into the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(bridge_methods, module)?)?;
    module.add_function(wrap_pyfunction!(bridge_start, module)?)?;
    module.add_function(wrap_pyfunction!(bridge_stop, module)?)?;
    module.add_function(wrap_pyfunction!(bridge_changed, module)?)?;
    module.add_function(wrap_pyfunction!(bridge_is_open, module)?)?;
    module.add_function(wrap_pyfunction!(relay, module)?)
}
