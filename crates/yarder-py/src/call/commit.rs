//! Commit: the record's bytes into the ring. Nothing of CPython is called here: no allocation, no DECREF, no GIL.

use yarder_core::record::value::tag;
use yarder_core::record::{flag, kind};
use yarder_ring::layout::REASONS;
use yarder_ring::{Cursor, Producer, Reservation};

use super::piece::{Piece, KEY, RAW};
use crate::hub::Live;

/// Where record bytes go: a ring, or memory for a record that no ring takes.
pub(crate) trait Out {
    fn words(&mut self, words: [u64; 6]);
    fn put(&mut self, bytes: &[u8]);
    fn number(&mut self, tag: u8, bits: u64);
    fn counted(&mut self, tag: u8, body: &[u8]);
    fn key(&mut self, key: &[u8]);
    fn byte(&mut self, byte: u8);

    /// Bytes that `padded` made.
    fn put_padded(&mut self, bytes: &[u8]) {
        self.put(bytes);
    }
}

impl Out for Reservation<'_> {
    #[inline(always)]
    fn words(&mut self, words: [u64; 6]) {
        self.put_words(words);
    }

    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        Reservation::put(self, bytes);
    }

    #[inline(always)]
    fn number(&mut self, tag: u8, bits: u64) {
        self.put_u8(tag);
        self.put_u64(bits);
    }

    #[inline(always)]
    fn counted(&mut self, tag: u8, body: &[u8]) {
        self.put_u8(tag);
        self.put_u32(body.len() as u32);
        Reservation::put(self, body);
    }

    #[inline(always)]
    fn key(&mut self, key: &[u8]) {
        self.put_u16(key.len() as u16);
        Reservation::put(self, key);
    }

    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        self.put_u8(byte);
    }
}

/// The straight way: no check per put, for the length of the record was known before.
struct Straight(Cursor);

impl Out for Straight {
    #[inline(always)]
    fn words(&mut self, words: [u64; 6]) {
        // SAFETY: `Parts::bytes` counts everything that `head` and `body` put; so for each put here.
        unsafe { self.0.words(words) }
    }

    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        // SAFETY: as `words`.
        unsafe { self.0.put(bytes) }
    }

    #[inline(always)]
    fn put_padded(&mut self, bytes: &[u8]) {
        // SAFETY: as `words`; a logger's own bytes and texts of call sites are padded.
        unsafe { self.0.put_padded(bytes) }
    }

    #[inline(always)]
    fn number(&mut self, tag: u8, bits: u64) {
        // SAFETY: as `words`.
        unsafe { self.0.tagged(tag, bits) }
    }

    #[inline(always)]
    fn counted(&mut self, tag: u8, body: &[u8]) {
        // SAFETY: as `words`.
        unsafe { self.0.prefixed(u64::from(tag) | (body.len() as u64) << 8, 5, body) }
    }

    #[inline(always)]
    fn key(&mut self, key: &[u8]) {
        // SAFETY: as `words`.
        unsafe { self.0.prefixed(key.len() as u64, 2, key) }
    }

    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        // SAFETY: as `words`.
        unsafe { self.0.byte(byte) }
    }
}

/// Room for exactly these parts, by the straight way.
#[inline(always)]
pub(crate) fn reserve(live: &mut Live, parts: &Parts<'_>) -> Option<Cursor> {
    let bytes = parts.bytes();
    if bytes > live.most {
        return None;
    }
    live.producer.straight(bytes)
}

/// Puts the record straight into the ring: its stamp, or `None` where that does not go.
pub(crate) fn straight(live: &mut Live, parts: &Parts<'_>) -> Option<u64> {
    let mut out = Straight(reserve(live, parts)?);
    let stamp = out.0.stamp;
    parts.head_and_texts(&mut out.0);
    put_pieces(&mut out, parts.pieces);
    // SAFETY: the cursor is the one of above, and what was put is what `Parts::bytes` counted.
    unsafe { live.producer.publish_straight(out.0) };
    Some(stamp)
}

impl Out for Vec<u8> {
    fn words(&mut self, words: [u64; 6]) {
        words.iter().for_each(|word| self.extend_from_slice(&word.to_le_bytes()));
    }

    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn number(&mut self, tag: u8, bits: u64) {
        self.push(tag);
        self.extend_from_slice(&bits.to_le_bytes());
    }

    fn counted(&mut self, tag: u8, body: &[u8]) {
        self.push(tag);
        self.extend_from_slice(&(body.len() as u32).to_le_bytes());
        self.extend_from_slice(body);
    }

    fn key(&mut self, key: &[u8]) {
        self.extend_from_slice(&(key.len() as u16).to_le_bytes());
        self.extend_from_slice(key);
    }

    fn byte(&mut self, byte: u8) {
        self.push(byte);
    }
}

/// Everything of one record, gathered: addresses of bytes that others keep until commit is done.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) level: u8,
    pub(crate) flags: u16,
    pub(crate) args: u16,
    pub(crate) fields: u16,
    pub(crate) tid: u32,
    pub(crate) facility_len: u8,
    pub(crate) message: &'a [u8],
    pub(crate) logger: &'a [u8],
    pub(crate) thread: &'a [u8],
    pub(crate) caller: &'a [u8],
    pub(crate) context: &'a [u8],
    pub(crate) pieces: &'a [Piece],
    /// Bytes of all pieces.
    pub(crate) piece_bytes: usize,
}

impl Parts<'_> {
    /// Bytes of the record, without losses.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> usize {
        48 + self.message.len()
            + self.logger.len()
            + self.thread.len()
            + self.caller.len()
            + self.context.len()
            + self.piece_bytes
    }

    #[inline(always)]
    fn head(&self, sequence: u64, stamp: u64, flags: u16, losses: u16) -> [u64; 6] {
        [
            u64::from(kind::RECORD) << 32 | u64::from(self.level) << 40 | u64::from(flags) << 48,
            sequence,
            stamp,
            u64::from(self.tid) | u64::from(self.args) << 32 | u64::from(self.fields) << 48,
            self.message.len() as u64 | (self.logger.len() as u64) << 32 | (self.context.len() as u64) << 48,
            self.caller.len() as u64
                | (self.thread.len() as u64) << 16
                | u64::from(self.facility_len) << 24
                | u64::from(losses) << 32,
        ]
    }

    #[inline(always)]
    fn body(&self, out: &mut impl Out) {
        self.texts(out);
        put_pieces(out, self.pieces);
    }

    /// Everything up to the message.
    #[inline(always)]
    fn texts(&self, out: &mut impl Out) {
        out.put_padded(self.logger);
        // Most records have no thread name (the main thread) and no context.
        if !self.thread.is_empty() {
            out.put(self.thread);
        }
        if !self.caller.is_empty() {
            out.put_padded(self.caller);
        }
        if !self.context.is_empty() {
            out.put(self.context);
        }
        out.put(self.message);
    }

    /// Head and everything up to the message, into room for the whole record.
    #[inline(always)]
    pub(crate) fn head_and_texts(&self, out: &mut Cursor) {
        let mut straight = Straight(*out);
        straight.words(self.head(straight.0.sequence, straight.0.stamp, self.flags, 0));
        self.texts(&mut straight);
        *out = straight.0;
    }

    /// The record as bytes of its own, for when there is no ring.
    pub(crate) fn to_vec(self, sequence: u64, stamp: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes());
        out.words(self.head(sequence, stamp, self.flags, 0));
        self.body(&mut out);
        let bytes = out.len() as u32;
        out[..4].copy_from_slice(&bytes.to_le_bytes());
        out
    }
}

fn put_pieces(out: &mut impl Out, pieces: &[Piece]) {
    pieces.iter().for_each(|piece| put_piece(out, *piece));
}

#[inline(always)]
fn put_piece(out: &mut impl Out, piece: Piece) {
    const STR: u32 = tag::STR as u32;
    const INT: u32 = tag::INT as u32;
    const FLOAT: u32 = tag::FLOAT as u32;
    const TRUE: u32 = tag::TRUE as u32;
    // SAFETY: what was gathered is kept until commit is done, as `Parts` says.
    let bytes = || unsafe { piece.bytes() };
    match piece.tag {
        STR => out.counted(tag::STR, bytes()),
        KEY => out.key(bytes()),
        INT | FLOAT => out.number(piece.tag as u8, piece.data),
        0..=TRUE => out.byte(piece.tag as u8),
        RAW => out.put(bytes()),
        tag => out.counted(tag as u8, bytes()),
    }
}

/// Puts the record into room that was reserved for `parts.bytes()`, and publishes it. Returns its stamp.
#[inline(always)]
pub(crate) fn write(mut room: Reservation<'_>, parts: &Parts<'_>) -> u64 {
    let stamp = room.stamp();
    let head = parts.head(room.sequence(), stamp, parts.flags, 0);
    room.words(head);
    parts.body(&mut room);
    room.publish();
    stamp
}

/// `write` for a record that tells of losses: they stand first.
pub(crate) fn write_with_losses(mut room: Reservation<'_>, parts: &Parts<'_>, losses: &[u64; REASONS]) -> u64 {
    let stamp = room.stamp();
    let entries = losses.iter().filter(|count| **count > 0).count() as u16;
    let head = parts.head(room.sequence(), stamp, parts.flags | flag::LOST, entries);
    room.words(head);
    for (reason, count) in losses.iter().enumerate().filter(|(_, count)| **count > 0) {
        room.number(reason as u8, *count);
    }
    parts.body(&mut room);
    room.carries_losses();
    room.publish();
    stamp
}

/// Bytes that the loss section of the next record takes.
#[inline(always)]
pub(crate) fn loss_bytes(producer: &Producer) -> usize {
    if producer.has_losses() {
        producer.losses().iter().filter(|count| **count > 0).count() * 9
    } else {
        0
    }
}

/// Encodes pieces into memory.
pub(crate) fn put_all(out: &mut Vec<u8>, pieces: &[Piece]) {
    put_pieces(out, pieces);
}
