//! The records of a source that are asked for, in order.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::crew::Crew;
use super::filter::Filter;
use super::find::Stream;
use super::index::BlockIndex;
use super::job::{jobs, Job};
use super::look::{From, Look};
use super::parse::{Damage, Zone};
use super::problem::{Problems, Shared};

/// A question about log files.
#[derive(Clone)]
pub struct Query {
    /// Which records.
    pub filter: Filter,
    /// How many at most.
    pub limit: Option<u64>,
    /// Newest first.
    pub reverse: bool,
    /// Zone of human lines.
    pub zone: Zone,
    /// Threads that read and search; 0 as many as there are processors, four at most.
    pub threads: usize,
    /// What is known of the files.
    pub index: Option<Arc<dyn BlockIndex>>,
}

impl Query {
    /// Everything, oldest first, human lines in `zone`.
    #[must_use]
    pub fn new(zone: Zone) -> Query {
        Query { filter: Filter::default(), limit: None, reverse: false, zone, threads: 0, index: None }
    }

    pub(super) fn crew(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, usize::from).min(4);
        if self.threads == 0 {
            processors()
        } else {
            self.threads
        }
    }
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Query { filter, limit, reverse, zone, threads, .. } = self;
        f.debug_struct("Query")
            .field("filter", filter)
            .field("limit", limit)
            .field("reverse", reverse)
            .field("zone", zone)
            .field("threads", threads)
            .finish_non_exhaustive()
    }
}

/// A record that was found: its bytes, for [`Parser`](super::Parser) to read.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its line or lines.
    pub raw: Box<[u8]>,
    /// Its time, nanoseconds since 1970.
    pub ns: u64,
    /// Its file.
    pub path: Arc<Path>,
    /// Its place in the file, before compression.
    pub offset: u64,
}

/// How far a scan is: bytes on the disk.
#[derive(Debug, Default)]
pub struct Progress {
    /// Done.
    pub done: AtomicU64,
    /// In all.
    pub total: AtomicU64,
}

/// Works on the jobs of one stream, one after the other.
pub(super) struct Worker {
    pub(super) look: Look,
    pub(super) reverse: bool,
    pub(super) problems: Arc<Shared>,
    pub(super) progress: Arc<Progress>,
}

impl Worker {
    /// Hands each piece's records to `give`, until it says that it has enough.
    pub(super) fn run(&mut self, job: &Job, give: &mut dyn FnMut(Vec<Found>) -> bool) -> bool {
        let mut opened = Opened::new(job, self);
        while let Some(found) = opened.next(self) {
            if !found.is_empty() && !give(found) {
                return false;
            }
        }
        true
    }
}

/// A job under way.
pub(super) struct Opened {
    job: Job,
    blocks: Option<super::blocks::Blocks>,
    counted: u64,
}

impl Opened {
    pub(super) fn new(job: &Job, worker: &Worker) -> Opened {
        let blocks = job.open(worker.reverse);
        if blocks.is_err() {
            worker.problem(job, 0, Damage::Unreadable);
        }
        Opened { job: job.clone(), blocks: blocks.ok(), counted: 0 }
    }

    /// The records of the next piece; `None` at the end.
    pub(super) fn next(&mut self, worker: &mut Worker) -> Option<Vec<Found>> {
        let mut found = Vec::new();
        let path = self.job.path.clone();
        let more = self.step(worker, &mut |record, offset, entry| {
            found.push(Found { raw: record.into(), ns: entry.ns, path: path.clone(), offset });
        });
        if worker.reverse {
            found.reverse();
        }
        more.then_some(found)
    }

    /// Looks through the next piece; `false` when there is none.
    pub(super) fn step(&mut self, worker: &mut Worker, take: &mut dyn FnMut(&[u8], u64, &super::Entry<'_>)) -> bool {
        let Some(blocks) = &mut self.blocks else { return self.end(worker) };
        let more = match blocks.advance() {
            Ok(more) => more,
            Err(_) => {
                worker.problem(&self.job, blocks.offset(), Damage::Archive);
                blocks.stop();
                true
            }
        };
        if let Some(offset) = blocks.long.take() {
            worker.problem(&self.job, offset, Damage::Long);
        }
        if !more {
            return self.end(worker);
        }
        let (piece, offset) = (blocks.piece(), blocks.offset());
        let mut problems = Problems::default();
        let from = From { path: &self.job.path, offset, tail: self.job.tail };
        worker.look.piece(piece, from, &mut problems, &mut |record, at, entry| take(record, offset + at as u64, entry));
        worker.problems.merge(problems);
        let step = (piece.len() as u64).min(self.job.stored - self.counted);
        self.counted += step;
        worker.progress.done.fetch_add(step, Ordering::Relaxed);
        true
    }

    fn end(&mut self, worker: &Worker) -> bool {
        worker.progress.done.fetch_add(self.job.stored - self.counted, Ordering::Relaxed);
        self.counted = self.job.stored;
        false
    }
}

impl Worker {
    fn problem(&self, job: &Job, offset: u64, damage: Damage) {
        let mut problems = Problems::default();
        problems.add(&job.path, offset, damage);
        self.problems.merge(problems);
    }
}

/// One stream on its way, in order.
enum Course {
    /// Several threads.
    Crew(Crew),
    /// This thread, when there are many streams, or when it is read from the back.
    Alone { worker: Box<Worker>, jobs: VecDeque<Job>, opened: Option<Opened> },
}

/// What a stream gives.
pub(super) enum Step {
    /// These records.
    Found(Vec<Found>),
    /// Nothing in the time there was.
    Later,
    /// No more.
    End,
}

impl Course {
    fn next(&mut self, deadline: Option<Instant>) -> Step {
        match self {
            Course::Crew(crew) => crew.next(deadline),
            Course::Alone { worker, jobs, opened } => loop {
                let Some(job) = opened else {
                    let Some(job) = jobs.pop_front() else { return Step::End };
                    *opened = Some(Opened::new(&job, worker));
                    continue;
                };
                match job.next(worker) {
                    Some(found) if found.is_empty() => {}
                    Some(found) => return Step::Found(found),
                    None => *opened = None,
                }
                if deadline.is_some_and(|end| Instant::now() >= end) {
                    return Step::Later;
                }
            },
        }
    }
}

/// An iterator over the records of a source.
pub struct Scan {
    courses: Vec<(Course, VecDeque<Found>)>,
    /// The next record of each stream, when there are several: time and stream.
    heads: BinaryHeap<Reverse<(i128, usize)>>,
    /// Streams whose next record is not among the heads.
    headless: Vec<usize>,
    deadline: Option<Instant>,
    paused: bool,
    reverse: bool,
    left: u64,
    problems: Arc<Shared>,
    progress: Arc<Progress>,
}

impl Scan {
    /// Begins to read `streams`; nothing is read before the first record is asked for, except by threads.
    #[must_use]
    pub fn new(streams: Vec<Stream>, query: &Query) -> Scan {
        let (problems, progress) = (Arc::new(Shared::default()), Arc::new(Progress::default()));
        let filter = Arc::new(query.filter.clone());
        let look = Look::new(filter.clone(), query.zone.clone());
        let alone = streams.len() > 1 || query.reverse || query.crew() < 2;
        let mut courses = Vec::new();
        for stream in streams {
            let mut found = Problems::default();
            let mut jobs = jobs(stream.parts, (&filter, query.reverse), query.index.as_deref(), &mut found);
            problems.merge(found);
            progress.total.fetch_add(jobs.iter().map(|job| job.stored).sum(), Ordering::Relaxed);
            if query.reverse {
                jobs.reverse();
            }
            let worker = || Worker {
                look: look.clone(),
                reverse: query.reverse,
                problems: problems.clone(),
                progress: progress.clone(),
            };
            let course = if alone || jobs.len() < 2 {
                Course::Alone { worker: Box::new(worker()), jobs: jobs.into(), opened: None }
            } else {
                Course::Crew(Crew::start(jobs, query.crew(), worker))
            };
            courses.push((course, VecDeque::new()));
        }
        let left = query.limit.unwrap_or(u64::MAX);
        let headless = if courses.len() > 1 { (0..courses.len()).rev().collect() } else { Vec::new() };
        Scan {
            courses,
            heads: BinaryHeap::new(),
            headless,
            deadline: None,
            paused: false,
            reverse: query.reverse,
            left,
            problems,
            progress,
        }
    }

    /// What could not be read so far.
    #[must_use]
    pub fn problems(&self) -> Problems {
        self.problems.all()
    }

    /// How far it is; may be looked at from another thread.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// At most `most` records, found within about `patience`: `Some` of none says that there may be more later, `None`
    /// that there are no more. For callers that have to look at something else now and then.
    pub fn next_batch(&mut self, most: usize, patience: Duration) -> Option<Vec<Found>> {
        self.deadline = Some(Instant::now() + patience);
        self.paused = false;
        let found: Vec<Found> = self.by_ref().take(most).collect();
        self.deadline = None;
        (self.paused || !found.is_empty()).then_some(found)
    }

    /// Fills the stream's store if it is empty; `false` at its end, or when it takes too long (`paused`).
    fn fill(&mut self, stream: usize) -> bool {
        let (course, waiting) = &mut self.courses[stream];
        if waiting.is_empty() {
            match course.next(self.deadline) {
                Step::Found(found) => waiting.extend(found),
                Step::Later => self.paused = true,
                Step::End => {}
            }
        }
        !waiting.is_empty()
    }

    /// Puts the next record of every stream that has none in its place; `false` when one takes too long.
    fn put_heads(&mut self) -> bool {
        while let Some(stream) = self.headless.pop() {
            if self.fill(stream) {
                let ns = self.courses[stream].1.front().map_or(0, |found| i128::from(found.ns));
                self.heads.push(Reverse((if self.reverse { -ns } else { ns }, stream)));
            } else if self.paused {
                self.headless.push(stream);
                return false;
            }
        }
        true
    }
}

impl Iterator for Scan {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        if self.left == 0 {
            // Threads stop, files close, before the iterator is dropped.
            self.courses.clear();
            return None;
        }
        let stream = if self.courses.len() == 1 {
            self.fill(0).then_some(0)?
        } else {
            self.put_heads().then_some(())?;
            let stream = self.heads.pop()?.0 .1;
            self.headless.push(stream);
            stream
        };
        self.left -= 1;
        self.courses[stream].1.pop_front()
    }
}

impl std::fmt::Debug for Scan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scan").field("streams", &self.courses.len()).field("left", &self.left).finish_non_exhaustive()
    }
}

/// Finds the files of `source` and begins to read them.
///
/// # Errors
/// When there is no such source or it may not be looked at.
pub fn scan(source: &Path, query: &Query) -> io::Result<Scan> {
    Ok(Scan::new(super::find::find(source)?, query))
}
