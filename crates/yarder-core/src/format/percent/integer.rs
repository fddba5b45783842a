//! Integers of any size in the bases of `%d`, `%o` and `%x`.

use super::{float, Mismatch};
use crate::record::Value;

/// CPython's own limit for the text of an integer; it also bounds the work a hostile record can ask for.
const MAX_DIGITS: usize = 4300;

/// An integer as sign and decimal digits.
pub(super) struct Integer {
    pub(super) negative: bool,
    decimal: String,
}

impl Integer {
    /// The integer that `%` with `letter` takes from `value`.
    pub(super) fn of(value: Value<'_>, letter: u8) -> Result<Integer, Mismatch> {
        let based = matches!(letter, b'o' | b'x' | b'X');
        match value {
            Value::Int(v) => Ok(Integer { negative: v < 0, decimal: v.unsigned_abs().to_string() }),
            Value::Bool(v) => Ok(Integer { negative: false, decimal: u8::from(v).to_string() }),
            Value::BigInt(text) => Integer::parse(text),
            Value::Float(v) if !based => {
                if v.is_nan() {
                    return Err(Mismatch::value("cannot convert float NaN to integer"));
                }
                if v.is_infinite() {
                    return Err(Mismatch::overflow("cannot convert float infinity to integer"));
                }
                Integer::parse(float::truncated(v).as_bytes())
            }
            _ => {
                let wanted = if based { "an integer" } else { "a real number" };
                let have = super::type_name(value);
                Err(Mismatch::types(format!("%{} format: {wanted} is required, not {have}", letter as char)))
            }
        }
    }

    fn parse(text: &[u8]) -> Result<Integer, Mismatch> {
        if !is_decimal(text) {
            return Err(Mismatch::value("the record holds an integer that is none"));
        }
        let (negative, digits) = match text.split_first() {
            Some((b'-', digits)) => (true, digits),
            _ => (false, text),
        };
        if digits.len() > MAX_DIGITS {
            return Err(Mismatch::value("Exceeds the limit (4300 digits) for integer string conversion"));
        }
        Ok(Integer { negative, decimal: String::from_utf8_lossy(digits).into_owned() })
    }

    /// Digits in the base of `letter`, without sign and prefix.
    pub(super) fn digits(&self, letter: u8) -> Vec<u8> {
        let bits = match letter {
            b'o' => 3,
            b'x' | b'X' => 4,
            _ => return self.decimal.clone().into_bytes(),
        };
        let mut digits = binary_digits(self.decimal.as_bytes(), bits);
        if letter == b'X' {
            digits.make_ascii_uppercase();
        }
        digits
    }
}

/// Whether the text is decimal digits with an optional minus.
pub(crate) fn is_decimal(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// Decimal digits to digits of `bits` bits each.
fn binary_digits(decimal: &[u8], bits: u32) -> Vec<u8> {
    // Words of 24 bits, least significant first: octal and hexadecimal digits both divide them evenly.
    const WORD: u32 = 24;
    let mut words: Vec<u32> = Vec::new();
    for digit in decimal {
        let mut carry = u64::from(digit - b'0');
        for word in &mut words {
            carry += u64::from(*word) * 10;
            *word = (carry & ((1 << WORD) - 1)) as u32;
            carry >>= WORD;
        }
        if carry > 0 {
            words.push(carry as u32);
        }
    }
    let mask = (1u32 << bits) - 1;
    let digits = words.iter().flat_map(|word| (0..WORD / bits).map(move |at| word >> (at * bits) & mask));
    let mut out: Vec<u8> = digits.map(|digit| b"0123456789abcdef"[digit as usize]).collect();
    while out.len() > 1 && out.last() == Some(&b'0') {
        out.pop();
    }
    if out.is_empty() {
        out.push(b'0');
    }
    out.reverse();
    out
}
