//! One line out of a table of keys.

use std::collections::HashSet;

use super::keys::{Key, Part};
use crate::format::level::{self, LOWER};
use crate::format::parts::{facility, id_text, tid, Caller, Shown};
use crate::format::text::{put_json, utf8, Cursor, Escaped, Page};
use crate::format::{json, Source};
use crate::record::{RecordView, Spanned, Value};

/// Google's names; it has none for trace.
const SEVERITIES: [&str; 9] =
    ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG", "DEBUG"];

/// What a line is made from.
pub(super) struct Record<'a> {
    pub(super) view: &'a RecordView<'a>,
    pub(super) source: &'a Source,
    pub(super) ns: u64,
    pub(super) time: &'a [u8],
}

/// Members of an object: a comma before each but the first.
pub(super) struct Members(bool);

impl Members {
    pub(super) fn new() -> Members {
        Members(false)
    }

    /// `"key":`
    pub(super) fn key(&mut self, key: &[u8], line: &mut Cursor<'_>) {
        if std::mem::replace(&mut self.0, true) {
            line.byte(b',');
        }
        quoted(key, line);
        line.byte(b':');
    }

    /// `"key":"text"`, nothing for an empty text.
    pub(super) fn text(&mut self, key: &[u8], text: &[u8], line: &mut Cursor<'_>) {
        if !text.is_empty() {
            self.key(key, line);
            quoted(text, line);
        }
    }

    /// `"key":number`, nothing for zero.
    fn number(&mut self, key: &[u8], number: u64, line: &mut Cursor<'_>) {
        if number != 0 {
            self.key(key, line);
            digits(number, line);
        }
    }
}

pub(super) fn quoted(text: &[u8], line: &mut Cursor<'_>) {
    line.byte(b'"');
    line.escaped(text);
    line.byte(b'"');
}

pub(super) fn digits(number: u64, line: &mut Cursor<'_>) {
    line.piece(itoa::Buffer::new().format(number).as_bytes());
}

/// The whole object.
pub(super) fn write(record: &Record<'_>, keys: &[Key], rename: &[(Vec<u8>, Vec<u8>)], line: &mut Cursor<'_>) {
    let Record { view, source, .. } = record;
    let caller = Caller::of(view.caller());
    let fits = crate::format::fits(view);
    let mut members = Members::new();
    line.byte(b'{');
    for Key { name, part } in keys {
        match part {
            Part::Id => members.text(name, &id_text(record.ns, source, view.sequence()), line),
            Part::Time => members.text(name, record.time, line),
            Part::LevelNumber => {
                members.key(name, line);
                line.byte(b'0' + view.level());
            }
            Part::LevelName => members.text(name, level::name(&LOWER, view.level()).as_bytes(), line),
            Part::Severity => members.text(name, level::name(&SEVERITIES, view.level()).as_bytes(), line),
            Part::App => members.text(name, source.app().as_bytes(), line),
            Part::Facility => members.text(name, facility(view, source), line),
            Part::Message => {
                members.key(name, line);
                line.byte(b'"');
                crate::format::message_to(view, &mut Escaped(line));
                line.byte(b'"');
            }
            Part::Pid => members.number(name, source.pid().into(), line),
            Part::Tid => members.number(name, tid(view, source).into(), line),
            Part::Thread => members.text(name, view.thread(), line),
            Part::Process => members.text(name, source.process().as_bytes(), line),
            Part::Hostname => members.text(name, source.hostname().as_bytes(), line),
            Part::Caller => members.text(name, view.caller(), line),
            Part::CallerFile => members.text(name, caller.file, line),
            Part::CallerFunction => members.text(name, caller.function, line),
            Part::CallerLine => {
                if !caller.line.is_empty() {
                    members.key(name, line);
                    line.piece(caller.line);
                }
            }
            Part::Sequence => {
                members.key(name, line);
                // The platform's numbers are signed.
                digits(view.sequence() & i64::MAX as u64, line);
            }
            Part::Constant(json) => {
                members.key(name, line);
                line.piece(json.as_bytes());
            }
            Part::Lifted(wanted) => {
                if let Some(text) = Shown::new(view, fits).find_map(|field| lifted(&field, wanted)) {
                    members.key(name, line);
                    quoted(text, line);
                }
            }
            Part::Fields => {
                members.key(name, line);
                line.byte(b'{');
                let mut inner = Members::new();
                for field in Shown::new(view, fits).filter(|field| !is_lifted(field, keys)) {
                    inner.key(field.key.text(), line);
                    json::value(&field, line);
                }
                line.byte(b'}');
            }
            Part::Flat => flat(Shown::new(view, fits), keys, rename, &mut members, line),
            Part::EcsLabels => {
                let fields = Shown::new(view, fits).filter(|field| !is_lifted(field, keys));
                labels(name, fields, &mut members, line);
            }
            Part::GcpLabels => {
                members.key(name, line);
                gcp_labels(record, line);
            }
            Part::GcpPlace => {
                if !view.caller().is_empty() {
                    members.key(name, line);
                    line.byte(b'{');
                    let mut inner = Members::new();
                    inner.text(b"file", caller.file, line);
                    inner.text(b"line", caller.line, line);
                    inner.text(b"function", caller.function, line);
                    line.byte(b'}');
                }
            }
            Part::GcpService => {
                members.key(name, line);
                line.byte(b'{');
                Members::new().text(b"service", source.app().as_bytes(), line);
                line.byte(b'}');
            }
            // A line of its own.
            Part::Otel => {}
        }
    }
    line.byte(b'}');
}

/// The text of a field that has a key of its own.
fn lifted<'a>(field: &Spanned<'a>, wanted: &str) -> Option<&'a [u8]> {
    match field.value {
        Value::Str(text) | Value::Text(text) if field.key.text() == wanted.as_bytes() && !text.is_empty() => Some(text),
        _ => None,
    }
}

fn is_lifted(field: &Spanned<'_>, keys: &[Key]) -> bool {
    keys.iter().any(|key| matches!(key.part, Part::Lifted(wanted) if lifted(field, wanted).is_some()))
}

/// A name that nothing in this object has: the field's own, or that with something behind it.
fn free(name: &[u8], at: usize, used: &mut HashSet<Vec<u8>>) -> Vec<u8> {
    let mut made = name.to_vec();
    if used.contains(&made) {
        made.push(b'_');
    }
    // Hostile names could meet many times; a number ends that soon.
    while !used.insert(made.clone()) {
        made.extend_from_slice(at.to_string().as_bytes());
    }
    made
}

/// Fields beside the preset's keys.
fn flat(fields: Shown<'_>, keys: &[Key], rename: &[(Vec<u8>, Vec<u8>)], members: &mut Members, line: &mut Cursor<'_>) {
    // Nearly no record has a field of a name that the line has already.
    let own = |field: Spanned<'_>| keys.iter().any(|key| key.name == field.key.text());
    if rename.is_empty() && !fields.clone().any(own) {
        for field in fields {
            members.key(field.key.text(), line);
            json::value(&field, line);
        }
        return;
    }
    let mut used: HashSet<Vec<u8>> = keys.iter().map(|key| key.name.clone()).filter(|name| !name.is_empty()).collect();
    for (at, field) in fields.enumerate() {
        let key = field.key.text();
        let name = rename.iter().find(|(from, _)| from == key).map_or(key, |(_, to)| to);
        members.key(&free(name, at, &mut used), line);
        json::value(&field, line);
    }
}

/// Labels of the Elastic Common Schema: texts, under names without dots, because a dot would nest them.
fn labels<'a>(name: &[u8], fields: impl Iterator<Item = Spanned<'a>>, members: &mut Members, line: &mut Cursor<'_>) {
    let mut used = HashSet::new();
    let mut inner = Members::new();
    for (at, field) in fields.enumerate() {
        if used.is_empty() {
            members.key(name, line);
            line.byte(b'{');
        }
        let plain: Vec<u8> = field.key.text().iter().map(|byte| if *byte == b'.' { b'_' } else { *byte }).collect();
        inner.key(&free(&plain, at, &mut used), line);
        text_of(&field, line);
    }
    if !used.is_empty() {
        line.byte(b'}');
    }
}

/// A value as a JSON string.
fn text_of(field: &Spanned<'_>, line: &mut Cursor<'_>) {
    match field.value {
        Value::Str(text) | Value::Text(text) | Value::BigInt(text) | Value::Local(text) => quoted(text, line),
        Value::Bytes(bytes) => quoted(&utf8::decoded(bytes), line),
        Value::Json(text) => quoted(&Page::make(|line| line.apart(|line| put_json(text, line))), line),
        _ => {
            // What is no text in JSON stands there without quotes, but for NaN and the infinities.
            let made = Page::make(|line| json::value(field, line));
            let bare = made.strip_prefix(b"\"").and_then(|made| made.strip_suffix(b"\"")).unwrap_or(&made);
            quoted(bare, line);
        }
    }
}

fn gcp_labels(record: &Record<'_>, line: &mut Cursor<'_>) {
    let Record { view, source, .. } = record;
    let mut labels = Members::new();
    let number = |value: u32| if value == 0 { String::new() } else { value.to_string() };
    line.byte(b'{');
    labels.text(b"app", source.app().as_bytes(), line);
    labels.text(b"facility", facility(view, source), line);
    labels.text(b"hostname", source.hostname().as_bytes(), line);
    labels.text(b"pid", number(source.pid()).as_bytes(), line);
    labels.text(b"process", source.process().as_bytes(), line);
    labels.text(b"tid", number(tid(view, source)).as_bytes(), line);
    labels.text(b"thread", view.thread(), line);
    line.byte(b'}');
}
