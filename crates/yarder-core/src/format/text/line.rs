//! A line under construction: stores at a position.
//!
//! Everything here that is called often is inlined, and whatever is not takes the cursor apart first: a cursor whose
//! address is taken lives in memory, and then each piece waits for the position that the one before it stored.

use super::clean::{clean_part, copy_long, copy_short};
use super::number;
use crate::record::Span;

/// A line under construction in the room that a [`Page`](super::Page) gave it.
pub(crate) struct Cursor<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

/// Position of a cursor that ran out of room. No slice reaches it, and no piece is long enough to wrap it.
const OVERFLOW: usize = usize::MAX / 2;

/// A piece that is copied in blocks of 32: it ends in bytes that do not belong to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Padded {
    bytes: Vec<u8>,
    len: usize,
}

impl Padded {
    pub(crate) fn new(piece: &[u8]) -> Padded {
        let mut padded = Padded::default();
        padded.set(piece);
        padded
    }

    pub(crate) fn set(&mut self, piece: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(piece);
        self.bytes.resize(piece.len().next_multiple_of(32), 0);
        self.len = piece.len();
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl<'a> Cursor<'a> {
    /// At the start of `bytes`.
    #[inline(always)]
    pub(crate) fn new(bytes: &'a mut [u8]) -> Cursor<'a> {
        Cursor { bytes, at: 0 }
    }
}

impl Cursor<'_> {
    /// Position of the next byte.
    #[inline(always)]
    pub(crate) fn mark(&self) -> usize {
        self.at
    }

    /// Takes back what was written since `mark`.
    #[inline(always)]
    pub(crate) fn back(&mut self, mark: usize) {
        self.at = mark.min(self.at);
    }

    /// What was written since `mark`; empty when the room is used up.
    pub(crate) fn since(&self, mark: usize) -> &[u8] {
        self.bytes.get(mark..self.at).unwrap_or_default()
    }

    /// Appends a piece whose length is known when compiling.
    #[inline(always)]
    pub(crate) fn fixed<const N: usize>(&mut self, piece: &[u8; N]) {
        self.part(piece, N);
    }

    /// Appends one byte.
    #[inline(always)]
    pub(crate) fn byte(&mut self, byte: u8) {
        self.fixed(&[byte]);
    }

    /// Appends a piece of any length; short ones without a call.
    #[inline(always)]
    pub(crate) fn piece(&mut self, piece: &[u8]) {
        match self.bytes.get_mut(self.at..self.at + piece.len()) {
            Some(to) => {
                match piece.len() {
                    0..=32 => _ = copy_short(piece, to),
                    _ => to.copy_from_slice(piece),
                }
                self.at += piece.len();
            }
            None => self.at = OVERFLOW,
        }
    }

    /// Appends the first `len` bytes of `block` by storing all of it.
    #[inline(always)]
    pub(crate) fn part<const N: usize>(&mut self, block: &[u8; N], len: usize) {
        match self.room() {
            Some(to) => {
                *to = *block;
                self.at += len;
            }
            None => self.at = OVERFLOW,
        }
    }

    /// Appends a piece and gives the place of it, so that parts of it can be written over.
    #[inline(always)]
    pub(crate) fn open<const N: usize>(&mut self, piece: &[u8; N]) -> Option<&mut [u8; N]> {
        let at = self.at;
        self.fixed(piece);
        self.bytes.get_mut(at..at + N)?.first_chunk_mut()
    }

    /// The next `N` bytes of the room.
    #[inline(always)]
    fn room<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        self.bytes.get_mut(self.at..self.at + N)?.first_chunk_mut()
    }

    /// Appends a padded piece.
    #[inline(always)]
    pub(crate) fn padded(&mut self, piece: &Padded) {
        let mut at = self.at;
        for block in piece.bytes.chunks_exact(32) {
            match self.bytes.get_mut(at..at + 32) {
                Some(to) => to.copy_from_slice(block),
                None => {
                    self.at = OVERFLOW;
                    return;
                }
            }
            at += 32;
        }
        self.at += piece.len;
    }

    /// Appends a whole number.
    #[inline(always)]
    pub(crate) fn int(&mut self, value: i64) {
        match number::short(value) {
            Some((digits, len)) => {
                // The sign is stored always, and kept where there is one.
                self.byte(b'-');
                self.at -= usize::from(value >= 0);
                self.part(&digits, len);
            }
            None => self.piece(itoa::Buffer::new().format(value).as_bytes()),
        }
    }

    /// Appends `text` if all its bytes are clean; else appends nothing and says `false`.
    #[inline(always)]
    pub(crate) fn clean_span(&mut self, text: Span<'_>) -> bool {
        if text.len() <= 16 {
            if let (Some(block), Some(to)) = (text.block(), self.room::<16>()) {
                *to = *block;
                let clean = clean_part(block, text.len());
                self.at += if clean { text.len() } else { 0 };
                return clean;
            }
        }
        self.clean(text.text())
    }

    /// Appends `piece` if all its bytes are clean; else appends nothing and says `false`.
    #[inline(always)]
    pub(crate) fn clean(&mut self, piece: &[u8]) -> bool {
        let Some(to) = self.bytes.get_mut(self.at..self.at + piece.len()) else {
            self.at = OVERFLOW;
            return true;
        };
        let clean = if piece.len() <= 32 { copy_short(piece, to) } else { copy_long(piece, to) };
        if clean {
            self.at += piece.len();
        }
        clean
    }

    /// Hands the line to a function that is not inlined and takes its new position back.
    #[inline(always)]
    pub(crate) fn apart(&mut self, slow: impl FnOnce(Cursor<'_>) -> usize) {
        self.at = slow(Cursor { bytes: self.bytes, at: self.at });
    }
}

#[cfg(test)]
mod tests {
    use super::super::clean::{clean_block, clean_run, is_clean};
    use super::*;

    /// Copying says clean exactly when every byte is, at every length and position, and copies either way.
    #[test]
    fn copies_find_every_dirty_byte() {
        let mut room = [0; 100];
        let bytes =
            [0, 9, 10, 0x1F, 0x20, 0x21, 0x22, 0x23, b'%', b'A', 0x5B, 0x5C, 0x5D, 0x7E, 0x7F, 0x80, 0xA2, 0xDC, 0xFF];
        for len in 0..70usize {
            let base = vec![b'x'; len];
            for at in 0..len.max(1) {
                for byte in bytes {
                    let mut text = base.clone();
                    if let Some(place) = text.get_mut(at) {
                        *place = byte;
                    }
                    let expected = len == 0 || is_clean(byte);
                    let mut cursor = Cursor { bytes: &mut room, at: 0 };
                    assert_eq!(expected, cursor.clean(&text), "{byte:#x} at {at} of {len}");
                    assert_eq!(if expected { len } else { 0 }, cursor.mark());
                    cursor.back(0);
                    cursor.piece(&text);
                    assert_eq!(text, &room[..len]);
                    assert_eq!(if expected { len } else { at }, clean_run(&text));
                    let reach = [&text[..], &[byte; 16]].concat();
                    let mut cursor = Cursor { bytes: &mut room, at: 0 };
                    assert_eq!(expected, cursor.clean_span(Span::new(&reach, len)), "{byte:#x} at {at} of {len}");
                    assert_eq!(if expected { len } else { 0 }, cursor.mark());
                }
            }
        }
        for byte in 0..=255u8 {
            assert_eq!(matches!(byte, 0x20..=0x7E) && !matches!(byte, b'"' | b'\\'), is_clean(byte));
            assert_eq!(is_clean(byte), clean_block(&[byte; 16]));
            assert_eq!(if is_clean(byte) { 8 } else { 0 }, clean_run(&[byte; 8]));
        }
    }

    /// A padded piece is that piece, however long it is, and nothing is stored outside of the room.
    #[test]
    fn padded_pieces_are_whole() {
        for len in 0..100 {
            let piece = vec![b'p'; len];
            let padded = Padded::new(&piece);
            let mut room = [0; 128];
            let mut cursor = Cursor::new(&mut room);
            cursor.padded(&padded);
            assert_eq!((len, len), (cursor.mark(), padded.len()));
            assert_eq!(piece, &room[..len]);
            let mut tight = vec![0; len.saturating_sub(1)];
            let mut cursor = Cursor::new(&mut tight);
            cursor.padded(&padded);
            assert!(len == 0 || cursor.mark() > len);
        }
    }

    /// Whole numbers of every length and sign.
    #[test]
    fn numbers_are_whole() {
        let powers = (0..19).map(|n| 10_i64.pow(n));
        for value in powers.flat_map(|p| [p - 1, p, p + 1, 7 * (p / 3)]).chain([i64::MAX, i64::MIN]) {
            for value in [value, value.wrapping_neg()] {
                let mut room = [0; 64];
                let mut cursor = Cursor::new(&mut room);
                cursor.int(value);
                let mark = cursor.mark();
                assert_eq!(value.to_string().as_bytes(), &room[..mark]);
            }
        }
    }
}
