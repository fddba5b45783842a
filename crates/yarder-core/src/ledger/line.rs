//! The lines of a ledger: JSON, a blank, `#`, and the 16 hex digits of the JSON's XXH3 hash.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::archive::Frame;
use crate::plan::Codec;

/// The newest version this release reads.
pub const LEDGER_VERSION: u32 = 1;

/// ` #` and the hash.
const SEAL: usize = 18;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "lowercase")]
pub enum Line {
    /// The first line.
    Ledger {
        /// [`LEDGER_VERSION`].
        version: u32,
        /// Name of the live file.
        live: String,
        /// When the ledger was made, nanoseconds since 1970.
        made: u64,
    },
    /// A live file begins, or an old one is taken over.
    File {
        /// Its number in this ledger.
        id: u32,
        /// Device.
        dev: u64,
        /// Inode.
        ino: u64,
        /// When the inode was made, as the file system says, 0 where it does not.
        born: u64,
        /// When its first line was written.
        birth: u64,
        /// Bytes that were there before.
        from: u64,
    },
    /// A facility gets its number.
    Facility {
        /// The number, below 63.
        n: u8,
        /// Its name.
        name: String,
    },
    /// A block of records.
    Block(BlockLine),
    /// The file was cut by somebody else: blocks before this line may be gone.
    Cut {
        /// The file.
        file: u32,
        /// Where it ended then.
        to: u64,
    },
    /// The file got another name.
    Rotated {
        /// The file.
        file: u32,
        /// Its name now.
        name: String,
        /// Its bytes.
        bytes: u64,
    },
    /// An archive is compressed.
    Packed {
        /// Name of the plain archive.
        name: String,
        /// How.
        codec: Codec,
        /// Plain bytes.
        plain: u64,
        /// Compressed bytes.
        packed: u64,
        /// Where the frames begin, plain and compressed; empty: not known.
        frames: Vec<Frame>,
    },
    /// An archive is removed by a rule.
    Removed {
        /// Name of the plain archive.
        name: String,
        /// Which rule: `count`, `age`, `bytes`, `free`.
        why: String,
        /// When, nanoseconds since 1970.
        at: u64,
    },
    /// Records before a time were taken out of all files.
    Cleared {
        /// The time, nanoseconds since 1970.
        before: u64,
        /// When, nanoseconds since 1970.
        at: u64,
    },
}

/// A run of our own bytes in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockLine {
    /// The file's number.
    pub file: u32,
    /// Where it begins in the plain file.
    pub at: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Its lines.
    pub lines: u64,
    /// Its records; a traceback has more lines, a told loss has none.
    pub records: u64,
    /// XXH3 of its bytes.
    pub sum: u64,
    /// XXH3 of its first line, newline included.
    pub head: u64,
    /// Time of its oldest record, nanoseconds since 1970.
    pub from: u64,
    /// Time of its newest.
    pub to: u64,
    /// One bit for each level that is in it.
    pub levels: u16,
    /// One bit for each facility, by its number.
    pub facilities: u64,
    /// What it accounts for.
    pub producers: Vec<Span>,
    /// Records that this file did not take while it failed and whose producers are not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub given_up: u64,
    /// Other bytes came in between: the checksum cannot be held against one place.
    #[serde(default, skip_serializing_if = "is_false")]
    pub parted: bool,
}

/// What a block says about one producer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The producer's number.
    pub producer: u64,
    /// First sequence number that was taken out of its ring.
    pub first: u64,
    /// Last one.
    pub last: u64,
    /// Records of it in this block.
    pub count: u64,
    /// Records of it that were meant for other destinations only.
    pub elsewhere: u64,
    /// Sequence numbers without a record, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lost: BTreeMap<String, u64>,
}

impl BlockLine {
    /// Whether its numbers are possible: a ledger is a file that anybody with the right may have written.
    #[must_use]
    pub fn is_sane(&self) -> bool {
        const MOST: u64 = 1 << 48;
        let span = |span: &Span| {
            let numbers = [span.count, span.elsewhere].into_iter().chain(span.lost.values().copied());
            span.first <= span.last && span.last < MOST && numbers.into_iter().all(|number| number < MOST)
        };
        let small = [self.at, self.lines, self.records, self.given_up];
        self.bytes <= 1 << 30 && small.into_iter().all(|number| number < MOST) && self.producers.iter().all(span)
    }
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

fn is_false(value: &bool) -> bool {
    !*value
}

impl Line {
    /// Appends the line, newline included.
    pub fn seal(&self, out: &mut Vec<u8>) {
        let start = out.len();
        // Numbers, strings, maps with string keys: cannot fail.
        let _ = serde_json::to_writer(&mut *out, self);
        let hash = xxh3_64(&out[start..]);
        out.extend_from_slice(format!(" #{hash:016x}\n").as_bytes());
    }

    /// Reads a line without its newline; `None` where it is broken, or of a kind that a later release made.
    #[must_use]
    pub fn unseal(line: &[u8]) -> Option<Line> {
        serde_json::from_slice(json_of(line)?).ok()
    }
}

/// The JSON of a line whose hash is right.
pub(super) fn json_of(line: &[u8]) -> Option<&[u8]> {
    let (json, seal) = line.split_at_checked(line.len().checked_sub(SEAL)?)?;
    let hash = std::str::from_utf8(seal.strip_prefix(b" #")?).ok()?;
    (u64::from_str_radix(hash, 16).ok()? == xxh3_64(json)).then_some(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line comes back; with any byte changed it does not.
    #[test]
    fn a_line_is_sealed() {
        let span = Span { producer: 1 << 33, first: 1, last: 9, count: 8, ..Span::default() };
        let block = BlockLine { sum: u64::MAX, producers: vec![span], ..BlockLine::default() };
        for line in [Line::Block(block), Line::Removed { name: "a\nb".into(), why: "age".into(), at: 1 }] {
            let mut bytes = Vec::new();
            line.seal(&mut bytes);
            assert_eq!(bytes.pop(), Some(b'\n'));
            assert_eq!(Line::unseal(&bytes), Some(line));
            for at in 0..bytes.len() {
                let mut other = bytes.clone();
                other[at] ^= 1;
                assert_eq!(Line::unseal(&other), None, "byte {at}");
            }
        }
    }
}
