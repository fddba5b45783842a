//! Lines of other formats and of other programs.

use yarder_core::read::{Damage, Entry};

use crate::common::parser;

fn shown(entry: &Entry<'_>) -> String {
    let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let fields: Vec<String> =
        entry.fields.iter().map(|(key, value)| format!("{}={}", text(key), text(value.text()))).collect();
    format!(
        "{} {} {}/{} {:?} [{}] pid={:?} host={}",
        entry.ns,
        entry.level,
        text(&entry.app),
        text(&entry.facility),
        text(&entry.message),
        fields.join(" "),
        entry.pid,
        text(&entry.hostname)
    )
}

fn read(line: &str) -> String {
    parser().parse(line.as_bytes()).map_or_else(|damage| format!("{damage:?}"), |entry| shown(&entry))
}

/// RFC 5424 lines: header, structured data with escapes, message.
#[test]
fn syslog_lines_are_read() {
    assert_eq!(
        "1768473045123456000 6 web/db \"user ada\" [user_id=7 say=\"x\" ] \\] pid=Some(1234) host=s1",
        read(
            r#"<14>1 2026-01-15T10:30:45.123456Z s1 web 1234 db [fields@32473 user_id="7" say="\"x\" \] \\"] user ada"#
        )
    );
    assert_eq!("1768473045000000000 3 app/app \"\" [] pid=None host=", read("<11>1 2026-01-15T10:30:45Z - app - - -"));
    for line in ["<14>2 x", "<999>1 2026-01-15T10:30:45Z - a - - - x", "<14>1 2026-01-15T10:30:45Z - a - - [x y=\"z] q"]
    {
        assert_eq!("Syslog", read(line), "{line}");
    }
}

/// logfmt lines, ours and others'.
#[test]
fn logfmt_lines_are_read() {
    assert_eq!(
        "1768473045123456000 4 web/db \"two words\" [user_id=7 ok=true note=] pid=Some(12) host=s1",
        read(
            r#"time=2026-01-15T10:30:45.123456Z level=warning app=web facility=db pid=12 host=s1 msg="two words" user_id=7 ok note="#
        )
    );
    assert_eq!("Foreign", read("hello world"));
    assert_eq!("Foreign", read("level=info msg=no-time"));
}

/// JSON of other programs: their names for what every record has, their own keys as fields.
#[test]
fn foreign_json_is_read() {
    assert_eq!(
        "1768473045500000000 3 shop/pay \"no\" [amount=3 nested={\"a\":[1]}] pid=None host=h",
        read(
            r#"{ "ts": 1768473045.5, "severity": "ERROR", "msg": "no", "service": "shop", "logger": "pay", "host": "h", "amount": 3, "nested": {"a":[1]} }"#
        )
    );
    // A field may be called like a part of the record.
    assert_eq!(
        "1768473045000000000 6 web/web \"m\" [message=x level=9 pid=no] pid=None host=",
        read(
            r#"{"timestamp":"2026-01-15T10:30:45Z","daemon":"web","message":"m","fields":{"message":"x","level":9},"pid":"no"}"#
        )
    );
    assert_eq!("Time", read(r#"{"msg":"x"}"#));
    for line in ["{", "{}x", "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "{\"timestamp\":1e}"] {
        assert_eq!("Json", read(line), "{line}");
    }
}

/// Why a line is none is told.
#[test]
fn damage_has_a_text() {
    assert_eq!(Err(Damage::Stray), parser().parse(b"  indented").map(|_| ()));
    assert_eq!("an indented line under no record", Damage::Stray.text());
}
