//! The straight way into the main lane: a caller that knows the length of its record beforehand needs no check per put.
//! Closed as long as there are losses to tell of.

use std::sync::atomic::{AtomicU64, Ordering};

use super::reservation::copy_short;
use super::{slots_for, Producer};
use crate::clock::counter;
use crate::layout::offset;

/// Bytes behind a record that its puts may touch: short texts and their heads are stored as whole words.
const SLACK: usize = PADDING;
/// Bytes that may be read behind the beginning of a padded text.
const PADDING: usize = 32;

/// A copy of `bytes` for `put_padded`.
#[must_use]
pub fn padded(bytes: &[u8]) -> Box<[u8]> {
    let mut copy = bytes.to_vec();
    copy.resize(bytes.len().max(PADDING), 0);
    copy.into_boxed_slice()
}

/// Where the next byte of a record goes. Only for records whose length was known when `Producer::straight` was asked.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    start: *mut u8,
    at: *mut u8,
    /// The number that the record gets.
    pub sequence: u64,
    /// Counter at the reservation; never less than that of the record before.
    pub stamp: u64,
}

impl Producer {
    /// Room for a record of exactly `bytes` in the main lane; `None`: go the way of `reserve`, which knows why.
    #[inline(always)]
    pub fn straight(&mut self, bytes: usize) -> Option<Cursor> {
        let hot = self.hot.get();
        if hot.tail.wrapping_add(slots_for(bytes + SLACK)) > hot.straight {
            return None;
        }
        // SAFETY: as in `reserve`: up to `limit` the slots are free and do not wrap.
        let start = unsafe { hot.slots.add((hot.tail & hot.mask) as usize * crate::layout::SLOT) };
        Some(Cursor { start, at: start, sequence: hot.sequence.wrapping_add(1), stamp: counter().max(hot.stamp) })
    }

    /// Publishes what was put, with one release store.
    ///
    /// # Safety
    /// `cursor` is the last one that `straight` gave, nothing was reserved or published since, and between a head and
    /// as many bytes as were asked for were put.
    #[inline(always)]
    pub unsafe fn publish_straight(&mut self, cursor: Cursor) {
        let written = cursor.at as usize - cursor.start as usize;
        // SAFETY: a record has at least a head.
        unsafe { cursor.start.cast::<u32>().write_unaligned((written as u32).to_le()) };
        let hot = self.hot.get_mut();
        hot.tail = hot.tail.wrapping_add(slots_for(written));
        hot.sequence = cursor.sequence;
        hot.stamp = cursor.stamp;
        hot.accepted = hot.accepted.wrapping_add(1);
        let (tail, accepted, header) = (hot.tail, hot.accepted, hot.header);
        // SAFETY: the header is mapped as long as the ring; the words are aligned.
        unsafe {
            let word = |at: usize| AtomicU64::from_ptr(header.add(at).cast());
            // What `lane::publish` does, with the header's address at hand.
            word(offset::MAIN_TAIL).store(tail, Ordering::Release);
            word(offset::SEQUENCE).store(cursor.sequence, Ordering::Release);
            word(offset::ACCEPTED).store(accepted, Ordering::Relaxed);
        }
    }
}

/// Every put: no more than was asked for, in all.
#[allow(clippy::missing_safety_doc)] // One sentence for all of them, above.
impl Cursor {
    /// Words of eight bytes, little endian.
    #[inline(always)]
    pub unsafe fn words<const N: usize>(&mut self, words: [u64; N]) {
        for (index, word) in words.into_iter().enumerate() {
            // SAFETY: the caller stays within what it asked for.
            unsafe { self.at.cast::<u64>().add(index).write_unaligned(word.to_le()) };
        }
        // SAFETY: as above.
        self.at = unsafe { self.at.add(N * 8) };
    }

    /// Bytes that `padded` made, or a copy of such: 32 of them may be read.
    #[inline(always)]
    pub unsafe fn put_padded(&mut self, bytes: &[u8]) {
        if bytes.len() > PADDING {
            // SAFETY: as `words`.
            unsafe { self.put(bytes) };
            return;
        }
        // SAFETY: as the caller promises; what is written beyond the bytes lies in the slack and is written again.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.at, PADDING);
            self.at = self.at.add(bytes.len());
        }
    }

    /// Bytes as they are.
    #[inline(always)]
    pub unsafe fn put(&mut self, bytes: &[u8]) {
        // SAFETY: as `words`; a slice does not overlap a ring.
        unsafe {
            copy_short(bytes.as_ptr(), self.at, bytes.len());
            self.at = self.at.add(bytes.len());
        }
    }

    /// One byte.
    #[inline(always)]
    pub unsafe fn byte(&mut self, byte: u8) {
        // SAFETY: as `words`.
        unsafe {
            *self.at = byte;
            self.at = self.at.add(1);
        }
    }

    /// A byte and a word.
    #[inline(always)]
    pub unsafe fn tagged(&mut self, tag: u8, bits: u64) {
        // SAFETY: as `words`.
        unsafe {
            *self.at = tag;
            self.at.add(1).cast::<u64>().write_unaligned(bits.to_le());
            self.at = self.at.add(9);
        }
    }

    /// The low `head` bytes of `prefix`, then bytes; the store of the prefix is a whole word, hence the slack.
    #[inline(always)]
    pub unsafe fn prefixed(&mut self, prefix: u64, head: usize, bytes: &[u8]) {
        // SAFETY: as `words`; the word ends within the slack at the latest.
        unsafe {
            self.at.cast::<u64>().write_unaligned(prefix.to_le());
            self.at = self.at.add(head);
            self.put(bytes);
        }
    }
}
