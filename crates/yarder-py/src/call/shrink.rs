//! Records that are too long: the longest texts are cut first, each on a character boundary.

use yarder_core::record::value::tag;
use yarder_core::record::{cut, flag, Value};

use super::piece::{Piece, KEY, RAW};

/// Bytes of a text that are worth keeping.
const WORD: usize = 64;

/// The encoded form of pieces, in one.
pub(crate) fn encoded(pieces: &[Piece]) -> Vec<u8> {
    let mut bytes = Vec::new();
    super::commit::put_all(&mut bytes, pieces);
    bytes
}

/// Encoded arguments and fields as one piece for each value and key.
pub(crate) fn flat(encoded: &[u8], args: u16, fields: u16) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = encoded;
    let value = |rest: &mut &[u8], pieces: &mut Vec<Piece>| {
        let Some((_, taken)) = Value::decode(rest) else { return };
        pieces.push(piece_of(&rest[..taken]));
        *rest = &rest[taken..];
    };
    for _ in 0..args {
        value(&mut rest, &mut pieces);
    }
    for _ in 0..fields {
        let Some((len, after)) = rest.split_first_chunk::<2>() else { break };
        let len = usize::from(u16::from_le_bytes(*len));
        pieces.push(Piece::of(KEY, &after[..len]));
        rest = &after[len..];
        value(&mut rest, &mut pieces);
    }
    pieces
}

/// The piece of one encoded value.
fn piece_of(value: &[u8]) -> Piece {
    let tag = value[0];
    match tag {
        tag::INT | tag::FLOAT => {
            let bits = value[1..].first_chunk::<8>().map_or(0, |raw| u64::from_le_bytes(*raw));
            Piece { data: bits, len: 0, tag: u32::from(tag) }
        }
        tag::NONE | tag::FALSE | tag::TRUE => Piece { data: 0, len: 0, tag: u32::from(tag) },
        _ => Piece::of(u32::from(tag), &value[5..]),
    }
}

/// Texts that may be cut.
fn is_text(piece: &Piece) -> bool {
    piece.tag >= u32::from(tag::STR) && piece.tag != KEY && piece.tag != RAW
}

/// Cuts so that `pieces` take at most `room` bytes when encoded; fields behind the first `args` pieces that still do
/// not fit are left out. Gives the record flags, and how many pieces are left.
pub(crate) fn shrink(pieces: &mut Vec<Piece>, args: usize, room: usize) -> u16 {
    let total = |pieces: &[Piece]| pieces.iter().map(|piece| piece.encoded()).sum::<usize>();
    let mut over = total(pieces).saturating_sub(room);
    if over == 0 {
        return 0;
    }
    // Fields beyond all measure go first, from the end: what is left of a text should still say something.
    let least =
        |piece: &Piece| piece.encoded() - if is_text(piece) { (piece.len as usize).saturating_sub(WORD) } else { 0 };
    let mut most_cut = pieces.iter().map(least).sum::<usize>();
    while most_cut > room && pieces.len() >= args + 2 {
        most_cut -= pieces.drain(pieces.len() - 2..).map(|piece| least(&piece)).sum::<usize>();
    }
    over = total(pieces).saturating_sub(room);
    let most = longest(pieces, over);
    for piece in pieces.iter_mut().filter(|piece| is_text(piece) && piece.len as usize > most) {
        // SAFETY: the pieces are those of a call that is still running.
        let kept = cut(unsafe { piece.bytes() }, most);
        piece.len = kept as u32;
        // Half a JSON text is no JSON, half a number another number.
        if piece.tag == u32::from(tag::JSON) || piece.tag == u32::from(tag::BIGINT) {
            piece.tag = u32::from(tag::TEXT);
        }
    }
    over = total(pieces).saturating_sub(room);
    while over > 0 && pieces.len() >= args + 2 {
        let gone: usize = pieces.drain(pieces.len() - 2..).map(Piece::encoded).sum();
        over = over.saturating_sub(gone);
    }
    flag::TRUNCATED
}

/// The length to which texts are cut to save `over` bytes: like water that is let out, the highest go first.
fn longest(pieces: &[Piece], over: usize) -> usize {
    if over == 0 {
        return usize::MAX;
    }
    let mut lengths: Vec<usize> =
        pieces.iter().filter(|piece| is_text(piece)).map(|piece| piece.len as usize).collect();
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    lengths.push(0);
    let mut saved = 0;
    for at in 1..lengths.len() {
        let step = (lengths[at - 1] - lengths[at]) * at;
        if saved + step >= over {
            return lengths[at - 1] - (over - saved).div_ceil(at);
        }
        saved += step;
    }
    0
}
