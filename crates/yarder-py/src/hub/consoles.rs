//! Consoles: a terminal or a replaced stream is written by the calling thread, a pipe or a file by the native one.
//!
//! `sys.stderr` is looked at after each record that is for it, so that a stream that was replaced (by a test, a
//! notebook, `redirect_stderr`) gets what is logged while it is there.

use std::sync::Arc;
use std::time::Duration;

use pyo3::ffi;
use pyo3::prelude::*;
use yarder_core::format::{Formatter, Human, Trace, Tz};
use yarder_core::local::{Console as Descriptor, LocalDrain, OutletId};
use yarder_core::plan::Layout;

use super::recipe::Console;
use super::Hub;
use crate::call::text::to_str;
use crate::gil::GilCell;

/// What a console writes to at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A terminal: the calling thread writes, without waiting.
    Terminal,
    /// Pipe, file or socket: the native thread writes; error and worse before the call returns.
    Descriptor,
    /// A stream that is not the interpreter's own: its `write` is called.
    Replaced,
    /// `sys.stderr` is None, or its descriptor is closed.
    Nowhere,
}

/// One console and its place in the drain.
pub(crate) struct Slot {
    pub(crate) console: Console,
    tz: String,
    patience: Duration,
    kind: Kind,
    outlet: Option<OutletId>,
    /// The stream that was there at the last look; owned, so that its address names it.
    seen: *mut ffi::PyObject,
    /// Text that a stream had not got when it was replaced.
    left: Option<(Py<PyAny>, String)>,
}

impl Slot {
    pub(crate) fn new(py: Python<'_>, console: Console, tz: &str, patience: Duration, drain: &LocalDrain) -> Slot {
        let seen = std::ptr::null_mut();
        let mut slot =
            Slot { console, tz: tz.to_owned(), patience, kind: Kind::Nowhere, outlet: None, seen, left: None };
        slot.look(py, drain);
        slot
    }

    /// Follows a stream that was replaced.
    fn look(&mut self, py: Python<'_>, drain: &LocalDrain) {
        let (name, original) = self.console.stream.names();
        // SAFETY: borrowed references, the GIL is held; what is kept is owned.
        unsafe {
            let now = ffi::PySys_GetObject(name.as_ptr());
            if now == self.seen && !now.is_null() {
                return;
            }
            let original = ffi::PySys_GetObject(original.as_ptr());
            ffi::Py_XINCREF(now);
            let old = std::mem::replace(&mut self.seen, now);
            if let Some(outlet) = self.outlet.take() {
                drain.drain();
                let mut text = String::new();
                if drain.take_text(outlet, &mut text) {
                    self.left = Bound::from_borrowed_ptr_or_opt(py, old).map(|stream| (stream.unbind(), text));
                }
                drain.remove(outlet);
            }
            self.kind = self.kind_of(now, original);
            ffi::Py_XDECREF(old);
        }
        self.open(py, drain);
    }

    unsafe fn kind_of(&self, now: *mut ffi::PyObject, original: *mut ffi::PyObject) -> Kind {
        // SAFETY: comparing addresses; isatty takes any number.
        unsafe {
            if now.is_null() || now == ffi::Py_None() {
                Kind::Nowhere
            } else if now != original {
                Kind::Replaced
            } else if libc::isatty(self.console.stream.fd()) == 1 {
                Kind::Terminal
            } else {
                Kind::Descriptor
            }
        }
    }

    fn open(&mut self, _py: Python<'_>, drain: &LocalDrain) {
        let color = self.console.color.unwrap_or(self.kind == Kind::Terminal);
        let formatter = self.formatter(color);
        let filter = self.console.filter();
        self.outlet = match self.kind {
            Kind::Nowhere => None,
            Kind::Replaced => Some(drain.add_text(formatter, &filter)),
            Kind::Terminal | Kind::Descriptor => {
                match Descriptor::open(self.console.stream.fd(), formatter, self.patience) {
                    Ok(console) => Some(drain.add_console(console, &filter)),
                    Err(_) => {
                        self.kind = Kind::Nowhere;
                        None
                    }
                }
            }
        };
    }

    fn formatter(&self, color: bool) -> Formatter {
        let tz = Tz::parse(&self.tz).unwrap_or_else(Tz::utc);
        if self.console.format != Layout::Human {
            return self.console.format.formatter(&tz);
        }
        let trace = self.console.traceback.as_deref().and_then(Trace::parse).unwrap_or_default();
        Formatter::Human(Human::new(tz, color).with_local(self.console.show_locals).with_traceback(trace))
    }

    const fn is_written_by_callers(&self) -> bool {
        matches!(self.kind, Kind::Terminal | Kind::Replaced)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // SAFETY: the reference is ours; a slot is dropped with the GIL held (a forked child forgets it instead).
        unsafe { ffi::Py_XDECREF(self.seen) };
    }
}

/// Follows streams that were replaced since the last record.
///
/// # Safety
/// The GIL is held; Python code may run (the end of the stream that was there).
pub(crate) unsafe fn look(py: Python<'_>, hub: *mut Hub) {
    // SAFETY: the reference into the hub ends before Python code runs, but for the drop of a stream that nobody else
    // holds, which finds every slot in order.
    unsafe {
        let Some(live) = &mut (*hub).live else { return };
        if !live.is_own() {
            return;
        }
        let Some(drain) = live.local.clone() else { return };
        for slot in &mut live.consoles {
            slot.look(py, &drain);
        }
    }
}

/// After a record of `level`: the calling thread's part of the work.
///
/// # Safety
/// The GIL is held; Python code may run (the `write` of a replaced stream).
pub(crate) unsafe fn serve(py: Python<'_>, hub: *mut Hub, level: u8) {
    // SAFETY: the reference into the hub ends before Python code runs.
    let texts = unsafe {
        let Some(live) = &mut (*hub).live else { return };
        let Some(drain) = live.local.clone() else { return };
        let mut here = level <= 3;
        for slot in &live.consoles {
            here |= slot.is_written_by_callers() && slot.console.takes(level);
        }
        if !here {
            return;
        }
        drain.drain();
        texts(py, live, &drain)
    };
    for text in texts {
        text.hand_over(py);
    }
}

/// Hands out what is in the ring and all text that waits for a replaced stream.
///
/// # Safety
/// As `serve`.
pub(crate) unsafe fn flush(py: Python<'_>, hub: *mut Hub) {
    // SAFETY: as `serve`.
    let texts = unsafe {
        let Some(live) = &mut (*hub).live else { return };
        let Some(drain) = live.local.clone() else { return };
        drain.drain();
        texts(py, live, &drain)
    };
    for text in texts {
        text.hand_over(py);
    }
}

/// Text on its way to a replaced stream, handed over when every reference into the hub is gone.
pub(crate) struct Text {
    stream: Py<PyAny>,
    drain: Arc<LocalDrain>,
    /// Where more of it comes from, unless the stream was replaced meanwhile.
    outlet: Option<OutletId>,
    text: String,
}

/// What waits for replaced streams.
pub(crate) fn texts(py: Python<'_>, live: &mut super::Live, drain: &Arc<LocalDrain>) -> Vec<Text> {
    let mut waiting = Vec::new();
    for slot in &mut live.consoles {
        if let Some((stream, text)) = slot.left.take() {
            waiting.push(Text { stream, drain: Arc::clone(drain), outlet: None, text });
        }
        if slot.kind == Kind::Replaced {
            // SAFETY: the slot owns the stream.
            let stream = unsafe { Bound::from_borrowed_ptr_or_opt(py, slot.seen) };
            if let Some(stream) = stream {
                let (stream, drain) = (stream.unbind(), Arc::clone(drain));
                waiting.push(Text { stream, drain, outlet: slot.outlet, text: String::new() });
            }
        }
    }
    waiting
}

/// Rounds of one hand-over: a stream whose `write` logs would keep it going for ever.
const ROUNDS: usize = 8;

impl Text {
    /// Writes it. One thread at a time, and never inside itself: who comes meanwhile leaves its text to the one that is
    /// at it.
    pub(crate) fn hand_over(mut self, py: Python<'_>) {
        static BUSY: GilCell<bool> = GilCell::new(false);
        // SAFETY: the GIL guards the cell.
        unsafe {
            if *BUSY.get() && self.text.is_empty() {
                return;
            }
            *BUSY.get() = true;
        }
        for _ in 0..ROUNDS {
            if let Some(outlet) = self.outlet {
                self.drain.take_text(outlet, &mut self.text);
            }
            if self.text.is_empty() {
                break;
            }
            let text = std::mem::take(&mut self.text);
            let stream = self.stream.bind(py);
            let made = stream.call_method1("write", (to_str(py, text.as_bytes()),));
            if made.and_then(|_| stream.call_method0("flush")).is_err() {
                // A closed or broken stream: its lines are lost, as a closed terminal's are.
                let lines = text.lines().filter(|line| !line.starts_with("  ")).count();
                self.drain.ring().count_local_lost(0, lines as u64);
                break;
            }
            self.drain.drain();
        }
        // SAFETY: as above.
        unsafe { *BUSY.get() = false };
    }
}
