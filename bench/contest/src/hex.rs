//! Hashes as text.

/// Bytes in lower-case hexadecimal, as the schema has hashes.
///
/// ```
/// assert_eq!(chatkeep_contest::hex(&[0, 0xab, 0x1f]), "00ab1f");
/// ```
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
