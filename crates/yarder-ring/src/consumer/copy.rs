//! Copying records out of slots.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Consumer;
use crate::error::RingError;
use crate::lane::{self, Cells};
use crate::layout::{kind, Policy, RECORD_HEAD, SLOT};
use crate::producer::slots_for;
use crate::ring::{LaneKind, MapLane, Snapshot};

/// The first words of a record, read once each.
#[derive(Clone, Copy)]
struct Found {
    bytes: usize,
    slots: u64,
    filler: bool,
    sequence: u64,
}

#[inline(always)]
fn word(lane: &MapLane<'_>, position: u64, index: usize) -> u64 {
    // SAFETY: a slot is aligned and holds 32 words; every index used here is below that, or inside the record's
    // slots, which `look` checked.
    unsafe { AtomicU64::from_ptr(lane.slot(position).cast::<u64>().add(index)) }.load(Ordering::Relaxed)
}

/// Reads what stands at `position` and checks that it lies within the lane and before `end`.
#[inline(always)]
fn look(lane: &MapLane<'_>, position: u64, end: u64) -> Result<Found, RingError> {
    let first = word(lane, position, 0);
    let bytes = (first & 0xffff_ffff) as usize;
    let rest = lane.slots() - (position & (lane.slots() - 1));
    let slots = slots_for(bytes);
    let kind = (first >> 32) as u8;
    // `slots` of 0 bytes is huge; so one compare covers it.
    if slots > rest || slots > end - position {
        return Err(RingError::corrupt("record longer than its lane"));
    }
    if kind == kind::FILLER {
        if bytes as u64 != rest * SLOT as u64 {
            return Err(RingError::corrupt("filler that does not reach the end"));
        }
        return Ok(Found { bytes, slots, filler: true, sequence: 0 });
    }
    if bytes < RECORD_HEAD || (kind != kind::RECORD && kind != kind::RAW) {
        return Err(RingError::corrupt("record head"));
    }
    Ok(Found { bytes, slots, filler: false, sequence: word(lane, position, 1) })
}

/// Appends the record's bytes to `out`, rounded up to 8, with the length that was checked.
#[inline(always)]
fn copy(lane: &MapLane<'_>, position: u64, found: &Found, atomic: bool, out: &mut Vec<u8>) {
    let padded = found.bytes.next_multiple_of(8);
    let start = out.len();
    // 64 bytes of slack, for the last of the wide moves.
    out.reserve(padded + 64);
    // SAFETY: the record's slots lie inside the mapping without a wrap (`look`), and a slot is a multiple of 64 bytes,
    // so rounding up to 64 stays inside them; `out` has the room, reserved above. Between head and tail no producer
    // writes; under `overwrite_oldest`, where one may, every word is read atomically and checked afterwards.
    unsafe {
        let from = lane.slot(position);
        let to = out.as_mut_ptr().add(start);
        if atomic {
            for index in 0..padded / 8 {
                let value = AtomicU64::from_ptr(from.cast::<u64>().add(index)).load(Ordering::Relaxed);
                to.cast::<u64>().add(index).write_unaligned(value);
            }
        } else {
            let mut done = 0;
            while done < padded {
                to.add(done).cast::<[u8; 64]>().write_unaligned(from.add(done).cast::<[u8; 64]>().read_unaligned());
                done += 64;
            }
        }
        // What was checked is what counts, whatever a hostile producer stored since.
        to.cast::<u32>().write_unaligned((found.bytes as u32).to_le());
        out.set_len(start + padded);
    }
}

impl Consumer {
    #[inline(always)]
    pub(super) fn is_overwritten(&self) -> bool {
        self.ring.policy() == Policy::OverwriteOldest
    }

    /// What comes next in one lane, behind fillers and what was passed over; `None` at the end.
    fn peek(&mut self, kind: LaneKind, end: u64) -> Result<Option<Found>, RingError> {
        let racing = self.is_overwritten() && kind == LaneKind::Main;
        let ring = std::sync::Arc::clone(&self.ring);
        let lane = ring.lane(kind);
        loop {
            let cursor = match kind {
                LaneKind::Main => &mut self.cursor.main,
                LaneKind::Reserve => &mut self.cursor.reserve,
            };
            if racing {
                *cursor = lane::start(&lane, *cursor);
            }
            let position = *cursor;
            if position >= end {
                return Ok(None);
            }
            let found = look(&lane, position, end);
            if racing {
                if let Err(oldest) = lane::still_there(&lane, position) {
                    // Torn: the next look starts where the records now begin, never before.
                    *cursor = oldest;
                    continue;
                }
            }
            let found = found?;
            if !found.filler {
                return Ok(Some(found));
            }
            *cursor = position + found.slots;
        }
    }

    /// Appends the next record of either lane to `out`; `false` at the end.
    pub(super) fn step(&mut self, upto: &Snapshot, out: &mut Vec<u8>) -> Result<bool, RingError> {
        if !self.is_used() {
            return Ok(false);
        }
        self.check(upto)?;
        let start = out.len();
        loop {
            let main = self.peek(LaneKind::Main, upto.main)?;
            let spare = self.peek(LaneKind::Reserve, upto.reserve)?;
            let (kind, found) = match (main, spare) {
                (None, None) => return Ok(false),
                (Some(main), None) => (LaneKind::Main, main),
                (None, Some(spare)) => (LaneKind::Reserve, spare),
                (Some(main), Some(spare)) if main.sequence <= spare.sequence => (LaneKind::Main, main),
                (Some(_), Some(spare)) => (LaneKind::Reserve, spare),
            };
            let racing = self.is_overwritten() && kind == LaneKind::Main;
            let lane = self.ring.lane(kind);
            let position = match kind {
                LaneKind::Main => self.cursor.main,
                LaneKind::Reserve => self.cursor.reserve,
            };
            copy(&lane, position, &found, racing, out);
            if racing {
                if let Err(oldest) = lane::still_there(&lane, position) {
                    out.truncate(start);
                    self.cursor.main = oldest;
                    continue;
                }
            }
            match kind {
                LaneKind::Main => self.cursor.main += found.slots,
                LaneKind::Reserve => self.cursor.reserve += found.slots,
            }
            return Ok(true);
        }
    }

    /// Appends records of the main lane alone, until they took `max_slots` slots.
    pub(super) fn copy_main(&mut self, upto: &Snapshot, max_slots: u64, out: &mut Vec<u8>) -> Result<(), RingError> {
        if !self.is_used() {
            return Ok(());
        }
        self.check(upto)?;
        let racing = self.is_overwritten();
        let ring = std::sync::Arc::clone(&self.ring);
        let lane = ring.lane(LaneKind::Main);
        let mut position = self.cursor.main;
        let stop = position.saturating_add(max_slots.max(1));
        while position < upto.main && position < stop {
            if racing {
                position = lane::start(&lane, position);
                if position >= upto.main {
                    break;
                }
            }
            let found = look(&lane, position, upto.main);
            let start = out.len();
            if let Ok(found) = found {
                if !found.filler {
                    copy(&lane, position, &found, racing, out);
                }
            }
            if racing {
                if let Err(oldest) = lane::still_there(&lane, position) {
                    out.truncate(start);
                    position = oldest;
                    continue;
                }
            }
            match found {
                Ok(found) => position += found.slots,
                Err(error) => {
                    self.cursor.main = position;
                    return Err(error);
                }
            }
        }
        self.cursor.main = position;
        Ok(())
    }
}
