//! What a forked child must not keep: descriptors that carry locks, and the hot pages of producers.
//!
//! The child handler of `pthread_atfork` walks a list that only grows, without a lock and without allocating, closes
//! the descriptors and zeroes the pages. (Pages are `MADV_WIPEONFORK`, which also covers a raw clone; only where the
//! kernel does not know that advice are they on the list.)

use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::Once;

const ENTRIES: usize = 64;
const PAGE: usize = 4096;

/// Entry: 0 free, 1 being filled, `fd << 1 | 1` with fd > 0, or the (even) address of a page.
struct Chunk {
    entries: [AtomicUsize; ENTRIES],
    next: AtomicPtr<Chunk>,
}

const FREE: usize = 0;
static FIRST: Chunk = Chunk::new();
/// Held around "open and register" and while a fork goes on, so that no descriptor is copied before it is known.
static GATE: AtomicBool = AtomicBool::new(false);
static HANDLERS: Once = Once::new();

impl Chunk {
    const fn new() -> Chunk {
        Chunk { entries: [const { AtomicUsize::new(FREE) }; ENTRIES], next: AtomicPtr::new(std::ptr::null_mut()) }
    }

    fn next(&self) -> Option<&'static Chunk> {
        // SAFETY: a chunk is leaked when it is linked, so the reference is good for ever.
        unsafe { self.next.load(Ordering::Acquire).as_ref() }
    }
}

fn add(value: usize) -> &'static AtomicUsize {
    HANDLERS.call_once(|| {
        // SAFETY: the three handlers are plain functions that live as long as the process.
        unsafe { libc::pthread_atfork(Some(before), Some(parent), Some(child)) };
    });
    let mut chunk: &'static Chunk = &FIRST;
    loop {
        for entry in &chunk.entries {
            if entry.compare_exchange(FREE, value, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                return entry;
            }
        }
        chunk = chunk.next().unwrap_or_else(|| {
            let fresh = Box::into_raw(Box::new(Chunk::new()));
            match chunk.next.compare_exchange(std::ptr::null_mut(), fresh, Ordering::AcqRel, Ordering::Acquire) {
                // SAFETY: just leaked.
                Ok(_) => unsafe { &*fresh },
                Err(other) => {
                    // SAFETY: nobody has seen `fresh`; `other` was linked by another thread and is never freed.
                    unsafe {
                        drop(Box::from_raw(fresh));
                        &*other
                    }
                }
            }
        });
    }
}

fn shut_gate() {
    // Bounded: a fork from a handler that interrupted the gate's own holder must not hang.
    for round in 0..100_000 {
        if GATE.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok() {
            return;
        }
        if round > 100 {
            std::thread::yield_now();
        }
    }
}

extern "C" fn before() {
    shut_gate();
}

extern "C" fn parent() {
    GATE.store(false, Ordering::Release);
}

extern "C" fn child() {
    let mut chunk = Some(&FIRST);
    while let Some(current) = chunk {
        for entry in &current.entries {
            let value = entry.swap(FREE, Ordering::Relaxed);
            if value & 1 == 1 {
                // SAFETY: the descriptor was ours before the fork and nobody closed it since.
                unsafe { libc::close((value >> 1) as RawFd) };
            } else if value != FREE {
                // SAFETY: the page stays mapped until its owner takes it off the list. Already zero where the
                // kernel wiped it.
                unsafe { std::ptr::write_bytes(value as *mut u8, 0, PAGE) };
            }
        }
        chunk = current.next();
    }
    GATE.store(false, Ordering::Release);
}

/// Runs `open` while no fork can happen in between.
pub(super) fn guarded<T>(open: impl FnOnce() -> T) -> T {
    shut_gate();
    let result = open();
    GATE.store(false, Ordering::Release);
    result
}

/// A file descriptor that no forked child keeps.
#[derive(Debug)]
pub struct Descriptor {
    fd: RawFd,
    entry: &'static AtomicUsize,
}

fn tag(fd: RawFd) -> usize {
    (fd as usize) << 1 | 1
}

impl Descriptor {
    /// Takes ownership of `fd`; call it inside `guarded`.
    pub(super) fn new(fd: RawFd) -> Descriptor {
        Descriptor { fd, entry: add(tag(fd)) }
    }

    /// The number; negative never, but closed already in a forked child.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.fd
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: open as long as `self` lives. A forked child, where it is closed, has abandoned all that could ask.
        unsafe { BorrowedFd::borrow_raw(self.fd) }
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // In a forked child the entry is gone, and the number may belong to somebody else by now.
        if self.entry.compare_exchange(tag(self.fd), FREE, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            // SAFETY: the entry said that the descriptor is still ours.
            unsafe { libc::close(self.fd) };
        }
    }
}

/// One private page that reads as zeros in every forked child.
#[derive(Debug)]
pub(crate) struct Page {
    base: NonNull<u8>,
    /// Where the kernel does not wipe it.
    entry: Option<&'static AtomicUsize>,
}

// SAFETY: plain private memory without thread affinity.
unsafe impl Send for Page {}

impl Page {
    /// A zeroed page; `None` where there is no memory.
    pub(crate) fn new() -> Option<Page> {
        // SAFETY: a fresh private mapping.
        let base = unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            libc::mmap(std::ptr::null_mut(), PAGE, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0)
        };
        if base == libc::MAP_FAILED {
            return None;
        }
        // SAFETY: advice on our own mapping.
        let wiped = unsafe { libc::madvise(base, PAGE, libc::MADV_WIPEONFORK) } == 0;
        let entry = (!wiped).then(|| add(base as usize));
        Some(Page { base: NonNull::new(base.cast())?, entry })
    }

    #[inline(always)]
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // Off the list first: a child must not touch an address that is no longer mapped.
        if let Some(entry) = self.entry {
            let address = self.base.as_ptr() as usize;
            let _ = entry.compare_exchange(address, FREE, Ordering::AcqRel, Ordering::Relaxed);
        }
        // SAFETY: the mapping is ours.
        unsafe { libc::munmap(self.base.as_ptr().cast(), PAGE) };
    }
}
