//! One ring's local destinations, served by whoever has time: the process's native thread or a caller.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use yarder_ring::clock::Clock;
use yarder_ring::layout::{Reason, REASONS};
use yarder_ring::{sys, Account, Consumer, Head, Position, RingFile, Snapshot};

use super::{Console, HandlerQueue};
use crate::format::{Formatter, Source};
use crate::plan::Route;
use crate::record::{flag, RecordView};

/// Slots that are copied at once: little, so that a caller that drains its own record is quick.
const BATCH_SLOTS: usize = 512;

/// Level of lines that tell of losses.
const WARNING: u8 = 4;

/// Index of `local_slow` and `handler_slow` in a ring's local losses.
const LOCAL_SLOW: usize = 0;
const HANDLER_SLOW: usize = 1;

/// Which records a local destination takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFilter {
    /// The least severe level, -1 for none.
    pub level: i8,
    /// When present, only these facilities (dotted prefixes, the longest wins), each with its level.
    pub facilities: Option<BTreeMap<String, i8>>,
}

impl Default for LocalFilter {
    fn default() -> Self {
        LocalFilter { level: 8, facilities: None }
    }
}

/// Names one destination of a drain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OutletId(u64);

/// The local destinations of one ring.
#[derive(Debug)]
pub struct LocalDrain {
    ring: Arc<RingFile>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    consumer: Consumer,
    source: Arc<Source>,
    clock: Clock,
    /// Under `overwrite_oldest`: what is delivered or told.
    account: Option<Account>,
    batch: Vec<u8>,
    outlets: Vec<Outlet>,
    next: u64,
}

#[derive(Debug)]
struct Outlet {
    id: OutletId,
    route: Route,
    kind: Kind,
}

/// Losses to tell of before a record.
enum Told {
    Nothing,
    /// Those in its loss section.
    Carried,
    /// Those that the reader counted.
    Counted([u64; REASONS]),
}

#[derive(Debug)]
enum Kind {
    Console(Console),
    Text { formatter: Formatter, text: Vec<u8> },
    Handler(Arc<HandlerQueue>),
}

impl LocalDrain {
    /// The drain of a ring of this process; reads by its local head.
    #[must_use]
    pub fn new(ring: Arc<RingFile>) -> LocalDrain {
        let info = ring.info();
        let inner = Inner {
            consumer: Consumer::new(Arc::clone(&ring), Head::Local),
            source: Arc::new(Source::new(&info.app, info.pid, &info.hostname, info.producer, &info.process)),
            clock: Clock::new(info.pair, info.counter_hz, &[]),
            account: ring.has_accounts().then(|| ring.account(Head::Local)),
            batch: Vec::new(),
            outlets: Vec::new(),
            next: 0,
        };
        LocalDrain { ring, inner: Mutex::new(inner) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ring it reads.
    #[must_use]
    pub fn ring(&self) -> &Arc<RingFile> {
        &self.ring
    }

    fn add(&self, filter: &LocalFilter, kind: Kind) -> OutletId {
        let mut inner = self.inner();
        let id = OutletId(inner.next);
        inner.next += 1;
        let route = Route::of([(filter.level, filter.facilities.as_ref())]);
        inner.outlets.push(Outlet { id, route, kind });
        id
    }

    /// Adds a console.
    pub fn add_console(&self, console: Console, filter: &LocalFilter) -> OutletId {
        self.add(filter, Kind::Console(console))
    }

    /// Adds a destination whose lines are taken as text by [`LocalDrain::take_text`]: a stream object of
    /// the interpreter, which only a thread that holds the interpreter may write.
    pub fn add_text(&self, formatter: Formatter, filter: &LocalFilter) -> OutletId {
        self.add(filter, Kind::Text { formatter, text: Vec::new() })
    }

    /// Adds a handler.
    pub fn add_handler(&self, queue: Arc<HandlerQueue>, filter: &LocalFilter) -> OutletId {
        self.add(filter, Kind::Handler(queue))
    }

    /// Removes a destination; what it did not take yet is gone.
    pub fn remove(&self, id: OutletId) -> bool {
        let mut inner = self.inner();
        let before = inner.outlets.len();
        inner.outlets.retain(|outlet| outlet.id != id);
        inner.outlets.len() != before
    }

    /// Appends the lines of a text destination that were not taken yet. `false`: there were none.
    pub fn take_text(&self, id: OutletId, into: &mut String) -> bool {
        let mut inner = self.inner();
        let found = inner.outlets.iter_mut().find(|outlet| outlet.id == id);
        let Some(Outlet { kind: Kind::Text { text, .. }, .. }) = found else { return false };
        into.push_str(&String::from_utf8_lossy(text));
        let any = !text.is_empty();
        text.clear();
        any
    }

    /// Hands out what is in the ring, as far as the destinations take it now; never waits for one.
    /// `true`: something was handed out. Callable from any thread.
    pub fn drain(&self) -> bool {
        let mut inner = self.inner();
        let mut any = false;
        while inner.step(&self.ring, Instant::now()) {
            any = true;
        }
        any
    }

    /// Whether everything up to `position` is out; what a stuck console lost counts as out.
    #[must_use]
    pub fn idle_after(&self, position: &Position) -> bool {
        let inner = self.inner();
        let heads = inner.consumer.heads();
        let waiting = |outlet: &Outlet| matches!(&outlet.kind, Kind::Console(console) if console.is_waiting());
        heads.main >= position.main && heads.reserve >= position.reserve && !inner.outlets.iter().any(waiting)
    }

    /// Whether the ring holds nothing for the local destinations.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        let tail = self.ring.snapshot();
        self.idle_after(&Position { main: tail.main, reserve: tail.reserve, sequence: 0 })
    }
}

impl Inner {
    /// One batch. `false`: nothing there, or a console is waited for.
    fn step(&mut self, ring: &RingFile, now: Instant) -> bool {
        let waiting = self.push(ring, now);
        if waiting {
            return false;
        }
        let upto = self.consumer.snapshot();
        let head = self.consumer.heads();
        if upto == head || head.main == u64::MAX {
            return false;
        }
        self.batch.clear();
        let new = match self.consumer.copy_batch(&upto, BATCH_SLOTS, &mut self.batch) {
            Ok(new) => new,
            // Our own ring is damaged; the writer sets it aside. Here it is passed over.
            Err(_) => Snapshot { ..upto },
        };
        self.hand_out(ring);
        if let Some(account) = &self.account {
            self.consumer.store_account(account);
        }
        self.consumer.advance(new);
        self.consumer.seek(new);
        self.push(ring, now);
        true
    }

    /// Writes what the consoles take. `true`: one of them makes records wait.
    fn push(&mut self, ring: &RingFile, now: Instant) -> bool {
        let mut waiting = false;
        for outlet in &mut self.outlets {
            let Kind::Console(console) = &mut outlet.kind else { continue };
            let lost = console.push(now);
            if lost > 0 {
                ring.count_local_lost(LOCAL_SLOW, lost);
            }
            let lost = console.take_lost();
            if lost > 0 {
                let ns = sys::realtime_ns();
                let (formatter, rest) = console.formatter();
                formatter.loss(Reason::LocalSlow as u8, lost, ns, &self.source, ns, rest);
                console.push(now);
            }
            waiting |= console.is_waiting();
        }
        waiting
    }

    fn hand_out(&mut self, ring: &RingFile) {
        let Inner { outlets, batch, clock, source, account, .. } = self;
        for raw in yarder_ring::Batch::new(batch) {
            let Ok(view) = RecordView::parse(raw.bytes) else {
                account.iter_mut().for_each(Account::deliver_corrupt);
                continue;
            };
            let ns = clock.to_ns(raw.stamp);
            let told = match account {
                Some(account) => account.deliver(view.sequence(), view.loss()).map_or(Told::Nothing, Told::Counted),
                None if view.flags() & flag::LOST != 0 => Told::Carried,
                None => Told::Nothing,
            };
            for outlet in outlets.iter_mut() {
                let mut takes = |level| outlet.route.mask(level, view.facility()) != 0;
                let wanted = takes(view.level());
                let losses = if takes(WARNING) { &told } else { &Told::Nothing };
                outlet.kind.take(ring, &view, raw.bytes, source, ns, (wanted, losses));
            }
        }
    }
}

impl Kind {
    /// One record for one destination: its losses and itself, each if wanted.
    fn take(
        &mut self,
        ring: &RingFile,
        view: &RecordView<'_>,
        bytes: &[u8],
        source: &Arc<Source>,
        ns: u64,
        (wanted, losses): (bool, &Told),
    ) {
        let (formatter, out) = match self {
            Kind::Handler(queue) => {
                if wanted && !queue.push(bytes, ns, source) {
                    ring.count_local_lost(HANDLER_SLOW, 1);
                }
                return;
            }
            Kind::Console(console) if console.is_stuck() => {
                if wanted {
                    console.lose();
                    ring.count_local_lost(LOCAL_SLOW, 1);
                }
                return;
            }
            Kind::Console(console) => console.formatter(),
            Kind::Text { formatter, text } => (formatter, text),
        };
        match losses {
            Told::Nothing => {}
            Told::Carried => drop(formatter.losses(view, source, ns, out)),
            Told::Counted(losses) => drop(formatter.counted(losses, view.sequence(), source, ns, out)),
        }
        if wanted {
            formatter.line(view, source, ns, out);
        }
    }
}
