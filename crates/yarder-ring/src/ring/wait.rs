//! Waiting for room in a full ring: the producer sleeps on `space`, a reader that frees half a ring wakes it.

use std::sync::atomic::{fence, Ordering};
use std::time::{Duration, Instant};

use super::{LaneKind, MapLane, RingFile};
use crate::futex;
use crate::lane::{self, Cells};
use crate::layout::offset;

/// How a wait for room ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitOutcome {
    /// There is room now.
    Room,
    /// There is none.
    TimedOut {
        /// Whether a head moved meanwhile: if not, nobody drains this ring and the producer should stall.
        moved: bool,
    },
}

/// Slots that a record of `slots` takes at `position`, with the filler before it if it would wrap.
#[inline]
pub(crate) fn need(position: u64, slots: u64, lane_slots: u64) -> u64 {
    let rest = lane_slots - (position & (lane_slots - 1));
    if slots > rest {
        rest + slots
    } else {
        slots
    }
}

fn has_room(lane: &MapLane<'_>, slots: u64) -> bool {
    let tail = lane.load(lane::Word::Tail, Ordering::Relaxed);
    let room = lane::end_of_room(lane).wrapping_sub(tail);
    room <= lane.slots() && room >= need(tail, slots, lane.slots())
}

impl RingFile {
    /// Waits until the main lane has room for `slots`, at most until `deadline` from now. Call it without the GIL; it
    /// reads the header only, so another thread may use the producer meanwhile.
    pub fn wait_for_room(&self, slots: u64, deadline: Duration) -> WaitOutcome {
        let lane = self.lane(LaneKind::Main);
        let first = lane::floor(&lane);
        let until = Instant::now() + deadline;
        let waiting = self.map.u32(offset::WAITING);
        let space = self.map.u32(offset::SPACE);
        self.map.u64(offset::BLOCKED).fetch_add(1, Ordering::Relaxed);
        waiting.fetch_add(1, Ordering::SeqCst);
        let outcome = loop {
            let seen = space.load(Ordering::SeqCst);
            // Either this look sees the reader's new head, or the reader's look at `waiting` sees us.
            fence(Ordering::SeqCst);
            if has_room(&lane, slots) {
                break WaitOutcome::Room;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break WaitOutcome::TimedOut { moved: lane::floor(&lane) != first };
            }
            futex::wait(space, seen, left);
        };
        waiting.fetch_sub(1, Ordering::SeqCst);
        outcome
    }

    /// After a head moved: wakes the producer when at least half of the main lane is free.
    pub(crate) fn wake_waiting(&self) {
        fence(Ordering::SeqCst);
        if self.map.u32(offset::WAITING).load(Ordering::SeqCst) == 0 {
            return;
        }
        if self.used_slots() <= u64::from(self.main_slots) / 2 {
            let space = self.map.u32(offset::SPACE);
            space.fetch_add(1, Ordering::SeqCst);
            futex::wake(space);
        }
    }
}
