//! One ring under the writer's eyes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use yarder_ring::clock::{Clock, ClockPair};
use yarder_ring::layout::State;
use yarder_ring::{Account, Consumer, Head, RingError, RingFile, RingInfo, Snapshot};

use super::tally::Tally;
use crate::format::{Formatter, Source};

pub(super) struct Tracked {
    pub(super) ring: Arc<RingFile>,
    pub(super) consumer: Consumer,
    pub(super) info: RingInfo,
    pub(super) source: Source,
    pub(super) clock: Clock,
    /// One for each destination of the plan.
    pub(super) formatters: Vec<Formatter>,
    /// Index of its plan; `None` while it names none that can be read.
    pub(super) plan: Option<usize>,
    /// Made by this process: known from a table, never probed.
    pub(super) own: bool,
    /// Its owner is gone or closed it: what it holds is all there will ever be.
    pub(super) ended: bool,
    /// It was tried to remove it since it was drained.
    pub(super) tried: bool,
    /// Its shared head as this writer last stored it.
    pub(super) head: Snapshot,
    /// End of this pass.
    pub(super) upto: Snapshot,
    /// Head after this batch.
    pub(super) new: Snapshot,
    /// Under `overwrite_oldest`: what is accounted for once this batch is written.
    pub(super) account: Option<Account>,
    /// Flags of the tag of this batch.
    pub(super) flags: u64,
    /// Copied records of this batch.
    pub(super) batch: Vec<u8>,
    /// What they came to.
    pub(super) tally: Tally,
}

impl Tracked {
    pub(super) fn new(ring: Arc<RingFile>, own: bool, pairs: &[ClockPair]) -> Tracked {
        let info = ring.info();
        let consumer = Consumer::new(Arc::clone(&ring), Head::Shared);
        let head = consumer.heads();
        Tracked {
            source: Source::new(&info.app, info.pid, &info.hostname, info.producer, &info.process),
            clock: Clock::new(info.pair, info.counter_hz, pairs),
            consumer,
            formatters: Vec::new(),
            ring,
            plan: None,
            own,
            ended: false,
            tried: false,
            head,
            upto: head,
            new: head,
            account: None,
            flags: 0,
            batch: Vec::new(),
            tally: Tally::default(),
            info,
        }
    }

    /// The same ring, by the mapping of its owner.
    pub(super) fn become_own(&mut self, ring: Arc<RingFile>) {
        self.consumer = Consumer::new(Arc::clone(&ring), Head::Shared);
        self.ring = ring;
        self.own = true;
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.ring.path()
    }

    /// Whether shared destinations read it at all.
    pub(super) fn is_shared(&self) -> bool {
        self.head.main != u64::MAX
    }

    pub(super) fn set_pairs(&mut self, pairs: &[ClockPair]) {
        self.clock = Clock::new(self.info.pair, self.info.counter_hz, pairs);
    }

    /// Whether its process is gone and this one writes what it left.
    pub(super) fn is_orphan(&self) -> bool {
        self.ended && !self.own
    }

    /// Looks whether its owner is gone. Once ended, always ended.
    pub(super) fn look(&mut self) {
        if !self.ended {
            self.ended = match self.ring.state() {
                State::Making | State::Live => !self.own && !self.ring.is_owner_alive(),
                State::Closed | State::Retired | State::Quarantined => true,
            };
        }
    }

    /// Whether a last line must tell of losses that no record carries.
    pub(super) fn owes_final(&self) -> bool {
        if !self.ended || self.ring.final_done() {
            return false;
        }
        if self.ring.has_accounts() {
            let mut account = self.ring.account(Head::Shared);
            return account.finish(self.ring.sequence(), &self.ring.lost_pending()).is_some();
        }
        self.ring.lost_pending().iter().any(|count| *count > 0)
    }

    /// Whether nothing of it is left to write.
    pub(super) fn is_spent(&self) -> bool {
        self.ended && (!self.is_shared() || (self.ring.snapshot() == self.head && !self.owes_final()))
    }

    /// How full it is, in quarters.
    pub(super) fn quarters(&self) -> u64 {
        self.ring.used_slots() * 4 / u64::from(self.ring.main_slots().max(1))
    }

    /// Copies up to `slots` of what is there.
    pub(super) fn copy(&mut self, slots: usize) -> Result<(), RingError> {
        self.batch.clear();
        self.new = self.consumer.copy_batch(&self.upto, slots, &mut self.batch)?;
        Ok(())
    }

    /// Copies everything up to `upto`, however much it is.
    pub(super) fn copy_all(&mut self, upto: Snapshot) -> Result<(), RingError> {
        self.batch.clear();
        self.upto = upto;
        self.consumer.rewind();
        loop {
            let before = self.consumer.cursor();
            self.new = self.consumer.copy_batch(&upto, usize::MAX, &mut self.batch)?;
            if self.new == upto || self.new == before {
                self.new = upto;
                return Ok(());
            }
        }
    }

    /// The account that counts, before this batch is formed.
    pub(super) fn begin_account(&mut self) {
        self.account = self.ring.has_accounts().then(|| self.ring.account(Head::Shared));
    }

    /// Moves the head past this batch.
    pub(super) fn advance(&mut self) {
        if let Some(account) = self.account.take() {
            self.consumer.store_account(&account);
        }
        self.consumer.advance(self.new);
        self.head = self.new;
        if self.flags != 0 {
            self.ring.set_final_done();
            self.flags = 0;
        }
    }

    /// The local head of an ended ring: nobody reads by it any more.
    pub(super) fn release_local(&self) {
        let mut local = Consumer::new(Arc::clone(&self.ring), Head::Local);
        let heads = local.heads();
        if heads.main != u64::MAX {
            local.advance(self.ring.snapshot());
        }
    }

    /// Where a ring that broke a rule is moved to.
    pub(super) fn corrupt_path(path: &Path) -> PathBuf {
        path.with_extension("corrupt")
    }
}

/// The records of a batch, head to tail at eight-byte alignment; each with all that follows it, so that short text
/// at its end can be read in whole blocks.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
}

impl<'a> Records<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Records<'a> {
        Records { bytes }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let length = self.bytes.first_chunk::<4>().map(|head| u32::from_le_bytes(*head) as usize)?;
        // The consumer checked the length against slots; a zero would loop for ever.
        let length = length.max(8).min(self.bytes.len());
        let record = self.bytes;
        self.bytes = self.bytes.get(length.next_multiple_of(8)..).unwrap_or_default();
        Some(record)
    }
}

/// The counter value a copied record was stamped with.
#[inline]
pub(super) fn stamp(record: &[u8]) -> u64 {
    record.get(16..24).and_then(|bytes| bytes.first_chunk::<8>()).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
