//! Addresses of providers.

use std::net::Ipv6Addr;

use percent_encoding::percent_decode_str;

use super::config::names_secret;
use crate::error::{Error, Result};
use crate::value::check_nonempty_name;

const FIELD: &str = "base_url";
/// Maximum length, in characters.
const MAX_LENGTH: usize = 2_048;
/// Further names of parameters that contain a secret.
const SECRET_PARAMETERS: &[&str] = &["key", "sig", "signature"];

/// Validates an address: `http` or `https`, a host, and no secret. The errors do not show it.
///
/// # Errors
/// `InvalidInput` with the field `base_url`.
pub(super) fn check_base_url(url: &str) -> Result<()> {
    check_nonempty_name(FIELD, url, MAX_LENGTH)?;
    if !url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
        return invalid("contains a character that URLs do not allow; encode it as %xx");
    }
    let is_http =
        |scheme: &str| scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let Some((_, rest)) = url.split_once("://").filter(|(scheme, _)| is_http(scheme)) else {
        return invalid("must begin with https:// or http://");
    };
    if rest.contains('#') {
        return invalid("must not contain a fragment (#)");
    }
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = address.split('/').next().unwrap_or_default();
    if authority.contains('@') {
        return invalid("must not contain a user name or a password; store them as credentials");
    }
    check_host_and_port(authority)?;
    // Some servers separate parameters with semicolons.
    let pairs = query.split(['&', ';']);
    let mut parameters = pairs.map(|pair| pair.split('=').next().unwrap_or_default());
    if parameters.any(is_secret_parameter) {
        return invalid("must not contain a secret in its query; store it as a credential");
    }
    Ok(())
}

fn check_host_and_port(authority: &str) -> Result<()> {
    let (is_host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').unwrap_or(("", ""));
            (address.parse::<Ipv6Addr>().is_ok(), port)
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            let (host, port) = authority.split_at(end);
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            (!host.is_empty() && host.bytes().all(is_allowed), port)
        }
    };
    if !is_host {
        return invalid("must contain a host, such as https://api.example.org/v1");
    }
    let is_port = |digits: &str| {
        digits.bytes().all(|byte| byte.is_ascii_digit())
            && digits.parse::<u16>().is_ok_and(|port| port > 0)
    };
    if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
        return invalid("has an invalid port; it must be between 1 and 65535");
    }
    Ok(())
}

fn is_secret_parameter(name: &str) -> bool {
    let name = percent_decode_str(name).decode_utf8_lossy();
    names_secret(&name) || SECRET_PARAMETERS.iter().any(|other| name.eq_ignore_ascii_case(other))
}

fn invalid(message: &'static str) -> Result<()> {
    Err(Error::invalid_input(FIELD, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_providers_are_valid() {
        for url in [
            "https://api.openai.com/v1",
            "HTTP://localhost:11434",
            "http://127.0.0.1:8000/",
            "http://[::1]:8080/v1",
            "https://[2001:db8::1]",
            "https://my_host.internal/a%20b",
            "https://x.openai.azure.com/openai?api-version=2024-10-21",
            "https://a.example:65535",
        ] {
            assert!(check_base_url(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn invalid_addresses_and_secrets_are_rejected_without_being_shown() {
        let long = format!("https://a/{}", "a".repeat(2_048));
        for url in [
            "",
            "api.openai.com",
            "ftp://a.example",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https:/a.example",
            "https://",
            "https:///v1",
            "https://:443",
            "https://?a=b",
            "https://user:hunter2@a.example",
            "https://hunter2@a.example/v1",
            "https://a.example\\@hunter2",
            "https://a.example:0",
            "https://a.example:65536",
            "https://a.example:+80",
            "https://a.example:",
            "https://a.example:80:80",
            "https://[::1",
            "https://[::1]x",
            "https://[hunter2]",
            "https://a b.example",
            "https://a.example\0",
            "https://a.example\n",
            "https://ä.example",
            "https://a.example/#hunter2",
            "https://a.example?api_key=hunter2",
            "https://a.example?a=1&ACCESS%5Ftoken=hunter2",
            "https://a.example?Key=hunter2",
            "https://a.example?a=1;api_key=hunter2",
            "https://a.example?api_keys=hunter2",
            "https://hunter2%40a.example",
            "https://user:hunter2%40a.example",
            &long,
        ] {
            let error = check_base_url(url).unwrap_err();
            assert_eq!(error.field(), Some("base_url"), "{url:?}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
