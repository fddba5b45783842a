//! Syslog lines, RFC 5424: header, structured data, message.
//!
//! Two structured elements: `yarder@32473` for what yarder knows of a record, `fields@32473` for the user's fields.
//! 32473 is the enterprise number that RFC 5612 sets aside for those who have none of their own.

use super::level::severity;
use super::moment::Utc;
use super::parts::{facility, id_text, tid, Shown};
use super::text::{put_json, utf8, Cursor, Page, Readable};
use super::Source;
use crate::record::{RecordView, Spanned, Value};

/// Facility `user`: messages of programs.
const FACILITY: u8 = 1;
/// The byte order mark that stands before a message with more than ASCII in it.
const BOM: &[u8; 3] = b"\xEF\xBB\xBF";
/// The longest name of a structured element or parameter.
const NAME_MAX: usize = 32;

/// Lines of RFC 5424.
#[derive(Debug)]
pub struct Syslog(Utc);

impl Default for Syslog {
    fn default() -> Self {
        Syslog(Utc::new())
    }
}

impl Syslog {
    pub(super) fn put(&mut self, view: &RecordView<'_>, source: &Source, ns: u64, page: &mut Page) {
        let time = self.0.text(ns);
        page.line(2 * view.bytes().len() + 512, |room| {
            let mut line = Cursor::new(room);
            header(view, source, &time, &mut line);
            let id = id_text(ns, source, view.sequence());
            // The message tells whether the arguments fitted, which a field says, and fields stand before it.
            let start = line.mark();
            let fits = super::message_to(view, &mut Readable(&mut line));
            let ascii = line.since(start).is_ascii();
            line.back(start);
            own(view, source, &id, &mut line);
            fields(view, fits, &mut line);
            line.byte(b' ');
            if !ascii {
                line.fixed(BOM);
            }
            super::message_to(view, &mut Readable(&mut line));
            line.byte(b'\n');
            line.mark()
        });
    }
}

/// `<14>1 2026-01-15T10:30:45.123456Z host app 1234 facility `
fn header(view: &RecordView<'_>, source: &Source, time: &[u8], line: &mut Cursor<'_>) {
    line.byte(b'<');
    line.int(i64::from(FACILITY * 8 + severity(view.level())));
    line.fixed(b">1 ");
    line.piece(time);
    // Of each the RFC says how long it may be.
    for (text, most) in [(source.hostname().as_bytes(), 255), (source.app().as_bytes(), 48)] {
        line.byte(b' ');
        word(text, most, line);
    }
    line.byte(b' ');
    if source.pid() > 0 {
        line.int(i64::from(source.pid()));
    } else {
        line.byte(b'-');
    }
    line.byte(b' ');
    word(facility(view, source), 32, line);
    line.byte(b' ');
}

/// Printable ASCII without blanks, at most so many bytes; `-` for nothing.
fn word(text: &[u8], most: usize, line: &mut Cursor<'_>) {
    if text.is_empty() {
        line.byte(b'-');
    }
    for (unit, _) in utf8::units(text).take(most) {
        line.byte(match unit {
            utf8::Unit::Scalar(code @ 0x21..=0x7E) => code as u8,
            _ => b'_',
        });
    }
}

/// The element of what yarder knows itself.
fn own(view: &RecordView<'_>, source: &Source, id: &[u8], line: &mut Cursor<'_>) {
    line.fixed(b"[yarder@32473 id=\"");
    line.piece(id);
    line.byte(b'"');
    if view.level() > 7 {
        // The header cannot say it.
        line.fixed(b" level=\"trace\"");
    }
    let tid = tid(view, source);
    if tid != 0 {
        line.fixed(b" tid=\"");
        line.int(i64::from(tid));
        line.byte(b'"');
    }
    for (name, text) in
        [(&b"thread"[..], view.thread()), (b"process", source.process().as_bytes()), (b"caller", view.caller())]
    {
        if !text.is_empty() {
            line.byte(b' ');
            line.piece(name);
            line.fixed(b"=\"");
            text_value(text, line);
            line.byte(b'"');
        }
    }
    line.byte(b']');
}

/// The element of the user's fields, left out when there are none.
fn fields(view: &RecordView<'_>, fits: bool, line: &mut Cursor<'_>) {
    let mut any = false;
    for field in Shown::new(view, fits) {
        if !any {
            line.fixed(b"[fields@32473");
            any = true;
        }
        line.byte(b' ');
        name(field.key.text(), line);
        line.fixed(b"=\"");
        value(&field, line);
        line.byte(b'"');
    }
    if any {
        line.byte(b']');
    }
}

/// A PARAM-NAME: at most 32 characters of printable ASCII without blank, `=`, `]` and `"`; others become `_`.
fn name(key: &[u8], line: &mut Cursor<'_>) {
    if key.is_empty() {
        line.byte(b'_');
    }
    for (unit, _) in utf8::units(key).take(NAME_MAX) {
        line.byte(match unit {
            utf8::Unit::Scalar(0x22 | 0x3D | 0x5D) => b'_',
            utf8::Unit::Scalar(code @ 0x21..=0x7E) => code as u8,
            _ => b'_',
        });
    }
}

/// A PARAM-VALUE.
fn value(field: &Spanned<'_>, line: &mut Cursor<'_>) {
    match field.value {
        Value::None => line.fixed(b"null"),
        Value::Bool(true) => line.fixed(b"true"),
        Value::Bool(false) => line.fixed(b"false"),
        Value::Int(v) => line.int(v),
        Value::Float(v) => line.float(v),
        Value::Str(text) | Value::Text(text) | Value::BigInt(text) | Value::Local(text) => text_value(text, line),
        Value::Json(text) => text_value(&Page::make(|line| line.apart(|line| put_json(text, line))), line),
        Value::Bytes(bytes) => {
            // Decoded as in JSON, but the quotes and backslashes of a PARAM-VALUE are this format's own.
            text_value(&utf8::decoded(bytes), line);
        }
    }
}

/// Text as the RFC wants it, backslashes before `"`, `\` and `]`; control characters as everywhere, their own
/// backslash escaped too, so that whoever reads the value by the RFC sees `\n`.
fn text_value(text: &[u8], line: &mut Cursor<'_>) {
    let mut rest = text;
    while let Some(&byte) = rest.first() {
        let run = rest.iter().take_while(|byte| matches!(byte, 0x20..=0x7E) && !b"\"\\]".contains(byte)).count();
        line.piece(&rest[..run]);
        rest = &rest[run..];
        if run > 0 {
            continue;
        }
        if b"\"\\]".contains(&byte) {
            line.fixed(&[b'\\', byte]);
            rest = &rest[1..];
            continue;
        }
        let (_, used) = utf8::next(rest);
        let start = line.mark();
        line.readable(&rest[..used]);
        if line.since(start).first() == Some(&b'\\') {
            let escape = line.since(start).to_vec();
            line.back(start);
            line.byte(b'\\');
            line.piece(&escape);
        }
        rest = &rest[used..];
    }
}
