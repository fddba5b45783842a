//! State that the GIL guards, and the one way to give the GIL up.

use std::cell::UnsafeCell;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

use pyo3::ffi;
use pyo3::impl_::trampoline::{noargs, MethodDef};
use pyo3::prelude::*;
use yarder_core::trace;
use yarder_ring::sys;

/// A static that is only touched by the holder of the GIL.
pub(crate) struct GilCell<T>(UnsafeCell<T>);

// SAFETY: every access holds the GIL, as the callers of `get` promise.
unsafe impl<T> Sync for GilCell<T> {}

impl<T> GilCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        GilCell(UnsafeCell::new(value))
    }

    /// The value. Hold the GIL, and no reference across anything that may give it up.
    #[inline(always)]
    pub(crate) const fn get(&self) -> *mut T {
        self.0.get()
    }
}

extern "C" {
    #[cfg_attr(not(Py_3_13), link_name = "_Py_IsFinalizing")]
    fn Py_IsFinalizing() -> libc::c_int;
}

/// Runs `body` in a thread that holds the GIL but came here past PyO3, so that PyO3 knows, and drops references at once
/// instead of keeping them for later.
///
/// Not by `Python::attach`: its `PyGILState_Ensure` waits for ever in a process that made a subinterpreter. This goes
/// through what PyO3 puts around each function that it makes, which is not part of its promised interface: hence the
/// exact version in Cargo.toml.
///
/// `None`: it panicked, which is a bug of ours and no reason to break the program.
///
/// # Safety
/// The GIL is held.
pub(crate) unsafe fn attached<T>(body: impl for<'py> FnOnce(Python<'py>) -> T) -> Option<T> {
    struct Run;
    impl MethodDef<noargs::Func> for Run {
        const METH: noargs::Func = run;
    }
    unsafe fn run(py: Python<'_>, task: *mut ffi::PyObject) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: `task` is the address of the closure below, in a frame that waits for us.
        let task = unsafe { &mut *task.cast::<&mut dyn FnMut(Python<'_>)>() };
        task(py);
        Ok(std::ptr::null_mut())
    }
    let (mut body, mut made) = (Some(body), None);
    let mut task = |py: Python<'_>| made = body.take().map(|body| body(py));
    let mut task: &mut dyn FnMut(Python<'_>) = &mut task;
    // SAFETY: as the caller promises; the first argument is handed on to `run` untouched.
    unsafe { noargs::<Run>((&raw mut task).cast(), std::ptr::null_mut()) };
    if made.is_none() {
        // SAFETY: as the caller promises.
        unsafe { ffi::PyErr_Clear() };
        trace::event("python", trace::WARNING, || "a log call panicked; its record may be lost".to_owned());
    }
    made
}

/// Whether this is the thread that the process began with, which is the one that finalises the interpreter.
#[inline]
pub(crate) fn is_main_thread() -> bool {
    sys::tid() == sys::pid()
}

/// Runs `body` without the GIL.
///
/// An interpreter that is going away kills every other thread that asks for the GIL, with an unwinding that Rust
/// frames do not survive. So a thread that would ask then sleeps instead, until the process is gone.
///
/// # Safety
/// The caller holds the GIL and keeps no reference to what it guards.
pub(crate) unsafe fn without_gil<T>(body: impl FnOnce() -> T) -> T {
    // SAFETY: the caller holds the GIL.
    let state = unsafe { ffi::PyEval_SaveThread() };
    let made = catch_unwind(AssertUnwindSafe(body));
    // SAFETY: a question without arguments; the answer may be asked for without the GIL.
    while crate::call::leaving::is_leaving() || unsafe { Py_IsFinalizing() } != 0 && !is_main_thread() {
        // SAFETY: sleeps until a signal.
        unsafe { libc::pause() };
    }
    // SAFETY: the state is the one that was saved above, by this thread.
    unsafe { ffi::PyEval_RestoreThread(state) };
    made.unwrap_or_else(|cause| resume_unwind(cause))
}
