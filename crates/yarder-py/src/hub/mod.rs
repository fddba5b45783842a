//! What loggers of one pipeline write to. Loggers keep its address, so `configure` changes it in place and they follow.
//!
//! Everything here is guarded by the GIL. No reference into a hub is kept across anything that may give the GIL up.

pub(crate) mod attach;
pub(crate) mod close;
pub(crate) mod closed;
pub(crate) mod consoles;
pub(crate) mod levels;
pub(crate) mod recipe;
pub(crate) mod services;
pub(crate) mod stats;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use yarder_core::local::{LocalDrain, OutletId};
use yarder_core::writer::Service;
use yarder_ring::layout::REASONS;
use yarder_ring::{Producer, RingFile};

use crate::queue::HandlerQueue;
use consoles::Slot;
use recipe::Recipe;

/// Level cell of a hub that nothing is attached to: no logger ever caches its value, so each call asks.
pub(crate) static NOWHERE: AtomicU64 = AtomicU64::new(u64::MAX);

/// Where a hub is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing was attached yet.
    Off,
    /// The starter is running.
    Starting,
    /// There is a ring.
    Live,
    /// No ring could be had, or it was given back: records go to stderr.
    Closed,
}

/// The state of one pipeline.
pub(crate) struct Hub {
    /// Changes whenever a level may have changed.
    pub(crate) generation: *const AtomicU64,
    /// Whether records say where they were logged.
    pub(crate) caller: bool,
    /// Whether there are consoles, whose streams may have been replaced since the last record.
    pub(crate) before: bool,
    /// Bit for each level: something is to be done after such a record.
    pub(crate) after: u16,
    pub(crate) live: Option<Live>,
    pub(crate) state: State,
    pub(crate) starter: Option<Py<PyAny>>,
    pub(crate) app: String,
    /// Configured levels by facility prefix.
    pub(crate) levels: BTreeMap<String, i8>,
    pub(crate) past: Past,
}

/// A ring and what serves it.
pub(crate) struct Live {
    pub(crate) producer: Producer,
    /// Bytes of the largest record.
    pub(crate) most: usize,
    pub(crate) ring: Arc<RingFile>,
    pub(crate) service: Arc<Service>,
    pub(crate) local: Option<Arc<LocalDrain>>,
    pub(crate) consoles: Vec<Slot>,
    pub(crate) queues: Vec<(Py<HandlerQueue>, OutletId)>,
    pub(crate) recipe: Arc<Recipe>,
    /// Wait of a call in sync mode.
    pub(crate) sync: Option<Duration>,
    /// Process that made it.
    pub(crate) pid: u32,
}

/// Numbers of rings that are gone, and of records that never saw one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Past {
    pub(crate) accepted: u64,
    pub(crate) lost: [u64; REASONS],
    pub(crate) blocked: u64,
    pub(crate) high_water: u64,
    pub(crate) truncated: u64,
    /// Calls in sync mode that returned before their line was written.
    pub(crate) late: u64,
}

impl Hub {
    pub(crate) fn new(starter: Option<Py<PyAny>>) -> Hub {
        Hub {
            generation: &raw const NOWHERE,
            caller: false,
            before: false,
            after: 0,
            live: None,
            state: State::Off,
            starter,
            app: String::new(),
            levels: BTreeMap::new(),
            past: Past::default(),
        }
    }

    /// Puts a ring in place; gives the one before. Loggers see it at their next call.
    pub(crate) fn install(&mut self, live: Live) -> Option<Live> {
        self.generation = std::ptr::from_ref(live.service.yard().control().generation_cell());
        self.caller = live.recipe.caller;
        self.before = !live.consoles.is_empty();
        self.after = live.levels_with_work();
        self.state = State::Live;
        self.live.replace(live)
    }

    /// Whether a console shows the local variables of a traceback.
    pub(crate) fn shows_locals(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.consoles.iter().any(|slot| slot.console.show_locals))
    }
}

impl Live {
    /// Whether this process made it, and not the one that it was forked from.
    pub(crate) fn is_own(&self) -> bool {
        self.pid == yarder_ring::sys::pid()
    }
}

impl Drop for Hub {
    /// A pipeline that nobody closed: what its ring holds is still written, by the native thread or at exit.
    fn drop(&mut self) {
        if let Some(live) = self.live.take() {
            close::let_go(live);
        }
    }
}
