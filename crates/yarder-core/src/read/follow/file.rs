//! One file under way: what was read of it, and what of that was not given yet.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use memchr::memrchr;

use super::super::blocks::{last_start, BLOCK, LINE_MAX};
use super::super::find::identity;
use super::super::input::read_at;

/// Bytes before the place reached that must still be the same: else the file was truncated and grew again.
const PROOF: usize = 256;

/// What is read at one look; the rest comes with the next.
const LOOK_MAX: usize = 16 * BLOCK;

/// An open file, read up to a place.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) file: Arc<File>,
    pub(super) identity: (u64, u64),
    pub(super) path: Arc<Path>,
    /// The next byte to read.
    pub(super) at: u64,
    /// The last bytes before it.
    pub(super) proof: Vec<u8>,
    /// Read, but not given: a line in parts, or a human record that may go on.
    pub(super) pending: Vec<u8>,
}

/// What a look at a file found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// Nothing new.
    None,
    /// New bytes in `pending`.
    More,
    /// The bytes before the place are others, or gone.
    Truncated,
}

impl Tracked {
    /// Begins at the front.
    pub(super) fn start(file: File, path: &Path) -> io::Result<Tracked> {
        let identity = identity(&file)?;
        Ok(Tracked { file: Arc::new(file), identity, path: path.into(), at: 0, proof: Vec::new(), pending: Vec::new() })
    }

    /// Begins behind the last whole line.
    pub(super) fn at_end(file: File, path: &Path) -> io::Result<Tracked> {
        let mut tracked = Tracked::start(file, path)?;
        let mut end = tracked.file.metadata()?.len();
        let mut block = vec![0; BLOCK];
        while end > 0 {
            let from = end.saturating_sub(BLOCK as u64);
            let got = read_at(&tracked.file, &mut block[..(end - from) as usize], from)?;
            if let Some(newline) = memrchr(b'\n', &block[..got]) {
                end = from + newline as u64 + 1;
                break;
            }
            end = from;
        }
        tracked.go_to(end)?;
        Ok(tracked)
    }

    /// Goes to a place; what stands before it is what has to stay there.
    fn go_to(&mut self, at: u64) -> io::Result<()> {
        let from = at.saturating_sub(PROOF as u64);
        self.proof.resize((at - from) as usize, 0);
        let got = read_at(&self.file, &mut self.proof, from)?;
        self.proof.truncate(got);
        self.at = at;
        Ok(())
    }

    /// Reads on. The bytes before the place are read with the new ones, so that no change in between is missed.
    pub(super) fn read(&mut self) -> io::Result<Growth> {
        let mut grown = Growth::None;
        let mut room = vec![0; self.proof.len() + BLOCK];
        while self.pending.len() < LOOK_MAX {
            let known = self.proof.len();
            room.resize(known + BLOCK, 0);
            let got = read_at(&self.file, &mut room, self.at - known as u64)?;
            if got < known || room[..known] != self.proof[..] {
                return Ok(Growth::Truncated);
            }
            let new = &room[known..got];
            if new.is_empty() {
                break;
            }
            self.pending.extend_from_slice(new);
            self.at += new.len() as u64;
            let from = got.saturating_sub(PROOF);
            self.proof.clear();
            self.proof.extend_from_slice(&room[from..got]);
            grown = Growth::More;
        }
        Ok(grown)
    }

    /// The file was emptied: everything begins anew.
    pub(super) fn restart(&mut self) {
        self.at = 0;
        self.proof.clear();
        self.pending.clear();
    }

    /// How many bytes of `pending` are whole records. `quiet`: nothing came for a while, so the last one is whole too.
    pub(super) fn whole(&self, quiet: bool) -> usize {
        let last = last_start(&self.pending);
        let Some(first) = self.pending.get(last) else { return 0 };
        // Only human lines are followed by more of them.
        let ended = self.pending.ends_with(b"\n") && (quiet || !first.is_ascii_digit());
        if ended {
            self.pending.len()
        } else {
            last
        }
    }

    /// Whether more waits than any line may have.
    pub(super) fn is_flooded(&self) -> bool {
        self.pending.len() > LINE_MAX
    }

    /// Where the first byte of `pending` stands.
    pub(super) fn base(&self) -> u64 {
        self.at - self.pending.len() as u64
    }
}
