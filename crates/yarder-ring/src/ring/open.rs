//! Opening a ring that somebody else made: nothing in it is believed before it is checked.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::Mutex;

use super::{check_policy, RingFile};
use crate::error::RingError;
use crate::layout::{self, offset, PRODUCER_BITS};
use crate::lock;
use crate::map::Mapping;
use crate::sys;

impl RingFile {
    /// Maps a ring for reading. Whatever breaks a rule of the layout is an error, never followed.
    pub fn open(path: &Path) -> Result<RingFile, RingError> {
        // O_NONBLOCK: a FIFO of this name must not hold us.
        let file = lock::open(path, libc::O_RDWR | libc::O_NONBLOCK, 0)?;
        let stat = stat(file.fd(), path)?;
        if stat.st_mode & libc::S_IFMT != libc::S_IFREG {
            return Err(RingError::Unsafe { what: "not a regular file", path: path.into() });
        }
        if stat.st_uid != sys::uid() {
            return Err(RingError::Unsafe { what: "owned by another user", path: path.into() });
        }
        let smallest = layout::file_bytes(layout::MIN_SLOTS);
        let largest = layout::file_bytes(layout::MAX_SLOTS);
        let length = u64::try_from(stat.st_size).unwrap_or(0);
        if !(smallest..=largest).contains(&length) {
            return Err(RingError::corrupt("file length"));
        }
        let map = Mapping::new(Some(file.fd()), length as usize, false, path)?;
        let number = |at| map.u32(at).load(Ordering::Acquire);
        if map.bytes(offset::MAGIC, 8) != layout::MAGIC {
            return Err(RingError::corrupt("magic"));
        }
        if number(offset::VERSION) != layout::VERSION {
            return Err(RingError::Version { found: number(offset::VERSION) });
        }
        if number(offset::HEADER_BYTES) as usize != layout::HEADER_BYTES {
            return Err(RingError::corrupt("header bytes"));
        }
        if number(offset::SLOT_BYTES) as usize != layout::SLOT {
            return Err(RingError::corrupt("slot bytes"));
        }
        // Each read once: what was checked is what is used.
        let (main_slots, reserve_slots) = (number(offset::MAIN_SLOTS), number(offset::RESERVE_SLOTS));
        if !layout::slots_ok(main_slots) || reserve_slots != layout::reserve_slots(main_slots) {
            return Err(RingError::corrupt("slots"));
        }
        if length != layout::file_bytes(main_slots) {
            return Err(RingError::corrupt("file length"));
        }
        if layout::State::from_u32(number(offset::STATE)).is_none() {
            return Err(RingError::corrupt("state"));
        }
        let producer = map.u64(offset::PRODUCER).load(Ordering::Relaxed);
        if producer == 0 || producer >> PRODUCER_BITS != 0 {
            return Err(RingError::corrupt("producer"));
        }
        let policy = check_policy(number(offset::POLICY))?;
        Ok(RingFile {
            map,
            main_slots,
            reserve_slots,
            policy,
            path: Some(path.to_path_buf()),
            identity: (stat.st_dev, stat.st_ino),
            probe: Some(file),
            lock: Mutex::new(None),
            owner: 0,
        })
    }

    /// Whether its owner may still append: asks for the lock on its file. An own ring is known without asking.
    #[must_use]
    pub fn is_owner_alive(&self) -> bool {
        if self.owner != 0 {
            return self.owner == sys::pid() && self.state() == layout::State::Live;
        }
        match &self.probe {
            // Where the kernel does not answer, the ring is left alone: that loses nothing.
            Some(file) => lock::is_held(file).unwrap_or(true),
            None => true,
        }
    }

    /// Whether the path still leads to this file. Memory without a file is always itself.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.path
            .as_deref()
            .is_none_or(|path| fs::symlink_metadata(path).is_ok_and(|meta| (meta.dev(), meta.ino()) == self.identity))
    }

    /// Whether the file still has its length: touching a page beyond its end would raise SIGBUS.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let fd = match (&self.probe, self.lock.lock()) {
            (Some(file), _) => file.fd(),
            (None, Ok(lock)) => match lock.as_ref() {
                Some(lock) => lock.fd(),
                None => return true,
            },
            _ => return true,
        };
        stat(fd, Path::new("")).is_ok_and(|stat| u64::try_from(stat.st_size).unwrap_or(0) >= self.map.len() as u64)
    }
}

pub(crate) fn stat(fd: std::os::fd::RawFd, path: &Path) -> Result<libc::stat, RingError> {
    // SAFETY: `stat` is plain numbers, filled by the call.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the place for the answer is valid.
    if unsafe { libc::fstat(fd, &raw mut stat) } != 0 {
        return Err(RingError::last("stat", path));
    }
    Ok(stat)
}
