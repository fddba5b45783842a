//! The block that is still being filled: kept as words in the control page, so that a batch of one record costs no
//! write to the ledger, and a killed writer's successor goes on with it.

use yarder_ring::OPEN_WORDS;

use xxhash_rust::xxh3::xxh3_64;

use super::line::{BlockLine, Span};

const HEAD: usize = 16;
const SPAN: usize = 5;

/// How many producers fit.
pub(crate) const SPANS: usize = (OPEN_WORDS - HEAD) / SPAN;

/// A block under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenBlock {
    /// Grows with each change; of two states the later one counts.
    pub version: u64,
    /// The batch it was changed by.
    pub batch: u64,
    /// Hash of the live file's path.
    pub path_hash: u64,
    /// When it was opened, nanoseconds since 1970.
    pub opened: u64,
    /// What it holds; its checksum is worked out when it is closed, and losses are never in an open block.
    pub block: BlockLine,
}

impl OpenBlock {
    /// Nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.block.bytes == 0 && self.block.producers.is_empty()
    }

    /// Its words for the control page, and how many of them are used.
    #[must_use]
    pub fn to_words(&self) -> ([u64; OPEN_WORDS], usize) {
        let block = &self.block;
        let mut words = [0; OPEN_WORDS];
        words[..HEAD].copy_from_slice(&[
            0,
            self.version,
            self.batch,
            self.path_hash,
            u64::from(block.file),
            block.at,
            block.bytes,
            block.lines,
            block.records,
            block.from,
            block.to,
            u64::from(block.levels) | (block.producers.len().min(SPANS) as u64) << 16,
            block.facilities,
            self.opened,
            block.head,
            0,
        ]);
        let mut used = HEAD;
        for (place, span) in words[HEAD..].chunks_exact_mut(SPAN).zip(&block.producers) {
            place.copy_from_slice(&[span.producer, span.first, span.last, span.count, span.elsewhere]);
            used += SPAN;
        }
        words[0] = checksum(&words[1..used]);
        (words, used)
    }

    /// Reads them back; `None` where they are not whole.
    #[must_use]
    pub fn from_words(words: &[u64; OPEN_WORDS]) -> Option<OpenBlock> {
        let count = usize::try_from(words[11] >> 16).ok().filter(|count| *count <= SPANS)?;
        let used = HEAD + count * SPAN;
        if words[1] == 0 || words[0] != checksum(&words[1..used]) {
            return None;
        }
        let spans = words[HEAD..used].chunks_exact(SPAN);
        let producers = spans.map(|span| Span {
            producer: span[0],
            first: span[1],
            last: span[2],
            count: span[3],
            elsewhere: span[4],
            ..Span::default()
        });
        let block = BlockLine {
            file: u32::try_from(words[4]).ok()?,
            at: words[5],
            bytes: words[6],
            lines: words[7],
            records: words[8],
            from: words[9],
            to: words[10],
            levels: words[11] as u16,
            facilities: words[12],
            head: words[14],
            producers: producers.collect(),
            ..BlockLine::default()
        };
        Some(OpenBlock { version: words[1], batch: words[2], path_hash: words[3], opened: words[13], block })
    }
}

fn checksum(words: &[u64]) -> u64 {
    let mut bytes = [0; OPEN_WORDS * 8];
    for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    xxh3_64(&bytes[..words.len().min(OPEN_WORDS) * 8])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state comes back as it was; with any word changed it is none.
    #[test]
    fn a_state_is_whole_or_none() {
        let span = |producer| Span { producer, first: 1, last: 5, count: 3, elsewhere: 2, ..Span::default() };
        let block = BlockLine {
            file: 3,
            at: 100,
            bytes: 50,
            lines: 2,
            records: 2,
            from: 7,
            to: 9,
            levels: 0x1ff,
            facilities: u64::MAX,
            head: 1,
            producers: (0..SPANS as u64).map(span).collect(),
            ..BlockLine::default()
        };
        let open = OpenBlock { version: 8, batch: 9, path_hash: 10, opened: 11, block };
        let (words, used) = open.to_words();
        assert_eq!(OpenBlock::from_words(&words), Some(open));
        for at in 0..used {
            let mut other = words;
            other[at] ^= 1 << (at % 64);
            assert_eq!(OpenBlock::from_words(&other), None, "word {at}");
        }
        assert_eq!(OpenBlock::from_words(&[0; OPEN_WORDS]), None);
    }
}
