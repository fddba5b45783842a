//! The words that a log call touches, together on one page that reads as zeros in a forked child.

use std::ptr::NonNull;

use crate::lock::Page;

/// Zero everywhere in a child: `limit` 0 sends its first call into the slow path, `token` 0 says why.
#[repr(C, align(64))]
pub(super) struct Hot {
    /// First position that the fast path must not pass: half mark, end of room, end of the lane, or 0.
    pub(super) limit: u64,
    /// The same for the straight way: 0 also while there are losses to tell of.
    pub(super) straight: u64,
    /// Where the next record starts. Beyond the published tail by a filler at most.
    pub(super) tail: u64,
    /// First byte of the main lane.
    pub(super) slots: *mut u8,
    /// Slots of the main lane, less one.
    pub(super) mask: u64,
    // The words that every record changes do not stand side by side: two that are stored as one and loaded apart, or
    // the other way round, cost a stall.
    /// Last sequence number used.
    pub(super) sequence: u64,
    /// First byte of the header.
    pub(super) header: *mut u8,
    /// Last stamp given.
    pub(super) stamp: u64,
    // Second line: the slow steps.
    /// Records stored.
    pub(super) accepted: u64,
    /// Not 0 while this is the process that made the producer.
    pub(super) token: u64,
    /// End of room at the last look at the heads.
    pub(super) room: u64,
    /// Floor at the moment the ring stalled.
    pub(super) stalled_at: u64,
    pub(super) stalled: bool,
    /// Whether a loss waits for a record that tells of it.
    pub(super) losses: bool,
    pub(super) high_water: u64,
    /// Next position in the reserve lane.
    pub(super) spare_tail: u64,
}

impl Hot {
    /// Sets the limit of both ways.
    pub(super) fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
        self.straight = if self.losses { 0 } else { limit };
    }

    /// Says whether losses wait to be told of.
    pub(super) fn set_losses(&mut self, losses: bool) {
        self.losses = losses;
        self.set_limit(self.limit);
    }
}

/// Owner of the page.
pub(super) struct HotPage {
    page: Page,
}

impl HotPage {
    pub(super) fn new() -> Option<HotPage> {
        Page::new().map(|page| HotPage { page })
    }

    #[inline(always)]
    fn pointer(&self) -> NonNull<Hot> {
        self.page.base().cast()
    }

    #[inline(always)]
    pub(super) fn get(&self) -> &Hot {
        // SAFETY: the page is larger than `Hot`, aligned, and zeros are a valid `Hot`; it is borrowed like `self`.
        unsafe { self.pointer().as_ref() }
    }

    #[inline(always)]
    pub(super) fn get_mut(&mut self) -> &mut Hot {
        // SAFETY: as `get`, exclusively.
        unsafe { self.pointer().as_mut() }
    }
}
