//! Floats as CPython writes them: `repr`, and `%e`, `%f`, `%g`.

use std::io::Write as _;

/// More digits than any double has after its point; beyond them there are only zeros.
const FRACTION_DIGITS: usize = 1074;
/// More digits than any double has in all.
const DIGITS: usize = 800;

/// Hands `repr(value)` to `take`: the shortest digits, an exponent when it is below -4 or from 16 on.
#[inline]
pub(crate) fn with_repr<R>(value: f64, take: impl FnOnce(&[u8]) -> R) -> R {
    if !value.is_finite() {
        return take(special(value, false));
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value).as_bytes();
    // zmij's own text is the same but for the borders of the exponent form and the exponent's spelling.
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-4..1e16).contains(&magnitude) && !text.contains(&b'e') {
        take(text)
    } else {
        take(&relayout(text))
    }
}

/// CPython's words for what is not finite.
fn special(value: f64, upper: bool) -> &'static [u8] {
    match (value.is_nan(), value > 0.0, upper) {
        (true, _, false) => b"nan",
        (true, _, true) => b"NAN",
        (_, true, false) => b"inf",
        (_, true, true) => b"INF",
        (_, false, false) => b"-inf",
        (_, false, true) => b"-INF",
    }
}

/// Digits and decimal exponent out of any usual notation, put together as `repr` does.
#[cold]
fn relayout(text: &[u8]) -> Vec<u8> {
    let (negative, text) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    let (mantissa, exponent) = split_exponent(text);
    let (whole, fraction) = match mantissa.iter().position(|b| *b == b'.') {
        Some(point) => (&mantissa[..point], &mantissa[point + 1..]),
        None => (mantissa, &b""[..]),
    };
    let all = [whole, fraction].concat();
    let leading = all.iter().take_while(|b| **b == b'0').count();
    let digits = all[leading..].trim_ascii_end();
    let end = digits.iter().rposition(|b| *b != b'0').map_or(0, |at| at + 1);
    let digits = &digits[..end];
    // The value is 0.DIGITS times ten to the power of `point`.
    let point = whole.len() as i32 - leading as i32 + exponent;
    let mut out = Vec::with_capacity(32);
    if negative {
        out.push(b'-');
    }
    if (-3..=16).contains(&point) {
        if point <= 0 {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + point.unsigned_abs() as usize, b'0');
            out.extend_from_slice(digits);
        } else {
            let point = point as usize;
            out.extend_from_slice(&digits[..point.min(digits.len())]);
            out.resize(out.len() + point.saturating_sub(digits.len()), b'0');
            out.push(b'.');
            out.extend_from_slice(if point < digits.len() { &digits[point..] } else { b"0" });
        }
    } else {
        out.extend_from_slice(&digits[..1]);
        if digits.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        put_exponent(point - 1, b'e', &mut out);
    }
    out
}

fn split_exponent(text: &[u8]) -> (&[u8], i32) {
    match text.iter().position(|b| *b == b'e') {
        Some(at) => (&text[..at], std::str::from_utf8(&text[at + 1..]).ok().and_then(|t| t.parse().ok()).unwrap_or(0)),
        None => (text, 0),
    }
}

fn put_exponent(exponent: i32, letter: u8, out: &mut Vec<u8>) {
    out.push(letter);
    out.push(if exponent < 0 { b'-' } else { b'+' });
    let digits = exponent.unsigned_abs();
    if digits < 10 {
        out.push(b'0');
    }
    out.extend_from_slice(itoa::Buffer::new().format(digits).as_bytes());
}

/// `value` under `%e`, `%f` or `%g` (or their capitals) with `precision` and, for `#`, `alternate`.
pub(crate) fn directive(value: f64, letter: u8, precision: usize, alternate: bool) -> Vec<u8> {
    let upper = letter.is_ascii_uppercase();
    if !value.is_finite() {
        return special(value, upper).to_vec();
    }
    let e = if upper { b'E' } else { b'e' };
    match letter.to_ascii_lowercase() {
        b'e' => scientific(value, precision, e, alternate),
        b'f' => fixed(value, precision, alternate),
        _ => general(value, precision.max(1), e, alternate),
    }
}

fn fixed(value: f64, precision: usize, alternate: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    let exact = precision.min(FRACTION_DIGITS);
    // Writing into a Vec cannot fail.
    let _ = write!(out, "{value:.exact$}");
    if precision == 0 && alternate {
        out.push(b'.');
    }
    out.resize(out.len() + (precision - exact), b'0');
    out
}

/// Mantissa text with `precision` digits after the point, and the exponent.
fn mantissa(value: f64, precision: usize) -> (Vec<u8>, i32) {
    let mut out = Vec::with_capacity(32);
    let exact = precision.min(DIGITS);
    let _ = write!(out, "{value:.exact$e}");
    let (mantissa, exponent) = split_exponent(&out);
    let mut mantissa = mantissa.to_vec();
    mantissa.resize(mantissa.len() + (precision - exact), b'0');
    (mantissa, exponent)
}

fn scientific(value: f64, precision: usize, e: u8, alternate: bool) -> Vec<u8> {
    let (mut out, exponent) = mantissa(value, precision);
    if precision == 0 && alternate {
        out.push(b'.');
    }
    put_exponent(exponent, e, &mut out);
    out
}

fn general(value: f64, precision: usize, e: u8, alternate: bool) -> Vec<u8> {
    let (text, exponent) = mantissa(value, precision - 1);
    if exponent >= -4 && exponent < precision.min(i32::MAX as usize) as i32 {
        let mut out = fixed(value, (precision as i64 - 1 - i64::from(exponent)).max(0) as usize, alternate);
        if !alternate {
            strip_zeros(&mut out);
        }
        return out;
    }
    let mut out = text;
    if alternate {
        if precision == 1 {
            out.push(b'.');
        }
    } else {
        strip_zeros(&mut out);
    }
    put_exponent(exponent, e, &mut out);
    out
}

fn strip_zeros(text: &mut Vec<u8>) {
    if text.contains(&b'.') {
        while text.last() == Some(&b'0') {
            text.pop();
        }
        if text.last() == Some(&b'.') {
            text.pop();
        }
    }
}

/// The integer part of a finite `value`, exactly: up to 309 digits.
pub(crate) fn truncated(value: f64) -> String {
    let text = format!("{:.0}", value.trunc());
    if text == "-0" {
        "0".into()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repr(value: f64) -> String {
        with_repr(value, |text| String::from_utf8_lossy(text).into_owned())
    }

    /// The exponent form begins and ends where CPython's does.
    #[test]
    fn repr_turns_to_exponents_where_cpython_does() {
        for (value, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1e15, "1000000000000000.0"),
            (9999999999999998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (0.0001, "0.0001"),
            (0.00012345, "0.00012345"),
            (0.00001, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(expected, repr(value));
        }
    }

    /// Precisions past the last digit of a double only add zeros.
    #[test]
    fn long_precisions_add_zeros() {
        let long = directive(0.1, b'f', 70_000, false);
        assert_eq!(70_002, long.len());
        assert!(long[60..].iter().all(|b| *b == b'0'));
        assert_eq!(70_006, directive(5e-324, b'e', 70_000, false).len() - 1);
    }
}
