//! Who logs: thread id and name, looked up when another thread takes its turn and once a second.

use pyo3::ffi::{self, PyObject, PyThreadState};
use yarder_core::record::flag;
use yarder_ring::{clock, sys};

use crate::gil::GilCell;
use crate::raw;

const NAME: usize = 128;

/// What is known of the thread that logged last.
pub(crate) struct Thread {
    state: *mut PyThreadState,
    /// Word that no other thread has, unlike the address of its state, which is used again.
    word: u64,
    tid: u32,
    flags: u16,
    len: u8,
    name: [u8; NAME],
    /// Counter at the last look at the name.
    looked: u64,
    /// False: look again. A second has passed, or this is a forked child, which has other ids.
    known: bool,
}

static LAST: GilCell<Thread> = GilCell::new(Thread {
    state: std::ptr::null_mut(),
    word: 0,
    tid: 0,
    flags: 0,
    len: 0,
    name: [0; NAME],
    looked: 0,
    known: false,
});

extern "C" {
    fn PyThread_get_thread_ident() -> libc::c_ulong;
}

/// The running thread: (native id, record flags, name). The name is valid until the GIL is given up.
///
/// # Safety
/// The GIL is held; `state` is the running thread's.
#[inline(always)]
pub(crate) unsafe fn current(state: *mut PyThreadState) -> (u32, u16, &'static [u8]) {
    // SAFETY: the GIL guards the cell; the reference does not outlive this call of the log method.
    unsafe {
        let last = &*LAST.get();
        if last.state != state || last.word != raw::thread_word(state) || !last.known {
            look(state);
        }
        let last = &*LAST.get();
        (last.tid, last.flags, last.name.get_unchecked(..usize::from(last.len)))
    }
}

/// After a record: lets the next call look at the name again once a second.
#[inline(always)]
pub(crate) fn seen(stamp: u64) {
    // SAFETY: called with the GIL held, at the end of a log call.
    unsafe {
        let last = LAST.get();
        if stamp.wrapping_sub((*last).looked) > SECOND.load(std::sync::atomic::Ordering::Relaxed) {
            (*last).known = false;
        }
    }
}

/// A forked child is another thread.
pub(crate) fn forget() {
    // SAFETY: called with the GIL held.
    unsafe { (*LAST.get()).known = false }
}

static SECOND: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(u64::MAX);

/// Counter ticks in a second, set when the module is imported.
pub(crate) fn set_second() {
    let hz = clock::counter_hz();
    let ticks = if hz > 0.0 { hz as u64 } else { 1_000_000_000 };
    SECOND.store(ticks, std::sync::atomic::Ordering::Relaxed);
}

#[cold]
unsafe fn look(state: *mut PyThreadState) {
    let tid = sys::tid();
    let main = tid == sys::pid();
    let mut name = [0; NAME];
    // SAFETY: the GIL is held. The look-up may run Python code of a thread subclass that logs itself: it comes back
    // here and is answered anew, so the cell is only written after it.
    let len = unsafe { name_of(&mut name) };
    let named_main = main && (len == 0 || &name[..len] == b"MainThread");
    // SAFETY: as above; no reference to the cell is alive.
    unsafe {
        *LAST.get() = Thread {
            state,
            word: raw::thread_word(state),
            tid,
            flags: if named_main { flag::MAIN_THREAD } else { 0 },
            len: if named_main { 0 } else { len as u8 },
            name,
            looked: clock::counter(),
            known: true,
        };
    }
}

/// Name of the running thread as `threading` knows it, cut to fit; 0 bytes when that module is not loaded or does not
/// know the thread. Leaves no error set.
unsafe fn name_of(into: &mut [u8; NAME]) -> usize {
    // SAFETY: borrowed references are used before anything could drop them; owned ones are dropped.
    unsafe {
        let modules = ffi::PyImport_GetModuleDict();
        let threading = ffi::PyDict_GetItemString(modules, c"threading".as_ptr());
        if threading.is_null() {
            return 0;
        }
        let active = ffi::PyObject_GetAttrString(threading, c"_active".as_ptr());
        if active.is_null() {
            ffi::PyErr_Clear();
            return 0;
        }
        let ident = ffi::PyLong_FromUnsignedLong(PyThread_get_thread_ident());
        let thread = if ffi::PyDict_Check(active) != 0 && !ident.is_null() {
            ffi::PyDict_GetItemWithError(active, ident)
        } else {
            std::ptr::null_mut()
        };
        let len = if thread.is_null() { 0 } else { text_of(thread, into) };
        ffi::PyErr_Clear();
        ffi::Py_XDECREF(ident);
        ffi::Py_DECREF(active);
        len
    }
}

unsafe fn text_of(thread: *mut PyObject, into: &mut [u8; NAME]) -> usize {
    // SAFETY: the thread is kept by `_active` until the attribute is ours.
    unsafe {
        ffi::Py_INCREF(thread);
        let name = ffi::PyObject_GetAttrString(thread, c"_name".as_ptr());
        ffi::Py_DECREF(thread);
        if name.is_null() {
            return 0;
        }
        let mut len = 0;
        if ffi::PyUnicode_Check(name) != 0 {
            if let Some((data, length)) = super::typed::text(name) {
                let text = std::slice::from_raw_parts(data, length);
                len = yarder_core::record::cut(text, NAME);
                into[..len].copy_from_slice(&text[..len]);
            }
        }
        ffi::Py_DECREF(name);
        len
    }
}
