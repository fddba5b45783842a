//! JSON lines: LogStream's keys in any order, and those of other programs.

use std::borrow::Cow;

use super::super::entry::{Entry, FieldValue, Text};
use super::keys::{put, Found};
use super::text::Tokens;
use super::{otel, Damage};

pub(super) fn parse(line: &[u8]) -> Result<Entry<'_>, Damage> {
    if line.starts_with(b"{\"resourceLogs\":") {
        return otel::parse(line);
    }
    let mut entry = Entry::new();
    let mut found = Found::default();
    let mut place = Place::default();
    object(line, |key, value| match (key.as_ref(), value) {
        (b"fields" | b"labels", FieldValue::Json(Cow::Borrowed(members @ [b'{', ..]))) => fields(members, &mut entry),
        (_, value) => put_shaped(key, value, &mut entry, &mut found, &mut place),
    })
    .ok_or(Damage::Json)?;
    if let Some(caller) = place.caller() {
        entry.caller = caller;
    }
    if found.time {
        Ok(entry)
    } else {
        Err(Damage::Time)
    }
}

/// What the presets of other platforms say in a place of their own, and everything else.
fn put_shaped<'a>(
    key: Text<'a>,
    value: FieldValue<'a>,
    entry: &mut Entry<'a>,
    found: &mut Found,
    place: &mut Place<'a>,
) {
    let known: Option<&'static [u8]> = match key.as_ref() {
        b"error.type" => Some(b"exception.type"),
        b"error.message" => Some(b"exception.message"),
        b"error.stack_trace" | b"stack_trace" => Some(b"exception.stacktrace"),
        // Said by the id, or the same on every line.
        b"ecs.version" | b"event.sequence" | b"serviceContext" => return,
        b"log.origin.file.name" => return place.file = Some(value),
        b"log.origin.file.line" => return place.line = Some(value),
        b"log.origin.function" => return place.function = Some(value),
        b"logging.googleapis.com/labels" => {
            return inner(&value, |key, value| put(key, value, entry, found));
        }
        b"logging.googleapis.com/sourceLocation" => {
            return inner(&value, |key, value| match key.as_ref() {
                b"file" => place.file = Some(value),
                b"line" => place.line = Some(value),
                _ => place.function = Some(value),
            });
        }
        _ => None,
    };
    match known {
        Some(name) => entry.set(Cow::Borrowed(name), value),
        None => put(key, value, entry, found),
    }
}

/// The members of a value that is an object.
fn inner<'a>(value: &FieldValue<'a>, member: impl FnMut(Text<'a>, FieldValue<'a>)) {
    if let FieldValue::Json(Cow::Borrowed(text)) = value {
        let _ = object(text, member);
    }
}

/// Where the call stands, in parts.
#[derive(Debug, Default)]
struct Place<'a> {
    file: Option<FieldValue<'a>>,
    line: Option<FieldValue<'a>>,
    function: Option<FieldValue<'a>>,
}

impl Place<'_> {
    /// `app.py:12 in f`
    fn caller<'b>(&self) -> Option<Text<'b>> {
        let mut text = self.file.as_ref()?.text().to_vec();
        for (between, part) in [(&b":"[..], &self.line), (b" in ", &self.function)] {
            if let Some(part) = part {
                text.extend_from_slice(between);
                text.extend_from_slice(part.text());
            }
        }
        Some(Cow::Owned(text))
    }
}

/// The members of `fields`: none of them means anything else, whatever it is called.
fn fields<'a>(members: &'a [u8], entry: &mut Entry<'a>) {
    // The text was checked on the way over it.
    let _ = object(members, |key, value| entry.set(key, value));
}

/// Calls `member` for each member of the object that is the whole text.
fn object<'a>(text: &'a [u8], mut member: impl FnMut(Text<'a>, FieldValue<'a>)) -> Option<()> {
    let mut tokens = Tokens::new(text);
    tokens.separator(b'{')?;
    if tokens.take(b'}').is_none() {
        loop {
            let key = tokens.string()?;
            tokens.separator(b':')?;
            let value = tokens.value()?;
            member(key, value);
            tokens.space();
            if tokens.take(b'}').is_some() {
                break;
            }
            tokens.separator(b',')?;
        }
    }
    tokens.space();
    (tokens.at == text.len()).then_some(())
}
