//! The one error of this crate.

use std::io;
use std::path::{Path, PathBuf};

/// Why a ring, a yard or a lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// The system refused something.
    #[error("{what} {path}: {source}", path = path.display())]
    Io {
        /// What was tried, as a verb: "open", "lock".
        what: &'static str,
        /// On which path; empty where there is none.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Shared memory breaks a rule of its layout. It is never followed, only set aside.
    #[error("corrupt: {what}")]
    Corrupt {
        /// The rule that was broken.
        what: &'static str,
    },
    /// A newer yarder made it.
    #[error("layout version {found} is not known")]
    Version {
        /// The version that stands in the header.
        found: u32,
    },
    /// No folder has room for even the smallest ring.
    #[error("no space for a ring of {bytes} bytes in {path}", path = path.display())]
    NoSpace {
        /// Bytes of the smallest ring.
        bytes: u64,
        /// The folder that was tried last.
        path: PathBuf,
    },
    /// A folder or file of a yard belongs to somebody else, or is not what it should be.
    #[error("not safe to use: {path}: {what}", path = path.display())]
    Unsafe {
        /// The rule that was broken.
        what: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// An argument that no ring can have.
    #[error("bad argument: {what}")]
    Argument {
        /// What is wrong with it.
        what: &'static str,
    },
}

impl RingError {
    pub(crate) fn io(what: &'static str, path: &Path, source: io::Error) -> RingError {
        RingError::Io { what, path: path.to_path_buf(), source }
    }

    pub(crate) fn last(what: &'static str, path: &Path) -> RingError {
        RingError::io(what, path, io::Error::last_os_error())
    }

    pub(crate) const fn corrupt(what: &'static str) -> RingError {
        RingError::Corrupt { what }
    }

    /// Whether the system said that there is no room.
    #[must_use]
    pub fn is_no_space(&self) -> bool {
        match self {
            RingError::NoSpace { .. } => true,
            RingError::Io { source, .. } => {
                matches!(source.raw_os_error(), Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG | libc::ENOMEM))
            }
            _ => false,
        }
    }
}
