//! The native thread of a process, and what callers ask of it.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use yarder_ring::{sys, Head, Position, RingFile, Yard};

use super::engine::{Engine, Pass};
use super::stats::{add, counter, Meters, WriterStats};
use crate::format::{Formatter, Human, Tz};
use crate::local::LocalDrain;
use crate::report;
use crate::trace;

/// Pause between looks while something was logged within the last second.
const BUSY: Duration = Duration::from_millis(1);
/// Pause between looks after a quiet second.
const QUIET: Duration = Duration::from_millis(10);
/// Pause between looks after three quiet seconds. A wake-up costs some 35 us of CPU on a virtual machine,
/// whatever it does: at 10 ms that alone is 0.35 % of a core. Errors, a half-full ring and `flush` do not
/// wait for the pause.
const IDLE: Duration = Duration::from_millis(100);
/// Pause of a process that is not the writer and has nothing local to look after: it tries to become it.
const WAITING: Duration = Duration::from_millis(50);
/// First and longest pause of a caller that waits for another process's writer.
const FLUSH: (Duration, Duration) = (Duration::from_micros(20), Duration::from_millis(1));
/// That many panics within a minute, and records go to stderr.
const PANICS: usize = 3;

/// How a service is started.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceOptions {
    /// Join the election without a ring of its own: `yarder serve`, `yarder recover`.
    pub serve: bool,
    /// Start no thread: batches are written by `flush`, `sync_pass` and `stop` alone.
    pub callers_only: bool,
}

/// One per process and yard: the native thread, and the drain that callers may run themselves.
pub struct Service {
    yard: Arc<Yard>,
    engine: Mutex<Engine>,
    meters: Arc<Meters>,
    /// Rings that the engine has not seen yet: adopting one must not wait for a slow disk.
    inbox: Mutex<Vec<Arc<RingFile>>>,
    has_mail: AtomicBool,
    locals: Mutex<Vec<Arc<LocalDrain>>>,
    writer: AtomicBool,
    stop: AtomicBool,
    panics: Mutex<Vec<Instant>>,
    thread: Mutex<Option<(JoinHandle<()>, Thread)>>,
    ended: (Mutex<bool>, Condvar),
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("yard", &self.yard.path()).field("is_writer", &self.is_writer()).finish()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while it was held was caught and reported; what it left is reset, not feared.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn passed(ring: &RingFile, position: &Position) -> bool {
    // An unused head is the largest number: a ring without shared destinations has nothing to wait for.
    let heads = ring.heads(Head::Shared);
    heads.main >= position.main && heads.reserve >= position.reserve
}

impl Service {
    /// Starts the native thread, named `yarder`, all signals blocked.
    #[must_use]
    pub fn start(yard: Arc<Yard>, options: ServiceOptions) -> Arc<Service> {
        // What is worked out once is worked out here, in the calling thread: a fork while the native thread is at it
        // would leave the child waiting for the end of something that nobody does any more.
        quiet::install();
        crate::fault::read();
        let _ = (trace::is_enabled("", 0), Tz::parse("local"));
        let meters = Arc::new(Meters::default());
        let engine = Engine::new(Arc::clone(&yard), options.serve, Arc::clone(&meters), Instant::now());
        let service = Arc::new(Service {
            yard,
            engine: Mutex::new(engine),
            meters,
            inbox: Mutex::default(),
            has_mail: AtomicBool::new(false),
            locals: Mutex::default(),
            writer: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            panics: Mutex::default(),
            thread: Mutex::new(None),
            ended: (Mutex::new(false), Condvar::new()),
        });
        if options.callers_only {
            *lock(&service.ended.0) = true;
            return service;
        }
        let own = Arc::clone(&service);
        match sys::spawn_thread("yarder", move || own.run()) {
            Ok(handle) => {
                let thread = handle.thread().clone();
                *lock(&service.thread) = Some((handle, thread));
            }
            // Callers still drain by themselves: sync_pass, flush and stop need no thread.
            Err(error) => {
                *lock(&service.ended.0) = true;
                report::say(&format!("no thread for the writer ({error}); files are written at flush and at exit"));
            }
        }
        service
    }

    /// The yard it serves.
    #[must_use]
    pub fn yard(&self) -> &Arc<Yard> {
        &self.yard
    }

    /// Whether this process is the writer of its yard.
    #[must_use]
    pub fn is_writer(&self) -> bool {
        self.writer.load(Ordering::Relaxed)
    }

    /// Takes a ring of this process into care. Never waits for a pass.
    pub fn adopt(&self, ring: Arc<RingFile>) {
        lock(&self.inbox).push(ring);
        self.has_mail.store(true, Ordering::Release);
        self.wake();
    }

    /// Takes the local destinations of one of this process's rings into care.
    pub fn adopt_local(&self, local: Arc<LocalDrain>) {
        lock(&self.locals).push(local);
        self.wake();
    }

    /// Stops caring for local destinations, after a last drain.
    pub fn release_local(&self, local: &Arc<LocalDrain>) {
        lock(&self.locals).retain(|known| !Arc::ptr_eq(known, local));
        local.drain();
    }

    /// Wakes whoever is the writer, and this process's own thread.
    pub fn wake(&self) {
        self.yard.control().wake();
        if !self.is_writer() {
            if let Some((_, thread)) = &*lock(&self.thread) {
                thread.unpark();
            }
        }
    }

    /// What this process's writer did.
    #[must_use]
    pub fn stats(&self) -> WriterStats {
        self.meters.read()
    }

    /// Waits until every given ring is written up to its position; runs passes itself where this
    /// process is the writer. `false`: the time was over first.
    pub fn flush(&self, rings: &[(Arc<RingFile>, Position)], timeout: Duration) -> bool {
        self.drive(timeout, || rings.iter().all(|(ring, position)| passed(ring, position)))
    }

    /// The pass of `mode="sync"`: in the calling thread if this process is the writer, else a wait on
    /// the ring's own head. `false`: not written within `timeout`.
    #[inline]
    pub fn sync_pass(&self, ring: &Arc<RingFile>, position: Position, timeout: Duration) -> bool {
        if self.is_writer() {
            self.step();
            if passed(ring, &position) {
                return true;
            }
        }
        self.drive(timeout, || passed(ring, &position))
    }

    /// Passes, or waits for another's passes, until `done`.
    fn drive(&self, timeout: Duration, done: impl Fn() -> bool) -> bool {
        let mut until = None;
        let mut pause = FLUSH.0;
        loop {
            if done() {
                return true;
            }
            let pass = self.step();
            if done() {
                return true;
            }
            let now = Instant::now();
            if now >= *until.get_or_insert(now + timeout) {
                return false;
            }
            match pass {
                // There is more, or it was published just now.
                Pass::More | Pass::Done => continue,
                Pass::NotWriter => self.yard.control().wake(),
                Pass::Idle | Pass::Stuck => {}
            }
            std::thread::park_timeout(pause);
            pause = (pause * 2).min(FLUSH.1);
        }
    }

    /// Has every file of the yard rotated that has a line, whoever is the writer. `false`: not served in time.
    pub fn rotate(&self, timeout: Duration) -> bool {
        let number = self.yard.control().ask_rotation();
        self.drive(timeout, || self.yard.control().rotations_served() >= number)
    }

    /// Has every path of the yard looked up anew, as `logrotate` wants it after a rename. `false`: not served in time.
    pub fn reopen(&self, timeout: Duration) -> bool {
        let number = self.yard.control().ask_reopening();
        self.drive(timeout, || self.yard.control().reopenings_served() >= number)
    }

    /// Waits until the archives of this process's writer are compressed and expired. `false`: not in time.
    pub fn settle_archives(&self, timeout: Duration) -> bool {
        let keeper = Arc::clone(&lock(&self.engine).keeper);
        keeper.finish(timeout)
    }

    /// Ends the thread after a last drain of this process's rings; gives up the lock, so that another
    /// process may go on. `false`: something could not be written in time; it stays in its ring.
    pub fn stop(&self, timeout: Duration) -> bool {
        self.take_mail();
        let rings: Vec<_> = lock(&self.engine).adopted.clone();
        let rings: Vec<_> = rings
            .into_iter()
            .map(|ring| {
                let tail = ring.snapshot();
                let position = Position { main: tail.main, reserve: tail.reserve, sequence: ring.sequence() };
                (ring, position)
            })
            .collect();
        let drained = self.flush(&rings, timeout);
        let locals = lock(&self.locals).clone();
        locals.iter().for_each(|local| {
            local.drain();
        });
        self.stop.store(true, Ordering::Release);
        self.yard.control().wake();
        if let Some((_, thread)) = &*lock(&self.thread) {
            thread.unpark();
        }
        let ended = {
            let guard = lock(&self.ended.0);
            let limit = timeout.max(Duration::from_millis(100));
            let waited = self.ended.1.wait_timeout_while(guard, limit, |ended| !*ended);
            *waited.unwrap_or_else(PoisonError::into_inner).0
        };
        if !ended {
            // It hangs in a write; its lock goes with the process.
            return false;
        }
        let mut engine = lock(&self.engine);
        let settled = catch_unwind(AssertUnwindSafe(|| {
            quiet::during(|| {
                if engine.is_writer() {
                    engine.close(Instant::now());
                }
                engine.is_drained()
            })
        }));
        if settled.is_err() {
            self.panicked(&mut engine, Instant::now());
        }
        // A rotation just before the end is compressed too, if that is quick; else the next start does it.
        let keeper = Arc::clone(&engine.keeper);
        keeper.finish(timeout / 2);
        keeper.stop();
        engine.resign();
        self.writer.store(false, Ordering::Relaxed);
        drained && settled.unwrap_or(false)
    }

    fn take_mail(&self) {
        if self.has_mail.swap(false, Ordering::Acquire) {
            let mail = std::mem::take(&mut *lock(&self.inbox));
            let mut engine = lock(&self.engine);
            mail.into_iter().for_each(|ring| engine.adopt(ring));
        }
    }

    /// One batch, with panics caught: elect if needed, then pass.
    fn step(&self) -> Pass {
        if self.stop.load(Ordering::Relaxed) {
            return Pass::NotWriter;
        }
        if self.has_mail.load(Ordering::Relaxed) {
            self.take_mail();
        }
        let mut engine = lock(&self.engine);
        let now = Instant::now();
        if self.meters.degraded.load(Ordering::Relaxed) {
            return to_stderr(&mut engine);
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            quiet::during(|| {
                if !engine.is_writer() && !engine.elect(now) {
                    return Pass::NotWriter;
                }
                engine.pass(now)
            })
        }));
        match outcome {
            Ok(pass) => {
                // Only on a change: callers in sync mode read this line all the time.
                if engine.is_writer() != self.is_writer() {
                    self.writer.store(engine.is_writer(), Ordering::Relaxed);
                }
                pass
            }
            Err(_) => {
                self.panicked(&mut engine, now);
                Pass::More
            }
        }
    }

    /// A panic was caught: everything learned is forgotten, and the next step recovers like a successor.
    #[cold]
    fn panicked(&self, engine: &mut Engine, now: Instant) {
        engine.resign();
        self.writer.store(false, Ordering::Relaxed);
        add(&self.meters.panics, 1);
        self.yard.control().counter(counter::PANICS).fetch_add(1, Ordering::Relaxed);
        let mut panics = lock(&self.panics);
        panics.retain(|then| now.saturating_duration_since(*then) < Duration::from_secs(60));
        panics.push(now);
        let cause = quiet::take();
        if panics.len() >= PANICS {
            self.meters.degraded.store(true, Ordering::Relaxed);
            report::say(&format!("the writer panicked {PANICS} times in a minute ({cause}); records go to stderr now"));
        } else if panics.len() == 1 {
            report::say(&format!("the writer panicked ({cause}); nothing is lost, it starts again"));
        }
    }

    fn run(&self) {
        let mut last = Instant::now();
        while !self.stop.load(Ordering::Acquire) {
            let pass = self.step();
            let local = catch_unwind(AssertUnwindSafe(|| self.drain_locals())).unwrap_or(false);
            if local || matches!(pass, Pass::More | Pass::Done) {
                last = Instant::now();
            }
            if pass != Pass::More {
                self.rest(pass, last);
            }
        }
        *lock(&self.ended.0) = true;
        self.ended.1.notify_all();
        trace::event("writer", trace::INFO, || "the thread ends".to_owned());
    }

    fn drain_locals(&self) -> bool {
        let locals = lock(&self.locals);
        let mut any = false;
        for local in &*locals {
            any |= local.drain();
        }
        any
    }

    /// Waits for work: a normal record never wakes the writer, so it looks by itself.
    fn rest(&self, pass: Pass, last: Instant) {
        let pause = match last.elapsed().as_secs() {
            0 => BUSY,
            1 | 2 => QUIET,
            _ => IDLE,
        };
        if pass == Pass::NotWriter {
            let idle = lock(&self.locals).is_empty();
            std::thread::park_timeout(if idle { WAITING } else { pause.min(WAITING) });
            return;
        }
        let control = self.yard.control();
        let seen = control.wake_value();
        control.set_sleeping(true);
        // Whoever published before it could see us asleep is seen by this look.
        let work = pass != Pass::Stuck && lock(&self.engine).has_work();
        if work || self.stop.load(Ordering::Acquire) || self.has_mail.load(Ordering::Acquire) {
            control.set_sleeping(false);
            return;
        }
        control.wait_from(seen, pause);
    }
}

/// The last resort: records as human lines on stderr, heads moved, no files.
#[cold]
fn to_stderr(engine: &mut Engine) -> Pass {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let tz = Tz::utc();
        engine.pass_to_stderr(&mut Formatter::Human(Human::new(tz, false)))
    }));
    outcome.unwrap_or(Pass::NotWriter)
}

/// Panics of the writer are reported by its own line, not by Rust's message as well.
mod quiet {
    use std::cell::{Cell, RefCell};
    use std::sync::Once;

    thread_local! {
        static QUIET: Cell<bool> = const { Cell::new(false) };
        static CAUSE: RefCell<String> = const { RefCell::new(String::new()) };
    }

    static HOOK: Once = Once::new();

    /// Puts our hook before the one that prints panics.
    pub(super) fn install() {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                if QUIET.get() {
                    QUIET.set(false);
                    CAUSE.with(|cause| *cause.borrow_mut() = info.to_string().replace('\n', " "));
                } else {
                    before(info);
                }
            }));
        });
    }

    /// Runs `body`; a panic in it leaves its message for `take` instead of printing it.
    pub(super) fn during<T>(body: impl FnOnce() -> T) -> T {
        QUIET.set(true);
        let result = body();
        QUIET.set(false);
        result
    }

    /// The message of the last panic of this thread.
    pub(super) fn take() -> String {
        CAUSE.with(|cause| std::mem::take(&mut *cause.borrow_mut()))
    }
}
