//! What a record is in bytes: one head of 48 bytes, then packed sections.
//!
//! The layout is fixed by `docs/specs/record.md`. [`encode`] writes it (the log call does so straight into a
//! ring), [`view`] reads it back from memory that nobody trusts, [`build`] makes whole records where speed does
//! not matter: yarder's own records and tests.

pub mod build;
pub mod encode;
mod span;
pub mod value;
pub mod view;
mod walk;

pub use build::RecordBuilder;
pub use encode::{write_head, Head, Sink};
pub(crate) use span::Span;
pub use value::Value;
pub use view::{RecordError, RecordView};
pub(crate) use walk::Spanned;
pub use walk::{Args, Fields};

/// Bytes of the head every record starts with.
pub const HEAD_BYTES: usize = 48;

/// Values of the head's `kind` byte.
pub mod kind {
    /// A log record.
    pub const RECORD: u8 = 1;
    /// Takes the rest of a lane, so that no record wraps; carries nothing.
    pub const FILLER: u8 = 2;
    /// Bytes of `yarder.Ring`, no record.
    pub const RAW: u8 = 3;
}

/// Bits of the head's `flags` word.
pub mod flag {
    /// Something was cut to fit `max_record_bytes`.
    pub const TRUNCATED: u16 = 1;
    /// A loss section stands first.
    pub const LOST: u16 = 2;
    /// Logged by the main thread: its name is `MainThread`, `thread_len` is 0.
    pub const MAIN_THREAD: u16 = 4;
    /// The message is final and is never %-formatted.
    pub const RENDERED: u16 = 8;
    /// CPython refused the template with these arguments; the message says so.
    pub const FORMAT_ERROR: u16 = 16;
    /// A container that holds itself was cut.
    pub const CYCLE_CUT: u16 = 32;
    /// yarder's own record.
    pub const INTERNAL: u16 = 64;
}

/// The least severe level, trace. Levels are 0 (emergency) to 8.
pub const LEVEL_MAX: u8 = 8;

/// How many bytes of `text` to keep so that at most `max` remain and no UTF-8 sequence is split.
///
/// Generalised UTF-8 counts too: a lone surrogate keeps its three bytes. Bytes that are no UTF-8 at all are cut
/// anywhere.
#[inline]
#[must_use]
pub fn cut(text: &[u8], max: usize) -> usize {
    if text.len() <= max {
        return text.len();
    }
    // A sequence has at most three continuation bytes; more of them in a row is no UTF-8, so cut there.
    let mut at = max;
    while at > 0 && max - at < 3 && text[at] & 0xC0 == 0x80 {
        at -= 1;
    }
    if text[at] & 0xC0 == 0x80 {
        max
    } else {
        at
    }
}
