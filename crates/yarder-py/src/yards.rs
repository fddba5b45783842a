//! Yards seen from outside: what `yarder rings`, `level`, `rotate`, `reopen` and `audit` need.

use std::path::{Path, PathBuf};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use yarder_core::ledger;
use yarder_ring::layout::Reason;
use yarder_ring::{lock, RingError, RingFile, Yard};

/// Puts this room's names into the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(yard_state, module)?)?;
    module.add_function(wrap_pyfunction!(yard_level, module)?)?;
    module.add_function(wrap_pyfunction!(yard_ask, module)?)?;
    module.add_function(wrap_pyfunction!(audit_log, module)?)
}

/// `yarder.errors.RingError` for what a yard answered.
fn refused(py: Python<'_>, error: &RingError) -> PyErr {
    let made = py.import("yarder.errors").and_then(|errors| errors.getattr("RingError")?.call1((error.to_string(),)));
    made.map_or_else(|error| error, PyErr::from_value)
}

fn open(py: Python<'_>, folder: &Path) -> PyResult<Option<Yard>> {
    Yard::open(folder).map_err(|error| refused(py, &error))
}

/// What stands in the yard of a folder: writer, rules, rings; None when there is no yard.
#[pyfunction]
#[pyo3(signature = (folder, /))]
fn yard_state<'py>(py: Python<'py>, folder: PathBuf) -> PyResult<Option<Bound<'py, PyDict>>> {
    let Some(yard) = open(py, &folder)? else { return Ok(None) };
    let state = PyDict::new(py);
    let control = yard.control();
    let (pid, _) = control.writer();
    // The lock alone says whether there is a writer; asking takes nothing.
    let held = lock::open(&folder.join("writer.lock"), libc::O_RDWR, 0)
        .is_ok_and(|file| lock::is_held(&file).unwrap_or(false));
    state.set_item("writer_pid", held.then_some(pid))?;
    state.set_item("writer_beat_ns", control.writer_beat())?;
    let rules = PyList::empty(py);
    for rule in control.rules() {
        rules.append((rule.facility, rule.pid, i64::from(rule.level)))?;
    }
    state.set_item("rules", rules)?;
    let rings = PyList::empty(py);
    for path in yard.rings()? {
        // A ring may be removed between listing and opening; a broken one is the writer's business.
        if let Ok(ring) = RingFile::open(&path) {
            rings.append(ring_state(py, &ring)?)?;
        }
    }
    state.set_item("rings", rings)?;
    Ok(Some(state))
}

fn ring_state<'py>(py: Python<'py>, ring: &RingFile) -> PyResult<Bound<'py, PyDict>> {
    let info = ring.info();
    let state = PyDict::new(py);
    state.set_item("producer", info.producer)?;
    state.set_item("pid", info.pid)?;
    state.set_item("process", info.process)?;
    state.set_item("alive", ring.is_owner_alive())?;
    state.set_item("slots", info.main_slots)?;
    state.set_item("used", ring.used_slots())?;
    state.set_item("high_water", ring.high_water())?;
    state.set_item("accepted", ring.accepted())?;
    state.set_item("blocked", ring.blocked())?;
    state.set_item("stalled", ring.stalled())?;
    let lost = PyDict::new(py);
    for (index, count) in ring.lost().into_iter().enumerate().filter(|(_, count)| *count > 0) {
        lost.set_item(Reason::from_index(index).map_or("unknown", Reason::name), count)?;
    }
    state.set_item("lost", lost)?;
    Ok(state)
}

/// Set (or, with None, take back) the level of a facility for all processes of the yard's app (pid 0) or one.
#[pyfunction]
#[pyo3(signature = (folder, level, facility = "", pid = 0, /))]
fn yard_level(py: Python<'_>, folder: PathBuf, level: Option<i64>, facility: &str, pid: u32) -> PyResult<bool> {
    let Some(yard) = open(py, &folder)? else { return Ok(false) };
    let control = yard.control();
    let done = match level {
        None => control.clear_rule(facility, pid),
        Some(level) => {
            let level = level.try_into().map_err(|_| PyValueError::new_err("such a level cannot be a rule"))?;
            control.set_rule(facility, pid, level).map(|()| true)
        }
    };
    done.map_err(|error| refused(py, &error))
}

/// Ask the yard's writer to rotate or reopen its files; False when there is no yard.
#[pyfunction]
#[pyo3(signature = (folder, reopen, /))]
fn yard_ask(py: Python<'_>, folder: PathBuf, reopen: bool) -> PyResult<bool> {
    let Some(yard) = open(py, &folder)? else { return Ok(false) };
    let control = yard.control();
    if reopen {
        control.ask_reopening();
    } else {
        control.ask_rotation();
    }
    control.wake();
    Ok(true)
}

/// Hold a log against its ledger: (whether it is clean, everything that was found, as JSON).
#[pyfunction]
#[pyo3(signature = (live, /))]
fn audit_log(py: Python<'_>, live: PathBuf) -> PyResult<(bool, String)> {
    let audit = py.detach(|| ledger::audit(&live));
    let audit = audit.map_err(|error| {
        let made =
            py.import("yarder.errors").and_then(|errors| errors.getattr("BackendError")?.call1((error.to_string(),)));
        made.map_or_else(|error| error, PyErr::from_value)
    })?;
    let text = serde_json::to_string(&audit).map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok((audit.is_clean(), text))
}
