//! What the keys of JSON and logfmt lines mean: yarder's own, and those of other programs.

use super::super::entry::{level_number, parse_id, Entry, FieldValue, Text};
use super::time;

/// What was found on the way through a line's keys.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) time: bool,
    level: bool,
    message: bool,
}

/// Puts a value where its key says; an unknown key, or a value that does not fit, is a field.
pub(super) fn put<'a>(key: Text<'a>, value: FieldValue<'a>, entry: &mut Entry<'a>, found: &mut Found) {
    if let Some(value) = known(&key, value, entry, found) {
        entry.set(key, value);
    }
}

/// `None` when the value was taken.
#[inline]
fn known<'a>(key: &[u8], value: FieldValue<'a>, entry: &mut Entry<'a>, found: &mut Found) -> Option<FieldValue<'a>> {
    match key {
        b"timestamp" | b"@timestamp" | b"time" | b"ts" if !found.time => {
            let ns = match &value {
                FieldValue::Text(text) => time::rfc3339(text).or_else(|| time::number(text)),
                FieldValue::Number(text) => time::number(text),
                _ => None,
            };
            let Some(ns) = ns else { return Some(value) };
            entry.ns = ns;
            found.time = true;
        }
        b"level" | b"severity" | b"log.level" | b"lvl" | b"levelname" if !found.level => {
            let Some(level) = level_number(value.text()) else { return Some(value) };
            entry.level = level;
            found.level = true;
        }
        b"message" | b"msg" | b"body" if !found.message => {
            entry.message = match value {
                FieldValue::Text(text) | FieldValue::Number(text) | FieldValue::Json(text) => text,
                other => return Some(other),
            };
            found.message = true;
        }
        b"id" | b"event.id" | b"logging.googleapis.com/insertId" if entry.id.is_none() => {
            match parse_id(value.text()) {
                Some(id) => entry.id = Some(id),
                None => return Some(value),
            }
        }
        b"daemon" | b"app" | b"service" | b"service.name" => return text(value, &mut entry.app),
        b"facility" | b"logger" | b"log.logger" => return text(value, &mut entry.facility),
        b"hostname" | b"host" | b"host.name" | b"host.hostname" => return text(value, &mut entry.hostname),
        b"thread" | b"process.thread.name" => return text(value, &mut entry.thread),
        b"caller" => return text(value, &mut entry.caller),
        b"process" | b"process.name" => return text(value, &mut entry.process),
        b"pid" | b"process.pid" => return number(value, &mut entry.pid),
        b"tid" | b"process.thread.id" => return number(value, &mut entry.tid),
        _ => return Some(value),
    }
    None
}

fn text<'a>(value: FieldValue<'a>, to: &mut Text<'a>) -> Option<FieldValue<'a>> {
    match value {
        // A word of logfmt that looks like a number is still a name.
        FieldValue::Text(text) | FieldValue::Number(text) if to.is_empty() => *to = text,
        other => return Some(other),
    }
    None
}

fn number<'a>(value: FieldValue<'a>, to: &mut Option<u32>) -> Option<FieldValue<'a>> {
    let read = match &value {
        FieldValue::Number(text) | FieldValue::Text(text) if to.is_none() => {
            std::str::from_utf8(text).ok().and_then(|text| text.parse().ok())
        }
        _ => None,
    };
    if read.is_none() {
        return Some(value);
    }
    *to = read;
    None
}
