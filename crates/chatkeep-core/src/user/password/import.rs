//! Hashes that another program created.

use super::{MAX_HASH, PasswordHash, PasswordScheme, argon2id, bcrypt_hash, flask_security};
use crate::error::{Error, Result};
use crate::value::Secret;

const FIELD: &str = "password_hash";

/// Checks a hash of another program, and returns it for storage.
///
/// Without a scheme, it is determined by the hash. Hashes of Flask-Security look like other hashes,
/// so their scheme must be given.
///
/// # Errors
/// `InvalidInput` with the field `password_hash` when the hash has an unknown format, does not
/// belong to the scheme, or takes too long to check. The message does not contain it.
pub fn import_hash(
    hash: &Secret,
    scheme: Option<PasswordScheme>,
    salt: Option<&Secret>,
) -> Result<PasswordHash> {
    let hash = hash.expose();
    let is_bcrypt = bcrypt_hash::is_bcrypt(hash);
    let shape = if is_bcrypt {
        PasswordScheme::Bcrypt
    } else if hash.starts_with("$argon2") {
        PasswordScheme::Argon2id
    } else {
        return Err(refused("is not a bcrypt hash ($2b$…) or an Argon2 hash ($argon2id$…)"));
    };
    let scheme = scheme.unwrap_or(shape);
    if scheme != shape && scheme != PasswordScheme::FlaskSecurity {
        return Err(refused(format!("is not a hash of the scheme {}", scheme.name())));
    }
    if hash.len() > MAX_HASH {
        return Err(refused(format!("has more than {MAX_HASH} characters")));
    }
    let objection =
        if is_bcrypt { bcrypt_hash::objection(hash) } else { argon2id::objection(hash) };
    if let Some(objection) = objection {
        return Err(refused(objection));
    }
    let pepper_id =
        salt.filter(|_| scheme == PasswordScheme::FlaskSecurity).map(flask_security::pepper_id);
    Ok(PasswordHash { scheme, hash: hash.to_owned(), pepper_id })
}

fn refused(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid_input(FIELD, message)
}
