//! A console: a file descriptor that must never hold anybody up.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::time::{Duration, Instant};

use rustix::net::{send, SendFlags};

use crate::format::Formatter;

/// Where the bytes go, and how without waiting.
#[derive(Debug)]
enum Sink {
    /// A regular file: writing it does not wait for anybody.
    File(File),
    /// A terminal or pipe, opened anew: its non-blocking flag is ours alone. On the inherited
    /// description it would also be our parent's and our children's.
    Reopened(File),
    /// A socket cannot be opened anew; each send says that it will not wait.
    Socket(OwnedFd),
}

/// One console of a process.
#[derive(Debug)]
pub struct Console {
    sink: Sink,
    formatter: Formatter,
    patience: Duration,
    /// Bytes that did not go out yet.
    rest: Vec<u8>,
    /// Something of the first line in `rest` is out.
    begun: bool,
    since: Option<Instant>,
    stuck: bool,
    lost: u64,
}

impl Console {
    /// Opens the descriptor `fd` (1, 2, or another open one) for lines of `formatter`; what stalls longer
    /// than `patience` is passed over.
    ///
    /// # Errors
    /// When the descriptor is not open, or cannot be opened for writing.
    pub fn open(fd: RawFd, formatter: Formatter, patience: Duration) -> io::Result<Console> {
        Ok(Console {
            sink: Sink::open(fd)?,
            formatter,
            patience,
            rest: Vec::new(),
            begun: false,
            since: None,
            stuck: false,
            lost: 0,
        })
    }

    pub(super) fn formatter(&mut self) -> (&mut Formatter, &mut Vec<u8>) {
        (&mut self.formatter, &mut self.rest)
    }

    /// Whether it stalled for longer than its patience: records for it are lost, not waited for.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// Whether records must wait for it.
    pub(super) fn is_waiting(&self) -> bool {
        !self.rest.is_empty() && !self.stuck
    }

    pub(super) fn lose(&mut self) {
        self.lost += 1;
    }

    /// The losses to tell of once everything old is out.
    pub(super) fn take_lost(&mut self) -> u64 {
        if self.stuck || !self.rest.is_empty() {
            return 0;
        }
        std::mem::take(&mut self.lost)
    }

    /// Writes what goes. Gives the number of records that were given up by this call.
    pub(super) fn push(&mut self, now: Instant) -> u64 {
        let mut done = 0;
        while done < self.rest.len() {
            match self.sink.write(&self.rest[done..]) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // The other side is gone for good: nobody will ever read these.
                Err(_) => return self.abandon(done),
            }
        }
        if done > 0 {
            self.begun = self.rest[done - 1] != b'\n';
            self.rest.drain(..done);
        }
        if self.rest.is_empty() {
            self.since = None;
            self.stuck = false;
            return 0;
        }
        let since = *self.since.get_or_insert(now);
        if done > 0 {
            // It moves, if slowly.
            self.since = Some(now);
        } else if !self.stuck && now.saturating_duration_since(since) >= self.patience {
            self.stuck = true;
            return self.cut();
        }
        0
    }

    /// Keeps only the rest of a line that has begun; the lines behind it are lost.
    fn cut(&mut self) -> u64 {
        let keep = if self.begun { memchr::memchr(b'\n', &self.rest).map_or(0, |at| at + 1) } else { 0 };
        let lines = records(&self.rest[keep..]);
        self.rest.truncate(keep);
        if keep == 0 {
            // Nothing to finish; the stall is noticed again with the next line.
            self.rest.extend_from_slice(b"\n");
        }
        self.lost += lines;
        lines
    }

    fn abandon(&mut self, done: usize) -> u64 {
        let lines = records(&self.rest[done..]);
        self.rest.clear();
        self.begun = false;
        self.since = None;
        lines
    }
}

/// Records in `lines`: a traceback's lines are indented, they belong to the one before.
fn records(lines: &[u8]) -> u64 {
    lines.split_inclusive(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"  ")).count() as u64
}

impl Sink {
    fn open(fd: RawFd) -> io::Result<Sink> {
        let path = format!("/proc/self/fd/{fd}");
        let kind = std::fs::metadata(&path)?.file_type();
        // The two that std knows are duplicated, so that a file's position stays shared with them.
        let copy = match fd {
            1 => Some(io::stdout().as_fd().try_clone_to_owned()?),
            2 => Some(io::stderr().as_fd().try_clone_to_owned()?),
            _ => None,
        };
        if kind.is_socket() {
            let missing = || io::Error::other("a socket other than stdout or stderr cannot be a console");
            return copy.map(Sink::Socket).ok_or_else(missing);
        }
        if kind.is_file() {
            let append = || OpenOptions::new().append(true).open(&path);
            return copy.map_or_else(append, |copy| Ok(File::from(copy))).map(Sink::File);
        }
        let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
        let anew = OpenOptions::new().write(true).custom_flags(flags).open(&path);
        match (anew, copy) {
            (Ok(file), _) => Ok(Sink::Reopened(file)),
            // Another user's terminal (after su): better to wait for it than to be silent.
            (Err(_), Some(copy)) => Ok(Sink::File(File::from(copy))),
            (Err(error), None) => Err(error),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::File(file) | Sink::Reopened(file) => file.write(bytes),
            Sink::Socket(socket) => Ok(send(socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?),
        }
    }
}
