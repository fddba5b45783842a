//! What the archive keeps in the page: who asked for a rotation, which step of rotation or compression is under way,
//! and the ledger's blocks that are not closed yet.
//!
//! Pages of releases before the archive hold zeros here, which means "nothing": the version is the same.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{at, Control};

const ENTRY: usize = 128;

/// Files that may have an open block in the page; others write every block at once.
pub const OPEN_BLOCKS: usize = 17;
/// Words of one state of an open block.
pub const OPEN_WORDS: usize = 80;

/// Kinds of work that have a step under way at most once in a yard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveWork {
    /// The live file becomes an archive.
    Rotation = 0,
    /// An archive becomes a compressed one.
    Compression = 1,
    /// An archive is removed.
    Retention = 2,
}

/// A step that is under way. What the numbers of steps and codecs mean is the archive's business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArchiveIntent {
    /// How far it is; never 0.
    pub step: u32,
    /// How the archive is compressed.
    pub codec: u32,
    /// Hash of the live file's path.
    pub path_hash: u64,
    /// Device of the file that is moved.
    pub dev: u64,
    /// Its inode.
    pub ino: u64,
    /// Milliseconds since 1970 in the archive's name.
    pub stamp_ms: u64,
    /// Counter in the archive's name.
    pub counter: u64,
    /// Bytes of the plain archive.
    pub bytes: u64,
}

impl ArchiveIntent {
    fn words(&self) -> [u64; 6] {
        [self.path_hash, self.dev, self.ino, self.stamp_ms, self.counter, self.bytes]
    }

    /// The step is left out: it moves on by one store.
    fn checksum(&self) -> u64 {
        let words = [u64::from(self.codec)].into_iter().chain(self.words());
        let bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
        xxhash_rust::xxh3::xxh3_64(&bytes)
    }
}

impl Control {
    fn archive_at(&self, work: ArchiveWork, offset: usize) -> &AtomicU64 {
        self.map.u64(at::ARCHIVE + work as usize * ENTRY + offset)
    }

    /// The step of `work` that is under way; `None` also where what stands there is not whole.
    #[must_use]
    pub fn archive_intent(&self, work: ArchiveWork) -> Option<ArchiveIntent> {
        let base = at::ARCHIVE + work as usize * ENTRY;
        let step = self.map.u32(base).load(Ordering::Acquire);
        let word = |index: usize| self.archive_at(work, 16 + index * 8).load(Ordering::Relaxed);
        let intent = ArchiveIntent {
            step,
            codec: self.map.u32(base + 4).load(Ordering::Relaxed),
            path_hash: word(0),
            dev: word(1),
            ino: word(2),
            stamp_ms: word(3),
            counter: word(4),
            bytes: word(5),
        };
        (step != 0 && intent.checksum() == self.archive_at(work, 8).load(Ordering::Relaxed)).then_some(intent)
    }

    /// Says what is about to be done.
    pub fn set_archive_intent(&self, work: ArchiveWork, intent: &ArchiveIntent) {
        let base = at::ARCHIVE + work as usize * ENTRY;
        self.clear_archive_intent(work);
        self.map.u32(base + 4).store(intent.codec, Ordering::Relaxed);
        for (index, word) in intent.words().into_iter().enumerate() {
            self.archive_at(work, 16 + index * 8).store(word, Ordering::Relaxed);
        }
        self.archive_at(work, 8).store(intent.checksum(), Ordering::Relaxed);
        self.map.u32(base).store(intent.step, Ordering::Release);
    }

    /// The next step of the same work.
    pub fn set_archive_step(&self, work: ArchiveWork, step: u32) {
        self.map.u32(at::ARCHIVE + work as usize * ENTRY).store(step, Ordering::Release);
    }

    /// Says that nothing of `work` is under way.
    pub fn clear_archive_intent(&self, work: ArchiveWork) {
        self.set_archive_step(work, 0);
    }

    /// Asks the writer, whoever it is, to rotate the files of the yard. Gives the request's number:
    /// it is served when [`Control::rotations_served`] has reached it.
    pub fn ask_rotation(&self) -> u64 {
        self.ask(0)
    }

    /// The number of the last request to rotate.
    #[must_use]
    pub fn rotations_asked(&self) -> u64 {
        self.map.u64(at::ASKED).load(Ordering::Acquire)
    }

    /// The last request to rotate that was served.
    #[must_use]
    pub fn rotations_served(&self) -> u64 {
        self.map.u64(at::ASKED + 8).load(Ordering::Acquire)
    }

    /// Says so; the writer alone may.
    pub fn set_rotations_served(&self, number: u64) {
        self.map.u64(at::ASKED + 8).store(number, Ordering::Release);
    }

    /// Asks the writer to look its paths up anew and to open what stands there now.
    pub fn ask_reopening(&self) -> u64 {
        self.ask(16)
    }

    /// The number of the last request to reopen.
    #[must_use]
    pub fn reopenings_asked(&self) -> u64 {
        self.map.u64(at::ASKED + 16).load(Ordering::Acquire)
    }

    /// The last request to reopen that was served.
    #[must_use]
    pub fn reopenings_served(&self) -> u64 {
        self.map.u64(at::ASKED + 24).load(Ordering::Acquire)
    }

    /// Says so; the writer alone may.
    pub fn set_reopenings_served(&self, number: u64) {
        self.map.u64(at::ASKED + 24).store(number, Ordering::Release);
    }

    fn ask(&self, offset: usize) -> u64 {
        let number = self.map.u64(at::ASKED + offset).fetch_add(1, Ordering::AcqRel).wrapping_add(1);
        self.wake();
        number
    }

    /// One of the two states of an open block. Words of a dying writer may be mixed: the reader checks.
    #[must_use]
    pub fn open_block(&self, index: usize, side: usize) -> [u64; OPEN_WORDS] {
        let base = open_block_at(index, side);
        std::array::from_fn(|word| self.map.u64(base + word * 8).load(Ordering::Relaxed))
    }

    /// Stores one state; the writer alone may.
    pub fn set_open_block(&self, index: usize, side: usize, words: &[u64]) {
        let base = open_block_at(index, side);
        for (index, word) in words.iter().take(OPEN_WORDS).enumerate() {
            self.map.u64(base + index * 8).store(*word, Ordering::Relaxed);
        }
    }
}

fn open_block_at(index: usize, side: usize) -> usize {
    at::BLOCKS + ((index % OPEN_BLOCKS) * 2 + side % 2) * OPEN_WORDS * 8
}

// What is stored never reaches behind the page.
const _: () = assert!(at::BLOCKS + OPEN_BLOCKS * 2 * OPEN_WORDS * 8 <= super::CONTROL_BYTES);
