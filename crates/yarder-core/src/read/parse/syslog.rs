//! Syslog lines of RFC 5424: `<14>1 2026-01-15T10:30:45.123456Z s1 web 1234 db [id@0 key="value"] text`.

use std::borrow::Cow;

use memchr::memchr;

use super::super::entry::{parse_id, Entry, FieldValue, Text};
use super::text::{unescape, Tokens};
use super::time::rfc3339;
use super::Damage;

pub(super) fn parse(line: &[u8]) -> Result<Entry<'_>, Damage> {
    read(line).ok_or(Damage::Syslog)
}

fn read(line: &[u8]) -> Option<Entry<'_>> {
    let close = memchr(b'>', line).filter(|at| (2..=4).contains(at))?;
    let priority: u16 = std::str::from_utf8(&line[1..close]).ok()?.parse().ok()?;
    let mut entry = Entry::new();
    entry.level = (priority <= 191).then_some((priority % 8) as u8)?;
    let mut rest = line[close + 1..].strip_prefix(b"1 ")?;
    entry.ns = rfc3339(header(&mut rest)?)?;
    entry.hostname = named(header(&mut rest)?);
    entry.app = named(header(&mut rest)?);
    let process = header(&mut rest)?;
    match std::str::from_utf8(process).ok().and_then(|text| text.parse().ok()) {
        Some(pid) => entry.pid = Some(pid),
        None => entry.process = named(process),
    }
    entry.facility = named(header(&mut rest)?);
    let mut tokens = Tokens::new(rest);
    if tokens.take(b'-').is_none() {
        (tokens.peek()? == b'[').then_some(())?;
        while tokens.take(b'[').is_some() {
            element(&mut tokens, &mut entry)?;
        }
    }
    let text = match &rest[tokens.at..] {
        [b' ', text @ ..] => text,
        [] => &[],
        _ => return None,
    };
    entry.message = unescape(text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text));
    Some(entry)
}

/// One part of the header, up to the next blank.
fn header<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = memchr(b' ', rest)?;
    let (part, after) = rest.split_at(end);
    *rest = &after[1..];
    (!part.is_empty()).then_some(part)
}

fn named(text: &[u8]) -> Text<'_> {
    Cow::Borrowed(if text == b"-" { b"" } else { text })
}

/// One element of structured data, behind its bracket. What yarder says about the record goes to its place.
fn element<'a>(tokens: &mut Tokens<'a>, entry: &mut Entry<'a>) -> Option<()> {
    let name = name(tokens)?;
    let ours = name.starts_with(b"yarder@") || name.starts_with(b"meta");
    while tokens.take(b' ').is_some() {
        let key = self::name(tokens)?;
        tokens.take(b'=')?;
        let value = quoted(tokens)?;
        if !(ours && about(key, &value, entry)) {
            entry.set(Cow::Borrowed(key), FieldValue::Text(value));
        }
    }
    tokens.take(b']')
}

/// Whether the parameter says something about the record itself, and was taken.
fn about<'a>(key: &[u8], value: &Text<'a>, entry: &mut Entry<'a>) -> bool {
    let number = || std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    match key {
        b"id" => {
            entry.id = parse_id(value);
            entry.id.is_some()
        }
        b"tid" => {
            entry.tid = number();
            entry.tid.is_some()
        }
        b"facility" => replace(&mut entry.facility, value),
        b"app" => replace(&mut entry.app, value),
        b"thread" => replace(&mut entry.thread, value),
        b"process" => replace(&mut entry.process, value),
        b"caller" => replace(&mut entry.caller, value),
        b"level" => match super::super::entry::level_number(value) {
            Some(level) => {
                entry.level = level;
                true
            }
            None => false,
        },
        _ => false,
    }
}

fn replace<'a>(to: &mut Text<'a>, value: &Text<'a>) -> bool {
    *to = value.clone();
    true
}

fn name<'a>(tokens: &mut Tokens<'a>) -> Option<&'a [u8]> {
    let rest = &tokens.text[tokens.at..];
    let end = rest.iter().position(|byte| matches!(byte, b' ' | b'=' | b']' | b'"'))?;
    tokens.at += end;
    (end > 0).then_some(&rest[..end])
}

/// A value in quotes; `"`, `\` and `]` stand behind a backslash, any other backslash is one.
fn quoted<'a>(tokens: &mut Tokens<'a>) -> Option<Text<'a>> {
    tokens.take(b'"')?;
    let rest = &tokens.text[tokens.at..];
    let mut out = Vec::new();
    let mut at = 0;
    loop {
        match rest.get(at)? {
            b'"' => break,
            b'\\' => {
                let next = *rest.get(at + 1)?;
                if !matches!(next, b'"' | b'\\' | b']') {
                    out.push(b'\\');
                }
                out.push(next);
                at += 2;
            }
            byte => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    tokens.at += at + 1;
    // A control character stands behind a backslash of its own, which the RFC's is in front of.
    Some(if out.len() == at { Cow::Borrowed(&rest[..at]) } else { Cow::Owned(unescape(&out).into_owned()) })
}
