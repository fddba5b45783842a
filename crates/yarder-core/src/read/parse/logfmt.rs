//! logfmt lines: `time=2026-01-15T10:30:45.123456Z level=info app=web msg="two words" user_id=7`.

use std::borrow::Cow;

use super::super::entry::{Entry, FieldValue, Text};
use super::keys::{put, Found};
use super::text::{bare, Tokens};

/// How yarder's own lines begin; behind it nothing but `caller` is a part of the record.
const OWN: [&[u8]; 5] = [b"ts", b"level", b"app", b"facility", b"msg"];

pub(super) fn parse(line: &[u8]) -> Option<Entry<'_>> {
    let mut entry = Entry::new();
    let mut found = Found::default();
    let mut tokens = Tokens::new(line);
    let mut own = 0;
    loop {
        tokens.space();
        if tokens.at == line.len() {
            break;
        }
        let (key, value) = member(&mut tokens)?;
        if own < OWN.len() && own == entry_keys(&key) {
            own += 1;
        }
        match value {
            FieldValue::Text(text) if own == OWN.len() && *key == *b"caller" => entry.caller = text,
            value if own == OWN.len() && *key != *OWN[4] => entry.set(key, value),
            value => put(key, value, &mut entry, &mut found),
        }
    }
    found.time.then_some(entry)
}

/// The place of a key among the first of yarder's own lines.
fn entry_keys(key: &[u8]) -> usize {
    OWN.iter().position(|own| *own == key).unwrap_or(OWN.len())
}

fn member<'a>(tokens: &mut Tokens<'a>) -> Option<(Text<'a>, FieldValue<'a>)> {
    let key = if tokens.peek()? == b'"' { tokens.string()? } else { Cow::Borrowed(word(tokens, b"=\" ")?) };
    if tokens.take(b'=').is_none() {
        // A key alone says that it is so.
        return matches!(tokens.peek(), None | Some(b' ')).then_some((key, FieldValue::Bool(true)));
    }
    let value = match tokens.peek() {
        None | Some(b' ') => FieldValue::Text(Cow::Borrowed(b"")),
        Some(b'"') => FieldValue::Text(tokens.string()?),
        Some(b'{' | b'[') => container(tokens)?,
        Some(_) => bare(word(tokens, b"\" ")?),
    };
    matches!(tokens.peek(), None | Some(b' ' | b'\t' | b'\r')).then_some((key, value))
}

/// A container as JSON; what only begins like one is a word.
fn container<'a>(tokens: &mut Tokens<'a>) -> Option<FieldValue<'a>> {
    let before = *tokens;
    if let Some(value) = tokens.value().filter(|_| matches!(tokens.peek(), None | Some(b' '))) {
        return Some(value);
    }
    *tokens = before;
    word(tokens, b"\" ").map(bare)
}

/// Bytes up to one of `stops`; `None` when there are none.
fn word<'a>(tokens: &mut Tokens<'a>, stops: &[u8]) -> Option<&'a [u8]> {
    let rest = &tokens.text[tokens.at..];
    let end = rest.iter().position(|byte| stops.contains(byte)).unwrap_or(rest.len());
    (end > 0).then(|| {
        tokens.at += end;
        &rest[..end]
    })
}
