//! The queue between a ring and a user's callable.
//!
//! Bounded, because a handler may hang: what does not fit is refused at once and counted by the caller.
//! The thread that runs the handler takes records out, and says when it is done with them, so that a
//! flush can wait for the call and not only for the hand-over.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::format::Source;

/// Bytes of records that wait in one queue, at most: long ones must not fill memory before the capacity says stop.
const MOST_BYTES: usize = 64 << 20;

/// One record on its way, with what its bytes do not say.
#[derive(Clone, Debug)]
pub struct Handed {
    /// The record as it stood in the ring.
    pub bytes: Box<[u8]>,
    /// Time of the call, nanoseconds since 1970.
    pub ns: u64,
    /// Whose ring it was.
    pub source: Arc<Source>,
}

/// Raw records on their way to one handler.
#[derive(Debug)]
pub struct HandlerQueue {
    capacity: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    records: VecDeque<Handed>,
    bytes: usize,
    /// Taken, not yet done.
    running: usize,
    lost: u64,
    closed: bool,
}

impl HandlerQueue {
    /// A queue for at most `capacity` records (at least one).
    #[must_use]
    pub fn new(capacity: usize) -> HandlerQueue {
        HandlerQueue { capacity: capacity.max(1), state: Mutex::default(), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a copy of a record. `false`: the queue is full or closed, and the record is counted lost.
    pub fn push(&self, record: &[u8], ns: u64, source: &Arc<Source>) -> bool {
        let mut state = self.state();
        let full = state.records.len() >= self.capacity || state.bytes + record.len() > MOST_BYTES;
        if state.closed || full {
            state.lost += 1;
            return false;
        }
        state.bytes += record.len();
        state.records.push_back(Handed { bytes: record.into(), ns, source: Arc::clone(source) });
        drop(state);
        self.changed.notify_all();
        true
    }

    /// Takes up to `most` records, waiting at most `timeout` for the first. Empty: none came, or closed.
    pub fn take(&self, timeout: Duration, most: usize) -> Vec<Handed> {
        let guard = self.state();
        let waited = self.changed.wait_timeout_while(guard, timeout, |state| state.records.is_empty() && !state.closed);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let count = state.records.len().min(most);
        state.running += count;
        let taken: Vec<Handed> = state.records.drain(..count).collect();
        state.bytes -= taken.iter().map(|handed| handed.bytes.len()).sum::<usize>();
        taken
    }

    /// The handler is through with `count` records, whether it liked them or not.
    pub fn done(&self, count: usize) {
        let mut state = self.state();
        state.running = state.running.saturating_sub(count);
        drop(state);
        self.changed.notify_all();
    }

    /// Whether nothing waits and nothing runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let state = self.state();
        state.records.is_empty() && state.running == 0
    }

    /// Waits until nothing waits and nothing runs; `false` when the time was over first.
    #[must_use]
    pub fn wait_idle(&self, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        let mut state = self.state();
        while !state.records.is_empty() || state.running > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state().records.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many were refused.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.state().lost
    }

    /// Refuses further records and wakes who waits; what is in the queue can still be taken.
    pub fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state().closed
    }
}
