//! The reserve lane: errors are the last to be lost.

use super::{slots_for, Producer, Reservation};
use crate::lane::{self, Cells};
use crate::layout::SLOT;
use crate::ring::{need, LaneKind};

impl Producer {
    /// Room in the reserve lane for a record of at most `bytes`, up to half of that lane.
    #[cold]
    pub fn reserve_spare(&mut self, bytes: usize) -> Option<Reservation<'_>> {
        if self.is_forked() || bytes == 0 || bytes > self.max_spare_bytes() {
            return None;
        }
        let lane = self.ring.lane(LaneKind::Reserve);
        let (lane_slots, room) = (lane.slots(), lane::end_of_room(&lane));
        let slots = slots_for(bytes);
        let tail = self.hot.get().spare_tail;
        let wanted = need(tail, slots, lane_slots);
        let free = room.wrapping_sub(tail);
        if free > lane_slots || free < wanted {
            return None;
        }
        if wanted > slots {
            let next = self.put_filler(LaneKind::Reserve, tail);
            self.hot.get_mut().spare_tail = next;
        }
        let (sequence, stamp) = self.next();
        let at = self.ring.lane(LaneKind::Reserve).slot(self.hot.get().spare_tail);
        debug_assert!(bytes <= slots as usize * SLOT);
        // SAFETY: `slots` free slots follow `at` without a wrap (a filler took the rest otherwise).
        let end = unsafe { at.add(bytes) };
        Some(Reservation::new(self, LaneKind::Reserve, false, at..end, sequence, stamp))
    }
}
