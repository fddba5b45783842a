//! Whether bytes stand in JSON and in human text as they are: printable ASCII without `"` and `\`.
//!
//! Found out sixteen at a time, while they are copied. Loops over arrays, not intrinsics: the compiler makes vector
//! instructions of them, and its output was read.

/// Copies at most 32 bytes to a place of the same length and says whether all are clean.
///
/// Two blocks that overlap cover every length from 2 on.
#[inline(always)]
pub(super) fn copy_short(from: &[u8], to: &mut [u8]) -> bool {
    if let (Some(a), Some(b), Some(t)) = (from.first_chunk::<16>(), from.last_chunk::<16>(), to.first_chunk_mut()) {
        *t = *a;
        if let Some(t) = to.last_chunk_mut() {
            *t = *b;
        }
        return all_clean(closer(distance(a), distance(b)));
    }
    let mut block = [b'x'; 16];
    if let (Some(a), Some(b), Some(t)) = (from.first_chunk::<8>(), from.last_chunk::<8>(), to.first_chunk_mut()) {
        *t = *a;
        if let Some(t) = to.last_chunk_mut() {
            *t = *b;
        }
        block[..8].copy_from_slice(a);
        block[8..].copy_from_slice(b);
        return clean_block(&block);
    }
    if let (Some(a), Some(b), Some(t)) = (from.first_chunk::<4>(), from.last_chunk::<4>(), to.first_chunk_mut()) {
        *t = *a;
        if let Some(t) = to.last_chunk_mut() {
            *t = *b;
        }
        block[..4].copy_from_slice(a);
        block[4..8].copy_from_slice(b);
        return clean_block(&block);
    }
    if let (Some(a), Some(b), Some(t)) = (from.first_chunk::<2>(), from.last_chunk::<2>(), to.first_chunk_mut()) {
        *t = *a;
        if let Some(t) = to.last_chunk_mut() {
            *t = *b;
        }
        return is_clean(a[0]) & is_clean(a[1]) & is_clean(b[1]);
    }
    if let (Some(f), Some(t)) = (from.first(), to.first_mut()) {
        *t = *f;
        return is_clean(*f);
    }
    true
}

/// Copies 16 bytes or more and says whether all are clean.
#[inline(never)]
pub(super) fn copy_long(from: &[u8], to: &mut [u8]) -> bool {
    let mut closest = [u8::MAX; 16];
    // The last block overlaps the one before it.
    if let (Some(block), Some(target)) = (from.last_chunk::<16>(), to.last_chunk_mut::<16>()) {
        *target = *block;
        closest = distance(block);
    }
    let (mut rest, mut target) = (from, to);
    while let (Some((block, after)), Some((room, beyond))) =
        (rest.split_first_chunk::<16>(), target.split_first_chunk_mut::<16>())
    {
        *room = *block;
        closest = closer(closest, distance(block));
        (rest, target) = (after, beyond);
    }
    all_clean(closest)
}

/// Whether 16 bytes are clean.
#[inline(always)]
pub(super) fn clean_block(block: &[u8; 16]) -> bool {
    all_clean(distance(block))
}

/// Whether the first `len` bytes of a block are clean, 16 at most.
#[inline(always)]
pub(super) fn clean_part(block: &[u8; 16], len: usize) -> bool {
    /// Row `len` takes the bytes from `len` on out of the question. There are rows for more than is asked for: in
    /// fewer the last byte would be the same in all, and the compiler would treat 15 bytes, one by one.
    const BEYOND: [[u8; 16]; 32] = {
        let mut rows = [[0; 16]; 32];
        let mut len = 0;
        while len < 16 {
            let mut at = len;
            while at < 16 {
                rows[len][at] = u8::MAX;
                at += 1;
            }
            len += 1;
        }
        rows
    };
    all_clean(farther(distance(block), BEYOND[len & 31]))
}

/// How far each byte is from one that is not clean; zero says that it is such a byte.
///
/// Distances and minima instead of comparisons: the compiler turns these loops into a dozen vector instructions,
/// which it does for no form with booleans.
#[inline(always)]
fn distance(block: &[u8; 16]) -> [u8; 16] {
    let mut out = [0; 16];
    for (far, &byte) in out.iter_mut().zip(block) {
        let from_range = 0x5Fu8.saturating_sub(byte.wrapping_sub(0x20));
        *far = (byte ^ b'"').min(byte ^ b'\\').min(from_range);
    }
    out
}

#[inline(always)]
fn closer(mut a: [u8; 16], b: [u8; 16]) -> [u8; 16] {
    for (a, b) in a.iter_mut().zip(b) {
        *a = (*a).min(b);
    }
    a
}

#[inline(always)]
fn farther(mut a: [u8; 16], b: [u8; 16]) -> [u8; 16] {
    for (a, b) in a.iter_mut().zip(b) {
        *a = (*a).max(b);
    }
    a
}

#[inline(always)]
fn all_clean(distances: [u8; 16]) -> bool {
    let mut hit = false;
    for far in distances {
        hit |= far == 0;
    }
    !hit
}

/// Bytes at the start of `text` that are clean.
#[inline(always)]
pub(super) fn clean_run(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some((block, after)) = rest.split_first_chunk::<16>() {
        if !clean_block(block) {
            break;
        }
        rest = after;
    }
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        let hits = dirty(u64::from_le_bytes(*word));
        if hits != 0 {
            return text.len() - rest.len() + (hits.trailing_zeros() / 8) as usize;
        }
        rest = after;
    }
    text.len() - rest.len() + rest.iter().take_while(|byte| is_clean(**byte)).count()
}

/// The high bit of each byte that is not clean; right up to the lowest one, which is all that is asked.
#[inline(always)]
fn dirty(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let below = |limit: u64| word.wrapping_sub(ONES * limit) & !word;
    let equal = |byte: u64| {
        let x = word ^ (ONES * byte);
        x.wrapping_sub(ONES) & !x
    };
    (below(0x20) | equal(0x22) | equal(0x5C) | equal(0x7F) | word) & HIGH
}

/// Whether a byte stands in JSON and in human text as it is: printable ASCII without `"` and `\`.
#[inline(always)]
pub(super) fn is_clean(byte: u8) -> bool {
    !((byte.wrapping_sub(0x20) >= 0x5F) | (byte == b'"') | (byte == b'\\'))
}
