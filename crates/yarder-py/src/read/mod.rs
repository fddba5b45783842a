//! Reading log files back: `Query`, the `Scan` and `Follow` it makes, `clear_records`.
//!
//! Everything but making Python objects happens without the GIL, in `yarder_core::read`.

mod query;
mod rows;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use yarder_core::read::{self, Found, Problems, Render};

use query::{os_error, zone, Query};
use rows::Rows;

/// Longest work without a look at signals.
const SLICE: Duration = Duration::from_millis(200);

/// Puts this room's names into the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Query>()?;
    module.add_class::<Scan>()?;
    module.add_class::<Follow>()?;
    module.add_function(wrap_pyfunction!(clear_records, module)?)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Problems as Python sees them: how many, and (path, offset, what) of the first.
type Report = (u64, Vec<(PathBuf, u64, &'static str)>);

fn report(problems: Problems) -> Report {
    let first = problems.first.into_iter().map(|problem| (problem.path, problem.offset, problem.damage.text()));
    (problems.count, first.collect())
}

/// Records as lines: for people in a zone, or JSON.
fn render(found: &[Found], rows: &mut Rows, how: (bool, bool)) -> Vec<u8> {
    let (json, color) = how;
    let mut render = if json { Some(Render::Json) } else { Render::human(&rows.tz, color) };
    let mut out = Vec::new();
    for found in found {
        if let (Some(render), Ok(entry)) = (&mut render, rows.parser.parse(&found.raw)) {
            render.line(&entry, &mut out);
        }
    }
    out
}

/// The records of a source, in order. Made by `Query.scan`.
#[pyclass(frozen, module = "yarder._core")]
pub(crate) struct Scan {
    scan: Mutex<(read::Scan, Rows)>,
    progress: std::sync::Arc<read::Progress>,
}

impl Scan {
    fn new(scan: read::Scan, rows: Rows) -> Scan {
        let progress = scan.progress();
        Scan { scan: Mutex::new((scan, rows)), progress }
    }
}

#[pymethods]
impl Scan {
    /// The next records, [] when none was found for a while, None at the end. Releases the GIL.
    #[pyo3(signature = (most = 512, /))]
    fn next_batch<'py>(&self, py: Python<'py>, most: usize) -> PyResult<Option<Bound<'py, PyList>>> {
        let found = py.detach(|| lock(&self.scan).0.next_batch(most, SLICE));
        let Some(found) = found else { return Ok(None) };
        let (_, rows) = &mut *lock(&self.scan);
        rows.list(py, &found).map(Some)
    }

    /// The same as lines of text.
    #[pyo3(signature = (json, color, most = 512, /))]
    fn next_lines<'py>(&self, py: Python<'py>, json: bool, color: bool, most: usize) -> Option<Bound<'py, PyBytes>> {
        let lines = py.detach(|| {
            let (scan, rows) = &mut *lock(&self.scan);
            scan.next_batch(most, SLICE).map(|found| render(&found, rows, (json, color)))
        });
        lines.map(|lines| PyBytes::new(py, &lines))
    }

    /// What could not be read so far.
    fn problems(&self, py: Python<'_>) -> Report {
        report(py.detach(|| lock(&self.scan).0.problems()))
    }

    /// Bytes on the disk: done, in all. Never waits.
    fn progress(&self) -> (u64, u64) {
        query::progress(&self.progress)
    }
}

/// The records of a source as they are written. Made by `Query.follow`.
#[pyclass(frozen, module = "yarder._core")]
pub(crate) struct Follow {
    follow: Mutex<(read::Follow, Rows)>,
}

impl Follow {
    fn wait(&self, py: Python<'_>, timeout: f64) -> PyResult<Vec<Found>> {
        let end =
            std::time::Instant::now() + Duration::try_from_secs_f64(timeout.max(0.0)).unwrap_or(Duration::MAX / 4);
        loop {
            let left = end.saturating_duration_since(std::time::Instant::now());
            let found =
                py.detach(|| lock(&self.follow).0.next_batch(left.min(SLICE))).map_err(|e| os_error(&e, None))?;
            if !found.is_empty() || left.is_zero() {
                return Ok(found);
            }
            py.check_signals()?;
        }
    }
}

#[pymethods]
impl Follow {
    /// The next records as soon as there are any; [] when `timeout` seconds passed without one. Releases the GIL.
    #[pyo3(signature = (timeout, /))]
    fn next_batch<'py>(&self, py: Python<'py>, timeout: f64) -> PyResult<Bound<'py, PyList>> {
        let found = self.wait(py, timeout)?;
        lock(&self.follow).1.list(py, &found)
    }

    /// The same as lines of text.
    #[pyo3(signature = (json, color, timeout, /))]
    fn next_lines<'py>(&self, py: Python<'py>, json: bool, color: bool, timeout: f64) -> PyResult<Bound<'py, PyBytes>> {
        let found = self.wait(py, timeout)?;
        let lines = py.detach(|| render(&found, &mut lock(&self.follow).1, (json, color)));
        Ok(PyBytes::new(py, &lines))
    }

    /// What could not be read so far.
    fn problems(&self, py: Python<'_>) -> Report {
        report(py.detach(|| lock(&self.follow).0.problems()))
    }
}

/// Take the records before a time (nanoseconds since 1970) out of the files of a source: (removed, kept, unreadable
/// lines that stay). BlockingIOError when a writer holds a live file.
#[pyfunction]
#[pyo3(signature = (source, before, tz = "local", /))]
fn clear_records(py: Python<'_>, source: PathBuf, before: u64, tz: &str) -> PyResult<(u64, u64, u64)> {
    let zone = zone(py, tz)?;
    let cleared = py.detach(|| read::clear(&source, before, &zone)).map_err(|error| os_error(&error, Some(&source)))?;
    Ok((cleared.removed, cleared.kept, cleared.unread))
}
