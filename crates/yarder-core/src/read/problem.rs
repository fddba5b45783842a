//! What could not be read: counted, with the first places.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::parse::Damage;

/// Places that are kept.
const PLACES: usize = 10;

/// One place that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// Where in it, before compression.
    pub offset: u64,
    /// What is wrong there.
    pub damage: Damage,
}

/// Everything that could not be read in one scan.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    /// How many places.
    pub count: u64,
    /// The first ten that were met.
    pub first: Vec<Problem>,
}

impl Problems {
    /// Counts a place.
    pub fn add(&mut self, path: &Path, offset: u64, damage: Damage) {
        self.count += 1;
        if self.first.len() < PLACES {
            self.first.push(Problem { path: path.to_path_buf(), offset, damage });
        }
    }

    pub(super) fn merge(&mut self, other: Problems) {
        self.count += other.count;
        self.first.extend(other.first);
        self.first.truncate(PLACES);
    }
}

/// The problems of all threads of a scan.
#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<Problems>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Problems> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn merge(&self, problems: Problems) {
        if problems.count > 0 {
            self.lock().merge(problems);
        }
    }

    pub(super) fn all(&self) -> Problems {
        self.lock().clone()
    }
}
