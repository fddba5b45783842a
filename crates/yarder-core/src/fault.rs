//! Faults on demand, so that tests can stop or break the writer at every stage.
//!
//! `YARDER_FAULT=stage:action[:n]` acts when `stage` is reached for the n-th time (default 1); `n+` acts
//! at every later time as well.
//! Compiled in always: a build with other code than the released one proves nothing about it. Unset,
//! a stage costs one relaxed load.

use std::sync::atomic::{AtomicU64, AtomicU8, Ordering};
use std::sync::OnceLock;

use rustix::process::{getpid, kill_process, Signal};

/// Where the writer can be stopped; the names of the environment variable in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Rings are looked for.
    Scan,
    /// Tails are read.
    Snapshot,
    /// Records are put in order.
    Merge,
    /// A batch becomes lines.
    Format,
    /// The intent says PREPARED, nothing is written.
    Prepare,
    /// A part of a batch is written (half of one file's bytes, where it is the first).
    Write,
    /// One file has its bytes, the next may not.
    File,
    /// The intent says WRITTEN, no head has moved.
    Written,
    /// The first head has moved, not all.
    Heads,
    /// The ledger has the batch's lines, the control page has the state before it.
    Book,
    /// A rotation was said in the control page, the file has its old name.
    Rotate,
    /// The file has its archive name, there is no live file.
    Renamed,
    /// There is a new live file, the page still says the old step.
    Opened,
    /// A part of an archive is compressed.
    Compress,
    /// The compressed archive is whole and synced, under its temporary name.
    Synced,
    /// It has its name, the plain one is still there.
    Published,
    /// The plain one is gone, nobody noted it.
    Unlinked,
    /// An archive is about to be removed.
    Expire,
    /// It is removed, nobody noted it.
    Expired,
}

/// Every stage with its name in the environment variable.
const STAGES: [(&str, Stage); 19] = [
    ("scan", Stage::Scan),
    ("snapshot", Stage::Snapshot),
    ("merge", Stage::Merge),
    ("format", Stage::Format),
    ("prepare", Stage::Prepare),
    ("write", Stage::Write),
    ("file", Stage::File),
    ("written", Stage::Written),
    ("heads", Stage::Heads),
    ("book", Stage::Book),
    ("rotate", Stage::Rotate),
    ("renamed", Stage::Renamed),
    ("opened", Stage::Opened),
    ("compress", Stage::Compress),
    ("synced", Stage::Synced),
    ("published", Stage::Published),
    ("unlinked", Stage::Unlinked),
    ("expire", Stage::Expire),
    ("expired", Stage::Expired),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Panic,
    Exit,
    Abort,
}

#[derive(Debug)]
struct Fault {
    stage: Stage,
    action: Action,
    left: AtomicU64,
    always: bool,
}

const UNKNOWN: u8 = 0;
const OFF: u8 = 1;

static ARMED: AtomicU8 = AtomicU8::new(UNKNOWN);
static FAULT: OnceLock<Option<Fault>> = OnceLock::new();

/// A stage is reached.
///
/// # Panics
/// When the environment asks for it.
#[inline]
pub(crate) fn point(stage: Stage) {
    if ARMED.load(Ordering::Relaxed) != OFF {
        strike(stage);
    }
}

/// Whether this stage would act now: the write stage uses it to write only a part first.
#[inline]
pub(crate) fn is_near(stage: Stage) -> bool {
    ARMED.load(Ordering::Relaxed) != OFF
        && fault().is_some_and(|fault| fault.stage == stage && fault.left.load(Ordering::Relaxed) == 1)
}

/// Reads the environment, if nobody did yet.
pub(crate) fn read() {
    let _ = fault();
}

fn fault() -> Option<&'static Fault> {
    let fault = FAULT.get_or_init(|| std::env::var("YARDER_FAULT").ok().and_then(|text| Fault::parse(&text)));
    ARMED.store(if fault.is_some() { 2 } else { OFF }, Ordering::Relaxed);
    fault.as_ref()
}

#[cold]
fn strike(stage: Stage) {
    let Some(fault) = fault().filter(|fault| fault.stage == stage) else { return };
    let counted = fault.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    if counted != Ok(1) && !(counted.is_err() && fault.always) {
        return;
    }
    match fault.action {
        Action::Panic => panic!("YARDER_FAULT at {stage:?}"),
        Action::Abort => std::process::abort(),
        Action::Exit => {
            // SIGKILL, not exit(): nothing may run after this point, no hook and no destructor.
            let _ = kill_process(getpid(), Signal::KILL);
            loop {
                std::thread::park();
            }
        }
    }
}

impl Fault {
    fn parse(text: &str) -> Option<Fault> {
        let mut parts = text.split(':');
        let name = parts.next()?;
        let stage = STAGES.iter().find(|(known, _)| *known == name)?.1;
        let action = match parts.next()? {
            "panic" => Action::Panic,
            "exit" => Action::Exit,
            "abort" => Action::Abort,
            _ => return None,
        };
        let number = parts.next().unwrap_or("1");
        let (number, always) = number.strip_suffix('+').map_or((number, false), |number| (number, true));
        Some(Fault { stage, action, left: AtomicU64::new(number.parse().ok()?), always })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_stage_action_and_count() {
        let fault = Fault::parse("prepare:panic:3").expect("a fault");
        assert_eq!((fault.stage, fault.action), (Stage::Prepare, Action::Panic));
        assert_eq!(fault.left.load(Ordering::Relaxed), 3);
        assert!(Fault::parse("prepare").is_none());
        assert!(Fault::parse("nowhere:panic").is_none());
    }
}
