//! One character at a time out of bytes that may be anything.

/// What stands at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A Unicode scalar value.
    Scalar(u32),
    /// A lone surrogate in its three-byte form.
    Surrogate(u32),
    /// A byte that begins no valid sequence.
    Byte(u8),
}

/// The unit at the start of `bytes` and the bytes it takes, at least one. Empty input reads as one NUL.
#[inline]
pub(crate) fn next(bytes: &[u8]) -> (Unit, usize) {
    let first = bytes.first().copied().unwrap_or(0);
    let trail = |at: usize| bytes.get(at).filter(|b| **b & 0xC0 == 0x80).map(|b| u32::from(b & 0x3F));
    match first {
        0..=0x7F => return (Unit::Scalar(u32::from(first)), 1),
        0xC2..=0xDF => {
            if let Some(b) = trail(1) {
                return (Unit::Scalar(u32::from(first & 0x1F) << 6 | b), 2);
            }
        }
        0xE0..=0xEF => {
            if let (Some(b), Some(c)) = (trail(1), trail(2)) {
                let code = u32::from(first & 0x0F) << 12 | b << 6 | c;
                match code {
                    0xD800..=0xDFFF => return (Unit::Surrogate(code), 3),
                    0x800.. => return (Unit::Scalar(code), 3),
                    _ => {}
                }
            }
        }
        0xF0..=0xF4 => {
            if let (Some(b), Some(c), Some(d)) = (trail(1), trail(2), trail(3)) {
                let code = u32::from(first & 0x07) << 18 | b << 12 | c << 6 | d;
                if (0x1_0000..=0x10_FFFF).contains(&code) {
                    return (Unit::Scalar(code), 4);
                }
            }
        }
        _ => {}
    }
    (Unit::Byte(first), 1)
}

/// Iterator over the units of `text`, each with the bytes it was read from.
pub(crate) fn units(text: &[u8]) -> impl Iterator<Item = (Unit, &[u8])> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (unit, used) = next(rest);
        let (raw, after) = rest.split_at(used);
        rest = after;
        Some((unit, raw))
    })
}

/// Characters in `text` as Python counts them; an invalid byte counts as one.
pub(crate) fn count(text: &[u8]) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        units(text).count()
    }
}

/// The first `chars` characters of `text`.
pub(crate) fn prefix(text: &[u8], chars: usize) -> &[u8] {
    let bytes = units(text).take(chars).map(|(_, raw)| raw.len()).sum();
    &text[..bytes]
}

/// `bytes` as text: what is no UTF-8 as the four characters `\xNN`, as Python's `decode("utf-8", "backslashreplace")`.
pub(crate) fn decoded(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for (unit, raw) in units(bytes) {
        match unit {
            Unit::Scalar(_) => out.extend_from_slice(raw),
            // In bytes a surrogate is no character.
            Unit::Surrogate(_) | Unit::Byte(_) => {
                raw.iter().for_each(|byte| out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()));
            }
        }
    }
    out
}

/// Appends code point `code` as UTF-8, a surrogate in its three-byte form.
pub(crate) fn push(code: u32, out: &mut Vec<u8>) {
    let low = |shift: u32| 0x80 | (code >> shift & 0x3F) as u8;
    match code {
        0..=0x7F => out.push(code as u8),
        0x80..=0x7FF => out.extend_from_slice(&[0xC0 | (code >> 6) as u8, low(0)]),
        0x800..=0xFFFF => out.extend_from_slice(&[0xE0 | (code >> 12) as u8, low(6), low(0)]),
        _ => out.extend_from_slice(&[0xF0 | (code >> 18 & 7) as u8, low(12), low(6), low(0)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Valid UTF-8 reads as its characters, everything else byte by byte, and nothing is skipped.
    #[test]
    fn every_byte_is_accounted_for() {
        let valid = "aß日😀\u{10FFFF}";
        let read: Vec<Unit> = units(valid.as_bytes()).map(|(unit, _)| unit).collect();
        assert_eq!(valid.chars().map(|c| Unit::Scalar(c as u32)).collect::<Vec<_>>(), read);
        assert_eq!((Unit::Surrogate(0xD800), 3), next(b"\xED\xA0\x80"));
        for bad in
            [&b"\x80"[..], b"\xC0\x80", b"\xE0\x80\x80", b"\xF0\x80\x80\x80", b"\xF4\x90\x80\x80", b"\xC3", b"\xFF"]
        {
            assert_eq!((Unit::Byte(bad[0]), 1), next(bad), "{bad:x?}");
        }
    }

    /// A code point written and read again is the same one.
    #[test]
    fn push_and_next_agree() {
        for code in (0..0x11_0000).step_by(37).chain([0x7F, 0x80, 0x7FF, 0x800, 0xD800, 0xDFFF, 0xFFFF, 0x1_0000]) {
            let mut out = Vec::new();
            push(code, &mut out);
            let expected = if (0xD800..0xE000).contains(&code) { Unit::Surrogate(code) } else { Unit::Scalar(code) };
            assert_eq!((expected, out.len()), next(&out));
        }
    }
}
