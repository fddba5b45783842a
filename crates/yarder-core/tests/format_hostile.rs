//! Ring memory is hostile: whatever the bytes, reading and formatting them ends, and lines stay lines.

use proptest::prelude::*;
use yarder_core::format::{Formatter, Human, Json, Source, Trace, Tz};
use yarder_core::record::{flag, RecordBuilder, RecordView, Value};

/// Formats with every formatter and checks what holds for any content.
fn format_all(bytes: &[u8]) {
    let Ok(view) = RecordView::parse(bytes) else { return };
    let source = Source::new("we\"b\n\u{9b}", 1, "h\u{2028}", u64::MAX, "p");
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
            let line = line.replace("\\ud", "\\u0");
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
    assert!(RecordView::parse(&rich_record()).is_ok());
    format_all(&rich_record());
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
