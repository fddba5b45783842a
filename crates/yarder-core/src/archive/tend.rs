//! What is done for the archives of one file: compressed, finished where a predecessor stopped, removed when surplus.
//!
//! The folder is listed each time. So whatever was left undone, by a kill, a reboot or a full disk, is found again
//! without any note of it; the intents in the control page only spare a comparison.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use yarder_ring::lock::{self, OfdLock};
use yarder_ring::{sys, ArchiveIntent, ArchiveWork, Yard};

use super::codec::{pack_all, unpack, Packed};
use super::disk;
use super::keep::{surplus, Stock};
use super::name::{Archive, Family, Stamp};
use crate::fault::{self, Stage};
use crate::ledger::{Line, Pen};
use crate::plan::{ArchiveOptions, Codec};
use crate::trace;

/// Steps of a compression in the control page.
mod step {
    /// The compressed file is being made under its temporary name.
    pub(super) const MAKING: u32 = 1;
    /// It is whole, synced, and has its name; the plain one goes next.
    pub(super) const PUBLISHED: u32 = 2;
}

/// One file whose archives are looked after.
#[derive(Clone, Debug)]
pub struct Ward {
    /// Its ledger; without one a name alone says that an archive is ours.
    pub pen: Option<Arc<Pen>>,
    /// Its names.
    pub family: Family,
    /// Its live file.
    pub live: PathBuf,
    /// Hash of the path in the plan.
    pub path_hash: u64,
    /// What is to be done.
    pub options: ArchiveOptions,
}

/// What was done, and whether something must be tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tended {
    /// Archives that were compressed.
    pub compressed: u64,
    /// Archives that were removed by a rule.
    pub removed: u64,
    /// Something could not be done and said so.
    pub failed: u64,
    /// Something is left for later: an archive that somebody writes to, or what failed.
    pub again: bool,
}

/// One look after a file's archives.
pub(super) struct Tending<'a> {
    pub(super) yard: &'a Yard,
    pub(super) ward: &'a Ward,
    /// Asked between frames: `false` ends the work.
    pub(super) go_on: &'a dyn Fn() -> bool,
    /// Told what could not be done.
    pub(super) complain: &'a mut dyn FnMut(&str, &Path, &io::Error),
    pub(super) done: Tended,
}

impl Tending<'_> {
    pub(super) fn run(&mut self) {
        self.sweep();
        let archives = match self.ward.family.list() {
            Ok(archives) => archives,
            // The folder is gone: so are the archives. The writer makes it again.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.fail("list", self.ward.family.folder(), &error),
        };
        self.finish_removal();

        self.expire(&archives);
        for archive in archives.iter().filter(|archive| archive.plain.is_some()) {
            if !(self.go_on)() {
                self.done.again = true;
                return;
            }
            // Removed just before by a rule, or by hand.
            if !self.ward.family.path(archive.stamp, None).exists() {
                continue;
            }
            match (archive.packed, self.ward.options.compress) {
                (Some((codec, _)), _) => self.finish(archive.stamp, codec),
                (None, Some(codec)) => self.compress(archive.stamp, codec),
                (None, None) => {}
            }
        }
        // Compression made room; the rules look once more.
        if self.done.compressed > 0 {
            if let Ok(archives) = self.ward.family.list() {
                self.expire(&archives);
            }
        }
    }

    fn fail(&mut self, what: &str, path: &Path, error: &io::Error) {
        self.done.failed += 1;
        self.done.again = true;
        (self.complain)(what, path, error);
    }

    /// Removes what compressions left that died on the way.
    fn sweep(&self) {
        for path in self.ward.family.temporaries().unwrap_or_default() {
            // Whoever is still at it holds a lock.
            if let Ok(descriptor) = lock::open(&path, libc::O_WRONLY | libc::O_NONBLOCK, 0) {
                if matches!(OfdLock::try_exclusive(descriptor), Ok(Some(_))) {
                    let _ = disk::remove(&path);
                }
            }
        }
    }

    fn intent(&self, step: u32, stamp: Stamp, codec: Option<Codec>, plain: Option<&fs::Metadata>) -> ArchiveIntent {
        ArchiveIntent {
            step,
            codec: codec.map_or(0, Codec::number),
            path_hash: self.ward.path_hash,
            dev: plain.map_or(0, MetadataExt::dev),
            ino: plain.map_or(0, MetadataExt::ino),
            stamp_ms: stamp.ms,
            counter: u64::from(stamp.counter),
            bytes: plain.map_or(0, |meta| meta.len()),
        }
    }

    /// The plain name, as the ledger has it.
    fn name(&self, stamp: Stamp) -> String {
        self.ward.family.name(stamp, None).to_string_lossy().into_owned()
    }

    /// Compresses one archive; on any failure the plain one stays.
    fn compress(&mut self, stamp: Stamp, codec: Codec) {
        let plain = self.ward.family.path(stamp, None);
        match self.try_compress(&plain, stamp, codec) {
            Ok(true) => self.done.compressed += 1,
            Ok(false) => self.done.again = true,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.done.again = true,
            Err(error) => self.fail("compress", &plain, &error),
        }
        self.yard.control().clear_archive_intent(ArchiveWork::Compression);
    }

    /// `false`: not now.
    fn try_compress(&mut self, path: &Path, stamp: Stamp, codec: Codec) -> io::Result<bool> {
        let plain = open_plain(path)?;
        let meta = plain.metadata()?;
        // A program that still has it open for writing would write into a file that is gone.
        if matches!(sys::lease(plain.as_fd()), Ok(None)) {
            trace::event("archive", trace::DEBUG, || format!("{} is still written to", path.display()));
            return Ok(false);
        }
        let control = self.yard.control();
        let intent = self.intent(step::MAKING, stamp, Some(codec), Some(&meta));
        control.set_archive_intent(ArchiveWork::Compression, &intent);
        let temporary = self.ward.family.temporary(stamp, codec, sys::random_u64());
        let made = self.make(&plain, &meta, &temporary, codec);
        let packed = match made {
            Ok(packed) => packed,
            Err(error) => {
                let _ = disk::remove(&temporary);
                return Err(error);
            }
        };
        // Before it has its name: a successor that finds it there need not ask for its frames.
        if let Some(pen) = &self.ward.pen {
            let (name, frames) = (self.name(stamp), packed.frames.clone());
            pen.append(&Line::Packed { name, codec, plain: packed.plain, packed: packed.packed, frames });
        }
        fault::point(Stage::Synced);
        let target = self.ward.family.path(stamp, Some(codec));
        match disk::rename_new(&temporary, &target) {
            Ok(true) => {}
            // Somebody else made it: its content decides at the next look.
            Ok(false) => {
                disk::remove(&temporary)?;
                return Ok(false);
            }
            Err(error) => {
                let _ = disk::remove(&temporary);
                return Err(error);
            }
        }
        disk::sync_folder(self.ward.family.folder())?;
        control.set_archive_step(ArchiveWork::Compression, step::PUBLISHED);
        fault::point(Stage::Published);
        trace::event("archive", trace::INFO, || {
            format!("{} compressed: {} to {} bytes", target.display(), packed.plain, packed.packed)
        });
        self.drop_plain(&plain, path, packed.plain, &target)
    }

    /// Writes the compressed file under its temporary name, synced.
    fn make(&self, plain: &File, meta: &fs::Metadata, temporary: &Path, codec: Codec) -> io::Result<Packed> {
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL;
        let descriptor = lock::open(temporary, flags, 0o600).map_err(io::Error::other)?;
        let Some(lock) = OfdLock::try_exclusive(descriptor)? else {
            return Err(io::Error::from(io::ErrorKind::WouldBlock));
        };
        let packed = pack_all(codec, plain, Sink(&lock), |frames| {
            if frames > 0 {
                fault::point(Stage::Compress);
            }
            (self.go_on)()
        })?;
        fault::point(Stage::Compress);
        rustix::fs::fchmod(&lock, rustix::fs::Mode::from_raw_mode(meta.permissions().mode() & 0o7777))?;
        rustix::fs::fsync(&lock)?;
        Ok(packed)
    }

    /// Removes the plain archive, if it is still what was compressed and nobody can write to it any more. If it grew,
    /// the compressed one goes and is made again.
    fn drop_plain(&mut self, plain: &File, path: &Path, bytes: u64, packed: &Path) -> io::Result<bool> {
        let lease = sys::lease(plain.as_fd());
        let meta = plain.metadata()?;
        if matches!(lease, Ok(None)) || meta.len() != bytes {
            disk::remove(packed)?;
            return Ok(false);
        }
        if disk::identity(path) == Some((meta.dev(), meta.ino())) {
            disk::remove(path)?;
        }
        fault::point(Stage::Unlinked);
        Ok(true)
    }

    /// Both forms are there: a predecessor did not come to remove the plain one.
    fn finish(&mut self, stamp: Stamp, codec: Codec) {
        let (path, packed) = (self.ward.family.path(stamp, None), self.ward.family.path(stamp, Some(codec)));
        let result = self.try_finish(&path, &packed, stamp, codec);
        match result {
            Ok(true) => self.done.compressed += 1,
            Ok(false) => self.done.again = true,
            Err(error) => self.fail("finish", &path, &error),
        }
        self.yard.control().clear_archive_intent(ArchiveWork::Compression);
    }

    fn try_finish(&mut self, path: &Path, packed: &Path, stamp: Stamp, codec: Codec) -> io::Result<bool> {
        let plain = open_plain(path)?;
        let meta = plain.metadata()?;
        let said = self.yard.control().archive_intent(ArchiveWork::Compression);
        let known = said == Some(self.intent(step::PUBLISHED, stamp, Some(codec), Some(&meta)));
        if !known {
            match compare(&plain, packed, codec)? {
                Compared::Same => {}
                // Ours before somebody wrote more into the plain one: made again from the whole.
                Compared::Shorter => {
                    disk::remove(packed)?;
                    return Ok(false);
                }
                Compared::Other => {
                    return Err(io::Error::other("the compressed file beside it holds something else; both are kept"));
                }
            }
        }
        self.drop_plain(&plain, path, meta.len(), packed)
    }

    /// Applies the rules of retention.
    fn expire(&mut self, archives: &[Archive]) {
        if !self.ward.options.removes() {
            return;
        }
        let stock = Stock {
            now_ms: sys::realtime_ns() / 1_000_000,
            live: fs::metadata(&self.ward.live).map_or(0, |meta| meta.len()),
            free: disk::free(self.ward.family.folder()),
        };
        let pen = self.ward.pen.as_deref();
        // A name that looks like ours is not enough where there is a ledger.
        let ours = |archive: &&Archive| pen.is_none_or(|pen| pen.knows(&self.name(archive.stamp)));
        let archives: Vec<Archive> = archives.iter().filter(ours).cloned().collect();
        for (archive, why) in surplus(&archives, &self.ward.options, &stock) {
            let name = self.name(archive.stamp);
            if let Some(pen) = pen.filter(|pen| !pen.says_removed(&name)) {
                pen.append(&Line::Removed { name, why: why.name().into(), at: sys::realtime_ns() });
            }
            let intent = self.intent(1, archive.stamp, None, None);
            self.yard.control().set_archive_intent(ArchiveWork::Retention, &intent);
            fault::point(Stage::Expire);
            let removed = self.remove(archive.stamp);
            self.yard.control().clear_archive_intent(ArchiveWork::Retention);
            match removed {
                Ok(()) => {
                    self.done.removed += 1;
                    trace::event("archive", trace::INFO, || {
                        format!("{} removed ({})", self.ward.family.path(archive.stamp, None).display(), why.name())
                    });
                }
                Err(error) => {
                    let path = self.ward.family.path(archive.stamp, None);
                    return self.fail("remove", &path, &error);
                }
            }
        }
    }

    /// The compressed form last: while it is there, it counts.
    fn remove(&self, stamp: Stamp) -> io::Result<()> {
        disk::remove(&self.ward.family.path(stamp, None))?;
        for codec in Codec::ALL {
            disk::remove(&self.ward.family.path(stamp, Some(codec)))?;
        }
        fault::point(Stage::Expired);
        Ok(())
    }

    /// A predecessor said that it removes an archive and did not come to say that it is done.
    fn finish_removal(&mut self) {
        let said = self.yard.control().archive_intent(ArchiveWork::Retention);
        let Some(said) = said.filter(|said| said.path_hash == self.ward.path_hash) else { return };
        let stamp = Stamp { ms: said.stamp_ms, counter: said.counter as u16 };
        match self.remove(stamp) {
            Ok(()) => {
                self.done.removed += 1;
                self.yard.control().clear_archive_intent(ArchiveWork::Retention);
            }
            Err(error) => self.fail("remove", &self.ward.family.path(stamp, None), &error),
        }
    }
}

/// Writes by the descriptor that carries the lock.
struct Sink<'a>(&'a OfdLock);

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(self.0, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// For reading only, as a lease demands; never a link.
fn open_plain(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)
}

#[derive(Debug, PartialEq, Eq)]
enum Compared {
    Same,
    Shorter,
    Other,
}

/// Whether the compressed file holds the plain one.
fn compare(plain: &File, packed: &Path, codec: Codec) -> io::Result<Compared> {
    let mut packed = unpack(Some(codec), open_plain(packed)?)?;
    let (mut ours, mut theirs) = (vec![0; 1 << 16], Vec::new());
    loop {
        let count = match packed.read(&mut ours) {
            Ok(count) => count,
            // A torn file: nothing of ours is published before it is whole.
            Err(_) => return Ok(Compared::Other),
        };
        theirs.clear();
        plain.take(count.max(1) as u64).read_to_end(&mut theirs)?;
        if count == 0 {
            return Ok(if theirs.is_empty() { Compared::Same } else { Compared::Shorter });
        }
        if theirs != ours[..count] {
            return Ok(Compared::Other);
        }
    }
}
