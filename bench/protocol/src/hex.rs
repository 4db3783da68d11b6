//! Hexadecimal text.

/// Formats bytes as lower-case hexadecimal digits, the form in which the schema stores hashes.
///
/// ```
/// assert_eq!(chatkeep_bench_protocol::hex(&[0, 0xab, 0x1f]), "00ab1f");
/// ```
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
