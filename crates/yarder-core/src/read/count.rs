//! Counting: no order, no copies, as many threads as there are.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::entry::Entry;
use super::find::Stream;
use super::job::jobs;
use super::look::Look;
use super::problem::{Problems, Shared};
use super::scan::{Opened, Progress, Query, Worker};

/// Different values that are counted apart; what comes later is counted together, under no value.
const VALUES: usize = 10_000;

/// How many records there are.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// In all.
    pub total: u64,
    /// By the text of the key that was asked for; `None` for records without one.
    pub by: HashMap<Option<Vec<u8>>, u64>,
    /// What could not be read.
    pub problems: Problems,
}

impl Tally {
    fn add(&mut self, entry: &Entry<'_>, by: Option<&[u8]>) {
        self.total += 1;
        let Some(key) = by else { return };
        let text = match key {
            b"minute" => time(entry.ns, 16),
            b"hour" => time(entry.ns, 13),
            b"day" => time(entry.ns, 10),
            _ => entry.text_of(key).map(std::borrow::Cow::into_owned),
        };
        let full = self.by.len() >= VALUES && !self.by.contains_key(&text);
        *self.by.entry(if full { None } else { text }).or_default() += 1;
    }

    fn merge(&mut self, other: Tally) {
        self.total += other.total;
        for (text, count) in other.by {
            *self.by.entry(text).or_default() += count;
        }
    }
}

/// The first characters of a time in UTC.
fn time(ns: u64, chars: usize) -> Option<Vec<u8>> {
    let stamp = jiff::Timestamp::from_nanosecond(i128::from(ns)).ok()?;
    Some(stamp.strftime("%Y-%m-%dT%H:%M").to_string().into_bytes()[..chars].to_vec())
}

/// Counts the records of `streams` that `query` asks for (its limit and order mean nothing here), by the text of a key
/// if there is one: a field, a part of the record, or `minute`, `hour`, `day` in UTC.
#[must_use]
pub fn count(streams: Vec<Stream>, query: &Query, by: Option<&[u8]>, progress: &Arc<Progress>) -> Tally {
    let filter = Arc::new(query.filter.clone());
    let look = Look::new(filter.clone(), query.zone.clone());
    let problems = Arc::new(Shared::default());
    let mut found = Problems::default();
    let work: Vec<_> = streams
        .into_iter()
        .flat_map(|stream| jobs(stream.parts, (&filter, false), query.index.as_deref(), &mut found))
        .collect();
    problems.merge(found);
    progress.total.fetch_add(work.iter().map(|job| job.stored).sum(), Ordering::Relaxed);
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Tally::default());
    let body = || {
        let mut worker =
            Worker { look: look.clone(), reverse: false, problems: problems.clone(), progress: progress.clone() };
        let mut own = Tally::default();
        while let Some(job) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut opened = Opened::new(job, &worker);
            while opened.step(&mut worker, &mut |_, _, entry| own.add(entry, by)) {}
        }
        all.lock().unwrap_or_else(PoisonError::into_inner).merge(own);
    };
    std::thread::scope(|scope| {
        for _ in 1..query.crew().min(work.len()) {
            // Where no thread can be had this one does all.
            let _ = std::thread::Builder::new().name("yarder-read".into()).spawn_scoped(scope, body);
        }
        body();
    });
    let mut tally = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    tally.problems = problems.all();
    tally
}

/// [`count`] over the files of a source.
///
/// # Errors
/// When there is no such source or it may not be looked at.
pub fn count_source(source: &Path, query: &Query, by: Option<&[u8]>) -> std::io::Result<Tally> {
    Ok(count(super::find::find(source)?, query, by, &Arc::default()))
}
