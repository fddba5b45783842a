//! What some records need once they are published: a wait in sync mode, a console, a waking of the writer.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::gil::without_gil;
use crate::hub::{consoles, Hub};

/// Levels from which a record wakes the writer and is on a console before the call returns: error and worse.
const URGENT: u8 = 3;

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
            consoles::serve(Python::assume_attached(), hub, level);
        }
    }
}
