//! One file held against its blocks: each checksum at its place, and where one fails, what happened there.
//!
//! A block's place is a hint. What somebody removed or put in moves all that follows, so a block that is not at its
//! place is looked for by its first line. Only a block that is nowhere is damaged.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use memchr::{memchr, memchr_iter};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::reader::Block;

/// How far beyond its own length a block is looked for.
const REACH: u64 = 4 << 20;
/// How many blocks may be damaged in a row before the rest of the file counts as one damage.
const AHEAD: usize = 64;
/// Read at once.
const CHUNK: usize = 4 << 20;
/// Ids that a finding names.
const NAMED: usize = 10;

/// What was found wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Lines that were written are gone.
    Removed,
    /// Lines stand there more than once.
    Doubled,
    /// Lines are not what was written.
    Changed,
    /// Lines that nobody of ours wrote stand inside a block.
    Inserted,
    /// A whole file is gone that no rule removed.
    Missing,
    /// A file cannot be read or unpacked to its end.
    Unreadable,
    /// Lines of the ledger itself are broken.
    Ledger,
}

/// One place where file and ledger differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// In which file.
    pub path: PathBuf,
    /// Where it begins in the plain file.
    pub at: u64,
    /// How many lines at least.
    pub lines: u64,
    /// The time in which the lines were logged, nanoseconds since 1970, 0 where that is not known.
    pub from_ns: u64,
    /// Its end.
    pub to_ns: u64,
    /// Ids of some of the lines, or what else there is to say.
    pub detail: Vec<String>,
}

/// What one file came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Checked {
    pub(super) bytes: u64,
    pub(super) blocks: u64,
    pub(super) records: u64,
    pub(super) lines: u64,
    /// Lines between and behind blocks: other programs', or not yet in a block.
    pub(super) other_lines: u64,
    pub(super) findings: Vec<Finding>,
}

/// The part of a text that is looked at; never the whole of it.
struct Window<'a> {
    from: Box<dyn Read + Send + 'a>,
    bytes: Vec<u8>,
    base: u64,
    ended: bool,
    error: Option<io::Error>,
}

impl Window<'_> {
    /// Reads on until `upto` is in the window, or the text ends.
    fn fill(&mut self, upto: u64) {
        while !self.ended && self.base + (self.bytes.len() as u64) < upto {
            let before = self.bytes.len();
            let read = self.from.by_ref().take(CHUNK as u64).read_to_end(&mut self.bytes);
            self.ended = self.bytes.len() == before;
            if let Err(error) = read {
                self.error = Some(error);
                self.ended = true;
            }
        }
    }

    fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// The text of a range, as far as there is any.
    fn text(&mut self, from: u64, to: u64) -> &[u8] {
        self.fill(to);
        let place = |at: u64| (at.max(self.base) - self.base).min(self.bytes.len() as u64) as usize;
        let (from, to) = (place(from), place(to));
        &self.bytes[from..to.max(from)]
    }

    /// What is before `at` is no longer needed.
    fn pass(&mut self, at: u64) {
        let done = (at - self.base).min(self.bytes.len() as u64) as usize;
        if done >= CHUNK {
            self.bytes.drain(..done);
            self.base += done as u64;
        }
    }

    fn holds(&mut self, at: u64, block: &Block) -> bool {
        let text = self.text(at, at + block.line.bytes);
        text.len() as u64 == block.line.bytes && xxh3_64(text) == block.line.sum
    }

    /// Where the block stands in `from..reach`, looked for by its first line.
    fn find(&mut self, from: u64, reach: u64, block: &Block) -> Option<u64> {
        self.fill(reach);
        let mut at = from;
        let end = self.end().min(reach);
        while at < end {
            let start = (at - self.base) as usize;
            let next = memchr(b'\n', &self.bytes[start..]).map_or(self.bytes.len(), |length| start + length + 1);
            if xxh3_64(&self.bytes[start..next]) == block.line.head && self.holds(at, block) {
                return Some(at);
            }
            at = self.base + next as u64;
        }
        None
    }
}

/// Holds a text against the blocks of its file, in the order they were written.
///
/// `known` are the sequence numbers that the ledger accounts for, first and last by producer.
pub(super) fn check(
    path: &Path,
    text: Box<dyn Read + Send + '_>,
    from: u64,
    blocks: &[&Block],
    known: &HashMap<u64, (u64, u64)>,
) -> Checked {
    let window = Window { from: text, bytes: Vec::new(), base: 0, ended: false, error: None };
    let mut check = Check { path, window, known, done: Checked::default(), last: None };
    check.run(from, blocks);
    check.done
}

struct Check<'a> {
    path: &'a Path,
    window: Window<'a>,
    known: &'a HashMap<u64, (u64, u64)>,
    done: Checked,
    /// The last block that was found whole: a line behind it may be a copy of one of its own.
    last: Option<(u64, u64)>,
}

impl Check<'_> {
    fn run(&mut self, from: u64, blocks: &[&Block]) {
        let mut at = from;
        let mut shift = 0_i64;
        let mut index = 0;
        while let Some(block) = blocks.get(index) {
            let hint = block.line.at.saturating_add_signed(shift).max(at);
            let place = if !block.line.parted && self.window.holds(hint, block) {
                Some(hint)
            } else if !block.line.parted && hint != at && self.window.holds(at, block) {
                Some(at)
            } else if block.line.parted {
                None
            } else {
                self.window.find(at, at + block.line.bytes + REACH, block)
            };
            match place {
                Some(place) => {
                    self.between(at, place, place + block.line.bytes);
                    shift = place as i64 - block.line.at as i64;
                    at = place + block.line.bytes;
                    self.last = Some((place, at));
                    self.whole(block);
                    index += 1;
                }
                None => (at, index) = self.damaged(at, index, blocks),
            }
            // The last block stays in the window, for copies of its lines.
            self.window.pass(self.last.map_or(at, |(start, _)| start));
        }
        self.window.fill(at + CHUNK as u64);
        self.rest(at);
        self.done.bytes = self.window.end();
        if let Some(error) = self.window.error.take() {
            self.find(Kind::Unreadable, at, 0, &[], vec![error.to_string()]);
        }
    }

    fn whole(&mut self, block: &Block) {
        self.done.blocks += 1;
        self.done.records += block.line.records;
        self.done.lines += block.line.lines;
    }

    /// Everything behind the last block.
    fn rest(&mut self, mut at: u64) {
        loop {
            self.window.fill(at + CHUNK as u64);
            // Whole lines, but for the very end.
            let end = self.window.end();
            if end <= at {
                return;
            }
            let start = (at - self.window.base) as usize;
            let text = &self.window.bytes[start..];
            let lines = memchr::memrchr(b'\n', text).map_or(text.len(), |last| last + 1);
            let next = if self.window.ended { end } else { at + lines as u64 };
            self.between(at, next, next);
            at = next;
            self.window.pass(self.last.map_or(at, |(start, _)| start));
        }
    }

    /// Lines that no block covers: other programs', or copies of ours. The block behind them ends at `behind`.
    fn between(&mut self, from: u64, to: u64, behind: u64) {
        if to <= from {
            return;
        }
        let start = self.last.map_or(from, |(start, _)| start);
        let base = start.max(self.window.base);
        let (known, place) = (self.known, |at: u64| (at - base) as usize);
        let text = self.window.text(base, behind);
        let here = &text[place(from).min(text.len())..place(to).min(text.len())];
        // Lines of the blocks before and behind, whatever their format.
        let around = [&text[..place(from).min(text.len())], &text[place(to).min(text.len())..]];
        let ours: HashSet<&[u8]> = around.into_iter().flat_map(lines).collect();
        let is_copy = |line: &&[u8]| {
            let account = id(line).and_then(origin).and_then(|(producer, low)| Some((known.get(&producer)?, low)));
            ours.contains(line)
                || account.is_some_and(|((first, last), low)| *last <= SEQUENCE && (*first..=*last).contains(&low))
        };
        let (mut count, mut copied, mut detail) = (0, 0, Vec::new());
        for line in lines(here) {
            count += 1;
            if is_copy(&line) {
                copied += 1;
                if detail.len() < NAMED {
                    detail.push(name(line));
                }
            }
        }
        self.done.other_lines += count - copied;
        if copied > 0 {
            self.find(Kind::Doubled, from, copied, &[], detail);
        }
    }

    /// Blocks from `index` on that are nowhere as they were written; gives where whole ones go on.
    fn damaged(&mut self, at: u64, index: usize, blocks: &[&Block]) -> (u64, usize) {
        let expected = |upto: usize| blocks[index..upto].iter().map(|block| block.line.bytes).sum::<u64>();
        let mut end = None;
        for (ahead, block) in blocks.iter().enumerate().skip(index + 1).take(AHEAD) {
            let reach = at + expected(ahead) + block.line.bytes + REACH;
            if let Some(place) = self.window.find(at, reach, block) {
                end = Some((place, ahead));
                break;
            }
        }
        let (upto, next) = end.unwrap_or_else(|| {
            let rest = blocks.len().min(index + 1 + AHEAD);
            let place = at + expected(rest);
            // To the end of the line that stands there.
            self.window.fill(place + REACH);
            let tail = self.window.text(place, place + REACH);
            let line = if tail.is_empty() { 0 } else { memchr(b'\n', tail).map_or(0, |length| length as u64 + 1) };
            ((place + line).min(self.window.end()), rest)
        });
        let group = &blocks[index..next];
        let text = self.window.text(at, upto).to_vec();
        self.judge(at, &text, group);
        self.last = None;
        (upto, next)
    }

    /// What happened to a group of blocks, of which `text` is what is left.
    fn judge(&mut self, at: u64, text: &[u8], group: &[&Block]) {
        let expected: u64 = group.iter().map(|block| block.line.lines).sum();
        let mut times: HashMap<&[u8], u64> = HashMap::new();
        // Records of JSON files have an id; a line that was changed keeps it. Others are told by their text.
        lines(text).for_each(|line| *times.entry(id(line).unwrap_or(line)).or_insert(0) += 1);
        let with_id = lines(text).filter(|line| id(line).is_some()).count() as u64;
        let ids = with_id * 2 > times.len() as u64;
        let ours = |key: &[u8]| !ids || key.len() == ID;
        let doubled: Vec<_> = times.iter().filter(|(key, times)| **times > 1 && ours(key)).collect();
        let distinct = times.keys().filter(|key| ours(key)).count() as u64;
        let foreign = times.iter().filter(|(key, _)| !ours(key)).map(|(_, times)| *times).sum::<u64>();
        let found: u64 = times.values().sum::<u64>() - foreign;
        let parted = group.iter().any(|block| block.line.parted);
        let mut any = false;
        // Without ids equal lines may all have been written: only what is too much is doubled.
        let extra = found.saturating_sub(expected.max(distinct));
        let too_much = if ids { found - distinct } else { extra.min(doubled.iter().map(|(_, n)| **n - 1).sum()) };
        if too_much > 0 {
            let named = doubled.iter().take(NAMED).map(|(key, _)| name(key)).collect();
            self.find(Kind::Doubled, at, too_much, group, named);
            any = true;
        }
        let there = if ids { distinct } else { found };
        if there < expected {
            let gone = if ids { self.gone(text, group) } else { Vec::new() };
            self.find(Kind::Removed, at, expected - there, group, gone);
            any = true;
        }
        let inserted =
            foreign + if ids { distinct.saturating_sub(expected) } else { (found - too_much).saturating_sub(expected) };
        if inserted > 0 && !parted {
            self.find(Kind::Inserted, at, inserted, group, Vec::new());
            any = true;
        }
        if !any && !parted {
            self.find(Kind::Changed, at, 1, group, Vec::new());
        }
        if !any && parted {
            group.iter().for_each(|block| self.whole(block));
        }
    }

    /// Producers and sequence numbers that the blocks have and the text has not.
    fn gone(&self, text: &[u8], group: &[&Block]) -> Vec<String> {
        let there: HashSet<(u64, u64)> = lines(text).filter_map(id).filter_map(origin).collect();
        let spans = group.iter().flat_map(|block| &block.line.producers).filter(|span| span.count > 0);
        let exact = spans.filter(|span| span.elsewhere == 0 && span.lost.is_empty());
        let numbers = exact.flat_map(|span| (span.first..=span.last).map(|number| (span.producer, number)));
        let gone = numbers.filter(|(producer, number)| !there.contains(&(*producer, number & SEQUENCE)));
        gone.take(NAMED).map(|(producer, number)| format!("producer {producer:09x}, record {number}")).collect()
    }

    fn find(&mut self, kind: Kind, at: u64, lines: u64, group: &[&Block], detail: Vec<String>) {
        let from_ns = group.iter().map(|block| block.line.from).min().unwrap_or(0);
        let to_ns = group.iter().map(|block| block.line.to).max().unwrap_or(0);
        self.done.findings.push(Finding { kind, path: self.path.to_path_buf(), at, lines, from_ns, to_ns, detail });
    }
}

/// Characters of a UUID.
const ID: usize = 36;
/// What of a sequence number is in an id.
const SEQUENCE: u64 = (1 << 28) - 1;

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    let ends = memchr_iter(b'\n', text).map(|at| at + 1).chain((!text.ends_with(b"\n")).then_some(text.len()));
    ends.map(move |end| &text[std::mem::replace(&mut start, end)..end]).filter(|line| !line.is_empty())
}

/// The id of a JSON line.
fn id(line: &[u8]) -> Option<&[u8]> {
    let id = line.strip_prefix(br#"{"id":""#)?.get(..=ID)?;
    (id[ID] == b'"' && id[8] == b'-' && id[23] == b'-').then(|| &id[..ID])
}

/// Producer and the low bits of the sequence, from an id.
fn origin(id: &[u8]) -> Option<(u64, u64)> {
    let digits: Vec<u8> = id.iter().copied().filter(|byte| *byte != b'-').collect();
    let number = u128::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?;
    Some(((number >> 28) as u64 & ((1 << 34) - 1), number as u64 & SEQUENCE))
}

/// A line as a finding names it.
fn name(line: &[u8]) -> String {
    let short = id(line).unwrap_or(&line[..line.len().min(80)]);
    String::from_utf8_lossy(short).trim_end().escape_default().to_string()
}
