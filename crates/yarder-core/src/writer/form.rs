//! From copied records to lines: merged by time, routed by plan, formatted for each file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use yarder_ring::layout::Reason;
use yarder_ring::Account;

use super::output::Output;
use super::tally::{Facilities, Whole};
use super::tracked::{stamp, Records, Tracked};
use crate::format::{Formatter, Tz};
use crate::plan::{Layout, Route};
use crate::record::{flag, RecordView};

/// Level of lines that tell of losses.
const WARNING: u8 = 4;

/// One plan, ready to be used.
pub(super) struct Served {
    pub(super) name: String,
    pub(super) route: Route,
    pub(super) targets: Vec<Target>,
}

/// One destination of a plan. Its formatters belong to the rings: a formatter keeps what is the same for
/// all records of one source, and rings take turns record by record.
pub(super) struct Target {
    pub(super) output: usize,
    pub(super) layout: Layout,
    pub(super) tz: Tz,
}

impl Target {
    pub(super) fn formatter(&self) -> Formatter {
        self.layout.formatter(&self.tz)
    }
}

/// What one batch is formed with.
pub(super) struct Form<'a> {
    pub(super) rings: &'a mut [Tracked],
    pub(super) plans: &'a mut [Served],
    pub(super) outputs: &'a mut [Output],
    /// Form for files that cannot be written now too: a recovery must make the same bytes again.
    pub(super) force: bool,
    /// Records that were no records.
    pub(super) corrupt: u64,
    /// Records formed.
    pub(super) records: u64,
    /// What the batch holds.
    pub(super) whole: Whole,
    pub(super) facilities: &'a mut Facilities,
}

/// Which of several rings has the next record: time, then producer; the order inside a ring is kept.
type Next = Reverse<(u64, u64, usize)>;

impl Form<'_> {
    /// Forms the batches of the `active` rings. `heap` is only room that is used again.
    pub(super) fn run(&mut self, active: &[usize], heap: &mut BinaryHeap<Next>) {
        if let [only] = active {
            let batch = std::mem::take(&mut self.rings[*only].batch);
            for record in Records::new(&batch) {
                let ns = self.rings[*only].clock.to_ns(stamp(record));
                self.record(*only, record, ns);
            }
            self.rings[*only].batch = batch;
            return;
        }
        self.merge(active, heap);
    }

    fn merge(&mut self, active: &[usize], heap: &mut BinaryHeap<Next>) {
        heap.clear();
        // Taken out for the time of the merge: the records are read while their rings' formatters write.
        let batches: Vec<_> = active.iter().map(|ring| std::mem::take(&mut self.rings[*ring].batch)).collect();
        let mut streams: Vec<_> = batches.iter().map(|batch| Records::new(batch)).collect();
        let mut next: Vec<_> = streams.iter_mut().map(Iterator::next).collect();
        for (stream, record) in next.iter().enumerate() {
            self.offer(active, stream, *record, heap);
        }
        while let Some(Reverse((ns, _, stream))) = heap.pop() {
            // Runs of one ring are common: while its next record is older than all others, no heap is asked.
            let mut ns = ns;
            while let Some(record) = next[stream] {
                self.record(active[stream], record, ns);
                next[stream] = streams[stream].next();
                let Some(record) = next[stream] else { break };
                let ring = &self.rings[active[stream]];
                ns = ring.clock.to_ns(stamp(record));
                if heap.peek().is_some_and(|Reverse(other)| *other < (ns, ring.info.producer, stream)) {
                    self.offer(active, stream, next[stream], heap);
                    break;
                }
            }
        }
        for (ring, batch) in active.iter().zip(batches) {
            self.rings[*ring].batch = batch;
        }
    }

    /// Puts the next record of a stream in line with the others'.
    fn offer(&self, active: &[usize], stream: usize, record: Option<&[u8]>, heap: &mut BinaryHeap<Next>) {
        if let Some(record) = record {
            let ring = &self.rings[active[stream]];
            heap.push(Reverse((ring.clock.to_ns(stamp(record)), ring.info.producer, stream)));
        }
    }

    #[inline]
    fn record(&mut self, ring: usize, record: &[u8], ns: u64) {
        let view = match RecordView::parse(record) {
            Ok(view) => view,
            Err(_) => return self.corrupt(ring, record, ns),
        };
        if view.flags() & flag::LOST != 0 || self.rings[ring].account.is_some() {
            self.losses(ring, &view, ns);
        }
        let Tracked { plan: Some(plan), formatters, source, tally, .. } = &mut self.rings[ring] else { return };
        let plan = &mut self.plans[*plan];
        self.records += 1;
        let facility = view.facility();
        let bit = tally.add(view.sequence(), facility, self.facilities);
        self.whole.add(ns, view.level(), bit);
        let mask = plan.route.mask(view.level(), facility) & !view.exclude();
        let mut left = mask;
        while left != 0 {
            let index = left.trailing_zeros() as usize;
            left &= left - 1;
            let output = &mut self.outputs[plan.targets[index].output];
            if !self.force && !output.is_healthy() {
                output.lose(1);
                tally.failed[index] += 1;
                continue;
            }
            formatters[index].line(&view, source, ns, &mut output.bytes);
            output.ends.push(output.bytes.len() as u32);
            tally.counts[index] += 1;
        }
    }

    /// The losses that a record carries: told wherever a warning would go, not only where their carrier goes.
    #[cold]
    #[inline(never)]
    fn losses(&mut self, ring: usize, view: &RecordView<'_>, ns: u64) {
        let Tracked { plan: Some(plan), formatters, source, account, tally, .. } = &mut self.rings[ring] else {
            return;
        };
        let plan = &mut self.plans[*plan];
        let mask = plan.route.mask(WARNING, view.facility());
        // Under `overwrite_oldest` the reader counts: what a record carries are totals.
        let counted = match account {
            Some(account) => match account.deliver(view.sequence(), view.loss()) {
                Some(losses) => Some(losses),
                None => return,
            },
            None => None,
        };
        match &counted {
            Some(losses) => losses.iter().enumerate().for_each(|(reason, count)| tally.lose(reason as u8, *count)),
            None => view.loss().for_each(|(reason, count)| tally.lose(reason, count)),
        }
        self.whole.add(ns, WARNING, 0);
        each(mask, &plan.targets, formatters, self.outputs, self.force, |formatter, output| {
            output.told += match &counted {
                Some(losses) => formatter.counted(losses, view.sequence(), source, ns, &mut output.bytes),
                None => formatter.losses(view, source, ns, &mut output.bytes),
            } as u64;
        });
    }

    /// A record whose frame is whole but whose content is not: told like a loss.
    #[cold]
    fn corrupt(&mut self, ring: usize, record: &[u8], ns: u64) {
        self.corrupt += 1;
        let Tracked { plan: Some(plan), formatters, source, account, tally, .. } = &mut self.rings[ring] else {
            return;
        };
        if let Some(account) = account {
            account.deliver_corrupt();
        }
        tally.lose(Reason::Corrupt as u8, 1);
        self.whole.add(ns, WARNING, 0);
        let plan = &mut self.plans[*plan];
        let sequence =
            record.get(8..16).and_then(|bytes| bytes.first_chunk::<8>()).map_or(0, |b| u64::from_le_bytes(*b));
        let mask = plan.route.mask(WARNING, b"");
        each(mask, &plan.targets, formatters, self.outputs, self.force, |formatter, output| {
            formatter.loss(Reason::Corrupt as u8, 1, sequence, source, ns, &mut output.bytes);
            output.told += 1;
        });
    }

    /// A batch that a predecessor began is formed again, but not whole: the rest of what it held was overwritten since.
    pub(super) fn gone(&mut self, ring: usize, upto: &Account, ns: u64) {
        let Tracked { plan: Some(plan), formatters, source, info, account, tally, .. } = &mut self.rings[ring] else {
            return;
        };
        let plan = &mut self.plans[*plan];
        let mask = plan.route.mask(WARNING, info.app.as_bytes());
        let losses = account.as_mut().and_then(|account| account.finish(upto.last, &upto.told));
        let Some(losses) = losses else { return };
        losses.iter().enumerate().for_each(|(reason, count)| tally.lose(reason as u8, *count));
        self.whole.add(ns, WARNING, 0);
        each(mask, &plan.targets, formatters, self.outputs, self.force, |formatter, output| {
            let lines = formatter.counted(&losses, upto.last.wrapping_add(1), source, ns, &mut output.bytes);
            output.told += lines as u64;
        });
    }

    /// The last losses of a ring that ended: no record will come to carry them.
    pub(super) fn final_losses(&mut self, ring: usize, ns: u64) {
        let Tracked { plan: Some(plan), formatters, source, info, ring, account, tally, .. } = &mut self.rings[ring]
        else {
            return;
        };
        let plan = &mut self.plans[*plan];
        let mask = plan.route.mask(WARNING, info.app.as_bytes());
        let mut sequence = ring.sequence();
        let pending = ring.lost_pending();
        let losses = match account {
            Some(account) => account.finish(sequence, &pending).unwrap_or_default(),
            None => pending,
        };
        for (reason, count) in losses.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            // Nobody loses more than there was: a header that was scribbled over must not tell stories.
            let count = count.min(ring.sequence());
            tally.lose(reason as u8, count);
            self.whole.add(ns, WARNING, 0);
            each(mask, &plan.targets, formatters, self.outputs, self.force, |formatter, output| {
                formatter.loss(reason as u8, count, sequence, source, ns, &mut output.bytes);
                output.told += 1;
            });
            // One id a line: the lost records themselves have no line that could claim theirs.
            sequence = sequence.wrapping_sub(1);
        }
    }
}

/// Calls `tell` for each destination of `mask` that takes bytes.
fn each(
    mask: u16,
    targets: &[Target],
    formatters: &mut [Formatter],
    outputs: &mut [Output],
    force: bool,
    mut tell: impl FnMut(&mut Formatter, &mut Output),
) {
    for (index, (target, formatter)) in targets.iter().zip(formatters).enumerate() {
        let output = &mut outputs[target.output];
        if mask & (1 << index) != 0 && (force || output.is_healthy()) {
            tell(formatter, output);
        }
    }
}
