//! Clock pairs, appended by the writer. The count never restarts; the page keeps the last 256.

use std::sync::atomic::Ordering;

use super::{at, Control};
use crate::clock::ClockPair;

const MOST: u32 = 256;
const ENTRY: usize = 24;

impl Control {
    /// How many pairs were ever appended.
    #[must_use]
    pub fn pair_count(&self) -> u32 {
        self.map.u32(at::PAIRS_COUNT).load(Ordering::Acquire)
    }

    /// The pairs before the `upto`-th, oldest first. An intent keeps its `upto`, so that a successor converts with
    /// the same pairs: only the writer appends, and it recovers first.
    #[must_use]
    pub fn pairs(&self, upto: u32) -> Vec<ClockPair> {
        let count = self.pair_count();
        let upto = upto.min(count);
        let first = count.saturating_sub(MOST).min(upto);
        (first..upto)
            .map(|index| {
                let base = at::PAIRS + (index % MOST) as usize * ENTRY;
                let word = |offset| self.map.u64(base + offset).load(Ordering::Relaxed);
                ClockPair { counter: word(0), realtime_ns: word(8), boot: word(16) }
            })
            .collect()
    }

    /// Appends a pair; the writer alone may do so.
    pub fn append_pair(&self, pair: ClockPair) {
        let count = self.pair_count();
        let base = at::PAIRS + (count % MOST) as usize * ENTRY;
        self.map.u64(base).store(pair.counter, Ordering::Relaxed);
        self.map.u64(base + 8).store(pair.realtime_ns, Ordering::Relaxed);
        self.map.u64(base + 16).store(pair.boot, Ordering::Relaxed);
        self.map.u32(at::PAIRS_COUNT).store(count.wrapping_add(1), Ordering::Release);
    }
}
