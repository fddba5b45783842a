//! Record ids: UUID version 8, sortable by time, unique by producer and sequence.

/// Bytes of an id as text.
pub(crate) const ID_BYTES: usize = 36;
/// The bits of a sequence that an id holds.
const SEQUENCE_MASK: u32 = 0x0FFF_FFFF;

/// The record's id: a UUID of version 8 from 48 bits of milliseconds, 12 bits of their fraction, 34 bits of the
/// producer's number and the 28 low bits of the sequence.
#[must_use]
pub fn id(ns: u64, producer: u64, sequence: u64) -> [u8; 16] {
    let (high, low) = halves(ns, producer, sequence);
    (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
}

/// The first 13 characters of an id, which only its millisecond decides.
pub(crate) fn ms_digits(ms: u64) -> [u8; 13] {
    let mut text = [b'-'; 13];
    text[..8].copy_from_slice(&hex((ms >> 16) as u32));
    text[9..].copy_from_slice(&hex(ms as u32)[4..]);
    text
}

/// Characters 14 to 18: the version and the fraction of the millisecond, `ns` nanoseconds.
#[inline(always)]
pub(crate) fn fraction_digits(ns: u64) -> [u8; 4] {
    let [.., a, b, c, d] = hex(0x8000 | fraction(ns) as u32);
    [a, b, c, d]
}

/// Characters 19 to 29: the variant and the producer.
pub(crate) fn source_digits(producer: u64) -> [u8; 10] {
    let (_, low) = halves(0, producer, 0);
    let digits = hex((low >> 32) as u32);
    let mut text = [b'-'; 10];
    text[..4].copy_from_slice(&digits[..4]);
    text[5..9].copy_from_slice(&digits[4..]);
    text[9] = hex(low as u32)[0];
    text
}

/// Characters 29 to 36, the sequence; one more digit, which belongs to the producer, stands before them.
#[inline(always)]
pub(crate) fn sequence_digits(sequence: u64) -> [u8; 8] {
    hex(sequence as u32 & SEQUENCE_MASK)
}

/// A millisecond in 4096 parts; below a million nanoseconds this cannot reach 4096.
#[inline(always)]
fn fraction(ns: u64) -> u64 {
    (ns << 12) / 1_000_000
}

fn halves(ns: u64, producer: u64, sequence: u64) -> (u64, u64) {
    let high = (ns / 1_000_000) << 16 | 0x8000 | fraction(ns % 1_000_000);
    let low = 0b10 << 62 | (producer & 0x3_FFFF_FFFF) << 28 | sequence & u64::from(SEQUENCE_MASK);
    (high, low)
}

/// Eight hex digits, all at once: nibbles spread over bytes, then turned into letters.
#[inline(always)]
fn hex(value: u32) -> [u8; 8] {
    let mut x = u64::from(value);
    x = (x << 16 | x) & 0x0000_FFFF_0000_FFFF;
    x = (x << 8 | x) & 0x00FF_00FF_00FF_00FF;
    x = (x << 4 | x) & 0x0F0F_0F0F_0F0F_0F0F;
    // 10 and above carry into the high nibble when 6 is added.
    let letters = (x + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    (x + 0x3030_3030_3030_3030 + letters * 0x27).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text is the bytes in hex, in groups, with version and variant in place.
    #[test]
    fn text_and_bytes_agree() {
        for (ns, producer, sequence) in
            [(0, 0, 0), (1_768_473_045_123_456_789, 0x2_3456_789A, 0x0FED_CBA9), (u64::MAX, u64::MAX, u64::MAX)]
        {
            let bytes: String = id(ns, producer, sequence).iter().map(|byte| format!("{byte:02x}")).collect();
            let mut text = [b'-'; ID_BYTES];
            text[..13].copy_from_slice(&ms_digits(ns / 1_000_000));
            text[14..18].copy_from_slice(&fraction_digits(ns % 1_000_000));
            text[28..].copy_from_slice(&sequence_digits(sequence));
            text[19..29].copy_from_slice(&source_digits(producer));
            let text = String::from_utf8_lossy(&text).into_owned();
            assert_eq!(bytes, text.replace('-', ""));
            assert_eq!(vec![8, 4, 4, 4, 12], text.split('-').map(str::len).collect::<Vec<_>>());
            assert_eq!(Some('8'), text.chars().nth(14));
            assert!(matches!(text.chars().nth(19), Some('8'..='b')));
        }
    }

    /// Ids of one producer sort by time, then by sequence.
    #[test]
    fn ids_sort_by_time() {
        let base = 1_768_473_045_123_456_789;
        let ids = [id(base, 7, 9), id(base, 7, 10), id(base + 300, 7, 3), id(base + 1_000_000, 1, 0)];
        assert!(ids.is_sorted());
    }
}
