//! One live file as the writer sees it: the bytes of the current batch, how far they got, and how the
//! file fails and heals.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::{Duration, Instant};

use xxhash_rust::xxh3::xxh3_64;
use yarder_ring::layout::Reason;
use yarder_ring::{sys, FileKey, IntentFile};

use super::book::Book;
use super::form::Target;
use super::rotate::Rotator;
use super::stats::{add, BackendMeters};
use crate::fault::{self, Stage};
use crate::format::{Page, Source};
use crate::ledger::Span;
use crate::report::Reporter;
use crate::segment::{advice, resume, Segment, SegmentError, SegmentOptions};
use crate::trace;

/// First and last pause after a failure.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How far the batch's bytes got.
#[derive(Debug, Default)]
pub(super) enum Progress {
    /// No bytes, or all of them are in the file.
    #[default]
    Done,
    /// That many bytes are in the file.
    At(usize),
    /// A predecessor began to write them; the file says how far it came.
    Unknown(IntentFile),
}

#[derive(Debug)]
struct Failing {
    next: Instant,
    delay: Duration,
    /// Its records are counted lost, so that other files go on.
    given_up: bool,
}

pub(super) struct Output {
    pub(super) options: SegmentOptions,
    pub(super) path_hash: u64,
    pub(super) segment: Option<Segment>,
    /// This batch's lines.
    pub(super) bytes: Page,
    /// Where each record of this batch ends in `bytes`.
    pub(super) ends: Vec<u32>,
    pub(super) progress: Progress,
    pub(super) meters: Arc<BackendMeters>,
    pub(super) rotator: Rotator,
    pub(super) book: Book,
    /// What each ring of this batch had for it.
    pub(super) spans: Vec<Span>,
    /// Lines of this batch that tell of losses.
    pub(super) told: u64,
    /// Records of this batch that were given up.
    pub(super) given_up: u64,
    /// Where this batch begins in the file, where that is certain.
    pub(super) start: Option<u64>,
    /// The hash of this batch's bytes, as the intent has it.
    pub(super) hash: Option<u64>,
    /// Where it was to begin.
    pub(super) intended: u64,
    /// Every record is one line, so lines need no counting.
    pub(super) one_line: bool,
    /// The batch went into a file that has another name now.
    pub(super) went_elsewhere: bool,
    failing: Option<Failing>,
    /// Records lost here that the file does not tell of yet.
    untold: u64,
    /// The rest of a line that was begun when the file was given up.
    debt: Vec<u8>,
    pub(super) reporter: Reporter,
    warned: bool,
}

/// What a healing line is made with.
pub(super) struct Teller<'a> {
    pub(super) target: &'a Target,
    pub(super) source: &'a Source,
}

pub(super) fn path_hash(options: &SegmentOptions) -> u64 {
    xxh3_64(options.path.as_os_str().as_bytes())
}

impl Output {
    pub(super) fn new(options: SegmentOptions, rotator: Rotator, meters: Arc<BackendMeters>) -> Output {
        Output {
            path_hash: path_hash(&options),
            options,
            segment: None,
            bytes: Page::new(),
            ends: Vec::new(),
            progress: Progress::Done,
            meters,
            rotator,
            book: Book::default(),
            spans: Vec::new(),
            told: 0,
            given_up: 0,
            start: None,
            hash: None,
            intended: 0,
            one_line: true,
            went_elsewhere: false,
            failing: None,
            untold: 0,
            debt: Vec::new(),
            reporter: Reporter::default(),
            warned: false,
        }
    }

    /// Whether a batch may be written to it.
    pub(super) fn is_healthy(&self) -> bool {
        self.failing.is_none() && self.segment.is_some()
    }

    /// Whether it is known to take nothing now.
    pub(super) fn is_failing(&self) -> bool {
        self.failing.is_some()
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.failing.as_ref().is_some_and(|failing| failing.given_up)
    }

    /// Whether there is a file with content, opened or not.
    pub(super) fn has_file(&self) -> bool {
        fs::metadata(&self.options.path).is_ok_and(|meta| meta.is_file() && meta.len() > 0)
    }

    /// Its records no longer hold up others.
    pub(super) fn set_given_up(&mut self) {
        if let Some(failing) = &mut self.failing {
            failing.given_up = true;
        }
    }

    /// One record that cannot be kept for this file.
    pub(super) fn lose(&mut self, records: u64) {
        self.untold += records;
        add(&self.meters.lost, records);
    }

    /// Opens, reopens and heals as needed, between batches only. `false`: it cannot take bytes now.
    pub(super) fn make_ready(&mut self, host: &str, now: Instant, teller: &Teller<'_>) -> bool {
        if self.failing.as_ref().is_some_and(|failing| now < failing.next) {
            return false;
        }
        let current = self.segment.as_mut().is_some_and(|segment| segment.is_current(now));
        if !current || self.failing.is_some() {
            // A failed file is looked up anew: the path may lead to a better place now.
            if !self.reopen(host, now) {
                return false;
            }
        }
        if self.failing.is_some() || self.untold > 0 || !self.debt.is_empty() {
            return self.heal(now, teller);
        }
        true
    }

    /// Opens the path unless the open file still stands there.
    pub(super) fn reopen(&mut self, host: &str, now: Instant) -> bool {
        if self.segment.as_ref().is_some_and(Segment::is_linked) {
            return true;
        }
        // The old descriptor goes first: its lock would make us step aside from ourselves.
        if self.segment.take().is_some() {
            trace::event("segment", trace::INFO, || format!("{} was replaced", self.options.path.display()));
            // The rest of a line belongs to the old file; here the whole line is counted as told lost.
            if !self.debt.is_empty() {
                self.debt.clear();
                self.lose(1);
            }
        }
        match Segment::open(&self.options, host) {
            Ok(segment) => {
                trace::event("segment", trace::INFO, || format!("{} opened", segment.path().display()));
                if segment.stepped_aside() && !self.warned {
                    self.warned = true;
                    crate::report::say(&format!(
                        "{} is held by another yarder (other app, user or container); writing to {} instead",
                        self.options.path.display(),
                        segment.path().display()
                    ));
                }
                self.rotator.attach(&segment);
                self.segment = Some(segment);
                true
            }
            Err(error) => {
                self.fail(now, &error);
                false
            }
        }
    }

    /// Pays what the file is owed: the end of a torn line, and a line that tells of losses.
    fn heal(&mut self, now: Instant, teller: &Teller<'_>) -> bool {
        let untold = self.untold;
        if untold > 0 {
            let ns = sys::realtime_ns();
            // No producer has number 0, and the time is in the id: it cannot meet another one.
            teller.target.formatter().loss(Reason::WriteError as u8, untold, ns, teller.source, ns, &mut self.debt);
            self.untold = 0;
        }
        let Some(segment) = &mut self.segment else { return false };
        if let Err(failed) = segment.append(&self.debt) {
            self.debt.drain(..failed.done);
            self.fail_io(now, failed.error);
            return false;
        }
        self.debt.clear();
        if self.failing.take().is_some() {
            self.meters.failing.store(false, Ordering::Relaxed);
            if self.reporter.has_spoken() {
                let lost = if untold == 0 { String::new() } else { format!(", {untold} records were lost") };
                crate::report::say(&format!("{} can be written again{lost}", self.options.path.display()));
            }
        }
        true
    }

    fn fail_io(&mut self, now: Instant, source: std::io::Error) {
        let path = self.segment.as_ref().map_or(&self.options.path, |_| &self.options.path).clone();
        self.fail(now, &SegmentError::Io { what: "write to", path, source });
    }

    fn fail(&mut self, now: Instant, error: &SegmentError) {
        add(&self.meters.failed, 1);
        self.meters.failing.store(true, Ordering::Relaxed);
        self.reporter.report(now, || {
            let todo = match error {
                SegmentError::Io { source, .. } => advice(source),
                SegmentError::Held { .. } => "give this app another path, or use on_conflict=\"suffix\"",
            };
            format!("{error}; records wait in memory; {todo}, it is tried again by itself")
        });
        let delay = self.failing.as_ref().map_or(BACK_OFF.0, |failing| (failing.delay * 2).min(BACK_OFF.1));
        let given_up = self.is_given_up();
        self.failing = Some(Failing { next: now + delay, delay, given_up });
    }

    /// The entry of this batch in the intent, and the first step of writing it. A line that somebody
    /// left open is ended first, so that the offset is that of our own bytes.
    pub(super) fn intend(&mut self) -> Option<IntentFile> {
        if self.bytes.is_empty() {
            return None;
        }
        self.progress = Progress::At(0);
        self.begin_time();
        let (key, offset) = match &mut self.segment {
            Some(segment) => {
                // A failure shows again at once when the bytes themselves are written.
                let _ = segment.mend();
                (segment.key(), segment.end())
            }
            None => (FileKey { dev: 0, ino: 0, head_hash: 0 }, 0),
        };
        self.intended = offset;
        let hash = xxh3_64(&self.bytes);
        self.hash = Some(hash);
        Some(IntentFile {
            key,
            path_hash: self.path_hash,
            offset,
            length: self.bytes.len() as u64,
            hash,
            ledger_offset: 0,
            ledger_length: 0,
            ledger_hash: 0,
        })
    }

    /// Writes what is left of the batch. `false`: not now.
    pub(super) fn write(&mut self, host: &str, now: Instant) -> bool {
        if matches!(self.progress, Progress::Done) {
            return true;
        }
        let again = self.failing.is_some();
        if self.failing.as_ref().is_some_and(|failing| now < failing.next) {
            return false;
        }
        if (again || self.segment.is_none()) && !self.go_on(host, now) {
            return false;
        }
        if let Progress::Unknown(file) = &self.progress {
            let file = *file;
            if let Err(error) = self.locate(&file) {
                self.fail_io(now, error);
                return false;
            }
        }
        let Progress::At(done) = self.progress else { return true };
        let Some(segment) = &mut self.segment else { return false };
        // A newline for a line that will never be ended, where a recovery found one.
        if let Err(failed) = segment.mend() {
            self.fail_io(now, failed.error);
            return false;
        }
        if fault::is_near(Stage::Write) {
            let half = (self.bytes.len() - done) / 2;
            if segment.append(&self.bytes[done..done + half]).is_ok() {
                self.progress = Progress::At(done + half);
            }
        }
        fault::point(Stage::Write);
        let Progress::At(done) = self.progress else { return true };
        let begin = segment.end();
        if let Err(failed) = segment.append(&self.bytes[done..]) {
            self.progress = Progress::At(done + failed.done);
            self.fail_io(now, failed.error);
            return false;
        }
        // In one go, and nobody came in between.
        let plain = done == 0 && segment.end() == begin + self.bytes.len() as u64;
        self.start = plain.then_some(begin);
        if let Err(error) = segment.sync(now) {
            // The bytes are in the page cache and the kernel has forgotten that they are dirty: writing
            // them again would double them and prove nothing.
            self.reporter.report(now, || format!("cannot sync {}: {error}", self.options.path.display()));
            add(&self.meters.failed, 1);
        }
        self.settle();
        true
    }

    /// The batch is in the file.
    /// A batch is in the file, so many nanoseconds after its oldest record was logged.
    pub(super) fn took(&self, latency_ns: u64) {
        self.meters.latency_ns.store(latency_ns, Ordering::Relaxed);
    }

    fn settle(&mut self) {
        add(&self.meters.written, self.ends.len() as u64);
        add(&self.meters.bytes, self.bytes.len() as u64);
        self.progress = Progress::Done;
        if self.failing.take().is_some() {
            self.meters.failing.store(false, Ordering::Relaxed);
            if self.reporter.has_spoken() {
                crate::report::say(&format!("{} can be written again", self.options.path.display()));
            }
        }
    }

    /// Before a new attempt at the same bytes: the world may have changed under the file.
    fn go_on(&mut self, host: &str, now: Instant) -> bool {
        let linked = self.segment.as_ref().is_some_and(Segment::is_linked);
        let at_end = self.segment.as_ref().is_some_and(Segment::is_at_end);
        if !linked && !self.reopen(host, now) {
            return false;
        }
        if linked && at_end {
            return true;
        }
        // Our torn line is no longer the end of the file: it is written again from its start.
        if let (Progress::At(done), Some(segment)) = (&mut self.progress, &mut self.segment) {
            *done = resume::line_start(&self.bytes, *done);
            if let Err(error) = segment.look() {
                self.fail_io(now, error);
                return false;
            }
        }
        true
    }

    /// Whether the file holds all of a predecessor's batch, or nothing of it; `None` where neither is certain.
    pub(super) fn holds(&mut self, host: &str, now: Instant, intent: &IntentFile) -> Option<bool> {
        if self.segment.is_none() && !self.reopen(host, now) {
            return None;
        }
        let segment = self.segment.as_ref()?;
        let key = segment.key();
        if (key.dev, key.ino) != (intent.key.dev, intent.key.ino) {
            return None;
        }
        if resume::is_whole(segment.file(), intent).ok()? {
            return Some(true);
        }
        resume::is_untouched(segment.file(), intent).ok()?.then_some(false)
    }

    /// Gives the batch up for this file, so that others go on; what is not in the file is lost.
    pub(super) fn give_up(&mut self) -> u64 {
        self.set_given_up();
        let done = match std::mem::take(&mut self.progress) {
            Progress::Done => return 0,
            Progress::At(done) => done,
            Progress::Unknown(_) => 0,
        };
        let next = self.ends.partition_point(|end| (*end as usize) <= done);
        let mut lost = self.ends.len() - next;
        let begins = next.checked_sub(1).map_or(0, |last| self.ends[last] as usize);
        if done > begins {
            // A line that was begun is ended before anything else is written.
            self.debt = self.bytes[done..self.ends[next] as usize].to_vec();
            lost -= 1;
        }
        add(&self.meters.written, (self.ends.len() - lost) as u64);
        self.given_up = lost as u64;
        self.lose(lost as u64);
        lost as u64
    }

    /// Other bytes for this batch, one record a line.
    pub(super) fn replace(&mut self, bytes: Vec<u8>) {
        self.bytes = bytes.into();
        self.hash = None;
        self.ends.clear();
        self.ends.extend(memchr::memchr_iter(b'\n', &self.bytes).map(|at| at as u32 + 1));
    }

    /// Forgets the batch.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        (self.told, self.given_up, self.went_elsewhere) = (0, 0, false);
        (self.start, self.hash) = (None, None);
        self.progress = Progress::Done;
    }
}
