//! Small questions to the system, each answered without a panic.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;

/// Starts a named thread with every signal blocked, so that no handler of the application ever runs on it.
pub fn spawn_thread(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<std::thread::JoinHandle<()>> {
    // SAFETY: both sets are local and initialised by the calls before they are read; the mask of this thread is
    // put back before we return.
    let before = unsafe {
        let mut all = std::mem::zeroed::<libc::sigset_t>();
        let mut before = std::mem::zeroed::<libc::sigset_t>();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        before
    };
    let handle = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    // SAFETY: `before` was filled by the call above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut()) };
    handle
}

/// Runs `hook` when the process exits normally, after the interpreter is gone.
pub fn at_exit(hook: extern "C" fn()) -> bool {
    // SAFETY: a plain function without data; libc keeps the address until exit.
    unsafe { libc::atexit(hook) == 0 }
}

/// Name of this host; `localhost` where it has none.
#[must_use]
pub fn hostname() -> String {
    let mut buffer = [0_u8; 256];
    // SAFETY: the buffer has the length that is passed; one byte is kept for the final NUL.
    let failed = unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) } != 0;
    let end = buffer.iter().position(|byte| *byte == 0).unwrap_or(0);
    let name = String::from_utf8_lossy(&buffer[..end]).into_owned();
    if failed || name.is_empty() {
        "localhost".to_owned()
    } else {
        name
    }
}

/// Identity of the running kernel; zeros where it gives none.
#[must_use]
pub fn boot_id() -> [u8; 16] {
    static BOOT: OnceLock<[u8; 16]> = OnceLock::new();
    *BOOT.get_or_init(|| {
        let mut id = [0_u8; 16];
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let digits: Vec<u8> = text.bytes().filter_map(|c| char::from(c).to_digit(16)).map(|d| d as u8).collect();
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        id
    })
}

/// The kernel's short name of this process.
#[must_use]
pub fn process_name() -> String {
    fs::read_to_string("/proc/self/comm").map(|name| name.trim_end().to_owned()).unwrap_or_default()
}

/// When this process started, in ticks since boot: field 22 of `/proc/self/stat`. With the pid it names a process.
#[must_use]
pub fn start_time() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field may hold spaces and brackets; the last bracket ends it.
    let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    rest.split(' ').nth(19).and_then(|field| field.parse().ok()).unwrap_or(0)
}

/// Inode of this process's pid namespace: pids of two namespaces cannot be compared.
#[must_use]
pub fn pid_namespace() -> u64 {
    fs::metadata("/proc/self/ns/pid").map(|meta| meta.ino()).unwrap_or(0)
}

/// Number of this process.
#[must_use]
pub fn pid() -> u32 {
    std::process::id()
}

/// Number of this thread.
#[must_use]
pub fn tid() -> u32 {
    // SAFETY: a call without arguments that cannot fail.
    u32::try_from(unsafe { libc::gettid() }).unwrap_or(0)
}

/// The user whose yards this process may use.
#[must_use]
pub fn uid() -> u32 {
    // SAFETY: a call without arguments that cannot fail.
    unsafe { libc::geteuid() }
}

/// Bytes nobody can guess; from the clock and addresses only where the kernel gives none.
#[must_use]
pub fn random_u64() -> u64 {
    let mut bytes = [0_u8; 8];
    // SAFETY: the buffer is 8 bytes long, as passed.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), libc::GRND_NONBLOCK) };
    if got == 8 {
        return u64::from_le_bytes(bytes);
    }
    let seed = [realtime_ns(), pid().into(), bytes.as_ptr() as u64];
    let bytes: Vec<u8> = seed.iter().flat_map(|word| word.to_le_bytes()).collect();
    xxhash_rust::xxh3::xxh3_64(&bytes)
}

/// Nanoseconds of CLOCK_REALTIME.
#[must_use]
pub fn realtime_ns() -> u64 {
    clock_ns(libc::CLOCK_REALTIME)
}

pub(crate) fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a valid place for the answer.
    unsafe { libc::clock_gettime(clock, &raw mut now) };
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// As long as this lives nobody else has the file open for writing: see [`lease`].
#[derive(Debug)]
pub struct Lease<'a>(BorrowedFd<'a>);

/// Asks the kernel whether anybody has the file of `fd`, which is open for reading only, open for writing. The answer
/// stays true until the lease is dropped: who opens it for writing meanwhile waits. `None`: somebody has.
///
/// # Errors
/// The file system knows no leases, or the file belongs to another user.
pub fn lease(fd: BorrowedFd<'_>) -> io::Result<Option<Lease<'_>>> {
    let raw = fd.as_raw_fd();
    // Who opens the file meanwhile has the kernel send us a signal, by default one that ends the process. This one
    // is ignored by default, and nothing else of ours sends it.
    // SAFETY: calls on an open descriptor with plain numbers.
    let taken = unsafe {
        libc::fcntl(raw, F_SETSIG, libc::SIGURG) == 0 && libc::fcntl(raw, libc::F_SETLEASE, libc::F_RDLCK) == 0
    };
    if taken {
        return Ok(Some(Lease(fd)));
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EAGAIN) => Ok(None),
        _ => Err(error),
    }
}

/// Linux' number; the libc crate does not have it for every target.
const F_SETSIG: libc::c_int = 10;

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { libc::fcntl(self.0.as_raw_fd(), libc::F_SETLEASE, libc::F_UNLCK) };
    }
}
