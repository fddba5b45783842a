//! OpenTelemetry's form: each line is a `LogsData` message in OTLP's JSON encoding, which collectors read as a file.

use super::parts::{digits, quoted, Members};
use crate::format::level::{self, UPPER};
use crate::format::parts::{facility, id_text, tid, Caller, Shown};
use crate::format::text::{not_finite, Cursor, Escaped};
use crate::format::Source;
use crate::record::{RecordView, Value};

/// Severity numbers of the levels, as the data model's appendix maps syslog's; trace is its own.
const SEVERITIES: [u64; 9] = [21, 19, 18, 17, 13, 10, 9, 5, 1];

/// Nesting that is still taken apart; deeper values are text.
const DEPTH_MAX: usize = 32;

/// The whole line.
pub(super) fn write(view: &RecordView<'_>, source: &Source, ns: u64, line: &mut Cursor<'_>) {
    line.fixed(b"{\"resourceLogs\":[{\"resource\":{\"attributes\":[");
    let mut resource = Attributes::new();
    resource.text(b"service.name", source.app().as_bytes(), line);
    resource.text(b"host.name", source.hostname().as_bytes(), line);
    resource.number(b"process.pid", source.pid().into(), line);
    line.fixed(b"]},\"scopeLogs\":[{\"scope\":{\"name\":");
    quoted(facility(view, source), line);
    line.fixed(b"},\"logRecords\":[{\"timeUnixNano\":\"");
    digits(ns, line);
    line.fixed(b"\",\"severityNumber\":");
    digits(SEVERITIES[usize::from(view.level().min(8))], line);
    line.fixed(b",\"severityText\":");
    quoted(level::name(&UPPER, view.level()).as_bytes(), line);
    line.fixed(b",\"body\":{\"stringValue\":\"");
    let fits = crate::format::message_to(view, &mut Escaped(line));
    line.fixed(b"\"},\"attributes\":[");
    attributes(view, source, ns, fits, line);
    line.byte(b']');
    let context = |wanted: &[u8], len: usize| {
        view.fields().find_map(|(key, value)| match value {
            Value::Str(text) if key == wanted && is_hex(text, len) => Some(text),
            _ => None,
        })
    };
    for (key, name, len) in [(&b"trace_id"[..], &b",\"traceId\":"[..], 32), (b"span_id", b",\"spanId\":", 16)] {
        if let Some(text) = context(key, len) {
            line.piece(name);
            quoted(text, line);
        }
    }
    line.fixed(b"}]}]}]}");
}

/// Whether text is an id of so many digits, and not all zeros, which stand for none.
fn is_hex(text: &[u8], len: usize) -> bool {
    text.len() == len && text.iter().all(u8::is_ascii_hexdigit) && text.iter().any(|byte| *byte != b'0')
}

fn attributes(view: &RecordView<'_>, source: &Source, ns: u64, fits: bool, line: &mut Cursor<'_>) {
    let caller = Caller::of(view.caller());
    let mut all = Attributes::new();
    let lineno = std::str::from_utf8(caller.line).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    // A field of the user's with one of these names counts, and ours is left out: a key stands once.
    let own: [(&[u8], &[u8], u64); 7] = [
        (b"log.record.uid", &id_text(ns, source, view.sequence()), 0),
        (b"process.name", source.process().as_bytes(), 0),
        (b"thread.id", b"", tid(view, source).into()),
        (b"thread.name", view.thread(), 0),
        (b"code.file.path", caller.file, 0),
        (b"code.line.number", b"", lineno),
        (b"code.function.name", caller.function, 0),
    ];
    for (key, text, number) in own {
        if view.fields().any(|(name, _)| name == key) {
            continue;
        }
        all.text(key, text, line);
        all.number(key, number, line);
    }
    for field in Shown::new(view, fits) {
        let key = field.key.text();
        // They stand beside the attributes.
        let context = matches!((key, field.value), (b"trace_id", Value::Str(text)) if is_hex(text, 32))
            || matches!((key, field.value), (b"span_id", Value::Str(text)) if is_hex(text, 16));
        if !context {
            all.open(key, line);
            any_value(field.value, line);
            line.byte(b'}');
        }
    }
}

/// A list of `{"key":…,"value":…}`.
struct Attributes(bool);

impl Attributes {
    fn new() -> Attributes {
        Attributes(false)
    }

    fn open(&mut self, key: &[u8], line: &mut Cursor<'_>) {
        if std::mem::replace(&mut self.0, true) {
            line.byte(b',');
        }
        line.fixed(b"{\"key\":");
        quoted(key, line);
        line.fixed(b",\"value\":");
    }

    fn text(&mut self, key: &[u8], text: &[u8], line: &mut Cursor<'_>) {
        if !text.is_empty() {
            self.open(key, line);
            any_value(Value::Str(text), line);
            line.byte(b'}');
        }
    }

    fn number(&mut self, key: &[u8], number: u64, line: &mut Cursor<'_>) {
        if let (Ok(number), true) = (i64::try_from(number), number != 0) {
            self.open(key, line);
            any_value(Value::Int(number), line);
            line.byte(b'}');
        }
    }
}

/// An `AnyValue`: 64-bit numbers are strings in protobuf's JSON, and `null` is a value that is not set.
fn any_value(value: Value<'_>, line: &mut Cursor<'_>) {
    line.byte(b'{');
    match value {
        Value::None => {}
        Value::Bool(true) => line.fixed(b"\"boolValue\":true"),
        Value::Bool(false) => line.fixed(b"\"boolValue\":false"),
        Value::Int(v) => {
            line.fixed(b"\"intValue\":\"");
            line.int(v);
            line.byte(b'"');
        }
        Value::Float(v) => {
            line.fixed(b"\"doubleValue\":");
            if v.is_finite() {
                line.float(v);
            } else {
                line.piece(not_finite(v));
            }
        }
        Value::Bytes(bytes) => {
            line.fixed(b"\"bytesValue\":\"");
            base64(bytes, line);
            line.byte(b'"');
        }
        Value::Json(text) => match serde_json::from_slice::<serde_json::Value>(text) {
            Ok(parsed) => nested(&parsed, 0, line),
            Err(_) => Members::new().text_value(text, line),
        },
        Value::Str(text) | Value::Text(text) | Value::BigInt(text) | Value::Local(text) => {
            Members::new().text_value(text, line);
        }
    }
    line.byte(b'}');
}

impl Members {
    fn text_value(mut self, text: &[u8], line: &mut Cursor<'_>) {
        self.key(b"stringValue", line);
        quoted(text, line);
    }
}

/// The inside of an `AnyValue` for a value inside a container.
fn nested(value: &serde_json::Value, depth: usize, line: &mut Cursor<'_>) {
    use serde_json::Value as Json;
    match value {
        Json::Null => {}
        Json::Bool(true) => line.fixed(b"\"boolValue\":true"),
        Json::Bool(false) => line.fixed(b"\"boolValue\":false"),
        Json::Number(number) => match number.as_i64() {
            Some(number) => {
                line.fixed(b"\"intValue\":\"");
                line.int(number);
                line.byte(b'"');
            }
            None => {
                line.fixed(b"\"doubleValue\":");
                line.piece(number.to_string().as_bytes());
            }
        },
        Json::String(text) => Members::new().text_value(text.as_bytes(), line),
        Json::Array(_) | Json::Object(_) if depth >= DEPTH_MAX => {
            Members::new().text_value(value.to_string().as_bytes(), line);
        }
        Json::Array(items) => {
            line.fixed(b"\"arrayValue\":{\"values\":[");
            for (at, item) in items.iter().enumerate() {
                line.piece(if at > 0 { b",{" } else { b"{" });
                nested(item, depth + 1, line);
                line.byte(b'}');
            }
            line.fixed(b"]}");
        }
        Json::Object(members) => {
            line.fixed(b"\"kvlistValue\":{\"values\":[");
            let mut list = Attributes::new();
            for (key, member) in members {
                list.open(key.as_bytes(), line);
                line.byte(b'{');
                nested(member, depth + 1, line);
                line.fixed(b"}}");
            }
            line.fixed(b"]}");
        }
    }
}

/// Standard base64 with its padding, as protobuf's JSON wants bytes.
fn base64(bytes: &[u8], line: &mut Cursor<'_>) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let word = at(0) << 16 | at(1) << 8 | at(2);
        let mut four = [18, 12, 6, 0].map(|shift| DIGITS[(word >> shift & 63) as usize]);
        four[chunk.len() + 1..].fill(b'=');
        line.fixed(&four);
    }
}
