//! Where the ledger meets the pass: each batch is booked for every file, before it counts as written.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use xxhash_rust::xxh3::xxh3_64;
use yarder_ring::layout::Reason;
use yarder_ring::{sys, Control};

use super::book::{count_lines, read, Entry};
use super::engine::Engine;
use super::output::Output;
use crate::archive::Family;
use crate::fault::{self, Stage};
use crate::ledger::{path_of, Line, Pen, Span};
use crate::segment::Segment;

/// A block is closed after so long, so that what it holds can be proved.
const OLD_NS: u64 = 60_000_000_000;

/// Accounts that wait for a ledger that cannot be opened.
const WAITING: usize = 4096;

impl Output {
    /// Opens the ledger of the file that is open, once.
    pub(super) fn open_book(&mut self, control: &Control) {
        let Some(segment) = self.segment.as_ref().filter(|segment| segment.is_regular()) else { return };
        if !self.rotator.options.ledger || self.book.identity == segment.identity() {
            return;
        }
        self.book.identity = segment.identity();
        let path = path_of(segment.real_path());
        let known = self.book.pen.as_ref().is_some_and(|pen| pen.path() == path);
        if !known {
            match Pen::open(&path, segment.real_path(), self.options.mode & 0o666, sys::realtime_ns()) {
                Ok(pen) => self.book.pen = Some(Arc::new(pen)),
                Err(error) => {
                    let now = Instant::now();
                    self.reporter.report(now, || format!("no ledger is kept, {}: {error}", path.display()));
                    self.book.pen = None;
                    return;
                }
            }
            self.book.adopt(&Family::of(segment.real_path()));
            self.book.restore(control, self.path_hash);
        }
        if let Some(birth) = self.book.take_over(segment) {
            self.rotator.set_birth(birth);
        }
    }

    /// What was booked so far becomes lines: before a rotation, at the end.
    pub(super) fn close_book(&mut self, control: &Control) {
        self.book.close();
        self.book.save(control, self.path_hash, None);
    }

    /// After a rotation: the file's new name.
    pub(super) fn book_rotation(&mut self, segment: &Segment, archive: &Path) {
        let Some(pen) = self.book.pen.clone() else { return };
        let file = self.book.begin(segment, segment.end());
        let name = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
        pen.append(&Line::Rotated { file, name, bytes: segment.end() });
        self.book.file = 0;
        self.book.end = 0;
    }

    /// Where this batch's bytes begin; `true`: not in one piece.
    fn place(&self) -> (u64, bool) {
        let Some(segment) = &self.segment else { return (0, true) };
        if let Some(start) = self.start {
            return (start, false);
        }
        // After a recovery or a retry: the content says it.
        let length = self.bytes.len() as u64;
        let guess = segment.end().saturating_sub(length);
        let hash = xxh3_64(&self.bytes);
        let fits = |at: &u64| read(segment.file(), *at, length).is_some_and(|there| xxh3_64(&there) == hash);
        [self.intended, guess].into_iter().find(fits).map_or((guess, true), |at| (at, false))
    }
}

impl Engine {
    /// Books the batch for every file that could have got a part of it. Before WRITTEN: a successor does it again.
    pub(super) fn keep_books(&mut self) {
        let Engine { active, rings, plans, outputs, facilities, whole, yard, intent, host, .. } = self;
        let batch = intent.sequence;
        for ring in active.iter().map(|index| &rings[*index]) {
            let Some(plan) = ring.plan.map(|plan| &plans[plan]) else { continue };
            let tally = &ring.tally;
            if tally.records == 0 && tally.lost.is_empty() {
                continue;
            }
            for (index, target) in plan.targets.iter().enumerate() {
                let (count, failed) = (u64::from(tally.counts[index]), u64::from(tally.failed[index]));
                let mut span = Span {
                    producer: ring.info.producer,
                    first: tally.first,
                    last: tally.last,
                    count,
                    elsewhere: tally.records - count - failed,
                    ..Span::default()
                };
                if tally.records == 0 {
                    // Only losses: those after the last record.
                    (span.first, span.last) = (ring.ring.sequence(), ring.ring.sequence());
                }
                let told = tally.lost.iter().map(|(reason, count)| (usize::from(*reason), *count));
                let failed = (failed > 0).then_some((Reason::WriteError as usize, failed));
                for (reason, count) in told.chain(failed) {
                    let name = Reason::from_index(reason).map_or("unknown", Reason::name);
                    *span.lost.entry(name.to_owned()).or_insert(0) += count;
                }
                outputs[target.output].spans.push(span);
            }
        }
        let control = yard.control();
        for output in outputs.iter_mut().filter(|output| !output.spans.is_empty()) {
            if !output.rotator.options.ledger {
                output.spans.clear();
                continue;
            }
            // A recovery opens only what it writes to; what was for others is booked for this file too.
            if output.segment.is_none() && !output.is_failing() {
                output.reopen(host, Instant::now());
            }
            output.open_book(control);
            if output.book.pen.is_none() {
                // Booked when there is a ledger again.
                output.spans.truncate(WAITING);
                continue;
            }
            let mut spans = std::mem::take(&mut output.spans);
            let ((at, parted), here) = (output.place(), !output.went_elsewhere);
            let bytes = if here { &output.bytes[..] } else { &[] };
            let records = output.ends.len() as u64 - output.given_up;
            let lines = if output.one_line { output.ends.len() as u64 + output.told } else { count_lines(bytes) };
            let (given_up, whole) = (output.given_up, *whole);
            let parted = parted || given_up > 0;
            let hash = output.hash.filter(|_| here);
            let entry = Entry { bytes, hash, at, parted, lines, records, whole, spans: &mut spans, given_up };
            let Some(segment) = &output.segment else { continue };
            output.book.note(segment, &facilities.names, entry);
            fault::point(Stage::Book);
            output.book.save(control, output.path_hash, Some(batch));
            output.book.before = None;
            // Its room is used again.
            output.spans = spans;
        }
    }

    /// Closes blocks that were open long enough, all of them at the end.
    pub(super) fn close_books(&mut self, all: bool) {
        let now = sys::realtime_ns();
        for output in &mut self.outputs {
            let open = &output.book.open;
            if open.block.bytes > 0 && (all || now.saturating_sub(open.opened) >= OLD_NS) {
                output.close_book(self.yard.control());
            }
            if all {
                // Its place in the page is free for another file.
                output.book.save(self.yard.control(), 0, None);
                output.book.identity = (0, 0);
            }
            if output.book.pen.as_ref().is_some_and(|pen| pen.is_waiting()) {
                let path = output.options.path.display();
                let now = Instant::now();
                output.reporter.report(now, || format!("the ledger of {path} takes no lines now; they wait"));
            }
        }
    }
}
