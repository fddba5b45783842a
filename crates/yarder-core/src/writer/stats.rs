//! Numbers of the writer, readable while a pass is held up by a slow disk.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::archive::KeeperMeters;

/// What this process's writer did since it started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriterStats {
    /// Records taken out of rings and delivered to every destination that wanted them.
    pub written: u64,
    /// Bytes appended to files.
    pub bytes: u64,
    /// Write attempts that failed.
    pub failed: u64,
    /// Batches.
    pub passes: u64,
    /// Records whose batch a successor finished.
    pub recovered: u64,
    /// Rings that were set aside as corrupt.
    pub quarantined: u64,
    /// Panics caught.
    pub panics: u64,
    /// Live files that became archives.
    pub rotated: u64,
    /// Archives that were compressed.
    pub compressed: u64,
    /// Archives that retention removed.
    pub removed: u64,
    /// Work on archives that failed, each attempt.
    pub archive_failed: u64,
    /// Whether records go to stderr because the writer panicked too often.
    pub degraded: bool,
    /// One entry a live file.
    pub backends: Vec<BackendStats>,
}

/// What one live file got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackendStats {
    /// The backend's name in the plan.
    pub name: String,
    /// The path that was asked for.
    pub path: PathBuf,
    /// Records written.
    pub written: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Records lost here for the reason `write_error`.
    pub lost: u64,
    /// From the oldest record of the last batch to its end in the file, nanoseconds.
    pub latency_ns: u64,
    /// Whether it fails at the moment.
    pub failing: bool,
}

/// Indices of the yard-wide counters in the control page; they outlive the writer.
pub mod counter {
    /// Records written.
    pub const WRITTEN: usize = 0;
    /// Bytes written.
    pub const BYTES: usize = 1;
    /// Batches.
    pub const PASSES: usize = 2;
    /// Failed attempts.
    pub const FAILED: usize = 3;
    /// Records of batches finished by a successor.
    pub const RECOVERED: usize = 4;
    /// Rings set aside.
    pub const QUARANTINED: usize = 5;
    /// Panics caught.
    pub const PANICS: usize = 6;
    /// Records lost for the reason `write_error`.
    pub const WRITE_ERROR: usize = 7;
    /// Records lost for the reason `corrupt`.
    pub const CORRUPT: usize = 8;
    /// Live files that became archives.
    pub const ROTATED: usize = 9;
}

#[derive(Debug, Default)]
pub(super) struct Meters {
    pub(super) written: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) passes: AtomicU64,
    pub(super) recovered: AtomicU64,
    pub(super) quarantined: AtomicU64,
    pub(super) panics: AtomicU64,
    pub(super) rotated: AtomicU64,
    pub(super) keeper: Arc<KeeperMeters>,
    pub(super) degraded: AtomicBool,
    pub(super) backends: Mutex<Vec<Arc<BackendMeters>>>,
}

#[derive(Debug, Default)]
pub(super) struct BackendMeters {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) written: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) latency_ns: AtomicU64,
    pub(super) failing: AtomicBool,
}

/// Adds without asking for an order: these are numbers for people.
pub(super) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

impl Meters {
    pub(super) fn backend(&self, name: &str, path: PathBuf) -> Arc<BackendMeters> {
        let mut backends = self.backends.lock().unwrap_or_else(PoisonError::into_inner);
        // The same file again (another plan, or after a panic) goes on counting.
        if let Some(known) = backends.iter().find(|known| known.path == path) {
            return Arc::clone(known);
        }
        let made = Arc::new(BackendMeters { name: name.to_owned(), path, ..BackendMeters::default() });
        backends.push(Arc::clone(&made));
        made
    }

    pub(super) fn read(&self) -> WriterStats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let backends = self.backends.lock().unwrap_or_else(PoisonError::into_inner);
        WriterStats {
            written: load(&self.written),
            bytes: load(&self.bytes),
            failed: load(&self.failed),
            passes: load(&self.passes),
            recovered: load(&self.recovered),
            quarantined: load(&self.quarantined),
            panics: load(&self.panics),
            rotated: load(&self.rotated),
            compressed: load(&self.keeper.compressed),
            removed: load(&self.keeper.removed),
            archive_failed: load(&self.keeper.failed),
            degraded: self.degraded.load(Ordering::Relaxed),
            backends: backends
                .iter()
                .map(|backend| BackendStats {
                    name: backend.name.clone(),
                    path: backend.path.clone(),
                    written: load(&backend.written),
                    bytes: load(&backend.bytes),
                    failed: load(&backend.failed),
                    lost: load(&backend.lost),
                    latency_ns: load(&backend.latency_ns),
                    failing: backend.failing.load(Ordering::Relaxed),
                })
                .collect(),
        }
    }
}
