//! The plan: the shared destinations of a process, as JSON in the yard.
//!
//! A ring names the plan it was made under, so that what a dead process left goes to *its*
//! destinations, whatever the next start configures. A plan is therefore read by writers of other
//! versions than the one that stored it: unknown keys are ignored, unknown kinds are refused.

mod archive;
mod layout;
mod route;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use archive::{ArchiveOptions, Codec, Rotate};
pub use layout::{Layout, LayoutError, FORMATS};
pub use route::Route;

/// The newest plan version this crate reads.
pub const PLAN_VERSION: u32 = 1;

/// How many destinations one plan may hold: a route is a bit mask and the record's `exclude` field
/// has sixteen bits.
pub const MAX_DESTINATIONS: usize = 16;

/// The resolved shared destinations of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Layout version of this JSON, [`PLAN_VERSION`].
    pub version: u32,
    /// The app whose processes use the plan.
    pub app: String,
    /// Time zone of human lines: `local`, `utc` or an IANA name.
    #[serde(default = "local")]
    pub tz: String,
    /// Where records go.
    pub destinations: Vec<Destination>,
}

/// One shared destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The backend's name in meters and messages.
    pub name: String,
    /// Which kind of backend; only `file` is written by the writer itself.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Absolute path of the live file.
    pub path: PathBuf,
    /// How a record becomes a line.
    pub format: Layout,
    /// Permission bits of a file that is made here.
    #[serde(default = "default_mode")]
    pub mode: u32,
    /// When written bytes are synced to the device.
    #[serde(default)]
    pub fsync: Fsync,
    /// The least severe level that is written (0..=8), -1: nothing.
    #[serde(default = "default_level")]
    pub level: i8,
    /// When present, only these facilities (dotted prefixes, the longest wins), each with its level.
    #[serde(default)]
    pub facilities: Option<BTreeMap<String, i8>>,
    /// What happens when another yard holds the file.
    #[serde(default)]
    pub on_conflict: OnConflict,
    /// When the file is rotated, and what becomes of it then.
    #[serde(flatten)]
    pub archive: ArchiveOptions,
}

/// Kinds of shared destinations that the writer serves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A file on this host.
    File,
}

/// When written bytes are synced to the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fsync {
    /// The kernel decides.
    #[default]
    Never,
    /// At most once a second.
    Interval,
    /// After every batch, before its records count as written.
    Batch,
}

/// What happens when another yard holds the live file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    /// Write to `<stem>.<host>-<n>.log` beside it, with one warning.
    #[default]
    Suffix,
    /// Treat the destination as failing.
    Error,
}

/// Why a plan cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Not the JSON of a plan.
    #[error("the plan is not valid: {0}")]
    Json(#[from] serde_json::Error),
    /// Made by a newer release.
    #[error("the plan has version {0}, this release reads up to {PLAN_VERSION}")]
    Version(u32),
    /// A field has a value that cannot be used.
    #[error("the plan's destination {name:?} cannot be used: {what}")]
    Destination {
        /// The destination's name.
        name: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// More destinations than a route's mask has bits.
    #[error("the plan has {0} destinations, at most {MAX_DESTINATIONS} are possible")]
    TooMany(usize),
}

impl Plan {
    /// Reads a plan and checks every field the writer relies on.
    ///
    /// # Errors
    /// [`PlanError`] names what is wrong; nothing is guessed.
    pub fn parse(json: &str) -> Result<Plan, PlanError> {
        let plan: Plan = serde_json::from_str(json)?;
        if plan.version == 0 || plan.version > PLAN_VERSION {
            return Err(PlanError::Version(plan.version));
        }
        if plan.destinations.len() > MAX_DESTINATIONS {
            return Err(PlanError::TooMany(plan.destinations.len()));
        }
        for destination in &plan.destinations {
            destination.check()?;
        }
        Ok(plan)
    }

    /// The plan as the JSON that [`Plan::parse`] reads.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings, numbers and maps with string keys: serialising them cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Destination {
    fn check(&self) -> Result<(), PlanError> {
        let bad = |what| Err(PlanError::Destination { name: self.name.clone(), what });
        if !self.path.is_absolute() {
            return bad("its path is not absolute");
        }
        if self.path.file_name().is_none() {
            return bad("its path names no file");
        }
        if self.mode > 0o7777 {
            return bad("its mode has more than permission bits");
        }
        let levels = self.facilities.iter().flat_map(|map| map.values().copied());
        if levels.chain([self.level]).any(|level| !(-1..=8).contains(&level)) {
            return bad("a level is outside -1..=8");
        }
        match self.archive.fault() {
            Some(what) => bad(what),
            None => Ok(()),
        }
    }
}

fn local() -> String {
    "local".to_owned()
}

fn default_mode() -> u32 {
    0o640
}

fn default_level() -> i8 {
    8
}
