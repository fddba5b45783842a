//! `Ring`: the ring itself, for other uses: one writer, one reader, whole byte strings, across processes.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use yarder_core::record::kind;
use yarder_ring::layout::{Policy, State, MAX_SLOTS, MIN_SLOTS, RECORD_HEAD};
use yarder_ring::{Consumer, Head, Pressure, Producer, RingFile, RingSpec};

use crate::errors;

/// One end of a ring file.
#[pyclass(frozen, module = "yarder._core")]
pub(crate) struct Ring {
    end: Mutex<End>,
    overruns: AtomicU64,
}

enum End {
    Writer(Box<Producer>),
    Reader { consumer: Box<Consumer>, buffer: Vec<u8> },
    Closed,
}

#[pymethods]
impl Ring {
    /// Make a ring file with `slots` slots of 256 bytes and be its writer; an existing file is refused.
    #[staticmethod]
    fn create(py: Python<'_>, path: &Bound<'_, PyAny>, slots: i64) -> PyResult<Ring> {
        let slots = u32::try_from(slots)
            .ok()
            .filter(|slots| slots.is_power_of_two() && (MIN_SLOTS..=MAX_SLOTS).contains(slots))
            .ok_or_else(|| {
                let hint = format!("give a power of two from {MIN_SLOTS} to {MAX_SLOTS}");
                errors::config(py, "slots", &format!("{slots} slots cannot be made"), &hint)
            })?;
        let path = path_of(py, path)?;
        let spec = RingSpec { main_slots: slots, policy: Policy::DropNewest, shared: true, ..RingSpec::default() };
        let made = RingFile::create_at(Path::new(&path), &spec).and_then(|ring| Producer::new(Arc::new(ring)));
        let producer = made.map_err(|error| errors::ring(py, &error))?;
        Ok(Ring::of(End::Writer(Box::new(producer))))
    }

    /// Open a ring that another process made, and be its reader.
    #[staticmethod]
    fn attach(py: Python<'_>, path: &Bound<'_, PyAny>) -> PyResult<Ring> {
        let path = path_of(py, path)?;
        let ring = RingFile::open(Path::new(&path)).map_err(|error| errors::ring(py, &error))?;
        let consumer = Box::new(Consumer::new(Arc::new(ring), Head::Shared));
        Ok(Ring::of(End::Reader { consumer, buffer: Vec::new() }))
    }

    /// Append one byte string. False when it does not fit now; counted in `overruns`.
    #[pyo3(signature = (data, /))]
    fn write(&self, py: Python<'_>, data: &[u8]) -> PyResult<bool> {
        let mut end = self.end();
        let End::Writer(producer) = &mut *end else {
            return Err(errors::error(py, "Closed", wrong_end(&end, "write: this end reads")));
        };
        let bytes = RECORD_HEAD + data.len();
        for _ in 0..2 {
            if let Some(mut room) = producer.reserve(bytes) {
                let head = [u64::from(kind::RAW) << 32, room.sequence(), room.stamp(), 0, data.len() as u64, 0];
                room.put_words(head);
                room.put(data);
                room.publish();
                return Ok(true);
            }
            match producer.pressure(bytes) {
                Pressure::Room | Pressure::HalfFull => {}
                Pressure::TooLarge => {
                    let most = producer.max_record_bytes() - RECORD_HEAD;
                    return Err(errors::error(
                        py,
                        "RingError",
                        &format!("{} bytes never fit: one string has at most {most} bytes here", data.len()),
                    ));
                }
                _ => break,
            }
        }
        self.overruns.fetch_add(1, Ordering::Relaxed);
        Ok(false)
    }

    /// Take the oldest byte string; None when there is none.
    fn read<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let mut end = self.end();
        let End::Reader { consumer, buffer } = &mut *end else {
            return Err(errors::error(py, "Closed", wrong_end(&end, "read: this end writes")));
        };
        let upto = consumer.snapshot();
        let found = consumer.next(&upto, buffer).map_err(|error| errors::ring(py, &error))?;
        let Some(record) = found else { return Ok(None) };
        let bytes = record.bytes.get(RECORD_HEAD..).unwrap_or_default();
        let made = PyBytes::new(py, bytes);
        let cursor = consumer.cursor();
        consumer.advance(cursor);
        Ok(Some(made))
    }

    /// Writes that did not fit.
    #[getter]
    fn overruns(&self) -> u64 {
        self.overruns.load(Ordering::Relaxed)
    }

    /// Byte strings that wait to be read. Cost: a look at each of them.
    fn __len__(&self) -> usize {
        match &*self.end() {
            End::Writer(producer) => waiting(producer.ring()),
            End::Reader { consumer, .. } => waiting(consumer.ring()),
            End::Closed => 0,
        }
    }

    /// Give this end back; the file stays for the other one. Idempotent.
    fn close(&self) {
        let end = std::mem::replace(&mut *self.end(), End::Closed);
        if let End::Writer(producer) = &end {
            producer.ring().set_state(State::Closed);
        }
    }

    fn __enter__(this: Py<Self>) -> Py<Self> {
        this
    }

    #[pyo3(signature = (*_exc))]
    fn __exit__(&self, _exc: &Bound<'_, pyo3::types::PyTuple>) {
        self.close();
    }
}

impl Ring {
    fn of(end: End) -> Ring {
        Ring { end: Mutex::new(end), overruns: AtomicU64::new(0) }
    }

    fn end(&self) -> MutexGuard<'_, End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn waiting(ring: &Arc<RingFile>) -> usize {
    let mut walker = Consumer::new(Arc::clone(ring), Head::Shared);
    let (upto, mut buffer, mut count) = (walker.snapshot(), Vec::new(), 0);
    // A record that the other end takes meanwhile may be overwritten under the walk: the count ends there.
    while let Ok(Some(_)) = walker.next(&upto, &mut buffer) {
        count += 1;
    }
    count
}

const fn wrong_end(end: &End, other: &'static str) -> &'static str {
    match end {
        End::Closed => "the ring was closed",
        _ => other,
    }
}

fn path_of(py: Python<'_>, path: &Bound<'_, PyAny>) -> PyResult<String> {
    py.import("os")?.call_method1("fspath", (path,))?.extract()
}
