//! What some records need before and after they are published: a wait in sync mode, a console, a waking of the writer.

use std::sync::Arc;

use crate::gil::{attached, without_gil};
use crate::hub::{consoles, Hub};

/// Levels from which a record wakes the writer and is on a console before the call returns: error and worse.
const URGENT: u8 = 3;

/// Before a record, where there are consoles: a stream that was replaced gets it, and not the one before.
///
/// # Safety
/// The GIL is held; Python code may run.
#[inline(never)]
pub(crate) unsafe fn prepare(hub: *mut Hub) {
    // SAFETY: as the caller promises.
    let _ = unsafe { attached(|py| consoles::look(py, hub)) };
}

/// The work after a record of `level`.
///
/// # Safety
/// The GIL is held; it may be given up, and Python code may run.
#[inline(never)]
pub(crate) unsafe fn work(hub: *mut Hub, level: u8) {
    // SAFETY: no reference into the hub is alive while the GIL is given up or Python code runs.
    unsafe {
        let Some(live) = &mut (*hub).live else { return };
        if let Some(timeout) = live.sync {
            let (ring, service) = (Arc::clone(&live.ring), Arc::clone(&live.service));
            let position = live.producer.position();
            if !without_gil(|| service.sync_pass(&ring, position, timeout)) {
                (*hub).past.late += 1;
            }
        } else if level <= URGENT {
            live.service.wake();
        }
        let Some(live) = &(*hub).live else { return };
        if !live.consoles.is_empty() {
            let _inside = super::leaving::enter();
            let _ = attached(|py| consoles::serve(py, hub, level));
        }
    }
}
