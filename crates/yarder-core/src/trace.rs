//! yarder's own events, for people who look for a fault in it: `YARDER_DEBUG`.
//!
//! `YARDER_DEBUG=debug` shows every room, `YARDER_DEBUG=writer=info,segment=debug` only those named.
//! Events go to stderr or to `YARDER_DEBUG_FILE`; they never enter a pipeline, so they cannot feed on
//! themselves. A switched-off event costs one load, its text is not built.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::OnceLock;

use yarder_ring::sys;

/// Something went wrong and was survived.
pub const WARNING: u8 = 4;
/// What happens once in a while: elected, recovered, opened.
pub const INFO: u8 = 6;
/// What happens often.
pub const DEBUG: u8 = 7;

#[derive(Debug)]
struct Config {
    /// Level of rooms that are not named.
    rest: Option<u8>,
    rooms: Vec<(String, u8)>,
    file: Option<File>,
}

static CONFIG: OnceLock<Option<Config>> = OnceLock::new();

/// Writes bytes to stderr, in one call where the system takes them all, so that lines of several processes do not mix.
///
/// Not by `std::io::stderr`: its lock may be held by another thread at the moment of a fork, and then by nobody in the
/// child, for ever.
pub fn to_stderr(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(rustix::stdio::stderr(), bytes) {
            Ok(0) => return,
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            // A stderr that is gone is nobody's problem here.
            Err(_) => return,
        }
    }
}

/// Whether an event of `room` at `level` (0..=8) would be shown.
#[must_use]
pub fn is_enabled(room: &str, level: u8) -> bool {
    let Some(config) = CONFIG.get_or_init(Config::from_env) else { return false };
    config.level(room).is_some_and(|limit| level <= limit)
}

/// Shows an event; `text` is called only when somebody wants to see it.
pub fn event(room: &str, level: u8, text: impl FnOnce() -> String) {
    let Some(config) = CONFIG.get_or_init(Config::from_env) else { return };
    if config.level(room).is_some_and(|limit| level <= limit) {
        let ms = sys::realtime_ns() / 1_000_000;
        let (seconds, ms) = (ms / 1000, ms % 1000);
        let line = format!("yarder[{}] {seconds}.{ms:03} {} {room}: {}\n", sys::pid(), name(level), text());
        // One write call a line, so that the lines of several processes do not mix.
        let _ = match &config.file {
            Some(file) => (&*file).write_all(line.as_bytes()),
            None => {
                to_stderr(line.as_bytes());
                Ok(())
            }
        };
    }
}

impl Config {
    fn from_env() -> Option<Config> {
        let wanted = std::env::var("YARDER_DEBUG").ok()?;
        let mut config = Config::parse(&wanted)?;
        if let Some(path) = std::env::var_os("YARDER_DEBUG_FILE") {
            config.file = OpenOptions::new().append(true).create(true).open(path).ok();
        }
        Some(config)
    }

    fn parse(wanted: &str) -> Option<Config> {
        let mut config = Config { rest: None, rooms: Vec::new(), file: None };
        for part in wanted.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some((room, level)) => config.rooms.push((room.trim().to_owned(), number(level.trim())?)),
                None => config.rest = Some(number(part)?),
            }
        }
        (config.rest.is_some() || !config.rooms.is_empty()).then_some(config)
    }

    fn level(&self, room: &str) -> Option<u8> {
        self.rooms.iter().find(|(name, _)| name == room).map(|(_, level)| *level).or(self.rest)
    }
}

const NAMES: [&str; 9] = ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG", "TRACE"];

fn name(level: u8) -> &'static str {
    NAMES[usize::from(level.min(8))]
}

/// `1`, `on` and `true` mean debug, as people type them; an unknown word switches nothing on.
fn number(level: &str) -> Option<u8> {
    let upper = level.to_ascii_uppercase();
    match upper.as_str() {
        "1" | "ON" | "TRUE" => return Some(DEBUG),
        "WARN" => return Some(WARNING),
        _ => {}
    }
    NAMES.iter().position(|name| *name == upper).map(|at| at as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_room_has_its_own_level() {
        let config = Config::parse("writer=debug,info").expect("both parts are known");
        assert_eq!(config.level("writer"), Some(7));
        assert_eq!(config.level("segment"), Some(6));
    }

    #[test]
    fn a_word_nobody_knows_switches_nothing_on() {
        assert!(Config::parse("loud").is_none());
        assert!(Config::parse("").is_none());
    }
}
