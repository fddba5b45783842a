//! Seconds as calendar text, computed once per second.

use std::sync::OnceLock;

use jiff::tz::TimeZone;
use jiff::Timestamp;

/// The zone of this host. Looked up once, before there are threads: a fork in the middle of a look-up would leave the
/// child waiting for its end.
static LOCAL: OnceLock<TimeZone> = OnceLock::new();

/// The time zone of human lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Tz(TimeZone);

impl Tz {
    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Tz {
        Tz(TimeZone::UTC)
    }

    /// The zone itself.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.0
    }

    /// `local`, `utc` or a name of the zone database; `None` when there is no such zone.
    #[must_use]
    pub fn parse(name: &str) -> Option<Tz> {
        match name {
            "local" => Some(Tz(LOCAL.get_or_init(TimeZone::system).clone())),
            "utc" | "UTC" => Some(Tz::utc()),
            _ => TimeZone::get(name).ok().map(Tz),
        }
    }
}

/// Bytes of `2026-01-15T10:30:45`.
pub(crate) const SECOND_BYTES: usize = 19;

/// The text of one second, kept until another one is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Second {
    tz: TimeZone,
    separator: u8,
    second: u64,
    text: [u8; SECOND_BYTES],
}

impl Second {
    /// Texts in zone `tz` with `separator` between date and time.
    pub(crate) fn new(tz: Tz, separator: u8) -> Self {
        // No u64 of nanoseconds has that many seconds, so the first call computes.
        Second { tz: tz.0, separator, second: u64::MAX, text: [b'0'; SECOND_BYTES] }
    }

    /// The text of `second`.
    #[inline]
    pub(crate) fn text(&mut self, second: u64) -> &[u8; SECOND_BYTES] {
        if second != self.second {
            self.compute(second);
        }
        &self.text
    }

    #[cold]
    fn compute(&mut self, second: u64) {
        self.second = second;
        // All nanoseconds of a u64 end in the year 2554, far inside what a timestamp holds.
        let stamp = i64::try_from(second).ok().and_then(|s| Timestamp::from_second(s).ok()).unwrap_or(Timestamp::MAX);
        let local = self.tz.to_datetime(stamp);
        let century = local.year().unsigned_abs();
        let mut text = *b"0000-00-00 00:00:00";
        text[10] = self.separator;
        let parts = [
            (0, century / 100),
            (2, century % 100),
            (5, local.month() as u16),
            (8, local.day() as u16),
            (11, local.hour() as u16),
            (14, local.minute() as u16),
            (17, local.second() as u16),
        ];
        for (at, value) in parts {
            text[at] = b'0' + (value / 10 % 10) as u8;
            text[at + 1] = b'0' + (value % 10) as u8;
        }
        self.text = text;
    }
}

/// Whole seconds and the nanoseconds of the last one.
#[inline]
pub(crate) fn split(ns: u64) -> (u64, u32) {
    (ns / 1_000_000_000, (ns % 1_000_000_000) as u32)
}

/// Three digits of a number below a thousand.
#[inline]
pub(crate) fn three_digits(value: u32) -> [u8; 3] {
    // Multiplying by a fixed fraction instead of dividing: exact below a thousand.
    let hundreds = (value * 41) >> 12;
    let rest = value - hundreds * 100;
    let tens = (rest * 103) >> 10;
    [b'0' + hundreds as u8, b'0' + tens as u8, b'0' + (rest - tens * 10) as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fixed fractions give every digit right.
    #[test]
    fn digits_are_right() {
        for value in 0..1000 {
            assert_eq!(format!("{value:03}").as_bytes(), three_digits(value));
        }
    }

    /// `local` and `utc` are always there, an unknown zone is none.
    #[test]
    fn zones_have_names() {
        assert!(Tz::parse("local").is_some());
        assert_eq!(Some(Tz::utc()), Tz::parse("utc"));
        assert_eq!(None, Tz::parse("Mars/Olympus"));
    }

    /// Around both changes of the clock the offset is the one in force at that second.
    #[test]
    fn daylight_saving_moves_at_the_right_second() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("rules");
        let mut second = Second::new(Tz(berlin), b' ');
        let mut text = |at: u64| String::from_utf8_lossy(second.text(at)).into_owned();
        assert_eq!("2026-03-29 01:59:59", text(1_774_745_999));
        assert_eq!("2026-03-29 03:00:00", text(1_774_746_000));
        assert_eq!("2026-10-25 02:59:59", text(1_792_889_999));
        assert_eq!("2026-10-25 02:00:00", text(1_792_890_000));
    }
}
