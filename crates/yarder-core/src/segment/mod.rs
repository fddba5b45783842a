//! One live file: opened once, appended to, checked against the world, healed.
//!
//! Only the writer of a yard appends here, but never alone in the world: people run `> app.log`,
//! `logrotate` renames, other programs append. So the segment trusts no size it did not just see:
//! after each append the kernel's own position says where the bytes ended, and what happened before a
//! crash is decided by content ([`resume`]).

mod open;
pub mod resume;

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use xxhash_rust::xxh3::xxh3_64;
use yarder_ring::lock::OfdLock;
use yarder_ring::FileKey;

use crate::plan::{Destination, Fsync, OnConflict};

/// How many of a file's first bytes are part of its key.
pub const HEAD_BYTES: u64 = 64;

/// How often the path is compared with the open file.
const CHECK: Duration = Duration::from_secs(1);

/// What a segment must know about its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentOptions {
    /// The path that was asked for.
    pub path: PathBuf,
    /// Permission bits of a file that is made here.
    pub mode: u32,
    /// When bytes are synced.
    pub fsync: Fsync,
    /// What happens when another yard holds the file.
    pub on_conflict: OnConflict,
}

impl From<&Destination> for SegmentOptions {
    fn from(destination: &Destination) -> Self {
        SegmentOptions {
            path: destination.path.clone(),
            mode: destination.mode,
            fsync: destination.fsync,
            on_conflict: destination.on_conflict,
        }
    }
}

/// Why a file cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The system refused something.
    #[error("cannot {what} {path}: {source}", path = path.display())]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Another yard holds the file and the plan says not to step aside.
    #[error("{path} is held by another yarder (other app, user or container)", path = path.display())]
    Held {
        /// The file.
        path: PathBuf,
    },
}

impl SegmentError {
    fn io(what: &'static str, path: &Path, source: io::Error) -> SegmentError {
        SegmentError::Io { what, path: path.to_path_buf(), source }
    }
}

/// An append that did not take all bytes.
#[derive(Debug)]
pub struct AppendError {
    /// How many bytes the file took before the error.
    pub done: usize,
    /// The system's answer.
    pub error: io::Error,
}

/// One live file, locked for this yard.
#[derive(Debug)]
pub struct Segment {
    options: SegmentOptions,
    path: PathBuf,
    real: PathBuf,
    /// For reading; also for writing where it is no regular file.
    file: File,
    /// The lock, and what regular files are written by.
    lock: Option<OfdLock>,
    regular: bool,
    identity: (u64, u64),
    /// Where our next bytes are expected to begin.
    end: u64,
    /// The file's first bytes, at most [`HEAD_BYTES`].
    head: Vec<u8>,
    /// The last byte at opening was not a newline: somebody's torn line must not swallow ours.
    torn: bool,
    checked: Instant,
    synced: Instant,
    dirty: bool,
}

impl Segment {
    /// Opens the file of `options`: folders made, appended to, locked. `host` is part of the name
    /// that is taken when another yard holds the file.
    ///
    /// # Errors
    /// [`SegmentError`]; nothing is left locked.
    pub fn open(options: &SegmentOptions, host: &str) -> Result<Segment, SegmentError> {
        let opened = open::open(options, host)?;
        let mut segment = Segment {
            options: options.clone(),
            path: opened.path,
            real: opened.real,
            file: opened.file,
            lock: opened.lock,
            regular: opened.regular,
            identity: opened.identity,
            end: 0,
            head: Vec::new(),
            torn: false,
            checked: Instant::now(),
            synced: Instant::now(),
            dirty: false,
        };
        segment.look().map_err(|error| SegmentError::io("read", &segment.path, error))?;
        Ok(segment)
    }

    /// The path the bytes go to; differs from the asked one after a conflict.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the file itself stands: behind a link, if the path is one.
    #[must_use]
    pub fn real_path(&self) -> &Path {
        &self.real
    }

    /// Device and inode.
    #[must_use]
    pub fn identity(&self) -> (u64, u64) {
        self.identity
    }

    /// Whether it is a file that can be rotated, not a pipe or a device.
    #[must_use]
    pub fn is_regular(&self) -> bool {
        self.regular
    }

    /// The options it was opened with.
    #[must_use]
    pub fn options(&self) -> &SegmentOptions {
        &self.options
    }

    /// The open file, for [`resume`].
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Whether the name was taken because another yard held the asked one.
    #[must_use]
    pub fn stepped_aside(&self) -> bool {
        self.path != self.options.path
    }

    /// Where the next bytes are expected to begin.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Which file this is: inode numbers are reused at once, so the first bytes count too. The hash
    /// covers the bytes before `end()` only, so that a successor can work it out from the offset.
    #[must_use]
    pub fn key(&self) -> FileKey {
        FileKey { dev: self.identity.0, ino: self.identity.1, head_hash: xxh3_64(&self.head) }
    }

    /// Appends all of `bytes` and learns where they ended.
    ///
    /// # Errors
    /// [`AppendError`] with the number of bytes that the file took.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), AppendError> {
        let mut done = 0;
        while done < bytes.len() {
            let result = match &self.lock {
                Some(lock) => rustix::io::write(lock, &bytes[done..]).map_err(io::Error::from),
                None => (&self.file).write(&bytes[done..]),
            };
            let error = match result {
                Ok(0) => io::Error::from(io::ErrorKind::WriteZero),
                Ok(count) => {
                    done += count;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            self.wrote(bytes, done);
            return Err(AppendError { done, error });
        }
        self.wrote(bytes, done);
        Ok(())
    }

    /// Keeps the books after `done` of `bytes` went out.
    fn wrote(&mut self, bytes: &[u8], done: usize) {
        if !self.regular || done == 0 {
            return;
        }
        self.dirty = true;
        // With O_APPEND the kernel sets the position to the end of what it just wrote, so a foreign
        // append in between shows here without an fstat.
        let place = self.lock.as_ref().and_then(|lock| rustix::fs::tell(lock).ok());
        let now = place.unwrap_or(self.end + done as u64);
        if now == self.end + done as u64 {
            let room = (HEAD_BYTES as usize).saturating_sub(self.head.len());
            if room > 0 {
                self.head.extend_from_slice(&bytes[..done.min(room)]);
            }
            self.end = now;
        } else {
            crate::trace::event("writer", crate::trace::DEBUG, || {
                format!("{}: other bytes than ours, end {} is now {now}", self.path.display(), self.end)
            });
            self.end = now;
            let _ = self.read_head();
        }
    }

    /// Ends a line that somebody left open, before our first byte.
    ///
    /// # Errors
    /// [`AppendError`] when the file does not take it.
    pub fn mend(&mut self) -> Result<(), AppendError> {
        if self.torn {
            self.append(b"\n")?;
            self.torn = false;
        }
        Ok(())
    }

    /// Marks that a torn line stands at the end, so that [`Segment::mend`] ends it.
    pub fn set_torn(&mut self, torn: bool) {
        self.torn = torn;
    }

    /// Reserves room on the device up to `bytes` of the file, whose length stays. A file system that cannot is fine.
    pub fn reserve(&self, bytes: u64) {
        if let (Some(lock), Some(more)) = (&self.lock, bytes.checked_sub(self.end).filter(|more| *more > 0)) {
            let _ = rustix::fs::fallocate(lock, rustix::fs::FallocateFlags::KEEP_SIZE, self.end, more);
        }
    }

    /// Syncs as the plan says. `Batch` always, `Interval` at most once a second.
    ///
    /// # Errors
    /// What the device answered.
    pub fn sync(&mut self, now: Instant) -> io::Result<()> {
        let due = match self.options.fsync {
            Fsync::Never => false,
            Fsync::Batch => true,
            Fsync::Interval => now.duration_since(self.synced) >= CHECK,
        };
        if !due || !self.dirty || !self.regular {
            return Ok(());
        }
        self.file.sync_data()?;
        self.synced = now;
        self.dirty = false;
        Ok(())
    }

    /// Whether [`Segment::sync`] would have something to do later.
    #[must_use]
    pub fn wants_sync(&self) -> bool {
        self.dirty && self.options.fsync == Fsync::Interval
    }

    /// Whether the path still names the open file; looks at most once a second.
    pub fn is_current(&mut self, now: Instant) -> bool {
        if now.duration_since(self.checked) < CHECK {
            return true;
        }
        self.checked = now;
        self.is_linked()
    }

    /// Whether the path still names the open file; looks now.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        match std::fs::metadata(&self.path) {
            Ok(meta) => (meta.dev(), meta.ino()) == self.identity,
            // Anything but "gone" (no permission, an unreachable mount) is no reason to leave the file.
            Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
        }
    }

    /// Whether the file ends where our last bytes ended.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        !self.regular || self.file.metadata().is_ok_and(|meta| meta.len() == self.end)
    }

    /// Reads the file's end and head anew: after opening, and after foreign bytes.
    ///
    /// # Errors
    /// What the system answered.
    pub fn look(&mut self) -> io::Result<()> {
        if !self.regular {
            return Ok(());
        }
        self.end = self.file.metadata()?.len();
        self.read_head()?;
        self.torn = false;
        if self.end > 0 {
            let mut last = [0];
            self.torn = self.file.read_at(&mut last, self.end - 1)? == 1 && last[0] != b'\n';
        }
        Ok(())
    }

    fn read_head(&mut self) -> io::Result<()> {
        self.head = resume::head(&self.file, self.end)?;
        Ok(())
    }

    /// Whether this yard's lock is on the file (a pipe or a device has none).
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.lock.is_some()
    }
}

/// What a person can do about `error`, as the end of a sentence.
#[must_use]
pub fn advice(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::ENOSPC | libc::EDQUOT) => "free space on that file system",
        Some(libc::EROFS) => "make the file system writable again",
        Some(libc::EACCES | libc::EPERM) => "give this user the right to write there",
        Some(libc::ENOENT | libc::ENOTDIR) => "check the path of the backend",
        Some(libc::EISDIR) => "name a file, not a folder",
        Some(libc::EMFILE | libc::ENFILE) => "raise the limit of open files (ulimit -n)",
        Some(libc::EFBIG) => "raise the limit of the file size (ulimit -f)",
        _ => "check the disk and the path",
    }
}
