//! What an archive holds, block by block: the index for queries, the proof for audits. The prose is `docs/specs/ledger.md`.
//!
//! A ledger is a text file beside the live file. Its lines are appended and never changed: blocks of records ([`Block`]),
//! and what became of the files that hold them. The writer keeps it under the intents of its batches; whoever reads
//! opens it with [`Ledger::open`]. [`audit`] holds files and ledger against each other.

mod audit;
mod check;
mod gaps;
mod line;
mod open;
mod pen;
mod reader;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use audit::{audit, Audit};
pub use check::{Finding, Kind};
pub use gaps::{Account, Gap};
pub use line::{BlockLine, Line, Span, LEDGER_VERSION};
pub use open::OpenBlock;
pub(crate) use open::SPANS;
pub use pen::Pen;
pub use reader::{Block, FileEntry, FileState, Ledger};

/// The facility number that stands for every facility without one of its own.
pub const OTHER_FACILITY: u8 = 63;

/// Where the ledger of the live file at `path` stands.
#[must_use]
pub fn path_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path.file_name().unwrap_or_default());
    name.push(".ledger");
    path.with_file_name(name)
}

/// Why a ledger cannot be read at all. Lines that are broken are no reason.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The system refused something.
    #[error("cannot read the ledger {path}: {source}", path = path.display())]
    Io {
        /// The ledger.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Made by a newer release.
    #[error("the ledger {path} has version {version}, this release reads up to {LEDGER_VERSION}", path = path.display())]
    Version {
        /// The ledger.
        path: PathBuf,
        /// What it says.
        version: u32,
    },
}
