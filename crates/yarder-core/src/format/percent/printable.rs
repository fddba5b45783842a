//! `str.isprintable` for one character.

use std::sync::atomic::{AtomicU8, Ordering};

use super::printable_table::{ADDED, TOGGLES};

/// The minor version of the CPython whose tables count.
static PYTHON: AtomicU8 = AtomicU8::new(13);

/// Says which CPython (3.`minor`) runs, so that `repr` knows exactly the characters which that one knows.
///
/// 3.11 has Unicode 14.0, 3.12 has 15.0, 3.13 has 15.1; they add 4,482 and 627 characters.
pub fn set_python(minor: u8) {
    PYTHON.store(minor, Ordering::Relaxed);
}

/// Whether `repr` shows the character as it is.
pub(crate) fn is_printable(code: u32) -> bool {
    if code < 0x7F {
        return code >= 0x20;
    }
    // The first toggle switches printable on, the second off, and so on.
    if TOGGLES.partition_point(|toggle| *toggle <= code) % 2 == 1 {
        return true;
    }
    let at = ADDED.partition_point(|(_, last, _)| *last < code);
    ADDED.get(at).is_some_and(|(first, _, minor)| *first <= code && *minor <= PYTHON.load(Ordering::Relaxed))
}
