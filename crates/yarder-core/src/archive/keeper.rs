//! The thread that looks after archives, so that the writer never waits for a compression.
//!
//! It lives only while there is work. Low priority, all signals blocked, a panic ends one piece of work, not more.

use std::collections::VecDeque;
use std::io;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use yarder_ring::{sys, Yard};

use super::tend::{Tended, Tending, Ward};
use crate::report::Reporter;
use crate::segment::advice;

/// How much less than the application's threads: a step of `nice`.
const NICE: i32 = 10;

/// What the thread did since the process started.
#[derive(Debug, Default)]
pub struct KeeperMeters {
    /// Archives compressed.
    pub compressed: AtomicU64,
    /// Archives removed by a rule.
    pub removed: AtomicU64,
    /// What could not be done, each attempt.
    pub failed: AtomicU64,
}

/// Looks after the archives of a yard's files, one at a time.
#[derive(Debug)]
pub struct Keeper {
    yard: Arc<Yard>,
    state: Mutex<State>,
    changed: Condvar,
    stop: AtomicBool,
    meters: Arc<KeeperMeters>,
}

#[derive(Debug, Default)]
struct State {
    jobs: VecDeque<Ward>,
    running: bool,
    /// Hashes of the paths of files that must be looked at again.
    unfinished: Vec<u64>,
    reporter: Reporter,
}

impl Keeper {
    /// A keeper for the files of `yard`; no thread yet.
    #[must_use]
    pub fn new(yard: Arc<Yard>, meters: Arc<KeeperMeters>) -> Arc<Keeper> {
        Arc::new(Keeper {
            yard,
            state: Mutex::default(),
            changed: Condvar::new(),
            stop: AtomicBool::new(false),
            meters,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a file's archives looked after soon.
    pub fn tend(self: &Arc<Self>, ward: Ward) {
        let mut state = self.state();
        // What waits already will find all there is to do; the newest options hold.
        state.jobs.retain(|job| job.path_hash != ward.path_hash || job.live != ward.live);
        state.jobs.push_back(ward);
        if state.running || self.stop.load(Ordering::Relaxed) {
            return;
        }
        let own = Arc::clone(self);
        state.running = sys::spawn_thread("yarder-archive", move || own.run()).is_ok();
        // Without a thread the archives stay as they are: plain, and readable.
    }

    /// Whether something of this file was left for later.
    #[must_use]
    pub fn is_unfinished(&self, path_hash: u64) -> bool {
        self.state().unfinished.contains(&path_hash)
    }

    /// Waits until there is nothing to do, at most `timeout`.
    pub fn finish(&self, timeout: Duration) -> bool {
        let state = self.state();
        let waited = self.changed.wait_timeout_while(state, timeout, |state| state.running);
        !waited.unwrap_or_else(PoisonError::into_inner).0.running
    }

    /// Ends the work after the frame under way; what is left is found by whoever comes next.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.state().jobs.clear();
    }

    fn run(&self) {
        // Of this thread alone, as Linux has it.
        let _ = rustix::process::setpriority_process(None, NICE);
        loop {
            let job = {
                let mut state = self.state();
                let job = state.jobs.pop_front().filter(|_| !self.stop.load(Ordering::Relaxed));
                state.running = job.is_some();
                job
            };
            let Some(job) = job else { break };
            let done = catch_unwind(AssertUnwindSafe(|| self.work(&job))).unwrap_or_else(|_| {
                let error = io::Error::other("a panic");
                self.complain("look after", &job.live, &error);
                Tended { failed: 1, again: true, ..Tended::default() }
            });
            self.meters.compressed.fetch_add(done.compressed, Ordering::Relaxed);
            self.meters.removed.fetch_add(done.removed, Ordering::Relaxed);
            self.meters.failed.fetch_add(done.failed, Ordering::Relaxed);
            let mut state = self.state();
            state.unfinished.retain(|hash| *hash != job.path_hash);
            if done.again {
                state.unfinished.push(job.path_hash);
            }
        }
        self.changed.notify_all();
    }

    fn work(&self, ward: &Ward) -> Tended {
        let mut tending = Tending {
            yard: &self.yard,
            ward,
            go_on: &|| !self.stop.load(Ordering::Relaxed),
            complain: &mut |what, path, error| self.complain(what, path, error),
            done: Tended::default(),
        };
        tending.run();
        tending.done
    }

    fn complain(&self, what: &str, path: &Path, error: &io::Error) {
        self.state().reporter.report(Instant::now(), || {
            format!("cannot {what} {}: {error}; {}, it is tried again by itself", path.display(), advice(error))
        });
    }
}
