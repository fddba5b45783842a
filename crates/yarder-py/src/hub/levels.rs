//! Which level a facility has: what was configured, overridden by the rules in the control page.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use pyo3::prelude::*;
use yarder_ring::sys;

use super::{Hub, State};
use crate::gil::attached;
use crate::logger::Logger;

/// The level of a hub that nothing is attached to, until the starter has run: info.
const UNTOLD: i8 = 6;

impl Hub {
    /// Levels in force by facility prefix: rules for this process before rules for all, both before the configuration.
    pub(crate) fn effective(&self) -> BTreeMap<String, i8> {
        let mut levels = self.levels.clone();
        levels.entry(String::new()).or_insert(UNTOLD);
        if let Some(live) = &self.live {
            let rules = live.service.yard().control().rules();
            for pid in [0, sys::pid()] {
                for rule in rules.iter().filter(|rule| rule.pid == pid) {
                    levels.insert(rule.facility.clone(), rule.level);
                }
            }
        }
        levels
    }

    /// The level of a facility: the longest dotted prefix wins.
    pub(crate) fn level_of(&self, facility: &str) -> i8 {
        let levels = self.effective();
        let mut prefix = if facility.is_empty() { self.app.as_str() } else { facility };
        loop {
            if let Some(level) = levels.get(prefix) {
                return *level;
            }
            prefix = prefix.rfind('.').map_or("", |at| &prefix[..at]);
        }
    }
}

/// What a log call does when the level cell differs from the logger's copy: whether a record of `level` passes.
///
/// # Safety
/// The GIL is held; `logger` is a logger. May run Python code: the starter.
#[cold]
#[inline(never)]
pub(crate) unsafe fn admits(logger: *mut Logger, level: u8) -> bool {
    // SAFETY: the hub lives as long as its loggers; no reference to it is alive while the starter runs.
    unsafe {
        let hub = (*logger).hub;
        if (*hub).state == State::Off {
            if (*logger).of_library {
                return false;
            }
            start(hub);
        }
        // The generation first: a change meanwhile is seen by the next call.
        let generation = (*(*hub).generation).load(Ordering::Acquire);
        let threshold = (*hub).level_of((*logger).facility());
        if (*hub).state == State::Live {
            (*logger).generation = generation;
        }
        (*logger).threshold = i32::from(threshold);
        i32::from(level) <= i32::from(threshold)
    }
}

/// Zero configuration: runs the starter, once.
unsafe fn start(hub: *mut Hub) {
    let run = |py: Python<'_>| {
        // SAFETY: the GIL is held, as the caller promises; the reference ends with the statement.
        let starter = unsafe { (*hub).starter.as_ref().map(|starter| starter.clone_ref(py)) };
        let Some(starter) = starter else { return };
        // SAFETY: as above.
        unsafe { (*hub).state = State::Starting };
        if let Err(error) = starter.call0(py) {
            error.write_unraisable(py, Some(starter.bind(py)));
        }
    };
    // SAFETY: as the caller promises.
    let _ = unsafe { attached(run) };
    // SAFETY: as above.
    unsafe {
        if (*hub).state == State::Starting {
            (*hub).state = if (*hub).live.is_some() { State::Live } else { State::Closed };
        }
    }
}
