//! The lane algorithm: who may touch which slot when. Generic over its cells, so that the very code that runs over
//! a mapping is the code that loom models (`tests/loom.rs`).
//!
//! A lane is `slots` slots and four words. Positions count slots and never restart. The slots `[oldest, tail)` hold
//! records; the producer owns `[tail, floor + slots)`, where `floor` is the lower of the two heads. Publishing is one
//! release store of `tail`; freeing is one release store of a head. Under `overwrite_oldest` the producer also moves
//! `oldest`, and a reader asks for it again after it copied.

use std::sync::atomic::Ordering;

/// The words of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// End of what is published.
    Tail,
    /// What the writer is done with.
    SharedHead,
    /// What the local destinations are done with.
    LocalHead,
    /// First record that was not passed over.
    Oldest,
}

/// Where a lane's words live: atomics over a mapping, or loom's.
pub trait Cells {
    /// Reads one word.
    fn load(&self, word: Word, order: Ordering) -> u64;
    /// Writes one word.
    fn store(&self, word: Word, value: u64, order: Ordering);
    /// A fence between the words and the slots.
    fn fence(&self, order: Ordering);
    /// Slots of the lane, a power of two.
    fn slots(&self) -> u64;
}

/// The lower of the two heads: everything before it is free.
#[inline(always)]
pub fn floor<C: Cells>(cells: &C) -> u64 {
    // Acquire: the reader's loads of the slots happened before it moved its head, so our stores cannot reach them.
    cells.load(Word::SharedHead, Ordering::Acquire).min(cells.load(Word::LocalHead, Ordering::Acquire))
}

/// First position that the producer must not reach: everything before it may be written.
#[inline(always)]
pub fn end_of_room<C: Cells>(cells: &C) -> u64 {
    let floor = floor(cells).max(cells.load(Word::Oldest, Ordering::Relaxed));
    // Two unused heads would make the lane endless; then everything that is published is free at once.
    if floor == u64::MAX {
        return cells.load(Word::Tail, Ordering::Relaxed).wrapping_add(cells.slots());
    }
    floor.wrapping_add(cells.slots())
}

/// Makes everything before `tail` visible: the one store that publishes.
#[inline(always)]
pub fn publish<C: Cells>(cells: &C, tail: u64) {
    cells.store(Word::Tail, tail, Ordering::Release);
}

/// Gives up the records before `oldest`. The caller may overwrite their slots afterwards, with atomic words only.
#[inline]
pub fn pass<C: Cells>(cells: &C, oldest: u64) {
    cells.store(Word::Oldest, oldest, Ordering::Relaxed);
    // Pairs with the acquire fence in `still_there`: who sees a word written after this fence sees the new `oldest`.
    cells.fence(Ordering::Release);
}

/// End of what a reader may read.
#[inline(always)]
pub fn published<C: Cells>(cells: &C) -> u64 {
    cells.load(Word::Tail, Ordering::Acquire)
}

/// Where a reader whose head is `head` starts: records that were passed over are gone.
#[inline(always)]
pub fn start<C: Cells>(cells: &C, head: u64) -> u64 {
    head.max(cells.load(Word::Oldest, Ordering::Acquire))
}

/// After a copy from `position`: whether the copy is whole. Else the new start.
#[inline]
pub fn still_there<C: Cells>(cells: &C, position: u64) -> Result<(), u64> {
    cells.fence(Ordering::Acquire);
    let oldest = cells.load(Word::Oldest, Ordering::Relaxed);
    if oldest <= position {
        Ok(())
    } else {
        Err(oldest)
    }
}

/// Frees everything before `head`.
#[inline(always)]
pub fn release<C: Cells>(cells: &C, which: Word, head: u64) {
    // Release: our loads of the slots stay before it.
    cells.store(which, head, Ordering::Release);
}

/// Both tails of a producer at one moment: reserve, main, reserve again until the reserve lane stood still.
/// Bounded, because a hostile or very fast producer must not hold the reader; the last look is then taken.
#[inline]
pub fn snapshot<C: Cells>(main: &C, reserve: &C) -> (u64, u64) {
    let mut before = published(reserve);
    for _ in 0..64 {
        let tail = published(main);
        let after = published(reserve);
        if after == before {
            return (tail, after);
        }
        before = after;
    }
    // The older look at the main lane with the oldest look at the reserve lane holds no record whose
    // predecessor is missing for long: the next snapshot has it.
    (published(main), before)
}
