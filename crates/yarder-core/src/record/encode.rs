//! Writing record bytes: into a ring while the log call runs, or into a `Vec` elsewhere.
//!
//! Everything here is inlined and allocates nothing; the caller has computed all lengths before it reserved room.

use super::value::tag;
use super::{kind, HEAD_BYTES};

/// Whatever takes record bytes: a ring reservation or a `Vec<u8>`.
///
/// A sink that is too small must remember that and ignore the rest; these functions never check.
pub trait Sink {
    /// Appends bytes.
    fn put(&mut self, bytes: &[u8]);

    /// Appends one byte.
    #[inline]
    fn put_u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    /// Appends a little-endian `u16`.
    #[inline]
    fn put_u16(&mut self, value: u16) {
        self.put(&value.to_le_bytes());
    }

    /// Appends a little-endian `u32`.
    #[inline]
    fn put_u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }

    /// Appends a little-endian `u64`.
    #[inline]
    fn put_u64(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }
}

impl Sink for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// The 48 bytes at the start of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Length of the whole record, head included.
    pub bytes: u32,
    /// Severity, 0 to 8.
    pub level: u8,
    /// Bits of [`flag`](super::flag).
    pub flags: u16,
    /// The producer's running number.
    pub sequence: u64,
    /// Counter value of the call.
    pub stamp: u64,
    /// Native thread id, 0 when unknown.
    pub tid: u32,
    /// Positional arguments.
    pub args: u16,
    /// Fields of the call itself.
    pub fields: u16,
    /// Bytes of the message.
    pub message_len: u32,
    /// Bytes of the facility name and the bound fields section together.
    pub logger_len: u16,
    /// Bytes of the context fields section.
    pub context_len: u16,
    /// Bytes of the caller text.
    pub caller_len: u16,
    /// Bytes of the thread name.
    pub thread_len: u8,
    /// Bytes of the facility name.
    pub facility_len: u8,
    /// Entries of the loss section.
    pub loss_entries: u16,
    /// Destinations, one bit each by their place in the plan, that do not take this record.
    pub exclude: u16,
}

/// Appends the head of a record (kind 1).
#[inline]
pub fn write_head<S: Sink + ?Sized>(sink: &mut S, head: &Head) {
    // Whole words and one put: a sink in a ring then checks its room once and stores six words.
    let words = [
        u64::from(head.bytes)
            | u64::from(kind::RECORD) << 32
            | u64::from(head.level) << 40
            | u64::from(head.flags) << 48,
        head.sequence,
        head.stamp,
        u64::from(head.tid) | u64::from(head.args) << 32 | u64::from(head.fields) << 48,
        u64::from(head.message_len) | u64::from(head.logger_len) << 32 | u64::from(head.context_len) << 48,
        u64::from(head.caller_len)
            | u64::from(head.thread_len) << 16
            | u64::from(head.facility_len) << 24
            | u64::from(head.loss_entries) << 32
            | u64::from(head.exclude) << 48,
    ];
    let mut raw = [0u8; HEAD_BYTES];
    for (to, word) in raw.chunks_exact_mut(8).zip(words) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    sink.put(&raw);
}

/// Bytes of one loss entry.
pub const LOSS_ENTRY_BYTES: usize = 9;

/// Appends one entry of the loss section: `count` records lost for the reason with this index.
#[inline]
pub fn encode_loss<S: Sink + ?Sized>(sink: &mut S, reason: u8, count: u64) {
    sink.put_u8(reason);
    sink.put_u64(count);
}

/// Appends the head of a bound or context fields section.
#[inline]
pub fn put_field_count<S: Sink + ?Sized>(sink: &mut S, count: u16) {
    sink.put_u16(count);
}

/// Bytes of a field besides its value: two for the length, then the key.
#[inline]
#[must_use]
pub fn field_key_len(key: &[u8]) -> usize {
    2 + key.len()
}

/// Appends the key of a field; its value must follow. Keys are at most 65,535 bytes, a longer one is cut.
#[inline]
pub fn put_field_key<S: Sink + ?Sized>(sink: &mut S, key: &[u8]) {
    let key = &key[..super::cut(key, usize::from(u16::MAX))];
    sink.put_u16(key.len() as u16);
    sink.put(key);
}

/// Bytes an encoded int or float takes.
pub const NUMBER_BYTES: usize = 9;
/// Bytes an encoded text takes besides its content.
pub const COUNTED_BYTES: usize = 5;

/// Appends `None`.
#[inline]
pub fn put_none<S: Sink + ?Sized>(sink: &mut S) {
    sink.put_u8(tag::NONE);
}

/// Appends a bool.
#[inline]
pub fn put_bool<S: Sink + ?Sized>(sink: &mut S, value: bool) {
    sink.put_u8(if value { tag::TRUE } else { tag::FALSE });
}

/// Appends an int of at most 64 bits.
#[inline]
pub fn put_int<S: Sink + ?Sized>(sink: &mut S, value: i64) {
    put_number(sink, tag::INT, value as u64);
}

/// Appends a float.
#[inline]
pub fn put_float<S: Sink + ?Sized>(sink: &mut S, value: f64) {
    put_number(sink, tag::FLOAT, value.to_bits());
}

/// Appends a string: UTF-8, lone surrogates in their three-byte form.
#[inline]
pub fn put_str<S: Sink + ?Sized>(sink: &mut S, text: &[u8]) {
    put_counted(sink, tag::STR, text);
}

/// Appends a byte string.
#[inline]
pub fn put_bytes<S: Sink + ?Sized>(sink: &mut S, bytes: &[u8]) {
    put_counted(sink, tag::BYTES, bytes);
}

/// Appends an integer beyond 64 bits: decimal digits, `-` first when negative.
#[inline]
pub fn put_bigint<S: Sink + ?Sized>(sink: &mut S, digits: &[u8]) {
    put_counted(sink, tag::BIGINT, digits);
}

/// Appends a container as JSON text.
#[inline]
pub fn put_json<S: Sink + ?Sized>(sink: &mut S, json: &[u8]) {
    put_counted(sink, tag::JSON, json);
}

/// Appends the `str()` of some other object.
#[inline]
pub fn put_text<S: Sink + ?Sized>(sink: &mut S, text: &[u8]) {
    put_counted(sink, tag::TEXT, text);
}

/// Appends text that only a console shows.
#[inline]
pub fn put_local<S: Sink + ?Sized>(sink: &mut S, text: &[u8]) {
    put_counted(sink, tag::LOCAL, text);
}

#[inline]
fn put_number<S: Sink + ?Sized>(sink: &mut S, tag: u8, bits: u64) {
    let mut raw = [tag; NUMBER_BYTES];
    raw[1..].copy_from_slice(&bits.to_le_bytes());
    sink.put(&raw);
}

#[inline]
fn put_counted<S: Sink + ?Sized>(sink: &mut S, tag: u8, body: &[u8]) {
    // Texts are cut to the record's limit long before this; the clamp only keeps count and content in step.
    let body = &body[..body.len().min(u32::MAX as usize)];
    let mut raw = [tag; COUNTED_BYTES];
    raw[1..].copy_from_slice(&(body.len() as u32).to_le_bytes());
    sink.put(&raw);
    sink.put(body);
}
