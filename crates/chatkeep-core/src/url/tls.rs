//! Encryption settings, in libpq's, MySQL's, Prisma's and the Python drivers' spelling.

use std::path::PathBuf;

use super::query::{Query, word};
use super::target::{Host, Tls, TlsMode};
use super::wrong;
use crate::Result;

/// The values of `sslmode`. libpq's `allow` would try without encryption first; trying with it first is no worse.
const MODES: &[(&str, TlsMode)] = &[
    ("disable", TlsMode::Disable),
    ("prefer", TlsMode::Prefer),
    ("require", TlsMode::Require),
    ("verify-ca", TlsMode::VerifyCa),
    ("verify-full", TlsMode::VerifyFull),
    ("disabled", TlsMode::Disable),
    ("allow", TlsMode::Prefer),
    ("preferred", TlsMode::Prefer),
    ("required", TlsMode::Require),
    ("no-verify", TlsMode::Require),
    ("verify-identity", TlsMode::VerifyFull),
];

/// Yes and no.
pub(super) const SWITCH: &[(&str, bool)] = &[
    ("true", true),
    ("false", false),
    ("1", true),
    ("0", false),
    ("on", true),
    ("off", false),
    ("yes", true),
    ("no", false),
];

/// A setting that asks for at least, or allows at most, a certain mode.
type Bound = (TlsMode, &'static str);

/// Takes every key about encryption.
pub(super) fn read(query: &mut Query, hosts: &[Host]) -> Result<Tls> {
    let mut at_least: Option<Bound> = None;
    let mut at_most: Option<Bound> = None;
    let asked = asked(query, &mut at_most)?;

    let accept = [("strict", true), ("accept-invalid-certs", false)];
    match query.take_word("sslaccept", &accept)? {
        Some(true) => raise(&mut at_least, (TlsMode::VerifyFull, "sslaccept=strict")),
        Some(false) => lower(&mut at_most, (TlsMode::Require, "sslaccept=accept_invalid_certs")),
        None => {}
    }
    match query.take_word("ssl_verify_cert", SWITCH)? {
        Some(true) => raise(&mut at_least, (TlsMode::VerifyCa, "ssl_verify_cert=true")),
        Some(false) => lower(&mut at_most, (TlsMode::Require, "ssl_verify_cert=false")),
        None => {}
    }
    match query.take_word("ssl_verify_identity", SWITCH)? {
        Some(true) => raise(&mut at_least, (TlsMode::VerifyFull, "ssl_verify_identity=true")),
        Some(false) => lower(&mut at_most, (TlsMode::VerifyCa, "ssl_verify_identity=false")),
        None => {}
    }
    let root_cert = match query.take("sslrootcert") {
        // The public authorities sign for everybody: without the host's name, the check would say nothing.
        Some(root) if root == "system" => {
            raise(&mut at_least, (TlsMode::VerifyFull, "sslrootcert=system"));
            None
        }
        Some(root) => {
            raise(&mut at_least, (TlsMode::VerifyCa, "sslrootcert"));
            Some(PathBuf::from(root))
        }
        None => None,
    };

    let default = default_mode(hosts);
    let mode = match (asked, at_least) {
        (None, None) => default,
        (None, Some((least, _))) => least,
        (Some(asked), Some((_, why))) if asked < TlsMode::Require => {
            let asked = asked.name();
            return Err(wrong(format!(
                "sslmode={asked} never looks at the certificate, but {why} asks for that; write sslmode=verify-full"
            )));
        }
        (Some(asked), least) => least.map_or(asked, |(least, _)| asked.max(least)),
    };
    if let Some((most, why)) = at_most.filter(|(most, _)| mode > *most) {
        return Err(wrong(format!(
            "{why} allows no more than sslmode={}, but another setting asks for {}; keep one of them",
            most.name(),
            mode.name(),
        )));
    }
    if hosts.iter().any(Host::is_unix) && mode >= TlsMode::Require {
        return Err(wrong("a unix socket carries no TLS; leave sslmode and its relatives out"));
    }
    // A preference that cannot be met is no contradiction.
    let mode = if default == TlsMode::Disable { TlsMode::Disable } else { mode };
    Ok(Tls { mode, root_cert })
}

/// What is asked for when a URL says nothing.
pub(super) fn default_mode(hosts: &[Host]) -> TlsMode {
    if hosts.iter().all(Host::is_unix) { TlsMode::Disable } else { TlsMode::Prefer }
}

/// The mode from `sslmode` or `ssl`.
fn asked(query: &mut Query, at_most: &mut Option<Bound>) -> Result<Option<TlsMode>> {
    let unchecked = |value: &str| value.to_ascii_lowercase().replace('_', "-") == "no-verify";
    match (query.take("sslmode"), query.take("ssl")) {
        (Some(_), Some(_)) => Err(wrong("sslmode and ssl say the same thing; keep sslmode")),
        (Some(value), None) => {
            if unchecked(&value) {
                lower(at_most, (TlsMode::Require, "sslmode=no-verify"));
            }
            word("sslmode", &value, MODES).map(Some)
        }
        (None, Some(value)) => {
            let compact: String = value.chars().filter(|c| !c.is_whitespace()).collect();
            match compact.as_str() {
                // How PlanetScale writes it for Node's mysql2.
                r#"{"rejectUnauthorized":true}"# => Ok(Some(TlsMode::VerifyFull)),
                r#"{"rejectUnauthorized":false}"# => {
                    lower(at_most, (TlsMode::Require, "rejectUnauthorized=false"));
                    Ok(Some(TlsMode::Require))
                }
                _ => ssl_word(&compact).map(Some),
            }
        }
        (None, None) => Ok(None),
    }
}

/// `ssl=true` is `sslmode=require`, as in libpq; the modes' names are understood as in asyncpg.
fn ssl_word(value: &str) -> Result<TlsMode> {
    let switch = SWITCH
        .iter()
        .map(|(word, on)| (*word, if *on { TlsMode::Require } else { TlsMode::Disable }));
    let words: Vec<_> = switch.chain(MODES.iter().copied()).collect();
    word("ssl", value, &words)
}

fn raise(bound: &mut Option<Bound>, new: Bound) {
    if bound.is_none_or(|old| new.0 > old.0) {
        *bound = Some(new);
    }
}

fn lower(bound: &mut Option<Bound>, new: Bound) {
    if bound.is_none_or(|old| new.0 < old.0) {
        *bound = Some(new);
    }
}
