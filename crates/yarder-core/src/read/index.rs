//! What an index must tell, so that a question touches only the blocks it is about.

use std::path::Path;

use super::filter::Filter;

/// One block of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// First byte, before compression; a record begins there.
    pub offset: u64,
    /// Bytes, before compression; whole records.
    pub bytes: u64,
    /// Time of the earliest record, nanoseconds since 1970.
    pub min_ns: u64,
    /// Time of the latest record.
    pub max_ns: u64,
    /// One bit for each level that is in it.
    pub levels: u16,
}

/// Something that knows the blocks of files: the ledger.
pub trait BlockIndex: Send + Sync {
    /// The blocks of the file at `path`, in the order of their offsets; `None` when it knows nothing of this file.
    /// Bytes that no block covers are read in any case.
    fn blocks(&self, path: &Path) -> Option<Vec<Block>>;
}

/// A gap this small is read over rather than jumped over.
const NEAR: u64 = 64 << 10;

/// The ranges of a file that may hold what is asked for, in order; `end` is where the file ends, as far as known.
pub(super) fn ranges(blocks: &[Block], filter: &Filter, end: u64) -> Vec<(u64, u64)> {
    let mut wanted: Vec<(u64, u64)> = Vec::new();
    let mut want = |from: u64, to: u64| match wanted.last_mut() {
        _ if from >= to => {}
        Some(last) if from <= last.1.saturating_add(NEAR) => last.1 = last.1.max(to),
        _ => wanted.push((from, to)),
    };
    let mut at = 0;
    for block in blocks {
        // A block that overlaps an earlier one comes from a broken index: its first part was decided already.
        let (from, to) = (block.offset.max(at), block.offset.saturating_add(block.bytes).min(end));
        want(at, block.offset.min(end));
        if filter.may_be_in(block.min_ns, block.max_ns, block.levels) {
            want(from, to);
        }
        at = at.max(to);
    }
    want(at, end);
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks in question and bytes that no block covers are read, all others are not.
    #[test]
    fn only_what_may_match_is_read() {
        let block =
            |n: u64| Block { offset: n << 20, bytes: 1 << 20, min_ns: n * 10, max_ns: n * 10 + 9, levels: 1 << 6 };
        let blocks: Vec<Block> = [1, 2, 3, 5].map(block).into();
        let filter = Filter { since: Some(39), until: Some(45), ..Filter::default() };
        assert_eq!(vec![(0, 1 << 20), (3 << 20, 5 << 20), (6 << 20, 7 << 20)], ranges(&blocks, &filter, 7 << 20));
        let errors = Filter { levels: 0xF, ..Filter::default() };
        assert_eq!(vec![(0, 1 << 20), (4 << 20, 5 << 20)], ranges(&blocks, &errors, 6 << 20));
        assert_eq!(vec![(0, 9)], ranges(&[], &errors, 9));
    }
}
