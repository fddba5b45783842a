//! Several threads on the jobs of one stream; what they find comes out in the order of the jobs.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{sync_channel, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use super::job::Job;
use super::scan::{Found, Step, Worker};

/// Pieces that wait in front of a slow consumer, for each job.
const AHEAD: usize = 8;

type Give = SyncSender<Vec<Found>>;

/// The threads, and one channel for each job that is not done.
pub(super) struct Crew {
    channels: VecDeque<Receiver<Vec<Found>>>,
    threads: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Crew {
    pub(super) fn start(jobs: Vec<Job>, threads: usize, worker: impl Fn() -> Worker) -> Crew {
        let stop = Arc::new(AtomicBool::new(false));
        let next = Arc::new(AtomicUsize::new(0));
        let (gives, channels): (Vec<Give>, VecDeque<_>) = jobs.iter().map(|_| sync_channel(AHEAD)).unzip();
        let work: Arc<Vec<(Job, Mutex<Option<Give>>)>> =
            Arc::new(jobs.into_iter().zip(gives.into_iter().map(|give| Mutex::new(Some(give)))).collect());
        let threads = (0..threads.min(work.len()))
            .filter_map(|_| {
                let (work, next, stop, mut worker) = (work.clone(), next.clone(), stop.clone(), worker());
                let body = move || {
                    // Jobs are taken in order: the one that is waited for is always under way.
                    while let Some((job, give)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let give = give.lock().unwrap_or_else(PoisonError::into_inner).take();
                        let Some(give) = give else { continue };
                        let go_on =
                            worker.run(job, &mut |found| !stop.load(Ordering::Relaxed) && give.send(found).is_ok());
                        if !go_on || stop.load(Ordering::Relaxed) {
                            return;
                        }
                    }
                };
                std::thread::Builder::new().name("yarder-read".into()).spawn(body).ok()
            })
            .collect();
        Crew { channels, threads, stop }
    }

    /// The next records, waited for until `deadline`.
    pub(super) fn next(&mut self, deadline: Option<Instant>) -> Step {
        loop {
            let Some(channel) = self.channels.front() else { return Step::End };
            let received = match deadline {
                None => channel.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(end) => channel.recv_timeout(end.saturating_duration_since(Instant::now())),
            };
            match received {
                Ok(found) => return Step::Found(found),
                Err(RecvTimeoutError::Timeout) => return Step::Later,
                Err(RecvTimeoutError::Disconnected) => _ = self.channels.pop_front(),
            }
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.channels.clear();
        for thread in self.threads.drain(..) {
            // A panic in one was seen as the end of its job.
            let _ = thread.join();
        }
    }
}
