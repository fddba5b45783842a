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
use crate::record::{Args, Span, Spanned, Value};

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
    render_to(template.into(), &mut Each(args), &mut Plain(out))
}

/// Where a template takes its arguments from.
pub(crate) trait Arguments<'a> {
    /// The next one.
    fn take(&mut self) -> Option<Spanned<'a>>;
}

impl<'a> Arguments<'a> for Args<'a> {
    #[inline(always)]
    fn take(&mut self) -> Option<Spanned<'a>> {
        self.next_spanned()
    }
}

/// Values that stand in no record.
struct Each<'i, I>(&'i mut I);

impl<'a, I: Iterator<Item = Value<'a>>> Arguments<'a> for Each<'_, I> {
    fn take(&mut self) -> Option<Spanned<'a>> {
        self.0.next().map(|value| Spanned::of(b"", value))
    }
}

/// [`render`] into any kind of text.
#[inline(always)]
pub(crate) fn render_to<'a, T: Text>(
    template: Span<'_>,
    args: &mut impl Arguments<'a>,
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
fn parts<'a, T: Text>(template: Span<'_>, args: &mut impl Arguments<'a>, out: &mut T) -> Result<(), Mismatch> {
    let mut padding = PADDING_MAX;
    let text = template.text();
    let mut start = 0;
    // Whatever is cut off here reaches on to the end of what the template does.
    let from = |start: usize, len: usize| Span::new(template.reach().get(start..).unwrap_or_default(), len);
    loop {
        let rest = text.get(start..).unwrap_or_default();
        let Some(at) = percent_sign(rest) else {
            out.text(from(start, rest.len()));
            break;
        };
        if at > 0 {
            out.text(from(start, at));
        }
        start += at + 1;
        // Nearly every directive is one of these letters and nothing else.
        match text.get(start) {
            Some(b'%') => {
                out.ascii(b"%");
                start += 1;
            }
            Some(b's') => {
                simple_text(args.take().ok_or_else(missing)?, out);
                start += 1;
            }
            Some(&letter @ (b'd' | b'i' | b'u')) => {
                match args.take().ok_or_else(missing)?.value {
                    Value::Int(v) => out.int(v),
                    other => out.text(Span::from(&slow::plain(letter, other)?[..])),
                }
                start += 1;
            }
            _ => {
                let values = &mut std::iter::from_fn(|| args.take().map(|argument| argument.value));
                let (made, used) = slow::directive(text, start, values, &mut padding)?;
                out.text(Span::from(&made[..]));
                start += used;
            }
        }
    }
    if args.take().is_some() {
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
fn simple_text<T: Text>(argument: Spanned<'_>, out: &mut T) {
    let value = argument.value;
    match value {
        Value::Str(text) | Value::Text(text) | Value::Local(text) => out.text(argument.span(text)),
        Value::Int(v) => out.int(v),
        Value::Float(v) => out.float(v),
        Value::Bool(true) => out.ascii(b"True"),
        Value::Bool(false) => out.ascii(b"False"),
        Value::None => out.ascii(b"None"),
        Value::BigInt(_) | Value::Json(_) | Value::Bytes(_) => out.text(Span::from(&rare_text(value)[..])),
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
