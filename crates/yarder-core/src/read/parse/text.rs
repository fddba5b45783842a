//! The tokens that all formats share: JSON strings and values, escapes, words.

use std::borrow::Cow;

use memchr::memchr2;

use super::super::entry::{FieldValue, Text};

/// Deeper nesting than any reader of a log needs; a hostile line must not use up the stack.
const DEPTH_MAX: usize = 64;

/// A place in a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tokens<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
}

/// `None` from any of these means: it is not there.
impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Tokens { text, at: 0 }
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline]
    pub(super) fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Takes a separator of JSON with the space around it.
    #[inline]
    pub(super) fn separator(&mut self, byte: u8) -> Option<()> {
        self.space();
        self.take(byte)?;
        self.space();
        Some(())
    }

    /// A JSON string with its quotes.
    #[inline]
    pub(super) fn string(&mut self) -> Option<Text<'a>> {
        self.take(b'"')?;
        let start = self.at;
        let rest = &self.text[start..];
        let run = memchr2(b'"', b'\\', rest)?;
        if rest[run] == b'"' {
            self.at = start + run + 1;
            return Some(Cow::Borrowed(&rest[..run]));
        }
        self.escaped_string(start, run)
    }

    #[inline(never)]
    fn escaped_string(&mut self, start: usize, run: usize) -> Option<Text<'a>> {
        let mut out = self.text[start..start + run].to_vec();
        self.at = start + run;
        loop {
            let rest = &self.text[self.at..];
            let run = memchr2(b'"', b'\\', rest)?;
            out.extend_from_slice(&rest[..run]);
            self.at += run + 1;
            if rest[run] == b'"' {
                return Some(Cow::Owned(out));
            }
            let escape = self.peek()?;
            self.at += 1;
            match escape {
                b'"' | b'\\' | b'/' => out.push(escape),
                b'b' => out.push(8),
                b'f' => out.push(12),
                b'n' => out.push(b'\n'),
                b'r' => out.push(b'\r'),
                b't' => out.push(b'\t'),
                b'u' => {
                    let mut code = self.hex4()?;
                    if (0xD800..0xDC00).contains(&code) {
                        code = self.low_half(code);
                    }
                    push_code(code, &mut out);
                }
                _ => return None,
            }
        }
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        hex(digits)
    }

    /// The character of a pair of surrogates, or the first half alone.
    fn low_half(&mut self, high: u32) -> u32 {
        let before = self.at;
        if self.text[self.at..].starts_with(b"\\u") {
            self.at += 2;
            if let Some(low @ 0xDC00..=0xDFFF) = self.hex4() {
                return 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            }
        }
        self.at = before;
        high
    }

    /// Any JSON value.
    #[inline]
    pub(super) fn value(&mut self) -> Option<FieldValue<'a>> {
        let start = self.at;
        Some(match self.peek()? {
            b'"' => FieldValue::Text(self.string()?),
            b'{' | b'[' => {
                self.skip(0)?;
                FieldValue::Json(Cow::Borrowed(&self.text[start..self.at]))
            }
            b't' => self.word(b"true").map(|()| FieldValue::Bool(true))?,
            b'f' => self.word(b"false").map(|()| FieldValue::Bool(false))?,
            b'n' => self.word(b"null").map(|()| FieldValue::Null)?,
            _ => {
                self.number()?;
                FieldValue::Number(Cow::Borrowed(&self.text[start..self.at]))
            }
        })
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.text[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    fn number(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let count = rest.iter().take_while(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')).count();
        is_number(&rest[..count]).then(|| self.at += count)
    }

    /// Skips one value, checked.
    fn skip(&mut self, depth: usize) -> Option<()> {
        let close = match self.peek()? {
            b'{' => b'}',
            b'[' => b']',
            b'"' => return self.skip_string(),
            b't' => return self.word(b"true"),
            b'f' => return self.word(b"false"),
            b'n' => return self.word(b"null"),
            _ => return self.number(),
        };
        (depth < DEPTH_MAX).then_some(())?;
        self.at += 1;
        self.space();
        if self.take(close).is_some() {
            return Some(());
        }
        loop {
            if close == b'}' {
                self.skip_string()?;
                self.separator(b':')?;
            }
            self.skip(depth + 1)?;
            self.space();
            if self.take(close).is_some() {
                return Some(());
            }
            self.separator(b',')?;
        }
    }

    fn skip_string(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            let rest = &self.text[self.at..];
            let run = memchr2(b'"', b'\\', rest)?;
            self.at += run + 1;
            if rest[run] == b'"' {
                return Some(());
            }
            self.at += 1;
            (self.at <= self.text.len()).then_some(())?;
        }
    }
}

/// Whether text is a number as JSON writes one.
pub(super) fn is_number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> (usize, &[u8]) {
        let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (count, &text[count..])
    }
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, mut rest) = digits(text);
    if whole == 0 || whole > 1 && text[0] == b'0' {
        return false;
    }
    if let Some(after) = rest.strip_prefix(b".") {
        let (part, after) = digits(after);
        if part == 0 {
            return false;
        }
        rest = after;
    }
    if let Some((b'e' | b'E', after)) = rest.split_first() {
        let after = after.strip_prefix(b"+").or_else(|| after.strip_prefix(b"-")).unwrap_or(after);
        let (part, after) = digits(after);
        return part > 0 && after.is_empty();
    }
    rest.is_empty()
}

/// A word without quotes as text formats write it: a number, `true`, `false`, `null`, or text.
pub(super) fn bare(word: &[u8]) -> FieldValue<'_> {
    match word {
        b"true" => FieldValue::Bool(true),
        b"false" => FieldValue::Bool(false),
        b"null" => FieldValue::Null,
        _ if is_number(word) => FieldValue::Number(Cow::Borrowed(word)),
        _ => FieldValue::Text(Cow::Borrowed(word)),
    }
}

/// Takes back what human lines escape: `\n`, `\r`, `\t`, `\xNN`, `\uNNNN`. Any other backslash is one.
pub(super) fn unescape(text: &[u8]) -> Text<'_> {
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(run) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..run]);
        rest = &rest[run..];
        let code = |from: usize, to: usize| rest.get(from..to).and_then(hex);
        let used = match rest.get(1) {
            Some(b'n') => simple(&mut out, b'\n'),
            Some(b'r') => simple(&mut out, b'\r'),
            Some(b't') => simple(&mut out, b'\t'),
            Some(b'x') if code(2, 4).is_some() => {
                // Only controls are escaped so; a byte that was no UTF-8 stays the text it became.
                match code(2, 4) {
                    Some(control @ (0..=0x1F | 0x7F)) => out.push(control as u8),
                    _ => out.extend_from_slice(&rest[..4]),
                }
                4
            }
            Some(b'u') if code(2, 6).is_some() => {
                push_code(code(2, 6).unwrap_or(0), &mut out);
                6
            }
            _ => {
                out.push(b'\\');
                1
            }
        };
        rest = &rest[used..];
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

fn simple(out: &mut Vec<u8>, byte: u8) -> usize {
    out.push(byte);
    2
}

fn hex(digits: &[u8]) -> Option<u32> {
    let mut code = 0;
    for digit in digits {
        code = code << 4 | char::from(*digit).to_digit(16)?;
    }
    Some(code)
}

/// Appends a code point as UTF-8, a surrogate in its three-byte form.
fn push_code(code: u32, out: &mut Vec<u8>) {
    match char::from_u32(code) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend_from_slice(&[
            0xE0 | (code >> 12) as u8,
            0x80 | (code >> 6 & 0x3F) as u8,
            0x80 | (code & 0x3F) as u8,
        ]),
    }
}
