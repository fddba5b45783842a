//! What all records of one ring share, with the pieces of lines that follow from it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::id;
use super::text::{Padded, Page};

/// Next serial of a source.
static SERIAL: AtomicU64 = AtomicU64::new(1);

/// The process behind a ring, as every line names it. Built once per ring.
#[derive(Clone, Debug)]
pub struct Source {
    app: String,
    pid: u32,
    hostname: String,
    producer: u64,
    process: String,
    /// A number of its own, by which formatters know it again.
    pub(super) serial: u64,
    /// JSON from the level's digit to the message: `,"daemon":"web","message":"`.
    pub(super) json_start: Padded,
    /// The part of every id that only the producer decides.
    pub(super) id_start: [u8; 10],
    /// JSON from the fields to the facility: `},"pid":1234,"hostname":"s1","facility":"`.
    pub(super) json_end: Vec<u8>,
    /// JSON after the facility on the main thread: `","tid":1234,"thread":"MainThread"`.
    pub(super) json_main: Vec<u8>,
    /// The app's name, safe in a human line.
    pub(super) human_app: Vec<u8>,
}

impl Source {
    /// The process `pid` of `app`; an empty host name and a pid of 0 are unknown and left out of lines.
    #[must_use]
    pub fn new(app: &str, pid: u32, hostname: &str, producer: u64, process: &str) -> Self {
        let mut number = itoa::Buffer::new();
        let pid_text = number.format(pid).as_bytes();
        let json_start = [&b",\"daemon\":\""[..], &escaped(app), b"\",\"message\":\""].concat();
        let mut json_end = vec![b'}'];
        if pid > 0 {
            json_end.extend_from_slice(b",\"pid\":");
            json_end.extend_from_slice(pid_text);
        }
        if !hostname.is_empty() {
            json_end.extend_from_slice(&[&b",\"hostname\":\""[..], &escaped(hostname), b"\""].concat());
        }
        json_end.extend_from_slice(b",\"facility\":\"");
        let tid = if pid > 0 { [b",\"tid\":", pid_text].concat() } else { Vec::new() };
        let json_main = [b"\"", &tid[..], b",\"thread\":\"MainThread\""].concat();
        let human_app = Page::make(|line| line.readable(app.as_bytes()));
        Source {
            app: app.into(),
            pid,
            hostname: hostname.into(),
            producer,
            process: process.into(),
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            id_start: id::source_digits(producer),
            json_start: Padded::new(&json_start),
            json_end,
            json_main,
            human_app,
        }
    }

    /// App name, `daemon` in JSON.
    #[must_use]
    pub fn app(&self) -> &str {
        &self.app
    }

    /// Process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Host name, empty when unknown.
    #[must_use]
    pub fn hostname(&self) -> &str {
        &self.hostname
    }

    /// The ring's producer number, 34 bits.
    #[must_use]
    pub fn producer(&self) -> u64 {
        self.producer
    }

    /// Process name.
    #[must_use]
    pub fn process(&self) -> &str {
        &self.process
    }
}

fn escaped(text: &str) -> Vec<u8> {
    Page::make(|line| line.escaped(text.as_bytes()))
}
