//! What a ring is made from: kept, because a forked child makes its own from the same.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use yarder_core::local::LocalFilter;
use yarder_core::plan::Layout;
use yarder_ring::layout::Policy;

/// Arguments of `attach`, checked.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) app: String,
    pub(crate) yard: Option<String>,
    pub(crate) plan: Option<String>,
    pub(crate) local: Option<LocalPlan>,
    pub(crate) policy: Policy,
    /// Seconds to wait for room, by level; `None` without limit.
    pub(crate) patience: [Option<Duration>; 9],
    pub(crate) slots: u32,
    pub(crate) most: usize,
    pub(crate) sync: Option<Duration>,
    pub(crate) caller: bool,
}

/// Destinations of this process alone.
#[derive(Debug, Deserialize)]
pub(crate) struct LocalPlan {
    #[serde(default = "local")]
    pub(crate) tz: String,
    pub(crate) destinations: Vec<Console>,
}

fn local() -> String {
    "local".to_owned()
}

/// One console.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Console {
    #[serde(default = "everything")]
    pub(crate) level: i8,
    #[serde(default)]
    pub(crate) facilities: Option<BTreeMap<String, i8>>,
    pub(crate) stream: Stream,
    pub(crate) format: Layout,
    #[serde(default)]
    pub(crate) color: Option<bool>,
    #[serde(default)]
    pub(crate) traceback: Option<String>,
    #[serde(default)]
    pub(crate) show_locals: bool,
}

fn everything() -> i8 {
    8
}

impl Console {
    pub(crate) fn filter(&self) -> LocalFilter {
        LocalFilter { level: self.level, facilities: self.facilities.clone() }
    }

    /// Whether a record of this level can be for it.
    pub(crate) fn takes(&self, level: u8) -> bool {
        let most = self.facilities.iter().flat_map(BTreeMap::values).copied().max().unwrap_or(self.level);
        i16::from(level) <= i16::from(most)
    }
}

/// A standard stream.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    pub(crate) const fn fd(self) -> i32 {
        match self {
            Stream::Stdout => 1,
            Stream::Stderr => 2,
        }
    }

    /// Its name in `sys`, now and as the interpreter made it.
    pub(crate) const fn names(self) -> (&'static std::ffi::CStr, &'static std::ffi::CStr) {
        match self {
            Stream::Stdout => (c"stdout", c"__stdout__"),
            Stream::Stderr => (c"stderr", c"__stderr__"),
        }
    }
}

impl Recipe {
    /// How long a console may stand still before its lines are given up.
    pub(crate) fn console_patience(&self) -> Duration {
        const USUAL: Duration = Duration::from_millis(100);
        self.patience[6].unwrap_or(USUAL).max(Duration::from_millis(1))
    }
}
