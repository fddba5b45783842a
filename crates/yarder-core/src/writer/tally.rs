//! What a batch holds, counted while it is formed: a few additions a record.

use std::collections::HashMap;

use crate::ledger::OTHER_FACILITY;
use crate::plan::MAX_DESTINATIONS;

/// What one ring gave to a batch.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Records taken out of the ring.
    pub(super) records: u64,
    pub(super) first: u64,
    pub(super) last: u64,
    /// Losses that were told, by reason.
    pub(super) lost: Vec<(u8, u64)>,
    /// Records for each destination of the plan.
    pub(super) counts: [u32; MAX_DESTINATIONS],
    /// Records that a destination would have got, had it worked.
    pub(super) failed: [u32; MAX_DESTINATIONS],
    /// The last facility and its bit: records come in runs of the same. No bit: there was none yet.
    facility: (Vec<u8>, u64),
}

impl Tally {
    pub(super) fn clear(&mut self) {
        self.records = 0;
        self.lost.clear();
        self.counts = [0; MAX_DESTINATIONS];
        self.failed = [0; MAX_DESTINATIONS];
    }

    /// One record more; gives the bit of its facility.
    #[inline(always)]
    pub(super) fn add(&mut self, sequence: u64, facility: &[u8], names: &mut Facilities) -> u64 {
        if self.records == 0 {
            self.first = sequence;
        }
        self.records += 1;
        self.last = sequence;
        if self.facility.0 != facility || self.facility.1 == 0 {
            self.turn_to(facility, names);
        }
        self.facility.1
    }

    #[cold]
    #[inline(never)]
    fn turn_to(&mut self, facility: &[u8], names: &mut Facilities) {
        self.facility.1 = names.bit(facility);
        self.facility.0.clear();
        self.facility.0.extend_from_slice(facility);
    }

    pub(super) fn lose(&mut self, reason: u8, count: u64) {
        match self.lost.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, sum)) => *sum += count,
            None => self.lost.push((reason, count)),
        }
    }
}

/// Facilities by number, the same for all files of this writer; ledgers have numbers of their own.
#[derive(Debug, Default)]
pub(super) struct Facilities {
    numbers: HashMap<Box<[u8]>, u8>,
    pub(super) names: Vec<String>,
}

impl Facilities {
    #[cold]
    fn bit(&mut self, name: &[u8]) -> u64 {
        if let Some(number) = self.numbers.get(name) {
            return 1 << number;
        }
        let number = self.names.len() as u8;
        // More than these, and what is no text, is "any other".
        let Some(text) = std::str::from_utf8(name).ok().filter(|_| number < OTHER_FACILITY) else {
            return 1 << OTHER_FACILITY;
        };
        self.names.push(text.to_owned());
        self.numbers.insert(name.into(), number);
        1 << number
    }
}

/// What a batch is as a whole, for all files alike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whole {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) levels: u16,
    pub(super) facilities: u64,
}

impl Default for Whole {
    fn default() -> Self {
        Whole { from: u64::MAX, to: 0, levels: 0, facilities: 0 }
    }
}

impl Whole {
    #[inline(always)]
    pub(super) fn add(&mut self, ns: u64, level: u8, facility: u64) {
        self.from = self.from.min(ns);
        self.to = self.to.max(ns);
        self.levels |= 1 << (level & 15);
        self.facilities |= facility;
    }
}
