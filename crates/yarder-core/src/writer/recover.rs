//! The first thing a new writer does: to finish what its predecessor had begun.
//!
//! WRITTEN: the bytes are all there, only heads may be old; they are stored, no file is looked at.
//! PREPARED: no head has moved, so the tagged ranges give the same records, with the intent's clock
//! pairs the same bytes; each file is then gone on with where its own bytes end (`output.rs`).
//! The same code runs after a panic of this process's own writer.

use std::time::Instant;

use yarder_ring::layout::TAG_FINAL_LOSS;
use yarder_ring::{sys, FileKey, Intent, IntentFile, IntentState, Snapshot};

use super::engine::Engine;
use super::form::Form;
use super::output::{Output, Progress};
use super::tracked::Tracked;
use crate::segment::resume;
use crate::trace;

impl Engine {
    pub(super) fn recover(&mut self, now: Instant) {
        self.scan();
        let intent = match self.yard.control().intent() {
            Ok(intent) => intent,
            Err(error) => {
                // Its rings still have their heads: at worst a batch is doubled, nothing is lost.
                self.report_ring(now, "the intent of the last writer cannot be read", &error);
                self.yard.control().clear();
                Intent { sequence: sys::realtime_ns(), ..Intent::default() }
            }
        };
        // A predecessor may have tagged rings for the next number without coming to say so; a later
        // batch with that number would move the heads of rings that it never held.
        self.intent.sequence = intent.sequence.wrapping_add(1);
        match intent.state {
            IntentState::Clear => {}
            IntentState::Written => self.finish_heads(&intent),
            IntentState::Prepared => self.resume(now, &intent),
        }
        self.load_pairs(self.yard.control().pair_count());
        self.paired = now;
        if !self.pending {
            self.yard.control().append_pair(yarder_ring::clock::pair());
            self.load_pairs(self.yard.control().pair_count());
        }
    }

    /// Makes the rings that the intent tagged active, with their new heads.
    fn tagged(&mut self, sequence: u64) {
        self.active.clear();
        for (index, ring) in self.rings.iter_mut().enumerate() {
            let (tag, new, flags) = ring.consumer.tagged();
            let tail = ring.ring.snapshot();
            // A tag beyond what is published is a lie; before the head it is long done.
            let sane = new.main <= tail.main && new.reserve <= tail.reserve;
            if tag == sequence && sane && ring.is_shared() {
                ring.new = Snapshot { main: new.main.max(ring.head.main), reserve: new.reserve.max(ring.head.reserve) };
                ring.flags = flags & TAG_FINAL_LOSS;
                ring.account = ring.ring.has_accounts().then(|| ring.ring.tagged_account());
                self.active.push(index);
            }
        }
    }

    fn finish_heads(&mut self, intent: &Intent) {
        self.tagged(intent.sequence);
        trace::event("writer", trace::INFO, || format!("batch {} was written; heads stored", intent.sequence));
        self.records = 0;
        self.advance();
        self.yard.control().clear();
    }

    fn resume(&mut self, now: Instant, intent: &Intent) {
        trace::event("writer", trace::INFO, || format!("batch {} was begun; it is finished", intent.sequence));
        self.tagged(intent.sequence);
        self.load_pairs(intent.pairs);
        let mut corrupt = Vec::new();
        for index in &self.active {
            let ring = &mut self.rings[*index];
            let new = ring.new;
            if let Err(error) = ring.copy_all(new) {
                ring.batch.clear();
                corrupt.push((ring.ring.producer(), error));
            }
        }
        for (producer, error) in corrupt {
            // Its records of this batch cannot be told from noise; the lines of the others are found singly.
            let place = self.rings.iter().position(|ring| ring.info.producer == producer);
            if let Some(index) = place {
                let last = self.rings.len() - 1;
                self.active.retain(|active| *active != index);
                self.quarantine(index, &error.to_string());
                self.active.iter_mut().filter(|active| **active == last).for_each(|active| *active = index);
            }
        }
        self.form(true);
        if !self.is_same_again() && self.settle(now, intent) {
            return;
        }
        for output in &mut self.outputs {
            output.book.before = Some(intent.sequence);
            output.intended = u64::MAX;
            match intent.files.iter().find(|file| file.path_hash == output.path_hash) {
                Some(file) if !output.bytes.is_empty() => {
                    output.intended = file.offset;
                    output.progress = Progress::Unknown(*file);
                }
                // Not part of the batch: it was given up when the batch was made.
                _ => output.clear(),
            }
        }
        self.intent = Intent { sequence: self.intent.sequence, ..intent.clone() };
        self.pending = true;
        self.recovering = true;
        self.push(now);
    }

    /// Whether the batch leads to the accounts that were prepared: nothing of it was overwritten since.
    fn is_same_again(&self) -> bool {
        let same = |ring: &Tracked| ring.account.is_none_or(|account| account == ring.ring.tagged_account());
        self.active.iter().all(|index| same(&self.rings[*index]))
    }

    /// A batch of which the producers have overwritten a part. `true`: it is settled without writing.
    fn settle(&mut self, now: Instant, intent: &Intent) -> bool {
        let held = |file: &IntentFile| {
            let output = self.outputs.iter_mut().find(|output| output.path_hash == file.path_hash)?;
            output.holds(&self.host, now, file)
        };
        let held: Vec<Option<bool>> = intent.files.iter().map(held).collect();
        if held.iter().all(|held| *held == Some(true)) {
            self.outputs.iter_mut().for_each(Output::clear);
            self.finish_heads(intent);
            return true;
        }
        if held.iter().all(|held| *held == Some(false)) {
            trace::event("writer", trace::INFO, || format!("batch {} was never begun; it is dropped", intent.sequence));
            for index in self.active.drain(..) {
                let ring = &mut self.rings[index];
                ring.consumer.rewind();
                (ring.new, ring.flags, ring.account) = (ring.head, 0, None);
            }
            self.outputs.iter_mut().for_each(Output::clear);
            self.yard.control().clear();
            return true;
        }
        // Some files have it. The others get what is left; what is gone is told there.
        let whole = self.whole;
        let Engine { rings, plans, outputs, active, pairs, facilities, .. } = self;
        let mut form = Form { rings, plans, outputs, force: true, corrupt: 0, records: 0, whole, facilities };
        for index in active.iter() {
            let ring = &form.rings[*index];
            if ring.account.is_some() {
                let (upto, made) = (ring.ring.tagged_account(), ring.info.pair.realtime_ns);
                form.gone(*index, &upto, pairs.last().map_or(made, |pair| pair.realtime_ns));
                form.rings[*index].account = Some(upto);
            }
        }
        let whole = form.whole;
        self.whole = whole;
        false
    }

    /// Rings of another boot lie on a disk that may have kept a part of them only: what stands near the
    /// end of the file already is not written again.
    pub(super) fn skip_known(&mut self) {
        let boot = sys::boot_id();
        if self.active.iter().all(|index| self.rings[*index].info.boot_id == boot) {
            return;
        }
        for output in self.outputs.iter_mut().filter(|output| !output.bytes.is_empty()) {
            let Some(segment) = &output.segment else { continue };
            let nowhere = FileKey { dev: 0, ino: 0, head_hash: 0 };
            let anywhere = IntentFile { key: nowhere, offset: u64::MAX, ..IntentFile::default() };
            match resume::missing(segment.file(), &anywhere, &output.bytes) {
                Ok(missing) => Output::replace(output, missing),
                Err(error) => {
                    trace::event("writer", trace::WARNING, || format!("cannot look for known lines: {error}"))
                }
            }
        }
    }
}
