//! Lines back to records. The format is decided line by line, so a file may hold several.

mod human;
mod json;
mod keys;
mod logfmt;
mod otel;
mod syslog;
mod text;
mod time;

pub use time::{rfc3339, Zone};

use super::entry::Entry;

/// Why a line is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Begins like JSON and is none, or is cut.
    Json,
    /// JSON without a time that can be read.
    Time,
    /// Begins like a syslog line and is none.
    Syslog,
    /// In no known format.
    Foreign,
    /// Indented, under no human line.
    Stray,
    /// The last line of a live file, still being written.
    Unfinished,
    /// Longer than 16 MiB.
    Long,
    /// The compressed file ends early or is damaged here.
    Archive,
    /// The file could not be opened or read.
    Unreadable,
    /// What stood at the end of a truncated file was not found in a copy.
    Gap,
}

impl Damage {
    /// As the end of a sentence about a place in a file.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Damage::Json => "broken JSON",
            Damage::Time => "JSON without a time",
            Damage::Syslog => "a broken syslog line",
            Damage::Foreign => "a line in no known format",
            Damage::Stray => "an indented line under no record",
            Damage::Unfinished => "an unfinished last line",
            Damage::Long => "a line longer than 16 MiB",
            Damage::Archive => "a damaged archive",
            Damage::Unreadable => "a file that cannot be read",
            Damage::Gap => "lines lost to a truncation",
        }
    }
}

/// Reads records out of lines; keeps the last human minute.
#[derive(Clone, Debug)]
pub struct Parser {
    zone: Zone,
}

impl Parser {
    /// One that reads human lines in `zone`.
    #[must_use]
    pub fn new(zone: Zone) -> Self {
        Parser { zone }
    }

    /// Reads one record: its line and, for human text, the indented lines under it. The last newline may be there.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse<'a>(&mut self, record: &'a [u8]) -> Result<Entry<'a>, Damage> {
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        let record = record.strip_suffix(b"\r").unwrap_or(record);
        let mut entry = match record {
            [b'{', ..] => json::parse(record)?,
            [b'<', b'0'..=b'9', ..] => syslog::parse(record)?,
            [b' ', b' ', ..] => return Err(Damage::Stray),
            [b'0'..=b'9', _, _, _, b'-', ..] => human::parse(record, &mut self.zone).ok_or(Damage::Foreign)?,
            _ => logfmt::parse(record).ok_or(Damage::Foreign)?,
        };
        entry.settle();
        if entry.facility.is_empty() {
            entry.facility = entry.app.clone();
        }
        Ok(entry)
    }
}
