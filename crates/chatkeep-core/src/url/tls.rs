//! TLS settings with the keys of libpq, MySQL, Prisma and the Python drivers.

use std::path::PathBuf;

use super::query::{Query, parse_choice};
use super::target::{Host, Tls, TlsMode};
use super::wrong;
use crate::Result;

/// The values of `sslmode`. libpq's `allow` first tries without encryption; trying with encryption
/// first is at least as secure.
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

/// The values of Boolean keys.
pub(super) const BOOLEANS: &[(&str, bool)] = &[
    ("true", true),
    ("false", false),
    ("1", true),
    ("0", false),
    ("on", true),
    ("off", false),
    ("yes", true),
    ("no", false),
];

/// A minimum or maximum mode, and the setting that requires it.
type Bound = (TlsMode, &'static str);

/// Reads all keys about TLS.
pub(super) fn read(query: &mut Query, hosts: &[Host]) -> Result<Tls> {
    let mut at_least: Option<Bound> = None;
    let mut at_most: Option<Bound> = None;
    let requested = requested_mode(query, &mut at_most)?;

    let accept = [("strict", true), ("accept-invalid-certs", false)];
    match query.take_choice("sslaccept", &accept)? {
        Some(true) => raise(&mut at_least, (TlsMode::VerifyFull, "sslaccept=strict")),
        Some(false) => lower(&mut at_most, (TlsMode::Require, "sslaccept=accept_invalid_certs")),
        None => {}
    }
    match query.take_choice("ssl_verify_cert", BOOLEANS)? {
        Some(true) => raise(&mut at_least, (TlsMode::VerifyCa, "ssl_verify_cert=true")),
        Some(false) => lower(&mut at_most, (TlsMode::Require, "ssl_verify_cert=false")),
        None => {}
    }
    match query.take_choice("ssl_verify_identity", BOOLEANS)? {
        Some(true) => raise(&mut at_least, (TlsMode::VerifyFull, "ssl_verify_identity=true")),
        Some(false) => lower(&mut at_most, (TlsMode::VerifyCa, "ssl_verify_identity=false")),
        None => {}
    }
    let root_cert = match query.take("sslrootcert") {
        // Public authorities sign certificates for any host, so verifying the certificate without
        // the host's name would be useless.
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
    let mode = match (requested, at_least) {
        (None, None) => default,
        (None, Some((minimum, _))) => minimum,
        (Some(requested), Some((_, setting))) if requested < TlsMode::Require => {
            let requested = requested.name();
            return Err(wrong(format!(
                "sslmode={requested} does not verify the certificate, but {setting} requires it; \
                 set sslmode=verify-full"
            )));
        }
        (Some(requested), minimum) => {
            minimum.map_or(requested, |(minimum, _)| requested.max(minimum))
        }
    };
    if let Some((maximum, setting)) = at_most.filter(|(maximum, _)| mode > *maximum) {
        return Err(wrong(format!(
            "{setting} allows at most sslmode={}, but another setting requires {}; remove one of \
             them",
            maximum.name(),
            mode.name(),
        )));
    }
    if hosts.iter().any(Host::is_unix) && mode >= TlsMode::Require {
        return Err(wrong(
            "a unix socket does not support TLS; remove sslmode and the other TLS settings",
        ));
    }
    // An unmet preference is not a contradiction.
    let mode = if default == TlsMode::Disable { TlsMode::Disable } else { mode };
    Ok(Tls { mode, root_cert })
}

/// Returns the mode for a URL without TLS settings.
pub(super) fn default_mode(hosts: &[Host]) -> TlsMode {
    if hosts.iter().all(Host::is_unix) { TlsMode::Disable } else { TlsMode::Prefer }
}

/// Returns the mode from `sslmode` or `ssl`.
fn requested_mode(query: &mut Query, at_most: &mut Option<Bound>) -> Result<Option<TlsMode>> {
    let is_no_verify = |value: &str| value.to_ascii_lowercase().replace('_', "-") == "no-verify";
    match (query.take("sslmode"), query.take("ssl")) {
        (Some(_), Some(_)) => Err(wrong("sslmode and ssl set the same option; keep only sslmode")),
        (Some(value), None) => {
            if is_no_verify(&value) {
                lower(at_most, (TlsMode::Require, "sslmode=no-verify"));
            }
            parse_choice("sslmode", &value, MODES).map(Some)
        }
        (None, Some(value)) => {
            let compact: String = value.chars().filter(|c| !c.is_whitespace()).collect();
            match compact.as_str() {
                // PlanetScale's format for Node's mysql2.
                r#"{"rejectUnauthorized":true}"# => Ok(Some(TlsMode::VerifyFull)),
                r#"{"rejectUnauthorized":false}"# => {
                    lower(at_most, (TlsMode::Require, "rejectUnauthorized=false"));
                    Ok(Some(TlsMode::Require))
                }
                _ => parse_ssl(&compact).map(Some),
            }
        }
        (None, None) => Ok(None),
    }
}

/// Parses the value of `ssl`: `true` is `sslmode=require`, as in libpq, and the modes' names are
/// accepted, as in asyncpg.
fn parse_ssl(value: &str) -> Result<TlsMode> {
    let booleans = BOOLEANS
        .iter()
        .map(|(name, on)| (*name, if *on { TlsMode::Require } else { TlsMode::Disable }));
    let choices: Vec<_> = booleans.chain(MODES.iter().copied()).collect();
    parse_choice("ssl", value, &choices)
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
