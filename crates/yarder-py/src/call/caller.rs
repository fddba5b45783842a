//! Where a record was logged: `app.py:12 in f`, made once per call site.
//!
//! A call site is an instruction. Its address is read from the interpreter's own frame (2 ns); where that layout is
//! not what we know, the public functions are used (12 ns).

use std::collections::HashSet;

use pyo3::ffi::{self, PyObject, PyThreadState};
use yarder_core::record::cut;
use yarder_ring::padded;

use crate::gil::GilCell;

/// Sites that are remembered; two that share a place take turns.
const SITES: usize = 2048;
const MOST: usize = 512;

#[derive(Clone, Copy)]
struct Site {
    /// 0 in an empty place.
    instruction: usize,
    text: *const u8,
    len: usize,
    /// Keeps the instruction where it is, so that its address names this site alone.
    code: *mut PyObject,
}

const EMPTY: Site = Site { instruction: 0, text: std::ptr::null(), len: 0, code: std::ptr::null_mut() };
static CACHE: GilCell<[Site; SITES]> = GilCell::new([EMPTY; SITES]);
static RAW: GilCell<bool> = GilCell::new(false);

/// Offsets of what we read, by version.
#[cfg(not(Py_3_12))]
mod offset {
    pub(super) const FRAME_OF_STATE: (usize, Option<usize>) = (56, Some(8));
    pub(super) const CODE: usize = 32;
    pub(super) const INSTRUCTION: usize = 56;
}
#[cfg(all(Py_3_12, not(Py_3_13)))]
mod offset {
    pub(super) const FRAME_OF_STATE: (usize, Option<usize>) = (56, Some(0));
    pub(super) const CODE: usize = 0;
    pub(super) const INSTRUCTION: usize = 56;
}
#[cfg(Py_3_13)]
mod offset {
    pub(super) const FRAME_OF_STATE: (usize, Option<usize>) = (72, None);
    pub(super) const CODE: usize = 0;
    pub(super) const INSTRUCTION: usize = 56;
}

/// Code and instruction of the running frame, from the interpreter's own structures.
#[inline(always)]
unsafe fn running(state: *mut PyThreadState) -> Option<(*mut PyObject, usize)> {
    // SAFETY: the layout was compared with the public functions by `check`; a thread that runs Python code has a
    // frame, one that does not has a null pointer.
    unsafe {
        let word = |base: *const u8, at: usize| base.add(at).cast::<*const u8>().read();
        let mut frame = word(state.cast(), offset::FRAME_OF_STATE.0);
        if let Some(at) = offset::FRAME_OF_STATE.1 {
            frame = word(frame, at);
        }
        if frame.is_null() {
            return None;
        }
        let code = word(frame, offset::CODE).cast_mut().cast::<PyObject>();
        Some((code, word(frame, offset::INSTRUCTION) as usize))
    }
}

/// Compares the layout with the public functions; if they differ, only those are used.
///
/// # Safety
/// The GIL is held, in a call from Python code.
pub(crate) unsafe fn check() {
    // SAFETY: as the caller promises.
    unsafe {
        let state = ffi::PyThreadState_Get();
        let frame = ffi::PyThreadState_GetFrame(state);
        if frame.is_null() {
            return;
        }
        let code = ffi::PyFrame_GetCode(frame);
        *RAW.get() = running(state).is_some_and(|(raw, _)| raw == code.cast());
        ffi::Py_DECREF(code.cast());
        ffi::Py_DECREF(frame.cast());
    }
}

/// Text of the call site; empty when there is no Python code below. Valid until the GIL is given up.
///
/// # Safety
/// The GIL is held; `state` is the running thread's.
#[inline(always)]
pub(crate) unsafe fn current(state: *mut PyThreadState) -> &'static [u8] {
    // SAFETY: the GIL guards the cells; nothing below runs Python code while a reference is alive.
    unsafe {
        if *RAW.get() {
            if let Some((_, instruction)) = running(state) {
                let site = &(*CACHE.get())[place(instruction)];
                if site.instruction == instruction {
                    return std::slice::from_raw_parts(site.text, site.len);
                }
            }
        }
        miss(state)
    }
}

#[inline(always)]
const fn place(instruction: usize) -> usize {
    (instruction >> 1 ^ instruction >> 12) & (SITES - 1)
}

/// File whose frames are no call sites: those of `logging` itself, as in the standard library.
static INTERNAL: GilCell<Vec<u8>> = GilCell::new(Vec::new());

/// Sets that file.
pub(crate) fn set_internal(file: Vec<u8>) {
    // SAFETY: called with the GIL held.
    unsafe { *INTERNAL.get() = file };
}

/// Whether code is of that file.
unsafe fn is_internal(code: *mut PyObject) -> bool {
    // SAFETY: the GIL is held; the attribute of a code object runs no Python code.
    unsafe { !(*INTERNAL.get()).is_empty() && attribute(code, c"co_filename") == *INTERNAL.get() }
}

/// The first frame from `frame` on, which is owned, that is a call site; the last one if none is. Owned, or null.
unsafe fn outside(mut frame: *mut ffi::PyFrameObject) -> *mut ffi::PyFrameObject {
    // SAFETY: every frame is owned until the next one is.
    unsafe {
        while !frame.is_null() {
            let code = ffi::PyFrame_GetCode(frame).cast::<PyObject>();
            let inside = is_internal(code);
            ffi::Py_DECREF(code);
            let next = if inside { ffi::PyFrame_GetBack(frame) } else { std::ptr::null_mut() };
            if next.is_null() {
                break;
            }
            ffi::Py_DECREF(frame.cast());
            frame = next;
        }
        frame
    }
}

#[cold]
unsafe fn miss(state: *mut PyThreadState) -> &'static [u8] {
    // SAFETY: as `current`.
    unsafe {
        let raw = if *RAW.get() { running(state) } else { None };
        let frame = outside(ffi::PyThreadState_GetFrame(state));
        if frame.is_null() {
            return b"";
        }
        let code = ffi::PyFrame_GetCode(frame).cast::<PyObject>();
        let line = ffi::PyFrame_GetLineNumber(frame);
        ffi::Py_DECREF(frame.cast());
        let text = render(code, line);
        let instruction = match raw {
            Some((running, instruction)) if running == code => instruction,
            // No address that names the site: a place of its own, found by nobody.
            _ => 1,
        };
        keep(instruction, code, text)
    }
}

/// Remembers a site. Texts of sites that lose their place are few and kept: another thread may be copying one.
unsafe fn keep(instruction: usize, code: *mut PyObject, text: Box<[u8]>) -> &'static [u8] {
    // SAFETY: as `current`; the old code is dropped last, for that may run Python code.
    unsafe {
        let text: &'static [u8] = reuse(text);
        // A text that is not kept must not be found again.
        let instruction = if std::ptr::eq(text.as_ptr(), (*LAST.get()).as_ptr()) { 1 } else { instruction };
        let place = &mut (*CACHE.get())[place(instruction)];
        let old = std::mem::replace(place, Site { instruction, text: text.as_ptr(), len: text.len(), code });
        ffi::Py_XDECREF(old.code);
        text
    }
}

/// The one text that is not kept.
static LAST: GilCell<Vec<u8>> = GilCell::new(Vec::new());

/// Texts that are kept for ever; a program that makes code without end gets no more of them.
const TEXTS: usize = 65_536;

/// Texts by themselves: a program has as many as call sites, however often they take turns in the cache.
unsafe fn reuse(text: Box<[u8]>) -> &'static [u8] {
    static KNOWN: GilCell<Option<HashSet<&'static [u8]>>> = GilCell::new(None);
    // SAFETY: the GIL guards the cell; nothing here calls CPython.
    unsafe {
        let texts = (*KNOWN.get()).get_or_insert_with(HashSet::new);
        if let Some(known) = texts.get(&*text) {
            return known;
        }
        if texts.len() >= TEXTS {
            *LAST.get() = padded(&text).into_vec();
            return &(&*LAST.get())[..text.len()];
        }
        let kept: &'static [u8] = &Box::leak(padded(&text))[..text.len()];
        texts.insert(kept);
        kept
    }
}

/// Text of the frame `level` frames above the running one (1: the running one), for `stacklevel`: padded, and its length.
///
/// # Safety
/// The GIL is held.
pub(crate) unsafe fn above(state: *mut PyThreadState, level: i64) -> (Box<[u8]>, usize) {
    // SAFETY: every frame is owned until the next one is.
    unsafe {
        let mut frame = outside(ffi::PyThreadState_GetFrame(state));
        for _ in 1..level.clamp(1, 10_000) {
            if frame.is_null() {
                break;
            }
            let next = ffi::PyFrame_GetBack(frame);
            if next.is_null() {
                break;
            }
            ffi::Py_DECREF(frame.cast());
            frame = outside(next);
        }
        if frame.is_null() {
            return (padded(b""), 0);
        }
        let code = ffi::PyFrame_GetCode(frame).cast::<PyObject>();
        let text = render(code, ffi::PyFrame_GetLineNumber(frame));
        ffi::Py_DECREF(code);
        ffi::Py_DECREF(frame.cast());
        (padded(&text), text.len())
    }
}

unsafe fn render(code: *mut PyObject, line: i32) -> Box<[u8]> {
    // SAFETY: a code object has both attributes; what cannot be read is left out.
    unsafe {
        let mut text = attribute(code, c"co_filename");
        let name = attribute(code, c"co_name");
        if let Some(at) = text.iter().rposition(|byte| *byte == b'/') {
            text.drain(..=at);
        }
        text.extend_from_slice(format!(":{line} in ").as_bytes());
        text.extend_from_slice(&name);
        text.truncate(cut(&text, MOST));
        text.into_boxed_slice()
    }
}

unsafe fn attribute(code: *mut PyObject, name: &std::ffi::CStr) -> Vec<u8> {
    // SAFETY: the value is owned here; leaves no error set.
    unsafe {
        let value = ffi::PyObject_GetAttrString(code, name.as_ptr());
        if value.is_null() {
            ffi::PyErr_Clear();
            return Vec::new();
        }
        let text = super::text::wtf8(value);
        ffi::Py_DECREF(value);
        text
    }
}
