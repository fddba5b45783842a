//! The live file becomes an archive, between two batches: said in the control page, renamed, opened anew.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use yarder_ring::{sys, ArchiveIntent, ArchiveWork, Control};

use super::book::Book;
use super::engine::Engine;
use super::output::Output;
use super::stats::{add, counter};
use crate::archive::{disk, due_at, Family, Stamp, Ward};
use crate::fault::{self, Stage};
use crate::format::Tz;
use crate::ledger::Pen;
use crate::plan::{ArchiveOptions, Fsync, OnConflict};
use crate::segment::{advice, Segment, SegmentOptions};
use crate::trace;

/// Pause after a rotation that failed; the file goes on growing meanwhile.
const RETRY: Duration = Duration::from_secs(10);
/// How often archives are looked after without a rotation: rules of age and free space, and what was left undone.
const TEND: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_secs(5);

/// When and as what an output rotates.
#[derive(Debug)]
pub(super) struct Rotator {
    pub(super) options: ArchiveOptions,
    pub(super) tz: Tz,
    family: Option<Family>,
    /// The newest archive's stamp.
    last: Option<Stamp>,
    /// When the file's first line was written; 0 while it has none.
    birth_ns: u64,
    /// When a rule of time is due; `None`: by none.
    due_ns: Option<u64>,
    /// Somebody asked, or a predecessor had begun.
    pub(super) wanted: bool,
    retry: Option<Instant>,
    /// When the archives were last looked after; `None`: at the next occasion.
    tended: Option<Instant>,
}

impl Rotator {
    pub(super) fn new(options: ArchiveOptions, tz: Tz) -> Rotator {
        Rotator {
            options,
            tz,
            family: None,
            last: None,
            birth_ns: 0,
            due_ns: None,
            wanted: false,
            retry: None,
            tended: None,
        }
    }

    /// Takes note of a file that was just opened.
    pub(super) fn attach(&mut self, segment: &Segment) {
        if !segment.is_regular() {
            self.family = None;
            return;
        }
        let family = Family::of(segment.real_path());
        if self.family.as_ref() != Some(&family) {
            let newest = family.list().ok().and_then(|archives| archives.last().map(|archive| archive.stamp));
            self.last = newest;
            self.tended = None;
            self.family = Some(family);
        }
        self.birth_ns = 0;
        if segment.end() > 0 {
            self.set_birth(born(segment).unwrap_or_else(sys::realtime_ns));
        }
        if let Some(bytes) = self.options.preallocate {
            segment.reserve(bytes);
        }
    }

    pub(super) fn set_birth(&mut self, birth_ns: u64) {
        self.birth_ns = birth_ns.max(1);
        self.due_ns = due_at(&self.options.rotate, self.tz.zone(), self.birth_ns);
    }

    /// New options of a later plan.
    pub(super) fn set_options(&mut self, options: &ArchiveOptions, tz: &Tz) {
        self.options = options.clone();
        self.tz = tz.clone();
        self.tended = None;
        if self.birth_ns > 0 {
            self.set_birth(self.birth_ns);
        }
    }

    /// Whether the file must be rotated before `incoming` more bytes are written.
    fn is_due(&self, end: u64, incoming: u64, now: Instant, now_ns: &mut Option<u64>) -> bool {
        if end == 0 || self.family.is_none() || self.retry.is_some_and(|retry| now < retry) {
            return false;
        }
        let rotate = &self.options.rotate;
        if self.wanted || rotate.size.is_some_and(|size| end + incoming > size) {
            return true;
        }
        self.due_ns.is_some_and(|due| *now_ns.get_or_insert_with(sys::realtime_ns) >= due)
    }

    /// Whether archives are ever touched again.
    fn has_rules(&self) -> bool {
        self.options.compress.is_some() || self.options.removes()
    }

    fn ward(&self, live: &Path, path_hash: u64, pen: Option<&Arc<Pen>>) -> Option<Ward> {
        let family = self.family.clone()?;
        Some(Ward { family, live: live.to_path_buf(), path_hash, options: self.options.clone(), pen: pen.cloned() })
    }
}

/// When the file was made; of a file that was copied, its last change may be older.
pub(super) fn born(segment: &Segment) -> Option<u64> {
    let meta = segment.file().metadata().ok()?;
    let times = [meta.created().ok(), meta.modified().ok()];
    let born = times.into_iter().flatten().min()?;
    u64::try_from(born.duration_since(std::time::UNIX_EPOCH).ok()?.as_nanos()).ok()
}

impl Output {
    /// The first bytes of a file begin its time.
    pub(super) fn begin_time(&mut self) {
        if self.rotator.birth_ns == 0 && self.rotator.options.rotate.is_timed() {
            self.rotator.set_birth(sys::realtime_ns());
        }
    }

    /// Rotates if it is time to; `incoming` bytes are about to be written. `true`: it did.
    pub(super) fn turn(&mut self, control: &Control, host: &str, now: Instant, incoming: u64) -> bool {
        let Some(segment) = &self.segment else { return false };
        let mut now_ns = None;
        if !self.is_healthy() || !self.rotator.is_due(segment.end(), incoming, now, &mut now_ns) {
            return false;
        }
        if !segment.is_linked() {
            // Somebody else rotated it.
            self.rotator.wanted = false;
            self.reopen(host, now);
            return false;
        }
        self.close_book(control);
        let turned = self.rename(control, now_ns.unwrap_or_else(sys::realtime_ns));
        let archive = match turned {
            Ok(archive) => archive,
            Err(error) => {
                self.rotator.retry = Some(now + RETRY);
                let path = self.options.path.display();
                self.reporter
                    .report(now, || format!("cannot rotate {path}: {error}; it goes on growing; {}", advice(&error)));
                None
            }
        };
        let renamed = archive.is_some();
        // The old descriptor goes before a new file is opened, and with it the lock.
        if let (Some(archive), Some(segment)) = (archive, self.segment.take_if(|_| renamed)) {
            fault::point(Stage::Renamed);
            self.book_rotation(&segment, &archive);
            if self.options.fsync != Fsync::Never {
                let folder = archive.parent().unwrap_or(Path::new("/"));
                if let Err(error) = segment.file().sync_data().and_then(|()| disk::sync_folder(folder)) {
                    self.reporter.report(now, || format!("cannot sync {}: {error}", archive.display()));
                }
            }
            drop(segment);
            self.rotator.wanted = false;
            self.rotator.tended = None;
            self.reopen(host, now);
            fault::point(Stage::Opened);
        }
        control.clear_archive_intent(ArchiveWork::Rotation);
        renamed
    }

    /// Gives the file its archive name, and gives its path. `None`: what stood there was not our file.
    fn rename(&mut self, control: &Control, now_ns: u64) -> io::Result<Option<PathBuf>> {
        let (Some(segment), Some(family)) = (&self.segment, &self.rotator.family) else { return Ok(None) };
        let (dev, ino) = segment.identity();
        loop {
            let stamp = Stamp::next(now_ns / 1_000_000, self.rotator.last);
            self.rotator.last = Some(stamp);
            control.set_archive_intent(
                ArchiveWork::Rotation,
                &ArchiveIntent {
                    step: 1,
                    path_hash: self.path_hash,
                    dev,
                    ino,
                    stamp_ms: stamp.ms,
                    counter: u64::from(stamp.counter),
                    bytes: segment.end(),
                    codec: 0,
                },
            );
            fault::point(Stage::Rotate);
            let archive = family.path(stamp, None);
            // A compressed archive of that name without a plain one: as taken as a plain one.
            if crate::plan::Codec::ALL.iter().any(|codec| family.path(stamp, Some(*codec)).exists()) {
                continue;
            }
            if !disk::rename_new(segment.real_path(), &archive)? {
                continue;
            }
            if disk::identity(&archive) != Some((dev, ino)) {
                // Somebody replaced the file in this moment: theirs goes back where it was.
                disk::rename_new(&archive, segment.real_path())?;
                return Ok(None);
            }
            trace::event("archive", trace::INFO, || {
                format!("{} is now {}", self.options.path.display(), archive.display())
            });
            return Ok(Some(archive));
        }
    }
}

impl Output {
    /// Opens a file that got no record yet, because archives of it need care, or because a predecessor left a block of
    /// its ledger open. Its lock is the right to do so: where another yard has it, the archives are that yard's.
    fn open_for_archives(&mut self, control: &Control) {
        if self.segment.is_some() || self.rotator.tended.is_some() {
            return;
        }
        let real = fs::canonicalize(&self.options.path).unwrap_or_else(|_| self.options.path.clone());
        let archives = || Family::of(&real).list().is_ok_and(|archives| !archives.is_empty());
        let needed = (self.rotator.has_rules() && archives()) || Book::is_open_in(control, self.path_hash);
        let alone = SegmentOptions { on_conflict: OnConflict::Error, ..self.options.clone() };
        if needed {
            if let Ok(segment) = Segment::open(&alone, "") {
                self.rotator.attach(&segment);
                self.segment = Some(segment);
            }
        }
    }
}

impl Engine {
    /// Rotates what is due before the formed batch is written.
    pub(super) fn turn_due(&mut self, now: Instant) {
        for index in 0..self.outputs.len() {
            let incoming = self.outputs[index].bytes.len() as u64;
            if incoming > 0 {
                self.turn(index, now, incoming);
            }
        }
    }

    fn turn(&mut self, index: usize, now: Instant, incoming: u64) {
        let output = &mut self.outputs[index];
        if output.turn(self.yard.control(), &self.host, now, incoming) {
            add(&self.meters.rotated, 1);
            let counter = self.yard.control().counter(counter::ROTATED);
            counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            self.tend(index, now);
        }
    }

    /// Has the archives of a file looked after.
    fn tend(&mut self, index: usize, now: Instant) {
        let output = &mut self.outputs[index];
        output.open_for_archives(self.yard.control());
        output.open_book(self.yard.control());
        let rotator = &mut output.rotator;
        rotator.tended = Some(now);
        let Some(segment) = &output.segment else { return };
        let needed = rotator.has_rules();
        if let Some(ward) =
            rotator.ward(segment.real_path(), output.path_hash, output.book.pen.as_ref()).filter(|_| needed)
        {
            self.keeper.tend(ward);
        }
    }

    /// Between batches: what was asked for, what is due without a new record, and the archives.
    pub(super) fn keep_archives(&mut self, now: Instant) {
        if self.pending {
            return;
        }
        self.finish_rotation();
        for index in 0..self.outputs.len() {
            self.turn(index, now, 0);
            let output = &self.outputs[index];
            let pause = if self.keeper.is_unfinished(output.path_hash) { AGAIN } else { TEND };
            if output.rotator.tended.is_none_or(|last| now.saturating_duration_since(last) >= pause) {
                self.tend(index, now);
            }
        }
    }

    /// Requests of any process of the yard.
    pub(super) fn serve_requests(&mut self, now: Instant) {
        let control = self.yard.control();
        let (rotate, reopen) = (control.rotations_asked(), control.reopenings_asked());
        if reopen != control.reopenings_served() {
            for output in self.outputs.iter_mut().filter(|output| output.segment.is_some()) {
                output.reopen(&self.host, now);
            }
            self.yard.control().set_reopenings_served(reopen);
        }
        if rotate != self.yard.control().rotations_served() {
            for index in 0..self.outputs.len() {
                if self.outputs[index].segment.is_none() && self.outputs[index].has_file() {
                    self.outputs[index].reopen(&self.host, now);
                }
                self.outputs[index].rotator.wanted = self.outputs[index].segment.is_some();
                self.turn(index, now, 0);
                // An empty file has nothing to rotate; one that failed was said, and is not tried for ever.
                self.outputs[index].rotator.wanted = false;
            }
            self.yard.control().set_rotations_served(rotate);
            self.keep_archives(now);
        }
    }

    /// Whether somebody asked for something.
    pub(super) fn has_requests(&self) -> bool {
        let control = self.yard.control();
        control.rotations_asked() != control.rotations_served()
            || control.reopenings_asked() != control.reopenings_served()
    }

    /// A predecessor said that it rotates. Renamed or not shows in the folder; what it had not begun is done now.
    pub(super) fn finish_rotation(&mut self) {
        let control = Arc::clone(&self.yard);
        let control = control.control();
        let Some(said) = control.archive_intent(ArchiveWork::Rotation) else { return };
        let known = self.outputs.iter_mut().find(|output| output.path_hash == said.path_hash);
        let Some(output) = known else { return };
        let Some(segment) = &output.segment else { return };
        output.rotator.wanted = segment.identity() == (said.dev, said.ino) && segment.end() > 0;
        trace::event("archive", trace::INFO, || {
            let left = if output.rotator.wanted { "was only begun; it is done now" } else { "had its new name" };
            format!("a rotation of {} {left}", output.options.path.display())
        });
        if !output.rotator.wanted {
            control.clear_archive_intent(ArchiveWork::Rotation);
        }
    }
}
