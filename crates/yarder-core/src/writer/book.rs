//! The writer's side of the ledger: batches become blocks, small ones together.
//!
//! A block that is still open lies in the control page, in two states that take turns: a successor that does a batch
//! again begins with the state before that batch, and comes to the same lines.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::Arc;

use memchr::memchr;
use xxhash_rust::xxh3::xxh3_64;
use yarder_ring::layout::Reason;
use yarder_ring::{sys, Control, OPEN_BLOCKS};

use super::engine::Engine;
use super::output::Output;
use super::rotate::born;
use super::tally::Whole;
use crate::archive::Family;
use crate::fault::{self, Stage};
use crate::ledger::{path_of, BlockLine, Line, OpenBlock, Pen, Span, OTHER_FACILITY, SPANS};
use crate::segment::Segment;

/// A block is closed when it has so many bytes.
const FULL: u64 = 64 << 10;
/// A block is closed after so long, so that what it holds can be proved.
const OLD_NS: u64 = 60_000_000_000;

/// Accounts that wait for a ledger that cannot be opened.
const WAITING: usize = 4096;

/// One output's ledger.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) pen: Option<Arc<Pen>>,
    /// Of the file it was opened for.
    identity: (u64, u64),
    /// Its place in the control page.
    slot: Option<usize>,
    open: OpenBlock,
    /// The bytes of the open block, for its checksum.
    bytes: Vec<u8>,
    /// Number of the live file in the ledger; 0: not begun.
    file: u32,
    /// Where our last block ended.
    end: u64,
    /// Numbers of this writer's facilities in this ledger.
    facilities: Vec<u8>,
    /// A batch that is done again: states of it are not looked at.
    pub(super) before: Option<u64>,
}

/// One batch as one file got it.
struct Entry<'a> {
    bytes: &'a [u8],
    /// Their hash, if it was worked out already.
    hash: Option<u64>,
    at: u64,
    parted: bool,
    lines: u64,
    records: u64,
    whole: Whole,
    spans: &'a mut Vec<Span>,
    given_up: u64,
}

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
                    let now = std::time::Instant::now();
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
    pub(super) fn book_rotation(&mut self, segment: &Segment, archive: &std::path::Path) {
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
                output.reopen(host, std::time::Instant::now());
            }
            output.open_book(control);
            if output.book.pen.is_none() {
                // Booked when there is a ledger again.
                output.spans.truncate(WAITING);
                continue;
            }
            let mut spans = std::mem::take(&mut output.spans);
            let ((at, parted), here) = (output.place(), !output.went_elsewhere);
            let bytes = if here { output.bytes.as_slice() } else { &[] };
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
                let now = std::time::Instant::now();
                output.reporter.report(now, || format!("the ledger of {path} takes no lines now; they wait"));
            }
        }
    }
}

impl Book {
    /// This process no longer writes the ledger, nor does its background thread.
    pub(super) fn give_back(&mut self) {
        if let Some(pen) = self.pen.take() {
            pen.close();
        }
    }

    /// A ledger that was just made takes note of the archives that are there.
    fn adopt(&self, family: &Family) {
        let Some(pen) = self.pen.as_ref().filter(|pen| pen.section().is_none()) else { return };
        for archive in family.list().unwrap_or_default() {
            let name = family.name(archive.stamp, None).to_string_lossy().into_owned();
            if !pen.knows(&name) {
                pen.append(&Line::Rotated { file: 0, name, bytes: archive.bytes() });
            }
        }
    }

    /// Takes the open block that a predecessor left.
    fn restore(&mut self, control: &Control, path_hash: u64) {
        let state = |slot: usize, side| OpenBlock::from_words(&control.open_block(slot, side));
        let states = |slot: usize| [state(slot, 0), state(slot, 1)].into_iter().flatten();
        let own = (0..OPEN_BLOCKS).find(|slot| states(*slot).any(|state| state.path_hash == path_hash));
        let before = self.before;
        if let Some(slot) = own {
            let counted = states(slot).filter(|state| before.is_none_or(|batch| state.batch < batch));
            let version = states(slot).map(|state| state.version).max().unwrap_or(0);
            self.open = counted.max_by_key(|state| state.version).unwrap_or_default();
            // What comes next is newer than both.
            self.open.version = version;
        }
        let newest = |slot: usize| states(slot).max_by_key(|state| state.version);
        let free = |slot: &usize| newest(*slot).is_none_or(|state| state.path_hash == 0 && state.is_empty());
        self.slot = own.or_else(|| (0..OPEN_BLOCKS).find(free));
        if own.is_none() {
            self.open.version = self.slot.and_then(newest).map_or(0, |state| state.version);
        }
        // A predecessor may have written its line and not come to say so.
        if !self.open.is_empty() && self.pen.as_ref().is_some_and(|pen| pen.has_block(&self.open.block)) {
            self.empty();
        }
        if own.is_none() {
            self.save(control, path_hash, Some(0));
        }
    }

    /// Goes on with the ledger's last file, if that is the one that is open, or says what became of it. Gives the
    /// time of the file's first line.
    fn take_over(&mut self, segment: &Segment) -> Option<u64> {
        let pen = self.pen.clone()?;
        let section = pen.section()?;
        let same = section.identity == segment.identity() && section.born == birth_of_inode(segment.file());
        if same && !pen.is_renamed() {
            self.file = section.id;
            self.end = pen.last_end(section.id).unwrap_or(0).max(self.open.block.at + self.open.block.bytes);
            if self.open.block.bytes > 0 && self.bytes.is_empty() {
                self.reload(segment.file());
            }
            return Some(section.birth);
        }
        self.file = 0;
        self.end = 0;
        // Renamed by a predecessor that died, or by another program.
        let found = find_inode(segment, section.identity).filter(|(_, file)| birth_of_inode(file) == section.born);
        if self.open.block.bytes > 0 {
            match &found {
                Some((_, file)) => self.reload(file),
                None => self.open.block.parted |= self.bytes.is_empty(),
            }
            self.close();
        }
        if let (false, Some((path, file))) = (pen.is_renamed(), found) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = file.metadata().map_or(0, |meta| meta.len());
            pen.append(&Line::Rotated { file: section.id, name, bytes });
        }
        None
    }

    /// The open block's bytes, which only its own writer had.
    fn reload(&mut self, file: &File) {
        let block = &mut self.open.block;
        if self.bytes.len() as u64 != block.bytes {
            match read(file, block.at, block.bytes) {
                Some(bytes) => self.bytes = bytes,
                None => block.parted = true,
            }
        }
    }

    /// The number of the live file, which gets its line with its first block.
    fn begin(&mut self, segment: &Segment, from: u64) -> u32 {
        if self.file == 0 {
            let Some(pen) = &self.pen else { return 0 };
            let inode = birth_of_inode(segment.file());
            let birth = if from > 0 { born(segment) } else { None };
            self.file = pen.begin(segment.identity(), inode, birth.unwrap_or_else(sys::realtime_ns), from);
        }
        self.file
    }

    /// Books one batch.
    fn note(&mut self, segment: &Segment, names: &[String], entry: Entry<'_>) {
        let Some(pen) = self.pen.clone() else { return };
        let length = entry.bytes.len() as u64;
        if length > 0 {
            let file = self.begin(segment, entry.at);
            if entry.at < self.end {
                self.close();
                pen.append(&Line::Cut { file, to: entry.at });
            }
            let block = &self.open.block;
            let apart = block.bytes > 0 && (entry.at != block.at + block.bytes || block.bytes + length > FULL);
            if apart || (block.bytes > 0 && block.file != file) {
                self.close();
            }
            self.end = entry.at + length;
        }
        let facilities = self.numbers(names, entry.whole.facilities);
        let fresh = self.open.block.bytes == 0;
        let block = &mut self.open.block;
        if block.producers.is_empty() && fresh {
            self.open.opened = sys::realtime_ns();
            (block.from, block.to) = (u64::MAX, 0);
        }
        if fresh && length > 0 {
            (block.file, block.at) = (self.file, entry.at);
            let first = memchr(b'\n', entry.bytes).map_or(entry.bytes, |at| &entry.bytes[..=at]);
            block.head = xxh3_64(first);
        }
        block.bytes += length;
        block.lines += entry.lines;
        block.records += entry.records;
        block.from = block.from.min(entry.whole.from);
        block.to = block.to.max(entry.whole.to);
        block.levels |= entry.whole.levels;
        block.facilities |= facilities;
        block.given_up += entry.given_up;
        block.parted |= entry.parted && length > 0;
        let losses = entry.spans.iter().any(|span| !span.lost.is_empty()) || entry.given_up > 0;
        entry.spans.drain(..).for_each(|span| merge(&mut block.producers, span));
        let many = block.producers.len() > SPANS;
        let alone = self.slot.is_none() && block.bytes > 0;
        let full = block.bytes >= FULL || (fresh && length >= FULL / 2);
        if losses || many || alone || block.parted || full {
            if fresh {
                // Its checksum is worked out from the batch as it stands.
                self.write(entry.hash.unwrap_or_else(|| xxh3_64(entry.bytes)));
            } else {
                self.bytes.extend_from_slice(entry.bytes);
                self.close();
            }
        } else {
            self.bytes.extend_from_slice(entry.bytes);
        }
    }

    /// The ledger's numbers of the writer's facilities.
    fn numbers(&mut self, names: &[String], mask: u64) -> u64 {
        let mut left = mask;
        let mut numbers = 0;
        while left != 0 {
            let index = left.trailing_zeros() as usize;
            left &= left - 1;
            while self.facilities.len() <= index && self.facilities.len() < names.len() {
                let name = &names[self.facilities.len()];
                let number = self.pen.as_ref().map_or(OTHER_FACILITY, |pen| pen.facility(name));
                self.facilities.push(number);
            }
            numbers |= 1 << self.facilities.get(index).copied().unwrap_or(OTHER_FACILITY);
        }
        numbers
    }

    /// Closes the open block.
    fn close(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let hash = xxh3_64(&self.bytes);
        self.open.block.parted |= self.bytes.len() as u64 != self.open.block.bytes;
        self.write(hash);
    }

    fn write(&mut self, sum: u64) {
        if let Some(pen) = &self.pen {
            let block = BlockLine { sum, ..std::mem::take(&mut self.open.block) };
            pen.append(&Line::Block(block));
        }
        self.empty();
    }

    fn empty(&mut self) {
        self.open.block = BlockLine::default();
        self.bytes.clear();
    }

    /// Stores the state in the control page; `batch`: changed by a batch.
    fn save(&mut self, control: &Control, path_hash: u64, batch: Option<u64>) {
        let Some(slot) = self.slot else { return };
        self.open.version += 1;
        self.open.path_hash = path_hash;
        self.open.batch = batch.unwrap_or(self.open.batch);
        let (words, used) = self.open.to_words();
        control.set_open_block(slot, (self.open.version % 2) as usize, &words[..used]);
    }
}

/// Adds what a batch says of a producer to what the block says.
fn merge(spans: &mut Vec<Span>, new: Span) {
    let Some(span) = spans.iter_mut().find(|span| span.producer == new.producer) else { return spans.push(new) };
    span.first = span.first.min(new.first);
    span.last = span.last.max(new.last);
    span.count += new.count;
    span.elsewhere += new.elsewhere;
    for (reason, count) in new.lost {
        *span.lost.entry(reason).or_insert(0) += count;
    }
}

fn count_lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// When the inode was made: with device and number it names a file for ever.
fn birth_of_inode(file: &File) -> u64 {
    let born = file.metadata().ok().and_then(|meta| meta.created().ok());
    let since = born.and_then(|born| born.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_nanos() as u64)
}

/// The file in the live file's folder that has this inode now.
fn find_inode(segment: &Segment, identity: (u64, u64)) -> Option<(PathBuf, File)> {
    let folder = segment.real_path().parent()?;
    let found = fs::read_dir(folder)
        .ok()?
        .flatten()
        .find(|entry| entry.metadata().is_ok_and(|meta| meta.is_file() && (meta.dev(), meta.ino()) == identity))?;
    Some((found.path(), File::open(found.path()).ok()?))
}

fn read(file: &File, at: u64, length: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    let read: io::Result<()> = file.read_exact_at(&mut bytes, at);
    read.ok().map(|()| bytes)
}
