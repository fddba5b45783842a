//! State that the GIL guards, and the one way to give the GIL up.

use std::cell::UnsafeCell;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

use pyo3::ffi;
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
    while unsafe { Py_IsFinalizing() } != 0 && !is_main_thread() {
        // SAFETY: sleeps until a signal.
        unsafe { libc::pause() };
    }
    // SAFETY: the state is the one that was saved above, by this thread.
    unsafe { ffi::PyEval_RestoreThread(state) };
    made.unwrap_or_else(|cause| resume_unwind(cause))
}
