//! The one who appends to a ring. `reserve`, put, `publish`; no lock, no system call, no allocation.
//!
//! A producer belongs to one thread at a time (under a GIL: to who holds it). Nothing here calls back into an
//! interpreter, so nobody can come in between.

mod cursor;
mod hot;
mod overwrite;
mod pressure;
mod reservation;
mod spare;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

pub use cursor::{padded, Cursor};
use hot::HotPage;
pub use pressure::Pressure;
pub use reservation::Reservation;

use crate::clock::counter;
use crate::error::RingError;
use crate::lane::{Cells, Word};
use crate::layout::{offset, Policy, Reason, REASONS, SLOT};
use crate::ring::{LaneKind, RingFile, WaitOutcome};

/// How far a producer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Published tail of the main lane.
    pub main: u64,
    /// Published tail of the reserve lane.
    pub reserve: u64,
    /// Last sequence number used.
    pub sequence: u64,
}

/// Appends to one ring.
pub struct Producer {
    hot: HotPage,
    ring: Arc<RingFile>,
    /// What a record is gathered in under `overwrite_oldest`; empty otherwise.
    scratch: Vec<u64>,
}

/// Slots that `bytes` take. None for 0 bytes: the huge number fails every test for room.
#[inline(always)]
pub(crate) const fn slots_for(bytes: usize) -> u64 {
    ((bytes as u64).wrapping_sub(1) >> SLOT.trailing_zeros()).wrapping_add(1)
}

impl Producer {
    /// The producer of a ring that this process just made (or of one that it alone appends to).
    pub fn new(ring: Arc<RingFile>) -> Result<Producer, RingError> {
        let mut hot = HotPage::new().ok_or(RingError::Io {
            what: "map",
            path: std::path::PathBuf::new(),
            source: std::io::Error::from_raw_os_error(libc::ENOMEM),
        })?;
        let (main, reserve) = (ring.lane(LaneKind::Main), ring.lane(LaneKind::Reserve));
        let words = hot.get_mut();
        words.slots = main.slot(0);
        words.mask = main.slots() - 1;
        words.header = ring.map().base();
        words.tail = main.load(Word::Tail, Ordering::Acquire);
        words.spare_tail = reserve.load(Word::Tail, Ordering::Acquire);
        words.sequence = ring.sequence();
        words.accepted = ring.accepted();
        words.high_water = ring.high_water();
        words.losses = ring.lost_pending().iter().any(|count| *count != 0);
        words.token = 1;
        let mut scratch = Vec::new();
        if ring.policy() == Policy::OverwriteOldest {
            scratch.resize(main.slots() as usize / 4 * SLOT / 8, 0);
        }
        let mut producer = Producer { hot, ring, scratch };
        producer.reload();
        Ok(producer)
    }

    #[inline(always)]
    fn word(&self, at: usize) -> &AtomicU64 {
        self.ring.map().u64(at)
    }

    /// Room for a record of at most `bytes`, or `None`: then ask `pressure` why.
    ///
    /// One compare: the limit is the nearest of half mark, end of room and end of the lane, and 0 in a forked child.
    #[inline(always)]
    pub fn reserve(&mut self, bytes: usize) -> Option<Reservation<'_>> {
        let hot = self.hot.get();
        let end = hot.tail.wrapping_add(slots_for(bytes));
        let scratch = end > hot.limit;
        let at = if scratch {
            self.scratch_room(bytes)?.as_ptr()
        } else {
            // SAFETY: the masked position is a slot of the main lane; up to `end` all slots follow it without a wrap
            // and are free (that is what `limit` says), so `bytes` from here are ours until `publish`.
            unsafe { hot.slots.add((hot.tail & hot.mask) as usize * SLOT) }
        };
        let (sequence, stamp) = self.next();
        // SAFETY: `bytes` from `at` are reserved, as said above, or lie in the scratch.
        let end = unsafe { at.add(bytes) };
        Some(Reservation::new(self, LaneKind::Main, scratch, at..end, sequence, stamp))
    }

    /// Sequence number and stamp of the next record; the sequence counts as used once the record is published or
    /// lost.
    #[inline(always)]
    fn next(&self) -> (u64, u64) {
        let hot = self.hot.get();
        (hot.sequence.wrapping_add(1), counter().max(hot.stamp))
    }

    /// Counts a record that is not stored: it uses a sequence number, and the next stored record tells of it.
    pub fn lose(&mut self, reason: Reason) {
        self.count(reason);
        let hot = self.hot.get_mut();
        if hot.token == 0 {
            return;
        }
        hot.sequence = hot.sequence.wrapping_add(1);
        let sequence = hot.sequence;
        self.word(offset::SEQUENCE).store(sequence, Ordering::Release);
    }

    fn count(&mut self, reason: Reason) {
        if self.is_forked() {
            return;
        }
        // Only the producer writes these words, so a load and a store are as good as an addition.
        for table in [offset::LOST, offset::LOST_PENDING] {
            let word = self.word(table + reason as usize * 8);
            word.store(word.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        }
        self.hot.get_mut().set_losses(true);
    }

    /// Whether the next stored record should tell of losses.
    #[inline(always)]
    #[must_use]
    pub fn has_losses(&self) -> bool {
        self.hot.get().losses
    }

    /// The losses that the next stored record is to carry: those that none tells of yet; under `overwrite_oldest`,
    /// where the record that told of them may be overwritten, all there ever were.
    #[must_use]
    pub fn losses(&self) -> [u64; REASONS] {
        std::array::from_fn(|index| self.word(offset::LOST_PENDING + index * 8).load(Ordering::Relaxed))
    }

    /// `RingFile::wait_for_room`.
    #[must_use]
    pub fn wait_for_room(&self, slots: u64, deadline: Duration) -> WaitOutcome {
        self.ring.wait_for_room(slots, deadline)
    }

    /// Whether this is a forked child's copy, which must not be used any more.
    #[must_use]
    pub fn is_forked(&self) -> bool {
        self.hot.get().token == 0
    }

    /// Forgets everything, as a forked child must: the mapping, the lock and the header are the parent's.
    pub fn abandon(self) {
        std::mem::forget(self);
    }

    /// How far it is. Only what is published counts.
    #[must_use]
    pub fn position(&self) -> Position {
        let tail = |kind| self.ring.lane(kind).load(Word::Tail, Ordering::Relaxed);
        Position {
            main: tail(LaneKind::Main),
            reserve: tail(LaneKind::Reserve),
            sequence: self.word(offset::SEQUENCE).load(Ordering::Relaxed),
        }
    }

    /// The ring.
    #[must_use]
    pub fn ring(&self) -> &Arc<RingFile> {
        &self.ring
    }

    /// Bytes of the largest record that the main lane takes: a quarter of it.
    #[must_use]
    pub fn max_record_bytes(&self) -> usize {
        self.ring.main_slots() as usize / 4 * SLOT
    }

    /// Bytes of the largest record that the reserve lane takes: half of it.
    #[must_use]
    pub fn max_spare_bytes(&self) -> usize {
        crate::layout::reserve_slots(self.ring.main_slots()) as usize / 2 * SLOT
    }
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producer").field("ring", &self.ring).field("position", &self.position()).finish()
    }
}
