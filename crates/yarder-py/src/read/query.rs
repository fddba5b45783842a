//! `Query`: a question about log files, checked, ready to be asked.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use pyo3::exceptions::{PyBlockingIOError, PyOSError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use yarder_core::read::{self, Filter, History, Parser, Zone};

use super::rows::Rows;
use super::{lock, report, Follow, Report, Scan};

/// A question about log files.
#[pyclass(frozen, module = "yarder._core")]
pub(crate) struct Query {
    sources: Vec<PathBuf>,
    query: read::Query,
    tz: String,
    /// Of the count under way.
    progress: Mutex<Arc<read::Progress>>,
}

/// What is counted: all, by value, what could not be read.
type Counted = (u64, HashMap<Option<String>, u64>, Report);

#[pymethods]
impl Query {
    #[new]
    #[pyo3(signature = (
        sources, *, since = None, until = None, levels = read::ALL_LEVELS, app = None, facility = None, contains = None,
        regex = None, r#where = Vec::new(), tz = "local", threads = 0
    ))]
    #[allow(clippy::too_many_arguments, reason = "keywords of one Python call, each a filter of its own")]
    fn new(
        py: Python<'_>,
        sources: Vec<PathBuf>,
        since: Option<u64>,
        until: Option<u64>,
        levels: u16,
        app: Option<String>,
        facility: Option<String>,
        contains: Option<String>,
        regex: Option<String>,
        r#where: Vec<(String, String)>,
        tz: &str,
        threads: usize,
    ) -> PyResult<Query> {
        let regex = regex
            .map(|pattern| regex::bytes::Regex::new(&pattern))
            .transpose()
            .map_err(|error| wrong(py, "regex", &error.to_string(), "write a pattern of Rust's regex syntax"))?;
        let filter = Filter {
            since,
            until,
            levels,
            app: app.map(String::into_bytes),
            facility: facility.map(String::into_bytes),
            contains: contains.map(String::into_bytes),
            regex,
            fields: r#where.into_iter().map(|(key, value)| (key.into_bytes(), value.into_bytes())).collect(),
        };
        let query = read::Query {
            filter,
            threads,
            index: Some(Arc::new(read::Ledgers::default())),
            ..read::Query::new(zone(py, tz)?)
        };
        Ok(Query { sources, query, tz: tz.to_string(), progress: Mutex::default() })
    }

    /// The records, oldest first or newest first, at most `limit`.
    #[pyo3(signature = (limit = None, *, reverse = false))]
    fn scan(&self, py: Python<'_>, limit: Option<u64>, reverse: bool) -> PyResult<Scan> {
        let query = read::Query { limit, reverse, ..self.query.clone() };
        let scan = py.detach(|| Ok(read::Scan::new(self.find()?, &query))).map_err(|error| self.failed(&error))?;
        Ok(Scan::new(scan, self.rows()))
    }

    /// The records as they are written; first the last so many that are there, or all of them (-1).
    #[pyo3(signature = (last = 0))]
    fn follow(&self, py: Python<'_>, last: i64) -> PyResult<Follow> {
        let history = match last {
            0 => History::None,
            1.. => History::Last(last.unsigned_abs()),
            _ => History::All,
        };
        let follow = py.detach(|| read::Follow::new(&self.sources, &self.query, history));
        let follow = follow.map_err(|error| self.failed(&error))?;
        Ok(Follow { follow: Mutex::new((follow, self.rows())) })
    }

    /// How many there are: (all, by the text of `by`, what could not be read). Releases the GIL.
    #[pyo3(signature = (by = None))]
    fn count(&self, py: Python<'_>, by: Option<&str>) -> PyResult<Counted> {
        let progress = Arc::<read::Progress>::default();
        *lock(&self.progress) = progress.clone();
        let counted = py.detach(|| Ok(read::count(self.find()?, &self.query, by.map(str::as_bytes), &progress)));
        let tally = counted.map_err(|error| self.failed(&error))?;
        let text = |text: Vec<u8>| String::from_utf8_lossy(&text).into_owned();
        let by = tally.by.into_iter().map(|(value, count)| (value.map(text), count)).collect();
        Ok((tally.total, by, report(tally.problems)))
    }

    /// Bytes on the disk of the count under way: done, in all. Never waits.
    fn progress(&self) -> (u64, u64) {
        progress(&lock(&self.progress))
    }

    /// The files there are, oldest first.
    fn files(&self, py: Python<'_>) -> PyResult<Vec<PathBuf>> {
        let streams = py.detach(|| self.find()).map_err(|error| self.failed(&error))?;
        Ok(streams.into_iter().flat_map(|stream| stream.parts).map(|part| part.path).collect())
    }
}

impl Query {
    /// The streams of all sources. One that is not there is missed only when it is the only one.
    fn find(&self) -> io::Result<Vec<read::Stream>> {
        read::find_all(&self.sources)
    }

    fn failed(&self, error: &io::Error) -> PyErr {
        os_error(error, self.sources.first().map(PathBuf::as_path))
    }

    fn rows(&self) -> Rows {
        Rows { parser: Parser::new(self.query.zone.clone()), tz: self.tz.clone() }
    }
}

pub(super) fn progress(progress: &read::Progress) -> (u64, u64) {
    (progress.done.load(Ordering::Relaxed), progress.total.load(Ordering::Relaxed))
}

pub(super) fn zone(py: Python<'_>, name: &str) -> PyResult<Zone> {
    Zone::parse(name).ok_or_else(|| {
        wrong(py, "tz", &format!("there is no zone {name:?}"), "write 'local', 'utc' or 'Europe/Berlin'")
    })
}

/// `ConfigError` with key and hint.
fn wrong(py: Python<'_>, key: &str, what: &str, hint: &str) -> PyErr {
    let made = py.import("yarder.errors").and_then(|errors| {
        let named = PyDict::new(py);
        named.set_item("key", key)?;
        named.set_item("hint", hint)?;
        errors.getattr("ConfigError")?.call((format!("{key}: {what}; {hint}"),), Some(&named))
    });
    made.map_or_else(|error| error, PyErr::from_value)
}

/// The `OSError` that Python itself would raise for the path.
pub(super) fn os_error(error: &io::Error, path: Option<&Path>) -> PyErr {
    let number = error.raw_os_error().unwrap_or(match error.kind() {
        io::ErrorKind::NotFound => libc::ENOENT,
        io::ErrorKind::PermissionDenied => libc::EACCES,
        io::ErrorKind::ResourceBusy => {
            let path = path.map(|path| path.display().to_string());
            return PyBlockingIOError::new_err((libc::EAGAIN, "a writer holds this file", path));
        }
        _ => libc::EIO,
    });
    let text = io::Error::from_raw_os_error(number).to_string();
    let text = text.split(" (os error").next().unwrap_or_default().to_string();
    PyOSError::new_err((number, text, path.map(|path| path.display().to_string())))
}
