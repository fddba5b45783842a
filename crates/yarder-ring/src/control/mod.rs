//! The control page of a yard: what its processes tell each other. The prose is `docs/specs/yard.md`.

mod archive;
mod intent;
mod pairs;
mod rules;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{fence, AtomicU64, Ordering};
use std::sync::Mutex;
use std::time::Duration;

pub use archive::{ArchiveIntent, ArchiveWork, OPEN_BLOCKS, OPEN_WORDS};
pub use intent::{FileKey, Intent, IntentFile, IntentState, INTENT_FILES};
pub use rules::LevelRule;

use crate::error::RingError;
use crate::futex;
use crate::lock;
use crate::map::Mapping;
use crate::ring::{rename_new, stat};
use crate::sys;

/// Bytes of the page.
pub const CONTROL_BYTES: usize = 65_536;
const MAGIC: [u8; 8] = *b"YARDCTL1";
const VERSION: u32 = 1;
/// Number of counters that the writer keeps here for meters.
pub const COUNTERS: usize = 64;

/// Byte offsets in the page.
mod at {
    pub(super) const MAGIC: usize = 0;
    pub(super) const VERSION: usize = 8;
    pub(super) const BYTES: usize = 12;
    pub(super) const BOOT_ID: usize = 16;
    pub(super) const CREATED: usize = 32;
    pub(super) const GENERATION: usize = 64;
    pub(super) const WAKE: usize = 128;
    pub(super) const SLEEPING: usize = 132;
    pub(super) const RINGS: usize = 136;
    pub(super) const WRITER_PID: usize = 144;
    pub(super) const WRITER_START: usize = 152;
    pub(super) const WRITER_BEAT: usize = 160;
    pub(super) const RULES_SEQ: usize = 192;
    pub(super) const RULES: usize = 256;
    pub(super) const SECOND_LEN: usize = 20_988;
    pub(super) const SECOND: usize = 20_992;
    pub(super) const SECOND_ROOM: usize = 1024;
    pub(super) const COUNTERS: usize = 22_016;
    pub(super) const PAIRS_COUNT: usize = 22_528;
    pub(super) const PAIRS: usize = 22_592;
    pub(super) const INTENT: usize = 32_768;
    pub(super) const ASKED: usize = 43_008;
    pub(super) const ARCHIVE: usize = 43_072;
    pub(super) const BLOCKS: usize = 43_776;
}

/// The control page of one yard. Every method may be called from any thread.
#[derive(Debug)]
pub struct Control {
    map: Mapping,
    path: Option<PathBuf>,
    identity: (u64, u64),
    /// Keeps the threads of this process apart where they change rules or pairs.
    changing: Mutex<()>,
}

impl Control {
    /// Opens the page at `path`, or makes it: under a temporary name first, so that nobody ever sees half a page.
    pub(crate) fn open_or_create(path: &Path) -> Result<Control, RingError> {
        // Twice: between "it is not there" and "make it" another process may make it.
        for _ in 0..2 {
            match Control::open(path) {
                Err(RingError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
                other => return other,
            }
            let temporary = path.with_file_name(format!(".control.{}.{:x}.tmp", sys::pid(), sys::random_u64()));
            let made = Control::make(&temporary).and_then(|()| rename_new(&temporary, path));
            if !matches!(made, Ok(true)) {
                let _ = fs::remove_file(&temporary);
            }
            made?;
        }
        Control::open(path)
    }

    fn make(path: &Path) -> Result<(), RingError> {
        let file = lock::open(path, libc::O_RDWR | libc::O_CREAT | libc::O_EXCL, 0o600)?;
        // SAFETY: calls on an open descriptor with plain numbers.
        let failed = unsafe {
            libc::fchmod(file.fd(), 0o600);
            libc::posix_fallocate(file.fd(), 0, CONTROL_BYTES as libc::off_t)
        };
        if failed != 0 {
            return Err(RingError::io("reserve", path, std::io::Error::from_raw_os_error(failed)));
        }
        initialise(&Mapping::new(Some(file.fd()), CONTROL_BYTES, false, path)?);
        Ok(())
    }

    fn open(path: &Path) -> Result<Control, RingError> {
        let file = lock::open(path, libc::O_RDWR | libc::O_NONBLOCK, 0)?;
        let stat = stat(file.fd(), path)?;
        if stat.st_mode & libc::S_IFMT != libc::S_IFREG || stat.st_uid != sys::uid() {
            return Err(RingError::Unsafe { what: "not a file of this user", path: path.into() });
        }
        if stat.st_size != CONTROL_BYTES as libc::off_t {
            return Err(RingError::corrupt("length of the control page"));
        }
        let map = Mapping::new(Some(file.fd()), CONTROL_BYTES, false, path)?;
        if map.bytes(at::MAGIC, 8) != MAGIC {
            return Err(RingError::corrupt("magic of the control page"));
        }
        let found = map.u32(at::VERSION).load(Ordering::Acquire);
        if found != VERSION {
            return Err(RingError::Version { found });
        }
        if map.u32(at::BYTES).load(Ordering::Relaxed) as usize != CONTROL_BYTES {
            return Err(RingError::corrupt("bytes of the control page"));
        }
        Ok(Control {
            map,
            path: Some(path.to_path_buf()),
            identity: (stat.st_dev, stat.st_ino),
            changing: Mutex::default(),
        })
    }

    /// A page in memory, for a yard without a folder.
    pub(crate) fn anonymous() -> Result<Control, RingError> {
        let map = Mapping::new(None, CONTROL_BYTES, false, Path::new(""))?;
        initialise(&map);
        Ok(Control { map, path: None, identity: (0, 0), changing: Mutex::default() })
    }

    /// Whether the page is still at its path.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.path
            .as_deref()
            .is_none_or(|path| fs::symlink_metadata(path).is_ok_and(|meta| (meta.dev(), meta.ino()) == self.identity))
    }

    /// Changes with every change of a level rule. It starts at a clock value, so that two pages never share one: a
    /// process that compares it with what it saw last sees a new page as well.
    #[inline]
    #[must_use]
    pub fn generation_cell(&self) -> &AtomicU64 {
        self.map.u64(at::GENERATION)
    }

    /// The value of the wake word; read it before looking for work, pass it to `wait`.
    #[must_use]
    pub fn wake_value(&self) -> u32 {
        self.map.u32(at::WAKE).load(Ordering::SeqCst)
    }

    /// Wakes the writer if it sleeps.
    #[inline]
    pub fn wake(&self) {
        // What we published comes before the look, the writer's look for work comes after its flag.
        fence(Ordering::SeqCst);
        if self.map.u32(at::SLEEPING).load(Ordering::Relaxed) != 0 {
            self.wake_sleeper();
        }
    }

    #[cold]
    fn wake_sleeper(&self) {
        let word = self.map.u32(at::WAKE);
        word.fetch_add(1, Ordering::SeqCst);
        futex::wake(word);
    }

    /// Says that the writer is about to sleep (or no longer is). Between this and `wait` it looks for work once more.
    pub fn set_sleeping(&self, sleeping: bool) {
        self.map.u32(at::SLEEPING).store(u32::from(sleeping), Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// Whether the writer says that it sleeps.
    #[must_use]
    pub fn is_sleeping(&self) -> bool {
        self.map.u32(at::SLEEPING).load(Ordering::Relaxed) != 0
    }

    /// Sleeps until woken, until the wake word is no longer `seen`, or until `timeout` is over.
    pub fn wait_from(&self, seen: u32, timeout: Duration) {
        self.set_sleeping(true);
        futex::wait(self.map.u32(at::WAKE), seen, timeout);
        self.set_sleeping(false);
    }

    /// `wait_from` the value of now.
    pub fn wait(&self, timeout: Duration) {
        self.wait_from(self.wake_value(), timeout);
    }

    /// Changes when a ring is made or removed.
    #[must_use]
    pub fn rings_generation(&self) -> u64 {
        self.map.u64(at::RINGS).load(Ordering::Acquire)
    }

    /// Says that a ring was made or removed.
    pub fn bump_rings(&self) {
        self.map.u64(at::RINGS).fetch_add(1, Ordering::AcqRel);
    }

    /// Who writes: pid and start time, as it said itself. The lock alone decides.
    #[must_use]
    pub fn writer(&self) -> (u32, u64) {
        (self.map.u32(at::WRITER_PID).load(Ordering::Acquire), self.map.u64(at::WRITER_START).load(Ordering::Relaxed))
    }

    /// Names the writer; (0, 0) for none.
    pub fn set_writer(&self, pid: u32, start: u64) {
        self.map.u64(at::WRITER_START).store(start, Ordering::Relaxed);
        self.map.u32(at::WRITER_PID).store(pid, Ordering::Release);
    }

    /// When the writer last began a pass, in nanoseconds since 1970: an old value names a stopped writer.
    #[must_use]
    pub fn writer_beat(&self) -> u64 {
        self.map.u64(at::WRITER_BEAT).load(Ordering::Relaxed)
    }

    /// Says that the writer is alive.
    pub fn set_writer_beat(&self, realtime_ns: u64) {
        self.map.u64(at::WRITER_BEAT).store(realtime_ns, Ordering::Relaxed);
    }

    /// One of the counters for meters; they belong to whoever is the writer.
    #[must_use]
    pub fn counter(&self, index: usize) -> &AtomicU64 {
        self.map.u64(at::COUNTERS + (index % COUNTERS) * 8)
    }

    /// The folder for rings that do not fit into the yard, if one was named.
    pub(crate) fn second(&self) -> Option<PathBuf> {
        let len = self.map.u32(at::SECOND_LEN).load(Ordering::Acquire) as usize;
        if len == 0 || len > at::SECOND_ROOM {
            return None;
        }
        let bytes = self.map.bytes(at::SECOND, len);
        let path = PathBuf::from(String::from_utf8(bytes).ok()?);
        path.is_absolute().then_some(path)
    }

    /// Names the second folder, once for all; gives the one that holds.
    pub(crate) fn name_second(&self, folder: &Path) -> Result<PathBuf, RingError> {
        let text = folder.to_str().filter(|text| text.len() <= at::SECOND_ROOM);
        let text = text.ok_or(RingError::Argument { what: "path of the second folder" })?;
        let _guard = self.change()?;
        if let Some(second) = self.second() {
            return Ok(second);
        }
        self.map.put(at::SECOND, at::SECOND_ROOM, text.as_bytes());
        self.map.u32(at::SECOND_LEN).store(text.len() as u32, Ordering::Release);
        Ok(folder.to_path_buf())
    }

    /// The right to change rules or the second folder: one thread of one process at a time. Waits 2 s at most.
    fn change(&self) -> Result<Change<'_>, RingError> {
        let own = self.changing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(path) = self.path.as_deref() else { return Ok(Change { _own: own, _lock: None }) };
        let path = path.with_file_name("rules.lock");
        for _ in 0..2000 {
            if let Some(lock) = lock::OfdLock::try_path(&path)? {
                return Ok(Change { _own: own, _lock: Some(lock) });
            }
            // Nobody wakes this word: a pause of 1 ms.
            futex::wait(&std::sync::atomic::AtomicU32::new(0), 0, Duration::from_millis(1));
        }
        Err(RingError::io("lock", &path, std::io::Error::from_raw_os_error(libc::EAGAIN)))
    }
}

/// Held while the page is changed.
struct Change<'a> {
    _own: std::sync::MutexGuard<'a, ()>,
    _lock: Option<lock::OfdLock>,
}

fn initialise(map: &Mapping) {
    map.put(at::MAGIC, 8, &MAGIC);
    map.u32(at::BYTES).store(CONTROL_BYTES as u32, Ordering::Relaxed);
    map.put(at::BOOT_ID, 16, &sys::boot_id());
    let now = sys::realtime_ns();
    map.u64(at::CREATED).store(now, Ordering::Relaxed);
    // Never 0: a process that has seen no page yet holds 0.
    map.u64(at::GENERATION).store(now.max(1), Ordering::Relaxed);
    map.u32(at::VERSION).store(VERSION, Ordering::Release);
}
