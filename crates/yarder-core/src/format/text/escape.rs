//! Escaping: JSON strings, human text, and none at all.

use super::clean::{clean_run, is_clean};
use super::utf8::{self, Unit};
use super::{number, Cursor, Page, Text};
use crate::format::percent::float;
use crate::record::Span;

const HEX: &[u8; 16] = b"0123456789abcdef";

impl Cursor<'_> {
    /// Appends `text` as the inside of a JSON string.
    ///
    /// What [`control`] names becomes `\u....`, so do lone surrogates; a byte that is no UTF-8 becomes the four
    /// characters `\xNN`.
    #[inline(always)]
    pub(crate) fn escaped(&mut self, text: &[u8]) {
        if !self.clean(text) {
            self.apart(|line| escape(line, text));
        }
    }

    /// [`escaped`](Self::escaped) of text that may be read beyond its end.
    #[inline(always)]
    pub(crate) fn escaped_span(&mut self, text: Span<'_>) {
        if !self.clean_span(text) {
            self.apart(|line| escape(line, text.text()));
        }
    }

    /// [`readable`](Self::readable) of text that may be read beyond its end.
    #[inline(always)]
    pub(crate) fn readable_span(&mut self, text: Span<'_>) {
        if !self.clean_span(text) {
            self.apart(|line| readable(line, text.text()));
        }
    }

    /// Appends `repr` of a float.
    #[inline(always)]
    pub(crate) fn float(&mut self, value: f64) {
        match number::decimal(value) {
            Some((text, len)) => self.part(&text, len),
            None => self.apart(|line| long_float(value, line)),
        }
    }

    /// Appends `text` for people: one line, inert on a terminal; quotes and backslashes stay.
    #[inline(always)]
    pub(crate) fn readable(&mut self, text: &[u8]) {
        if !self.clean(text) {
            self.apart(|line| readable(line, text));
        }
    }

    /// Appends `bytes` as the inside of a JSON string, decoded as Python's `decode("utf-8", "backslashreplace")`.
    pub(crate) fn escaped_bytes(&mut self, bytes: &[u8]) {
        for (unit, raw) in utf8::units(bytes) {
            if let Unit::Surrogate(_) = unit {
                // In bytes these three are no character.
                raw.iter().for_each(|byte| self.json_unit(Unit::Byte(*byte), raw));
            } else {
                self.json_unit(unit, raw);
            }
        }
    }

    #[inline(always)]
    fn json_unit(&mut self, unit: Unit, raw: &[u8]) {
        match unit {
            Unit::Scalar(0x22) => self.fixed(b"\\\""),
            Unit::Scalar(0x5C) => self.fixed(b"\\\\"),
            Unit::Scalar(0x08) => self.fixed(b"\\b"),
            Unit::Scalar(0x0C) => self.fixed(b"\\f"),
            Unit::Byte(byte) => {
                self.fixed(b"\\\\x");
                self.fixed(&hex(byte));
            }
            _ => self.common_unit(unit, raw),
        }
    }

    #[inline(always)]
    fn readable_unit(&mut self, unit: Unit, raw: &[u8]) {
        match unit {
            Unit::Scalar(0x0A | 0x0D | 0x09) => self.common_unit(unit, raw),
            Unit::Scalar(code @ (0..=0x1F | 0x7F)) => {
                self.fixed(b"\\x");
                self.fixed(&hex(code as u8));
            }
            Unit::Byte(byte) => {
                self.fixed(b"\\x");
                self.fixed(&hex(byte));
            }
            _ => self.common_unit(unit, raw),
        }
    }

    #[inline(always)]
    fn common_unit(&mut self, unit: Unit, raw: &[u8]) {
        match unit {
            Unit::Scalar(0x0A) => self.fixed(b"\\n"),
            Unit::Scalar(0x0D) => self.fixed(b"\\r"),
            Unit::Scalar(0x09) => self.fixed(b"\\t"),
            Unit::Scalar(code) if !control(code) => self.piece(raw),
            Unit::Scalar(code) | Unit::Surrogate(code) => self.fixed(&unicode_escape(code)),
            Unit::Byte(_) => {}
        }
    }
}

#[inline(never)]
fn long_float(value: f64, mut line: Cursor<'_>) -> usize {
    float::with_repr(value, |text| line.piece(text));
    line.mark()
}

#[inline(never)]
fn escape(mut line: Cursor<'_>, mut text: &[u8]) -> usize {
    while !text.is_empty() {
        let run = clean_run(text);
        line.piece(&text[..run]);
        text = &text[run..];
        // Most escapes and most foreign scripts come in groups.
        while let Some(&byte) = text.first() {
            if is_clean(byte) {
                break;
            }
            let (unit, used) = utf8::next(text);
            line.json_unit(unit, &text[..used]);
            text = &text[used..];
        }
    }
    line.mark()
}

#[inline(never)]
fn readable(mut line: Cursor<'_>, mut text: &[u8]) -> usize {
    while !text.is_empty() {
        let run = clean_run(text);
        line.piece(&text[..run]);
        text = &text[run..];
        while let Some(&byte) = text.first() {
            if is_clean(byte) {
                break;
            }
            let (unit, used) = utf8::next(text);
            line.readable_unit(unit, &text[..used]);
            text = &text[used..];
        }
    }
    line.mark()
}

#[inline(always)]
fn hex(byte: u8) -> [u8; 2] {
    [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]
}

/// Characters no line contains as they are: C0, DEL, C1, the two separators that some tools take for newlines, and
/// embeddings, overrides and isolates, with which a message can make a terminal show a line in another order.
#[inline]
pub(crate) fn control(code: u32) -> bool {
    matches!(code, 0..=0x1F | 0x7F..=0x9F | 0x2028..=0x202E | 0x2066..=0x2069)
}

#[inline]
fn unicode_escape(code: u32) -> [u8; 6] {
    let digit = |shift: u32| HEX[(code >> shift & 15) as usize];
    [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]
}

/// The inside of a JSON string.
pub(crate) struct Escaped<'c, 'a>(pub(crate) &'c mut Cursor<'a>);

impl Text for Escaped<'_, '_> {
    #[inline(always)]
    fn text(&mut self, text: Span<'_>) {
        self.0.escaped_span(text);
    }

    #[inline(always)]
    fn ascii(&mut self, text: &[u8]) {
        self.0.piece(text);
    }

    #[inline(always)]
    fn int(&mut self, value: i64) {
        self.0.int(value);
    }

    #[inline(always)]
    fn float(&mut self, value: f64) {
        self.0.float(value);
    }

    #[inline(always)]
    fn mark(&self) -> usize {
        self.0.mark()
    }

    #[inline(always)]
    fn back(&mut self, mark: usize) {
        self.0.back(mark);
    }
}

/// Text for people.
pub(crate) struct Readable<'c, 'a>(pub(crate) &'c mut Cursor<'a>);

impl Text for Readable<'_, '_> {
    #[inline(always)]
    fn text(&mut self, text: Span<'_>) {
        self.0.readable_span(text);
    }

    #[inline(always)]
    fn ascii(&mut self, text: &[u8]) {
        self.0.piece(text);
    }

    #[inline(always)]
    fn int(&mut self, value: i64) {
        self.0.int(value);
    }

    #[inline(always)]
    fn float(&mut self, value: f64) {
        self.0.float(value);
    }

    #[inline(always)]
    fn mark(&self) -> usize {
        self.0.mark()
    }

    #[inline(always)]
    fn back(&mut self, mark: usize) {
        self.0.back(mark);
    }
}

/// Text as it is.
pub(crate) struct Plain<'a>(pub(crate) &'a mut Vec<u8>);

impl Text for Plain<'_> {
    #[inline]
    fn text(&mut self, text: Span<'_>) {
        self.0.extend_from_slice(text.text());
    }

    #[inline]
    fn ascii(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }

    #[inline]
    fn int(&mut self, value: i64) {
        self.0.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    #[inline]
    fn float(&mut self, value: f64) {
        float::with_repr(value, |text| self.0.extend_from_slice(text));
    }

    #[inline]
    fn mark(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn back(&mut self, mark: usize) {
        self.0.truncate(mark);
    }
}

/// Appends `text` as a JSON string with its quotes, escaped as the JSON format does.
pub fn json_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(&Page::make(|line| line.escaped(text)));
    out.push(b'"');
}

/// Appends a float as Python's `json` writes it; NaN and the infinities as strings, for JSON has none.
pub fn json_float(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() {
        float::with_repr(value, |text| out.extend_from_slice(text));
    } else {
        out.extend_from_slice(not_finite(value));
    }
}

/// The JSON text of NaN or an infinity.
pub(crate) fn not_finite(value: f64) -> &'static [u8] {
    if value.is_nan() {
        b"\"NaN\""
    } else if value > 0.0 {
        b"\"Infinity\""
    } else {
        b"\"-Infinity\""
    }
}
