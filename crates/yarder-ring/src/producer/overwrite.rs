//! `overwrite_oldest`: a reader may be copying the very slots that are written, so every word of them is atomic. The
//! record is gathered in scratch memory first.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::{slots_for, Producer, Reservation};
use crate::lane::{self, Cells, Word};
use crate::layout::{kind, offset, Policy, Reason, REASONS, RECORD_HEAD, SLOT, UNUSED_HEAD};
use crate::ring::{need, LaneKind};

/// Flag of a record whose first section are losses (docs/specs/record.md).
const FLAG_LOST: u8 = 2;

impl Producer {
    /// What `reserve` does when its compare fails: under `overwrite_oldest` it always does.
    #[cold]
    #[inline(never)]
    pub(super) fn scratch_room(&mut self, bytes: usize) -> Option<NonNull<u8>> {
        if self.is_forked() || self.ring.policy() != Policy::OverwriteOldest {
            return None;
        }
        if bytes == 0 || bytes > self.max_record_bytes() || self.hot.get().stalled {
            return None;
        }
        let hot = self.hot.get();
        if hot.room.wrapping_sub(hot.tail) < need(hot.tail, slots_for(bytes), u64::from(self.ring.main_slots())) {
            return None;
        }
        self.scratch_start(bytes)
    }

    /// Room for a record of at most `bytes` under `overwrite_oldest`: passes over the oldest records as far as
    /// needed, and counts each that no reader had taken.
    #[cold]
    pub fn overwrite(&mut self, bytes: usize) -> Option<Reservation<'_>> {
        if self.is_forked() || self.ring.policy() != Policy::OverwriteOldest {
            return None;
        }
        if bytes == 0 || bytes > self.max_record_bytes() {
            return None;
        }
        self.reload();
        let hot = self.hot.get();
        let wanted = need(hot.tail, slots_for(bytes), u64::from(self.ring.main_slots()));
        let (tail, room) = (hot.tail, hot.room);
        if room.wrapping_sub(tail) < wanted {
            let goal = tail.wrapping_add(wanted).wrapping_sub(u64::from(self.ring.main_slots()));
            self.pass_to(goal);
            self.reload();
        }
        let at = self.scratch_start(bytes)?.as_ptr();
        let (sequence, stamp) = self.next();
        // SAFETY: the scratch has at least `bytes` bytes.
        let end = unsafe { at.add(bytes) };
        Some(Reservation::new(self, LaneKind::Main, true, at..end, sequence, stamp))
    }

    /// Moves `oldest` past whole records until it reaches `goal`.
    fn pass_to(&mut self, goal: u64) {
        let ring = std::sync::Arc::clone(&self.ring);
        let lane = ring.lane(LaneKind::Main);
        let tail = lane.load(Word::Tail, Ordering::Relaxed);
        let floor = lane::floor(&lane);
        let mut position = if floor == UNUSED_HEAD { self.oldest() } else { lane::start(&lane, floor) };
        // What stands before the heads of the batch that is being written will be written: it is not lost.
        let taken = self.taken();
        let mut lost = 0;
        while position < goal && position < tail {
            // SAFETY: a slot is aligned and holds two words; the producer alone writes them.
            let (bytes, kind_word) = unsafe {
                let at = lane.slot(position).cast::<u32>();
                (AtomicU32::from_ptr(at), AtomicU32::from_ptr(at.add(1)))
            };
            let slots = slots_for(bytes.load(Ordering::Relaxed) as usize);
            // Slots that somebody else scribbled over: everything goes.
            if slots > tail - position {
                position = tail;
                break;
            }
            let filler = kind_word.load(Ordering::Relaxed) as u8 == kind::FILLER;
            if !filler && position >= taken {
                lost += 1;
                self.take_back(&lane, position);
            }
            position += slots;
        }
        lane::pass(&lane, position.max(goal.min(tail)));
        self.lose_many(Reason::Overwritten, lost);
    }

    /// A record that goes unread may have told of losses: they wait to be told of again.
    fn take_back(&mut self, lane: &crate::ring::MapLane<'_>, position: u64) {
        let at = lane.slot(position).cast::<u64>();
        let mut slot = [0_u8; SLOT];
        for (index, bytes) in slot.chunks_exact_mut(8).enumerate() {
            // SAFETY: a slot is aligned and has this many words; the producer alone writes them.
            let word = unsafe { AtomicU64::from_ptr(at.add(index)) };
            bytes.copy_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
        }
        if slot[6] & FLAG_LOST == 0 {
            return;
        }
        // All entries stand in the first slot: there are at most as many as reasons.
        let entries = usize::from(u16::from_le_bytes([slot[44], slot[45]])).min(REASONS);
        for entry in slot[RECORD_HEAD..].chunks_exact(9).take(entries) {
            let Some((reason, count)) = entry.split_first() else { return };
            let count = count.first_chunk::<8>().map_or(0, |raw| u64::from_le_bytes(*raw));
            if usize::from(*reason) < REASONS {
                let word = self.word(offset::LOST_PENDING + usize::from(*reason) * 8);
                word.store(word.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
                self.hot.get_mut().set_losses(true);
            }
        }
    }

    /// Everything before this position has been delivered, or is being delivered by the batch under way.
    fn taken(&self) -> u64 {
        let lane = self.ring.lane(LaneKind::Main);
        let shared = lane.load(Word::SharedHead, Ordering::Acquire);
        if shared == UNUSED_HEAD {
            return lane.load(Word::LocalHead, Ordering::Acquire);
        }
        // A tag of an earlier batch is at most the head.
        shared.max(self.word(offset::TAG_MAIN).load(Ordering::Acquire))
    }

    /// The scratch, if it holds `bytes`.
    fn scratch_start(&mut self, bytes: usize) -> Option<NonNull<u8>> {
        if bytes > self.scratch.len() * 8 {
            return None;
        }
        NonNull::new(self.scratch.as_mut_ptr().cast())
    }

    /// Copies the scratch into the lane, behind a filler if it would wrap; gives the new tail.
    pub(super) fn store_scratch(&mut self, kind: LaneKind, bytes: usize) -> u64 {
        let lane_slots = self.ring.lane(kind).slots();
        let slots = slots_for(bytes);
        let mut position = self.next_start(kind);
        if need(position, slots, lane_slots) > slots {
            position = self.put_filler(kind, position);
        }
        let to = self.ring.lane(kind).slot(position).cast::<u64>();
        let words = bytes.div_ceil(8);
        debug_assert!(words * 8 <= slots as usize * SLOT);
        for (index, value) in self.scratch[..words].iter().enumerate() {
            // SAFETY: `slots` slots from `position` do not wrap, hold these words, and are free or passed over.
            let word = unsafe { AtomicU64::from_ptr(to.add(index)) };
            word.store(*value, Ordering::Relaxed);
        }
        position.wrapping_add(slots)
    }
}
