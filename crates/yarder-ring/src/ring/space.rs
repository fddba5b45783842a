//! How much room there is before a ring is made: a full tmpfs must refuse here, not by SIGBUS later, and in a tight
//! cgroup the reservation itself would be killed.

use std::fs;
use std::os::fd::RawFd;

const TMPFS: u64 = 0x0102_1994;
const RAMFS: u64 = 0x8584_58f6;

/// Whether the file system behind `fd` says that it has room for `bytes`.
pub(super) fn fits(fd: RawFd, bytes: u64) -> bool {
    // SAFETY: plain numbers, filled by the call.
    let mut stat: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the place for the answer is valid.
    if unsafe { libc::fstatfs(fd, &raw mut stat) } != 0 {
        // Who cannot be asked is tried.
        return true;
    }
    // The type's width differs between systems; the number is 32 bits on each.
    let kind = stat.f_type as u64 & 0xffff_ffff;
    // A tmpfs without a limit tells zero blocks.
    let limited = stat.f_blocks != 0;
    let free = stat.f_bavail.saturating_mul(u64::try_from(stat.f_bsize).unwrap_or(0));
    if limited && free < bytes {
        return false;
    }
    if kind == TMPFS || kind == RAMFS {
        // Twice: the application needs memory, too.
        return cgroup_free().is_none_or(|free| free / 2 >= bytes);
    }
    true
}

/// Reserves the blocks of a file. ENOSPC and its like come back as they are.
pub(super) fn reserve(fd: RawFd, bytes: u64) -> std::io::Result<()> {
    let length = i64::try_from(bytes).map_err(|_| std::io::Error::from_raw_os_error(libc::EFBIG))?;
    loop {
        // SAFETY: a call on an open descriptor with plain numbers.
        if unsafe { libc::fallocate(fd, 0, 0, length) } == 0 {
            return Ok(());
        }
        let error = std::io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EINTR) => {}
            // A file system without fallocate: libc writes a byte into every block.
            Some(libc::EOPNOTSUPP | libc::ENOSYS) => {
                // SAFETY: as above; returns its error instead of setting errno.
                return match unsafe { libc::posix_fallocate(fd, 0, length) } {
                    0 => Ok(()),
                    code => Err(std::io::Error::from_raw_os_error(code)),
                };
            }
            _ => return Err(error),
        }
    }
}

/// Bytes that the tightest memory cgroup above this process still gives; `None` without a limit.
fn cgroup_free() -> Option<u64> {
    let table = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mut least: Option<u64> = None;
    for line in table.lines() {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let (root, limit, used) = if controllers.is_empty() {
            ("/sys/fs/cgroup", "memory.max", "memory.current")
        } else if controllers.split(',').any(|name| name == "memory") {
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
        } else {
            continue;
        };
        let mut path = path.trim_end_matches('/').to_owned();
        loop {
            let read = |file: &str| fs::read_to_string(format!("{root}{path}/{file}")).ok()?.trim().parse::<u64>().ok();
            if let (Some(limit), Some(used)) = (read(limit), read(used)) {
                let free = limit.saturating_sub(used);
                least = Some(least.map_or(free, |least| least.min(free)));
            }
            match path.rfind('/') {
                Some(at) => path.truncate(at),
                None => break,
            }
        }
    }
    least
}
