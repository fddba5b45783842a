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
use yarder_ring::{sys, Control, OPEN_BLOCKS};

use super::rotate::born;
use super::tally::Whole;
use crate::archive::Family;
use crate::ledger::{BlockLine, Line, OpenBlock, Pen, Span, OTHER_FACILITY, SPANS};
use crate::segment::Segment;

/// A block is closed when it has so many bytes.
const FULL: u64 = 64 << 10;
/// One output's ledger.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) pen: Option<Arc<Pen>>,
    /// Of the file it was opened for.
    pub(super) identity: (u64, u64),
    /// Its place in the control page.
    slot: Option<usize>,
    pub(super) open: OpenBlock,
    /// The bytes of the open block, for its checksum.
    bytes: Vec<u8>,
    /// Number of the live file in the ledger; 0: not begun.
    pub(super) file: u32,
    /// Where our last block ended.
    pub(super) end: u64,
    /// Numbers of this writer's facilities in this ledger.
    facilities: Vec<u8>,
    /// A batch that is done again: states of it are not looked at.
    pub(super) before: Option<u64>,
}

/// One batch as one file got it.
pub(super) struct Entry<'a> {
    pub(super) bytes: &'a [u8],
    /// Their hash, if it was worked out already.
    pub(super) hash: Option<u64>,
    pub(super) at: u64,
    pub(super) parted: bool,
    pub(super) lines: u64,
    pub(super) records: u64,
    pub(super) whole: Whole,
    pub(super) spans: &'a mut Vec<Span>,
    pub(super) given_up: u64,
}

impl Book {
    /// This process no longer writes the ledger, nor does its background thread.
    pub(super) fn give_back(&mut self) {
        if let Some(pen) = self.pen.take() {
            pen.close();
        }
    }

    /// A ledger that was just made takes note of the archives that are there.
    pub(super) fn adopt(&self, family: &Family) {
        let Some(pen) = self.pen.as_ref().filter(|pen| pen.section().is_none()) else { return };
        for archive in family.list().unwrap_or_default() {
            let name = family.name(archive.stamp, None).to_string_lossy().into_owned();
            if !pen.knows(&name) {
                pen.append(&Line::Rotated { file: 0, name, bytes: archive.bytes() });
            }
        }
    }

    /// Whether a predecessor left an open block of this file.
    pub(super) fn is_open_in(control: &Control, path_hash: u64) -> bool {
        (0..OPEN_BLOCKS).any(|slot| {
            let states = (0..2).filter_map(|side| OpenBlock::from_words(&control.open_block(slot, side)));
            let newest = states.max_by_key(|state| state.version);
            newest.is_some_and(|state| state.path_hash == path_hash && !state.is_empty())
        })
    }

    /// Takes the open block that a predecessor left.
    pub(super) fn restore(&mut self, control: &Control, path_hash: u64) {
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
    pub(super) fn take_over(&mut self, segment: &Segment) -> Option<u64> {
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
    pub(super) fn begin(&mut self, segment: &Segment, from: u64) -> u32 {
        if self.file == 0 {
            let Some(pen) = &self.pen else { return 0 };
            let inode = birth_of_inode(segment.file());
            let birth = if from > 0 { born(segment) } else { None };
            self.file = pen.begin(segment.identity(), inode, birth.unwrap_or_else(sys::realtime_ns), from);
        }
        self.file
    }

    /// Books one batch.
    pub(super) fn note(&mut self, segment: &Segment, names: &[String], entry: Entry<'_>) {
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
    pub(super) fn close(&mut self) {
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
    pub(super) fn save(&mut self, control: &Control, path_hash: u64, batch: Option<u64>) {
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

pub(super) fn count_lines(bytes: &[u8]) -> u64 {
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

pub(super) fn read(file: &File, at: u64, length: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    let read: io::Result<()> = file.read_exact_at(&mut bytes, at);
    read.ok().map(|()| bytes)
}
