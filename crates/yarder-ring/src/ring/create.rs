//! Making a ring: under a temporary name, reserved, initialised, locked, then renamed into place. Readers ignore
//! temporary names, so whoever dies on the way leaves a file that nobody reads.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::Mutex;

use super::open::stat;
use super::{space, RingFile, RingSpec};
use crate::clock;
use crate::error::RingError;
use crate::layout::{self, offset, State, UNUSED_HEAD};
use crate::lock::{self, OfdLock};
use crate::map::{cut, Mapping};
use crate::sys;
use crate::yard::Yard;

fn slots_of(spec: &RingSpec) -> u32 {
    spec.main_slots.clamp(layout::MIN_SLOTS, layout::MAX_SLOTS).next_power_of_two()
}

fn new_producer() -> u64 {
    loop {
        let number = sys::random_u64() >> (64 - layout::PRODUCER_BITS);
        if number != 0 {
            return number;
        }
    }
}

/// Name of a producer's ring in a yard.
pub(crate) fn file_name(producer: u64) -> String {
    format!("{producer:09x}.ring")
}

impl RingFile {
    /// Makes a ring in a yard. Where it does not fit it is halved down to 256 slots, then tried in the yard's second
    /// folder. A yard without a folder gets memory without a file.
    pub fn create(yard: &Yard, spec: &RingSpec) -> Result<RingFile, RingError> {
        if yard.is_anonymous() {
            return RingFile::anonymous(spec);
        }
        let made = halving(spec, |producer, slots| {
            let name = file_name(producer);
            if yard.has_ring(&name) {
                return Ok(None);
            }
            build(&yard.path().join(name), producer, spec, slots)
        });
        let ring = match made {
            Err(error) if error.is_no_space() => {
                let folder = yard.second_folder()?;
                halving(spec, |producer, slots| build(&folder.join(file_name(producer)), producer, spec, slots))?
            }
            other => other?,
        };
        yard.control().bump_rings();
        Ok(ring)
    }

    /// Makes a ring at a path of its own; an existing file there is never replaced.
    pub fn create_at(path: &Path, spec: &RingSpec) -> Result<RingFile, RingError> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(RingError::io("make", path, std::io::Error::from_raw_os_error(libc::EEXIST)));
        }
        halving(spec, |producer, slots| match build(path, producer, spec, slots)? {
            Some(ring) => Ok(Some(ring)),
            None => Err(RingError::io("make", path, std::io::Error::from_raw_os_error(libc::EEXIST))),
        })
    }

    /// A ring in memory that only this process sees: the last resort, which does not outlive it.
    pub fn anonymous(spec: &RingSpec) -> Result<RingFile, RingError> {
        let slots = slots_of(spec);
        let map = Mapping::new(None, layout::file_bytes(slots) as usize, true, Path::new(""))?;
        initialise(&map, new_producer(), spec, slots);
        Ok(finish(map, spec, slots, None, (0, 0), None))
    }
}

/// Tries with new numbers until the name is free, with fewer slots until it fits.
fn halving(
    spec: &RingSpec,
    mut make: impl FnMut(u64, u32) -> Result<Option<RingFile>, RingError>,
) -> Result<RingFile, RingError> {
    let mut slots = slots_of(spec);
    let mut taken = 0;
    loop {
        match make(new_producer(), slots) {
            Ok(Some(ring)) => return Ok(ring),
            Ok(None) if taken < 100 => taken += 1,
            Ok(None) => return Err(RingError::Argument { what: "no free producer number" }),
            Err(error) if error.is_no_space() && slots > layout::MIN_SLOTS => slots /= 2,
            Err(error) => return Err(error),
        }
    }
}

/// Removes a temporary file that did not become a ring.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// `None` where the name is taken.
fn build(path: &Path, producer: u64, spec: &RingSpec, slots: u32) -> Result<Option<RingFile>, RingError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let temporary = folder.join(format!(".{}.{}.tmp", file_name(producer), sys::pid()));
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL;
    let file = lock::open(&temporary, flags, 0o600)?;
    let cleanup = Temporary(temporary);
    // The umask may have taken bits away; nothing may have added any.
    // SAFETY: a call on an open descriptor.
    unsafe { libc::fchmod(file.fd(), 0o600) };
    let bytes = layout::file_bytes(slots);
    if !space::fits(file.fd(), bytes) {
        return Err(RingError::NoSpace { bytes, path: folder.to_path_buf() });
    }
    space::reserve(file.fd(), bytes).map_err(|error| RingError::io("reserve", &cleanup.0, error))?;
    let map = Mapping::new(Some(file.fd()), bytes as usize, true, &cleanup.0)?;
    initialise(&map, producer, spec, slots);
    let stat = stat(file.fd(), &cleanup.0)?;
    // A description of its own: a mapping keeps the one it was made from open, here and in every forked child, and
    // with it any lock on it.
    drop(file);
    let file = lock::open(&cleanup.0, libc::O_RDWR, 0)?;
    let lock = OfdLock::try_exclusive(file).map_err(|error| RingError::io("lock", &cleanup.0, error))?;
    // Nobody else opens a temporary name; a lock that is taken all the same is a name that is taken.
    let Some(lock) = lock else { return Ok(None) };
    if !rename_new(&cleanup.0, path)? {
        return Ok(None);
    }
    // Nothing is left under the temporary name; and another thread's file of that name must stay.
    std::mem::forget(cleanup);
    Ok(Some(finish(map, spec, slots, Some(path.to_path_buf()), (stat.st_dev, stat.st_ino), Some(lock))))
}

/// Renames without replacing; `false` where the name is taken.
pub(crate) fn rename_new(from: &Path, to: &Path) -> Result<bool, RingError> {
    let name = |path: &Path| {
        CString::new(path.as_os_str().as_bytes()).map_err(|_| RingError::Argument { what: "a path with a NUL byte" })
    };
    let (old, new) = (name(from)?, name(to)?);
    // SAFETY: both names end with a NUL and outlive the call.
    let done =
        unsafe { libc::renameat2(libc::AT_FDCWD, old.as_ptr(), libc::AT_FDCWD, new.as_ptr(), libc::RENAME_NOREPLACE) };
    if done == 0 {
        return Ok(true);
    }
    let error = std::io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EEXIST) => Ok(false),
        // A file system without that flag: a hard link refuses an existing name just as well.
        Some(libc::EINVAL | libc::ENOSYS) => match fs::hard_link(from, to) {
            Ok(()) => fs::remove_file(from).map(|()| true).map_err(|error| RingError::io("rename", to, error)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(RingError::io("rename", to, error)),
        },
        _ => Err(RingError::io("rename", to, error)),
    }
}

fn initialise(map: &Mapping, producer: u64, spec: &RingSpec, slots: u32) {
    let word = |at, value: u64| map.u64(at).store(value, Ordering::Relaxed);
    let half = |at, value: u32| map.u32(at).store(value, Ordering::Relaxed);
    map.put(offset::MAGIC, 8, &layout::MAGIC);
    half(offset::VERSION, layout::VERSION);
    half(offset::HEADER_BYTES, layout::HEADER_BYTES as u32);
    half(offset::SLOT_BYTES, layout::SLOT as u32);
    half(offset::MAIN_SLOTS, slots);
    half(offset::RESERVE_SLOTS, layout::reserve_slots(slots));
    map.put(offset::BOOT_ID, 16, &sys::boot_id());
    word(offset::PRODUCER, producer);
    half(offset::PID, sys::pid());
    half(offset::POLICY, spec.policy as u32);
    word(offset::START_TIME, sys::start_time());
    word(offset::PID_NS, sys::pid_namespace());
    map.put(offset::PLAN, offset::PLAN_LEN, cut(&spec.plan, offset::PLAN_LEN).as_bytes());
    let pair = clock::pair();
    word(offset::PAIR_COUNTER, pair.counter);
    word(offset::PAIR_REALTIME, pair.realtime_ns);
    word(offset::COUNTER_HZ, clock::counter_hz().to_bits());
    half(offset::THREAD, spec.thread);
    word(offset::INTERP, spec.interp);
    map.put(offset::APP, offset::APP_LEN, cut(&spec.app, offset::APP_LEN).as_bytes());
    map.put(offset::PROCESS, offset::PROCESS_LEN, cut(&spec.process, offset::PROCESS_LEN).as_bytes());
    map.put(offset::HOSTNAME, offset::HOSTNAME_LEN, cut(&spec.hostname, offset::HOSTNAME_LEN).as_bytes());
    let head = |used: bool| if used { 0 } else { UNUSED_HEAD };
    for at in [offset::SHARED_MAIN_HEAD, offset::SHARED_RESERVE_HEAD] {
        word(at, head(spec.shared));
    }
    for at in [offset::LOCAL_MAIN_HEAD, offset::LOCAL_RESERVE_HEAD] {
        word(at, head(spec.local));
    }
    // Last: who sees `Live` sees all of the above.
    map.u32(offset::STATE).store(State::Live as u32, Ordering::Release);
}

fn finish(
    map: Mapping,
    spec: &RingSpec,
    slots: u32,
    path: Option<PathBuf>,
    identity: (u64, u64),
    lock: Option<OfdLock>,
) -> RingFile {
    RingFile {
        map,
        main_slots: slots,
        reserve_slots: layout::reserve_slots(slots),
        policy: spec.policy,
        path,
        identity,
        probe: None,
        lock: Mutex::new(lock),
        owner: sys::pid(),
    }
}
