//! One log under way: its live file, the ones that were rotated away, and the ones nobody saw.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::filter::Filter;
use super::super::find::{archives, classify, identity, Part, Place};
use super::super::job::jobs;
use super::super::look::{From, Look};
use super::super::parse::Damage;
use super::super::problem::{Problems, Shared};
use super::super::scan::{Found, Worker};
use super::copy;
use super::file::{Growth, Tracked};

/// A human record is whole when nothing came for so long.
const QUIET: Duration = Duration::from_millis(100);

/// A writer may write to a renamed file until it looks at the name again; then nobody does.
const LATE: Duration = Duration::from_secs(60);

/// Renamed files that are read at the same time.
const OLD_MAX: usize = 4;

/// Archives in order.
type Places = Vec<(Place, PathBuf)>;

/// One live file that is followed.
pub(super) struct Course {
    path: PathBuf,
    name: String,
    live: Option<Tracked>,
    /// Renamed or deleted, still open; when that was seen.
    old: VecDeque<(Tracked, Instant)>,
    /// Archives that were there when the live file last changed.
    known: HashSet<Place>,
    grown: Instant,
    look: Look,
    pub(super) problems: Problems,
}

impl Course {
    /// Begins behind the last whole line of `live`, which was found at `path`, or at the front of what comes there.
    pub(super) fn new(path: &Path, look: Look, live: Option<File>) -> io::Result<Course> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut course = Course {
            path: path.to_path_buf(),
            name,
            live: None,
            old: VecDeque::new(),
            known: HashSet::new(),
            grown: Instant::now(),
            look,
            problems: Problems::default(),
        };
        course.live = live.map(|file| Tracked::at_end(file, path)).transpose()?;
        course.known = course.places().into_iter().map(|(place, _)| place).collect();
        Ok(course)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The live file up to the place where following begins, as a part to read what was before.
    pub(super) fn before(&self) -> Option<Part> {
        let live = self.live.as_ref()?;
        let file = live.file.try_clone().ok()?;
        Some(Part { path: self.path.clone(), live: true, file: Some(file), upto: Some(live.at) })
    }

    /// Archives of this log in order.
    fn places(&self) -> Places {
        let folder = self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let found = archives(folder, &self.name, None).map(|(paths, _)| paths).unwrap_or_default();
        found
            .into_iter()
            .filter_map(|path| {
                let (_, place, _) = classify(path.file_name()?.to_str()?)?;
                Some((place, path))
            })
            .collect()
    }

    /// Reads what is new; `true` when there may be more at once.
    pub(super) fn step(&mut self, found: &mut Vec<Found>) -> io::Result<bool> {
        // The name is looked at first: what the old file has after this look is all it had before the new one.
        let renewed = self.renewed()?;
        let mut more = false;
        for _ in 0..self.old.len() {
            let Some((mut tracked, since)) = self.old.pop_front() else { break };
            let growing = self.drain(&mut tracked, found)?;
            if !growing && (since.elapsed() > LATE || self.old.len() >= OLD_MAX) {
                self.give(&mut tracked, true, found);
            } else {
                self.old.push_back((tracked, since));
            }
            more |= growing;
        }
        let mut growing = false;
        if let Some(mut live) = self.live.take() {
            growing = self.drain(&mut live, found)?;
            self.live = Some(live);
        }
        if let Some(file) = renewed.filter(|_| !growing) {
            self.switch(file, found)?;
            return Ok(true);
        }
        Ok(more || growing)
    }

    /// The file that has the name now, when it is another one than ours.
    fn renewed(&self) -> io::Result<Option<File>> {
        let ours = self.live.as_ref().map(|live| live.identity);
        match std::fs::metadata(&self.path) {
            Ok(meta) if Some((meta.dev(), meta.ino())) == ours || !meta.is_file() => return Ok(None),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        match File::open(&self.path) {
            Ok(file) if Some(identity(&file)?) == ours => Ok(None),
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Goes over to a new live file, past the ones that came and went unseen.
    fn switch(&mut self, file: File, found: &mut Vec<Found>) -> io::Result<()> {
        let Some((file, places)) = self.settle(file)? else { return Ok(()) };
        if let Some(mut live) = self.live.take() {
            // A first byte in the new file says that the last one of the old was written.
            self.give(&mut live, file.metadata()?.len() > 0, found);
            for path in self.unseen(&places, live.identity) {
                self.whole(&path, found);
            }
            self.old.push_back((live, Instant::now()));
        }
        self.known = places.into_iter().map(|(place, _)| place).collect();
        self.live = Some(Tracked::start(file, &self.path)?);
        Ok(())
    }

    /// The new file and the archives that are older than it. Where it was rotated away in between and cannot be told
    /// from the others any more, the one that has the name then is taken; `None` when there is none.
    fn settle(&self, file: File) -> io::Result<Option<(File, Places)>> {
        let mut next = Some(file);
        while let Some(file) = next {
            let ours = identity(&file)?;
            let is_ours = |path: &Path| std::fs::metadata(path).is_ok_and(|meta| (meta.dev(), meta.ino()) == ours);
            let mut places = self.places();
            if let Some(at) = places.iter().position(|(_, path)| is_ours(path)) {
                places.truncate(at);
                return Ok(Some((file, places)));
            }
            if is_ours(&self.path) {
                return Ok(Some((file, places)));
            }
            next = self.renewed()?;
        }
        Ok(None)
    }

    /// Archives between the file that was followed and the live one.
    fn unseen(&self, places: &[(Place, PathBuf)], ours: (u64, u64)) -> Vec<PathBuf> {
        let is_ours = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|meta| (meta.dev(), meta.ino()) == ours);
        let behind = match places.iter().position(|(_, path)| is_ours(path)) {
            Some(at) => at + 1,
            None => {
                // Compressed meanwhile, so another file: the first one that was not there before is it.
                let first = places.iter().position(|(place, _)| !self.known.contains(place));
                first.map_or(places.len(), |at| at + 1)
            }
        };
        places[behind.min(places.len())..].iter().map(|(_, path)| path.clone()).collect()
    }

    /// Gives every record of a file that came and went between two looks.
    fn whole(&mut self, path: &Path, found: &mut Vec<Found>) {
        let part = Part { path: path.to_path_buf(), live: false, file: None, upto: None };
        let mut problems = Problems::default();
        let shared = Arc::new(Shared::default());
        let mut worker =
            Worker { look: self.look.clone(), reverse: false, problems: shared.clone(), progress: Arc::default() };
        for job in jobs(vec![part], (&Filter::default(), false), None, &mut problems) {
            worker.run(&job, &mut |more| {
                found.extend(more);
                true
            });
        }
        shared.merge(problems);
        self.problems.merge(shared.all());
    }

    /// Reads a file on and gives what is whole; `true` when there is more to read.
    fn drain(&mut self, tracked: &mut Tracked, found: &mut Vec<Found>) -> io::Result<bool> {
        match tracked.read()? {
            Growth::None => {
                if self.grown.elapsed() >= QUIET {
                    self.give(tracked, true, found);
                }
                return Ok(false);
            }
            Growth::More => {
                self.grown = Instant::now();
                self.give(tracked, false, found);
            }
            Growth::Truncated => {
                self.grown = Instant::now();
                match copy::rest(tracked, &self.path) {
                    Some(rest) => {
                        tracked.pending.extend_from_slice(&rest);
                        tracked.at += rest.len() as u64;
                        self.give(tracked, true, found);
                    }
                    None => self.problems.add(&self.path, tracked.at, Damage::Gap),
                }
                tracked.restart();
            }
        }
        if tracked.is_flooded() {
            self.problems.add(&self.path, tracked.base(), Damage::Long);
            tracked.pending.clear();
        }
        Ok(true)
    }

    /// Gives the whole records that wait.
    fn give(&mut self, tracked: &mut Tracked, quiet: bool, found: &mut Vec<Found>) {
        let whole = tracked.whole(quiet);
        if whole == 0 {
            return;
        }
        let base = tracked.base();
        let path = tracked.path.clone();
        let from = From { path: &path, offset: base, tail: false };
        self.look.piece(&tracked.pending[..whole], from, &mut self.problems, &mut |record, at, entry| {
            found.push(Found { raw: record.into(), ns: entry.ns, path: path.clone(), offset: base + at as u64 });
        });
        tracked.pending.drain(..whole);
    }
}
