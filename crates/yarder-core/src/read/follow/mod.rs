//! Following logs through everything that happens to their files. A state machine without threads: whoever follows
//! asks for the next records and says how long it may take.

mod copy;
mod file;
mod stream;
mod watch;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::stream::Course;
use self::watch::Watch;
use super::find::{find, Stream};
use super::look::Look;
use super::problem::Problems;
use super::scan::{Found, Query, Scan};

/// How often a folder is looked through for new logs.
const LIST: Duration = Duration::from_secs(1);

/// What of the past is given first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Nothing.
    None,
    /// So many records that are asked for.
    Last(u64),
    /// Everything that is asked for.
    All,
}

/// The records of a source as they are written.
pub struct Follow {
    courses: Vec<Course>,
    /// New logs of these folders are followed as well.
    folders: Vec<PathBuf>,
    listed: Instant,
    history: Option<Scan>,
    /// The last records, newest first, when only so many are wanted.
    last: Vec<Found>,
    look: Look,
    watch: Watch,
    problems: Problems,
}

impl Follow {
    /// Follows files (which may not be there yet) and every log of folders. Limit and order of the query mean nothing.
    ///
    /// # Errors
    /// When a source may not be looked at.
    pub fn new(sources: &[PathBuf], query: &Query, history: History) -> io::Result<Follow> {
        let folders: Vec<PathBuf> = sources.iter().filter(|source| source.is_dir()).cloned().collect();
        let mut streams: Vec<Stream> = Vec::new();
        for source in sources {
            match find(source) {
                Ok(found) => streams.extend(found),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    streams.push(Stream { live: source.clone(), parts: Vec::new() });
                }
                Err(error) => return Err(error),
            }
        }
        let look = Look::new(Arc::new(query.filter.clone()), query.zone.clone());
        let mut follow = Follow {
            courses: Vec::new(),
            folders,
            listed: Instant::now(),
            history: None,
            last: Vec::new(),
            look,
            watch: Watch::new(),
            problems: Problems::default(),
        };
        let mut past = Vec::new();
        for mut stream in streams {
            // The place where following begins is where the past ends.
            let live = stream.parts.last_mut().filter(|part| part.live).and_then(|part| part.file.take());
            let course = Course::new(&stream.live, follow.look.clone(), live)?;
            stream.parts.retain(|part| !part.live);
            stream.parts.extend(course.before());
            past.push(stream);
            follow.add(course);
        }
        match history {
            History::None => {}
            History::Last(count) => {
                let query = Query { reverse: true, limit: Some(count), ..query.clone() };
                let mut scan = Scan::new(past, &query);
                follow.last = scan.by_ref().collect();
                follow.problems = scan.problems();
            }
            History::All => {
                follow.history = Some(Scan::new(past, &Query { reverse: false, limit: None, ..query.clone() }))
            }
        }
        Ok(follow)
    }

    fn add(&mut self, course: Course) {
        let folder = course.path().parent().filter(|folder| !folder.as_os_str().is_empty());
        self.watch.add(folder.unwrap_or(Path::new(".")));
        self.courses.push(course);
    }

    /// The next records, as soon as there are any; none when `timeout` passed without one.
    ///
    /// # Errors
    /// When the file or its folder may not be looked at any more.
    pub fn next_batch(&mut self, timeout: Duration) -> io::Result<Vec<Found>> {
        let end = Instant::now() + timeout;
        loop {
            let found = self.look()?;
            let now = Instant::now();
            if !found.is_empty() || now >= end {
                return Ok(found);
            }
            self.watch.wait(end - now)?;
        }
    }

    /// Looks once at everything, without waiting.
    ///
    /// # Errors
    /// As [`Follow::next_batch`].
    pub fn look(&mut self) -> io::Result<Vec<Found>> {
        if !self.last.is_empty() {
            return Ok(std::mem::take(&mut self.last).into_iter().rev().collect());
        }
        if let Some(scan) = &mut self.history {
            let found: Vec<Found> = scan.by_ref().take(512).collect();
            if !found.is_empty() {
                return Ok(found);
            }
            self.problems = scan.problems();
            self.history = None;
        }
        self.list();
        let mut found = Vec::new();
        for course in &mut self.courses {
            // A look gives no more than is good for the memory; the next one goes on.
            while course.step(&mut found)? && found.len() < 4096 {}
        }
        if self.courses.len() > 1 {
            found.sort_by_key(|found| found.ns);
        }
        Ok(found)
    }

    /// Logs that came into the folder since: all of their lines are new.
    fn list(&mut self) {
        if self.folders.is_empty() || self.listed.elapsed() < LIST {
            return;
        }
        self.listed = Instant::now();
        for stream in self.folders.clone().iter().flat_map(|folder| find(folder).unwrap_or_default()) {
            if self.courses.iter().any(|course| course.path() == stream.live) {
                continue;
            }
            if let Ok(course) = Course::new(&stream.live, self.look.clone(), None) {
                self.add(course);
            }
        }
    }

    /// What could not be read so far.
    #[must_use]
    pub fn problems(&self) -> Problems {
        let mut problems = self.problems.clone();
        self.courses.iter().for_each(|course| problems.merge(course.problems.clone()));
        problems
    }
}

impl std::fmt::Debug for Follow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follow").field("logs", &self.courses.len()).finish_non_exhaustive()
    }
}
