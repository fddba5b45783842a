//! The log call: gather, then commit.
//!
//! **Gather** may run Python code (`str()` of an argument, a context variable's API): `fast` for the usual call, `slow`
//! for the rest. **Commit** calls nothing of CPython: `deliver` reserves, copies and publishes. Where there is no room
//! `pressure` leaves commit, waits, and starts it again.

pub(crate) mod after;
pub(crate) mod ambient;
pub(crate) mod caller;
pub(crate) mod commit;
pub(crate) mod fast;
pub(crate) mod nested;
pub(crate) mod piece;
pub(crate) mod pressure;
pub(crate) mod shrink;
pub(crate) mod slow;
pub(crate) mod text;
pub(crate) mod thread;
pub(crate) mod value;

use pyo3::ffi::{self, PyObject};

use crate::hub::Hub;
use crate::logger::Logger;
use ambient::Ambient;
use commit::Parts;
use piece::{Piece, Pieces};

/// A call of a level's method that passed the level. False: an error is set, for the caller of the method.
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
) -> bool {
    let mut pieces = Pieces::new();
    // SAFETY: as the caller promises.
    unsafe {
        let Some((text, len)) = fast::gather(&mut pieces, args, nargs, kwnames) else {
            return slow::emit(logger, level, args, nargs, kwnames, false);
        };
        let fields = if kwnames.is_null() { 0 } else { ffi::PyTuple_GET_SIZE(kwnames) as usize };
        let body = Body {
            message: std::slice::from_raw_parts(text, len),
            args: nargs - 1,
            fields,
            pieces: pieces.as_slice(),
            bytes: pieces.bytes,
            flags: 0,
        };
        // A wait for room looks at signals: their handlers may have raised.
        send(logger, level, &body, None) || ffi::PyErr_Occurred().is_null()
    }
}

/// What the call itself says.
pub(crate) struct Body<'a> {
    pub(crate) message: &'a [u8],
    pub(crate) args: usize,
    pub(crate) fields: usize,
    pub(crate) pieces: &'a [Piece],
    pub(crate) bytes: usize,
    pub(crate) flags: u16,
}

/// The end of gather, then commit. False: the record was lost, and counted.
///
/// # Safety
/// The GIL is held; what `body` points to is kept by the caller.
#[inline(always)]
pub(crate) unsafe fn send(logger: *mut Logger, level: u8, body: &Body<'_>, caller: Option<&[u8]>) -> bool {
    // SAFETY: as the caller promises. The call site comes last: its text is valid until Python code may run again.
    unsafe {
        let hub = (*logger).hub;
        let ambient = ambient::gather();
        let state = ffi::PyThreadState_Get();
        let (tid, thread_flags, thread) = thread::current(state);
        let caller = match caller {
            Some(given) => given,
            None if (*hub).wants_caller() => caller::current(state),
            None => b"",
        };
        let parts = Parts {
            level,
            flags: body.flags | thread_flags | ambient.flags | (*logger).flags,
            args: body.args as u16,
            fields: body.fields as u16,
            tid,
            facility_len: (*logger).facility_len,
            message: body.message,
            logger: (*logger).blob(),
            thread,
            caller,
            context: ambient.bytes(),
            pieces: body.pieces,
            piece_bytes: body.bytes,
        };
        let accepted = deliver(hub, &parts);
        done(ambient);
        accepted
    }
}

#[inline(always)]
unsafe fn done(ambient: Ambient) {
    // SAFETY: commit is over, the GIL is held.
    unsafe { ambient.release() }
}

/// Commit, and what is to be done after it. False: lost.
///
/// # Safety
/// The GIL is held; what `parts` points to is kept by the caller, except thread and call site, which `pressure` copies
/// before it waits.
#[inline(always)]
unsafe fn deliver(hub: *mut Hub, parts: &Parts<'_>) -> bool {
    // SAFETY: the GIL guards the hub; the reference ends with the block, and nothing of CPython is called in it.
    let after = unsafe {
        let Some(live) = &mut (*hub).live else { return pressure::deliver(hub, parts) };
        let bytes = parts.bytes();
        if live.producer.has_losses() || bytes > live.most {
            return pressure::deliver(hub, parts);
        }
        let Some(room) = live.producer.reserve(bytes) else { return pressure::deliver(hub, parts) };
        thread::seen(commit::write(room, parts));
        live.after >> parts.level & 1 == 1
    };
    if after {
        // SAFETY: as the caller promises.
        unsafe { after::work(hub, parts.level) };
    }
    true
}
