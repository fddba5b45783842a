//! A yard: one folder with a control page, rings and plans of one app of one user.

mod folder;
mod plans;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::control::Control;
use crate::error::RingError;
use crate::lock::OfdLock;

/// One yard, opened.
#[derive(Debug)]
pub struct Yard {
    /// Empty for a yard without a folder.
    folder: PathBuf,
    /// Device and inode of the folder, to see whether it is still the one.
    identity: (u64, u64),
    control: Control,
    /// Plans of a yard without a folder.
    plans: Mutex<HashMap<String, String>>,
    /// Lock of a yard without a folder.
    writing: Arc<AtomicBool>,
}

/// The right to be the writer of a yard, held until dropped.
#[derive(Debug)]
pub struct WriterLock(Held);

#[derive(Debug)]
enum Held {
    File { _lock: OfdLock },
    Memory(Arc<AtomicBool>),
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        if let Held::Memory(writing) = &self.0 {
            writing.store(false, Ordering::Release);
        }
    }
}

impl Yard {
    /// The yard of `app`. An existing one is looked for in every candidate folder before one is made: `base`, or
    /// `/dev/shm/yarder-<uid>`, then `$XDG_RUNTIME_DIR/yarder`. Where no folder can be had, a yard in memory is made,
    /// which serves this process alone.
    pub fn open_or_create(base: Option<&Path>, app: &str) -> Result<Yard, RingError> {
        let part = folder::app_part(app);
        let candidates = folder::candidates(base);
        for candidate in candidates.iter().filter(|candidate| folder::check(candidate).is_ok()) {
            if let Some(yard) = Yard::open(&candidate.join(&part))? {
                return Ok(yard);
            }
        }
        let mut refused = None;
        for candidate in &candidates {
            match folder::make(candidate).and_then(|()| Yard::make(&candidate.join(&part))) {
                Ok(yard) => return Ok(yard),
                // A yard of another layout, or one that cannot be trusted, is never silently replaced elsewhere.
                Err(error @ (RingError::Version { .. } | RingError::Corrupt { .. })) => return Err(error),
                Err(error) => refused = Some(error),
            }
        }
        match (base, refused) {
            // Who names a folder wants that one.
            (Some(_), Some(error)) => Err(error),
            _ => Yard::anonymous(),
        }
    }

    /// The yard that stands in `folder`, if one does.
    pub fn open(folder: &Path) -> Result<Option<Yard>, RingError> {
        if fs::symlink_metadata(folder.join("control")).is_err() || folder::check(folder).is_err() {
            return Ok(None);
        }
        Yard::at(folder).map(Some)
    }

    fn make(folder: &Path) -> Result<Yard, RingError> {
        folder::make(folder)?;
        folder::make(&folder.join("plans"))?;
        Yard::at(folder)
    }

    fn at(folder: &Path) -> Result<Yard, RingError> {
        let identity = folder::check(folder)?;
        let control = Control::open_or_create(&folder.join("control"))?;
        Ok(Yard { folder: folder.to_path_buf(), identity, control, plans: Mutex::default(), writing: Arc::default() })
    }

    /// A yard in memory.
    pub fn anonymous() -> Result<Yard, RingError> {
        Ok(Yard {
            folder: PathBuf::new(),
            identity: (0, 0),
            control: Control::anonymous()?,
            plans: Mutex::default(),
            writing: Arc::default(),
        })
    }

    /// Whether it has no folder, and so serves this process alone.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.folder.as_os_str().is_empty()
    }

    /// Its folder; empty where it has none.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Its control page.
    #[must_use]
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Every ring file, in the yard and in its second folder, in the order of their names.
    pub fn rings(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        if self.is_anonymous() {
            return Ok(found);
        }
        list(&self.folder, &mut found)?;
        if let Some(second) = self.control.second() {
            // A second folder that is gone holds no rings.
            if folder::check(&second).is_ok() {
                list(&second, &mut found)?;
            }
        }
        found.sort();
        Ok(found)
    }

    /// Removes what makers who were killed on the way left behind: temporary names older than a minute. Gives how many.
    pub fn sweep(&self) -> usize {
        if self.is_anonymous() {
            return 0;
        }
        let plans = self.folder.join("plans");
        let second = self.control.second().filter(|second| folder::check(second).is_ok());
        let folders = [Some(self.folder.clone()), Some(plans), second];
        folders.iter().flatten().map(|folder| sweep(folder)).sum()
    }

    pub(crate) fn has_ring(&self, name: &str) -> bool {
        let taken = |folder: &Path| fs::symlink_metadata(folder.join(name)).is_ok();
        taken(&self.folder) || self.control.second().is_some_and(|second| taken(&second))
    }

    /// The folder for rings that do not fit here, named in the control page by the first who needs it.
    pub(crate) fn second_folder(&self) -> Result<PathBuf, RingError> {
        if let Some(second) = self.control.second() {
            folder::check(&second)?;
            return Ok(second);
        }
        let mut last = RingError::NoSpace { bytes: 0, path: self.folder.clone() };
        for candidate in folder::seconds(&self.folder) {
            match folder::make_all(&candidate) {
                Ok(()) => return self.control.name_second(&candidate),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The lock that makes its holder the writer; `None` where somebody else has it. Never waits.
    pub fn try_lock_writer(&self) -> Result<Option<WriterLock>, RingError> {
        if self.is_anonymous() {
            let free = self.writing.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok();
            return Ok(free.then(|| WriterLock(Held::Memory(Arc::clone(&self.writing)))));
        }
        let lock = OfdLock::try_path(&self.folder.join("writer.lock"))?;
        Ok(lock.map(|lock| WriterLock(Held::File { _lock: lock })))
    }

    /// Whether folder and control page are still where they were opened. Once this is false nobody else finds this
    /// yard any more.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        if self.is_anonymous() {
            return true;
        }
        let same = fs::symlink_metadata(&self.folder).is_ok_and(|meta| (meta.dev(), meta.ino()) == self.identity);
        same && self.control.is_linked()
    }
}

fn sweep(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let old = |entry: &fs::DirEntry| {
        let made = entry.metadata().and_then(|meta| meta.modified());
        // A time in the future is a clock that was set; such a file is left for later.
        made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age.as_secs() > 60))
    };
    entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with('.') && name.ends_with(".tmp") && old(entry)
        })
        .filter(|entry| fs::remove_file(entry.path()).is_ok())
        .count()
}

fn list(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let text = name.to_string_lossy();
        // Temporary names begin with a dot.
        if !text.starts_with('.') && text.ends_with(".ring") {
            found.push(folder.join(&name));
        }
    }
    Ok(())
}
