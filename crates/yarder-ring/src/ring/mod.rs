//! A ring file: a header, a main lane, a reserve lane.

mod create;
mod info;
mod open;
mod retire;
mod space;
mod wait;

use std::path::{Path, PathBuf};
use std::sync::atomic::{fence, Ordering};
use std::sync::Mutex;

pub(crate) use create::rename_new;
pub use info::RingInfo;
pub(crate) use open::stat;
pub(crate) use wait::need;
pub use wait::WaitOutcome;

use crate::error::RingError;
use crate::lane::{self, Cells, Word};
use crate::layout::{offset, Policy, Reason, State, HEADER_BYTES, REASONS, SLOT};
use crate::lock::{Descriptor, OfdLock};
use crate::map::Mapping;

/// What a new ring is to be.
#[derive(Clone, Debug, Default)]
pub struct RingSpec {
    /// Slots of the main lane; rounded up to a power of two, 256 to 4,194,304.
    pub main_slots: u32,
    /// What happens when it is full.
    pub policy: Policy,
    /// Hash name of the plan whose destinations get its records; empty for none.
    pub plan: String,
    /// Name of the app.
    pub app: String,
    /// Name of the process.
    pub process: String,
    /// Name of the host.
    pub hostname: String,
    /// Whether shared destinations (the writer) read it.
    pub shared: bool,
    /// Whether local destinations (its own process) read it.
    pub local: bool,
    /// Thread that made it, 0 under a GIL.
    pub thread: u32,
    /// Interpreter that made it.
    pub interp: u64,
}

/// A mapped ring file. Every method may be called from any thread.
#[derive(Debug)]
pub struct RingFile {
    map: Mapping,
    /// Checked when it was opened and never read from the header again: the header may be hostile.
    main_slots: u32,
    reserve_slots: u32,
    policy: Policy,
    path: Option<PathBuf>,
    /// Device and inode, to see whether the path still leads here.
    identity: (u64, u64),
    /// Kept by a reader to ask for the owner's lock.
    probe: Option<Descriptor>,
    /// Held by the owner.
    lock: Mutex<Option<OfdLock>>,
    /// Pid of the process that made it here; 0 for a reader.
    owner: u32,
}

/// Which of the two readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// The writer, for the shared destinations.
    Shared,
    /// The ring's own process, for its local destinations.
    Local,
}

/// A position in both lanes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// In the main lane.
    pub main: u64,
    /// In the reserve lane.
    pub reserve: u64,
}

/// Which lane of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneKind {
    /// Takes every record.
    Main,
    /// Takes error-and-worse when the main lane cannot.
    Reserve,
}

/// One lane of a mapped ring: the cells of `lane.rs` over the mapping.
#[derive(Clone, Copy)]
pub(crate) struct MapLane<'a> {
    map: &'a Mapping,
    kind: LaneKind,
    slots: u32,
}

impl MapLane<'_> {
    #[inline(always)]
    const fn offset(&self, word: Word) -> usize {
        match (self.kind, word) {
            (LaneKind::Main, Word::Tail) => offset::MAIN_TAIL,
            (LaneKind::Main, Word::SharedHead) => offset::SHARED_MAIN_HEAD,
            (LaneKind::Main, Word::LocalHead) => offset::LOCAL_MAIN_HEAD,
            (LaneKind::Main, Word::Oldest) => offset::OLDEST_MAIN,
            (LaneKind::Reserve, Word::Tail) => offset::RESERVE_TAIL,
            (LaneKind::Reserve, Word::SharedHead) => offset::SHARED_RESERVE_HEAD,
            (LaneKind::Reserve, Word::LocalHead) => offset::LOCAL_RESERVE_HEAD,
            (LaneKind::Reserve, Word::Oldest) => offset::OLDEST_RESERVE,
        }
    }

    /// First byte of the slot of a position.
    #[inline(always)]
    pub(crate) fn slot(&self, position: u64) -> *mut u8 {
        let index = (position & u64::from(self.slots - 1)) as usize;
        // SAFETY: the index is below the lane's slots, all of which lie inside the mapping (`first` is checked
        // against its length when the ring is made or opened).
        unsafe { self.map.base().add(self.first() + index * SLOT) }
    }

    #[inline(always)]
    fn first(&self) -> usize {
        match self.kind {
            LaneKind::Main => HEADER_BYTES,
            // The main lane is 32 times the reserve lane, or has 256 slots beside 16.
            LaneKind::Reserve => self.map.len() - self.slots as usize * SLOT,
        }
    }
}

impl Cells for MapLane<'_> {
    #[inline(always)]
    fn load(&self, word: Word, order: Ordering) -> u64 {
        self.map.u64(self.offset(word)).load(order)
    }

    #[inline(always)]
    fn store(&self, word: Word, value: u64, order: Ordering) {
        self.map.u64(self.offset(word)).store(value, order);
    }

    #[inline(always)]
    fn fence(&self, order: Ordering) {
        fence(order);
    }

    #[inline(always)]
    fn slots(&self) -> u64 {
        u64::from(self.slots)
    }
}

impl RingFile {
    #[inline(always)]
    pub(crate) fn lane(&self, kind: LaneKind) -> MapLane<'_> {
        let slots = match kind {
            LaneKind::Main => self.main_slots,
            LaneKind::Reserve => self.reserve_slots,
        };
        MapLane { map: &self.map, kind, slots }
    }

    #[inline(always)]
    pub(crate) fn map(&self) -> &Mapping {
        &self.map
    }

    /// Where the file stands; `None` for memory without a file.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Slots of the main lane.
    #[must_use]
    pub fn main_slots(&self) -> u32 {
        self.main_slots
    }

    /// What happens when the ring is full.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// The producer's number.
    #[must_use]
    pub fn producer(&self) -> u64 {
        self.map.u64(offset::PRODUCER).load(Ordering::Relaxed)
    }

    /// Where the ring is in its life. A number that is no state reads as `Quarantined`.
    #[must_use]
    pub fn state(&self) -> State {
        State::from_u32(self.map.u32(offset::STATE).load(Ordering::Acquire)).unwrap_or(State::Quarantined)
    }

    /// Moves the ring on. The owner that closes it also gives up its lock, so that the ring may be retired while the
    /// process lives.
    pub fn set_state(&self, state: State) {
        self.map.u32(offset::STATE).store(state as u32, Ordering::Release);
        if state == State::Closed {
            *self.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
        }
    }

    fn word(&self, offset: usize) -> u64 {
        self.map.u64(offset).load(Ordering::Relaxed)
    }

    fn table<const N: usize>(&self, offset: usize) -> [u64; N] {
        std::array::from_fn(|index| self.word(offset + index * 8))
    }

    /// Last sequence number that was used, by a stored record or a lost one.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.map.u64(offset::SEQUENCE).load(Ordering::Acquire)
    }

    /// Records stored.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.word(offset::ACCEPTED)
    }

    /// Records lost, by reason; those overwritten as far as the reader has come.
    #[must_use]
    pub fn lost(&self) -> [u64; REASONS] {
        let mut lost = self.table(offset::LOST);
        if self.has_accounts() {
            lost[Reason::Overwritten as usize] = self.overwritten();
        }
        lost
    }

    /// Records lost that no stored record tells of yet, by reason; under `overwrite_oldest` the totals.
    #[must_use]
    pub fn lost_pending(&self) -> [u64; REASONS] {
        let carrier = self.map.u64(offset::LOSS_CARRIER).load(Ordering::Acquire);
        if carrier != 0 {
            // Killed between publishing the record that carries them and clearing the table: they are told.
            let kind = if carrier >> 63 == 0 { LaneKind::Main } else { LaneKind::Reserve };
            if lane::published(&self.lane(kind)) >= carrier & (u64::MAX >> 1) {
                return [0; REASONS];
            }
        }
        self.table(offset::LOST_PENDING)
    }

    /// Records lost by local destinations: `local_slow`, `handler_slow`, two spare.
    #[must_use]
    pub fn local_lost(&self) -> [u64; 4] {
        self.table(offset::LOCAL_LOST)
    }

    /// Counts records that a local destination lost (index as `local_lost`).
    pub fn count_local_lost(&self, index: usize, records: u64) {
        self.map.u64(offset::LOCAL_LOST + (index & 3) * 8).fetch_add(records, Ordering::Relaxed);
    }

    /// Most slots that were ever in use, as seen at the producer's slow steps.
    #[must_use]
    pub fn high_water(&self) -> u64 {
        self.word(offset::HIGH_WATER)
    }

    /// How often a call waited for room.
    #[must_use]
    pub fn blocked(&self) -> u64 {
        self.word(offset::BLOCKED)
    }

    /// Whether the producer drops at once because nobody drains.
    #[must_use]
    pub fn stalled(&self) -> bool {
        self.map.u32(offset::STALLED).load(Ordering::Relaxed) != 0
    }

    /// Slots of the main lane that are not free, by the slower of the two heads.
    #[must_use]
    pub fn used_slots(&self) -> u64 {
        let lane = self.lane(LaneKind::Main);
        let floor = lane::start(&lane, lane::floor(&lane));
        lane::published(&lane).saturating_sub(floor).min(lane.slots())
    }

    /// Whether the last loss of a dead or closed ring has been written.
    #[must_use]
    pub fn final_done(&self) -> bool {
        self.map.u32(offset::FINAL_DONE).load(Ordering::Acquire) != 0
    }

    /// Says that the last loss has been written.
    pub fn set_final_done(&self) {
        self.map.u32(offset::FINAL_DONE).store(1, Ordering::Release);
    }

    /// End of what is published, both lanes at one moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let (main, reserve) = lane::snapshot(&self.lane(LaneKind::Main), &self.lane(LaneKind::Reserve));
        Snapshot { main, reserve }
    }

    /// One of the two heads; both words are `UNUSED_HEAD` where nobody reads by it.
    #[must_use]
    pub fn heads(&self, head: Head) -> Snapshot {
        let word = head.word();
        Snapshot {
            main: self.lane(LaneKind::Main).load(word, Ordering::Acquire),
            reserve: self.lane(LaneKind::Reserve).load(word, Ordering::Acquire),
        }
    }

    /// Whether both heads have passed all that is published.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        let tails = self.snapshot();
        [(LaneKind::Main, tails.main), (LaneKind::Reserve, tails.reserve)].into_iter().all(|(kind, tail)| {
            let lane = self.lane(kind);
            lane::start(&lane, lane::floor(&lane)) >= tail
        })
    }
}

impl Head {
    #[inline(always)]
    pub(crate) const fn word(self) -> Word {
        match self {
            Head::Shared => Word::SharedHead,
            Head::Local => Word::LocalHead,
        }
    }
}

pub(crate) const fn check_policy(value: u32) -> Result<Policy, RingError> {
    match Policy::from_u32(value) {
        Some(policy) => Ok(policy),
        None => Err(RingError::corrupt("policy")),
    }
}
