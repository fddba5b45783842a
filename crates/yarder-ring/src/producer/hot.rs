//! The words that a log call touches, together on one page that reads as zeros in a forked child.

use std::ptr::NonNull;

use crate::lock::Page;

/// Zero everywhere in a child: `limit` 0 sends its first call into the slow path, `token` 0 says why.
#[repr(C, align(64))]
pub(super) struct Hot {
    /// First position that the fast path must not pass: half mark, end of room, end of the lane, or 0.
    pub(super) limit: u64,
    /// Where the next record starts. Beyond the published tail by a filler at most.
    pub(super) tail: u64,
    /// First byte of the main lane.
    pub(super) slots: *mut u8,
    /// Slots of the main lane, less one.
    pub(super) mask: u64,
    /// Last sequence number used.
    pub(super) sequence: u64,
    /// Last stamp given.
    pub(super) stamp: u64,
    /// First byte of the header.
    pub(super) header: *mut u8,
    /// Records stored.
    pub(super) accepted: u64,
    // Second line: the slow steps.
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
