//! JSON lines: LogStream's keys in any order, and those of other programs.

use super::super::entry::{Entry, FieldValue, Text};
use super::keys::{put, Found};
use super::text::Tokens;
use super::Damage;

pub(super) fn parse(line: &[u8]) -> Result<Entry<'_>, Damage> {
    let mut entry = Entry::new();
    let mut found = Found::default();
    object(line, |key, value| match (key.as_ref(), value) {
        (b"fields", FieldValue::Json(members @ [b'{', ..])) => fields(members, &mut entry),
        (_, value) => put(key, value, &mut entry, &mut found),
    })
    .ok_or(Damage::Json)?;
    if found.time {
        Ok(entry)
    } else {
        Err(Damage::Time)
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
