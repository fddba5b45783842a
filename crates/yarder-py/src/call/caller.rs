//! Where a record was logged: `app.py:12 in f`, made once per call site.
//!
//! A call site is an instruction. Its address is read from the interpreter's own frame (2 ns); where that layout is
//! not what we know, the public functions are used (12 ns).

use pyo3::ffi::{self, PyObject, PyThreadState};
use yarder_core::record::cut;

use crate::gil::GilCell;

/// Sites that are remembered; two that share a place take turns.
const SITES: usize = 2048;
const MOST: usize = 512;

struct Site {
    instruction: usize,
    /// Keeps the instruction where it is, so that its address names this site alone.
    code: *mut PyObject,
    text: Box<[u8]>,
}

static CACHE: GilCell<Vec<Option<Site>>> = GilCell::new(Vec::new());
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
                let cache = &*CACHE.get();
                if let Some(Some(site)) = cache.get(place(instruction)) {
                    if site.instruction == instruction {
                        return extend(&site.text);
                    }
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

/// The text stays until the site is replaced, which takes another call with the GIL held.
#[inline(always)]
unsafe fn extend(text: &[u8]) -> &'static [u8] {
    // SAFETY: see above; callers copy it before the GIL is given up.
    unsafe { &*std::ptr::from_ref(text) }
}

#[cold]
unsafe fn miss(state: *mut PyThreadState) -> &'static [u8] {
    // SAFETY: as `current`.
    unsafe {
        let raw = if *RAW.get() { running(state) } else { None };
        let frame = ffi::PyThreadState_GetFrame(state);
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

unsafe fn keep(instruction: usize, code: *mut PyObject, text: Box<[u8]>) -> &'static [u8] {
    // SAFETY: as `current`; the old site is dropped last, for that may run Python code.
    unsafe {
        let cache = &mut *CACHE.get();
        if cache.is_empty() {
            cache.resize_with(SITES, || None);
        }
        let place = place(instruction);
        let Some(slot) = cache.get_mut(place) else { return b"" };
        let old = slot.replace(Site { instruction, code, text });
        let text = slot.as_ref().map_or(&b""[..], |site| extend(&site.text));
        if let Some(old) = old {
            let held = text.to_vec();
            ffi::Py_DECREF(old.code);
            // A callback of the dropped code may have logged and taken our place; then the site is made again.
            let cache = &*CACHE.get();
            if let Some(Some(site)) = cache.get(place) {
                if site.instruction == instruction && *site.text == *held {
                    return extend(&site.text);
                }
            }
            return b"";
        }
        text
    }
}

/// Text of the frame `level` frames above the running one (1: the running one), for `stacklevel`.
///
/// # Safety
/// The GIL is held.
pub(crate) unsafe fn above(state: *mut PyThreadState, level: i64) -> Vec<u8> {
    // SAFETY: every frame is owned until the next one is.
    unsafe {
        let mut frame = ffi::PyThreadState_GetFrame(state);
        for _ in 1..level.clamp(1, 10_000) {
            if frame.is_null() {
                break;
            }
            let next = ffi::PyFrame_GetBack(frame);
            if next.is_null() {
                break;
            }
            ffi::Py_DECREF(frame.cast());
            frame = next;
        }
        if frame.is_null() {
            return Vec::new();
        }
        let code = ffi::PyFrame_GetCode(frame).cast::<PyObject>();
        let text = render(code, ffi::PyFrame_GetLineNumber(frame));
        ffi::Py_DECREF(code);
        ffi::Py_DECREF(frame.cast());
        text.into_vec()
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
