//! Sleeping on a word of shared memory.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Sleeps until somebody wakes the word, until it no longer holds `seen`, or until `timeout` is over.
pub fn wait(word: &AtomicU32, seen: u32, timeout: Duration) {
    let limit = libc::timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    };
    // Not FUTEX_PRIVATE: the other side is another process.
    // SAFETY: the word outlives the call, the time is a valid relative one; the kernel only reads both.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, seen, &raw const limit) };
}

/// Wakes everybody who sleeps on the word.
pub fn wake(word: &AtomicU32) {
    // SAFETY: the kernel only uses the word's address.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
}
