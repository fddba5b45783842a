//! The value of an argument or a field: eleven tags, one enum.

use super::encode::Sink;

/// Tag bytes of the encoded form.
pub mod tag {
    /// `None`.
    pub const NONE: u8 = 0;
    /// `False`.
    pub const FALSE: u8 = 1;
    /// `True`.
    pub const TRUE: u8 = 2;
    /// Signed 64-bit integer.
    pub const INT: u8 = 3;
    /// IEEE 754 double.
    pub const FLOAT: u8 = 4;
    /// Text of exact type `str`.
    pub const STR: u8 = 5;
    /// `bytes`.
    pub const BYTES: u8 = 6;
    /// An integer beyond 64 bits, as decimal text.
    pub const BIGINT: u8 = 7;
    /// Nested containers as JSON text.
    pub const JSON: u8 = 8;
    /// `str()` of some other object.
    pub const TEXT: u8 = 9;
    /// Text for consoles only, such as the local variables of a traceback.
    pub const LOCAL: u8 = 10;
}

/// One argument or field value, borrowed from a record.
///
/// Text is meant to be UTF-8 (lone surrogates in their three-byte form) but nothing may rely on it: ring memory
/// is hostile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of at most 64 bits.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string.
    Str(&'a [u8]),
    /// A byte string.
    Bytes(&'a [u8]),
    /// A larger integer, decimal digits with an optional leading `-`.
    BigInt(&'a [u8]),
    /// A container, JSON text.
    Json(&'a [u8]),
    /// `str()` of an object of any other type; prints like a string.
    Text(&'a [u8]),
    /// Text that consoles show after the traceback and every other destination leaves out.
    Local(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Bytes of the encoded form, tag included.
    #[inline]
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        match self {
            Value::None | Value::Bool(_) => 1,
            Value::Int(_) | Value::Float(_) => 9,
            Value::Str(b) | Value::Bytes(b) | Value::BigInt(b) | Value::Json(b) | Value::Text(b) | Value::Local(b) => {
                5 + b.len()
            }
        }
    }

    /// Appends the encoded form.
    #[inline]
    pub fn encode<S: Sink + ?Sized>(&self, sink: &mut S) {
        use super::encode as put;
        match *self {
            Value::None => put::put_none(sink),
            Value::Bool(v) => put::put_bool(sink, v),
            Value::Int(v) => put::put_int(sink, v),
            Value::Float(v) => put::put_float(sink, v),
            Value::Str(v) => put::put_str(sink, v),
            Value::Bytes(v) => put::put_bytes(sink, v),
            Value::BigInt(v) => put::put_bigint(sink, v),
            Value::Json(v) => put::put_json(sink, v),
            Value::Text(v) => put::put_text(sink, v),
            Value::Local(v) => put::put_local(sink, v),
        }
    }

    /// Reads one value at the start of `bytes`: the value and the bytes it took, `None` when they do not hold one.
    #[inline(always)]
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<(Value<'a>, usize)> {
        let (&tag, rest) = bytes.split_first()?;
        match tag {
            tag::STR => Self::counted(rest, Value::Str),
            tag::INT => {
                let raw = rest.first_chunk::<8>()?;
                Some((Value::Int(i64::from_le_bytes(*raw)), 9))
            }
            tag::FLOAT => {
                let raw = rest.first_chunk::<8>()?;
                Some((Value::Float(f64::from_le_bytes(*raw)), 9))
            }
            tag::NONE => Some((Value::None, 1)),
            tag::FALSE => Some((Value::Bool(false), 1)),
            tag::TRUE => Some((Value::Bool(true), 1)),
            tag::BYTES => Self::counted(rest, Value::Bytes),
            tag::BIGINT => Self::counted(rest, Value::BigInt),
            tag::JSON => Self::counted(rest, Value::Json),
            tag::TEXT => Self::counted(rest, Value::Text),
            tag::LOCAL => Self::counted(rest, Value::Local),
            _ => None,
        }
    }

    #[inline(always)]
    fn counted(rest: &'a [u8], make: impl FnOnce(&'a [u8]) -> Value<'a>) -> Option<(Value<'a>, usize)> {
        let (len, body) = rest.split_first_chunk::<4>()?;
        let len = u32::from_le_bytes(*len) as usize;
        let body = body.get(..len)?;
        Some((make(body), 5 + len))
    }
}
