//! What the writer says on stderr: rarely, and in one line.

use std::time::{Duration, Instant};

use crate::trace;

/// How often one destination may complain.
const EVERY: Duration = Duration::from_secs(10);

/// Writes one line to stderr; a stderr that is gone is nobody's problem here.
pub(crate) fn say(text: &str) {
    trace::to_stderr(format!("yarder: {text}\n").as_bytes());
}

/// At most one line in ten seconds, and the number of those left out.
#[derive(Debug, Default)]
pub(crate) struct Reporter {
    last: Option<Instant>,
    held: u64,
}

impl Reporter {
    /// Says `text` unless something was said just before.
    pub(crate) fn report(&mut self, now: Instant, text: impl FnOnce() -> String) {
        if self.last.is_some_and(|last| now.saturating_duration_since(last) < EVERY) {
            self.held += 1;
            return;
        }
        let held = std::mem::take(&mut self.held);
        self.last = Some(now);
        match held {
            0 => say(&text()),
            held => say(&format!("{} ({held} like it since the last such line)", text())),
        }
    }

    /// Whether a line was said that a healing should answer.
    pub(crate) fn has_spoken(&self) -> bool {
        self.last.is_some()
    }
}
