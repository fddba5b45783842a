//! The golden lines of every format against the JSON lines of the same records.

use yarder_core::read::Entry;

use crate::common::parser;

/// Messages of the golden records that a format does not keep whole: odd values, keys or characters.
const KEPT_IN_PART: [(&str, &[&str]); 6] = [
    ("flat", &[]),
    ("ecs", &["where am I"]),
    ("gcp", &[]),
    ("otel", &["all values", "lone "]),
    ("logfmt", &["all values", "lone ", "keys"]),
    ("syslog", &["all values", "ünïcödé", "lone ", "keys", "100% done: ", "%s and %s"]),
];

/// `None` when this tree has no such lines.
fn golden(name: &str) -> Option<Vec<u8>> {
    std::fs::read(format!("{}/tests/golden/lines.{name}.txt", env!("CARGO_MANIFEST_DIR"))).ok()
}

/// What every format keeps; fields in no order, for some formats have a place of their own for a traceback.
fn kept(entry: &Entry<'_>) -> String {
    let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let mut fields: Vec<String> =
        entry.fields.iter().map(|(key, value)| format!("{}={}", text(key), text(value.text()))).collect();
    fields.sort();
    let (app, facility, message) = (text(&entry.app), text(&entry.facility), text(&entry.message));
    // Trace is written as debug by some.
    format!("{} {} {app} {facility} {message:?} {fields:?}", entry.ns / 1000, entry.level.min(7))
}

/// A line of any format gives the record that its JSON line gives.
#[test]
fn every_format_gives_the_same_record() {
    let json = golden("json").expect("the JSON lines");
    for (name, in_part) in KEPT_IN_PART {
        let Some(lines) = golden(name) else { continue };
        let lines: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').collect();
        let wanted: Vec<&[u8]> = json.split_inclusive(|byte| *byte == b'\n').collect();
        assert_eq!(wanted.len(), lines.len(), "{name}");
        for (wanted, line) in wanted.into_iter().zip(lines) {
            let (mut first, mut second) = (parser(), parser());
            let wanted = first.parse(wanted).expect("JSON");
            let message = String::from_utf8_lossy(&wanted.message);
            if in_part.iter().any(|start| message.starts_with(start)) {
                continue;
            }
            assert_eq!(Ok(kept(&wanted)), second.parse(line).map(|entry| kept(&entry)), "{name}");
        }
    }
}
