//! Ring memory is hostile: whatever the bytes, reading and formatting them ends, and lines stay lines.

use std::sync::{Mutex, PoisonError};

use proptest::prelude::*;
use yarder_core::format::{Formatter, Human, Json, Source, Trace, Tz};
use yarder_core::plan::Layout;
use yarder_core::record::{flag, RecordBuilder, RecordView, Value};

/// Formats with every formatter and checks what holds for any content.
fn format_all(bytes: &[u8]) {
    let Ok(view) = RecordView::parse(bytes) else { return };
    let source = Source::new("we\"b\n\u{9b}", 1, "h\u{2028}", u64::MAX, "p");
    // A quarter of the cases, picked by their bytes: a whole round is slow without optimisation.
    if bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)) % 4 == 0 {
        format_lines(&view, &source);
    }
    for ns in [0, u64::MAX] {
        let mut out = Vec::new();
        let mut json = Formatter::Json(Json::new());
        let lines = 1 + json.losses(&view, &source, ns, &mut out);
        json.line(&view, &source, ns, &mut out);
        assert_eq!(lines, out.iter().filter(|byte| **byte == b'\n').count());
        let text = std::str::from_utf8(&out).expect("JSON lines are UTF-8");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n' || matches!(c, '\u{2028}' | '\u{2029}')));
        for line in text.lines() {
            // serde_json refuses lone surrogates, which Python reads; their escapes are made harmless first.
            let line = line.replace("\\ud", "\\u0").replace("\\uD", "\\u0");
            serde_json::from_str::<serde_json::Value>(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        }
        for (color, trace) in [(false, Trace::Full), (false, Trace::Short), (false, Trace::Line), (true, Trace::Short)]
        {
            let mut out = Vec::new();
            let mut human = Formatter::Human(Human::new(Tz::utc(), color).with_local(color).with_traceback(trace));
            human.line(&view, &source, ns, &mut out);
            let text = String::from_utf8(out).expect("human lines are UTF-8");
            assert!(text.ends_with('\n'));
            assert!(text.lines().skip(1).all(|line| line.starts_with("  ")), "{text:?}");
            assert!(!text.contains(|c: char| c.is_control() && c != '\n' && !(color && c == '\u{1b}')));
        }
    }
}

/// Formats that make one line of everything.
const ONE_LINE: [&str; 9] = [
    r#""syslog""#,
    r#""logfmt""#,
    r#""mcr""#,
    r#""raw""#,
    r#""{timestamp} {level:^9} {app:>3} {facility} {message:<30} {fields} {fields.nested} {thread} {caller} {id}""#,
    r#"{"type":"json","preset":"flat","level":"number","rename":{"nested":"level2"}}"#,
    r#"{"type":"json","preset":"ecs"}"#,
    r#"{"type":"json","preset":"gcp","max_line":1024}"#,
    r#"{"type":"json","preset":"otel","max_line":2048}"#,
];

/// Formats with those, and checks what holds for any content.
fn format_lines(view: &RecordView<'_>, source: &Source) {
    static FORMATS: Mutex<Vec<(&str, Formatter)>> = Mutex::new(Vec::new());
    let mut formats = FORMATS.lock().unwrap_or_else(PoisonError::into_inner);
    if formats.is_empty() {
        let layout = |json| serde_json::from_str::<Layout>(json).expect("a layout").formatter(&Tz::utc());
        *formats = ONE_LINE.map(|json| (json, layout(json))).into();
    }
    for (json, format) in formats.iter_mut() {
        let mut out = Vec::new();
        format.line(view, source, 1_768_473_045_123_456_789, &mut out);
        assert_eq!(Some(out.len() - 1), out.iter().position(|byte| *byte == b'\n'), "{json}");
        let text = String::from_utf8(out).expect("lines are UTF-8");
        let line = text.trim_end_matches('\n');
        assert!(!line.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202e}')));
        if json.contains("preset") {
            let line = line.replace("\\ud", "\\u0").replace("\\uD", "\\u0");
            serde_json::from_str::<serde_json::Value>(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        }
    }
}

fn rich_record() -> Vec<u8> {
    RecordBuilder::new(4, "web.db", "user %s took %5.2f of %r: %x %c %a %*d %%")
        .flags(flag::MAIN_THREAD | flag::TRUNCATED)
        .caller("app.py:3 in g")
        .loss(0, 5)
        .loss(200, u64::MAX)
        .bound("request", Value::Str(b"r-1"))
        .context("trace", Value::Bytes(b"\xFF\x00"))
        .arg(Value::Str("J\u{fc}rgen".as_bytes()))
        .arg(Value::Float(1.25))
        .arg(Value::Bytes(b"a'\"\xFE"))
        .arg(Value::BigInt(b"-123456789012345678901234567890"))
        .arg(Value::Int(0x1F600))
        .arg(Value::Text(b"<x>"))
        .arg(Value::Int(7))
        .arg(Value::Bool(true))
        .field("nested", Value::Json(b"{\"a\": [1, 2.5e3, null, \"\\ud83d\xE2\x80\xA8\"]}"))
        .field("exception.stacktrace", Value::Str(b"Traceback\n  File\n\nValueError: \x1b[31mx\n"))
        .field("locals", Value::Local(b"a = 1\nb = 2"))
        .build()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Random bytes under a plausible head neither panic nor break a line.
    #[test]
    fn random_bytes_are_survived(head in prop::collection::vec(0u8..12, 44), body in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = ((48 + body.len()) as u32).to_le_bytes().to_vec();
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(&body);
        bytes[4] = 1;
        format_all(&bytes);
        bytes[28..42].fill(0);
        bytes[32] = body.len().min(20) as u8;
        format_all(&bytes);
    }

    /// A good record with some bytes changed neither panics nor breaks a line.
    #[test]
    fn mutated_records_are_survived(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = rich_record();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        format_all(&bytes);
    }

    /// Any template with any arguments ends in text or in a visible mismatch.
    #[test]
    fn any_template_is_survived(template in "(%[-+ #0]{0,2}[*0-9]{0,2}(\\.[*0-9]{0,2})?[srdxogefcali%]|\\PC){0,8}", text: Vec<u8>, number: i64) {
        let bytes = RecordBuilder::new(6, "t", &template)
            .arg(Value::Str(&text))
            .arg(Value::Int(number))
            .arg(Value::Text(&text))
            .field("json", Value::Json(&text))
            .field("digits", Value::BigInt(&text))
            .build();
        format_all(&bytes);
    }
}

/// The record that the mutations start from is itself sound.
#[test]
fn the_seed_is_a_record() {
    let bytes = rich_record();
    let view = RecordView::parse(&bytes).expect("a record");
    format_all(&bytes);
    format_lines(&view, &Source::new("web", 1, "h", 1, "p"));
}

/// No line is longer than its most, whatever is in it, and it says that it was cut.
#[test]
fn lines_have_a_most() {
    let long = "ä\n\"".repeat(100_000);
    let text = Value::Str(long.as_bytes());
    let mut many = RecordBuilder::new(3, "web", "%s").arg(text).caller(&long).thread(7, "t").field("a", text);
    for n in 0..500 {
        many = many.field(format!("key_{n}"), Value::Int(n));
    }
    let bytes = many.field("exception.stacktrace", text).field("json", Value::Json(b"[1,2,3]")).build();
    let view = RecordView::parse(&bytes).expect("a record");
    let source = Source::new("web", 1, "s1", 1, "p");
    for preset in ["logstream", "flat", "ecs", "gcp", "otel"] {
        for most in [1024, 5000, 100_000] {
            let json = format!(r#"{{"type":"json","preset":"{preset}","max_line":{most}}}"#);
            let layout: Layout = serde_json::from_str(&json).expect("a layout");
            let mut out = b"before\n".to_vec();
            layout.formatter(&Tz::utc()).line(&view, &source, 0, &mut out);
            assert!(out.starts_with(b"before\n{") && out.len() - 7 <= most, "{json}: {}", out.len());
            assert!(out.len() > most / 8, "{json}: {} is little", out.len());
            let line = String::from_utf8(out).expect("UTF-8");
            assert!(line.contains("truncated"));
            serde_json::from_str::<serde_json::Value>(&line[7..]).expect("JSON");
        }
    }
}

/// JSON text that is none, or nests without end, becomes a string.
#[test]
fn broken_json_becomes_a_string() {
    let deep = "[".repeat(5000);
    for text in
        ["", "{", "[1,]", "{\"a\":}", "01", "1.", "-", "nul", "\"\\x\"", "\"\\u12g4\"", "1 2", "NaN", &deep, "\"\n"]
    {
        let bytes = RecordBuilder::new(6, "t", "m").field("j", Value::Json(text.as_bytes())).build();
        let mut out = Vec::new();
        let view = RecordView::parse(&bytes).expect("a record");
        Json::new().line(&view, &Source::new("a", 1, "", 1, ""), 0, &mut out);
        let line: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(Some(text), line["fields"]["j"].as_str());
    }
}
