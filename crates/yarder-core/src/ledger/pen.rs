//! Whoever writes a ledger: the writer's thread, and the one that looks after archives.
//!
//! The live file's lock is the right to write here, so there is one process at a time. A ledger that cannot be written
//! holds up nobody: its lines wait in memory, and beyond a megabyte they are given up.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use memchr::memchr_iter;

use super::line::{json_of, BlockLine, Line, LEDGER_VERSION};
use super::OTHER_FACILITY;

/// Lines that wait for a disk.
const WAITING: usize = 1 << 20;
/// A successor writes a line again that its predecessor wrote last; it is among so many bytes.
const RECENT: usize = 64 << 10;

/// A live file as the ledger knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) id: u32,
    pub(crate) identity: (u64, u64),
    pub(crate) born: u64,
    pub(crate) birth: u64,
}

/// An open ledger.
#[derive(Debug)]
pub struct Pen {
    path: PathBuf,
    inner: Mutex<Option<Inner>>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    end: u64,
    waiting: Vec<u8>,
    /// The end of what was there at opening.
    recent: Vec<u8>,
    facilities: BTreeMap<String, u8>,
    section: Option<Section>,
    /// The section's file got another name already.
    renamed: bool,
    last_id: u32,
    names: BTreeSet<String>,
    removed: BTreeSet<String>,
}

impl Pen {
    /// Opens the ledger at `path`, or makes it. A torn last line goes; other broken ones stay and are skipped.
    ///
    /// # Errors
    /// What the system answered; a newer version is of kind `Unsupported`.
    pub fn open(path: &Path, live: &Path, mode: u32, now_ns: u64) -> io::Result<Pen> {
        let mut open = OpenOptions::new();
        let open = open.read(true).write(true).create(true).truncate(false).mode(mode);
        let file = open.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
        let mut inner = Inner {
            file,
            end: 0,
            waiting: Vec::new(),
            recent: Vec::new(),
            facilities: BTreeMap::new(),
            section: None,
            renamed: false,
            last_id: 0,
            names: BTreeSet::new(),
            removed: BTreeSet::new(),
        };
        if !inner.load()? {
            // Not one line of it is a ledger's: it is set aside and kept, and a new one begins.
            let mut aside = path.as_os_str().to_owned();
            aside.push(".corrupt");
            fs::rename(path, aside)?;
            return Pen::open(path, live, mode, now_ns);
        }
        if inner.end == 0 {
            let live = live.file_name().unwrap_or_default().to_string_lossy().into_owned();
            inner.append(&Line::Ledger { version: LEDGER_VERSION, live, made: now_ns });
        }
        Ok(Pen { path: path.to_path_buf(), inner: Mutex::new(Some(inner)) })
    }

    /// Where it stands.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn inner(&self) -> MutexGuard<'_, Option<Inner>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a line, unless it is among the last ones already: a successor says again what its predecessor said.
    pub fn append(&self, line: &Line) {
        if let Some(inner) = &mut *self.inner() {
            inner.append(line);
        }
    }

    /// Ends writing: this process is no longer the one.
    pub fn close(&self) {
        *self.inner() = None;
    }

    /// Makes its lines last.
    ///
    /// # Errors
    /// What the device answered.
    pub fn sync(&self) -> io::Result<()> {
        self.inner().as_ref().map_or(Ok(()), |inner| inner.file.sync_data())
    }

    /// Whether lines wait because the disk takes none.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.inner().as_ref().is_some_and(|inner| !inner.waiting.is_empty())
    }

    /// The number of a facility; a new one gets a line.
    pub(crate) fn facility(&self, name: &str) -> u8 {
        let mut guard = self.inner();
        let Some(inner) = &mut *guard else { return OTHER_FACILITY };
        if let Some(number) = inner.facilities.get(name) {
            return *number;
        }
        let number = inner.facilities.len() as u8;
        if number >= OTHER_FACILITY {
            return OTHER_FACILITY;
        }
        inner.append(&Line::Facility { n: number, name: name.to_owned() });
        inner.facilities.insert(name.to_owned(), number);
        number
    }

    /// The file that was live last.
    pub(crate) fn section(&self) -> Option<Section> {
        self.inner().as_ref().and_then(|inner| inner.section)
    }

    /// Whether the last section's file is said to have another name.
    pub(crate) fn is_renamed(&self) -> bool {
        self.inner().as_ref().is_some_and(|inner| inner.renamed)
    }

    /// Begins a new file.
    pub(crate) fn begin(&self, identity: (u64, u64), born: u64, birth: u64, from: u64) -> u32 {
        let mut guard = self.inner();
        let Some(inner) = &mut *guard else { return 0 };
        let id = inner.last_id + 1;
        inner.append(&Line::File { id, dev: identity.0, ino: identity.1, born, birth, from });
        id
    }

    /// Whether a block that begins there and holds as much is among the last lines.
    pub(crate) fn has_block(&self, block: &BlockLine) -> bool {
        self.recent_blocks().iter().any(|known| {
            (known.file, known.at, known.bytes, known.lines) == (block.file, block.at, block.bytes, block.lines)
                && known.producers == block.producers
        })
    }

    /// Where the last block of a file ended.
    pub(crate) fn last_end(&self, file: u32) -> Option<u64> {
        let blocks = self.recent_blocks();
        blocks.iter().rev().find(|block| block.file == file && block.bytes > 0).map(|block| block.at + block.bytes)
    }

    fn recent_blocks(&self) -> Vec<BlockLine> {
        let guard = self.inner();
        let Some(inner) = &*guard else { return Vec::new() };
        let lines = inner.recent.split(|byte| *byte == b'\n').filter_map(Line::unseal);
        lines.filter_map(|line| if let Line::Block(block) = line { Some(block) } else { None }).collect()
    }

    /// Whether an archive is said to be removed; it may not have been possible yet.
    pub(crate) fn says_removed(&self, name: &str) -> bool {
        self.inner().as_ref().is_some_and(|inner| inner.removed.contains(name))
    }

    /// Whether the ledger names an archive. A ledger that was just made names none and knows of none.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.inner().as_ref().is_some_and(|inner| inner.names.contains(name))
    }
}

impl Inner {
    /// `false`: there is text, and no line of it is right.
    fn load(&mut self) -> io::Result<bool> {
        let length = self.file.metadata()?.len();
        let mut text = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut text, 0)?;
        let end = memchr::memrchr(b'\n', &text).map_or(0, |at| at + 1);
        if end < text.len() {
            // Torn by a death or a full disk; it is ours alone.
            self.file.set_len(end as u64)?;
            text.truncate(end);
        }
        let mut start = 0;
        let mut right = text.is_empty();
        for at in memchr_iter(b'\n', &text) {
            let line = &text[start..at];
            start = at + 1;
            // Blocks are most of it, and none of them is needed here.
            if line.starts_with(br#"{"k":"block""#) {
                continue;
            }
            if let Some(line) = json_of(line).and_then(|json| serde_json::from_slice(json).ok()) {
                if let Line::Ledger { version, .. } = line {
                    if version > LEDGER_VERSION {
                        return Err(io::Error::from(io::ErrorKind::Unsupported));
                    }
                }
                self.note(&line);
                right = true;
            }
        }
        self.end = end as u64;
        self.recent = text.split_off(text.len().saturating_sub(RECENT));
        Ok(right)
    }

    /// Remembers what later lines depend on.
    fn note(&mut self, line: &Line) {
        match line {
            Line::File { id, dev, ino, born, birth, .. } => {
                self.last_id = self.last_id.max(*id);
                self.section = Some(Section { id: *id, identity: (*dev, *ino), born: *born, birth: *birth });
                self.renamed = false;
            }
            Line::Facility { n, name } => {
                self.facilities.insert(name.clone(), *n);
            }
            Line::Rotated { file, name, .. } => {
                self.renamed |= self.section.is_some_and(|section| section.id == *file);
                self.names.insert(name.clone());
            }
            Line::Removed { name, .. } => {
                self.removed.insert(name.clone());
            }
            Line::Ledger { .. } | Line::Block(_) | Line::Cut { .. } | Line::Packed { .. } | Line::Cleared { .. } => {}
        }
    }

    fn append(&mut self, line: &Line) {
        let mut bytes = Vec::new();
        line.seal(&mut bytes);
        self.note(line);
        if memchr::memmem::find(&self.recent, &bytes).is_some() {
            return;
        }
        if self.waiting.len() + bytes.len() <= WAITING {
            self.waiting.extend_from_slice(&bytes);
        }
        if self.file.write_all_at(&self.waiting, self.end).is_ok() {
            self.end += self.waiting.len() as u64;
            self.waiting.clear();
        }
    }
}
