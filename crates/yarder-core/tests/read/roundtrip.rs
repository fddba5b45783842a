//! `read(write(x)) = x` for everything that a format keeps.

use std::borrow::Cow;

use proptest::prelude::*;
use yarder_core::read::{Entry, FieldValue};
use yarder_core::record::{RecordBuilder, Value};

use crate::common::{human, json, line, parser, NS};

/// A value that the JSON format gives back with its type.
#[derive(Clone, Debug)]
enum Plain {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
}

impl Plain {
    fn value(&self) -> Value<'_> {
        match self {
            Plain::None => Value::None,
            Plain::Bool(v) => Value::Bool(*v),
            Plain::Int(v) => Value::Int(*v),
            Plain::Float(v) => Value::Float(*v),
            Plain::Str(v) => Value::Str(v.as_bytes()),
        }
    }

    fn is(&self, found: &FieldValue<'_>) -> bool {
        let number = |text: &[u8]| std::str::from_utf8(text).expect("digits").to_string();
        match (self, found) {
            (Plain::None, FieldValue::Null) => true,
            (Plain::Bool(v), FieldValue::Bool(w)) => v == w,
            (Plain::Int(v), FieldValue::Number(text)) => number(text).parse() == Ok(*v),
            (Plain::Float(v), FieldValue::Number(text)) => number(text).parse::<f64>() == Ok(*v),
            (Plain::Str(v), FieldValue::Text(text)) => v.as_bytes() == text.as_ref(),
            _ => false,
        }
    }
}

fn plain() -> impl Strategy<Value = Plain> {
    prop_oneof![
        Just(Plain::None),
        any::<bool>().prop_map(Plain::Bool),
        any::<i64>().prop_map(Plain::Int),
        any::<f64>().prop_filter("finite", |v| v.is_finite()).prop_map(Plain::Float),
        any::<String>().prop_map(Plain::Str),
    ]
}

/// Text that no human line takes for anything else: no backslash, not ending like a field.
fn clear_text() -> impl Strategy<Value = String> {
    any::<String>().prop_filter("unambiguous", |text| !text.contains(['\\', '=']))
}

/// Strings that are not written like another type.
fn clear_value() -> impl Strategy<Value = Plain> {
    let text = "[a-zA-Z é日\"\n\t=:/{}\\[\\]]{0,12}".prop_filter("no other type", |text: &String| {
        !matches!(text.as_str(), "true" | "false" | "null") && !text.starts_with(['{', '['])
    });
    prop_oneof![any::<i64>().prop_map(Plain::Int), any::<bool>().prop_map(Plain::Bool), text.prop_map(Plain::Str)]
}

fn same_fields(wanted: &[(String, Plain)], entry: &Entry<'_>) -> bool {
    // Of equal keys the last counts.
    let last = |at: usize| wanted[at + 1..].iter().all(|(key, _)| *key != wanted[at].0);
    let wanted: Vec<_> = wanted.iter().enumerate().filter(|(at, _)| last(*at)).map(|(_, pair)| pair).collect();
    wanted.len() == entry.fields.len()
        && wanted
            .iter()
            .zip(&entry.fields)
            .all(|((key, value), (read, found))| key.as_bytes() == read.as_ref() && value.is(found))
}

fn build(level: u8, facility: &str, message: &str, fields: &[(String, Plain)]) -> RecordBuilder {
    let mut record =
        RecordBuilder::new(level, facility, message).at(77, 0).thread(4711, "worker").caller("a.py:1 in f");
    for (key, value) in fields {
        record = record.field(key, value.value());
    }
    record
}

proptest! {
    /// JSON gives back everything but what docs/specs/read.md lists.
    #[test]
    fn json_comes_back(
        level in 0u8..9,
        facility in "[a-zé. \"]{1,20}",
        message in any::<String>(),
        fields in prop::collection::vec((any::<String>(), plain()), 0..6),
        ns in 0u64..4_000_000_000_000_000_000,
    ) {
        let fields: Vec<_> = fields.into_iter().filter(|(key, _)| !matches!(&**key, "truncated" | "cycle")).collect();
        let raw = line(&mut json(), build(level, &facility, &message, &fields), ns);
        let mut parser = parser();
        let entry = parser.parse(&raw).expect("a record");
        prop_assert_eq!(ns / 1000 * 1000, entry.ns);
        prop_assert_eq!(level, entry.level);
        prop_assert_eq!(message.as_bytes(), entry.message.as_ref());
        prop_assert_eq!(facility.as_bytes(), entry.facility.as_ref());
        prop_assert_eq!(b"web".as_slice(), entry.app.as_ref());
        prop_assert_eq!((Some(1234), Some(4711)), (entry.pid, entry.tid));
        prop_assert_eq!(Some((0x2_3456_789A, 77)), entry.origin());
        prop_assert_eq!(b"a.py:1 in f".as_slice(), entry.caller.as_ref());
        prop_assert!(same_fields(&fields, &entry), "{:?}", entry.fields);
    }

    /// Human lines give back message and fields where nothing in them can be taken for something else.
    #[test]
    fn human_comes_back(
        level in 0u8..9,
        message in clear_text(),
        fields in prop::collection::vec(("[a-zé_ .\n]{1,8}", clear_value()), 0..5),
        ns in 1_000_000_000_000u64..4_000_000_000_000_000_000,
    ) {
        let raw = line(&mut human(), build(level, "db", &message, &fields), ns);
        let mut parser = parser();
        let entry = parser.parse(&raw).expect("a record");
        prop_assert_eq!(ns / 1_000_000 * 1_000_000, entry.ns);
        prop_assert_eq!(level, entry.level);
        prop_assert_eq!(message.as_bytes(), entry.message.as_ref());
        prop_assert_eq!((b"web".as_slice(), b"db".as_slice()), (entry.app.as_ref(), entry.facility.as_ref()));
        prop_assert!(same_fields(&fields, &entry), "{:?}", entry.fields);
    }

    /// Nothing that stands in a file is a reason to panic, and what is read again is read the same.
    #[test]
    fn any_bytes_are_survived(raw in prop::collection::vec(any::<u8>(), 0..300), head in 0usize..5) {
        let heads: [&[u8]; 5] = [b"", b"{\"timestamp\":1,\"", b"<14>1 ", b"2026-01-15 10:30:45.123 INFO web: ", b"time=1 "];
        let raw = [heads[head], &raw].concat();
        let first = parser().parse(&raw).map(|entry| format!("{entry:?}"));
        prop_assert_eq!(first, parser().parse(&raw).map(|entry| format!("{entry:?}")));
    }
}

/// A traceback comes back as CPython printed it, with type and message, and so does a stack.
#[test]
fn exceptions_come_back() {
    let trace = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    raise E(\"a\\n\")\n\nValueError: first\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\", line 3\napp.Custom: second: with colon\n";
    let stack = "Stack (most recent call last):\n  File \"b.py\", line 9, in g\n    x()";
    let text = |text: &'static str| Value::Str(text.as_bytes());
    let record = || {
        RecordBuilder::new(3, "web", "it broke")
            .field("exception.type", text("app.Custom"))
            .field("exception.message", text("second: with colon"))
            .field("exception.stacktrace", text(trace))
            .field("code.stacktrace", text(stack))
    };
    for mut formatter in [json(), human()] {
        let raw = line(&mut formatter, record(), NS);
        let mut parser = parser();
        let entry = parser.parse(&raw).expect("a record");
        let field =
            |key: &str| entry.field(key.as_bytes()).map(|value| String::from_utf8_lossy(value.text()).into_owned());
        assert_eq!("it broke", String::from_utf8_lossy(&entry.message));
        assert_eq!(Some("app.Custom".into()), field("exception.type"));
        assert_eq!(Some("second: with colon".into()), field("exception.message"));
        assert_eq!(Some(trace.into()), field("exception.stacktrace"));
        assert_eq!(Some(stack.into()), field("code.stacktrace"));
    }
}

/// Every line of the golden files is a record, and JSON keeps lone surrogates.
#[test]
fn golden_lines_are_records() {
    for name in ["json", "human"] {
        let path = format!("{}/tests/golden/lines.{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let folder = crate::common::Folder::new(&format!("golden-{name}"));
        let copy = folder.write("golden.log", &std::fs::read(path).expect("golden lines"));
        let mut scan = crate::common::scan(&copy, &crate::common::query(Default::default()));
        let found: Vec<_> = scan.by_ref().collect();
        assert_eq!(0, scan.problems().count, "{name}: {:?}", scan.problems());
        assert!(found.len() > 30, "{name}");
    }
    let raw = line(&mut json(), RecordBuilder::new(6, "web", b"lone \xED\xA0\xBD".as_slice()), NS);
    assert_eq!(
        Ok(Cow::Borrowed(b"lone \xED\xA0\xBD".as_slice())),
        parser().parse(&raw).map(|entry| Cow::Owned(entry.message.into_owned()))
    );
}
