//! Folders that nobody else can reach into.

use std::env;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::RingError;
use crate::sys;

/// One path part for an app's name. A name that had to be changed gets a hash, so that two never meet.
pub(super) fn app_part(app: &str) -> String {
    const ROOM: usize = 64;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let good = !app.is_empty() && app.len() <= ROOM && !app.starts_with('.') && app.chars().all(plain);
    if good {
        return app.to_owned();
    }
    let kept: String = app.chars().take(ROOM - 20).map(|c| if plain(c) { c } else { '_' }).collect();
    let kept = kept.trim_start_matches('.');
    let kept = if kept.is_empty() { "app" } else { kept };
    format!("{kept}-{:016x}", xxhash_rust::xxh3::xxh3_64(app.as_bytes()))
}

/// Folders that may hold yards, best first.
pub(super) fn candidates(base: Option<&Path>) -> Vec<PathBuf> {
    if let Some(base) = base {
        return vec![base.to_path_buf()];
    }
    let mut found = vec![PathBuf::from(format!("/dev/shm/yarder-{}", sys::uid()))];
    found.extend(runtime_folder().map(|folder| folder.join("yarder")));
    found
}

fn runtime_folder() -> Option<PathBuf> {
    env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Folders for rings that do not fit into the yard at `folder`, best first. Never on the yard's own file system root:
/// that is the one that is full.
pub(super) fn seconds(folder: &Path) -> Vec<PathBuf> {
    let part = folder.file_name().map_or_else(|| "app".into(), |name| name.to_string_lossy().into_owned());
    // The yard's whole path in the name: two yards of one app (two `yard=`) must not share it.
    let place = format!("{part}-{:016x}", xxhash_rust::xxh3::xxh3_64(folder.as_os_str().as_encoded_bytes()));
    let own = format!("yarder-{}", sys::uid());
    let mut found: Vec<PathBuf> = Vec::new();
    found.extend(runtime_folder().map(|base| base.join("yarder").join(&place)));
    for base in [env::temp_dir(), PathBuf::from("/var/tmp")] {
        found.push(base.join(&own).join(&place));
    }
    found.retain(|path| !path.starts_with(folder));
    found
}

/// Makes one folder for this user alone, or checks the one that is there.
pub(super) fn make(path: &Path) -> Result<(), RingError> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            fs::DirBuilder::new()
                .mode(0o700)
                .recursive(true)
                .create(path)
                .map_err(|error| RingError::io("make", path, error))?;
        }
        Err(error) => return Err(RingError::io("make", path, error)),
    }
    check(path).map(|_| ())
}

/// Makes a folder and the one above it, both for this user alone.
pub(super) fn make_all(path: &Path) -> Result<(), RingError> {
    if let Some(above) = path.parent() {
        make(above)?;
    }
    make(path)
}

/// Device and inode of a folder that is really one, is ours, and is closed to others.
pub(super) fn check(path: &Path) -> Result<(u64, u64), RingError> {
    let refuse = |what| Err(RingError::Unsafe { what, path: path.to_path_buf() });
    let meta = fs::symlink_metadata(path).map_err(|error| RingError::io("look at", path, error))?;
    if !meta.is_dir() {
        return refuse("not a folder");
    }
    if meta.uid() != sys::uid() {
        return refuse("owned by another user");
    }
    if meta.permissions().mode() & 0o022 != 0 {
        return refuse("others may write into it");
    }
    Ok((meta.dev(), meta.ino()))
}
