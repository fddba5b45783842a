//! Lines for people: `2026-01-15 10:30:45.123 INFO web/db: text key=value`, the traceback under them.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::super::entry::{level_number, Entry, FieldValue, Text};
use super::text::{bare, unescape, Tokens};
use super::time::Zone;

/// The first line of what `stack_info=True` adds.
const STACK: &[u8] = b"Stack (most recent call last):";

pub(super) fn parse<'a>(record: &'a [u8], zone: &mut Zone) -> Option<Entry<'a>> {
    let (line, below) = match memchr(b'\n', record) {
        Some(at) => (&record[..at], &record[at + 1..]),
        None => (record, &record[..0]),
    };
    let mut entry = Entry::new();
    let blank = 11 + memchr(b' ', line.get(11..)?)?;
    entry.ns = zone.ns(&line[..blank])?;
    let rest = &line[blank + 1..];
    let end = memchr(b' ', rest)?;
    (rest[..end].iter().all(u8::is_ascii_uppercase)).then_some(())?;
    entry.level = level_number(&rest[..end])?;
    let rest = &rest[end + 1..];
    // Names hold no blanks; a line without message ends with the colon.
    let colon = memmem::find(rest, b": ").or_else(|| rest.ends_with(b":").then(|| rest.len() - 1))?;
    let name = &rest[..colon];
    match memchr(b'/', name) {
        Some(slash) => {
            entry.app = unescape(&name[..slash]);
            entry.facility = unescape(&name[slash + 1..]);
        }
        None => entry.app = unescape(name),
    }
    body(&rest[colon + 1..], &mut entry);
    traceback(below, &mut entry);
    Some(entry)
}

/// Message and fields. Fields are the longest end of the line that is nothing but ` key=value`.
fn body<'a>(text: &'a [u8], entry: &mut Entry<'a>) {
    let mut start = text.len();
    let mut from = 0;
    let mut members = Vec::new();
    while let Some(blank) = memchr(b' ', &text[from..]) {
        let mut tokens = Tokens { text, at: from + blank };
        members.clear();
        let whole = loop {
            if tokens.at == text.len() {
                break true;
            }
            let Some(member) = member(&mut tokens) else { break false };
            members.push(member);
        };
        if whole {
            start = from + blank;
            break;
        }
        // What stopped here stops every later start before this place as well.
        members.clear();
        from = tokens.at.max(from + blank + 1);
    }
    entry.message = unescape(text[..start].strip_prefix(b" ").unwrap_or(&text[..start]));
    for (key, value) in members {
        entry.set(key, value);
    }
}

/// ` key=value`; without one the place stays behind the blank.
pub(super) fn member<'a>(tokens: &mut Tokens<'a>) -> Option<(Text<'a>, FieldValue<'a>)> {
    tokens.take(b' ')?;
    let after_blank = *tokens;
    let member = (|| {
        let key = if tokens.peek()? == b'"' { tokens.string()? } else { Cow::Borrowed(word(tokens, true)?) };
        tokens.take(b'=')?;
        Some((key, value(tokens)?))
    })();
    if member.is_none() {
        *tokens = after_blank;
    }
    member
}

fn value<'a>(tokens: &mut Tokens<'a>) -> Option<FieldValue<'a>> {
    let before = *tokens;
    if let Some(b'"' | b'{' | b'[') = tokens.peek() {
        if let Some(value) = tokens.value() {
            if matches!(tokens.peek(), None | Some(b' ')) {
                return Some(value);
            }
        }
        *tokens = before;
        // A word may begin with a bracket; a quote always opens a string.
        if tokens.peek() == Some(b'"') {
            return None;
        }
    }
    word(tokens, false).map(bare)
}

/// What stands without quotes: no blanks, quotes or equals signs.
fn word<'a>(tokens: &mut Tokens<'a>, key: bool) -> Option<&'a [u8]> {
    let rest = &tokens.text[tokens.at..];
    let end = rest.iter().position(|byte| matches!(byte, b' ' | b'=' | b'"')).unwrap_or(rest.len());
    let good = end > 0 && matches!((rest.get(end), key), (Some(b'='), true) | (Some(b' ') | None, false));
    good.then(|| {
        tokens.at += end;
        &rest[..end]
    })
}

/// The indented lines: a traceback, a stack, or both.
fn traceback<'a>(below: &'a [u8], entry: &mut Entry<'a>) {
    if below.is_empty() {
        return;
    }
    let mut trace: Vec<u8> = Vec::new();
    let mut stack: Vec<u8> = Vec::new();
    let mut in_stack = false;
    for line in below.split(|byte| *byte == b'\n') {
        let line = line.strip_prefix(b"  ").unwrap_or(line);
        in_stack |= line == STACK;
        let to = if in_stack { &mut stack } else { &mut trace };
        to.extend_from_slice(line);
        to.push(b'\n');
    }
    if !trace.is_empty() {
        let (kind, message) = last_error(&trace);
        entry.set(Cow::Borrowed(b"exception.type"), FieldValue::Text(Cow::Owned(kind)));
        entry.set(Cow::Borrowed(b"exception.message"), FieldValue::Text(Cow::Owned(message)));
        entry.set(Cow::Borrowed(b"exception.stacktrace"), FieldValue::Text(Cow::Owned(trace)));
    }
    if !stack.is_empty() {
        stack.pop();
        entry.set(Cow::Borrowed(b"code.stacktrace"), FieldValue::Text(Cow::Owned(stack)));
    }
}

/// Type and message out of the last line at the margin that looks like `Error: text`; groups have it behind `  | `.
fn last_error(trace: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let bar = |line: &'_ [u8]| line.strip_prefix(b"  | ").map(<[u8]>::to_vec);
    let lines: Vec<&[u8]> = trace.split(|byte| *byte == b'\n').collect();
    let plain = lines.iter().rposition(|line| is_error(line));
    let found = match plain {
        Some(at) => Some((lines[at].to_vec(), lines.get(at + 1..).unwrap_or_default())),
        None => lines.iter().find_map(|line| bar(line).filter(|text| is_error(text))).map(|text| (text, &[][..])),
    };
    let Some((line, after)) = found else { return (Vec::new(), Vec::new()) };
    match memmem::find(&line, b": ") {
        Some(at) => {
            let mut message = line[at + 2..].to_vec();
            // A message of several lines goes on to the end.
            for more in after.iter().take_while(|line| !line.is_empty()) {
                message.push(b'\n');
                message.extend_from_slice(more);
            }
            (line[..at].to_vec(), message)
        }
        None => (line, Vec::new()),
    }
}

/// A dotted name at the margin, then a colon or the end.
fn is_error(line: &[u8]) -> bool {
    let end = memmem::find(line, b": ").unwrap_or(line.len());
    let name = &line[..end];
    !name.is_empty()
        && !name[0].is_ascii_digit()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | 0x80..))
}
