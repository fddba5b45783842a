//! `Logger`: the object whose methods are called. Raw C functions, because a wrapper would cost more than the call.

use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::sync::atomic::Ordering;
use yarder_core::record::cut;
use yarder_ring::padded;

use crate::call::{emit, none, slow, text};
use crate::fields::Fields;
use crate::gil::{attached, GilCell};
use crate::hub::{levels, Hub};
use crate::producer::Producer;

/// Longest name of a facility in a record, in bytes.
const FACILITY: usize = 255;

/// A logger. What a call reads comes first.
#[repr(C)]
pub(crate) struct Logger {
    base: ffi::PyObject,
    pub(crate) hub: *mut Hub,
    /// Value of the level cell when `threshold` was worked out; 0 at first, which no cell holds.
    pub(crate) generation: u64,
    pub(crate) threshold: i32,
    pub(crate) flags: u16,
    pub(crate) facility_len: u8,
    /// Says and starts nothing while nothing is attached.
    pub(crate) of_library: bool,
    blob: *const u8,
    blob_len: usize,
    owned: *mut Owned,
}

/// What a logger keeps alive.
struct Owned {
    /// Facility and bound section, as they stand in a record, padded.
    blob: Box<[u8]>,
    bound: Option<Fields>,
    producer: Py<Producer>,
}

impl Logger {
    #[inline(always)]
    pub(crate) fn blob(&self) -> &[u8] {
        // SAFETY: points into `owned`, which lives as long as the logger.
        unsafe { std::slice::from_raw_parts(self.blob, self.blob_len) }
    }

    pub(crate) fn facility(&self) -> &str {
        let name = &self.blob()[..usize::from(self.facility_len)];
        std::str::from_utf8(name).unwrap_or_default()
    }

    fn owned(&self) -> &Owned {
        // SAFETY: made with the logger, freed with it.
        unsafe { &*self.owned }
    }
}

static TYPE: GilCell<*mut ffi::PyTypeObject> = GilCell::new(std::ptr::null_mut());

/// A new logger of `producer`.
pub(crate) fn make(
    py: Python<'_>,
    producer: &Py<Producer>,
    facility: &str,
    library: bool,
    bound: Option<Fields>,
) -> PyResult<Py<PyAny>> {
    let name = &facility.as_bytes()[..cut(facility.as_bytes(), FACILITY)];
    let mut blob = name.to_vec();
    blob.extend_from_slice(bound.as_ref().map_or(&[][..], Fields::section));
    let flags = bound.as_ref().map_or(0, Fields::flags);
    let blob_len = blob.len();
    let owned = Box::new(Owned { blob: padded(&blob), bound, producer: producer.clone_ref(py) });
    // SAFETY: the type was made by `register`; the new object is zeroed memory of its size, filled here.
    unsafe {
        let object = ffi::PyType_GenericAlloc(*TYPE.get(), 0);
        if object.is_null() {
            return Err(PyErr::fetch(py));
        }
        let logger = object.cast::<Logger>();
        (*logger).hub = producer.get().hub();
        (*logger).generation = 0;
        (*logger).threshold = -1;
        (*logger).flags = flags;
        (*logger).facility_len = name.len() as u8;
        (*logger).of_library = library;
        (*logger).blob = owned.blob.as_ptr();
        (*logger).blob_len = blob_len;
        (*logger).owned = Box::into_raw(owned);
        Ok(Bound::from_owned_ptr(py, object).unbind())
    }
}

unsafe extern "C" fn dealloc(this: *mut PyObject) {
    // SAFETY: called once, for an object that `make` made.
    unsafe {
        let kind = ffi::Py_TYPE(this);
        let owned = Box::from_raw((*this.cast::<Logger>()).owned);
        let Owned { producer, .. } = *owned;
        ffi::Py_DECREF(producer.into_ptr());
        if let Some(free) = (*kind).tp_free {
            free(this.cast());
        }
        ffi::Py_DECREF(kind.cast());
    }
}

/// Whether the logger's threshold is still that of the level cell.
#[inline(always)]
pub(crate) unsafe fn knows_its_level(logger: *mut Logger) -> bool {
    // SAFETY: the hub lives as long as the logger, the level cell as long as the hub names it.
    unsafe { (*(*(*logger).hub).generation).load(Ordering::Relaxed) == (*logger).generation }
}

/// Whether a record of `level` passes: two loads.
#[inline(always)]
pub(crate) unsafe fn passes(logger: *mut Logger, level: u8) -> bool {
    // SAFETY: as `knows_its_level`.
    unsafe {
        if knows_its_level(logger) {
            i32::from(level) <= (*logger).threshold
        } else {
            levels::admits(logger, level)
        }
    }
}

macro_rules! level_method {
    ($name:ident, $level:literal) => {
        unsafe extern "C" fn $name(
            this: *mut PyObject,
            args: *const *mut PyObject,
            nargs: ffi::Py_ssize_t,
            kwnames: *mut PyObject,
        ) -> *mut PyObject {
            // SAFETY: CPython calls a method of this type with its own object and valid arguments. The calls below end
            // this function: nothing has to be kept for after them.
            unsafe {
                let logger = this.cast::<Logger>();
                if !knows_its_level(logger) {
                    return admitted(logger, $level, args, nargs as usize, kwnames);
                }
                if $level > (*logger).threshold {
                    return none();
                }
                emitted(logger, $level, args, nargs as usize, kwnames)
            }
        }
    };
}

/// A call whose level has to be looked up first.
#[cold]
#[inline(never)]
unsafe extern "C" fn admitted(
    logger: *mut Logger,
    level: u8,
    args: *const *mut PyObject,
    nargs: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: as the method.
    unsafe {
        if levels::admits(logger, level) {
            emitted(logger, level, args, nargs, kwnames)
        } else {
            none()
        }
    }
}

/// One copy of the call's code for all levels: it stays in the instruction cache.
#[inline(never)]
pub(crate) unsafe extern "C" fn emitted(
    logger: *mut Logger,
    level: u8,
    args: *const *mut PyObject,
    nargs: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: as the method.
    unsafe { emit(logger, level, args, nargs, kwnames) }
}

level_method!(emergency, 0);
level_method!(alert, 1);
level_method!(critical, 2);
level_method!(error, 3);
level_method!(warning, 4);
level_method!(notice, 5);
level_method!(info, 6);
level_method!(debug, 7);
level_method!(trace, 8);

unsafe extern "C" fn exception(
    this: *mut PyObject,
    args: *const *mut PyObject,
    nargs: ffi::Py_ssize_t,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: as a level's method.
    unsafe {
        let logger = this.cast::<Logger>();
        if !passes(logger, 3) {
            return none();
        }
        slow::emit(logger, 3, args, nargs as usize, kwnames, true)
    }
}

unsafe extern "C" fn log(
    this: *mut PyObject,
    args: *const *mut PyObject,
    nargs: ffi::Py_ssize_t,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: as a level's method; the level is the first of the arguments.
    unsafe { attached(|py| log_at(py, this, args, nargs, kwnames)).unwrap_or_else(|| none()) }
}

unsafe fn log_at(
    py: Python<'_>,
    this: *mut PyObject,
    args: *const *mut PyObject,
    nargs: ffi::Py_ssize_t,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: as `log`.
    unsafe {
        if nargs < 1 {
            pyo3::exceptions::PyTypeError::new_err("log() needs a level and a message").restore(py);
            return std::ptr::null_mut();
        }
        let given = Bound::from_borrowed_ptr(py, *args);
        let logger = this.cast::<Logger>();
        match level_of(&given) {
            Ok(level) if level < 0 || !passes(logger, level as u8) => none(),
            Ok(level) => emitted(logger, level as u8, args.add(1), nargs as usize - 1, kwnames),
            // Logging does not break the program: the record is kept, as an error, and says what is wrong with it.
            Err(error) if !passes(logger, 3) => drop_error(py, error),
            Err(error) => slow::emit_with_remark(logger, 3, args.add(1), nargs as usize - 1, kwnames, &error),
        }
    }
}

/// None, for a call whose mistake nobody will see: its level is off.
unsafe fn drop_error(_py: Python<'_>, error: PyErr) -> *mut PyObject {
    drop(error);
    // SAFETY: the GIL is held.
    unsafe { none() }
}

/// The number of a level in any form; -1 for "off".
pub(crate) fn level_of(level: &Bound<'_, PyAny>) -> PyResult<i8> {
    // A number 1..8 is itself; everything else is read by the one function that knows all forms.
    if level.is_exact_instance_of::<pyo3::types::PyInt>() {
        if let Ok(number @ 1..=8) = level.extract::<i8>() {
            return Ok(number);
        }
    }
    level.py().import("yarder.level")?.call_method1("parse", (level,))?.extract()
}

/// Runs a method that may fail; panics end here.
unsafe fn guarded(body: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>>) -> *mut PyObject {
    let run = |py: Python<'_>| match body(py) {
        Ok(made) => made.into_ptr(),
        Err(error) => {
            error.restore(py);
            std::ptr::null_mut()
        }
    };
    // SAFETY: CPython calls methods with the GIL held.
    unsafe { attached(run).unwrap_or_else(|| none()) }
}

unsafe extern "C" fn bind(
    this: *mut PyObject,
    args: *const *mut PyObject,
    nargs: ffi::Py_ssize_t,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: as a level's method.
    unsafe {
        guarded(|py| {
            if nargs > 0 {
                return Err(pyo3::exceptions::PyTypeError::new_err("bind() takes fields by keyword: bind(user=1)"));
            }
            let logger = &*this.cast::<Logger>();
            let named = PyDict::new(py);
            let keys = if kwnames.is_null() { 0 } else { ffi::PyTuple_GET_SIZE(kwnames) };
            for index in 0..keys {
                let key = Bound::from_borrowed_ptr(py, ffi::PyTuple_GET_ITEM(kwnames, index));
                named.set_item(key, Bound::from_borrowed_ptr(py, *args.add(index as usize)))?;
            }
            let fields = Fields::build(named.as_any(), logger.owned().bound.as_ref())?;
            make(py, &logger.owned().producer, logger.facility(), logger.of_library, Some(fields))
        })
    }
}

unsafe extern "C" fn unbind(this: *mut PyObject, args: *mut *mut PyObject, nargs: ffi::Py_ssize_t) -> *mut PyObject {
    // SAFETY: as a level's method.
    unsafe {
        guarded(|py| {
            let logger = &*this.cast::<Logger>();
            let names: Vec<Vec<u8>> = (0..nargs as usize).map(|index| text::wtf8(*args.add(index))).collect();
            let fields = logger.owned().bound.as_ref().map(|bound| bound.without(&names));
            make(py, &logger.owned().producer, logger.facility(), logger.of_library, fields)
        })
    }
}

unsafe extern "C" fn is_enabled(this: *mut PyObject, level: *mut PyObject) -> *mut PyObject {
    // SAFETY: as a level's method.
    unsafe {
        guarded(|py| {
            let level = level_of(&Bound::from_borrowed_ptr(py, level))?;
            let enabled = level >= 0 && passes(this.cast(), level as u8);
            Ok(pyo3::types::PyBool::new(py, enabled).to_owned().into_any().unbind())
        })
    }
}

unsafe extern "C" fn copy(this: *mut PyObject, _memo: *mut PyObject) -> *mut PyObject {
    // SAFETY: loggers are immutable: a copy is the same object.
    unsafe {
        ffi::Py_INCREF(this);
    }
    this
}

unsafe extern "C" fn get_facility(this: *mut PyObject, _closure: *mut std::ffi::c_void) -> *mut PyObject {
    // SAFETY: as a level's method.
    unsafe {
        guarded(|py| {
            let logger = &*this.cast::<Logger>();
            let own = logger.facility();
            let name = if own.is_empty() { (*logger.hub).app.as_str() } else { own };
            Ok(PyString::new(py, name).into_any().unbind())
        })
    }
}

unsafe extern "C" fn get_fields(this: *mut PyObject, _closure: *mut std::ffi::c_void) -> *mut PyObject {
    // SAFETY: as a level's method.
    unsafe {
        guarded(|py| match &(*this.cast::<Logger>()).owned().bound {
            Some(bound) => Ok(bound.as_dict(py)?.into_any().unbind()),
            None => Ok(PyDict::new(py).into_any().unbind()),
        })
    }
}

unsafe extern "C" fn repr(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: as a level's method.
    unsafe {
        guarded(|py| {
            let logger = &*this.cast::<Logger>();
            let fields = match &logger.owned().bound {
                Some(bound) => format!(" {}", bound.as_dict(py)?.repr()?),
                None => String::new(),
            };
            let text = format!("<yarder.Logger {:?}{fields}>", logger.facility());
            Ok(PyString::new(py, &text).into_any().unbind())
        })
    }
}

const KEYWORDS: i32 = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;

fn keyword_method(
    name: &'static std::ffi::CStr,
    function: ffi::PyCFunctionFastWithKeywords,
    doc: &'static std::ffi::CStr,
) -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: function },
        ml_flags: KEYWORDS,
        ml_doc: doc.as_ptr(),
    }
}

fn one_argument(
    name: &'static std::ffi::CStr,
    function: ffi::PyCFunction,
    doc: &'static std::ffi::CStr,
) -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: function },
        ml_flags: ffi::METH_O,
        ml_doc: doc.as_ptr(),
    }
}

macro_rules! level_entry {
    ($name:literal, $function:ident, $says:literal) => {
        keyword_method(
            literal(concat!($name, "\0")),
            $function,
            literal(concat!($name, "($self, msg, /, *args, **fields)\n--\n\n", $says, "\0")),
        )
    };
}

/// A literal that ends with NUL as a C string.
const fn literal(text: &'static str) -> &'static std::ffi::CStr {
    match std::ffi::CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("a literal without its NUL"),
    }
}

fn methods() -> Vec<ffi::PyMethodDef> {
    vec![
        level_entry!("emergency", emergency, "Log at level emergency (0): the system is unusable."),
        level_entry!("alert", alert, "Log at level alert (1): somebody must act at once."),
        level_entry!("critical", critical, "Log at level critical (2)."),
        level_entry!("error", error, "Log at level error (3)."),
        level_entry!("warning", warning, "Log at level warning (4)."),
        level_entry!("notice", notice, "Log at level notice (5): normal, but worth a look."),
        level_entry!("info", info, "Log at level info (6)."),
        level_entry!("debug", debug, "Log at level debug (7)."),
        level_entry!("trace", trace, "Log at level trace (8), below RFC 5424's debug."),
        level_entry!("fatal", critical, "The same as `critical`."),
        level_entry!("err", error, "The same as `error`."),
        level_entry!("warn", warning, "The same as `warning`."),
        level_entry!("exception", exception, "`error` with the exception that is being handled."),
        keyword_method(
            c"log",
            log,
            c"log($self, level, msg, /, *args, **fields)\n--\n\nLog at a level given at run time: a `Level`, its number, a name, or stdlib's number.",
        ),
        keyword_method(
            c"bind",
            bind,
            c"bind($self, /, **fields)\n--\n\nA logger that adds these fields to every record; later binds win.",
        ),
        ffi::PyMethodDef {
            ml_name: c"unbind".as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: unbind },
            ml_flags: ffi::METH_FASTCALL,
            ml_doc: c"unbind($self, /, *names)\n--\n\nA logger without these bound fields; unknown names are ignored."
                .as_ptr(),
        },
        one_argument(
            c"is_enabled",
            is_enabled,
            c"is_enabled($self, level, /)\n--\n\nWhether a record of this level would be logged.",
        ),
        ffi::PyMethodDef {
            ml_name: c"__copy__".as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunction: copy },
            ml_flags: ffi::METH_NOARGS,
            ml_doc: c"The same logger: it is immutable.".as_ptr(),
        },
        one_argument(c"__deepcopy__", copy, c"The same logger: it is immutable."),
        ffi::PyMethodDef::zeroed(),
    ]
}

const DOC: &std::ffi::CStr = c"A handle to log with; cheap, immutable, safe in every thread.

Made by `yarder.get_logger` and `Pipeline.logger`. The methods take a message, its %-arguments and, as keywords,
fields; they return None and raise nothing for what happens inside yarder. A call below the level costs about one
native call.";

fn getter(name: &'static std::ffi::CStr, get: ffi::getter, doc: &'static std::ffi::CStr) -> ffi::PyGetSetDef {
    ffi::PyGetSetDef {
        name: name.as_ptr(),
        get: Some(get),
        set: None,
        doc: doc.as_ptr(),
        closure: std::ptr::null_mut(),
    }
}

/// Makes the type and puts it into the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    // CPython keeps both tables for as long as the type.
    let methods = Box::leak(methods().into_boxed_slice());
    let getters = Box::leak(Box::new([
        getter(c"facility", get_facility, c"Name of the component that logs; the app's when none was given."),
        getter(c"fields", get_fields, c"The bound fields."),
        ffi::PyGetSetDef::default(),
    ]));
    let mut slots = [
        ffi::PyType_Slot { slot: ffi::Py_tp_doc, pfunc: DOC.as_ptr().cast_mut().cast() },
        ffi::PyType_Slot { slot: ffi::Py_tp_dealloc, pfunc: dealloc as *mut std::ffi::c_void },
        ffi::PyType_Slot { slot: ffi::Py_tp_repr, pfunc: repr as *mut std::ffi::c_void },
        ffi::PyType_Slot { slot: ffi::Py_tp_methods, pfunc: methods.as_mut_ptr().cast() },
        ffi::PyType_Slot { slot: ffi::Py_tp_getset, pfunc: getters.as_mut_ptr().cast() },
        ffi::PyType_Slot { slot: 0, pfunc: std::ptr::null_mut() },
    ];
    let flags = ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION | ffi::Py_TPFLAGS_IMMUTABLETYPE;
    let mut spec = ffi::PyType_Spec {
        name: c"yarder._core.Logger".as_ptr(),
        basicsize: std::mem::size_of::<Logger>() as i32,
        itemsize: 0,
        flags: flags as u32,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: spec and tables describe `Logger`; the result is a new reference, kept for ever.
    let made = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyType_FromSpec(&raw mut spec))? };
    // SAFETY: the GIL is held.
    unsafe { *TYPE.get() = made.as_ptr().cast() };
    module.add("Logger", &made)?;
    std::mem::forget(made);
    Ok(())
}

/// A logger as its C structure, for callers that have the object.
pub(crate) fn of(object: &Bound<'_, PyAny>) -> Option<*mut Logger> {
    // SAFETY: the type was made when the module was imported.
    unsafe { (ffi::Py_TYPE(object.as_ptr()) == *TYPE.get()).then(|| object.as_ptr().cast::<Logger>()) }
}
