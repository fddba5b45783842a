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

/// Value of an int of at most 60 bits.
///
/// # Safety
/// `object` is an int.
#[inline(always)]
pub(crate) unsafe fn small_int(object: *mut PyObject) -> Option<i64> {
    // SAFETY: an int has the tag, and as many digits as the tag says.
    unsafe {
        let (digits, negative) = if cfg!(Py_3_12) {
            let tag = at::<usize>(object, INT_TAG);
            (tag >> 3, tag & 3 == 2)
        } else {
            let size = at::<isize>(object, INT_TAG);
            (size.unsigned_abs(), size < 0)
        };
        let value = match digits {
            0 => 0,
            1 => i64::from(at::<u32>(object, INT_DIGITS)),
            2 => i64::from(at::<u32>(object, INT_DIGITS)) | i64::from(at::<u32>(object, INT_DIGITS + 4)) << 30,
            _ => return None,
        };
        Some(if negative { -value } else { value })
    }
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
        right
    }
}
