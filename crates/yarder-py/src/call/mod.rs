//! The log call: gather, then commit.
//!
//! **Gather** may run Python code: `plain` measures the usual call, `typed` notes where the bytes of others are, `slow`
//! asks objects for theirs (`str()`, exceptions, `extra`). **Commit** calls nothing of CPython: it reserves, copies and
//! publishes. Where there is no room `pressure` leaves commit, waits, and starts it again.

pub(crate) mod after;
pub(crate) mod ambient;
pub(crate) mod caller;
pub(crate) mod commit;
pub(crate) mod leaving;
pub(crate) mod nested;
pub(crate) mod piece;
mod plain;
pub(crate) mod pressure;
pub(crate) mod shrink;
pub(crate) mod slow;
pub(crate) mod text;
pub(crate) mod thread;
pub(crate) mod typed;
pub(crate) mod value;

use pyo3::ffi::{self, PyObject};

use crate::logger::Logger;
use commit::Parts;
use piece::{Piece, Pieces};
use plain::Call;

/// A call of a level's method that passed the level: None, or null with an error set for the caller of the method.
///
/// # Safety
/// As CPython calls a method: `nargs` objects at `args`, then one for each name in `kwnames`; the GIL is held.
#[inline(always)]
pub(crate) unsafe fn emit(
    logger: *mut Logger,
    level: u8,
    args: *const *mut PyObject,
    nargs: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    let call = Call { args, nargs, kwnames };
    // SAFETY: as the caller promises; what `measure` gives is kept by the caller of the method.
    unsafe {
        if let Some((message, bytes)) = plain::measure(call) {
            if (*(*logger).hub).before {
                after::prepare((*logger).hub);
            }
            if !ambient::is_quiet() {
                return in_context(logger, level, call, message, bytes);
            }
            let around = Around::look(logger, &[], 0);
            if commit(logger, level, call, message, bytes, &around) {
                return none();
            }
        }
        less_usual(logger, level, call)
    }
}

/// A plain call where there may be fields of a context.
#[inline(never)]
unsafe fn in_context(logger: *mut Logger, level: u8, call: Call, message: &[u8], bytes: usize) -> *mut PyObject {
    // SAFETY: as `emit`.
    unsafe {
        let ambient = ambient::gather();
        let around = Around::look(logger, ambient.bytes(), ambient.flags);
        let stored = commit(logger, level, call, message, bytes, &around);
        ambient.release();
        if stored {
            none()
        } else {
            less_usual(logger, level, call)
        }
    }
}

/// Commit of a plain call: reserve, copy, publish. False: nothing was done; there is no room, or no ring.
///
/// # Safety
/// `plain::measure` measured the call, and nothing of CPython was called since `around` was looked up.
#[inline(always)]
unsafe fn commit(
    logger: *mut Logger,
    level: u8,
    call: Call,
    message: &[u8],
    bytes: usize,
    around: &Around<'_>,
) -> bool {
    // SAFETY: the GIL guards the hub; the reference ends before `after`. The parts count what is put.
    unsafe {
        let hub = (*logger).hub;
        let Some(live) = &mut (*hub).live else { return false };
        let parts = Parts {
            args: (call.nargs - 1) as u16,
            fields: call.keys() as u16,
            ..around.parts(logger, level, message, bytes)
        };
        let Some(mut room) = commit::reserve(live, &parts) else { return false };
        parts.head_and_texts(&mut room);
        plain::put(call, &mut room);
        let stamp = room.stamp;
        live.producer.publish_straight(room);
        thread::seen(stamp);
        if (*hub).after >> level & 1 == 1 {
            after::work(hub, level);
        }
    }
    true
}

/// Every call that is not plain, and those for which there was no room.
#[inline(never)]
unsafe fn less_usual(logger: *mut Logger, level: u8, call: Call) -> *mut PyObject {
    let mut pieces = Pieces::new();
    // SAFETY: as `emit`.
    unsafe {
        if (*(*logger).hub).before {
            after::prepare((*logger).hub);
        }
        let Some(message) = typed::gather(&mut pieces, call) else {
            return slow::emit(logger, level, call.args, call.nargs, call.kwnames, false);
        };
        let body = Body {
            message,
            args: call.nargs - 1,
            fields: call.keys(),
            bytes: pieces.bytes,
            pieces: pieces.as_slice(),
            flags: 0,
        };
        if send(logger, level, body, None) {
            return none();
        }
        // A wait for room looks at signals: their handlers may have raised.
        ended(ffi::PyErr_Occurred().is_null())
    }
}

/// What a method returns: None, or null when an error is set.
#[cold]
pub(crate) unsafe fn ended(good: bool) -> *mut PyObject {
    if good {
        // SAFETY: the GIL is held.
        unsafe { none() }
    } else {
        std::ptr::null_mut()
    }
}

/// A new reference to None.
///
/// # Safety
/// The GIL is held.
#[inline(always)]
pub(crate) unsafe fn none() -> *mut PyObject {
    // SAFETY: None is there as long as the interpreter.
    unsafe {
        let none = ffi::Py_None();
        ffi::Py_INCREF(none);
        none
    }
}

/// What the call itself says, gathered.
#[derive(Clone, Copy)]
pub(crate) struct Body<'a> {
    pub(crate) message: &'a [u8],
    pub(crate) args: usize,
    pub(crate) fields: usize,
    pub(crate) pieces: &'a [Piece],
    pub(crate) bytes: usize,
    pub(crate) flags: u16,
}

/// What surrounds a call and belongs to nobody: looked up last, copied before the GIL may be given up.
struct Around<'a> {
    tid: u32,
    flags: u16,
    thread: &'static [u8],
    caller: &'a [u8],
    context: &'a [u8],
}

impl<'a> Around<'a> {
    #[inline(always)]
    unsafe fn look(logger: *mut Logger, context: &'a [u8], flags: u16) -> Around<'a> {
        // SAFETY: the GIL is held.
        unsafe {
            let state = ffi::PyThreadState_Get();
            let (tid, thread_flags, thread) = thread::current(state);
            let caller = if (*(*logger).hub).caller { caller::current(state) } else { &[] };
            Around { tid, flags: flags | thread_flags, thread, caller, context }
        }
    }

    #[inline(always)]
    unsafe fn parts<'b>(&self, logger: *mut Logger, level: u8, message: &'b [u8], piece_bytes: usize) -> Parts<'b>
    where
        'a: 'b,
    {
        // SAFETY: the logger outlives its call.
        let (logger_flags, facility_len, blob) =
            unsafe { ((*logger).flags, (*logger).facility_len, std::ptr::from_ref((*logger).blob())) };
        Parts {
            level,
            flags: self.flags | logger_flags,
            args: 0,
            fields: 0,
            tid: self.tid,
            facility_len,
            message,
            // SAFETY: as above.
            logger: unsafe { &*blob },
            thread: self.thread,
            caller: self.caller,
            context: self.context,
            pieces: &[],
            piece_bytes,
        }
    }
}

/// The end of gather, then commit. False: the record was lost, and counted.
///
/// # Safety
/// The GIL is held; what `body` points to is kept by the caller.
pub(crate) unsafe fn send(logger: *mut Logger, level: u8, body: Body<'_>, caller: Option<&[u8]>) -> bool {
    // SAFETY: as the caller promises. Between the look around and commit nothing of CPython is called.
    unsafe {
        let hub = (*logger).hub;
        let ambient = ambient::gather();
        let around = Around::look(logger, ambient.bytes(), ambient.flags);
        let mut parts = around.parts(logger, level, body.message, body.bytes);
        parts.flags |= body.flags;
        (parts.args, parts.fields, parts.pieces) = (body.args as u16, body.fields as u16, body.pieces);
        parts.caller = caller.unwrap_or(parts.caller);
        let stamp = (*hub).live.as_mut().and_then(|live| commit::straight(live, &parts));
        let accepted = match stamp {
            Some(stamp) => {
                thread::seen(stamp);
                if (*hub).after >> level & 1 == 1 {
                    after::work(hub, level);
                }
                true
            }
            None => pressure::deliver(hub, &parts),
        };
        ambient.release();
        accepted
    }
}
