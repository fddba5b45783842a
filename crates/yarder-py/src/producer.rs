//! `Producer`: what loggers of one pipeline write to, and the doors to everything that is not a log call.

use std::cell::UnsafeCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use yarder_core::plan::Plan;
use yarder_core::writer::Service;
use yarder_ring::layout::Policy;

use crate::call::slow;
use crate::errors;
use crate::gil::without_gil;
use crate::hub::recipe::{LocalPlan, Recipe};
use crate::hub::{attach, close, Hub};
use crate::logger;
use crate::queue::HandlerQueue;

/// What loggers of one pipeline write to: this process's ring and its place in the yard.
///
/// `starter` is called once, at the first call that passes while nothing is attached (zero configuration).
#[pyclass(frozen, module = "yarder._core")]
pub(crate) struct Producer {
    /// Boxed: loggers keep its address.
    hub: Box<UnsafeCell<Hub>>,
}

// SAFETY: the hub is only touched with the GIL held; threads that work without it have parts of their own.
unsafe impl Send for Producer {}
// SAFETY: as above.
unsafe impl Sync for Producer {}

impl Producer {
    /// Address of the hub; valid as long as this object. Use it with the GIL held.
    pub(crate) fn hub(&self) -> *mut Hub {
        self.hub.get()
    }
}

impl Producer {
    /// Asks the yard's writer, the GIL released; false without a ring.
    fn asked(&self, ask: impl FnOnce(&Service) -> bool) -> bool {
        // SAFETY: the GIL is held in every method; the reference ends before it is given up.
        unsafe {
            let Some(service) = (*self.hub()).live.as_ref().map(|live| Arc::clone(&live.service)) else { return false };
            without_gil(|| ask(&service))
        }
    }
}

/// A time-out in seconds; what is no time counts as none.
fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value.max(0.0)).unwrap_or(Duration::from_secs(86_400 * 365))
}

#[pymethods]
impl Producer {
    #[new]
    #[pyo3(signature = (starter = None))]
    fn new(starter: Option<Py<PyAny>>) -> Producer {
        Producer { hub: Box::new(UnsafeCell::new(Hub::new(starter))) }
    }

    /// A logger; None: the app's own facility. `library`: says nothing until something is attached.
    #[pyo3(signature = (facility = None, *, library = false))]
    fn logger(this: &Bound<'_, Self>, facility: Option<&str>, library: bool) -> PyResult<Py<PyAny>> {
        logger::make(this.py(), this.as_unbound(), facility.unwrap_or(""), library, None)
    }

    /// Make a ring and write to it from now on; what the ring before holds is still written.
    #[pyo3(signature = (*, app, yard, plan, local, policy, block_ms, ring_slots, max_record_bytes, sync, sync_ms,
                        caller, levels, queues))]
    #[allow(clippy::too_many_arguments)] // One call swaps everything at once; the names are at the call.
    fn attach(
        &self,
        py: Python<'_>,
        app: String,
        yard: Option<String>,
        plan: Option<String>,
        local: Option<&str>,
        policy: u32,
        block_ms: [f64; 9],
        ring_slots: u32,
        max_record_bytes: usize,
        sync: bool,
        sync_ms: f64,
        caller: bool,
        levels: BTreeMap<String, i8>,
        queues: Vec<Py<HandlerQueue>>,
    ) -> PyResult<()> {
        if let Some(plan) = &plan {
            Plan::parse(plan).map_err(|error| errors::config(py, "backends", &error.to_string(), "see docs/specs"))?;
        }
        let local = local.map(serde_json::from_str::<LocalPlan>).transpose();
        let local = local.map_err(|error| errors::config(py, "backends", &error.to_string(), "see docs/specs"))?;
        let policy = Policy::from_u32(policy).ok_or_else(|| {
            errors::config(py, "overflow", "no such policy", "0 block, 1 drop_newest, 2 overwrite_oldest")
        })?;
        let recipe = Arc::new(Recipe {
            app,
            yard,
            plan,
            local,
            policy,
            patience: block_ms.map(|ms| (ms >= 0.0).then(|| seconds(ms / 1000.0))),
            slots: ring_slots,
            most: max_record_bytes,
            sync: sync.then(|| seconds(sync_ms / 1000.0)),
            caller,
        });
        let hub = self.hub();
        // SAFETY: the GIL is held, as `py` proves; the hub lives as long as this object.
        unsafe {
            let before = std::mem::replace(&mut (*hub).levels, levels);
            let swapped = attach::swap(py, hub, &recipe, &queues);
            if swapped.is_err() {
                (*hub).levels = before;
            }
            swapped.map_err(|error| errors::ring(py, &error))
        }
    }

    /// Whether there is a ring.
    fn is_attached(&self) -> bool {
        // SAFETY: the GIL is held in every method.
        unsafe { (*self.hub()).live.is_some() }
    }

    /// Log and say whether the record was accepted (True also when the level is off).
    #[pyo3(signature = (facility, level, message, fields, /))]
    fn write(
        this: &Bound<'_, Self>,
        facility: Option<&str>,
        level: i8,
        message: &Bound<'_, PyAny>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<bool> {
        let py = this.py();
        let made = logger::make(py, this.as_unbound(), facility.unwrap_or(""), false, None)?.into_bound(py);
        let Some(logger) = logger::of(&made) else { return Ok(false) };
        let named: Vec<_> = fields.map(|fields| fields.iter().collect()).unwrap_or_default();
        // SAFETY: `made` keeps the logger; the GIL is held.
        unsafe {
            if level < 0 || !crate::hub::levels::admits(logger, level as u8) {
                return Ok(true);
            }
            let (accepted, stop) = slow::log(py, logger, level as u8, message, &[], &named, false);
            match stop.or_else(|| PyErr::take(py)) {
                Some(error) => Err(error),
                None => Ok(accepted),
            }
        }
    }

    /// Give a queue the records of this process, from now on.
    #[pyo3(signature = (queue, /))]
    fn add_queue(&self, py: Python<'_>, queue: Py<HandlerQueue>) -> PyResult<()> {
        // SAFETY: as `attach`.
        unsafe { attach::with_queue(py, self.hub(), &queue) }.map_err(|error| errors::ring(py, &error))
    }

    /// Take it away; what it was sent before stays in it.
    #[pyo3(signature = (queue, /))]
    fn remove_queue(&self, queue: &Bound<'_, HandlerQueue>) {
        // SAFETY: the GIL is held in every method.
        let Some(live) = (unsafe { &mut (*self.hub()).live }) else { return };
        if let Some(at) = live.queues.iter().position(|(known, _)| known.is(queue)) {
            let (_, outlet) = live.queues.remove(at);
            if live.is_own() {
                if let Some(local) = &live.local {
                    local.drain();
                    local.remove(outlet);
                }
            }
        }
    }

    /// In a forked child: make its own ring now, before it can drop privileges. Without this the first record does it.
    fn reborn(&self) {
        // SAFETY: the GIL is held in every method.
        unsafe {
            if (*self.hub()).live.as_ref().is_some_and(|live| !live.is_own()) {
                attach::reborn(self.hub());
            }
        }
    }

    /// True when everything this process logged before the call is in every backend. Releases the GIL.
    #[pyo3(signature = (timeout, /))]
    fn flush(&self, py: Python<'_>, timeout: f64) -> bool {
        // SAFETY: the GIL is held, as `py` proves.
        unsafe { close::flush(py, self.hub(), seconds(timeout)) }
    }

    /// Turn the live files of the yard into archives now. False: no writer did it in time. Releases the GIL.
    #[pyo3(signature = (timeout, /))]
    fn rotate(&self, timeout: f64) -> bool {
        self.asked(|service| service.rotate(seconds(timeout)))
    }

    /// Open the live files anew, after another tool renamed them. False: no writer did it in time. Releases the GIL.
    #[pyo3(signature = (timeout, /))]
    fn reopen(&self, timeout: f64) -> bool {
        self.asked(|service| service.reopen(seconds(timeout)))
    }

    /// Flush, give the ring back; later calls go to stderr and are counted. Idempotent.
    #[pyo3(signature = (timeout, /))]
    fn close(&self, py: Python<'_>, timeout: f64) -> bool {
        // SAFETY: the GIL is held, as `py` proves.
        unsafe { close::close(py, self.hub(), seconds(timeout)) }
    }

    /// An override for all processes of the app (pid 0) or one; seen at their next call.
    #[pyo3(signature = (level, facility = "", pid = 0, /))]
    fn set_level(&self, py: Python<'_>, level: i8, facility: &str, pid: u32) -> PyResult<()> {
        // SAFETY: the GIL is held in every method.
        match unsafe { &(*self.hub()).live } {
            Some(live) => live.service.yard().control().set_rule(facility, pid, level).map_err(|error| {
                errors::config(py, "facility", &error.to_string(), "take back rules with clear_level")
            }),
            None => Err(errors::error(py, "Closed", "the pipeline was closed; configure again before setting levels")),
        }
    }

    /// Take an override back.
    #[pyo3(signature = (facility = "", pid = 0, /))]
    fn clear_level(&self, py: Python<'_>, facility: &str, pid: u32) -> PyResult<()> {
        // SAFETY: the GIL is held in every method.
        match unsafe { &(*self.hub()).live } {
            Some(live) => {
                let control = live.service.yard().control();
                control.clear_rule(facility, pid).map(drop).map_err(|error| errors::ring(py, &error))
            }
            None => Ok(()),
        }
    }

    /// Effective levels by facility prefix, overrides applied; "" is the default.
    fn levels(&self) -> BTreeMap<String, i8> {
        // SAFETY: the GIL is held in every method.
        unsafe { (*self.hub()).effective() }
    }

    /// Raw numbers for `yarder.stats()`: see yarder.meters.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        // SAFETY: the GIL is held in every method.
        unsafe { (*self.hub()).stats(py) }
    }
}
