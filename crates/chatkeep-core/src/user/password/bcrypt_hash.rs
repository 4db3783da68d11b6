//! bcrypt, in the modular crypt format.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::damaged;
use crate::error::Result;

/// Number of bytes of a password that bcrypt uses, including the NUL after a shorter one.
const KEY: usize = 72;
/// Range of the cost of accepted hashes. The work doubles with each step; 16 takes seconds.
const COSTS: std::ops::RangeInclusive<u32> = 4..=16;

/// Some libraries do not clear the spare bits of the last digit.
const DIGITS: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

struct Parts {
    cost: u32,
    salt: [u8; 16],
    hash: [u8; 23],
}

/// Returns whether a text begins as a bcrypt hash does. `$2x$` marks hashes of a faulty
/// implementation, which are not supported.
pub(super) fn is_bcrypt(hash: &str) -> bool {
    ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| hash.starts_with(prefix))
}

/// Returns whether a password belongs to a hash. Like all implementations of that time, it ignores
/// the bytes of a password after the 72nd.
pub(super) fn verify(password: &[u8], hash: &str) -> Result<bool> {
    let Parts { cost, salt, hash } = parse(hash).ok_or_else(damaged)?;
    let mut key = Zeroizing::new([0; KEY]);
    let used = password.len().min(KEY);
    key[..used].copy_from_slice(&password[..used]);
    let computed = bcrypt::bcrypt(cost, salt, &key[..(used + 1).min(KEY)]);
    Ok(computed[..hash.len()].ct_eq(&hash).into())
}

/// Returns the reason why a hash is not accepted, if there is one.
pub(super) fn objection(hash: &str) -> Option<String> {
    match parse(hash) {
        None => Some("is not a valid bcrypt hash: $2b$, the cost, 22 and 31 characters".to_owned()),
        Some(parts) if !COSTS.contains(&parts.cost) => Some(format!(
            "has the cost {}; it must be between {} and {}",
            parts.cost,
            COSTS.start(),
            COSTS.end()
        )),
        Some(_) => None,
    }
}

fn parse(hash: &str) -> Option<Parts> {
    if !is_bcrypt(hash) || hash.len() != 60 || !hash.is_ascii() || hash.as_bytes()[6] != b'$' {
        return None;
    }
    let cost = hash[4..6].parse().ok().filter(|cost| *cost <= 31)?;
    let (mut salt, mut bytes) = ([0; 16], [0; 23]);
    DIGITS.decode_slice(&hash[7..29], &mut salt).ok().filter(|length| *length == 16)?;
    DIGITS.decode_slice(&hash[29..], &mut bytes).ok().filter(|length| *length == 23)?;
    Some(Parts { cost, salt, hash: bytes })
}
