//! Digits of numbers as logs have them: small, or with a few places after the point.

/// Ten to the power of the places that [`decimal`] knows.
const SCALE: f64 = 1e6;

/// The digits of a number below 10^8, first digit lowest, and how many they are; the sign is left out.
#[inline(always)]
pub(crate) fn short(value: i64) -> Option<([u8; 8], usize)> {
    let size = value.unsigned_abs();
    if size >= 100_000_000 {
        return None;
    }
    let digits = eight(size as u32);
    // Zero has a digit too.
    let leading = (digits | 1 << 63).trailing_zeros() / 8;
    Some((((digits + ZEROS) >> (leading * 8)).to_le_bytes(), 8 - leading as usize))
}

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Eight decimal digits, one a byte, the first one lowest: halved again and again, all parts at once.
#[inline(always)]
fn eight(value: u32) -> u64 {
    let (high, low) = (value / 10_000, value % 10_000);
    let fours = u64::from(high) | u64::from(low) << 32;
    // A hundredth by multiplication: exact below ten thousand.
    let hundreds = (fours * 10_486) >> 20 & 0x0000_007F_0000_007F;
    let twos = hundreds | (fours - hundreds * 100) << 16;
    let tens = (twos * 103) >> 10 & 0x000F_000F_000F_000F;
    tens | (twos - tens * 10) << 8
}

/// The text of a float that is a decimal number of at most six places after the point and nine before it.
///
/// Such a number has at most 15 digits, and no two decimals of 15 digits are the same double. So where the number of
/// millionths, divided by a million, is the value again, its digits are the shortest ones that are, as `repr` wants.
#[inline(always)]
pub(crate) fn decimal(value: f64) -> Option<([u8; 24], usize)> {
    let size = value.abs();
    // Below a ten thousandth `repr` takes the form with an exponent.
    if !(1e-4..1e8).contains(&size) {
        return None;
    }
    let millionths = (size * SCALE).round_ties_even();
    if millionths / SCALE != size {
        return None;
    }
    let millionths = millionths as u64;
    let (whole, rest) = (millionths / 1_000_000, (millionths % 1_000_000) as u32);
    let (digits, len) = short(whole as i64)?;
    let mut text = [b'-'; 24];
    let negative = usize::from(value < 0.0);
    text[negative..negative + 8].copy_from_slice(&digits);
    let point = negative + len;
    text[point] = b'.';
    // Two leading zeros are in the way, and zeros at the end are not written; one digit is.
    let places = eight(rest) >> 16;
    text[point + 1..point + 9].copy_from_slice(&(places + ZEROS).to_le_bytes());
    let count = (8 - (places | 1).leading_zeros() as usize / 8).max(1);
    Some((text, point + 1 + count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: f64) -> Option<String> {
        decimal(value).map(|(text, len)| String::from_utf8_lossy(&text[..len]).into_owned())
    }

    /// The form of a few, and what is left to the general way.
    #[test]
    fn decimals_have_their_shortest_form() {
        let known = [
            (0.25, "0.25"),
            (-3.0, "-3.0"),
            (0.0001, "0.0001"),
            (12.000001, "12.000001"),
            (99_999_999.5, "99999999.5"),
        ];
        for (value, expected) in known {
            assert_eq!(Some(expected.to_owned()), text(value));
        }
        for value in [0.0, -0.0, 0.1 + 0.2, 1e8, 0.00009, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, 1.0 / 3.0] {
            assert_eq!(None, text(value));
        }
    }

    proptest! {
        /// Where there is a short form, it is the one of the general way.
        #[test]
        fn decimals_agree_with_the_general_way(places in 0..8, number in -1_000_000_000_i64..1_000_000_000) {
            let value = number as f64 / 10_f64.powi(places);
            if let Some(text) = text(value) {
                let mut buffer = zmij::Buffer::new();
                prop_assert_eq!(buffer.format_finite(value), text);
            }
        }

        /// Digits are those of the number.
        #[test]
        fn digits_are_right(value in 0..100_000_000_i64) {
            let (digits, len) = short(value).expect("below the limit");
            let expected = value.to_string();
            prop_assert_eq!(expected.as_bytes(), &digits[..len]);
        }
    }
}
