//! The time of a record as text, with the second it was in kept.

use super::time::{split, three_digits, Second, Tz, SECOND_BYTES};

/// Bytes of `2026-01-15T10:30:45.123456Z`.
pub(super) const UTC_BYTES: usize = 27;

/// RFC 3339 in UTC, to the microsecond.
#[derive(Debug)]
pub(super) struct Utc(Second);

impl Utc {
    pub(super) fn new() -> Utc {
        Utc(Second::new(Tz::utc(), b'T'))
    }

    /// The text of a time in nanoseconds since 1970.
    pub(super) fn text(&mut self, ns: u64) -> [u8; UTC_BYTES] {
        let (second, nanos) = split(ns);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        text[..SECOND_BYTES].copy_from_slice(self.0.text(second));
        text[SECOND_BYTES + 1..SECOND_BYTES + 4].copy_from_slice(&three_digits(nanos / 1_000_000));
        text[SECOND_BYTES + 4..SECOND_BYTES + 7].copy_from_slice(&three_digits(nanos / 1000 % 1000));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every digit stands where it belongs.
    #[test]
    fn times_are_rfc_3339() {
        let text = Utc::new().text(1_768_473_045_012_345_678);
        assert_eq!(b"2026-01-15T10:30:45.012345Z", &text);
    }
}
