//! Where a server listens: names, addresses and unix sockets, alone or in a list, with and without ports.
//!
//! No error here shows what it read: when a password's `@` or `/` was not encoded, parts of it end up in this place.

use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

use super::encoding::decode;
use super::target::Host;
use super::wrong;
use crate::{Engine, Result};

/// A host before it is known which port a missing one means.
pub(super) struct Listed {
    place: Place,
    port: Option<u16>,
}

enum Place {
    Tcp(String),
    Unix(PathBuf),
}

impl Listed {
    /// A unix socket.
    pub(super) fn unix(path: &str, engine: Engine) -> Result<Self> {
        if !path.starts_with('/') {
            return Err(wrong("the path of a unix socket has to start with /"));
        }
        let path = Path::new(path);
        // PostgreSQL's clients want the folder; pg8000 is given the socket in it.
        let socket_port =
            path.file_name().and_then(|name| name.to_str()?.strip_prefix(".s.PGSQL."));
        match (engine, socket_port, path.parent()) {
            (Engine::PostgreSql, Some(socket_port), Some(folder)) => {
                Ok(Self { place: Place::Unix(folder.to_owned()), port: Some(port(socket_port)?) })
            }
            _ => Ok(Self { place: Place::Unix(path.to_owned()), port: None }),
        }
    }

    /// Puts the sockets that the query names in the place of `localhost`, which some programs want before the `?` even
    /// then. A port beside it belongs to the socket. Any other host there is another host.
    pub(super) fn instead_of(mut sockets: Vec<Self>, before: Vec<Self>) -> Result<Vec<Self>> {
        let (sole, port) = match before.as_slice() {
            [] => return Ok(sockets),
            [Self { place: Place::Tcp(host), port }] => {
                (host.eq_ignore_ascii_case("localhost"), *port)
            }
            _ => (false, None),
        };
        if !sole || sockets.iter().any(|socket| matches!(socket.place, Place::Tcp(_))) {
            return Err(wrong("the host is given twice: before the ? and after it"));
        }
        if let Some(port) = port {
            for socket in &mut sockets {
                if socket.port.is_some_and(|own| own != port) {
                    return Err(wrong("the port is given twice: before the ? and after it"));
                }
                socket.port = Some(port);
            }
        }
        Ok(sockets)
    }
}

/// Reads the list between the `@` and the `/` of a URL.
pub(super) fn in_authority(text: &str, engine: Engine) -> Result<Vec<Listed>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    // ":5433" alone is the usual host with another port.
    if let Some(alone) = text.strip_prefix(':').filter(|alone| !alone.contains([':', ','])) {
        return Ok(vec![Listed {
            place: Place::Tcp("localhost".to_owned()),
            port: Some(port(alone)?),
        }]);
    }
    text.split(',').map(|item| one(item, engine, |host| decode(host, "the host"))).collect()
}

/// Reads a list that stands alone and is already decoded: the value of `host` or of `DB_HOST`.
pub(super) fn alone(text: &str, engine: Engine) -> Result<Vec<Listed>> {
    text.split(',')
        .map(|item| match item {
            _ if item.starts_with('/') => Listed::unix(item, engine),
            _ if item.parse::<Ipv6Addr>().is_ok() => {
                Ok(Listed { place: Place::Tcp(item.to_owned()), port: None })
            }
            _ => one(item, engine, |host| Ok(host.to_owned())),
        })
        .collect()
}

/// Gives every host its port: its own, or the one from the list of ports, or the engine's.
pub(super) fn with_ports(
    hosts: Vec<Listed>,
    ports: Option<&str>,
    engine: Engine,
) -> Result<Vec<Host>> {
    let hosts = if hosts.is_empty() {
        vec![Listed { place: Place::Tcp("localhost".to_owned()), port: None }]
    } else {
        hosts
    };
    let ports = match ports {
        Some(text) => text.split(',').map(port).collect::<Result<Vec<_>>>()?,
        None => Vec::new(),
    };
    if !ports.is_empty() && hosts.iter().any(|host| host.port.is_some()) {
        return Err(wrong("the port is given twice: beside the host and on its own"));
    }
    if ports.len() > 1 && ports.len() != hosts.len() {
        return Err(wrong(format!(
            "{} hosts and {} ports; give one port for all, or one for each",
            hosts.len(),
            ports.len()
        )));
    }
    let listed = hosts.into_iter().enumerate().map(|(at, host)| {
        let port = host
            .port
            .or_else(|| ports.get(at).or(ports.first()).copied())
            .unwrap_or(standard_port(engine));
        match host.place {
            Place::Tcp(host) => Host::Tcp { host, port },
            Place::Unix(path) if engine == Engine::PostgreSql => Host::Unix(path, port),
            // The path alone is the place: with another port it is the same one.
            Place::Unix(path) => Host::Unix(path, standard_port(engine)),
        }
    });
    Ok(listed.collect())
}

/// The port that a server listens on unless it is told otherwise.
pub(super) fn standard_port(engine: Engine) -> u16 {
    match engine {
        Engine::PostgreSql => 5432,
        Engine::MySql | Engine::MariaDb | Engine::Sqlite => 3306,
    }
}

/// One `host`, `host:port`, `[address]` or `[address]:port`.
fn one(text: &str, engine: Engine, decode: impl Fn(&str) -> Result<String>) -> Result<Listed> {
    if let Some((address, after)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        let address = decode(address)?;
        // A zone, as in fe80::1%eth0, says which network card a local address belongs to.
        let (number, zone) = address.split_once('%').unwrap_or((&address, "eth0"));
        let zone_fits = !zone.is_empty()
            && zone.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        if number.parse::<Ipv6Addr>().is_err() || !zone_fits {
            return Err(wrong("what stands in [ ] is not an IPv6 address, such as [2001:db8::1]"));
        }
        return match after.strip_prefix(':') {
            Some(after) => Ok(Listed { place: Place::Tcp(address), port: Some(port(after)?) }),
            None if after.is_empty() => Ok(Listed { place: Place::Tcp(address), port: None }),
            None => Err(wrong("only a :port may follow an IPv6 address in [ ]")),
        };
    }
    let (host, after) = match text.split_once(':') {
        Some((host, after)) => (host, Some(after)),
        None => (text, None),
    };
    if after.is_some_and(|after| after.contains(':')) {
        return Err(wrong(
            "a host holds more than one colon; an IPv6 address is written [2001:db8::1]:5432",
        ));
    }
    let host = decode(host)?;
    if host.starts_with('/') {
        let mut listed = Listed::unix(&host, engine)?;
        match after {
            Some(_) if listed.port.is_some() => {
                return Err(wrong("the port is given twice: in the socket's name and after it"));
            }
            Some(after) => listed.port = Some(port(after)?),
            None => {}
        }
        return Ok(listed);
    }
    check_name(&host)?;
    Ok(Listed { place: Place::Tcp(host), port: after.map(port).transpose()? })
}

fn check_name(host: &str) -> Result<()> {
    if host.is_empty() {
        return Err(wrong("a host's name is empty"));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if host.len() > 253 || !host.chars().all(fits) {
        return Err(wrong("a host is not a name or an address made of letters, digits, - and ."));
    }
    Ok(())
}

/// A port's number.
fn port(text: &str) -> Result<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port > 0);
    port.ok_or_else(|| wrong("the port has to be a number between 1 and 65535"))
}
