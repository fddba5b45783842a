//! One native thread for each yard of this process, shared by all pipelines of the same app.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use yarder_core::writer::{Service, ServiceOptions};
use yarder_ring::layout::State;
use yarder_ring::{sys, RingError, RingFile, Yard};

use crate::gil::{without_gil, GilCell};

/// Time for the last drain when the process exits.
const LAST: Duration = Duration::from_secs(5);

struct Entry {
    base: Option<String>,
    app: String,
    service: Arc<Service>,
    users: usize,
}

struct Registry {
    /// Process that filled it: a forked child starts with an empty one and leaves the inherited one alone.
    pid: u32,
    entries: Vec<Entry>,
    rings: Vec<Weak<RingFile>>,
    hooked: bool,
}

static REGISTRY: GilCell<Registry> =
    GilCell::new(Registry { pid: 0, entries: Vec::new(), rings: Vec::new(), hooked: false });

fn registry() -> &'static mut Registry {
    // SAFETY: the GIL guards the cell; no caller keeps the reference across giving it up. At exit there is no other
    // thread that could run Python any more.
    let registry = unsafe { &mut *REGISTRY.get() };
    if registry.pid != sys::pid() {
        std::mem::forget(std::mem::take(&mut registry.entries));
        std::mem::forget(std::mem::take(&mut registry.rings));
        registry.pid = sys::pid();
    }
    registry
}

/// The service of an app's yard, started if this process has none yet. Give it back with `release`.
pub(crate) fn acquire(base: Option<&str>, app: &str) -> Result<Arc<Service>, RingError> {
    let registry = registry();
    let found = registry.entries.iter_mut().find(|entry| {
        !entry.app.is_empty() && entry.base.as_deref() == base && entry.app == app && entry.service.yard().is_linked()
    });
    if let Some(entry) = found {
        entry.users += 1;
        return Ok(Arc::clone(&entry.service));
    }
    let yard = Yard::open_or_create(base.map(Path::new), app)?;
    let service = Service::start(Arc::new(yard), ServiceOptions::default());
    registry.entries.push(Entry {
        base: base.map(str::to_owned),
        app: app.to_owned(),
        service: Arc::clone(&service),
        users: 1,
    });
    hook(registry);
    Ok(service)
}

/// A service of its own for a process whose ring no folder has room for: memory that nobody else sees.
pub(crate) fn anonymous() -> Result<Arc<Service>, RingError> {
    let service = Service::start(Arc::new(Yard::anonymous()?), ServiceOptions::default());
    let registry = registry();
    let entry = Entry { base: None, app: String::new(), service: Arc::clone(&service), users: 1 };
    registry.entries.push(entry);
    hook(registry);
    Ok(service)
}

fn hook(registry: &mut Registry) {
    if !registry.hooked {
        registry.hooked = sys::at_exit(at_exit);
    }
}

/// A ring to be closed when the process exits.
pub(crate) fn remember(ring: &Arc<RingFile>) {
    let registry = registry();
    registry.rings.retain(|known| known.strong_count() > 0);
    registry.rings.push(Arc::downgrade(ring));
}

/// Gives a service back; the last user ends it, after a last drain. False: something could not be written in time.
///
/// # Safety
/// The GIL is held; it is given up meanwhile.
pub(crate) unsafe fn release(service: &Arc<Service>, timeout: Duration) -> bool {
    let registry = registry();
    let Some(at) = registry.entries.iter().position(|entry| Arc::ptr_eq(&entry.service, service)) else {
        return true;
    };
    registry.entries[at].users -= 1;
    if registry.entries[at].users > 0 {
        return true;
    }
    registry.entries.remove(at);
    // SAFETY: as the caller promises; no reference to the registry is used behind it.
    unsafe { without_gil(|| service.stop(timeout)) }
}

/// After the interpreter is gone: what rings still hold is written.
extern "C" fn at_exit() {
    let outcome = std::panic::catch_unwind(|| {
        // A child that was forked and never logged inherited this hook, but nothing to write.
        // SAFETY: no other thread touches the registry at exit.
        let registry = unsafe { &mut *REGISTRY.get() };
        if registry.pid != sys::pid() {
            return;
        }
        for ring in registry.rings.iter().filter_map(Weak::upgrade) {
            ring.set_state(State::Closed);
        }
        let entries = std::mem::take(&mut registry.entries);
        for entry in &entries {
            entry.service.stop(LAST);
        }
        // Threads of handlers or of other libraries may still hold on to it; the process ends anyway.
        std::mem::forget(entries);
    });
    if outcome.is_err() {
        yarder_core::trace::event("exit", yarder_core::trace::WARNING, || "the last drain panicked".to_owned());
    }
}
