//! `HandlerQueue`: records on their way to one Python callable.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use yarder_core::format::{id, message};
use yarder_core::local::{Handed, HandlerQueue as Queue};
use yarder_core::record::RecordView;
use yarder_ring::sys;

use crate::call::leaving;
use crate::call::text::to_str;
use crate::fields::{is_public, to_python};
use crate::gil::without_gil;

/// Longest sleep without a look at signals.
const SLICE: Duration = Duration::from_millis(500);

/// Records on their way to one Python callable; bounded (records and bytes). Full: the newest is lost, counted.
#[pyclass(frozen, module = "yarder._core")]
pub(crate) struct HandlerQueue {
    name: String,
    pub(crate) level: i8,
    pub(crate) facilities: Option<BTreeMap<String, i8>>,
    pub(crate) queue: Arc<Queue>,
    done: AtomicU64,
    failed: AtomicU64,
    /// Thread that takes from it.
    taker: AtomicU32,
}

#[pymethods]
impl HandlerQueue {
    #[new]
    #[pyo3(signature = (name, level = 8, facilities = None, capacity = 10_000))]
    fn new(name: String, level: i8, facilities: Option<BTreeMap<String, i8>>, capacity: usize) -> HandlerQueue {
        HandlerQueue {
            name,
            level,
            facilities,
            queue: Arc::new(Queue::new(capacity)),
            done: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            taker: AtomicU32::new(0),
        }
    }

    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// Wait for records, the GIL released; [] on time-out, None when closed and empty.
    #[pyo3(signature = (timeout, most = 256, /))]
    fn take<'py>(&self, py: Python<'py>, timeout: f64, most: usize) -> PyResult<Option<Bound<'py, PyList>>> {
        self.taker.store(sys::tid(), Ordering::Relaxed);
        let until = Instant::now() + Duration::try_from_secs_f64(timeout.max(0.0)).unwrap_or(SLICE);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let queue = Arc::clone(&self.queue);
            // SAFETY: the GIL is held, as `py` proves, and nothing it guards is borrowed in the wait.
            let taken = unsafe { without_gil(|| queue.take(left.min(SLICE), most)) };
            if !taken.is_empty() {
                let _inside = leaving::enter();
                let rows = PyList::empty(py);
                for handed in &taken {
                    rows.append(row(py, handed)?)?;
                }
                return Ok(Some(rows));
            }
            if self.queue.is_closed() {
                return Ok(None);
            }
            if left.is_zero() {
                return Ok(Some(PyList::empty(py)));
            }
            py.check_signals()?;
        }
    }

    /// Say how many of the taken records were handled: `flush` waits for it.
    #[pyo3(signature = (count, failed = 0, /))]
    fn done(&self, count: usize, failed: u64) {
        self.done.fetch_add(count as u64, Ordering::Relaxed);
        self.failed.fetch_add(failed, Ordering::Relaxed);
        self.queue.done(count);
    }

    /// Refuse further records; what waits can still be taken.
    fn close(&self) {
        self.queue.close();
    }

    /// (accepted, done, failed, lost).
    fn counts(&self) -> (u64, u64, u64, u64) {
        let done = self.done.load(Ordering::Relaxed);
        (done + self.queue.len() as u64, done, self.failed.load(Ordering::Relaxed), self.queue.lost())
    }
}

impl HandlerQueue {
    /// Whether this thread is the one that runs the handler.
    pub(crate) fn is_taken_by(&self, tid: u32) -> bool {
        self.taker.load(Ordering::Relaxed) == tid
    }
}

/// A record as `yarder.Record.from_row` takes it. One that cannot be read is told as such: it was counted accepted.
fn row<'py>(py: Python<'py>, handed: &Handed) -> PyResult<Bound<'py, PyTuple>> {
    let source = &handed.source;
    let view = RecordView::parse(&handed.bytes)
        .map_err(|error| crate::errors::error(py, "RingError", &format!("a record cannot be read: {error}")))?;
    let mut text = Vec::new();
    message(&view, &mut text);
    let fields = PyDict::new(py);
    for (key, value) in view.fields() {
        if is_public(&value) {
            fields.set_item(to_str(py, key), to_python(py, &value)?)?;
        }
    }
    let facility = if view.facility().is_empty() { source.app().as_bytes() } else { view.facility() };
    PyTuple::new(
        py,
        [
            PyBytes::new(py, &id(handed.ns, source.producer(), view.sequence())).into_any(),
            handed.ns.into_pyobject(py)?.into_any(),
            view.level().into_pyobject(py)?.into_any(),
            to_str(py, source.app().as_bytes()),
            to_str(py, facility),
            to_str(py, &text),
            fields.into_any(),
            source.pid().into_pyobject(py)?.into_any(),
            view.tid().into_pyobject(py)?.into_any(),
            to_str(py, source.process().as_bytes()),
            to_str(py, view.thread()),
            to_str(py, source.hostname().as_bytes()),
            to_str(py, view.caller()),
            source.producer().into_pyobject(py)?.into_any(),
            view.sequence().into_pyobject(py)?.into_any(),
        ],
    )
}
