//! The ends of a writer: an orderly one, and the one after too many panics.

use std::sync::Arc;
use std::time::Instant;

use super::engine::{Engine, Pass};
use super::tracked::{stamp, Records};
use crate::format::Formatter;
use crate::record::RecordView;
use crate::trace;

/// Batches that an ending writer still writes; the next writer takes the rest.
const CLOSING: usize = 64;

impl Engine {
    /// Before the lock is given back: last losses written, own closed rings removed, bytes synced as promised.
    pub(super) fn close(&mut self, now: Instant) {
        if self.pending && !self.push(now) {
            return;
        }
        self.scan();
        // Last losses of rings that were closed. Other processes may log on, so not without end.
        for _ in 0..CLOSING {
            if self.pass(now) != Pass::More {
                break;
            }
        }
        self.retire();
        self.keep_archives(now);
        self.close_books(true);
        for segment in self.outputs.iter_mut().filter_map(|output| output.segment.as_mut()) {
            if segment.wants_sync() {
                let _ = segment.file().sync_data();
            }
        }
    }

    /// Takes everything out of the rings and shows it on stderr. The batch that an intent names may
    /// partly stand in a file; a doubled line is better than none.
    pub(super) fn pass_to_stderr(&mut self, formatter: &mut Formatter) -> Pass {
        if !self.is_writer() {
            match self.yard.try_lock_writer() {
                Ok(Some(lock)) => self.lock = Some(lock),
                _ => return Pass::NotWriter,
            }
            for path in self.yard.rings().unwrap_or_default() {
                if !self.rings.iter().any(|ring| ring.path() == Some(&path)) {
                    self.open_ring(&path);
                }
            }
            self.yard.control().clear();
        }
        for ring in self.adopted.clone() {
            if !self.rings.iter().any(|known| Arc::ptr_eq(&known.ring, &ring)) {
                self.track(ring, true);
            }
        }
        let mut any = false;
        let mut lines = Vec::new();
        for ring in &mut self.rings {
            ring.upto = ring.consumer.snapshot();
            if !ring.is_shared() || ring.upto == ring.head || ring.copy(usize::MAX).is_err() {
                continue;
            }
            ring.begin_account();
            for record in Records::new(&ring.batch) {
                if let Ok(view) = RecordView::parse(record) {
                    let ns = ring.clock.to_ns(stamp(record));
                    match &mut ring.account {
                        None => drop(formatter.losses(&view, &ring.source, ns, &mut lines)),
                        Some(account) => {
                            if let Some(losses) = account.deliver(view.sequence(), view.loss()) {
                                formatter.counted(&losses, view.sequence(), &ring.source, ns, &mut lines);
                            }
                        }
                    }
                    formatter.line(&view, &ring.source, ns, &mut lines);
                }
            }
            trace::to_stderr(&lines);
            lines.clear();
            ring.flags = 0;
            ring.advance();
            any = true;
        }
        if any {
            Pass::Done
        } else {
            Pass::Idle
        }
    }
}
