//! Base 62 encoding, whose digits need no escaping in any context.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Encodes a big-endian number of `BYTES` bytes as `WIDTH` digits, with leading zeros.
pub(super) fn encode<const BYTES: usize, const WIDTH: usize>(number: [u8; BYTES]) -> [u8; WIDTH] {
    let mut rest = number;
    let mut digits = [DIGITS[0]; WIDTH];
    for digit in digits.iter_mut().rev() {
        // Long division of the number by 62; the remainder is the next digit.
        let mut remainder = 0_usize;
        for byte in &mut rest {
            let dividend = remainder << 8 | usize::from(*byte);
            *byte = (dividend / 62) as u8;
            remainder = dividend % 62;
        }
        *digit = DIGITS[remainder];
    }
    debug_assert!(rest.iter().all(|byte| *byte == 0), "the number does not fit in WIDTH digits");
    digits
}

/// Returns whether the text consists of base 62 digits.
pub(super) fn is_base62(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn numbers_are_encoded_with_leading_zeros() {
        assert_eq!(&encode([0]), b"000");
        assert_eq!(&encode([61]), b"0z");
        assert_eq!(&encode([62]), b"10");
        assert_eq!(&encode([255; 4]), b"4gfFC3");
        assert_eq!(encode::<32, 43>([255; 32])[..2], *b"yh");
    }
}
