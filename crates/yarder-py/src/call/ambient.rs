//! Fields that no call names: those of `yarder.context`, and the ids of OpenTelemetry's current span.

use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::fields::Fields;
use crate::gil::{attached, GilCell};
use crate::raw;

struct State {
    /// The context variable; null until the module is imported.
    variable: *mut PyObject,
    /// Whether any `Fields` for it was ever made.
    used: bool,
    /// `sys.modules`, its size at the last look, and whether OpenTelemetry's API was in it.
    modules: *mut PyObject,
    seen: isize,
    telemetry: bool,
    /// Neither `used` nor `telemetry`.
    quiet: bool,
}

static STATE: GilCell<State> = GilCell::new(State {
    variable: std::ptr::null_mut(),
    used: false,
    modules: std::ptr::null_mut(),
    seen: 0,
    telemetry: false,
    quiet: true,
});

/// Makes the context variable.
pub(crate) fn make(py: Python<'_>) -> PyResult<Py<PyAny>> {
    // SAFETY: the GIL is held; both objects are kept for ever.
    unsafe {
        let variable = ffi::PyContextVar_New(c"yarder_context".as_ptr(), ffi::Py_None());
        let owned = Bound::from_owned_ptr_or_err(py, variable)?;
        ffi::Py_INCREF(variable);
        let modules = ffi::PyImport_GetModuleDict();
        ffi::Py_INCREF(modules);
        let state = &mut *STATE.get();
        state.variable = variable;
        state.modules = modules;
        Ok(owned.unbind())
    }
}

/// From now on calls look at the variable.
pub(crate) fn use_it() {
    // SAFETY: called with the GIL held.
    unsafe {
        (*STATE.get()).used = true;
        (*STATE.get()).quiet = false;
    }
}

/// The context section of a record, and what keeps its bytes; `release` it after commit.
pub(crate) struct Ambient {
    bytes: *const [u8],
    held: *mut PyObject,
    joined: Option<Box<[u8]>>,
    pub(crate) flags: u16,
}

impl Ambient {
    #[inline(always)]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the bytes are static, of `held`, or of `joined`.
        unsafe { &*self.bytes }
    }

    /// Drops what was held. May run Python code.
    #[inline(always)]
    pub(crate) unsafe fn release(self) {
        if !self.held.is_null() {
            // SAFETY: owned by us, the GIL is held.
            unsafe { ffi::Py_DECREF(self.held) };
        }
    }
}

const NOTHING: &[u8] = &[];

/// Whether nothing surrounds any call: `context` was never used, and OpenTelemetry is not loaded.
///
/// # Safety
/// The GIL is held.
#[inline(always)]
pub(crate) unsafe fn is_quiet() -> bool {
    // SAFETY: the GIL guards the cell.
    unsafe {
        let state = STATE.get();
        (*state).quiet && raw::dict_len((*state).modules) == (*state).seen
    }
}

/// What surrounds the running call.
///
/// # Safety
/// The GIL is held.
#[inline(always)]
pub(crate) unsafe fn gather() -> Ambient {
    let mut ambient = Ambient { bytes: NOTHING, held: std::ptr::null_mut(), joined: None, flags: 0 };
    // SAFETY: the GIL guards the cell.
    unsafe {
        let state = STATE.get();
        if (*state).used {
            context(&mut ambient, (*state).variable);
        }
        if raw::dict_len((*state).modules) != (*state).seen {
            look_again();
        }
        if (*state).telemetry {
            telemetry(&mut ambient);
        }
    }
    ambient
}

#[inline]
unsafe fn context(ambient: &mut Ambient, variable: *mut PyObject) {
    let mut value = std::ptr::null_mut();
    // SAFETY: the variable is ours; the value is a new reference.
    unsafe {
        if ffi::PyContextVar_Get(variable, std::ptr::null_mut(), &raw mut value) != 0 {
            ffi::PyErr_Clear();
            return;
        }
        if value.is_null() {
            return;
        }
        ambient.held = value;
        if let Some(fields) = Fields::of(value) {
            ambient.bytes = fields.section();
            ambient.flags = fields.flags();
        }
    }
}

#[cold]
unsafe fn look_again() {
    // SAFETY: the GIL guards the cell.
    unsafe {
        let state = STATE.get();
        let modules = (*state).modules;
        (*state).seen = ffi::PyDict_Size(modules);
        (*state).telemetry = !ffi::PyDict_GetItemString(modules, c"opentelemetry.trace".as_ptr()).is_null();
        (*state).quiet = !(*state).used && !(*state).telemetry;
    }
}

/// Adds trace and span of the current span. The API's context object is compared by identity: while it stays the
/// same, so do its fields.
#[cold]
unsafe fn telemetry(ambient: &mut Ambient) {
    // SAFETY: the GIL is held by whoever logs.
    let _ = unsafe { attached(|py| telemetry_in(py, ambient)) };
}

unsafe fn telemetry_in(py: Python<'_>, ambient: &mut Ambient) {
    static LAST: GilCell<(*mut PyObject, *mut PyObject)> = GilCell::new((std::ptr::null_mut(), std::ptr::null_mut()));
    let _inside = super::leaving::enter();
    let Ok((variable, fields)) = doors(py) else { return };
    let mut context = std::ptr::null_mut();
    // SAFETY: a context variable, or None which is refused with an error; references are owned.
    unsafe {
        if variable.is_none() || ffi::PyContextVar_Get(variable.as_ptr(), std::ptr::null_mut(), &raw mut context) != 0 {
            ffi::PyErr_Clear();
            return;
        }
        if context.is_null() {
            return;
        }
        if (*LAST.get()).0 != context {
            let made = match fields.call1((Bound::from_borrowed_ptr(py, context),)) {
                Ok(made) => made.into_ptr(),
                Err(_) => std::ptr::null_mut(),
            };
            ffi::Py_INCREF(context);
            let old = std::mem::replace(&mut *LAST.get(), (context, made));
            ffi::Py_XDECREF(old.0);
            ffi::Py_XDECREF(old.1);
        }
        ffi::Py_DECREF(context);
        let made = (*LAST.get()).1;
        let Some(found) = Fields::of(made) else { return };
        ambient.flags |= found.flags();
        let joined = crate::fields::join(found.section(), ambient.bytes());
        let joined = ambient.joined.insert(joined.into_boxed_slice());
        ambient.bytes = std::ptr::from_ref::<[u8]>(joined);
    }
}

/// The API's context variable and our function that reads it.
fn doors(py: Python<'_>) -> PyResult<(Bound<'_, PyAny>, Bound<'_, PyAny>)> {
    static DOORS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let module = DOORS.get_or_try_init(py, || Ok::<_, PyErr>(py.import("yarder.emit.otel")?.into_any().unbind()))?;
    let module = module.bind(py);
    Ok((module.call_method0("context_var")?, module.getattr("fields")?))
}
