//! Names of archives: `<stem>.<UTC stamp>.<counter>.<ending>[.gz|.lz4|.zst]`, and which files have one.
//!
//! A name is the only thing that says to whom an archive belongs, so it is recognised exactly: the
//! archives of `api.log` are never those of `api-gateway.log` or of `api.v2.log`.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::Timestamp;

use crate::plan::Codec;

/// Bytes of `20260115T103045123Z`.
const STAMP: usize = 19;
/// Above it the stamp takes the next millisecond, so that names of equal length sort.
const MOST: u16 = 9999;

/// What makes an archive's name unique among those of its file: later ones are greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// Milliseconds since 1970 UTC.
    pub ms: u64,
    /// Tells rotations of one millisecond apart.
    pub counter: u16,
}

impl Stamp {
    /// The first stamp after `last` that is not before `now_ms`: names grow even where the clock does not.
    #[must_use]
    pub fn next(now_ms: u64, last: Option<Stamp>) -> Stamp {
        match last {
            Some(last) if last.ms >= now_ms && last.counter < MOST => Stamp { counter: last.counter + 1, ..last },
            Some(last) if last.ms >= now_ms => Stamp { ms: last.ms + 1, counter: 0 },
            _ => Stamp { ms: now_ms, counter: 0 },
        }
    }

    /// Its part of a name: `20260115T103045123Z.0000`.
    #[must_use]
    pub fn text(self) -> String {
        let time = i64::try_from(self.ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let time = TimeZone::UTC.to_datetime(time.unwrap_or(Timestamp::MAX));
        let (date, clock) = (time.date(), time.time());
        format!(
            "{:04}{:02}{:02}T{:02}{:02}{:02}{:03}Z.{:04}",
            date.year(),
            date.month(),
            date.day(),
            clock.hour(),
            clock.minute(),
            clock.second(),
            self.ms % 1000,
            self.counter
        )
    }

    /// The stamp of exactly such a text.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Stamp> {
        if text.len() != STAMP + 5 || text[8] != b'T' || text[18] != b'Z' || text[19] != b'.' {
            return None;
        }
        let number = |from: usize, to: usize| {
            text[from..to]
                .iter()
                .try_fold(0_i64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
        };
        let small = |from, to| number(from, to).and_then(|value| i8::try_from(value).ok());
        let time = DateTime::new(
            i16::try_from(number(0, 4)?).ok()?,
            small(4, 6)?,
            small(6, 8)?,
            small(9, 11)?,
            small(11, 13)?,
            small(13, 15)?,
            i32::try_from(number(15, 18)?).ok()? * 1_000_000,
        );
        let time = TimeZone::UTC.to_timestamp(time.ok()?).ok()?;
        let stamp = Stamp { ms: u64::try_from(time.as_millisecond()).ok()?, counter: number(20, 24)? as u16 };
        // A leap second and the like: only what we would write ourselves is ours.
        (stamp.text().as_bytes() == text).then_some(stamp)
    }
}

/// The names that belong to one live file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    folder: PathBuf,
    stem: Vec<u8>,
    ending: Vec<u8>,
}

/// One archive, in one or both of its forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Its place in the order of its file's archives.
    pub stamp: Stamp,
    /// Bytes of the plain file, where there is one.
    pub plain: Option<u64>,
    /// The compressed file and its bytes; where both are there, this one counts.
    pub packed: Option<(Codec, u64)>,
}

impl Archive {
    /// Bytes on the device, of both forms.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.plain.unwrap_or(0) + self.packed.map_or(0, |(_, bytes)| bytes)
    }
}

impl Family {
    /// The family of the live file at `path`.
    #[must_use]
    pub fn of(path: &Path) -> Family {
        Family {
            folder: path.parent().unwrap_or(Path::new("/")).to_path_buf(),
            stem: path.file_stem().unwrap_or_default().as_bytes().to_vec(),
            ending: path.extension().unwrap_or(OsStr::new("log")).as_bytes().to_vec(),
        }
    }

    /// The folder they all stand in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of an archive.
    #[must_use]
    pub fn name(&self, stamp: Stamp, codec: Option<Codec>) -> OsString {
        let mut name = [&self.stem, b".".as_slice(), stamp.text().as_bytes(), b".", &self.ending].concat();
        if let Some(codec) = codec {
            name.push(b'.');
            name.extend_from_slice(codec.ending().as_bytes());
        }
        OsString::from_vec(name)
    }

    /// The path of an archive.
    #[must_use]
    pub fn path(&self, stamp: Stamp, codec: Option<Codec>) -> PathBuf {
        self.folder.join(self.name(stamp, codec))
    }

    /// Reads a name back; `None` where it is not exactly one of this family's.
    #[must_use]
    pub fn parse(&self, name: &OsStr) -> Option<(Stamp, Option<Codec>)> {
        let rest = name.as_bytes().strip_prefix(self.stem.as_slice())?.strip_prefix(b".")?;
        if rest.len() < STAMP + 5 {
            return None;
        }
        let (stamp, ending) = rest.split_at(STAMP + 5);
        let ending = ending.strip_prefix(b".")?.strip_prefix(self.ending.as_slice())?;
        let codec = match ending {
            b"" => None,
            _ => {
                let ending = ending.strip_prefix(b".")?;
                Some(Codec::ALL.into_iter().find(|codec| codec.ending().as_bytes() == ending)?)
            }
        };
        Some((Stamp::parse(stamp)?, codec))
    }

    /// A hidden name beside an archive that is being made.
    #[must_use]
    pub fn temporary(&self, stamp: Stamp, codec: Codec, unique: u64) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(self.name(stamp, Some(codec)));
        name.push(format!(".{unique:016x}.tmp"));
        self.folder.join(name)
    }

    /// Whether `name` is one that [`Family::temporary`] gives.
    #[must_use]
    pub fn is_temporary(&self, name: &OsStr) -> bool {
        let part = || {
            let rest = name.as_bytes().strip_prefix(b".")?.strip_suffix(b".tmp")?;
            let (archive, unique) = rest.split_at_checked(rest.len().checked_sub(17)?)?;
            let unique = unique.strip_prefix(b".")?;
            (unique.iter().all(u8::is_ascii_hexdigit)).then(|| OsStr::from_bytes(archive))
        };
        part().and_then(|archive| self.parse(archive)).is_some_and(|(_, codec)| codec.is_some())
    }

    /// The archives that are there, oldest first: regular files of this user only, never links.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> io::Result<Vec<Archive>> {
        let user = rustix::process::geteuid().as_raw();
        let mut found: Vec<Archive> = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let Some((stamp, codec)) = self.parse(&entry.file_name()) else { continue };
            // Does not follow links.
            let Ok(meta) = entry.metadata() else { continue };
            if !meta.is_file() || meta.uid() != user {
                continue;
            }
            let place = found.iter().position(|archive| archive.stamp == stamp).unwrap_or_else(|| {
                found.push(Archive { stamp, plain: None, packed: None });
                found.len() - 1
            });
            match codec {
                None => found[place].plain = Some(meta.len()),
                Some(codec) => found[place].packed = Some((codec, meta.len())),
            }
        }
        found.sort_by_key(|archive| archive.stamp);
        Ok(found)
    }

    /// Temporary files of compressions that nobody goes on with.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn temporaries(&self) -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(&self.folder)?;
        let ours = entries.flatten().filter(|entry| self.is_temporary(&entry.file_name()));
        Ok(ours.map(|entry| entry.path()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family(path: &str) -> Family {
        Family::of(Path::new(path))
    }

    /// A name says when, which, and how, and comes back as it was.
    #[test]
    fn a_name_comes_back() {
        let stamp = Stamp { ms: 1_768_473_045_123, counter: 7 };
        let web = family("/l/web.log");
        assert_eq!(web.name(stamp, None), "web.20260115T103045123Z.0007.log");
        for codec in [None, Some(Codec::Gzip), Some(Codec::Lz4), Some(Codec::Zstd)] {
            assert_eq!(web.parse(&web.name(stamp, codec)), Some((stamp, codec)));
        }
        assert_eq!(family("/l/web").name(stamp, Some(Codec::Zstd)), "web.20260115T103045123Z.0007.log.zst");
        let hidden = web.temporary(stamp, Codec::Lz4, 5);
        assert!(web.is_temporary(hidden.file_name().expect("a name")));
    }

    /// Another app's archives, and what people name alike, are not ours.
    #[test]
    fn only_exact_names_are_ours() {
        let api = family("/l/api.log");
        for name in [
            "api-gateway.20260115T103045123Z.0000.log",
            "api.v2.20260115T103045123Z.0000.log",
            "api.20260115T103045123Z.0000.log.bak",
            "api.20260115T103045123Z.0000.log.zst.bak",
            "api.20260115T103045123Z.0000.json",
            "api.20260115T103045123Z.000.log",
            "api.20260115T103045123Z.00000.log",
            "api.20260230T103045123Z.0000.log",
            "api.2026-01-15T10:30:45.0000.log",
            "api.log.1",
            "api.log",
            "xapi.20260115T103045123Z.0000.log",
        ] {
            assert_eq!(api.parse(OsStr::new(name)), None, "{name}");
            assert!(!api.is_temporary(OsStr::new(name)), "{name}");
        }
    }

    /// Two rotations in the same millisecond, or under a clock that was set back, still sort.
    #[test]
    fn names_grow_whatever_the_clock_does() {
        let mut last = None;
        let mut names = Vec::new();
        for now in [1000, 1000, 1000, 900, 1001, 1001] {
            last = Some(Stamp::next(now, last));
            names.push(family("/l/a.log").name(last.expect("a stamp"), None));
        }
        let mut sorted = names.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(names, sorted);
        assert_eq!(Stamp::next(5, Some(Stamp { ms: 5, counter: MOST })), Stamp { ms: 6, counter: 0 });
    }
}
