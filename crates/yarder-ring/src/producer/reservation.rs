//! Bytes that were reserved for one record.

use std::marker::PhantomData;
use std::sync::atomic::Ordering;

use super::{slots_for, Producer};
use crate::lane::{self, Cells};
use crate::layout::{offset, Reason, RECORD_HEAD, SLOT};
use crate::ring::LaneKind;

/// A cursor over the bytes of one record. Dropped without `publish` it was never there: no sequence number is used,
/// nothing is visible.
pub struct Reservation<'a> {
    producer: *mut Producer,
    start: *mut u8,
    at: *mut u8,
    end: *mut u8,
    sequence: u64,
    stamp: u64,
    plain: bool,
    lane: LaneKind,
    scratch: bool,
    failed: bool,
    carries: bool,
    owner: PhantomData<&'a mut Producer>,
}

impl<'a> Reservation<'a> {
    #[inline(always)]
    pub(super) fn new(
        producer: &'a mut Producer,
        lane: LaneKind,
        scratch: bool,
        bytes: std::ops::Range<*mut u8>,
        sequence: u64,
        stamp: u64,
    ) -> Reservation<'a> {
        Reservation {
            producer,
            start: bytes.start,
            at: bytes.start,
            end: bytes.end,
            sequence,
            stamp,
            // One flag for every way but the plain one: one test in `publish`.
            plain: !scratch && matches!(lane, LaneKind::Main),
            lane,
            scratch,
            failed: false,
            carries: false,
            owner: PhantomData,
        }
    }

    /// The number that this record gets.
    #[inline(always)]
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Counter at the reservation; never less than that of the record before.
    #[inline(always)]
    #[must_use]
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// Bytes put so far.
    #[inline(always)]
    #[must_use]
    pub fn written(&self) -> usize {
        self.at as usize - self.start as usize
    }

    /// Bytes still free.
    #[inline(always)]
    #[must_use]
    pub fn room(&self) -> usize {
        self.end as usize - self.at as usize
    }

    /// Says that this record tells of the losses: publishing it clears them (not under `overwrite_oldest`).
    #[inline]
    pub fn carries_losses(&mut self) {
        self.carries = true;
        self.plain = false;
    }

    /// The next `len` bytes, if they fit; else the record fails.
    #[inline(always)]
    fn take(&mut self, len: usize) -> Option<*mut u8> {
        if len > self.room() {
            self.fail();
            return None;
        }
        let at = self.at;
        // SAFETY: `len` bytes from `at` end at or before `end`.
        self.at = unsafe { at.add(len) };
        Some(at)
    }

    #[cold]
    #[inline(always)]
    fn fail(&mut self) {
        self.failed = true;
        self.plain = false;
    }

    /// Appends bytes. Short ones are copied in fixed moves: a call of memcpy costs more than they do.
    #[inline(always)]
    pub fn put(&mut self, bytes: &[u8]) {
        if let Some(to) = self.take(bytes.len()) {
            // SAFETY: `take` gave `len` bytes that belong to this reservation alone; the source is a slice and cannot
            // overlap them.
            unsafe { copy_short(bytes.as_ptr(), to, bytes.len()) };
        }
    }

    /// Appends words of eight bytes, little endian, with one look at the room: for the head of a record.
    #[inline(always)]
    pub fn put_words<const N: usize>(&mut self, words: [u64; N]) {
        if let Some(to) = self.take(N * 8) {
            for (index, word) in words.into_iter().enumerate() {
                // SAFETY: `take` gave N words that belong to this reservation alone; no alignment is asked for.
                unsafe { to.cast::<u64>().add(index).write_unaligned(word.to_le()) };
            }
        }
    }

    /// Appends one byte.
    #[inline(always)]
    pub fn put_u8(&mut self, value: u8) {
        self.put_fixed([value]);
    }

    /// Appends two bytes, little endian.
    #[inline(always)]
    pub fn put_u16(&mut self, value: u16) {
        self.put_fixed(value.to_le_bytes());
    }

    /// Appends four bytes, little endian.
    #[inline(always)]
    pub fn put_u32(&mut self, value: u32) {
        self.put_fixed(value.to_le_bytes());
    }

    /// Appends eight bytes, little endian.
    #[inline(always)]
    pub fn put_u64(&mut self, value: u64) {
        self.put_fixed(value.to_le_bytes());
    }

    #[inline(always)]
    fn put_fixed<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some(to) = self.take(N) {
            // SAFETY: `take` gave N bytes that belong to this reservation alone; no alignment is asked for.
            unsafe { to.cast::<[u8; N]>().write_unaligned(bytes) };
        }
    }

    /// Makes the record visible, with one release store. Its length in the first four bytes is set to what was put.
    /// A record that did not fit, or is shorter than its head, is counted lost instead.
    #[inline(always)]
    pub fn publish(self) {
        let written = self.written();
        if !self.plain || written < RECORD_HEAD {
            self.publish_slow();
            return;
        }
        // SAFETY: a reservation borrows its producer exclusively (`owner`), so no other reference is alive; `start`
        // has at least RECORD_HEAD bytes.
        let producer = unsafe {
            self.start.cast::<u32>().write_unaligned((written as u32).to_le());
            &mut *self.producer
        };
        let hot = producer.hot.get_mut();
        hot.tail = hot.tail.wrapping_add(slots_for(written));
        hot.sequence = self.sequence;
        hot.stamp = self.stamp;
        hot.accepted = hot.accepted.wrapping_add(1);
        let (tail, accepted, header) = (hot.tail, hot.accepted, hot.header);
        // SAFETY: the header is mapped while the producer lives, and these offsets are aligned words of it.
        let word = |at: usize| unsafe { std::sync::atomic::AtomicU64::from_ptr(header.add(at).cast()) };
        // The tail first: a counter never claims a record that is not there.
        word(offset::MAIN_TAIL).store(tail, Ordering::Release);
        word(offset::SEQUENCE).store(self.sequence, Ordering::Release);
        word(offset::ACCEPTED).store(accepted, Ordering::Relaxed);
    }

    /// Every way but the plain one.
    #[inline(never)]
    fn publish_slow(self) {
        let written = self.written();
        // SAFETY: as in `publish`.
        let producer = unsafe { &mut *self.producer };
        if self.failed || written < RECORD_HEAD {
            producer.lose(Reason::TooLarge);
            return;
        }
        // SAFETY: `start` has at least RECORD_HEAD bytes, in a lane or in the scratch.
        unsafe { self.start.cast::<u32>().write_unaligned((written as u32).to_le()) };
        let slots = slots_for(written);
        let tail = if self.scratch {
            producer.store_scratch(self.lane, written)
        } else {
            producer.next_start(self.lane).wrapping_add(slots)
        };
        // Totals are never told to the end: the record that carries them may be overwritten.
        let carries = self.carries && !producer.ring.has_accounts();
        if carries {
            let lane = u64::from(self.lane == LaneKind::Reserve) << 63;
            producer.word(offset::LOSS_CARRIER).store(tail | lane, Ordering::Release);
        }
        lane::publish(&producer.ring.lane(self.lane), tail);
        let hot = producer.hot.get_mut();
        match self.lane {
            LaneKind::Main => hot.tail = tail,
            LaneKind::Reserve => hot.spare_tail = tail,
        }
        hot.sequence = self.sequence;
        hot.stamp = self.stamp;
        hot.accepted = hot.accepted.wrapping_add(1);
        let accepted = hot.accepted;
        if carries {
            hot.set_losses(false);
        }
        producer.word(offset::SEQUENCE).store(self.sequence, Ordering::Release);
        producer.word(offset::ACCEPTED).store(accepted, Ordering::Relaxed);
        if carries {
            for index in 0..crate::layout::REASONS {
                producer.word(offset::LOST_PENDING + index * 8).store(0, Ordering::Relaxed);
            }
            producer.word(offset::LOSS_CARRIER).store(0, Ordering::Release);
        }
    }
}

impl Producer {
    /// Where the next record of a lane starts.
    pub(super) fn next_start(&self, lane: LaneKind) -> u64 {
        match lane {
            LaneKind::Main => self.hot.get().tail,
            LaneKind::Reserve => self.hot.get().spare_tail,
        }
    }

    /// Writes the head of a filler that takes the lane's rest at `position`, unpublished: the store that publishes
    /// the record behind it publishes both.
    pub(super) fn put_filler(&mut self, kind: LaneKind, position: u64) -> u64 {
        let lane = self.ring.lane(kind);
        let rest = lane.slots() - (position & (lane.slots() - 1));
        let bytes = rest * SLOT as u64;
        let first = bytes & 0xffff_ffff | u64::from(crate::layout::kind::FILLER) << 32;
        // Atomic, because under `overwrite_oldest` a reader may be copying these slots.
        for (index, value) in [first, 0, 0, 0, 0, 0].into_iter().enumerate() {
            // SAFETY: the slot is inside the mapping and 256 bytes long and aligned; it is ours (free, or passed over).
            let word = unsafe { std::sync::atomic::AtomicU64::from_ptr(lane.slot(position).cast::<u64>().add(index)) };
            word.store(value, Ordering::Relaxed);
        }
        position.wrapping_add(rest)
    }
}

/// Copies up to 128 bytes in two overlapping moves of a fixed size; more by memcpy.
///
/// # Safety
/// Both ranges are `len` bytes long and do not overlap.
#[inline(always)]
pub(super) unsafe fn copy_short(from: *const u8, to: *mut u8, len: usize) {
    /// Two moves of N bytes, from the beginning and up to the end: N <= len <= 2 N.
    #[inline(always)]
    unsafe fn two<const N: usize>(from: *const u8, to: *mut u8, len: usize) {
        // SAFETY: N <= len, so both moves lie inside the ranges, which do not overlap.
        unsafe {
            std::ptr::copy_nonoverlapping(from, to, N);
            std::ptr::copy_nonoverlapping(from.add(len - N), to.add(len - N), N);
        }
    }
    // SAFETY: each branch stays within `len`, as its condition says.
    unsafe {
        if len >= 16 {
            if len <= 32 {
                two::<16>(from, to, len);
            } else if len <= 64 {
                two::<32>(from, to, len);
            } else if len <= 128 {
                two::<64>(from, to, len);
            } else {
                std::ptr::copy_nonoverlapping(from, to, len);
            }
        } else if len >= 8 {
            two::<8>(from, to, len);
        } else if len >= 4 {
            two::<4>(from, to, len);
        } else if len >= 2 {
            two::<2>(from, to, len);
        } else if len == 1 {
            *to = *from;
        }
    }
}
