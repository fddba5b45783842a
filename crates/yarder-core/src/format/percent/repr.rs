//! `str`, `repr` and `ascii` of values.

use super::float;
use super::printable::is_printable;
use crate::format::text::utf8::{self, Unit};
use crate::record::Value;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends `str(value)`.
pub(crate) fn str_of(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Str(text) => out.extend_from_slice(text),
        _ => repr_of(value, out),
    }
}

/// Appends `repr(value)`. The `repr` of what was stored as [`Value::Text`] or JSON is not known: their text.
pub(crate) fn repr_of(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::None => out.extend_from_slice(b"None"),
        Value::Bool(true) => out.extend_from_slice(b"True"),
        Value::Bool(false) => out.extend_from_slice(b"False"),
        Value::Int(v) => out.extend_from_slice(itoa::Buffer::new().format(v).as_bytes()),
        Value::Float(v) => float::with_repr(v, |text| out.extend_from_slice(text)),
        Value::Str(text) => repr_str(text, out),
        Value::Bytes(bytes) => repr_bytes(bytes, out),
        Value::BigInt(text) | Value::Json(text) | Value::Text(text) | Value::Local(text) => {
            out.extend_from_slice(text);
        }
    }
}

/// Appends `ascii(value)`.
pub(crate) fn ascii_of(value: Value<'_>, out: &mut Vec<u8>) {
    let mut text = Vec::new();
    repr_of(value, &mut text);
    for (unit, raw) in utf8::units(&text) {
        match unit {
            Unit::Scalar(code) if code < 0x80 => out.extend_from_slice(raw),
            Unit::Scalar(code) | Unit::Surrogate(code) => escape(code, out),
            Unit::Byte(byte) => escape(u32::from(byte), out),
        }
    }
}

/// Appends the arguments as a tuple, `(1, 'a')`.
pub(crate) fn tuple<'a>(args: impl Iterator<Item = Value<'a>>, out: &mut Vec<u8>) {
    out.push(b'(');
    let mut count = 0;
    for arg in args {
        if count > 0 {
            out.extend_from_slice(b", ");
        }
        repr_of(arg, out);
        count += 1;
    }
    out.extend_from_slice(if count == 1 { b",)" } else { b")" });
}

/// Single quotes, unless only those are inside.
fn quote_of(text: &[u8]) -> u8 {
    if memchr::memchr(b'\'', text).is_some() && memchr::memchr(b'"', text).is_none() {
        b'"'
    } else {
        b'\''
    }
}

fn repr_str(text: &[u8], out: &mut Vec<u8>) {
    let quote = quote_of(text);
    out.push(quote);
    for (unit, raw) in utf8::units(text) {
        match unit {
            Unit::Scalar(code) => match code as u8 {
                byte if code < 0x80 => ascii_char(byte, quote, out),
                _ if is_printable(code) => out.extend_from_slice(raw),
                _ => escape(code, out),
            },
            Unit::Surrogate(code) => escape(code, out),
            Unit::Byte(byte) => escape(u32::from(byte), out),
        }
    }
    out.push(quote);
}

fn repr_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    let quote = quote_of(bytes);
    out.extend_from_slice(&[b'b', quote]);
    for &byte in bytes {
        if byte < 0x80 {
            ascii_char(byte, quote, out);
        } else {
            escape(u32::from(byte), out);
        }
    }
    out.push(quote);
}

fn ascii_char(byte: u8, quote: u8, out: &mut Vec<u8>) {
    match byte {
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        b'\\' => out.extend_from_slice(b"\\\\"),
        _ if byte == quote => out.extend_from_slice(&[b'\\', quote]),
        0x20..=0x7E => out.push(byte),
        _ => escape(u32::from(byte), out),
    }
}

/// `\xhh`, `\uhhhh` or `\Uhhhhhhhh`, the shortest that fits.
fn escape(code: u32, out: &mut Vec<u8>) {
    let (letter, digits) = match code {
        0..=0xFF => (b'x', 2),
        0x100..=0xFFFF => (b'u', 4),
        _ => (b'U', 8),
    };
    out.extend_from_slice(&[b'\\', letter]);
    out.extend((0..digits).rev().map(|at| HEX[(code >> (4 * at) & 15) as usize]));
}
