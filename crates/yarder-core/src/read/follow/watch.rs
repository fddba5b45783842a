//! Waiting for something to happen to a file: inotify where there is one, a look now and then in any case.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

/// At most this long until the next look: what inotify does not see (NFS, a change on another host) comes then.
pub(super) const LOOK: Duration = Duration::from_millis(250);

/// Watches the folders of files.
#[derive(Debug)]
pub(super) struct Watch {
    /// `None` where the system has no inotify instance left: looking alone is enough.
    inotify: Option<OwnedFd>,
    folders: Vec<PathBuf>,
}

impl Watch {
    pub(super) fn new() -> Watch {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok();
        Watch { inotify, folders: Vec::new() }
    }

    /// Watches a folder and, by it, every file in it.
    pub(super) fn add(&mut self, folder: &Path) {
        let Some(inotify) = &self.inotify else { return };
        if self.folders.iter().any(|have| have == folder) {
            return;
        }
        let changes = WatchFlags::MODIFY
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::ATTRIB;
        if inotify::add_watch(inotify, folder, changes).is_ok() {
            self.folders.push(folder.to_path_buf());
        }
    }

    /// Waits until something happened, at most for `timeout` and never longer than until the next look.
    pub(super) fn wait(&mut self, timeout: Duration) -> io::Result<()> {
        let timeout = timeout.min(LOOK);
        let timeout = Timespec { tv_sec: timeout.as_secs() as i64, tv_nsec: i64::from(timeout.subsec_nanos()) };
        let Some(inotify) = &self.inotify else {
            poll(&mut [], Some(&timeout))?;
            return Ok(());
        };
        match poll(&mut [PollFd::new(inotify, PollFlags::IN)], Some(&timeout)) {
            Err(rustix::io::Errno::INTR) => return Ok(()),
            ready => ready?,
        };
        // What happened does not matter: every look looks at everything.
        let mut room = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(inotify, &mut room);
        while events.next().is_ok() {}
        Ok(())
    }
}
