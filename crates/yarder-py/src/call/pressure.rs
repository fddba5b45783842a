//! Commit when it does not go straight: no room, something to tell of, a record that is too long, no ring at all.
//!
//! What may be waited for is decided here by policy; a wait gives the GIL up, and then everything is looked at anew.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::ffi;
use pyo3::prelude::*;
use yarder_core::record::flag;
use yarder_core::record::value::tag;
use yarder_ring::layout::{Policy, Reason, REASONS};
use yarder_ring::{Pressure, Producer, WaitOutcome};

use super::commit::{self, Parts};
use super::piece::Piece;
use super::{after, shrink, thread};
use crate::gil::{attached, without_gil};
use crate::hub::{attach, Hub, Live};

/// Error and worse: the last to be lost.
const URGENT: u8 = 3;
/// The longest wait of a thread that runs an event loop.
const LOOP_WAIT: Duration = Duration::from_millis(5);
/// Bytes of the longest loss section.
const MOST_LOSSES: usize = 9 * REASONS;
/// A wait is cut into slices of this length, so that Ctrl-C is seen.
const SLICE: Duration = Duration::from_millis(100);

/// Delivers a record that `deliver` could not. False: lost, and counted.
///
/// # Safety
/// As `deliver`; the GIL may be given up.
#[cold]
#[inline(never)]
pub(super) unsafe fn deliver(hub: *mut Hub, parts: &Parts<'_>) -> bool {
    // The GIL may be given up below, and with it goes what belongs to no one call.
    let own = (parts.thread.to_vec(), parts.caller.to_vec());
    let parts = Parts { thread: &own.0, caller: &own.1, ..*parts };
    let mut wait = Wait { until: None, outcome: None, has_waited: false };
    loop {
        // SAFETY: as the caller promises; each round takes its references anew.
        unsafe {
            let Some(live) = &mut (*hub).live else {
                return crate::hub::closed::say(hub, &parts);
            };
            if live.producer.is_forked() {
                attach::reborn(hub);
                continue;
            }
            match attempt(live, &parts, &mut wait) {
                Attempt::Stored(stamp, truncated) => {
                    (*hub).past.truncated += u64::from(truncated);
                    thread::seen(stamp);
                    if (*hub).after >> parts.level & 1 == 1 {
                        after::work(hub, parts.level);
                    }
                    return true;
                }
                Attempt::Lost(reason) => {
                    live.producer.lose(reason);
                    return false;
                }
                Attempt::Wait => wait.run(hub, &parts),
            }
        }
    }
}

enum Attempt {
    /// Published: its stamp, and whether it was cut.
    Stored(u64, bool),
    Lost(Reason),
    Wait,
}

/// One try to commit.
fn attempt(live: &mut Live, parts: &Parts<'_>, wait: &mut Wait) -> Attempt {
    let losses = match live.ring.policy() {
        // Passing over records may add to what is to be told.
        Policy::OverwriteOldest => MOST_LOSSES,
        _ => commit::loss_bytes(&live.producer),
    };
    if parts.bytes() + losses > live.most {
        let most = live.most - losses;
        return shortened(parts, most, |parts| try_once(live, parts, wait));
    }
    try_once(live, parts, wait)
}

fn try_once(live: &mut Live, parts: &Parts<'_>, wait: &mut Wait) -> Attempt {
    for _ in 0..3 {
        let losses = commit::loss_bytes(&live.producer);
        let bytes = parts.bytes() + losses;
        if let Some(stamp) = put(&mut live.producer, parts, bytes, losses > 0) {
            return Attempt::Stored(stamp, parts.flags & flag::TRUNCATED != 0);
        }
        match live.producer.pressure(bytes) {
            Pressure::Room => {}
            Pressure::HalfFull => live.service.wake(),
            // The oldest records make room; what that cost is told by this record.
            Pressure::Full if live.ring.policy() == Policy::OverwriteOldest => {
                live.service.wake();
                // Taken and let go: the next round reserves what it needs of it.
                let _ = live.producer.overwrite(bytes + MOST_LOSSES);
            }
            Pressure::Full => return full(live, parts, losses, wait),
            Pressure::Stalled => return stalled(live, parts, losses, wait),
            Pressure::TooLarge => return Attempt::Lost(Reason::TooLarge),
            // The fork is seen at the next round.
            Pressure::Forked => return Attempt::Wait,
        }
    }
    Attempt::Lost(Reason::RingFull)
}

fn put(producer: &mut Producer, parts: &Parts<'_>, bytes: usize, losses: bool) -> Option<u64> {
    let told = if losses { Some(producer.losses()) } else { None };
    let room = producer.reserve(bytes)?;
    Some(match told {
        Some(told) => commit::write_with_losses(room, parts, &told),
        None => commit::write(room, parts),
    })
}

/// The main lane is full.
fn full(live: &mut Live, parts: &Parts<'_>, losses: usize, wait: &mut Wait) -> Attempt {
    live.service.wake();
    match live.ring.policy() {
        Policy::OverwriteOldest | Policy::DropNewest => spare(live, parts, losses, Reason::RingFull),
        Policy::Block => {
            // An error does not wait as long as the reserve has room for it.
            if parts.level <= URGENT {
                if let stored @ Attempt::Stored(..) = spare(live, parts, losses, Reason::BlockTimeout) {
                    return stored;
                }
            }
            match wait.outcome {
                Some(WaitOutcome::TimedOut { moved }) => {
                    if !moved && wait.has_waited {
                        live.producer.set_stalled(true);
                    }
                    Attempt::Lost(Reason::BlockTimeout)
                }
                _ => Attempt::Wait,
            }
        }
    }
}

/// An earlier wait found out that nobody drains the ring: only who waits without limit waits again.
fn stalled(live: &mut Live, parts: &Parts<'_>, losses: usize, wait: &Wait) -> Attempt {
    let endless = live.recipe.patience[usize::from(parts.level)].is_none();
    match spare(live, parts, losses, Reason::Stalled) {
        Attempt::Lost(_) if endless && !wait.is_over() => Attempt::Wait,
        other => other,
    }
}

/// The reserve lane, for error and worse; cut to what it takes.
fn spare(live: &mut Live, parts: &Parts<'_>, losses: usize, reason: Reason) -> Attempt {
    if parts.level > URGENT {
        return Attempt::Lost(reason);
    }
    let most = live.producer.max_spare_bytes();
    let mut try_it = |parts: &Parts<'_>| {
        let told = live.producer.losses();
        let Some(room) = live.producer.reserve_spare(parts.bytes() + losses) else { return Attempt::Lost(reason) };
        let stamp = if losses > 0 { commit::write_with_losses(room, parts, &told) } else { commit::write(room, parts) };
        Attempt::Stored(stamp, parts.flags & flag::TRUNCATED != 0)
    };
    if parts.bytes() + losses > most {
        return shortened(parts, most - losses, try_it);
    }
    try_it(parts)
}

/// `parts` cut to `most` bytes: the longest texts first; then context and bound fields are left out.
fn shortened<R>(parts: &Parts<'_>, most: usize, then: impl FnOnce(&Parts<'_>) -> R) -> R {
    let mut parts = Parts { flags: parts.flags | flag::TRUNCATED, ..*parts };
    let fixed =
        |parts: &Parts<'_>| 48 + parts.logger.len() + parts.thread.len() + parts.caller.len() + parts.context.len();
    if fixed(&parts) > most / 2 {
        parts.context = &[];
    }
    if fixed(&parts) > most / 2 {
        parts.logger = &parts.logger[..usize::from(parts.facility_len)];
    }
    let encoded = shrink::encoded(parts.pieces);
    // The message is cut like any text: it stands first while the lengths are worked out, five bytes too long.
    let mut pieces = vec![Piece::of(u32::from(tag::STR), parts.message)];
    pieces.extend(shrink::flat(&encoded, parts.args, parts.fields));
    let args = 1 + usize::from(parts.args);
    shrink::shrink(&mut pieces, args, most.saturating_sub(fixed(&parts)));
    parts.message = &parts.message[..pieces[0].len as usize];
    let mut kept = &pieces[1..];
    parts.fields = (pieces.len().saturating_sub(args) / 2) as u16;
    parts.piece_bytes = kept.iter().map(|piece| piece.encoded()).sum();
    if parts.bytes() > most {
        // Arguments without end: the template alone.
        kept = &[];
        (parts.args, parts.fields, parts.piece_bytes) = (0, 0, 0);
        let rest = most.saturating_sub(fixed(&parts));
        parts.message = &parts.message[..yarder_core::record::cut(parts.message, rest)];
    }
    parts.pieces = kept;
    then(&parts)
}

/// The wait of one call for room.
struct Wait {
    until: Option<Option<Instant>>,
    outcome: Option<WaitOutcome>,
    /// A wait of no time at all finds out nothing about who drains the ring.
    has_waited: bool,
}

impl Wait {
    const fn is_over(&self) -> bool {
        matches!(self.outcome, Some(WaitOutcome::TimedOut { .. }))
    }

    /// Waits for a slice of its time; without any, it has timed out.
    unsafe fn run(&mut self, hub: *mut Hub, parts: &Parts<'_>) {
        // SAFETY: as `deliver`; no reference into the hub is alive while the GIL is given up.
        unsafe {
            let Some(live) = &(*hub).live else { return };
            let ring = Arc::clone(&live.ring);
            let patience = live.recipe.patience[usize::from(parts.level)];
            let now = Instant::now();
            let until = *self.until.get_or_insert_with(|| {
                let on_loop = attached(runs_a_loop).unwrap_or(false);
                let patience = if on_loop { Some(patience.unwrap_or(LOOP_WAIT).min(LOOP_WAIT)) } else { patience };
                patience.map(|patience| now + patience)
            });
            let left = until.map_or(SLICE, |until| until.saturating_duration_since(now));
            self.has_waited |= !left.is_zero();
            let slots = parts.bytes().div_ceil(256) as u64 + 1;
            let outcome = if left.is_zero() {
                Some(WaitOutcome::TimedOut { moved: true })
            } else {
                Some(without_gil(|| ring.wait_for_room(slots, left.min(SLICE))))
            };
            let over = until.is_some_and(|until| Instant::now() >= until);
            self.outcome = match outcome {
                // Not yet the end of the wait: the next slice.
                Some(WaitOutcome::TimedOut { .. }) if !over => Some(WaitOutcome::Room),
                other => other,
            };
            if ffi::PyErr_CheckSignals() != 0 {
                // A signal handler raised, Ctrl-C most likely: the record is lost, the exception goes on.
                self.outcome = Some(WaitOutcome::TimedOut { moved: true });
            }
        }
    }
}

/// Whether an event loop runs in this thread, which must not stand still.
fn runs_a_loop(py: Python<'_>) -> bool {
    // SAFETY: borrowed and owned references with the GIL held; leaves no error set.
    unsafe {
        let modules = ffi::PyImport_GetModuleDict();
        let asyncio = ffi::PyDict_GetItemString(modules, c"_asyncio".as_ptr());
        if asyncio.is_null() {
            return false;
        }
        let running = Bound::from_borrowed_ptr(py, asyncio).call_method0("_get_running_loop");
        running.is_ok_and(|running| !running.is_none())
    }
}
