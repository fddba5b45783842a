//! A shared mapping, and typed access to words in it.

use std::os::fd::RawFd;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64};

use crate::error::RingError;

/// Larger mappings get their pages as they are used: nobody pays for a gigabyte that is never filled.
const MOST_TOUCHED: usize = 8 << 20;

/// A readable and writable shared mapping; unmapped when dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping is plain memory that belongs to nobody's thread; all shared access goes through atomics or
// follows the lane rules (`lane.rs`).
unsafe impl Send for Mapping {}
// SAFETY: see above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `len` bytes of `fd`, or fresh memory where there is no file; `touch` asks for its pages at once.
    pub(crate) fn new(fd: Option<RawFd>, len: usize, touch: bool, path: &Path) -> Result<Mapping, RingError> {
        let mut flags = libc::MAP_SHARED | if fd.is_none() { libc::MAP_ANONYMOUS } else { 0 };
        // A page that is first touched by a log call costs it some 0.5 us; here all of them cost 0.1 ms at once.
        if touch && len <= MOST_TOUCHED {
            flags |= libc::MAP_POPULATE;
        }
        // SAFETY: a fresh mapping at an address of the kernel's choice touches no memory of ours.
        let base = unsafe {
            libc::mmap(std::ptr::null_mut(), len, libc::PROT_READ | libc::PROT_WRITE, flags, fd.unwrap_or(-1), 0)
        };
        if base == libc::MAP_FAILED {
            return Err(RingError::last("map", path));
        }
        NonNull::new(base.cast()).map(|base| Mapping { base, len }).ok_or(RingError::corrupt("mapping at zero"))
    }

    #[inline(always)]
    pub(crate) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The 64-bit word at `offset`.
    #[inline(always)]
    pub(crate) fn u64(&self, offset: usize) -> &AtomicU64 {
        debug_assert!(offset % 8 == 0 && offset + 8 <= self.len);
        // SAFETY: callers pass offsets of the layout, which are aligned and lie inside every mapping (its length was
        // checked when it was made); the memory stays mapped as long as `self`.
        unsafe { AtomicU64::from_ptr(self.base().add(offset).cast()) }
    }

    /// The 32-bit word at `offset`.
    #[inline(always)]
    pub(crate) fn u32(&self, offset: usize) -> &AtomicU32 {
        debug_assert!(offset % 4 == 0 && offset + 4 <= self.len);
        // SAFETY: as `u64`.
        unsafe { AtomicU32::from_ptr(self.base().add(offset).cast()) }
    }

    /// A copy of `len` bytes at `offset`; short where the mapping ends.
    pub(crate) fn bytes(&self, offset: usize, len: usize) -> Vec<u8> {
        let end = offset.saturating_add(len).min(self.len);
        let len = end.saturating_sub(offset);
        let mut out = vec![0_u8; len];
        // SAFETY: both ranges are `len` bytes long and inside their owners; they cannot overlap.
        unsafe { std::ptr::copy_nonoverlapping(self.base().add(offset.min(end)), out.as_mut_ptr(), len) };
        out
    }

    /// Writes `bytes` at `offset`, cut to `room`, the rest of the room zeroed. For fields that nobody reads yet, or
    /// that a sequence lock guards.
    pub(crate) fn put(&self, offset: usize, room: usize, bytes: &[u8]) {
        debug_assert!(offset + room <= self.len);
        let len = bytes.len().min(room);
        // SAFETY: the field lies inside the mapping (callers pass offsets of the layout).
        unsafe {
            let at = self.base().add(offset);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), at, len);
            std::ptr::write_bytes(at.add(len), 0, room - len);
        }
    }

    /// Text of at most `room` bytes at `offset`, up to its first NUL; other bytes than UTF-8 become U+FFFD.
    pub(crate) fn text(&self, offset: usize, room: usize) -> String {
        let bytes = self.bytes(offset, room);
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and nothing borrows from it any more.
        unsafe { libc::munmap(self.base().cast(), self.len) };
    }
}

/// At most `room` bytes of `text`, cut on a character boundary.
pub(crate) fn cut(text: &str, room: usize) -> &str {
    let mut end = text.len().min(room);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
