//! Whole lines of every format against files that a person has read: `golden/lines.json.txt` and its neighbours.
//!
//! `YARDER_BLESS=1 cargo test --test golden_lines` writes the files anew; read the difference before you keep it.

mod lines;

use std::path::Path;

use lines::{lines, records, NS};
use yarder_core::format::{Formatter, Human, Json, Source, Trace, Tz};
use yarder_core::plan::Layout;
use yarder_core::record::RecordView;

fn check(name: &str, format: Formatter) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let actual = lines(format);
    if std::env::var_os("YARDER_BLESS").is_some() {
        std::fs::write(&path, &actual).expect("golden file is writable");
    }
    let expected = std::fs::read_to_string(&path).expect("golden file is there");
    for (expected, actual) in expected.split('\n').zip(actual.split('\n')) {
        assert_eq!(expected, actual);
    }
    assert_eq!(expected.len(), actual.len());
}

/// JSON lines have LogStream's keys in their order, and every value in its form.
#[test]
fn json() {
    check("lines.json.txt", Formatter::Json(Json::new()));
}

/// Human lines stay one line each, with the traceback under it.
#[test]
fn human() {
    check("lines.human.txt", Formatter::Human(Human::new(Tz::utc(), false)));
}

/// A console's lines have colours and what only consoles show.
#[test]
fn console() {
    check("lines.console.txt", Formatter::Human(Human::new(Tz::utc(), true).with_local(true)));
}

/// Short tracebacks are the last frame and the exception; the shortest are none, and fields on the line.
#[test]
fn tracebacks() {
    let human = || Human::new(Tz::utc(), false).with_local(true);
    check("lines.short.txt", Formatter::Human(human().with_traceback(Trace::Short)));
    check("lines.line.txt", Formatter::Human(human().with_traceback(Trace::Line)));
    for name in Trace::NAMES {
        assert!(Trace::parse(name).is_some());
    }
    assert_eq!(None, Trace::parse("long"));
}

/// The formats for other tools, one line for each record.
#[test]
fn other_tools() {
    for name in ["syslog", "logfmt", "mcr", "raw"] {
        check(&format!("lines.{name}.txt"), layout(&format!("{name:?}")));
    }
    let template =
        "{timestamp} [{level:<9}] {app}/{facility:^8} {message} {fields} |{fields.user_id:*>4}|{date} {pid} \
                    {tid} {thread} {process} {hostname} {caller} {id} {{}}";
    check("lines.template.txt", layout(&format!("{template:?}")));
}

/// The shapes of JSON, and one with every option.
#[test]
fn shapes() {
    for name in ["flat", "ecs", "gcp", "otel"] {
        check(&format!("lines.{name}.txt"), layout(&format!(r#"{{"type":"json","preset":"{name}"}}"#)));
    }
    let all = r#"{"type":"json","level":"name","rename":{"daemon":"service","id":"uid"},"max_line":1024}"#;
    check("lines.options.txt", layout(all));
    // The table says what the faster way writes.
    let slow = lines(layout(r#"{"type":"json","max_line":16000000}"#));
    assert_eq!(lines(Formatter::Json(Json::new())), slow);
}

fn layout(json: &str) -> Formatter {
    let layout: Layout = serde_json::from_str(json).expect("a layout");
    layout.formatter(&Tz::utc())
}

/// A formatter that was used before writes the same line as a new one.
#[test]
fn lines_do_not_depend_on_earlier_ones() {
    let source = Source::new("web", 1, "s1", 1, "");
    let mut used = [Formatter::Json(Json::new()), Formatter::Human(Human::new(Tz::utc(), false))];
    for (at, record) in records().into_iter().enumerate().rev() {
        let bytes = record.build();
        let view = RecordView::parse(&bytes).expect("a record");
        let fresh = [Formatter::Json(Json::new()), Formatter::Human(Human::new(Tz::utc(), false))];
        for (used, mut fresh) in used.iter_mut().zip(fresh) {
            let (mut a, mut b) = (b"before".to_vec(), b"before".to_vec());
            used.line(&view, &source, NS + at as u64, &mut a);
            fresh.line(&view, &source, NS + at as u64, &mut b);
            assert_eq!(a, b);
        }
    }
}
