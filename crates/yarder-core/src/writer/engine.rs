//! The pass: from tails to heads. Whoever holds the drain mutex runs it, the native thread or a caller
//! in `mode="sync"`; nothing here waits, sleeps or scans unless it is time to.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::{Duration, Instant};

use yarder_ring::clock::ClockPair;
use yarder_ring::layout::TAG_FINAL_LOSS;
use yarder_ring::{sys, Intent, IntentState, RingError, RingFile, WriterLock, Yard, INTENT_FILES};

use super::form::{Form, Served};
use super::output::{Output, Progress, Teller};
use super::stats::{add, counter, Meters};
use super::tally::{Facilities, Whole};
use super::tracked::{stamp, Records, Tracked};
use crate::archive::Keeper;
use crate::fault::{self, Stage};
use crate::format::Source;
use crate::report::Reporter;
use crate::trace;

/// Slots of a batch, over all rings: about a megabyte, half of a default ring. Larger writes cost the page
/// cache less a byte (measured: 4096 is 10 % cheaper a record than 512); smaller ones give a waiting producer
/// room earlier.
const BATCH_SLOTS: usize = 4096;

/// Fewest slots of one ring in a batch.
const SHARE: usize = 64;

/// How often a process that is not the writer tries to become it.
const ELECTION: Duration = Duration::from_millis(25);

/// What a pass came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// Another process is the writer, or nobody wants one here.
    NotWriter,
    /// Nothing to do.
    Idle,
    /// A batch was written, and there is no more.
    Done,
    /// A batch was written, and there is more.
    More,
    /// Something cannot be written now.
    Stuck,
}

pub(super) struct Engine {
    pub(super) yard: Arc<Yard>,
    pub(super) host: String,
    pub(super) lock: Option<WriterLock>,
    pub(super) serve: bool,
    pub(super) adopted: Vec<Arc<RingFile>>,
    pub(super) rings: Vec<Tracked>,
    pub(super) plans: Vec<Served>,
    pub(super) outputs: Vec<Output>,
    pub(super) meters: Arc<Meters>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) pairs: Vec<ClockPair>,
    pub(super) pair_count: u32,
    pub(super) intent: Intent,
    /// The intent is PREPARED and its writes are not all done.
    pub(super) pending: bool,
    /// Rings of the batch.
    pub(super) active: Vec<usize>,
    pub(super) records: u64,
    /// The batch was begun by a predecessor.
    pub(super) recovering: bool,
    pub(super) generation: u64,
    pub(super) looked: Instant,
    pub(super) paired: Instant,
    pub(super) unlinked: bool,
    pub(super) plan_reporter: Reporter,
    pub(super) facilities: Facilities,
    /// What the batch holds.
    pub(super) whole: Whole,
    heap: BinaryHeap<Reverse<(u64, u64, usize)>>,
    elected: Option<Instant>,
    /// Who speaks in lines about the writer's own losses.
    source: Source,
}

impl Engine {
    pub(super) fn new(yard: Arc<Yard>, serve: bool, meters: Arc<Meters>, now: Instant) -> Engine {
        let host = sys::hostname();
        let app = yard.path().file_name().map_or_else(|| "yarder".into(), |name| name.to_string_lossy().into_owned());
        let own = Arc::clone(&yard);
        Engine {
            source: Source::new(&app, sys::pid(), &host, 0, "yarder"),
            generation: yard.control().rings_generation().wrapping_sub(1),
            yard,
            keeper: Keeper::new(own, Arc::clone(&meters.keeper)),
            host,
            lock: None,
            serve,
            adopted: Vec::new(),
            rings: Vec::new(),
            plans: Vec::new(),
            outputs: Vec::new(),
            meters,
            pairs: Vec::new(),
            pair_count: 0,
            intent: Intent::default(),
            pending: false,
            active: Vec::new(),
            records: 0,
            recovering: false,
            looked: now,
            paired: now,
            unlinked: false,
            plan_reporter: Reporter::default(),
            facilities: Facilities::default(),
            whole: Whole::default(),
            heap: BinaryHeap::new(),
            elected: None,
        }
    }

    /// Takes note of a ring of this process.
    pub(super) fn adopt(&mut self, ring: Arc<RingFile>) {
        self.adopted.push(ring);
        // The next pass looks the yard over.
        self.generation = self.generation.wrapping_sub(1);
    }

    pub(super) fn is_writer(&self) -> bool {
        self.lock.is_some()
    }

    fn wants_election(&self) -> bool {
        self.serve || self.adopted.iter().any(|ring| !ring.info().plan.is_empty())
    }

    /// Tries to become the writer, if it is time to. Nobody blocks in a lock call.
    pub(super) fn elect(&mut self, now: Instant) -> bool {
        if self.is_writer() {
            return true;
        }
        if self.elected.is_some_and(|last| now.saturating_duration_since(last) < ELECTION) || !self.wants_election() {
            return false;
        }
        self.elected = Some(now);
        match self.yard.try_lock_writer() {
            Ok(Some(lock)) => {
                self.lock = Some(lock);
                let control = self.yard.control();
                control.set_writer(sys::pid(), sys::start_time());
                trace::event("writer", trace::INFO, || format!("writer of {}", self.yard.path().display()));
                self.recover(now);
                self.yard.sweep();
                true
            }
            Ok(None) => false,
            Err(error) => {
                self.plan_reporter.report(now, || format!("cannot ask for the writer's lock: {error}"));
                false
            }
        }
    }

    /// Gives the lock back and forgets everything that was learned, as a death would.
    pub(super) fn resign(&mut self) {
        self.rings.clear();
        self.plans.clear();
        self.outputs.iter_mut().for_each(|output| output.book.give_back());
        self.outputs.clear();
        self.active.clear();
        self.pending = false;
        self.recovering = false;
        self.pairs.clear();
        self.pair_count = 0;
        self.generation = self.yard.control().rings_generation().wrapping_sub(1);
        self.elected = None;
        if self.lock.is_some() {
            // Before the lock is free: the next holder's name must not be wiped out.
            self.yard.control().set_writer(0, 0);
        }
        self.lock = None;
    }

    /// One batch of one pass.
    pub(super) fn pass(&mut self, now: Instant) -> Pass {
        if !self.is_writer() {
            return Pass::NotWriter;
        }
        if self.pending && !self.push(now) {
            return Pass::Stuck;
        }
        self.keep_house(now);
        if self.has_requests() {
            self.serve_requests(now);
        }
        fault::point(Stage::Snapshot);
        self.select();
        if self.active.is_empty() {
            // A ring that just became empty for ever goes at once; later tries are house-keeping.
            if self.rings.iter().any(|ring| ring.ended && !ring.tried && ring.is_spent()) {
                self.retire();
            }
            return Pass::Idle;
        }
        if !self.make_ready(now) {
            return Pass::Stuck;
        }
        let more = self.copy();
        if self.active.is_empty() {
            return Pass::Idle;
        }
        self.form(false);
        self.skip_known();
        self.turn_due(now);
        if !self.commit(now) {
            return Pass::Stuck;
        }
        if more {
            Pass::More
        } else {
            Pass::Done
        }
    }

    /// Whether a pass would find something; reads tails only.
    pub(super) fn has_work(&self) -> bool {
        self.generation != self.yard.control().rings_generation()
            || self.has_requests()
            || self.rings.iter().any(|ring| ring.plan.is_some() && ring.ring.snapshot() != ring.head)
    }

    /// Reads all tails; rings with something to take become active.
    fn select(&mut self) {
        self.active.clear();
        for (index, ring) in self.rings.iter_mut().enumerate() {
            if ring.plan.is_none() {
                continue;
            }
            ring.upto = ring.consumer.snapshot();
            ring.flags = 0;
            if ring.upto != ring.head {
                self.active.push(index);
            } else if ring.ended && ring.owes_final() {
                ring.flags = TAG_FINAL_LOSS;
                self.active.push(index);
            }
        }
    }

    /// Opens and heals the files of the active rings, and leaves out rings that must wait for one.
    fn make_ready(&mut self, now: Instant) -> bool {
        let Engine { active, rings, plans, outputs, source, host, yard, .. } = self;
        let control = yard.control();
        let mut files = 0;
        active.retain(|index| {
            let ring = &rings[*index];
            let Some(plan) = ring.plan.map(|plan| &mut plans[plan]) else { return false };
            // More files than an intent can name: the rest waits for the next batch.
            files += plan.targets.len();
            if files > INTENT_FILES && files > plan.targets.len() {
                return false;
            }
            let (mut ready, mut failing) = (0, 0);
            for target in &plan.targets {
                let teller = Teller { target, source };
                if outputs[target.output].make_ready(host, now, &teller) {
                    outputs[target.output].open_book(control);
                    ready += 1;
                } else {
                    failing += 1;
                }
            }
            if failing == 0 {
                return true;
            }
            // Records wait while there is room to wait in. Then the files that work go on alone.
            let over = plan.targets.iter().all(|target| {
                let output = &outputs[target.output];
                output.is_healthy() || output.is_given_up()
            });
            if ready > 0 && (over || ring.quarters() >= 3) {
                plan.targets.iter().for_each(|target| outputs[target.output].set_given_up());
                return true;
            }
            false
        });
        !active.is_empty()
    }

    /// Slots of a batch: fewer where a file is to stay small, since a batch is never parted between two files.
    fn batch_slots(&self) -> usize {
        let sizes = self.outputs.iter().filter_map(|output| output.rotator.options.rotate.size);
        sizes.min().map_or(BATCH_SLOTS, |size| BATCH_SLOTS.min(size as usize / 1024))
    }

    /// Copies a share of each active ring; a ring that breaks a rule is set aside.
    fn copy(&mut self) -> bool {
        fault::point(Stage::Merge);
        let slots = self.batch_slots();
        let least = if slots < BATCH_SLOTS { 1 } else { SHARE };
        let share = (slots / self.active.len().max(1)).max(least);
        let mut more = false;
        let mut corrupt = Vec::new();
        for index in &self.active {
            let ring = &mut self.rings[*index];
            match ring.copy(share) {
                Ok(()) => more |= ring.new != ring.upto,
                Err(error) => corrupt.push((*index, error)),
            }
        }
        if !corrupt.is_empty() {
            self.active.retain(|index| corrupt.iter().all(|(bad, _)| bad != index));
            // From the back: removing moves the last ring into the gap.
            corrupt.sort_by_key(|(index, _)| Reverse(*index));
            for (index, error) in corrupt {
                let last = self.rings.len() - 1;
                self.quarantine(index, &error.to_string());
                self.active.iter_mut().filter(|active| **active == last).for_each(|active| *active = index);
            }
        }
        more
    }

    /// Makes the copied records into the bytes of every file.
    pub(super) fn form(&mut self, force: bool) {
        fault::point(Stage::Format);
        self.outputs.iter_mut().for_each(Output::clear);
        let Engine { rings, plans, outputs, active, heap, pairs, facilities, .. } = self;
        active.iter().for_each(|index| {
            rings[*index].begin_account();
            rings[*index].tally.clear();
        });
        let whole = Whole::default();
        let mut form = Form { rings, plans, outputs, force, corrupt: 0, records: 0, whole, facilities };
        form.run(active, heap);
        for index in active.iter() {
            if form.rings[*index].flags & TAG_FINAL_LOSS == 0 {
                continue;
            }
            // A time that a successor finds again: the newest of the pairs the intent names.
            let made = form.rings[*index].info.pair.realtime_ns;
            form.final_losses(*index, pairs.last().map_or(made, |pair| pair.realtime_ns));
        }
        self.records = form.records;
        self.whole = form.whole;
        if form.corrupt > 0 {
            self.yard.control().counter(counter::CORRUPT).fetch_add(form.corrupt, Ordering::Relaxed);
        }
    }

    /// Says what will be written, writes it, and moves the heads.
    fn commit(&mut self, now: Instant) -> bool {
        self.intent.files.clear();
        self.intent.files.extend(self.outputs.iter_mut().filter_map(Output::intend));
        if self.intent.files.is_empty() {
            // Nobody wanted these records: there is nothing a successor could double.
            self.keep_books();
            self.advance();
            return true;
        }
        self.intent.sequence += 1;
        self.intent.pairs = self.pair_count;
        self.intent.state = IntentState::Prepared;
        for index in &self.active {
            let ring = &self.rings[*index];
            ring.consumer.tag(self.intent.sequence, ring.new, ring.flags, ring.account.as_ref());
        }
        if let Err(error) = self.yard.control().prepare(&self.intent) {
            // Cannot happen: the number of files is bounded above. The records stay in their rings.
            self.plan_reporter.report(now, || format!("a batch cannot be prepared: {error}"));
            self.outputs.iter_mut().for_each(Output::clear);
            return false;
        }
        fault::point(Stage::Prepare);
        self.pending = true;
        self.push(now)
    }

    /// Goes on with a prepared batch. `false`: a file does not take its bytes now.
    pub(super) fn push(&mut self, now: Instant) -> bool {
        let mut stuck = false;
        for output in &mut self.outputs {
            stuck |= !output.write(&self.host, now);
            fault::point(Stage::File);
        }
        if stuck && !self.give_up() {
            return false;
        }
        self.keep_books();
        let control = self.yard.control();
        control.written();
        fault::point(Stage::Written);
        self.advance();
        self.yard.control().clear();
        self.pending = false;
        true
    }

    /// A file that fails while others could work and a ring runs full is left behind.
    fn give_up(&mut self) -> bool {
        let Engine { rings, plans, outputs, .. } = self;
        let stuck = |output: &Output| !matches!(output.progress, Progress::Done);
        let others = rings
            .iter()
            .filter_map(|ring| ring.plan)
            .any(|plan| plans[plan].targets.iter().any(|target| !stuck(&outputs[target.output])));
        if !others || !rings.iter().any(|ring| ring.quarters() >= 3) {
            return false;
        }
        for output in outputs.iter_mut().filter(|output| stuck(output)) {
            let lost = output.give_up();
            self.yard.control().counter(counter::WRITE_ERROR).fetch_add(lost, Ordering::Relaxed);
        }
        true
    }

    /// Moves the heads past the batch and counts it.
    pub(super) fn advance(&mut self) {
        let (mut oldest, mut inherited) = (u64::MAX, 0);
        for ring in self.active.iter().map(|index| &self.rings[*index]) {
            let mut records = Records::new(&ring.batch);
            oldest = records.next().map_or(oldest, |first| oldest.min(ring.clock.to_ns(stamp(first))));
            if ring.is_orphan() {
                inherited += Records::new(&ring.batch).count() as u64;
            }
        }
        for (place, index) in self.active.iter().enumerate() {
            self.rings[*index].advance();
            if place == 0 {
                fault::point(Stage::Heads);
            }
        }
        let bytes: usize = self.outputs.iter().map(|output| output.bytes.len()).sum();
        let control = self.yard.control();
        let count = |own: &std::sync::atomic::AtomicU64, index: usize, amount: u64| {
            add(own, amount);
            control.counter(index).fetch_add(amount, Ordering::Relaxed);
        };
        count(&self.meters.written, counter::WRITTEN, self.records);
        count(&self.meters.bytes, counter::BYTES, bytes as u64);
        count(&self.meters.passes, counter::PASSES, 1);
        // A batch that a dead writer began counts whole, whoever its records came from.
        let recovered = if std::mem::take(&mut self.recovering) { self.records } else { inherited };
        count(&self.meters.recovered, counter::RECOVERED, recovered);
        let latency = sys::realtime_ns().saturating_sub(oldest);
        self.outputs.iter().filter(|output| !output.bytes.is_empty()).for_each(|output| output.took(latency));
        self.active.clear();
        self.outputs.iter_mut().for_each(Output::clear);
    }

    /// Whether every ring of this process is drained.
    pub(super) fn is_drained(&self) -> bool {
        self.adopted.iter().all(|ring| {
            let (tail, head) = (ring.snapshot(), ring.heads(yarder_ring::Head::Shared));
            head.main >= tail.main && head.reserve >= tail.reserve
        })
    }

    pub(super) fn report_ring(&mut self, now: Instant, what: &str, error: &RingError) {
        self.plan_reporter.report(now, || format!("{what}: {error}"));
    }
}
