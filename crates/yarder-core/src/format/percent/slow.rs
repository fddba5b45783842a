//! Directives with flags, widths, precisions and the rarer letters, step by step as CPython's `unicodeobject.c`.

use super::integer::Integer;
use super::{float, missing, repr, type_name, Mismatch};
use crate::format::text::utf8::{self, Unit};
use crate::record::Value;

#[derive(Default)]
struct Spec {
    left: bool,
    plus: bool,
    blank: bool,
    alternate: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
    letter: u8,
}

/// The text of the directive that stands in `template` after the percent sign, from `start` on, and its length.
#[inline(never)]
pub(super) fn directive<'a>(
    template: &[u8],
    start: usize,
    args: &mut impl Iterator<Item = Value<'a>>,
    padding: &mut usize,
) -> Result<(Vec<u8>, usize), Mismatch> {
    let mut at = start;
    let spec = parse(template, &mut at, args)?;
    let asked = spec.width.unwrap_or(0).saturating_add(spec.precision.unwrap_or(0));
    *padding = padding.checked_sub(asked).ok_or_else(|| Mismatch::value("result too long"))?;
    let value = args.next().ok_or_else(missing)?;
    if !spec.letter.is_ascii_alphabetic() || !b"sradiuoxXeEfFgGc".contains(&spec.letter) {
        return Err(unsupported(template, at - 1));
    }
    Ok((convert(&spec, value)?, at - start))
}

/// The text of a directive of one letter without flags.
#[inline(never)]
pub(super) fn plain(letter: u8, value: Value<'_>) -> Result<Vec<u8>, Mismatch> {
    convert(&Spec { letter, ..Spec::default() }, value)
}

fn parse<'a>(template: &[u8], at: &mut usize, args: &mut impl Iterator<Item = Value<'a>>) -> Result<Spec, Mismatch> {
    let incomplete = || Mismatch::value("incomplete format");
    let mut spec = Spec::default();
    let mut peek = template.get(*at).copied();
    let step = |at: &mut usize| {
        *at += 1;
        template.get(*at).copied()
    };
    if peek == Some(b'(') {
        return Err(Mismatch::types("format requires a mapping"));
    }
    loop {
        match peek {
            Some(b'-') => spec.left = true,
            Some(b'+') => spec.plus = true,
            Some(b' ') => spec.blank = true,
            Some(b'#') => spec.alternate = true,
            Some(b'0') => spec.zero = true,
            _ => break,
        }
        peek = step(at);
    }
    if peek == Some(b'*') {
        let width = star(args.next().ok_or_else(missing)?, isize::MIN as i64, isize::MAX as i64, "ssize_t")?;
        spec.left |= width < 0;
        spec.width = Some(usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX));
        peek = step(at);
    } else if matches!(peek, Some(b'0'..=b'9')) {
        spec.width = Some(number(template, at, isize::MAX as usize, "width too big")?);
        peek = template.get(*at).copied();
    }
    if peek == Some(b'.') {
        peek = step(at);
        spec.precision = Some(0);
        if peek == Some(b'*') {
            let precision = star(args.next().ok_or_else(missing)?, i64::from(i32::MIN), i64::from(i32::MAX), "int")?;
            spec.precision = Some(usize::try_from(precision).unwrap_or(0));
            peek = step(at);
        } else if matches!(peek, Some(b'0'..=b'9')) {
            spec.precision = Some(number(template, at, i32::MAX as usize, "precision too big")?);
            peek = template.get(*at).copied();
        }
    }
    if matches!(peek, Some(b'h' | b'l' | b'L')) {
        peek = step(at);
    }
    spec.letter = peek.ok_or_else(incomplete)?;
    *at += 1;
    Ok(spec)
}

/// The value of a `*`.
fn star(value: Value<'_>, least: i64, most: i64, kind: &str) -> Result<i64, Mismatch> {
    let wide = || Mismatch::overflow(format!("Python int too large to convert to C {kind}"));
    match value {
        Value::Int(v) if (least..=most).contains(&v) => Ok(v),
        Value::Bool(v) => Ok(i64::from(v)),
        Value::Int(_) | Value::BigInt(_) => Err(wide()),
        _ => Err(Mismatch::types("* wants int")),
    }
}

fn number(template: &[u8], at: &mut usize, most: usize, too_big: &str) -> Result<usize, Mismatch> {
    let mut value = 0usize;
    while let Some(&digit @ b'0'..=b'9') = template.get(*at) {
        let digit = usize::from(digit - b'0');
        if value > (most - digit) / 10 {
            return Err(Mismatch::value(too_big));
        }
        value = value * 10 + digit;
        *at += 1;
    }
    Ok(value)
}

#[cold]
fn unsupported(template: &[u8], at: usize) -> Mismatch {
    let code = match utf8::next(&template[at..]).0 {
        Unit::Scalar(code) | Unit::Surrogate(code) => code,
        Unit::Byte(byte) => u32::from(byte),
    };
    let shown = if (31..=126).contains(&code) { char::from(code as u8) } else { '?' };
    let index = utf8::count(&template[..at]);
    Mismatch::value(format!("unsupported format character '{shown}' ({code:#x}) at index {index}"))
}

fn convert(spec: &Spec, value: Value<'_>) -> Result<Vec<u8>, Mismatch> {
    let mut text = Vec::new();
    match spec.letter {
        b's' => repr::str_of(value, &mut text),
        b'r' => repr::repr_of(value, &mut text),
        b'a' => repr::ascii_of(value, &mut text),
        b'c' => character(value, &mut text)?,
        b'd' | b'i' | b'u' | b'o' | b'x' | b'X' => {
            integer(spec, value, &mut text)?;
            return Ok(pad_number(spec, text));
        }
        letter => {
            let text = float::directive(real(value)?, letter, spec.precision.unwrap_or(6), spec.alternate);
            return Ok(pad_number(spec, text));
        }
    }
    if let (Some(precision), false) = (spec.precision, spec.letter == b'c') {
        text.truncate(utf8::prefix(&text, precision).len());
    }
    let blanks = spec.width.map_or(0, |width| width.saturating_sub(utf8::count(&text)));
    if blanks > 0 {
        let at = if spec.left { text.len() } else { 0 };
        text.splice(at..at, std::iter::repeat_n(b' ', blanks));
    }
    Ok(text)
}

fn character(value: Value<'_>, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    let refused = || Mismatch::types("%c requires int or char");
    let code = match value {
        Value::Str(text) | Value::Text(text) => {
            if text.is_empty() || utf8::next(text).1 != text.len() {
                return Err(refused());
            }
            out.extend_from_slice(text);
            return Ok(());
        }
        Value::Bool(v) => i64::from(v),
        Value::Int(v) => v,
        Value::BigInt(_) => -1,
        _ => return Err(refused()),
    };
    match u32::try_from(code) {
        Ok(code) if code < 0x11_0000 => utf8::push(code, out),
        _ => return Err(Mismatch::overflow("%c arg not in range(0x110000)")),
    }
    Ok(())
}

/// The double that `%f` and its like take from `value`.
fn real(value: Value<'_>) -> Result<f64, Mismatch> {
    match value {
        Value::Float(v) => Ok(v),
        Value::Int(v) => Ok(v as f64),
        Value::Bool(v) => Ok(f64::from(u8::from(v))),
        Value::BigInt(text) => {
            let parsed: f64 = std::str::from_utf8(text)
                .ok()
                .filter(|_| super::integer::is_decimal(text))
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| Mismatch::value("the record holds an integer that is none"))?;
            if parsed.is_finite() {
                Ok(parsed)
            } else {
                Err(Mismatch::overflow("int too large to convert to float"))
            }
        }
        _ => Err(Mismatch::types(format!("must be real number, not {}", type_name(value)))),
    }
}

/// Sign, prefix and digits, the digits filled with zeros up to the precision.
fn integer(spec: &Spec, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    let integer = Integer::of(value, spec.letter)?;
    let digits = integer.digits(spec.letter);
    if integer.negative {
        out.push(b'-');
    }
    if spec.alternate && matches!(spec.letter, b'o' | b'x' | b'X') {
        out.extend_from_slice(&[b'0', spec.letter]);
    }
    let zeros = spec.precision.unwrap_or(0).saturating_sub(digits.len());
    out.resize(out.len() + zeros, b'0');
    out.extend_from_slice(&digits);
    Ok(())
}

/// Sign, fill, prefix and digits in the order that the flags ask for.
fn pad_number(spec: &Spec, mut text: Vec<u8>) -> Vec<u8> {
    let mut digits_at = usize::from(text.first() == Some(&b'-'));
    if digits_at == 0 && (spec.plus || spec.blank) {
        text.insert(0, if spec.plus { b'+' } else { b' ' });
        digits_at = 1;
    }
    if spec.alternate && matches!(spec.letter, b'o' | b'x' | b'X') {
        digits_at += 2;
    }
    let missing = spec.width.map_or(0, |width| width.saturating_sub(text.len()));
    if missing > 0 {
        let (at, with) = match (spec.left, spec.zero) {
            (true, _) => (text.len(), b' '),
            (false, true) => (digits_at, b'0'),
            (false, false) => (0, b' '),
        };
        text.splice(at..at, std::iter::repeat_n(with, missing));
    }
    text
}
