//! What of a batch is already in its file? Decided by content, never by size.
//!
//! A successor has the intent (key, offset, length, hash) and the same bytes formatted again. It
//! looks at the offset first. Foreign bytes may have pushed ours further, a truncation may have
//! pulled them to the front: then the batch's first line is searched in the last `length` + 1 MiB.
//! Nothing is ever cut; a torn line of ours is gone on with where it ends, and written again from
//! its start where foreign bytes follow it.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use memchr::{memchr, memmem, memrchr};
use xxhash_rust::xxh3::xxh3_64;
use yarder_ring::IntentFile;

use super::HEAD_BYTES;

/// How much of a file's end is searched beyond the batch's own length.
pub const SEARCH: u64 = 1 << 20;

/// A torn first line is taken for ours only from this many bytes on: a JSON line then holds a part
/// of its id, a human line its time.
const PROOF: usize = 20;

/// How far a batch got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Bytes of the batch that need not be written again.
    pub done: usize,
    /// The file ends in a line that will never be ended: a newline must come first.
    pub torn: bool,
}

/// Whether the file holds exactly the intended bytes at the intended place. Needs no formatting.
///
/// # Errors
/// What the system answered.
pub fn is_whole(file: &File, intent: &IntentFile) -> io::Result<bool> {
    let len = file.metadata()?.len();
    if len < intent.offset.saturating_add(intent.length) || !is_same_file(file, intent)? {
        return Ok(false);
    }
    Ok(xxh3_64(&read(file, intent.offset, intent.length)?) == intent.hash)
}

/// Whether the file ends where the intended bytes were to begin: nobody wrote anything since.
///
/// # Errors
/// What the system answered.
pub fn is_untouched(file: &File, intent: &IntentFile) -> io::Result<bool> {
    Ok(file.metadata()?.len() == intent.offset && is_same_file(file, intent)?)
}

/// Where `bytes`, the batch formatted again, stand in the file.
///
/// # Errors
/// What the system answered.
pub fn find(file: &File, intent: &IntentFile, bytes: &[u8]) -> io::Result<Found> {
    let len = file.metadata()?.len();
    let same = len >= intent.offset && is_same_file(file, intent)?;
    if same {
        if len == intent.offset {
            // Nobody wrote anything since: the one certain "nothing".
            return Ok(Found { done: 0, torn: ends_torn(file, len)? });
        }
        let there = read(file, intent.offset, (len - intent.offset).min(bytes.len() as u64 + 1))?;
        let common = common(&there, bytes);
        if common > 0 {
            return Ok(ended(bytes, common, common == there.len(), ends_torn(file, len)?));
        }
    }
    let from = len.saturating_sub(bytes.len() as u64 + SEARCH);
    // Foreign appends only push ours further, so earlier lines that look alike are not ours.
    let from = if same { from.max(intent.offset) } else { from };
    let region = read(file, from, len - from)?;
    Ok(search(&region, bytes, ends_torn(file, len)?))
}

/// Whether the file was cut since the intent: emptied, or made into another one in its place.
///
/// # Errors
/// What the system answered.
pub fn is_cut(file: &File, intent: &IntentFile) -> io::Result<bool> {
    Ok(file.metadata()?.len() < intent.offset || !is_same_file(file, intent)?)
}

/// How much of `bytes` stands at the intended place of a copy, which `text` reads from its start: whoever copied the
/// file and then cut it (`copytruncate`) took with the copy what was written until then. Whole lines only.
///
/// # Errors
/// What reading answered.
pub fn in_copy(mut text: impl Read, intent: &IntentFile, bytes: &[u8]) -> io::Result<usize> {
    let mut first = Vec::new();
    text.by_ref().take(intent.offset.min(HEAD_BYTES)).read_to_end(&mut first)?;
    if xxh3_64(&first) != intent.key.head_hash {
        return Ok(0);
    }
    let rest = intent.offset - first.len() as u64;
    if io::copy(&mut text.by_ref().take(rest), &mut io::sink())? < rest {
        return Ok(0);
    }
    let mut there = Vec::new();
    text.take(bytes.len() as u64).read_to_end(&mut there)?;
    Ok(line_start(bytes, common(&there, bytes)))
}

/// The lines of `bytes` that do not stand in the file's end. For a batch that could not be formatted
/// to the same bytes again (its plan or ring changed under it).
///
/// # Errors
/// What the system answered.
pub fn missing(file: &File, intent: &IntentFile, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let len = file.metadata()?.len();
    let from = len.saturating_sub(intent.length.max(bytes.len() as u64) + SEARCH);
    let from = if len >= intent.offset && is_same_file(file, intent)? { from.max(intent.offset) } else { from };
    let region = read(file, from, len - from)?;
    let there: HashSet<&[u8]> = region.split_inclusive(|byte| *byte == b'\n').collect();
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    Ok(lines.filter(|line| !there.contains(line)).flatten().copied().collect())
}

/// The first bytes of a file that ends (for us) at `end`.
pub(super) fn head(file: &File, end: u64) -> io::Result<Vec<u8>> {
    read(file, 0, end.min(HEAD_BYTES))
}

fn is_same_file(file: &File, intent: &IntentFile) -> io::Result<bool> {
    Ok(xxh3_64(&head(file, intent.offset)?) == intent.key.head_hash)
}

fn ends_torn(file: &File, len: u64) -> io::Result<bool> {
    let last = read(file, len.saturating_sub(1), len.min(1))?;
    Ok(last.first().is_some_and(|byte| *byte != b'\n'))
}

/// Up to `count` bytes from `at`; fewer where the file ends.
fn read(file: &File, at: u64, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count as usize];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

fn common(there: &[u8], bytes: &[u8]) -> usize {
    there.iter().zip(bytes).take_while(|(a, b)| a == b).count()
}

/// The start of the line that byte `done` is in.
#[must_use]
pub fn line_start(bytes: &[u8], done: usize) -> usize {
    memrchr(b'\n', &bytes[..done]).map_or(0, |at| at + 1)
}

fn ended(bytes: &[u8], common: usize, at_end: bool, torn: bool) -> Found {
    if common == bytes.len() {
        // Somebody else's torn line behind ours is mended like at any opening.
        Found { done: common, torn }
    } else if at_end {
        Found { done: common, torn: false }
    } else {
        Found { done: line_start(bytes, common), torn }
    }
}

fn search(region: &[u8], bytes: &[u8], torn: bool) -> Found {
    let nothing = Found { done: 0, torn };
    let Some(first) = memchr(b'\n', bytes).map(|at| &bytes[..=at]) else { return nothing };
    let best = memmem::find_iter(region, first)
        .map(|at| (common(&region[at..], bytes), at))
        .max_by_key(|(common, at)| (*common, *at));
    if let Some((common, at)) = best {
        return ended(bytes, common, at + common == region.len(), torn);
    }
    // The first line itself may be torn: then the file ends with a part of it.
    let tail = &region[line_start(region, region.len())..];
    let most = tail.len().min(first.len());
    let part = (PROOF..=most).rev().find(|count| tail.ends_with(&bytes[..*count]));
    part.map_or(nothing, |done| Found { done, torn: false })
}
