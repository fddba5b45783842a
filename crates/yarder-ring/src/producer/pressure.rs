//! The slow steps of a reservation: a new look at the heads, and what the answer means.

use std::sync::atomic::Ordering;

use super::{slots_for, Producer};
use crate::lane::{self, Cells, Word};
use crate::layout::{offset, Policy};
use crate::ring::{need, LaneKind};

/// Why `reserve` said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    /// There is room: reserve again.
    Room,
    /// There is room, but half of the ring is in use: wake the writer, then reserve again.
    HalfFull,
    /// No room; the policy decides.
    Full,
    /// No room, and nobody drained the ring for a whole wait: drop at once.
    Stalled,
    /// This is a forked child's copy: abandon it and make a new ring.
    Forked,
    /// The lane never takes a record of this size.
    TooLarge,
}

impl Producer {
    /// Looks at the heads again; says whether `reserve` may now succeed. It always does after `Room` and `HalfFull`.
    #[cold]
    pub fn pressure(&mut self, bytes: usize) -> Pressure {
        if self.is_forked() {
            return Pressure::Forked;
        }
        if bytes == 0 || bytes > self.max_record_bytes() {
            return Pressure::TooLarge;
        }
        let floor = self.reload();
        let (slots, lane_slots) = (slots_for(bytes), u64::from(self.ring.main_slots()));
        let hot = self.hot.get_mut();
        if hot.stalled {
            if hot.stalled_at == floor {
                return Pressure::Stalled;
            }
            self.set_stalled(false);
        }
        let hot = self.hot.get_mut();
        let wanted = need(hot.tail, slots, lane_slots);
        if hot.room.wrapping_sub(hot.tail) < wanted {
            return Pressure::Full;
        }
        if self.ring.policy() == Policy::OverwriteOldest {
            // `reserve` looks at `room` itself and never uses the fast path.
            return Pressure::Room;
        }
        if wanted > slots {
            let tail = self.hot.get().tail;
            let next = self.put_filler(LaneKind::Main, tail);
            self.hot.get_mut().tail = next;
        }
        let hot = self.hot.get_mut();
        let half = hot.room.wrapping_sub(lane_slots / 2);
        let end = hot.tail.wrapping_add(slots);
        // The end of the lane is a limit as well: behind it the filler is written, here.
        let lane_end = (hot.tail | hot.mask).wrapping_add(1);
        if end <= half {
            hot.set_limit(half.min(lane_end));
            Pressure::Room
        } else {
            hot.set_limit(hot.room.min(lane_end));
            Pressure::HalfFull
        }
    }

    /// Reads the heads, sets `room` and closes the fast path. Gives the floor.
    pub(super) fn reload(&mut self) -> u64 {
        let lane = self.ring.lane(LaneKind::Main);
        let (room, slots) = (lane::end_of_room(&lane), lane.slots());
        let floor = room.wrapping_sub(slots);
        let hot = self.hot.get_mut();
        // A head beyond the tail or a lane behind it is another's bug: no room then.
        hot.room = if room.wrapping_sub(hot.tail) <= slots { room } else { hot.tail };
        hot.set_limit(0);
        let used = hot.tail.wrapping_sub(floor).min(slots);
        if used > hot.high_water {
            hot.high_water = used;
            self.word(offset::HIGH_WATER).store(used, Ordering::Relaxed);
        }
        floor
    }

    /// Says that nobody drains the ring (after a wait without any movement), or that somebody does again.
    pub fn set_stalled(&mut self, stalled: bool) {
        if self.is_forked() {
            return;
        }
        let lane = self.ring.lane(LaneKind::Main);
        let floor = lane::end_of_room(&lane).wrapping_sub(lane.slots());
        let hot = self.hot.get_mut();
        hot.stalled = stalled;
        hot.stalled_at = floor;
        hot.set_limit(0);
        self.ring.map().u32(offset::STALLED).store(u32::from(stalled), Ordering::Relaxed);
    }

    /// Whether calls drop at once. `pressure` ends it as soon as a head moved.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        self.hot.get().stalled
    }

    /// Records of the main lane that no head has passed, in slots.
    pub(super) fn oldest(&self) -> u64 {
        self.ring.lane(LaneKind::Main).load(Word::Oldest, Ordering::Relaxed)
    }
}
