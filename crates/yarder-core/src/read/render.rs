//! Records for a terminal or a pipe: lines for people, or yarder's own JSON, whatever format they were read from.

use super::entry::{id_text, Entry, FieldValue};
use crate::format::{json_string, Human, Source, Tz};
use crate::record::{flag, RecordBuilder, RecordView, Value};

/// Bytes that a field section of our own record may have.
const FIELDS_MAX: usize = 16 << 20;

/// Makes lines of records that were read back. Nothing in them can move a cursor or end a line.
#[derive(Debug)]
pub enum Render {
    /// For people: see `docs/reference/formats.md`.
    Human(Box<Human>),
    /// JSON with LogStream's keys.
    Json,
}

impl Render {
    /// Lines for people in zone `tz`; `None` when there is no such zone.
    #[must_use]
    pub fn human(tz: &str, color: bool) -> Option<Render> {
        Some(Render::Human(Box::new(Human::new(Tz::parse(tz)?, color))))
    }

    /// Appends the record's lines.
    pub fn line(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) {
        match self {
            Render::Human(human) => human_line(human, entry, out),
            Render::Json => json_line(entry, out),
        }
    }
}

fn human_line(human: &mut Human, entry: &Entry<'_>, out: &mut Vec<u8>) {
    let app = String::from_utf8_lossy(&entry.app);
    let facility = if entry.facility == entry.app { "".into() } else { String::from_utf8_lossy(&entry.facility) };
    let mut record = RecordBuilder::new(entry.level, &facility, &entry.message).flags(flag::RENDERED);
    let mut bytes = 0;
    for (key, value) in &entry.fields {
        bytes += key.len() + value.text().len();
        if bytes > FIELDS_MAX {
            break;
        }
        record = record.field(key, as_value(value));
    }
    if let Ok(view) = RecordView::parse(&record.build()) {
        human.line(&view, &Source::new(&app, 0, "", 0, ""), entry.ns, out);
    }
}

fn as_value<'a>(value: &'a FieldValue<'_>) -> Value<'a> {
    match value {
        FieldValue::Null => Value::None,
        FieldValue::Bool(value) => Value::Bool(*value),
        // Printed as it was written.
        FieldValue::Number(text) | FieldValue::Json(text) => Value::Json(text),
        FieldValue::Text(text) => Value::Str(text),
    }
}

fn json_line(entry: &Entry<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    if let Some(id) = &entry.id {
        member("id", id_text(id).as_bytes(), out);
    }
    let stamp = jiff::Timestamp::from_nanosecond(i128::from(entry.ns)).unwrap_or_default();
    member("timestamp", stamp.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string().as_bytes(), out);
    number("level", u32::from(entry.level), out);
    member("daemon", &entry.app, out);
    member("message", &entry.message, out);
    out.extend_from_slice(b"\"fields\":{");
    for (at, (key, value)) in entry.fields.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        json_string(key, out);
        out.push(b':');
        match value {
            FieldValue::Text(text) => json_string(text, out),
            FieldValue::Json(text) => container(text, out),
            other => out.extend_from_slice(other.text()),
        }
    }
    out.extend_from_slice(b"},");
    if let Some(pid) = entry.pid {
        number("pid", pid, out);
    }
    known("hostname", &entry.hostname, out);
    known("facility", &entry.facility, out);
    if let Some(tid) = entry.tid {
        number("tid", tid, out);
    }
    known("thread", &entry.thread, out);
    known("caller", &entry.caller, out);
    out.pop();
    out.extend_from_slice(b"}\n");
}

/// JSON text that was checked when it was read. What in it could move a cursor is escaped, as everywhere.
fn container(text: &[u8], out: &mut Vec<u8>) {
    match std::str::from_utf8(text) {
        Ok(text) => {
            for c in text.chars() {
                match c as u32 {
                    code @ (0x7F..=0x9F | 0x2028..=0x202E | 0x2066..=0x2069) => {
                        out.extend_from_slice(format!("\\u{code:04x}").as_bytes());
                    }
                    // Between tokens they are blanks; in a string JSON does not allow them.
                    0..=0x1F => out.push(b' '),
                    _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
        }
        Err(_) => json_string(text, out),
    }
}

fn member(key: &str, text: &[u8], out: &mut Vec<u8>) {
    json_string(key.as_bytes(), out);
    out.push(b':');
    json_string(text, out);
    out.push(b',');
}

fn known(key: &str, text: &[u8], out: &mut Vec<u8>) {
    if !text.is_empty() {
        member(key, text, out);
    }
}

fn number(key: &str, value: u32, out: &mut Vec<u8>) {
    json_string(key.as_bytes(), out);
    out.push(b':');
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    out.push(b',');
}
