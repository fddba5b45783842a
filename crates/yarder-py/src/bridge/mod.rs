//! The methods that loggers of the standard library get: `info` and its kin straight into the ring.
//!
//! What a call means is decided by Python code once per logger (`yarder.bridges.stdlib_rules`) and kept in a `Slot`
//! for as long as nothing it depends on has changed. Where the standard library's own code has something to do that we
//! do not, filters or handlers of others for instance, its own method is called: the call *steps aside*.
//!
//! The methods are descriptors made for one exact class: CPython calls those without a detour, unlike inherited ones.

mod aside;
pub(crate) mod doors;
mod slot;
mod table;

use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

use crate::call::none;
use crate::logger::{emitted, knows_its_level, passes};
use aside::{exact_int, is_ours, step_aside};
use slot::Slot;

/// Methods that calls step aside to.
const NAMES: [&str; 7] = ["debug", "info", "warning", "error", "critical", "log", "isEnabledFor"];
const LOG: usize = 5;
const IS_ENABLED: usize = 6;

/// A call as CPython hands it over.
#[derive(Clone, Copy)]
struct Call {
    this: *mut PyObject,
    args: *const *mut PyObject,
    nargs: usize,
    kwnames: *mut PyObject,
}

/// Our level for one of the standard library: between two of its own the more severe.
pub(crate) const fn level_of(number: i64) -> u8 {
    match number {
        ..=5 => 8,
        6..=10 => 7,
        11..=20 => 6,
        21..=25 => 5,
        26..=30 => 4,
        31..=40 => 3,
        41..=50 => 2,
        51..=60 => 1,
        _ => 0,
    }
}

macro_rules! method {
    ($name:ident, $own:literal, $number:literal) => {
        unsafe extern "C" fn $name(
            this: *mut PyObject,
            args: *const *mut PyObject,
            nargs: ffi::Py_ssize_t,
            kwnames: *mut PyObject,
        ) -> *mut PyObject {
            let call = Call { this, args, nargs: nargs as usize, kwnames };
            // SAFETY: CPython calls a method with its own object and valid arguments, the GIL held.
            unsafe { go(table::fresh(this), $own, $number, const { level_of($number) }, call) }
        }
    };
}

method!(debug, 0, 10);
method!(info, 1, 20);
method!(warning, 2, 30);
method!(error, 3, 40);
method!(critical, 4, 50);

/// One call, with what is known of its logger; null: nothing is.
#[inline(always)]
unsafe fn go(slot: *mut Slot, own: usize, number: i64, level: u8, call: Call) -> *mut PyObject {
    // SAFETY: as the method. Nothing of CPython is called between the look-up of the slot and the last use of it.
    unsafe {
        if slot.is_null() {
            return unknown(own, number, level, call);
        }
        if number < (*slot).enabled_from {
            return none();
        }
        if !(*slot).open {
            return step_aside(own, call);
        }
        if number < (*slot).emit_from {
            return none();
        }
        let logger = (*slot).logger;
        if !knows_its_level(logger) {
            return anew(slot, own, level, call);
        }
        if i32::from(level) > (*logger).threshold {
            return none();
        }
        if call.nargs == 0 || !call.kwnames.is_null() && !is_ours(call) {
            return step_aside(own, call);
        }
        // Python code that runs in there may end the slot, and with it the logger.
        ffi::Py_INCREF(logger.cast());
        let made = emitted(logger, level, call.args, call.nargs, call.kwnames);
        ffi::Py_DECREF(logger.cast());
        made
    }
}

/// A call whose level has to be looked up first, in the pipeline; it may start it.
#[cold]
#[inline(never)]
unsafe fn anew(slot: *mut Slot, own: usize, level: u8, call: Call) -> *mut PyObject {
    // SAFETY: as `go`; the logger is kept while Python code may run.
    unsafe {
        let logger = (*slot).logger;
        ffi::Py_INCREF(logger.cast());
        let made = if !passes(logger, level) {
            none()
        } else if call.nargs == 0 || !call.kwnames.is_null() && !is_ours(call) {
            step_aside(own, call)
        } else {
            emitted(logger, level, call.args, call.nargs, call.kwnames)
        };
        ffi::Py_DECREF(logger.cast());
        made
    }
}

/// A call of a logger that is new, or that something happened to.
#[cold]
#[inline(never)]
unsafe fn unknown(own: usize, number: i64, level: u8, call: Call) -> *mut PyObject {
    // SAFETY: as the method.
    unsafe {
        let slot = slot::decide(call.this);
        if slot.is_null() {
            return step_aside(own, call);
        }
        go(slot, own, number, level, call)
    }
}

/// `log(level, msg, ...)`.
unsafe extern "C" fn log(
    this: *mut PyObject,
    args: *const *mut PyObject,
    nargs: ffi::Py_ssize_t,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    let call = Call { this, args, nargs: nargs as usize, kwnames };
    // SAFETY: as a level's method; the level is the first of the arguments.
    unsafe {
        let Some(number) = (if nargs < 1 { None } else { exact_int(*args) }) else { return step_aside(LOG, call) };
        let mut slot = table::fresh(this);
        if slot.is_null() {
            slot = slot::decide(this);
        }
        if slot.is_null() || !(*slot).open {
            return step_aside(LOG, call);
        }
        if nargs < 2 || !kwnames.is_null() && !is_ours(call) {
            return step_aside(LOG, call);
        }
        // What could make it step aside was looked at above.
        let rest = Call { args: args.add(1), nargs: call.nargs - 1, ..call };
        go(slot, LOG, number, level_of(number), rest)
    }
}

/// `isEnabledFor(level)`: the standard library's own answer, unless the level is left to yarder.
unsafe extern "C" fn is_enabled(
    this: *mut PyObject,
    args: *const *mut PyObject,
    nargs: ffi::Py_ssize_t,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    let call = Call { this, args, nargs: nargs as usize, kwnames };
    // SAFETY: as a level's method.
    unsafe {
        let number = if nargs == 1 && kwnames.is_null() { exact_int(*args) } else { None };
        let Some(number) = number else { return step_aside(IS_ENABLED, call) };
        let mut slot = table::fresh(this);
        if slot.is_null() {
            slot = slot::decide(this);
        }
        if slot.is_null() || !(*slot).followed {
            return step_aside(IS_ENABLED, call);
        }
        let mut enabled = number >= (*slot).enabled_from;
        if enabled {
            let logger = (*slot).logger;
            ffi::Py_INCREF(logger.cast());
            enabled = passes(logger, level_of(number));
            ffi::Py_DECREF(logger.cast());
        }
        ffi::PyBool_FromLong(enabled.into())
    }
}

/// `__setattr__` and `__delattr__` of what decisions depend on: a change ends them.
unsafe extern "C" fn set(this: *mut PyObject, args: *mut *mut PyObject, nargs: ffi::Py_ssize_t) -> *mut PyObject {
    // SAFETY: as a level's method.
    unsafe { change(this, args, nargs, 2) }
}

unsafe extern "C" fn delete(this: *mut PyObject, args: *mut *mut PyObject, nargs: ffi::Py_ssize_t) -> *mut PyObject {
    // SAFETY: as a level's method.
    unsafe { change(this, args, nargs, 1) }
}

unsafe fn change(
    this: *mut PyObject,
    args: *const *mut PyObject,
    nargs: ffi::Py_ssize_t,
    wanted: ffi::Py_ssize_t,
) -> *mut PyObject {
    // SAFETY: as a level's method.
    unsafe {
        if nargs != wanted {
            let text = c"an attribute has a name, and a value when it is set";
            ffi::PyErr_SetString(ffi::PyExc_TypeError, text.as_ptr());
            return std::ptr::null_mut();
        }
        let value = if wanted == 2 { *args.add(1) } else { std::ptr::null_mut() };
        let failed = ffi::PyObject_GenericSetAttr(this, *args, value) != 0;
        if failed {
            return std::ptr::null_mut();
        }
        table::changed(this);
        none()
    }
}

/// A name that is looked up often.
fn interned<'py>(py: Python<'py>, cell: &PyOnceLock<Py<PyString>>, name: &str) -> Bound<'py, PyString> {
    cell.get_or_init(py, || PyString::intern(py, name).unbind()).bind(py).clone()
}
