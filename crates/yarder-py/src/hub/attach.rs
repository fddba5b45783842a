//! Making a ring with everything that serves it, and putting it in the place of the one before.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use yarder_core::local::{LocalDrain, LocalFilter};
use yarder_core::writer::Service;
use yarder_ring::{sys, Producer, RingError, RingFile, RingSpec};

use super::consoles::Slot;
use super::recipe::Recipe;
use super::{close, services, Hub, Live, State};
use crate::gil::attached;
use crate::queue::HandlerQueue;

/// Time for records in the old ring to reach the old destinations.
const SWAP: Duration = Duration::from_secs(5);

impl Live {
    /// Everything anew: service, ring, local destinations.
    pub(crate) fn build(py: Python<'_>, recipe: &Arc<Recipe>, queues: &[Py<HandlerQueue>]) -> Result<Live, RingError> {
        let service = services::acquire(recipe.yard.as_deref(), &recipe.app)?;
        let made = Live::on(py, &service, recipe, queues);
        let Err(error) = made else { return made };
        // SAFETY: the GIL is held, as `py` proves, and nothing it guards is borrowed here.
        unsafe { services::release(&service, Duration::ZERO) };
        if !error.is_no_space() {
            return Err(error);
        }
        let memory = services::anonymous()?;
        let made = Live::on(py, &memory, recipe, queues);
        if made.is_ok() {
            let text = "its ring is in memory that does not outlive the process";
            crate::errors::report(py, &format!("{error}; no folder has room for the ring of {:?}, {text}", recipe.app));
        }
        made
    }

    fn on(
        py: Python<'_>,
        service: &Arc<Service>,
        recipe: &Arc<Recipe>,
        queues: &[Py<HandlerQueue>],
    ) -> Result<Live, RingError> {
        let yard = service.yard();
        let plan = recipe.plan.as_deref().map(|plan| yard.store_plan(plan)).transpose()?;
        let has_local = recipe.local.is_some() || !queues.is_empty();
        let spec = RingSpec {
            main_slots: recipe.slots,
            policy: recipe.policy,
            plan: plan.clone().unwrap_or_default(),
            app: recipe.app.clone(),
            process: sys::process_name(),
            hostname: sys::hostname(),
            shared: plan.is_some(),
            local: has_local,
            thread: 0,
            interp: 0,
        };
        let ring = Arc::new(RingFile::create(yard, &spec)?);
        let producer = Producer::new(Arc::clone(&ring))?;
        let local = has_local.then(|| Arc::new(LocalDrain::new(Arc::clone(&ring))));
        let mut live = Live {
            most: recipe.most.min(producer.max_record_bytes()),
            producer,
            ring: Arc::clone(&ring),
            service: Arc::clone(service),
            local: local.clone(),
            consoles: Vec::new(),
            queues: Vec::new(),
            recipe: Arc::clone(recipe),
            sync: recipe.sync,
            pid: sys::pid(),
        };
        if let Some(local) = &local {
            let plan = recipe.local.iter().flat_map(|plan| plan.destinations.iter().map(move |one| (one, &plan.tz)));
            for (console, tz) in plan {
                live.consoles.push(Slot::new(py, console.clone(), tz, recipe.console_patience(), local));
            }
            for queue in queues {
                live.add(py, queue);
            }
            service.adopt_local(Arc::clone(local));
        }
        services::remember(&ring);
        service.adopt(ring);
        Ok(live)
    }

    /// Lets a queue take records; the ring has a local head.
    pub(crate) fn add(&mut self, py: Python<'_>, queue: &Py<HandlerQueue>) {
        if let Some(local) = &self.local {
            let inner = queue.get();
            let filter = LocalFilter { level: inner.level, facilities: inner.facilities.clone() };
            let outlet = local.add_handler(Arc::clone(&inner.queue), &filter);
            self.queues.push((queue.clone_ref(py), outlet));
        }
    }

    /// Levels after whose records something is to be done: all in sync mode, those of a console, and error and worse,
    /// which wake the writer.
    pub(crate) fn levels_with_work(&self) -> u16 {
        (0..9)
            .filter(|level| {
                *level <= 3 || self.sync.is_some() || self.consoles.iter().any(|slot| slot.console.takes(*level))
            })
            .fold(0, |mask, level| mask | 1 << level)
    }

    fn queue_list(&self, py: Python<'_>) -> Vec<Py<HandlerQueue>> {
        self.queues.iter().map(|(queue, _)| queue.clone_ref(py)).collect()
    }
}

/// Puts a new ring in place. What the one before holds still reaches its destinations before this returns (5 s).
///
/// # Safety
/// The GIL is held and given up meanwhile; `hub` lives.
pub(crate) unsafe fn swap(
    py: Python<'_>,
    hub: *mut Hub,
    recipe: &Arc<Recipe>,
    queues: &[Py<HandlerQueue>],
) -> Result<(), RingError> {
    let live = Live::build(py, recipe, queues)?;
    // SAFETY: the GIL guards the hub; the reference ends before it is given up.
    let old = unsafe {
        let hub = &mut *hub;
        let cell = live.service.yard().control().generation_cell();
        // Loggers keep what they know of this cell: the configuration behind it is another one now.
        cell.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
        hub.app.clone_from(&recipe.app);
        hub.install(live)
    };
    if let Some(old) = old {
        // SAFETY: as the caller promises.
        unsafe { close::finish(py, hub, old, SWAP) };
    }
    Ok(())
}

/// Makes a ring with a local head in the place of one without, because a queue was added.
///
/// # Safety
/// As `swap`.
pub(crate) unsafe fn with_queue(py: Python<'_>, hub: *mut Hub, queue: &Py<HandlerQueue>) -> Result<(), RingError> {
    // SAFETY: the GIL guards the hub; the reference ends with the block.
    let (recipe, mut queues) = unsafe {
        let Some(live) = &mut (*hub).live else { return Ok(()) };
        if live.pid == sys::pid() && live.local.is_some() {
            live.add(py, queue);
            return Ok(());
        }
        (Arc::clone(&live.recipe), live.queue_list(py))
    };
    queues.push(queue.clone_ref(py));
    // SAFETY: as the caller promises.
    unsafe { swap(py, hub, &recipe, &queues) }
}

/// In a forked child: a ring of its own. The inherited one, its threads and its locks are the parent's: they are left
/// where they are.
///
/// # Safety
/// The GIL is held; `hub` lives.
#[cold]
pub(crate) unsafe fn reborn(hub: *mut Hub) {
    // SAFETY: as the caller promises.
    let _ = unsafe { attached(|py| reborn_in(py, hub)) };
}

unsafe fn reborn_in(py: Python<'_>, hub: *mut Hub) {
    // SAFETY: as `reborn`; no reference is alive while Python code may run.
    unsafe {
        let Some(old) = (*hub).live.take() else { return };
        (*hub).generation = &raw const super::NOWHERE;
        crate::call::thread::forget();
        crate::call::leaving::forget();
        let recipe = Arc::clone(&old.recipe);
        let queues = old.queue_list(py);
        let rules = if old.service.yard().is_anonymous() { old.service.yard().control().rules() } else { Vec::new() };
        std::mem::forget(old);
        match Live::build(py, &recipe, &queues) {
            Ok(live) => {
                let control = live.service.yard().control();
                for rule in rules {
                    let _ = control.set_rule(&rule.facility, rule.pid, rule.level);
                }
                let hub = &mut *hub;
                hub.install(live);
            }
            Err(error) => {
                (*hub).state = State::Closed;
                crate::errors::report(py, &format!("no ring in the forked child: {error}; its records go to stderr"));
            }
        }
    }
}
