//! The intent: what the writer is about to append, so that whoever comes after it neither doubles nor loses a line.

use std::sync::atomic::Ordering;

use super::{at, Control};
use crate::error::RingError;

/// Files that one intent has room for; a batch is cut so that its files fit.
pub const INTENT_FILES: usize = 64;
const HEAD: usize = 64;
const FILE: usize = 128;

/// How far a batch is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum IntentState {
    /// No batch is under way.
    #[default]
    Clear = 0,
    /// The files may hold any part of the batch; no head has moved.
    Prepared = 1,
    /// The files hold the whole batch; the heads may have moved.
    Written = 2,
}

/// Which file: inodes are used again at once, so the first bytes count as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FileKey {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
    /// Hash of the first bytes.
    pub head_hash: u64,
}

/// What one file is to get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntentFile {
    /// The file.
    pub key: FileKey,
    /// Hash of its path.
    pub path_hash: u64,
    /// Where the bytes were to begin.
    pub offset: u64,
    /// How many.
    pub length: u64,
    /// Their hash.
    pub hash: u64,
    /// Kept for a ledger that would be written by place; 0.
    pub ledger_offset: u64,
    /// 0.
    pub ledger_length: u64,
    /// 0.
    pub ledger_hash: u64,
}

/// One batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    /// How far it is.
    pub state: IntentState,
    /// Number of the batch; the tags in the ring headers name it.
    pub sequence: u64,
    /// Clock pairs its times were made with.
    pub pairs: u32,
    /// The files, at most 64.
    pub files: Vec<IntentFile>,
}

impl IntentFile {
    fn words(&self) -> [u64; 10] {
        [
            self.key.dev,
            self.key.ino,
            self.key.head_hash,
            self.path_hash,
            self.offset,
            self.length,
            self.hash,
            self.ledger_offset,
            self.ledger_length,
            self.ledger_hash,
        ]
    }

    fn from_words(words: [u64; 10]) -> IntentFile {
        let [dev, ino, head_hash, path_hash, offset, length, hash, ledger_offset, ledger_length, ledger_hash] = words;
        let key = FileKey { dev, ino, head_hash };
        IntentFile { key, path_hash, offset, length, hash, ledger_offset, ledger_length, ledger_hash }
    }
}

fn checksum(intent: &Intent) -> u64 {
    let head = [intent.sequence, u64::from(intent.pairs), intent.files.len() as u64];
    let words = head.into_iter().chain(intent.files.iter().flat_map(IntentFile::words));
    let bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
    xxhash_rust::xxh3::xxh3_64(&bytes)
}

impl Control {
    fn intent_word(&self, offset: usize) -> &std::sync::atomic::AtomicU64 {
        self.map.u64(at::INTENT + offset)
    }

    /// The intent. Clear: its sequence is still that of the last batch. One whose checksum is wrong is corrupt.
    pub fn intent(&self) -> Result<Intent, RingError> {
        let state = match self.map.u32(at::INTENT).load(Ordering::Acquire) {
            0 => IntentState::Clear,
            1 => IntentState::Prepared,
            2 => IntentState::Written,
            _ => return Err(RingError::corrupt("state of the intent")),
        };
        let sequence = self.intent_word(8).load(Ordering::Relaxed);
        if state == IntentState::Clear {
            return Ok(Intent { sequence, ..Intent::default() });
        }
        let count = self.map.u32(at::INTENT + 4).load(Ordering::Relaxed) as usize;
        if count > INTENT_FILES {
            return Err(RingError::corrupt("files of the intent"));
        }
        let files = (0..count)
            .map(|index| {
                let base = HEAD + index * FILE;
                IntentFile::from_words(std::array::from_fn(|word| {
                    self.intent_word(base + word * 8).load(Ordering::Relaxed)
                }))
            })
            .collect();
        let pairs = self.map.u32(at::INTENT + 24).load(Ordering::Relaxed);
        let intent = Intent { state, sequence, pairs, files };
        if checksum(&intent) != self.intent_word(16).load(Ordering::Relaxed) {
            return Err(RingError::corrupt("checksum of the intent"));
        }
        Ok(intent)
    }

    /// The number of the next batch; used up even if the batch never gets further, so that a tag which a dead writer
    /// left in some ring header is never taken for one of a later batch.
    pub fn begin_intent(&self) -> u64 {
        let word = self.intent_word(8);
        // Never 0: a tag of 0 is no tag. The writer alone changes this word.
        let next = word.load(Ordering::Relaxed).wrapping_add(1).max(1);
        word.store(next, Ordering::Release);
        next
    }

    /// Stores a batch, then says `Prepared`. Its heads must stand in the ring headers already, tagged.
    pub fn prepare(&self, intent: &Intent) -> Result<(), RingError> {
        if intent.files.len() > INTENT_FILES {
            return Err(RingError::Argument { what: "an intent of more than 64 files" });
        }
        self.map.u32(at::INTENT + 4).store(intent.files.len() as u32, Ordering::Relaxed);
        self.intent_word(8).store(intent.sequence, Ordering::Relaxed);
        self.intent_word(16).store(checksum(intent), Ordering::Relaxed);
        self.map.u32(at::INTENT + 24).store(intent.pairs, Ordering::Relaxed);
        for (index, file) in intent.files.iter().enumerate() {
            for (word, value) in file.words().into_iter().enumerate() {
                self.intent_word(HEAD + index * FILE + word * 8).store(value, Ordering::Relaxed);
            }
        }
        self.set_intent(IntentState::Prepared);
        Ok(())
    }

    /// Says that every write of the batch is done.
    pub fn written(&self) {
        self.set_intent(IntentState::Written);
    }

    /// Says that the heads are stored.
    pub fn clear(&self) {
        self.set_intent(IntentState::Clear);
    }

    fn set_intent(&self, state: IntentState) {
        self.map.u32(at::INTENT).store(state as u32, Ordering::Release);
    }
}
