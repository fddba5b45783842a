//! Opening a live file: folders, mode, lock, and the name beside it when another yard holds it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use yarder_ring::lock::{self, OfdLock};
use yarder_ring::RingError;

use super::{SegmentError, SegmentOptions};
use crate::plan::OnConflict;

/// How many names are tried beside a held file before the destination counts as failing.
const NAMES: u32 = 100;

/// How often a held file is tried again, and how long between: a process that was just forked holds a
/// copy of its parent's lock until its handler ran, and that is no reason to step aside.
const PATIENCE: u32 = 8;
const PAUSE: Duration = Duration::from_millis(25);

/// How often the name may change under an opening before it counts as failing.
const RACES: u32 = 8;

pub(super) struct Opened {
    pub(super) path: PathBuf,
    /// Where the file itself stands: behind a link, if the path is one.
    pub(super) real: PathBuf,
    pub(super) file: File,
    pub(super) lock: Option<OfdLock>,
    pub(super) regular: bool,
    pub(super) identity: (u64, u64),
}

pub(super) fn open(options: &SegmentOptions, host: &str) -> Result<Opened, SegmentError> {
    for attempt in 0..=PATIENCE {
        if let Some(opened) = try_open(options, &options.path)? {
            return Ok(opened);
        }
        if attempt < PATIENCE {
            std::thread::park_timeout(PAUSE);
        }
    }
    if options.on_conflict == OnConflict::Suffix {
        for number in 1..=NAMES {
            if let Some(opened) = try_open(options, &beside(&options.path, host, number))? {
                return Ok(opened);
            }
        }
    }
    Err(SegmentError::Held { path: options.path.clone() })
}

/// `None`: another yard holds it.
fn try_open(options: &SegmentOptions, path: &Path) -> Result<Option<Opened>, SegmentError> {
    for _ in 0..RACES {
        let file = open_file(options, path)?;
        let meta = file.metadata().map_err(|error| SegmentError::io("stat", path, error))?;
        let identity = (meta.dev(), meta.ino());
        if !meta.is_file() {
            let file = open_device(path)?;
            let (path, real) = (path.to_path_buf(), path.to_path_buf());
            return Ok(Some(Opened { path, real, file, lock: None, regular: false, identity }));
        }
        let Some((lock, real)) = lock(path, identity)? else {
            // Held, or replaced between open and lock; the latter is tried again.
            if same(path, identity) {
                return Ok(None);
            }
            continue;
        };
        // Until the lock was ours somebody may have renamed the file away.
        if same(path, identity) {
            let path = path.to_path_buf();
            return Ok(Some(Opened { path, real, file, lock: Some(lock), regular: true, identity }));
        }
    }
    Err(SegmentError::io("keep", path, io::Error::other("the file is replaced again and again")))
}

/// The descriptor that carries the lock is the one that is written to: the lock module closes it in every
/// forked child, so that after a rotation no worker keeps the archive open for writing. `None`: held, or
/// no longer the same file.
fn lock(path: &Path, identity: (u64, u64)) -> Result<Option<(OfdLock, PathBuf)>, SegmentError> {
    let fail = |error| SegmentError::io("lock", path, error);
    // The lock module follows no link; a log path may be one.
    let real = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(error)),
    };
    let descriptor = match lock::open(&real, libc::O_WRONLY | libc::O_APPEND | libc::O_NONBLOCK, 0) {
        Ok(descriptor) => descriptor,
        Err(RingError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(io::Error::other(error))),
    };
    // A lock on another file than the one written to would protect nothing.
    let meta = fs::metadata(format!("/proc/self/fd/{}", descriptor.fd())).map_err(fail)?;
    if (meta.dev(), meta.ino()) != identity {
        return Ok(None);
    }
    Ok(OfdLock::try_exclusive(descriptor).map_err(fail)?.map(|lock| (lock, real)))
}

fn same(path: &Path, identity: (u64, u64)) -> bool {
    fs::metadata(path).is_ok_and(|meta| (meta.dev(), meta.ino()) == identity)
}

/// A pipe or a device, for reading too: a FIFO without a reader then opens, and takes what it has room for.
fn open_device(path: &Path) -> Result<File, SegmentError> {
    let mut open = OpenOptions::new();
    let open = open.read(true).append(true).custom_flags(libc::O_NONBLOCK).open(path);
    open.map_err(|error| SegmentError::io("open", path, error))
}

/// Opens the file for reading, and makes it if need be. It is written to by the lock's descriptor.
fn open_file(options: &SegmentOptions, path: &Path) -> Result<File, SegmentError> {
    for _ in 0..RACES {
        // O_NONBLOCK: a FIFO must not hang the writer. Files ignore it.
        match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => return result.map_err(|error| SegmentError::io("open", path, error)),
        }
        if let Some(parent) = path.parent() {
            let made = DirBuilder::new().recursive(true).mode(0o755).create(parent);
            made.map_err(|error| SegmentError::io("make the folder", parent, error))?;
        }
        match make(path, options.mode) {
            Ok(file) => return Ok(file),
            // A link to a file that is not there, after a rotation for example: the file is made behind it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if let (Ok(target), false) = (fs::read_link(path), path.exists()) {
                    let target = path.parent().unwrap_or(Path::new("/")).join(target);
                    let _ = make(&target, options.mode);
                }
            }
            // Somebody took the folder away again.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(SegmentError::io("make", path, error)),
        }
    }
    Err(SegmentError::io("open", path, io::Error::from(io::ErrorKind::NotFound)))
}

/// Makes a file that is not there yet, with exactly this mode: the umask has no say in an option of the user.
pub(super) fn make(path: &Path, mode: u32) -> io::Result<File> {
    let mut open = OpenOptions::new();
    let file = open.read(true).append(true).create_new(true).mode(mode).custom_flags(libc::O_NONBLOCK).open(path)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    // Only the lock's descriptor may write: this one would be inherited by forked children.
    drop(file);
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

/// `<stem>.<host>-<n>.log`.
fn beside(path: &Path, host: &str, number: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map_or_else(|| "log".into(), |ending| ending.to_string_lossy());
    let host: String =
        host.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '_' }).collect();
    path.with_file_name(format!("{stem}.{host}-{number}.{ending}"))
}
