//! The hosts of a server: names, addresses and unix sockets, single or in a list, with and without
//! ports.
//!
//! No error in this module shows its input: if a password's `@` or `/` is not encoded, parts of the
//! password are parsed as a host.

use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

use super::encoding::decode;
use super::target::Host;
use super::wrong;
use crate::{Engine, Result};

/// A host before a missing port is filled in.
pub(super) struct ParsedHost {
    endpoint: Endpoint,
    port: Option<u16>,
}

enum Endpoint {
    Tcp(String),
    Unix(PathBuf),
}

impl ParsedHost {
    /// Parses the path of a unix socket.
    pub(super) fn unix(path: &str, engine: Engine) -> Result<Self> {
        if !path.starts_with('/') {
            return Err(wrong("the path of a unix socket must start with /"));
        }
        let path = Path::new(path);
        // PostgreSQL's clients expect the folder, pg8000 the socket in it.
        let socket_port =
            path.file_name().and_then(|name| name.to_str()?.strip_prefix(".s.PGSQL."));
        match (engine, socket_port, path.parent()) {
            (Engine::PostgreSql, Some(socket_port), Some(folder)) => Ok(Self {
                endpoint: Endpoint::Unix(folder.to_owned()),
                port: Some(port(socket_port)?),
            }),
            _ => Ok(Self { endpoint: Endpoint::Unix(path.to_owned()), port: None }),
        }
    }

    /// Replaces `localhost` before the `?` by the sockets that the query names, because some
    /// programs require a host there. A port next to it applies to the sockets. Any other host is
    /// an error.
    pub(super) fn replace_localhost(
        mut sockets: Vec<Self>,
        before: Vec<Self>,
    ) -> Result<Vec<Self>> {
        let (is_localhost, port) = match before.as_slice() {
            [] => return Ok(sockets),
            [Self { endpoint: Endpoint::Tcp(host), port }] => {
                (host.eq_ignore_ascii_case("localhost"), *port)
            }
            _ => (false, None),
        };
        if !is_localhost || sockets.iter().any(|socket| matches!(socket.endpoint, Endpoint::Tcp(_)))
        {
            return Err(wrong("the host is specified twice: before the ? and after it"));
        }
        if let Some(port) = port {
            for socket in &mut sockets {
                if socket.port.is_some_and(|own| own != port) {
                    return Err(wrong("the port is specified twice: before the ? and after it"));
                }
                socket.port = Some(port);
            }
        }
        Ok(sockets)
    }
}

/// Parses the list between the `@` and the `/` of a URL.
pub(super) fn parse_authority(text: &str, engine: Engine) -> Result<Vec<ParsedHost>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    // ":5433" is the default host with another port.
    if let Some(digits) = text.strip_prefix(':').filter(|digits| !digits.contains([':', ','])) {
        return Ok(vec![ParsedHost {
            endpoint: Endpoint::Tcp("localhost".to_owned()),
            port: Some(port(digits)?),
        }]);
    }
    text.split(',').map(|item| parse_host(item, engine, |host| decode(host, "the host"))).collect()
}

/// Parses a list that is already decoded: the value of `host` or of `DB_HOST`.
pub(super) fn parse_list(text: &str, engine: Engine) -> Result<Vec<ParsedHost>> {
    text.split(',')
        .map(|item| match item {
            _ if item.starts_with('/') => ParsedHost::unix(item, engine),
            _ if item.parse::<Ipv6Addr>().is_ok() => {
                Ok(ParsedHost { endpoint: Endpoint::Tcp(item.to_owned()), port: None })
            }
            _ => parse_host(item, engine, |host| Ok(host.to_owned())),
        })
        .collect()
}

/// Assigns a port to every host: its own, the one from the list of ports, or the engine's default.
pub(super) fn with_ports(
    hosts: Vec<ParsedHost>,
    ports: Option<&str>,
    engine: Engine,
) -> Result<Vec<Host>> {
    let hosts = if hosts.is_empty() {
        vec![ParsedHost { endpoint: Endpoint::Tcp("localhost".to_owned()), port: None }]
    } else {
        hosts
    };
    let ports = match ports {
        Some(text) => text.split(',').map(port).collect::<Result<Vec<_>>>()?,
        None => Vec::new(),
    };
    if !ports.is_empty() && hosts.iter().any(|host| host.port.is_some()) {
        return Err(wrong("the port is specified twice: after the host and separately"));
    }
    if ports.len() > 1 && ports.len() != hosts.len() {
        return Err(wrong(format!(
            "{} hosts and {} ports; specify one port for all hosts, or one for each",
            hosts.len(),
            ports.len()
        )));
    }
    let listed = hosts.into_iter().enumerate().map(|(at, host)| {
        let port = host
            .port
            .or_else(|| ports.get(at).or(ports.first()).copied())
            .unwrap_or(standard_port(engine));
        match host.endpoint {
            Endpoint::Tcp(host) => Host::Tcp { host, port },
            Endpoint::Unix(path) if engine == Engine::PostgreSql => Host::Unix(path, port),
            // The port has no meaning for MySQL's sockets, so all get the same one.
            Endpoint::Unix(path) => Host::Unix(path, standard_port(engine)),
        }
    });
    Ok(listed.collect())
}

/// Returns the default port of an engine.
pub(super) fn standard_port(engine: Engine) -> u16 {
    match engine {
        Engine::PostgreSql => 5432,
        Engine::MySql | Engine::MariaDb | Engine::Sqlite => 3306,
    }
}

/// Parses `host`, `host:port`, `[address]` or `[address]:port`.
fn parse_host(
    text: &str,
    engine: Engine,
    decode: impl Fn(&str) -> Result<String>,
) -> Result<ParsedHost> {
    if let Some((address, after)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        let address = decode(address)?;
        // A zone, as in fe80::1%eth0, names the network interface of a link-local address.
        let (number, zone) = address.split_once('%').unwrap_or((&address, "eth0"));
        let zone_fits = !zone.is_empty()
            && zone.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        if number.parse::<Ipv6Addr>().is_err() || !zone_fits {
            return Err(wrong("the text in [ ] is not an IPv6 address, such as [2001:db8::1]"));
        }
        return match after.strip_prefix(':') {
            Some(after) => {
                Ok(ParsedHost { endpoint: Endpoint::Tcp(address), port: Some(port(after)?) })
            }
            None if after.is_empty() => {
                Ok(ParsedHost { endpoint: Endpoint::Tcp(address), port: None })
            }
            None => Err(wrong("only a :port may follow an IPv6 address in [ ]")),
        };
    }
    let (host, after) = match text.split_once(':') {
        Some((host, after)) => (host, Some(after)),
        None => (text, None),
    };
    if after.is_some_and(|after| after.contains(':')) {
        return Err(wrong(
            "a host contains more than one colon; write an IPv6 address as [2001:db8::1]:5432",
        ));
    }
    let host = decode(host)?;
    if host.starts_with('/') {
        let mut listed = ParsedHost::unix(&host, engine)?;
        match after {
            Some(_) if listed.port.is_some() => {
                return Err(wrong(
                    "the port is specified twice: in the socket's name and after it",
                ));
            }
            Some(after) => listed.port = Some(port(after)?),
            None => {}
        }
        return Ok(listed);
    }
    check_name(&host)?;
    Ok(ParsedHost { endpoint: Endpoint::Tcp(host), port: after.map(port).transpose()? })
}

fn check_name(host: &str) -> Result<()> {
    if host.is_empty() {
        return Err(wrong("a host's name is empty"));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if host.len() > 253 || !host.chars().all(fits) {
        return Err(wrong(
            "a host is not a name or an address of letters, digits, hyphens and dots",
        ));
    }
    Ok(())
}

/// Parses a port number.
fn port(text: &str) -> Result<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port > 0);
    port.ok_or_else(|| wrong("the port must be a number between 1 and 65535"))
}
