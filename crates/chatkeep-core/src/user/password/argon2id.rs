//! Argon2, in the PHC string format.

use argon2::password_hash::Error as HashError;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

use super::damaged;
use crate::error::{Error, Result};
use crate::token::random_bytes;

/// Memory in KiB, passes and lanes of new hashes, which OWASP's Password Storage Cheat Sheet
/// recommends as the minimum.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Maximum memory of an imported hash, in KiB, and maximum memory written by all passes: about two
/// seconds.
const MAX_MEMORY: u32 = 256 * 1024;
const MAX_WORK: u64 = 4 << 20;
const MAX_LANES: u32 = 64;

/// A hash of 32 random bytes that were not kept.
pub(super) const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$uD8IPLPzGVXqRQgMOZVS9Q\
     $ljL24DQziNe/u+mbDxLWA3q8WAdDEfb6JSzTWvplK3s";

/// Returns the hash of a password with a random salt.
pub(super) fn hash(password: &[u8]) -> Result<String> {
    let failed = |error: String| Error::internal(format!("cannot hash the password: {error}"));
    let params =
        Params::new(MEMORY, PASSES, LANES, None).map_err(|error| failed(error.to_string()))?;
    let salt = random_bytes::<16>()?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(password, &salt)
        .map(|hash: PasswordHash| hash.to_string())
        .map_err(|error| failed(error.to_string()))
}

/// Returns whether a password belongs to a hash.
pub(super) fn verify(password: &[u8], hash: &str) -> Result<bool> {
    let parsed = PasswordHash::new(hash).map_err(|_| damaged())?;
    // The algorithm, the version and the parameters are those of the hash.
    match Argon2::default().verify_password(password, &parsed) {
        Ok(()) => Ok(true),
        Err(HashError::PasswordInvalid) => Ok(false),
        Err(HashError::OutOfMemory) => {
            Err(Error::internal("not enough memory to check the password"))
        }
        Err(_) => Err(damaged()),
    }
}

/// Returns whether a hash is weaker than a new one.
pub(super) fn is_outdated(hash: &str) -> bool {
    let Some((algorithm, version, params)) = parse(hash) else { return true };
    algorithm != Algorithm::Argon2id
        || version != Version::V0x13
        || work(&params) < u64::from(MEMORY) * u64::from(PASSES)
}

/// Returns the reason why a hash is not accepted, if there is one.
pub(super) fn objection(hash: &str) -> Option<String> {
    let Some((_, _, params)) = parse(hash) else {
        return Some("is not a valid Argon2 hash in the PHC format".to_owned());
    };
    let is_cheap =
        params.m_cost() <= MAX_MEMORY && params.p_cost() <= MAX_LANES && work(&params) <= MAX_WORK;
    (!is_cheap).then(|| {
        format!(
            "has parameters that take too long to check; the maximum is m={MAX_MEMORY}, \
             m × t = {MAX_WORK} and p={MAX_LANES}"
        )
    })
}

fn parse(hash: &str) -> Option<(Algorithm, Version, Params)> {
    let parsed = PasswordHash::new(hash).ok()?;
    let (_, _) = (parsed.salt.as_ref()?, parsed.hash.as_ref()?);
    let algorithm = Algorithm::new(parsed.algorithm.as_str()).ok()?;
    // Version 1.0 of Argon2 wrote none, and the library assumes the current one.
    let version = Version::try_from(parsed.version?).ok()?;
    Some((algorithm, version, Params::try_from(&parsed).ok()?))
}

fn work(params: &Params) -> u64 {
    u64::from(params.m_cost()) * u64::from(params.t_cost())
}
