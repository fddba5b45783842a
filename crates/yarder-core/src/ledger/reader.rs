//! A ledger as its readers see it: files in the order they were live, each with its blocks.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::line::{BlockLine, Line, LEDGER_VERSION};
use super::{path_of, LedgerError, OTHER_FACILITY};
use crate::archive::{unpack, Frame};
use crate::plan::Codec;

/// How often a file may move while it is opened.
const RACES: u32 = 16;

/// Where a file of the ledger is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It is the live file.
    Live,
    /// It is there under this path, plain or compressed.
    Archived {
        /// Its path.
        path: PathBuf,
        /// How it is compressed.
        codec: Option<Codec>,
    },
    /// A rule removed it.
    Removed {
        /// The rule: `count`, `age`, `bytes`, `free`.
        why: String,
    },
    /// It should be there and is not.
    Missing {
        /// The path it had last.
        path: PathBuf,
    },
}

/// One file of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// Its number; 0: not a file of this ledger's time, adopted by name.
    pub id: u32,
    /// Device and inode it had when it was live.
    pub identity: (u64, u64),
    /// Where it is.
    pub state: FileState,
    /// When its first line was written, nanoseconds since 1970.
    pub birth_ns: u64,
    /// Bytes at its start that were there before the ledger and are in no block.
    pub from: u64,
    /// Where its frames begin, plain and compressed, if it is compressed and they are known.
    pub frames: Vec<Frame>,
}

impl FileEntry {
    /// The path to read, and how; `None` where there is nothing to read.
    #[must_use]
    pub fn readable<'a>(&'a self, live: &'a Path) -> Option<(&'a Path, Option<Codec>)> {
        match &self.state {
            FileState::Live => Some((live, None)),
            FileState::Archived { path, codec } => Some((path, *codec)),
            FileState::Removed { .. } | FileState::Missing { .. } => None,
        }
    }
}

/// One block, with the names its numbers stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Index of its file in [`Ledger::files`].
    pub file: usize,
    /// As it stands in the ledger. `at` is a hint: another program's bytes may have moved what follows them.
    pub line: BlockLine,
    /// Names of its facilities; `None`: any.
    pub facilities: Option<Vec<Arc<str>>>,
    /// The file was cut by somebody else since: its bytes may be gone.
    pub cut: bool,
    /// All its records are older than a later `clear`: they may be gone.
    pub cleared: bool,
}

impl Block {
    /// Whether a record of `from..=to` (nanoseconds since 1970) may be in it.
    #[must_use]
    pub fn overlaps(&self, from: u64, to: u64) -> bool {
        self.line.lines > 0 && self.line.from <= to && self.line.to >= from
    }

    /// Whether a record of this level or a more severe one may be in it.
    #[must_use]
    pub fn has_level(&self, level: u8) -> bool {
        self.line.levels & ((2_u32 << u32::from(level.min(15))) - 1) as u16 != 0
    }
}

/// A ledger that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    live: PathBuf,
    files: Vec<FileEntry>,
    blocks: Vec<Block>,
    broken: u64,
}

impl Ledger {
    /// Reads the ledger of the live file at `live`. Broken lines are skipped and counted; of equal blocks one counts.
    ///
    /// # Errors
    /// [`LedgerError`]: it is not there, cannot be read, or is of a later release.
    pub fn open(live: &Path) -> Result<Ledger, LedgerError> {
        let real = fs::canonicalize(live).unwrap_or_else(|_| live.to_path_buf());
        let path = path_of(&real);
        let text = fs::read(&path).map_err(|source| LedgerError::Io { path: path.clone(), source })?;
        let mut loading = Loading { ledger: Ledger { live: real, ..Ledger::default() }, ..Loading::default() };
        // What has no newline yet is being written.
        let ended = memchr::memrchr(b'\n', &text).map_or(0, |at| at + 1);
        for line in text[..ended].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match Line::unseal(line) {
                Some(Line::Ledger { version, .. }) if version > LEDGER_VERSION => {
                    return Err(LedgerError::Version { path, version });
                }
                Some(line) => loading.line(line),
                None => loading.ledger.broken += 1,
            }
        }
        Ok(loading.finish())
    }

    /// The live file, links followed.
    #[must_use]
    pub fn live(&self) -> &Path {
        &self.live
    }

    /// The files, in the order they were live.
    #[must_use]
    pub fn files(&self) -> &[FileEntry] {
        &self.files
    }

    /// The blocks, in the order they were written.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The blocks of one file that hold bytes, in the order they were written.
    pub fn blocks_of(&self, file: usize) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(move |block| block.file == file && block.line.bytes > 0)
    }

    /// Opens a file of the ledger and gives its path and its plain text; `None`: a rule removed it meanwhile. A writer
    /// may rotate, compress and remove while we look: where the file is not what the ledger said, the ledger is asked
    /// again.
    ///
    /// # Errors
    /// The file is not there or cannot be read, although the ledger still says so.
    pub fn open_file(&self, file: usize) -> io::Result<Option<(PathBuf, Box<dyn Read + Send>)>> {
        let Some(mut entry) = self.files.get(file).cloned() else { return Ok(None) };
        for attempt in 0..RACES {
            if let FileState::Removed { .. } = entry.state {
                return Ok(None);
            }
            let opened = match &entry.state {
                FileState::Missing { .. } => Err(io::Error::from(io::ErrorKind::NotFound)),
                _ => entry.readable(&self.live).map_or_else(
                    || Err(io::Error::from(io::ErrorKind::NotFound)),
                    |(path, codec)| Ok((path.to_path_buf(), codec, File::open(path)?)),
                ),
            };
            let meta = opened.as_ref().ok().and_then(|(_, _, file)| file.metadata().ok());
            let rotated = entry.state == FileState::Live
                && meta.is_none_or(|meta| (meta.dev(), meta.ino()) != entry.identity)
                && entry.id != 0;
            if opened.is_ok() && !rotated {
                let (path, codec, file) = opened?;
                return Ok(Some((path, unpack(codec, file)?)));
            }
            let again = Ledger::open(&self.live).map_err(io::Error::other)?;
            let now = again.files.into_iter().find(|now| now.id == entry.id && entry.id != 0);
            let now = now.unwrap_or_else(|| entry.clone());
            if now.state == entry.state && attempt > 0 {
                // Nobody moved it: somebody put another file in its place, or took it.
                let (path, codec, file) = opened?;
                return Ok(Some((path, unpack(codec, file)?)));
            }
            entry = now;
        }
        Err(io::Error::from(io::ErrorKind::NotFound))
    }

    /// Lines that could not be read: changed by hand, or made by a later release.
    #[must_use]
    pub fn broken(&self) -> u64 {
        self.broken
    }
}

#[derive(Default)]
struct Loading {
    ledger: Ledger,
    places: HashMap<u32, usize>,
    names: HashMap<usize, String>,
    removed: BTreeMap<String, String>,
    packed: BTreeMap<String, (Codec, Vec<Frame>)>,
    facilities: BTreeMap<u8, Arc<str>>,
    seen: HashSet<(u32, u64, u64, u64, u64)>,
}

impl Loading {
    fn line(&mut self, line: Line) {
        match line {
            Line::Ledger { .. } => {}
            Line::File { id, dev, ino, birth, from, .. } => {
                let place = self.place(id);
                let file = &mut self.ledger.files[place];
                (file.identity, file.birth_ns, file.from) = ((dev, ino), birth, from);
            }
            Line::Facility { n, name } => {
                self.facilities.insert(n, name.into());
            }
            Line::Block(block) if block.is_sane() => self.block(block),
            Line::Block(_) => self.ledger.broken += 1,
            Line::Cut { file, .. } => {
                let place = self.place(file);
                let before = self.ledger.blocks.iter_mut().filter(|block| block.file == place);
                before.for_each(|block| block.cut = true);
            }
            // A name leads nowhere but to this folder.
            Line::Rotated { name, .. } if name.contains('/') || name.starts_with('.') => self.ledger.broken += 1,
            Line::Rotated { file, name, .. } => {
                let place = if file == 0 { self.add(0) } else { self.place(file) };
                self.names.insert(place, name);
            }
            Line::Packed { name, codec, frames, .. } => {
                self.packed.insert(name, (codec, frames));
            }
            Line::Removed { name, why, .. } => {
                self.removed.insert(name, why);
            }
            Line::Cleared { before, .. } => {
                let old = self.ledger.blocks.iter_mut().filter(|block| block.line.from < before);
                old.for_each(|block| block.cleared = true);
            }
        }
    }

    fn add(&mut self, id: u32) -> usize {
        let state = FileState::Live;
        self.ledger.files.push(FileEntry { id, identity: (0, 0), state, birth_ns: 0, from: 0, frames: Vec::new() });
        self.ledger.files.len() - 1
    }

    /// The place of a file; its own line may be broken.
    fn place(&mut self, id: u32) -> usize {
        if let Some(place) = self.places.get(&id) {
            return *place;
        }
        let place = self.add(id);
        self.places.insert(id, place);
        place
    }

    fn block(&mut self, line: BlockLine) {
        // A successor may have said again what its predecessor said.
        let last = line.producers.first().map_or(0, |span| span.last);
        if !self.seen.insert((line.file, line.at, line.bytes, line.sum, last)) {
            return;
        }
        // A block without bytes only accounts for records that went elsewhere.
        let last_file = self.ledger.files.len().saturating_sub(1);
        let file = if line.bytes == 0 { last_file } else { self.place(line.file) };
        let any = line.facilities >> OTHER_FACILITY & 1 == 1;
        let names = || {
            let numbers = (0..OTHER_FACILITY).filter(|number| line.facilities >> number & 1 == 1);
            numbers.map(|number| self.facilities.get(&number).cloned()).collect::<Option<Vec<_>>>()
        };
        let facilities = if any { None } else { names() };
        self.ledger.blocks.push(Block { file, line, facilities, cut: false, cleared: false });
    }

    /// Looks where each file is now.
    fn finish(mut self) -> Ledger {
        let folder = self.ledger.live.parent().unwrap_or(Path::new("/")).to_path_buf();
        for (place, file) in self.ledger.files.iter_mut().enumerate() {
            let Some(name) = self.names.get(&place) else { continue };
            let packed = Codec::ALL.into_iter().map(|codec| {
                let path = folder.join(format!("{name}.{}", codec.ending()));
                (path, Some(codec))
            });
            // While both forms are there the compressed one counts.
            let mut forms = packed.chain([(folder.join(name), None)]);
            file.state = match (forms.find(|(path, _)| path.is_file()), self.removed.get(name)) {
                (Some((path, codec)), _) => FileState::Archived { path, codec },
                (None, Some(why)) => FileState::Removed { why: why.clone() },
                (None, None) => FileState::Missing { path: folder.join(name) },
            };
            if let (FileState::Archived { codec: Some(codec), .. }, Some((said, frames))) =
                (&file.state, self.packed.get(name))
            {
                if codec == said {
                    file.frames.clone_from(frames);
                }
            }
        }
        // Of several files without another name only the last can be the live one.
        let unnamed: Vec<usize> =
            (0..self.ledger.files.len()).filter(|place| !self.names.contains_key(place)).collect();
        for place in unnamed.iter().rev().skip(1) {
            self.ledger.files[*place].state = FileState::Missing { path: self.ledger.live.clone() };
        }
        self.ledger
    }
}
