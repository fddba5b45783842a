//! CPython's `%` over record values: the same text, and the same words where it refuses.
//!
//! `%(name)s` never comes here: a mapping is formatted by CPython at the call. Two limits CPython does not have
//! keep a hostile template from asking for memory without end: width and precision together add at most
//! [`PADDING_MAX`] characters to one message, and integers have at most 4,300 digits.

pub(crate) mod float;
pub(crate) mod integer;
mod printable;
#[rustfmt::skip]
mod printable_table;
pub(crate) mod repr;
mod slow;

pub use printable::set_python;

use super::text::{Plain, Text};
use crate::record::Value;

/// How many characters widths and precisions may ask for in one message.
pub const PADDING_MAX: usize = 1 << 20;

/// The template and its arguments do not fit: CPython's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {text}")]
pub struct Mismatch {
    /// Exception type CPython raises, `TypeError`.
    pub kind: &'static str,
    /// Its text.
    pub text: String,
}

impl Mismatch {
    #[cold]
    fn types(text: impl Into<String>) -> Self {
        Mismatch { kind: "TypeError", text: text.into() }
    }

    #[cold]
    fn value(text: impl Into<String>) -> Self {
        Mismatch { kind: "ValueError", text: text.into() }
    }

    #[cold]
    fn overflow(text: impl Into<String>) -> Self {
        Mismatch { kind: "OverflowError", text: text.into() }
    }
}

/// Appends `template % args`. On a mismatch `out` is as it was before.
///
/// # Errors
/// [`Mismatch`] where CPython raises.
pub fn render<'a>(
    template: &[u8],
    args: &mut impl Iterator<Item = Value<'a>>,
    out: &mut Vec<u8>,
) -> Result<(), Mismatch> {
    render_to(template, args, &mut Plain(out))
}

/// [`render`] into any kind of text.
#[inline(always)]
pub(crate) fn render_to<'a, T: Text>(
    template: &[u8],
    args: &mut impl Iterator<Item = Value<'a>>,
    out: &mut T,
) -> Result<(), Mismatch> {
    let mark = out.mark();
    let result = parts(template, args, out);
    if result.is_err() {
        out.back(mark);
    }
    result
}

#[inline(always)]
fn parts<'a, T: Text>(
    template: &[u8],
    args: &mut impl Iterator<Item = Value<'a>>,
    out: &mut T,
) -> Result<(), Mismatch> {
    let mut padding = PADDING_MAX;
    let mut rest = template;
    loop {
        let Some(at) = percent_sign(rest) else {
            out.text(rest);
            break;
        };
        if at > 0 {
            out.text(&rest[..at]);
        }
        rest = &rest[at + 1..];
        // Nearly every directive is one of these letters and nothing else.
        match rest.first() {
            Some(b'%') => {
                out.ascii(b"%");
                rest = &rest[1..];
            }
            Some(b's') => {
                simple_text(args.next().ok_or_else(missing)?, out);
                rest = &rest[1..];
            }
            Some(&letter @ (b'd' | b'i' | b'u')) => {
                match args.next().ok_or_else(missing)? {
                    Value::Int(v) => out.ascii(itoa::Buffer::new().format(v).as_bytes()),
                    other => out.text(&slow::plain(letter, other)?),
                }
                rest = &rest[1..];
            }
            _ => {
                let start = template.len() - rest.len();
                let (text, used) = slow::directive(template, start, args, &mut padding)?;
                out.text(&text);
                rest = &rest[used..];
            }
        }
    }
    if args.next().is_some() {
        return Err(Mismatch::types("not all arguments converted during string formatting"));
    }
    Ok(())
}

/// Templates are short and directives dense: a word at a time beats a call of a vector search here.
#[inline(always)]
fn percent_sign(text: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut rest = text;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        let x = u64::from_le_bytes(*word) ^ (ONES * b'%' as u64);
        // The lowest of these bits is right, whatever stands above it.
        let hits = x.wrapping_sub(ONES) & !x & (ONES << 7);
        if hits != 0 {
            return Some(text.len() - rest.len() + (hits.trailing_zeros() / 8) as usize);
        }
        rest = after;
    }
    rest.iter().position(|byte| *byte == b'%').map(|at| text.len() - rest.len() + at)
}

/// `%s` without flags.
#[inline(always)]
pub(super) fn simple_text<T: Text>(value: Value<'_>, out: &mut T) {
    match value {
        Value::Str(text) | Value::Text(text) | Value::Local(text) => out.text(text),
        Value::Int(v) => out.ascii(itoa::Buffer::new().format(v).as_bytes()),
        Value::Float(v) => float::with_repr(v, |text| out.ascii(text)),
        Value::Bool(true) => out.ascii(b"True"),
        Value::Bool(false) => out.ascii(b"False"),
        Value::None => out.ascii(b"None"),
        Value::BigInt(_) | Value::Json(_) | Value::Bytes(_) => out.text(&rare_text(value)),
    }
}

#[cold]
#[inline(never)]
fn rare_text(value: Value<'_>) -> Vec<u8> {
    let mut text = Vec::new();
    repr::repr_of(value, &mut text);
    text
}

#[cold]
fn missing() -> Mismatch {
    Mismatch::types("not enough arguments for format string")
}

/// The name CPython's messages give to the type of a value.
fn type_name(value: Value<'_>) -> &'static str {
    match value {
        Value::None => "NoneType",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::BigInt(_) => "int",
        Value::Float(_) => "float",
        Value::Str(_) => "str",
        Value::Bytes(_) => "bytes",
        Value::Json(_) | Value::Text(_) | Value::Local(_) => "object",
    }
}
