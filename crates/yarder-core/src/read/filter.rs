//! Which records are asked for, and what can be told about a line before reading it.

use memchr::memmem;
use regex::bytes::Regex;

use super::entry::{id_text, Entry};

/// All levels.
pub const ALL_LEVELS: u16 = 0x1FF;

/// What a record must have. An empty filter takes everything.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Not before, nanoseconds since 1970.
    pub since: Option<u64>,
    /// Not after, nanoseconds since 1970.
    pub until: Option<u64>,
    /// One bit for each level.
    pub levels: u16,
    /// The app's name.
    pub app: Option<Vec<u8>>,
    /// A facility or a dotted prefix of it.
    pub facility: Option<Vec<u8>>,
    /// Stands in one of the record's texts.
    pub contains: Option<Vec<u8>>,
    /// Matches one of the record's texts.
    pub regex: Option<Regex>,
    /// Fields, or parts of the record, and their texts.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Default for Filter {
    fn default() -> Self {
        Filter {
            since: None,
            until: None,
            levels: ALL_LEVELS,
            app: None,
            facility: None,
            contains: None,
            regex: None,
            fields: Vec::new(),
        }
    }
}

/// Bytes that every format writes as they are.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'@' | b' ')
}

impl Filter {
    /// Whether `entry` is asked for.
    #[must_use]
    pub fn takes(&self, entry: &Entry<'_>) -> bool {
        self.in_time(entry.ns)
            && self.levels >> entry.level & 1 == 1
            && self.app.as_ref().is_none_or(|app| *app == *entry.app)
            && self.facility.as_ref().is_none_or(|facility| is_under(&entry.facility, facility))
            && self.fields.iter().all(|(key, wanted)| entry.text_of(key).is_some_and(|text| same(&text, wanted)))
            && self.contains.as_ref().is_none_or(|text| {
                let finder = memmem::Finder::new(text);
                any_text(entry, &mut |text| finder.find(text).is_some())
            })
            && self.regex.as_ref().is_none_or(|regex| any_text(entry, &mut |text| regex.is_match(text)))
    }

    fn in_time(&self, ns: u64) -> bool {
        self.since.is_none_or(|since| ns >= since) && self.until.is_none_or(|until| ns <= until)
    }

    /// Whether a block with these times and levels can hold a record that is asked for.
    #[must_use]
    pub fn may_be_in(&self, min_ns: u64, max_ns: u64, levels: u16) -> bool {
        self.since.is_none_or(|since| max_ns >= since)
            && self.until.is_none_or(|until| min_ns <= until)
            && self.levels & levels != 0
    }

    /// The longest part of `contains` that stands in the file as it is.
    #[must_use]
    pub fn needle(&self) -> Option<&[u8]> {
        let text = self.contains.as_deref()?;
        text.split(|byte| !is_plain(*byte)).max_by_key(|part| part.len()).filter(|part| !part.is_empty())
    }
}

/// Whether `facility` is `prefix` or below it.
fn is_under(facility: &[u8], prefix: &[u8]) -> bool {
    facility.strip_prefix(prefix).is_some_and(|rest| matches!(rest, [] | [b'.', ..]) || prefix.is_empty())
}

/// Equal texts, or equal numbers.
fn same(text: &[u8], wanted: &[u8]) -> bool {
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<f64>().ok();
    text == wanted
        || text.first().is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.'))
            && number(text).is_some_and(|value| Some(value) == number(wanted))
}

/// Whether any text of the record passes the test.
fn any_text(entry: &Entry<'_>, test: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    let parts = [&entry.message, &entry.app, &entry.facility, &entry.hostname, &entry.thread, &entry.caller];
    if parts.into_iter().any(|part| !part.is_empty() && test(part)) {
        return true;
    }
    let mut member = Vec::new();
    let field = entry.fields.iter().any(|(key, value)| {
        member.clear();
        member.extend_from_slice(key);
        member.push(b'=');
        member.extend_from_slice(value.text());
        // The whole says more than the value alone only to a search that knows the key; `^` begins at the value too.
        test(&member) || test(value.text())
    });
    field || entry.id.is_some_and(|id| test(id_text(&id).as_bytes()))
}

/// Time and level of yarder's own JSON lines, at their fixed places.
#[derive(Clone, Debug)]
pub(super) struct Quick {
    since: Option<[u8; 26]>,
    until: Option<[u8; 26]>,
    levels: u16,
}

const TIME_AT: usize = 58;
const LEVEL_AT: usize = 95;

impl Quick {
    /// `None` when times and levels are no part of the question.
    pub(super) fn new(filter: &Filter) -> Option<Quick> {
        if filter.since.is_none() && filter.until.is_none() && filter.levels == ALL_LEVELS {
            return None;
        }
        // Lines hold whole microseconds: a since between two begins with the next one.
        let since = filter.since.map(|ns| micros(ns.div_ceil(1000)));
        let until = filter.until.map(|ns| micros(ns / 1000));
        Some(Quick { since, until, levels: filter.levels })
    }

    /// Whether the line is yarder's own and certainly not asked for.
    #[inline]
    pub(super) fn refuses(&self, line: &[u8]) -> bool {
        let Some(head) = line.first_chunk::<97>() else { return false };
        let ours = head.starts_with(b"{\"id\":\"")
            && head[43..TIME_AT] == *b"\",\"timestamp\":\""
            && head[84..LEVEL_AT] == *b"Z\",\"level\":"
            && head[96] == b','
            && head[LEVEL_AT].is_ascii_digit();
        if !ours {
            return false;
        }
        let time = &head[TIME_AT..84];
        self.levels >> (head[LEVEL_AT] - b'0') & 1 == 0
            || self.since.is_some_and(|since| *time < since[..])
            || self.until.is_some_and(|until| *time > until[..])
    }
}

/// `2026-01-15T10:30:45.123456`
fn micros(us: u64) -> [u8; 26] {
    let latest = jiff::Timestamp::MAX;
    let stamp = i64::try_from(us).ok().and_then(|us| jiff::Timestamp::from_microsecond(us).ok()).unwrap_or(latest);
    let text = stamp.strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string();
    let mut out = [b'9'; 26];
    if let Some(text) = text.as_bytes().first_chunk::<26>() {
        out = *text;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Facilities are dotted: `db` holds `db.pool`, not `dbx`.
    #[test]
    fn facilities_end_at_dots() {
        assert!(is_under(b"db", b"db") && is_under(b"db.pool", b"db") && is_under(b"x", b""));
        assert!(!is_under(b"dbx", b"db") && !is_under(b"d", b"db"));
    }

    /// The needle has only bytes that no format escapes.
    #[test]
    fn needles_are_plain() {
        let needle = |text: &str| {
            let filter = Filter { contains: Some(text.into()), ..Filter::default() };
            filter.needle().map(|n| String::from_utf8_lossy(n).into_owned())
        };
        assert_eq!(Some("user 7".into()), needle("user 7"));
        assert_eq!(Some("user_id".into()), needle("user_id=7"));
        assert_eq!(Some("users".into()), needle("/api/users"));
        assert_eq!(None, needle("日本"));
    }

    /// Both ends are part of the time that is asked for, also between two microseconds.
    #[test]
    fn quick_answers_agree_with_the_time() {
        let line = br#"{"id":"019bc135-2883-874f-a345-6789a0000001","timestamp":"2026-01-15T10:30:45.123456Z","level":6,"daemon":"#;
        let ns = 1_768_473_045_123_456_000;
        for (since, until, level, refused) in [
            (Some(ns), Some(ns), 6, false),
            (Some(ns + 1), None, 6, true),
            (None, Some(ns - 1), 6, true),
            (None, Some(ns + 999), 6, false),
            (None, None, 5, true),
        ] {
            let filter = Filter { since, until, levels: 1 << level, ..Filter::default() };
            assert_eq!(Some(refused), Quick::new(&filter).map(|quick| quick.refuses(line)));
        }
        assert!(Quick::new(&Filter::default()).is_none());
    }
}
