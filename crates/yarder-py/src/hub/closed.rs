//! Records that no ring takes: after `shutdown`, before anything could be started. One human line on stderr each.

use pyo3::ffi;
use pyo3::prelude::*;
use yarder_core::format::{Formatter, Human, Source, Tz};
use yarder_core::record::RecordView;
use yarder_ring::layout::Reason;
use yarder_ring::sys;

use super::Hub;
use crate::call::commit::Parts;
use crate::call::text::to_str;
use crate::gil::attached;

/// Writes a record to stderr and counts it. Always false: it is in no destination.
///
/// # Safety
/// The GIL is held; Python code may run (the `write` of a replaced stderr).
pub(crate) unsafe fn say(hub: *mut Hub, parts: &Parts<'_>) -> bool {
    // SAFETY: as the caller promises; the reference ends before Python code runs.
    let app = unsafe {
        (*hub).past.lost[Reason::Closed as usize] += 1;
        let app = &(*hub).app;
        if app.is_empty() {
            "python".to_owned()
        } else {
            app.clone()
        }
    };
    let bytes = parts.to_vec(0, 0);
    let mut line = Vec::new();
    if let Ok(view) = RecordView::parse(&bytes) {
        let source = Source::new(&app, sys::pid(), &sys::hostname(), 0, &sys::process_name());
        let mut human = Formatter::Human(Human::new(Tz::parse("local").unwrap_or_else(Tz::utc), false));
        human.line(&view, &source, sys::realtime_ns(), &mut line);
    }
    // SAFETY: as the caller promises.
    let _ = unsafe { attached(|py| write(py, &line)) };
    false
}

/// To `sys.stderr` if it was replaced, else straight to the descriptor. Leaves no error set.
unsafe fn write(py: Python<'_>, line: &[u8]) {
    // SAFETY: borrowed references, the GIL is held.
    let replaced = unsafe {
        let now = ffi::PySys_GetObject(c"stderr".as_ptr());
        let original = ffi::PySys_GetObject(c"__stderr__".as_ptr());
        if now == original {
            None
        } else {
            Bound::from_borrowed_ptr_or_opt(py, now)
        }
    };
    // What cannot be said cannot be said: the loss is counted.
    match replaced {
        Some(stream) if !stream.is_none() => drop(stream.call_method1("write", (to_str(py, line),))),
        Some(_) => {}
        None => yarder_core::trace::to_stderr(line),
    }
}
