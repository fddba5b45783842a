//! `overwrite_oldest`: a reader may be copying the very slots that are written, so every word of them is atomic. The
//! record is gathered in scratch memory first.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::{slots_for, Producer, Reservation};
use crate::lane::{self, Cells, Word};
use crate::layout::{Policy, SLOT, UNUSED_HEAD};
use crate::ring::{need, LaneKind};

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
    /// needed. Nothing is counted: the readers know what they did not get (`account.rs`).
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
        while position < goal && position < tail {
            // SAFETY: a slot is aligned and holds the word; the producer alone writes it.
            let bytes = unsafe { AtomicU32::from_ptr(lane.slot(position).cast()) };
            let slots = slots_for(bytes.load(Ordering::Relaxed) as usize);
            // Slots that somebody else scribbled over: everything goes.
            if slots > tail - position {
                position = tail;
                break;
            }
            position += slots;
        }
        lane::pass(&lane, position.max(goal.min(tail)));
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
