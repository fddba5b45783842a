//! Records of every kind, for the tests that look at whole lines.
#![allow(dead_code, reason = "not every test needs all of it")]

use yarder_core::format::{Formatter, Source};
use yarder_core::record::{flag, RecordBuilder, RecordView, Value};

/// 2026-01-15T10:30:45.123456789Z.
pub(crate) const NS: u64 = 1_768_473_045_123_456_789;

const TRACEBACK: &str =
    "Traceback (most recent call last):\n  File \"app.py\", line 12, in f\n    return 1 / n\n           \
                         ~~^~~\nZeroDivisionError: division by zero\n\nDuring handling of the above exception, another \
                         exception occurred:\n\n  + Exception Group Traceback (most recent call last):\n  | \
                         ExceptionGroup: två fel (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | \
                         ValueError: bad \x1b[31mred\x1b[0m\n    +------------------------------------\n";

fn message(level: u8, text: impl AsRef<[u8]>) -> RecordBuilder {
    RecordBuilder::new(level, "web", text).flags(flag::MAIN_THREAD)
}

/// Every kind of line, in the order of the golden files.
pub(crate) fn records() -> Vec<RecordBuilder> {
    let text = |text: &'static str| Value::Str(text.as_bytes());
    let mut many = message(6, "five hundred fields");
    for n in 0..500 {
        many = many.field(format!("field_{n:03}"), Value::Int(n));
    }
    vec![
        message(6, "static message"),
        message(6, ""),
        message(6, "").field("only", text("fields")),
        RecordBuilder::new(6, "db", "user %s took %d ms")
            .thread(4711, "Thread-1 (work)")
            .caller("app.py:12 in f")
            .arg(text("ada"))
            .arg(Value::Int(42))
            .field("user_id", Value::Int(7))
            .field("ok", Value::Bool(true)),
        RecordBuilder::new(6, "", "the app's own facility"),
        message(6, "all values")
            .field("none", Value::None)
            .field("true", Value::Bool(true))
            .field("false", Value::Bool(false))
            .field("int", Value::Int(i64::MIN))
            .field("bigint", Value::BigInt(b"-170141183460469231731687303715884105728"))
            .field("float", Value::Float(0.1))
            .field("round", Value::Float(-3.0))
            .field("huge", Value::Float(1e16))
            .field("tiny", Value::Float(0.00001))
            .field("nan", Value::Float(f64::NAN))
            .field("inf", Value::Float(f64::INFINITY))
            .field("minus", Value::Float(f64::NEG_INFINITY))
            .field("str", text("plain"))
            .field("blank", text("two words"))
            .field("empty", text(""))
            .field("quoted", text("say \"x=1\" \\"))
            .field("bytes", Value::Bytes(b"abc"))
            .field("binary", Value::Bytes(b"\x00\xFF\xC3\xA9\xED\xA0\x80"))
            .field("json", Value::Json(b"{\"a\": [1, \"b\", null], \"\\u00e9\": {}}"))
            .field("text", Value::Text(b"<object at 0x7f>"))
            .field("local", Value::Local(b"x = 1\ny = 'secret'")),
        message(6, "tab\t newline\n return\r nul\0 escape\x1b[31m del\x7f bell\x07 back\x08 form\x0C"),
        message(6, "C1 \u{9b}31m nel \u{85} separators \u{2028}\u{2029} override \u{202e} isolate \u{2066}"),
        message(6, "ünïcödé 日本語 😀 e\u{301} \u{10FFFF}")
            .field("ключ", text("значение"))
            .field("wide", text("全角\u{3000}空白")),
        message(6, b"lone \xED\xA0\xBD and \xED\xBF\xBF, bytes \xFF\xC3(")
            .field(b"k\xED\xA0\x80", Value::Str(b"v\xED\xB0\x80")),
        message(6, "keys")
            .field("", text("empty key"))
            .field("a b", text("blank"))
            .field("a=b", text("equals"))
            .field("a\nb", text("newline")),
        message(6, "100% done, no arguments: %s %d"),
        message(6, "100%% done: %r %a %s %s %5.1f|%-6s|%06d|%#x|%c")
            .arg(text("it's"))
            .arg(text("é\u{2028}"))
            .arg(Value::None)
            .arg(Value::Bytes(b"b\xFF"))
            .arg(Value::Float(2.25))
            .arg(text("日本"))
            .arg(Value::Int(-42))
            .arg(Value::Int(255))
            .arg(Value::Int(0x20AC)),
        message(5, "user %d").arg(text("bob")),
        message(5, "%s and %s").arg(text("one\n\"two\"")),
        message(5, "none").arg(Value::Int(1)).arg(Value::Float(0.5)).field("format_error", text("mine")),
        message(6, "rendered %s").arg(Value::Int(1)).flags(flag::RENDERED),
        message(6, "cut")
            .flags(flag::TRUNCATED)
            .field("truncated", text("the user's own"))
            .field("kept", Value::Int(1)),
        message(6, "all marks").flags(flag::TRUNCATED | flag::FORMAT_ERROR | flag::CYCLE_CUT),
        message(6, "merged")
            .context("a", text("context"))
            .context("b", text("context"))
            .context("c", text("context"))
            .bound("b", text("bound"))
            .bound("d", text("bound"))
            .field("a", text("call"))
            .field("e", text("call")),
        message(3, "query failed")
            .field("exception.type", text("ExceptionGroup"))
            .field("exception.message", text("två fel"))
            .field("exception.stacktrace", text(TRACEBACK))
            .field("query", text("select 1")),
        message(3, "no traceback").field("exception.type", text("KeyError")).field("exception.message", text("'k'")),
        message(7, "where am I")
            .field("code.stacktrace", text("Stack (most recent call last):\n  File \"a.py\", line 1")),
        message(0, "emergency"),
        message(1, "alert"),
        message(2, "critical"),
        message(4, "warning").at(9, 0).loss(0, 12).loss(9, 1).loss(77, u64::MAX),
        message(7, "debug"),
        message(8, "trace"),
        many,
        message(3, "cut traceback")
            .field("exception.type", text("ValueError"))
            .field("exception.message", text("two\nlines"))
            .field(
                "exception.stacktrace",
                text("Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    x("),
            )
            .field("locals", Value::Local(b"x = 1")),
    ]
}

pub(crate) fn lines(mut format: Formatter) -> String {
    let source = Source::new("web", 1234, "s1", 0x2_3456_789A, "web-worker");
    let mut out = Vec::new();
    for (at, record) in records().into_iter().enumerate() {
        let bytes = record.at(at as u64 + 1, 0).build();
        let view = RecordView::parse(&bytes).expect("a record");
        let ns = NS + at as u64 * 1_000_000_000;
        format.losses(&view, &source, ns, &mut out);
        format.line(&view, &source, ns, &mut out);
    }
    // A line of a source that knows nothing but its app.
    let bytes = message(6, "bare").flags(0).build();
    let bare = Source::new("a\"b", 0, "", 1, "");
    format.line(&RecordView::parse(&bytes).expect("a record"), &bare, 0, &mut out);
    String::from_utf8(out).expect("lines are UTF-8")
}
