//! Times in lines: RFC 3339, numbers since 1970, and human lines in a zone.

use jiff::civil;
use jiff::tz::TimeZone;

/// The zone of human lines, with the last minute kept: lines of one minute come together.
#[derive(Clone, Debug)]
pub struct Zone {
    tz: TimeZone,
    minute: [u8; 16],
    /// Seconds since 1970 of `minute`.
    start: i64,
}

impl Zone {
    /// `local`, `utc` or a name of the zone database; `None` when there is no such zone.
    #[must_use]
    pub fn parse(name: &str) -> Option<Zone> {
        let tz = match name {
            "local" => TimeZone::system(),
            "utc" | "UTC" => TimeZone::UTC,
            _ => TimeZone::get(name).ok()?,
        };
        Some(Zone { tz, minute: [0; 16], start: 0 })
    }

    /// Nanoseconds since 1970 of `2026-01-15 10:30:45.123` (any number of decimals, or none).
    pub(super) fn ns(&mut self, text: &[u8]) -> Option<u64> {
        let minute = text.first_chunk::<16>()?;
        if *minute != self.minute {
            let day = date(minute)?;
            let (hour, min) = (two(&minute[11..])?, two(&minute[14..])?);
            let local = civil::DateTime::new(day.0, day.1 as i8, day.2 as i8, hour as i8, min as i8, 0, 0).ok()?;
            // Where the clock was set back an hour is there twice; the earlier one counts, as everywhere in jiff.
            let stamp = self.tz.to_ambiguous_timestamp(local).compatible().ok()?;
            self.start = stamp.as_second();
            self.minute = *minute;
        }
        if text.get(16) != Some(&b':') {
            return None;
        }
        let second = two(text.get(17..)?)?;
        let (fraction, rest) = fraction(text.get(19..)?)?;
        (rest.is_empty() && second < 61).then_some(())?;
        total(self.start + i64::from(second), fraction)
    }
}

/// Nanoseconds since 1970 of an RFC 3339 time; without a zone it is UTC.
#[must_use]
pub fn rfc3339(text: &[u8]) -> Option<u64> {
    let head = text.first_chunk::<16>()?;
    let (year, month, day) = date(head)?;
    matches!(head[10], b'T' | b't' | b' ').then_some(())?;
    let (hour, minute) = (two(&head[11..])?, two(&head[14..])?);
    if head[13] != b':' || text.get(16) != Some(&b':') {
        return None;
    }
    let second = two(text.get(17..)?)?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction, zone) = fraction(text.get(19..)?)?;
    let offset = match zone {
        [] | [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let minutes = match rest {
                [_, _] => 0,
                [_, _, b':', m @ ..] | [_, _, m @ ..] if m.len() == 2 => i64::from(two(m)?),
                _ => return None,
            };
            let seconds = i64::from(two(rest)?) * 3600 + minutes * 60;
            if *sign == b'-' {
                -seconds
            } else {
                seconds
            }
        }
        _ => return None,
    };
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second) - offset;
    total(days(i64::from(year), i64::from(month), i64::from(day)) * 86_400 + seconds, fraction)
}

/// Nanoseconds since 1970 of a number that counts s, ms, us or ns; its size says which.
#[must_use]
pub(super) fn number(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let value: f64 = text.parse().ok()?;
    // 1e11 seconds are the year 5138, 1e11 milliseconds 1973.
    let scale: u64 = match value {
        v if !(0.0..1e20).contains(&v) => return None,
        v if v < 1e11 => 1_000_000_000,
        v if v < 1e14 => 1_000_000,
        v if v < 1e17 => 1_000,
        _ => 1,
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let Ok(whole) = whole.parse::<u64>() else { return Some((value * scale as f64) as u64) };
    let mut ns = whole.checked_mul(scale)?;
    let mut unit = scale / 10;
    for digit in part.bytes() {
        ns += u64::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?) * unit;
        unit /= 10;
    }
    Some(ns)
}

fn total(seconds: i64, fraction: u32) -> Option<u64> {
    u64::try_from(seconds).ok()?.checked_mul(1_000_000_000)?.checked_add(u64::from(fraction))
}

/// Year, month and day of `2026-01-15`.
fn date(text: &[u8; 16]) -> Option<(i16, u8, u8)> {
    let year = i16::from(two(text)?) * 100 + i16::from(two(&text[2..])?);
    let (month, day) = (two(&text[5..])?, two(&text[8..])?);
    (text[4] == b'-' && text[7] == b'-' && (1..=12).contains(&month) && (1..=31).contains(&day))
        .then_some((year, month, day))
}

fn two(text: &[u8]) -> Option<u8> {
    match text {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', ..] => Some((a - b'0') * 10 + (b - b'0')),
        _ => None,
    }
}

/// Nanoseconds of `.123` and what follows; digits beyond the ninth are dropped.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some((b'.' | b',', digits)) = text.split_first() else { return Some((0, text)) };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then_some(())?;
    let mut ns = 0;
    let mut unit = 100_000_000;
    for digit in digits.iter().take(count.min(9)) {
        ns += u32::from(digit - b'0') * unit;
        unit /= 10;
    }
    Some((ns, &digits[count..]))
}

/// Days since 1970 of a date (Howard Hinnant's algorithm).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every form of a time gives the same moment.
    #[test]
    fn forms_agree() {
        let ns = Some(1_768_473_045_123_456_000);
        assert_eq!(ns, rfc3339(b"2026-01-15T10:30:45.123456Z"));
        assert_eq!(ns, rfc3339(b"2026-01-15 11:30:45.123456+01:00"));
        assert_eq!(ns, rfc3339(b"2026-01-15T05:00:45.123456-0530"));
        assert_eq!(ns, number(b"1768473045.123456"));
        assert_eq!(ns, number(b"1768473045123.456"));
        assert_eq!(ns, number(b"1768473045123456"));
        assert_eq!(ns, number(b"1768473045123456000"));
        let mut zone = Zone::parse("utc").expect("UTC");
        assert_eq!(Some(1_768_473_045_123_000_000), zone.ns(b"2026-01-15 10:30:45.123"));
        assert_eq!(Some(1_768_473_046_000_000_000), zone.ns(b"2026-01-15 10:30:46"));
    }

    /// What is no time is refused.
    #[test]
    fn nonsense_is_refused() {
        for text in ["", "2026", "2026-13-01T00:00:00Z", "2026-01-15T25:00:00Z", "2026-01-15T10:30:45.Z", "x"] {
            assert_eq!(None, rfc3339(text.as_bytes()), "{text}");
        }
        assert_eq!(None, number(b"-1"));
        assert_eq!(None, number(b"nan"));
    }
}
