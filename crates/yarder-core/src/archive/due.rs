//! When a live file is due: by the wall clock of its zone, counted from its first line, never from the
//! start of a process.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::plan::Rotate;

const SECOND: u64 = 1_000_000_000;
const HOUR: i64 = 3600;

/// The first moment, in nanoseconds since 1970, at which a file whose first line is of `birth_ns` is due
/// by a rule of time.
#[must_use]
pub fn due_at(rotate: &Rotate, zone: &TimeZone, birth_ns: u64) -> Option<u64> {
    let age = rotate.age_s.map(|age| birth_ns.saturating_add(age.saturating_mul(SECOND)));
    let birth = i64::try_from(birth_ns / SECOND).ok().and_then(|second| Timestamp::from_second(second).ok());
    let hour = birth.filter(|_| rotate.hourly).map(|birth| next_hour(zone, birth));
    let day = birth.filter(|_| rotate.daily).and_then(|birth| next_day(zone, birth));
    let calendar = [hour, day].into_iter().flatten().filter_map(|second| u64::try_from(second).ok());
    calendar.map(|second| second.saturating_mul(SECOND)).chain(age).min()
}

/// Full hours follow each other by 3600 seconds also where the clock is put forward or back by an hour.
fn next_hour(zone: &TimeZone, birth: Timestamp) -> i64 {
    let offset = i64::from(zone.to_offset(birth).seconds());
    ((birth.as_second() + offset).div_euclid(HOUR) + 1) * HOUR - offset
}

/// The first moment of the next date; where the clock jumps over midnight, the first that exists.
fn next_day(zone: &TimeZone, birth: Timestamp) -> Option<i64> {
    let date = zone.to_datetime(birth).date().checked_add(1.day()).ok()?;
    let midnight = zone.to_ambiguous_timestamp(date.to_datetime(Time::midnight()));
    Some(midnight.compatible().ok()?.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("rules")
    }

    fn at(rotate: Rotate, zone: &TimeZone, birth: &str) -> String {
        let birth: Timestamp = birth.parse().expect("a time");
        let due = due_at(&rotate, zone, birth.as_nanosecond() as u64).expect("a rule of time");
        Timestamp::from_nanosecond(i128::from(due)).expect("a time").to_string()
    }

    const DAILY: Rotate = Rotate { size: None, age_s: None, hourly: false, daily: true };
    const HOURLY: Rotate = Rotate { size: None, age_s: None, hourly: true, daily: false };

    /// A day ends at local midnight, also the days of 23 and 25 hours.
    #[test]
    fn a_day_is_a_date() {
        assert_eq!(at(DAILY, &TimeZone::UTC, "2026-01-15T10:30:00Z"), "2026-01-16T00:00:00Z");
        assert_eq!(at(DAILY, &berlin(), "2026-01-15T23:30:00Z"), "2026-01-16T23:00:00Z");
        assert_eq!(at(DAILY, &berlin(), "2026-03-28T23:00:00Z"), "2026-03-29T22:00:00Z");
        assert_eq!(at(DAILY, &berlin(), "2026-10-24T22:00:00Z"), "2026-10-25T23:00:00Z");
    }

    /// A zone that puts its clock forward at midnight has no 00:00 on that date: the day begins at 01:00.
    #[test]
    fn a_day_without_a_midnight_begins_later() {
        let zone = TimeZone::posix("XXX4XXY,M9.1.6/24,M4.1.6/24").expect("rules");
        assert_eq!(at(DAILY, &zone, "2026-09-05T12:00:00Z"), "2026-09-06T04:00:00Z");
    }

    /// Hours are full hours of the zone; the doubled hour is two hours.
    #[test]
    fn an_hour_is_full_by_the_local_clock() {
        let india = TimeZone::posix("IST-5:30").expect("rules");
        assert_eq!(at(HOURLY, &india, "2026-01-15T10:10:00Z"), "2026-01-15T10:30:00Z");
        assert_eq!(at(HOURLY, &berlin(), "2026-10-25T00:30:00Z"), "2026-10-25T01:00:00Z");
        assert_eq!(at(HOURLY, &berlin(), "2026-10-25T01:00:00Z"), "2026-10-25T02:00:00Z");
        assert_eq!(at(HOURLY, &berlin(), "2026-03-29T00:59:59Z"), "2026-03-29T01:00:00Z");
    }

    /// Of several rules the first one counts; without a rule of time nothing does.
    #[test]
    fn the_first_rule_counts() {
        let both = Rotate { age_s: Some(60), ..HOURLY };
        assert_eq!(at(both, &TimeZone::UTC, "2026-01-15T10:10:00Z"), "2026-01-15T10:11:00Z");
        assert_eq!(at(both, &TimeZone::UTC, "2026-01-15T10:59:30Z"), "2026-01-15T11:00:00Z");
        assert_eq!(due_at(&Rotate::default(), &TimeZone::UTC, 0), None);
    }
}
