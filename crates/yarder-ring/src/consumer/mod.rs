//! A reader of one ring by one of its two heads. It treats the ring as hostile memory: each number is read once,
//! checked, and then used; each record is copied before anything else looks at it.

mod copy;

use std::sync::atomic::Ordering;
use std::sync::Arc;

use crate::account::Account;
use crate::error::RingError;
use crate::lane::{self, Cells};
use crate::layout::{offset, RECORD_HEAD, UNUSED_HEAD};
use crate::ring::{Head, LaneKind, RingFile, Snapshot};

/// Reads one ring by one head. Its cursor runs ahead of the head until `advance` stores it.
#[derive(Debug)]
pub struct Consumer {
    ring: Arc<RingFile>,
    head: Head,
    /// Looked at once: a header that changes its mind must not turn a loop into an endless one.
    used: bool,
    cursor: Snapshot,
}

/// One record, copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawRecord<'a> {
    /// The whole record, with its head of 48 bytes.
    pub bytes: &'a [u8],
    /// Its number in its producer's order.
    pub sequence: u64,
    /// Counter when it was reserved.
    pub stamp: u64,
    /// Its level, unchecked.
    pub level: u8,
}

impl<'a> RawRecord<'a> {
    /// Looks at the head of copied bytes; `None` where they are no record of exactly this length.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<RawRecord<'a>> {
        let word = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let length = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
        if length != bytes.len() || length < RECORD_HEAD {
            return None;
        }
        Some(RawRecord { bytes, sequence: word(8)?, stamp: word(16)?, level: *bytes.get(5)? })
    }
}

/// The records of a batch, head to tail at 8-byte alignment, as `copy_batch` lays them.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    rest: &'a [u8],
}

impl<'a> Batch<'a> {
    /// Over what `copy_batch` appended.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Batch<'a> {
        Batch { rest: bytes }
    }
}

impl<'a> Iterator for Batch<'a> {
    type Item = RawRecord<'a>;

    #[inline]
    fn next(&mut self) -> Option<RawRecord<'a>> {
        let length = u32::from_le_bytes(self.rest.get(..4)?.try_into().ok()?) as usize;
        let record = RawRecord::parse(self.rest.get(..length)?)?;
        self.rest = self.rest.get(length.next_multiple_of(8)..).unwrap_or_default();
        Some(record)
    }
}

impl Consumer {
    /// A reader that starts at the ring's head.
    #[must_use]
    pub fn new(ring: Arc<RingFile>, head: Head) -> Consumer {
        let cursor = ring.heads(head);
        Consumer { ring, head, used: cursor.main != UNUSED_HEAD, cursor }
    }

    /// The ring.
    #[must_use]
    pub fn ring(&self) -> &Arc<RingFile> {
        &self.ring
    }

    /// Whether this head is in use: the ring has destinations of its kind.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.used
    }

    /// End of what is published, both lanes at one moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.ring.snapshot()
    }

    /// What stands in the header.
    #[must_use]
    pub fn heads(&self) -> Snapshot {
        self.ring.heads(self.head)
    }

    /// Everything before it has been delivered to the caller.
    #[must_use]
    pub fn cursor(&self) -> Snapshot {
        self.cursor
    }

    /// Takes the cursor back to the heads: what was copied since is delivered again.
    pub fn rewind(&mut self) {
        self.cursor = self.heads();
    }

    /// Sets the cursor; for a successor that goes on behind a batch.
    pub fn seek(&mut self, to: Snapshot) {
        self.cursor = to;
    }

    /// Stores the heads, which frees the slots before them, and wakes a producer that waits for room.
    pub fn advance(&mut self, to: Snapshot) {
        lane::release(&self.ring.lane(LaneKind::Main), self.head.word(), to.main);
        lane::release(&self.ring.lane(LaneKind::Reserve), self.head.word(), to.reserve);
        self.cursor = Snapshot { main: self.cursor.main.max(to.main), reserve: self.cursor.reserve.max(to.reserve) };
        self.ring.wake_waiting();
    }

    /// Stores the account, where the ring has one. Before the heads: what is read again was told already.
    pub fn store_account(&self, account: &Account) {
        if self.ring.has_accounts() {
            let number = self.ring.prepare_account(self.head, account);
            self.ring.store_account(self.head, number);
        }
    }

    /// Writes the new heads of a batch beside the old ones, under the batch's number, and the account it leads to.
    pub fn tag(&self, intent_sequence: u64, new: Snapshot, flags: u64, account: Option<&Account>) {
        let word = |at| self.ring.map().u64(at);
        // Not named while the rest changes: whoever comes after a death in between finds no tag.
        word(offset::TAG_SEQUENCE).store(0, Ordering::Release);
        std::sync::atomic::fence(Ordering::Release);
        word(offset::TAG_MAIN).store(new.main, Ordering::Relaxed);
        word(offset::TAG_RESERVE).store(new.reserve, Ordering::Relaxed);
        word(offset::TAG_FLAGS).store(flags, Ordering::Relaxed);
        let number = account.map_or(0, |account| self.ring.prepare_account(self.head, account));
        word(offset::TAG_ACCOUNT).store(number, Ordering::Relaxed);
        word(offset::TAG_SEQUENCE).store(intent_sequence, Ordering::Release);
    }

    /// The tagged heads: number of the batch (0 for none), heads, flags.
    #[must_use]
    pub fn tagged(&self) -> (u64, Snapshot, u64) {
        let word = |at, order| self.ring.map().u64(at).load(order);
        let sequence = word(offset::TAG_SEQUENCE, Ordering::Acquire);
        let new = Snapshot {
            main: word(offset::TAG_MAIN, Ordering::Relaxed),
            reserve: word(offset::TAG_RESERVE, Ordering::Relaxed),
        };
        (sequence, new, word(offset::TAG_FLAGS, Ordering::Relaxed))
    }

    /// Copies the next record before `upto` into `buf`, in the order of sequence numbers over both lanes; `None` when
    /// there is none. Fillers are skipped, records that were passed over as well.
    pub fn next<'a>(&mut self, upto: &Snapshot, buf: &'a mut Vec<u8>) -> Result<Option<RawRecord<'a>>, RingError> {
        buf.clear();
        if !self.step(upto, buf)? {
            return Ok(None);
        }
        let length = buf.get(..4).and_then(|head| head.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
        buf.truncate(length);
        Ok(RawRecord::parse(buf))
    }

    /// Appends records before `upto` to `out`, until they took `max_slots` slots (at least one record, if there is
    /// one). Each begins at a multiple of 8 from the beginning of what was appended; read them with `Batch`. Gives the
    /// cursor behind them.
    pub fn copy_batch(&mut self, upto: &Snapshot, max_slots: usize, out: &mut Vec<u8>) -> Result<Snapshot, RingError> {
        let begin = self.cursor;
        loop {
            // While the reserve lane is empty, which it nearly always is, nothing is to be merged.
            if self.cursor.reserve >= upto.reserve {
                let taken = self.taken_since(begin);
                self.copy_main(upto, (max_slots as u64).saturating_sub(taken), out)?;
            } else if !self.step(upto, out)? {
                break;
            }
            if self.taken_since(begin) >= max_slots as u64 || self.at_end(upto) {
                break;
            }
        }
        Ok(self.cursor)
    }

    fn taken_since(&self, begin: Snapshot) -> u64 {
        self.cursor.main.saturating_sub(begin.main) + self.cursor.reserve.saturating_sub(begin.reserve)
    }

    fn at_end(&self, upto: &Snapshot) -> bool {
        self.cursor.main >= upto.main && self.cursor.reserve >= upto.reserve
    }

    /// A snapshot that no producer can have made is refused before a slot is touched.
    fn check(&self, upto: &Snapshot) -> Result<(), RingError> {
        for kind in [LaneKind::Main, LaneKind::Reserve] {
            let lane = self.ring.lane(kind);
            let (from, to) = match kind {
                LaneKind::Main if self.is_overwritten() => (lane::start(&lane, self.cursor.main), upto.main),
                LaneKind::Main => (self.cursor.main, upto.main),
                LaneKind::Reserve => (self.cursor.reserve, upto.reserve),
            };
            if to.saturating_sub(from) > lane.slots() {
                return Err(RingError::corrupt("more published than the lane holds"));
            }
        }
        Ok(())
    }
}
