//! What several formats say of a record in the same way.

use super::id::{fraction_digits, ms_digits, sequence_digits, ID_BYTES};
use super::Source;
use crate::record::{Fields, RecordView, Spanned, Value};

/// The facility of a record; the app's name when its logger has none.
#[inline]
pub(super) fn facility<'a>(view: &RecordView<'a>, source: &'a Source) -> &'a [u8] {
    let facility = view.facility();
    if facility.is_empty() {
        source.app().as_bytes()
    } else {
        facility
    }
}

/// The native thread, 0 when unknown. The main thread's number is the process's.
#[inline]
pub(super) fn tid(view: &RecordView<'_>, source: &Source) -> u32 {
    if view.flags() & crate::record::flag::MAIN_THREAD != 0 {
        source.pid()
    } else {
        view.tid()
    }
}

/// The record's id as text.
pub(super) fn id_text(ns: u64, source: &Source, sequence: u64) -> [u8; ID_BYTES] {
    let mut text = [b'-'; ID_BYTES];
    text[..13].copy_from_slice(&ms_digits(ns / 1_000_000));
    text[14..18].copy_from_slice(&fraction_digits(ns % 1_000_000));
    text[28..].copy_from_slice(&sequence_digits(sequence));
    text[19..29].copy_from_slice(&source.id_start);
    text
}

/// Where a call stands: `app.py:12 in f` taken apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Caller<'a> {
    pub(super) file: &'a [u8],
    /// Digits only, or empty.
    pub(super) line: &'a [u8],
    pub(super) function: &'a [u8],
}

impl<'a> Caller<'a> {
    /// Takes it apart from the right: a file may have colons in its name, a function has none of ours.
    pub(super) fn of(text: &'a [u8]) -> Caller<'a> {
        let (place, function) = match memchr::memmem::rfind(text, b" in ") {
            Some(at) => (&text[..at], &text[at + 4..]),
            None => (text, &b""[..]),
        };
        match memchr::memrchr(b':', place).map(|at| (&place[..at], &place[at + 1..])) {
            // At most seven digits: a number for every reader, and no leading zero is worth a thought.
            Some((file, line)) if is_number(line) => Caller { file, line, function },
            _ => Caller { file: place, line: b"", function },
        }
    }
}

fn is_number(text: &[u8]) -> bool {
    (1..=7).contains(&text.len()) && text[0] != b'0' && text.iter().all(u8::is_ascii_digit)
}

/// The fields that files show: without text for consoles, and with yarder's own marks instead of fields that have
/// taken their names.
#[derive(Clone)]
pub(super) struct Shown<'a> {
    fields: Fields<'a>,
    marks: std::array::IntoIter<(&'static str, bool), 3>,
    set: [(&'static str, bool); 3],
}

impl<'a> Shown<'a> {
    /// The fields of a record whose arguments fit its template (`fits`) or not.
    pub(super) fn new(view: &RecordView<'a>, fits: bool) -> Shown<'a> {
        let set = super::marks(view.flags(), fits);
        Shown { fields: view.fields(), marks: set.into_iter(), set }
    }
}

impl<'a> Iterator for Shown<'a> {
    type Item = Spanned<'a>;

    fn next(&mut self) -> Option<Spanned<'a>> {
        while let Some(field) = self.fields.next_spanned() {
            let taken = self.set.iter().any(|(name, set)| *set && name.as_bytes() == field.key.text());
            if !taken && !matches!(field.value, Value::Local(_)) {
                return Some(field);
            }
        }
        let (name, _) = self.marks.find(|(_, set)| *set)?;
        Some(Spanned::of(name.as_bytes(), Value::Bool(true)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A caller is taken apart where it has its usual form, and kept as a file where it has not.
    #[test]
    fn callers_are_taken_apart() {
        let of = |text: &'static str| {
            let caller = Caller::of(text.as_bytes());
            [caller.file, caller.line, caller.function].map(|part| String::from_utf8_lossy(part).into_owned())
        };
        assert_eq!(["app.py", "12", "f"], of("app.py:12 in f").each_ref().map(String::as_str));
        assert_eq!(["a in b:1.py", "7", "<module>"], of("a in b:1.py:7 in <module>").each_ref().map(String::as_str));
        assert_eq!(["odd", "", ""], of("odd").each_ref().map(String::as_str));
        assert_eq!(["x:99999999999", "", "g"], of("x:99999999999 in g").each_ref().map(String::as_str));
        assert_eq!(["", "", ""], of("").each_ref().map(String::as_str));
    }
}
