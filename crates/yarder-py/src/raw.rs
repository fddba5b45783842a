//! Strings and integers read where CPython keeps them: a call of its functions costs more than the copy.
//!
//! The layouts are those of 3.11, 3.12 and 3.13. `check` compares them with the public functions when the module is
//! imported, so that another build refuses to load instead of reading wrong bytes.

use pyo3::ffi::{self, PyObject};

/// Where a `PyASCIIObject` keeps its state bits, and where the text of a compact ASCII string begins.
const STR_LENGTH: usize = 16;
const STR_STATE: usize = 32;
const STR_DATA: usize = if cfg!(Py_3_12) { 40 } else { 48 };
/// Bits `compact` and `ascii` of the state.
const COMPACT_ASCII: u32 = 0x60;
/// Where an int keeps size (3.11) or tag (3.12), and its digits of 30 bits.
const INT_TAG: usize = 16;
const INT_DIGITS: usize = 24;

/// Where a dict keeps its number of entries.
const DICT_USED: usize = 16;

/// Entries of a dict.
///
/// # Safety
/// `object` is a dict.
#[inline(always)]
pub(crate) unsafe fn dict_len(object: *mut PyObject) -> isize {
    // SAFETY: as the caller promises.
    unsafe { at(object, DICT_USED) }
}

/// Where a dict keeps its version: another number after each change.
const DICT_VERSION: usize = 24;

/// Version of a dict.
///
/// # Safety
/// `object` is a dict.
#[inline(always)]
pub(crate) unsafe fn dict_version(object: *mut PyObject) -> u64 {
    // SAFETY: as the caller promises.
    unsafe { at(object, DICT_VERSION) }
}

/// Where the thread states of this interpreter keep the native thread id; 0 where it was not found.
static NATIVE_ID: crate::gil::GilCell<usize> = crate::gil::GilCell::new(0);

/// A word of a thread state that no other living thread has: its native id.
///
/// # Safety
/// `state` is the running thread's; the GIL is held.
#[inline(always)]
pub(crate) unsafe fn thread_word(state: *mut ffi::PyThreadState) -> u64 {
    // SAFETY: `check` found the place inside the structure.
    unsafe {
        let place = *NATIVE_ID.get();
        if place == 0 {
            return ffi::PyThreadState_GetID(state) as u64;
        }
        at(state.cast(), place)
    }
}

/// Looks for the native thread id among the words of the running thread's state.
unsafe fn find_native_id() {
    /// Words that every version has before the end of the structure.
    const WORDS: std::ops::Range<usize> = 16..30;
    // SAFETY: the structure is larger than that in all versions we build for.
    unsafe {
        let state = ffi::PyThreadState_Get();
        let own = u64::from(yarder_ring::sys::tid());
        let found: Vec<usize> =
            WORDS.map(|word| word * 8).filter(|place| at::<u64>(state.cast(), *place) == own).collect();
        if let [place] = found[..] {
            *NATIVE_ID.get() = place;
        }
    }
}

#[inline(always)]
unsafe fn at<T: Copy>(object: *mut PyObject, offset: usize) -> T {
    // SAFETY: the caller names a field of the object.
    unsafe { object.cast::<u8>().add(offset).cast::<T>().read() }
}

/// Bytes of a str, if it is compact ASCII.
///
/// # Safety
/// `object` is a str.
#[inline(always)]
pub(crate) unsafe fn ascii(object: *mut PyObject) -> Option<(*const u8, usize)> {
    // SAFETY: a str has these fields; the text of a compact one follows its head.
    unsafe {
        if at::<u32>(object, STR_STATE) & COMPACT_ASCII == COMPACT_ASCII {
            Some((object.cast::<u8>().add(STR_DATA), at::<usize>(object, STR_LENGTH)))
        } else {
            None
        }
    }
}

/// Bytes of a str that is known to be compact ASCII.
///
/// # Safety
/// `ascii` said so.
#[inline(always)]
pub(crate) unsafe fn ascii_parts(object: *mut PyObject) -> (*const u8, usize) {
    // SAFETY: as `ascii`.
    unsafe { (object.cast::<u8>().add(STR_DATA), at::<usize>(object, STR_LENGTH)) }
}

/// Size of an int as 3.11 keeps it: digits, negative for a negative number.
#[cfg(not(Py_3_12))]
#[inline(always)]
unsafe fn size(object: *mut PyObject) -> isize {
    // SAFETY: an int has it.
    unsafe { at(object, INT_TAG) }
}

/// The same from the tag of 3.12: digits above three bits, 2 in the low two for a negative number.
#[cfg(Py_3_12)]
#[inline(always)]
unsafe fn size(object: *mut PyObject) -> isize {
    // SAFETY: an int has the tag.
    let tag: usize = unsafe { at(object, INT_TAG) };
    let digits = (tag >> 3) as isize;
    if tag & 3 == 2 {
        -digits
    } else {
        digits
    }
}

/// Whether `small_int` knows the value.
///
/// # Safety
/// `object` is an int.
#[inline(always)]
pub(crate) unsafe fn is_small(object: *mut PyObject) -> bool {
    // SAFETY: as the caller promises.
    unsafe { (size(object) + 2) as usize <= 4 }
}

/// The value of a small int.
///
/// # Safety
/// `is_small` said so.
#[inline(always)]
pub(crate) unsafe fn small_int_value(object: *mut PyObject) -> i64 {
    // SAFETY: as many digits as the size says.
    unsafe {
        match size(object) {
            1 => i64::from(at::<u32>(object, INT_DIGITS)),
            other => rare_int_value(object, other),
        }
    }
}

/// Zero, two digits, or negative.
#[inline(never)]
unsafe fn rare_int_value(object: *mut PyObject, size: isize) -> i64 {
    // SAFETY: as `small_int_value`.
    unsafe {
        let low = || i64::from(at::<u32>(object, INT_DIGITS));
        let value = match size.unsigned_abs() {
            0 => 0,
            1 => low(),
            _ => low() | i64::from(at::<u32>(object, INT_DIGITS + 4)) << 30,
        };
        if size < 0 {
            -value
        } else {
            value
        }
    }
}

/// Value of an int of at most 60 bits.
///
/// # Safety
/// `object` is an int.
#[inline(always)]
pub(crate) unsafe fn small_int(object: *mut PyObject) -> Option<i64> {
    // SAFETY: as the caller promises.
    unsafe { is_small(object).then(|| small_int_value(object)) }
}

/// Whether the layouts above are those of the running interpreter. Leaves no error set.
///
/// # Safety
/// The caller holds the GIL.
pub(crate) unsafe fn check() -> bool {
    // SAFETY: objects are made, looked at and dropped here.
    unsafe {
        let text = ffi::PyUnicode_FromStringAndSize(c"yarder: check".as_ptr(), 13);
        let mut length = 0;
        let utf8 = ffi::PyUnicode_AsUTF8AndSize(text, &raw mut length).cast::<u8>();
        let mut right = ascii(text) == Some((utf8, length as usize));
        ffi::Py_DECREF(text);
        let text = ffi::PyUnicode_FromStringAndSize(c"\xc3\xa4".as_ptr(), 2);
        right &= ascii(text).is_none();
        ffi::Py_DECREF(text);
        for value in [0, 1, -1, 255, 1 << 30, -(1 << 30) - 5, (1 << 59) + 7, -(1 << 59) - 7] {
            let number = ffi::PyLong_FromLongLong(value);
            right &= small_int(number) == Some(value);
            ffi::Py_DECREF(number);
        }
        let number = ffi::PyLong_FromLongLong(i64::MIN);
        right &= small_int(number).is_none();
        ffi::Py_DECREF(number);
        let modules = ffi::PyImport_GetModuleDict();
        right &= dict_len(modules) == ffi::PyDict_Size(modules);
        let dict = ffi::PyDict_New();
        let before = dict_version(dict);
        right &= ffi::PyDict_SetItemString(dict, c"a".as_ptr(), ffi::Py_None()) == 0 && dict_version(dict) != before;
        ffi::Py_DECREF(dict);
        find_native_id();
        right
    }
}
