//! Time: a counter that costs nothing to read, and how it becomes wall-clock time.

mod calibrate;
mod convert;

use std::sync::atomic::{AtomicU8, Ordering};

pub use convert::{Clock, ClockPair};

use crate::sys;

const UNKNOWN: u8 = 0;
const COUNTER: u8 = 1;
const SYSTEM: u8 = 2;
static SOURCE: AtomicU8 = AtomicU8::new(UNKNOWN);

/// The stamp of a record: the time-stamp counter where it is invariant, else nanoseconds of CLOCK_REALTIME.
#[inline(always)]
#[must_use]
pub fn counter() -> u64 {
    if SOURCE.load(Ordering::Relaxed) == COUNTER {
        raw()
    } else {
        slow_counter()
    }
}

#[cold]
#[inline(never)]
fn slow_counter() -> u64 {
    match source() {
        COUNTER => raw(),
        _ => sys::realtime_ns(),
    }
}

#[cold]
fn source() -> u8 {
    let known = SOURCE.load(Ordering::Relaxed);
    if known != UNKNOWN {
        return known;
    }
    let found = if calibrate::hz() > 0.0 { COUNTER } else { SYSTEM };
    SOURCE.store(found, Ordering::Relaxed);
    found
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn raw() -> u64 {
    // SAFETY: the instruction exists on every x86-64 CPU and touches no memory.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn raw() -> u64 {
    let value: u64;
    // SAFETY: reads the virtual counter, which Linux lets user space read.
    unsafe { core::arch::asm!("mrs {}, cntvct_el0", out(reg) value, options(nomem, nostack)) };
    value
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline(always)]
fn raw() -> u64 {
    sys::realtime_ns()
}

/// Ticks of `counter()` in a second; 0.0 where the counter is CLOCK_REALTIME itself.
#[must_use]
pub fn counter_hz() -> f64 {
    if source() == COUNTER {
        calibrate::hz()
    } else {
        0.0
    }
}

/// The counter and the wall clock at one moment: the tightest of a few looks.
#[must_use]
pub fn pair() -> ClockPair {
    let mut best = ClockPair { counter: 0, realtime_ns: 0, boot: boot_tag(&sys::boot_id()) };
    let mut width = u64::MAX;
    for _ in 0..4 {
        let before = counter();
        let now = sys::realtime_ns();
        let after = counter();
        if source() == SYSTEM {
            return ClockPair { counter: now, realtime_ns: now, ..best };
        }
        if after.wrapping_sub(before) < width {
            width = after.wrapping_sub(before);
            best.counter = before + width / 2;
            best.realtime_ns = now;
        }
    }
    best
}

/// Short form of a boot id, so that a pair names the boot whose counter it means.
#[must_use]
pub fn boot_tag(boot: &[u8; 16]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(boot)
}
