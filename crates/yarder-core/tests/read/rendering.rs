//! Records that were read, as lines again.

use yarder_core::read::Render;

use crate::common::{human, json, lines, parser};

fn rendered(render: &mut Render, line: &[u8]) -> String {
    let mut parser = parser();
    let mut out = Vec::new();
    render.line(&parser.parse(line).expect("a record"), &mut out);
    String::from_utf8(out).expect("UTF-8")
}

/// yarder's own lines come out as they were, in both formats.
#[test]
fn own_lines_come_out_as_they_were() {
    let mut people = Render::human("utc", false).expect("UTC");
    for n in 0..20 {
        let json = lines(&mut json(), n..n + 1);
        assert_eq!(String::from_utf8_lossy(&json), rendered(&mut Render::Json, &json));
        let human = lines(&mut human(), n..n + 1);
        assert_eq!(String::from_utf8_lossy(&human), rendered(&mut people, &human));
        assert_eq!(String::from_utf8_lossy(&human), rendered(&mut people, &json));
    }
    assert!(Render::human("Mars/Olympus", false).is_none());
}

/// Nothing that stands in a foreign file reaches the terminal as anything but text.
#[test]
fn escapes_are_inert() {
    let line = "{\"time\":1,\"app\":\"a\u{9b}b\",\"msg\":\"\\u001b[2J\u{202e}\u{9b}x\",\"k\u{1b}\":[\"\u{9b}\"],\"logger\":\"l\\n\"}";
    for mut render in [Render::Json, Render::human("utc", false).expect("UTC")] {
        let text = rendered(&mut render, line.as_bytes());
        assert_eq!(1, text.matches('\n').count(), "{text}");
        assert!(!text.trim_end().chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
    }
}
