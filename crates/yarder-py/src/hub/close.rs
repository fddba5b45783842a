//! The end of a ring: what it holds goes to its destinations, then it is given back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use yarder_ring::layout::{Reason, State as RingState};
use yarder_ring::{sys, Position};

use super::{consoles, services, Hub, Live, State};
use crate::gil::without_gil;

/// How often a waiting `flush` looks at the local destinations.
const LOOK: Duration = Duration::from_millis(1);

/// Waits until everything this process logged before is in every destination. False: not within `timeout`.
///
/// # Safety
/// The GIL is held and given up meanwhile; `hub` lives.
pub(crate) unsafe fn flush(py: Python<'_>, hub: *mut Hub, timeout: Duration) -> bool {
    // SAFETY: as the caller promises; no reference into the hub is alive while the GIL is given up.
    unsafe {
        consoles::flush(py, hub);
        let Some(live) = &(*hub).live else { return true };
        if live.pid != sys::pid() {
            // A forked child that has not logged yet: what was logged is the parent's.
            return true;
        }
        let wait = Wait::of(py, live);
        let done = without_gil(|| wait.run(timeout));
        consoles::flush(py, hub);
        done
    }
}

/// What a flush waits for.
struct Wait {
    live: (Arc<yarder_ring::RingFile>, Arc<yarder_core::writer::Service>),
    local: Option<Arc<yarder_core::local::LocalDrain>>,
    queues: Vec<Arc<yarder_core::local::HandlerQueue>>,
    position: Position,
}

impl Wait {
    fn of(_py: Python<'_>, live: &Live) -> Wait {
        let tail = live.ring.snapshot();
        // A handler that flushes would wait for itself.
        let own = sys::tid();
        let queues = live.queues.iter().map(|(queue, _)| queue.get());
        Wait {
            live: (Arc::clone(&live.ring), Arc::clone(&live.service)),
            local: live.local.clone(),
            queues: queues.filter(|queue| !queue.is_taken_by(own)).map(|queue| Arc::clone(&queue.queue)).collect(),
            position: Position { main: tail.main, reserve: tail.reserve, sequence: live.ring.sequence() },
        }
    }

    fn run(&self, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        let (ring, service) = &self.live;
        let shared = service.flush(&[(Arc::clone(ring), self.position)], timeout);
        let left = || until.saturating_duration_since(Instant::now());
        let Some(local) = &self.local else { return shared };
        loop {
            local.drain();
            if local.idle_after(&self.position) {
                break;
            }
            if left().is_zero() {
                return false;
            }
            std::thread::park_timeout(LOOK);
        }
        shared && self.queues.iter().all(|queue| queue.wait_idle(left()))
    }
}

/// Closes the hub: later records go to stderr.
///
/// # Safety
/// As `flush`.
pub(crate) unsafe fn close(py: Python<'_>, hub: *mut Hub, timeout: Duration) -> bool {
    // SAFETY: as the caller promises.
    unsafe {
        let live = {
            let hub = &mut *hub;
            hub.state = State::Closed;
            hub.generation = &raw const super::NOWHERE;
            hub.live.take()
        };
        match live {
            Some(live) => finish(py, hub, live, timeout),
            None => true,
        }
    }
}

/// Drains a ring that is no longer in its hub, and gives it back.
///
/// # Safety
/// As `flush`.
pub(crate) unsafe fn finish(py: Python<'_>, hub: *mut Hub, mut live: Live, timeout: Duration) -> bool {
    if live.pid != sys::pid() {
        // Inherited by a fork: the parent's.
        std::mem::forget(live);
        return true;
    }
    let until = Instant::now() + timeout;
    let left = || until.saturating_duration_since(Instant::now());
    let wait = Wait::of(py, &live);
    // SAFETY: as the caller promises.
    let mut done = unsafe { without_gil(|| wait.run(timeout)) };
    if let Some(local) = live.local.clone() {
        for text in consoles::texts(py, &mut live, &local) {
            text.hand_over(py);
        }
        live.service.release_local(&local);
    }
    live.ring.set_state(RingState::Closed);
    live.service.wake();
    // SAFETY: the GIL guards the hub.
    unsafe { (*hub).past.add(&live) };
    // SAFETY: as the caller promises.
    done &= unsafe { services::release(&live.service, left()) };
    done
}

/// A ring that goes without being closed: its records are written by the native thread, or at exit.
pub(crate) fn let_go(live: Live) {
    if live.pid == sys::pid() {
        live.ring.set_state(RingState::Closed);
        if let Some(local) = &live.local {
            live.service.release_local(local);
        }
        live.service.wake();
    } else {
        std::mem::forget(live);
    }
}

impl super::Past {
    /// Takes over the numbers of a ring that goes.
    fn add(&mut self, live: &Live) {
        let ring = &live.ring;
        self.accepted += ring.accepted();
        self.blocked += ring.blocked();
        self.high_water = self.high_water.max(ring.high_water());
        for (sum, lost) in self.lost.iter_mut().zip(ring.lost()) {
            *sum += lost;
        }
        let local = ring.local_lost();
        self.lost[Reason::LocalSlow as usize] += local[0];
        self.lost[Reason::HandlerSlow as usize] += local[1];
    }
}
