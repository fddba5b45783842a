//! Locks on open file descriptions (`F_OFD_SETLK`).
//!
//! The kernel drops such a lock when the last copy of its descriptor is closed: at the death of the process, however
//! it dies. Therefore no copy may exist elsewhere: the descriptors are `O_CLOEXEC`, are never duplicated, and are
//! closed in every forked child (`registry`). Nor may a mapping have been made from one: it would keep the description,
//! and so the lock, for as long as it lives, also in a child. Nobody waits in a lock call.

mod registry;

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub use registry::Descriptor;
pub(crate) use registry::Page;

use crate::error::RingError;

/// Opens `path` without following a link, as a descriptor that no child inherits.
pub fn open(path: &Path, flags: libc::c_int, mode: libc::mode_t) -> Result<Descriptor, RingError> {
    let name = CString::new(path.as_os_str().as_bytes())
        .map_err(|_| RingError::Argument { what: "a path with a NUL byte" })?;
    let flags = flags | libc::O_CLOEXEC | libc::O_NOFOLLOW;
    registry::guarded(|| {
        // SAFETY: the name ends with a NUL and outlives the call.
        let fd = unsafe { libc::open(name.as_ptr(), flags, libc::c_uint::from(mode)) };
        if fd < 0 {
            Err(RingError::last("open", path))
        } else {
            Ok(Descriptor::new(fd))
        }
    })
}

/// An exclusive lock, held until dropped.
#[derive(Debug)]
pub struct OfdLock {
    file: Descriptor,
}

fn request(kind: libc::c_int) -> libc::flock {
    // SAFETY: `flock` is plain numbers; zero is a valid value of each. A pid of 0 is what OFD locks demand.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock
}

impl OfdLock {
    /// Takes the lock, or gives back `None` where another open file description has it.
    pub fn try_exclusive(file: Descriptor) -> io::Result<Option<OfdLock>> {
        let lock = request(libc::F_WRLCK);
        // SAFETY: the descriptor is open, the request is valid for the call.
        if unsafe { libc::fcntl(file.fd(), libc::F_OFD_SETLK, &raw const lock) } == 0 {
            return Ok(Some(OfdLock { file }));
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EAGAIN | libc::EACCES) => Ok(None),
            _ => Err(error),
        }
    }

    /// Opens (or makes) `path` and takes the lock on it.
    pub fn try_path(path: &Path) -> Result<Option<OfdLock>, RingError> {
        let file = open(path, libc::O_RDWR | libc::O_CREAT, 0o600)?;
        OfdLock::try_exclusive(file).map_err(|error| RingError::io("lock", path, error))
    }

    /// The descriptor that carries the lock.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.file.fd()
    }
}

impl AsFd for OfdLock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Whether some other description holds the lock; takes nothing, so that two who ask do not meet each other.
pub fn is_held(file: &Descriptor) -> io::Result<bool> {
    let mut lock = request(libc::F_WRLCK);
    // SAFETY: the descriptor is open; the kernel writes its answer into `lock`.
    if unsafe { libc::fcntl(file.fd(), libc::F_OFD_GETLK, &raw mut lock) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(libc::c_int::from(lock.l_type) != libc::F_UNLCK)
}
