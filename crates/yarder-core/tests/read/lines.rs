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

/// The shapes of other platforms: each says the same record.
#[test]
fn presets_are_read() {
    let wanted = "1768473048123456000 4 web/db \"slow\" [user_id=7 exception.type=E] pid=Some(1234) host=s1";
    for line in [
        r#"{"@timestamp":"2026-01-15T10:30:48.123456Z","log.level":"warning","message":"slow","ecs.version":"8.11.0","service.name":"web","log.logger":"db","event.id":"019bc135-343b-874f-a345-6789a0000004","event.sequence":4,"host.hostname":"s1","process.pid":1234,"process.thread.id":4711,"labels":{"user_id":"7"},"error.type":"E"}"#,
        r#"{"severity":"WARNING","time":"2026-01-15T10:30:48.123456Z","message":"slow","fields":{"user_id":7,"exception.type":"E"},"serviceContext":{"service":"web"},"logging.googleapis.com/insertId":"019bc135-343b-874f-a345-6789a0000004","logging.googleapis.com/labels":{"app":"web","facility":"db","hostname":"s1","pid":"1234","tid":"4711"}}"#,
        r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"web"}},{"key":"host.name","value":{"stringValue":"s1"}},{"key":"process.pid","value":{"intValue":"1234"}}]},"scopeLogs":[{"scope":{"name":"db"},"logRecords":[{"timeUnixNano":"1768473048123456000","severityNumber":13,"severityText":"WARN","body":{"stringValue":"slow"},"attributes":[{"key":"log.record.uid","value":{"stringValue":"019bc135-343b-874f-a345-6789a0000004"}},{"key":"thread.id","value":{"intValue":"4711"}},{"key":"user_id","value":{"intValue":"7"}},{"key":"exception.type","value":{"stringValue":"E"}}]}]}]}]}"#,
    ] {
        assert_eq!(wanted, read(line));
        let mut parser = parser();
        let entry = parser.parse(line.as_bytes()).expect("a record");
        assert_eq!((Some((0x2_3456_789A, 4)), Some(4711)), (entry.origin(), entry.tid));
    }
}

/// Why a line is none is told.
#[test]
fn damage_has_a_text() {
    assert_eq!(Err(Damage::Stray), parser().parse(b"  indented").map(|_| ()));
    assert_eq!("an indented line under no record", Damage::Stray.text());
}
