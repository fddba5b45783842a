//! The end of the interpreter, for threads that are still in here.
//!
//! A thread that asks for the GIL after that is killed by CPython (before 3.14) with an unwinding that Rust frames do
//! not survive. So the last function that `atexit` calls says that the end has come and waits for threads that may be
//! running Python code inside a log call; who comes later and would run some sleeps until the process is gone.
//! Calls with plain values run none: they go on to the last moment.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::gil::{is_main_thread, without_gil};

static LEAVING: AtomicBool = AtomicBool::new(false);
static INSIDE: AtomicUsize = AtomicUsize::new(0);

/// How long the end waits for them.
const PATIENCE: Duration = Duration::from_secs(1);

/// Kept while Python code may run inside a native call.
pub(crate) struct Inside(());

impl Drop for Inside {
    fn drop(&mut self) {
        // Guarded by the GIL; a forked child begins at 0, also in the middle of a call.
        INSIDE.store(INSIDE.load(Ordering::Relaxed).saturating_sub(1), Ordering::Relaxed);
    }
}

/// Before Python code runs in a native call. Does not return in a thread that would be killed meanwhile.
pub(crate) fn enter() -> Inside {
    if is_leaving() {
        // SAFETY: called with the GIL held; nothing of it is borrowed by a call that has just begun.
        unsafe { without_gil(|| ()) };
    }
    INSIDE.fetch_add(1, Ordering::Relaxed);
    Inside(())
}

/// In a forked child: the threads that were inside are the parent's.
pub(crate) fn forget() {
    INSIDE.store(0, Ordering::Relaxed);
}

/// Whether this thread must not ask for the GIL any more.
pub(crate) fn is_leaving() -> bool {
    LEAVING.load(Ordering::Relaxed) && !is_main_thread()
}

/// The last function of `atexit`.
#[pyfunction]
pub(crate) fn leave() {
    let until = Instant::now() + PATIENCE;
    LEAVING.store(true, Ordering::Relaxed);
    while INSIDE.load(Ordering::Relaxed) > 0 && Instant::now() < until {
        // SAFETY: the GIL is held in a function; nothing of it is borrowed.
        unsafe { without_gil(|| std::thread::park_timeout(Duration::from_millis(1))) };
    }
}

/// Registers `leave`. What is registered first runs last: the import of this module comes before all of ours.
pub(crate) fn register(py: Python<'_>) -> PyResult<()> {
    let leave = wrap_pyfunction!(leave, py)?;
    py.import("atexit")?.call_method1("register", (leave,))?;
    Ok(())
}
