//! Ports for servers that may be stopped and started again.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};

use crate::failure::{Failure, Result, While};

const TRIES: usize = 200;

/// A loopback port that nothing listens on now.
///
/// It lies below the range from which the system takes the ports of outgoing connections. A server that is down for a
/// moment would otherwise lose its port to some client, or a client that knocks at it could meet itself (a TCP
/// self-connection). Nobody holds the port until the server does: whoever starts one tries again when it was taken.
pub(crate) fn free() -> Result<u16> {
    let (low, high) = range();
    for _ in 0..TRIES {
        let port = low + random_u16()? % (high - low);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Failure(format!("found no free port between {low} and {high} on 127.0.0.1")))
}

/// First of `count` consecutive loopback ports that are free now.
pub(crate) fn free_row(count: u16) -> Result<u16> {
    for _ in 0..TRIES {
        let first = free()?;
        let others = first + 1..first + count;
        if others.into_iter().all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()) {
            return Ok(first);
        }
    }
    Err(Failure(format!("found no {count} free ports in a row on 127.0.0.1")))
}

fn range() -> (u16, u16) {
    const LOW: u16 = 15_000;
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let first_outgoing =
        text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(32_768_u16);
    // A system that takes outgoing ports from everywhere leaves no better choice than a port that is free now.
    if first_outgoing > LOW + 1_000 { (LOW, first_outgoing) } else { (LOW, 60_000) }
}

/// Random lower-case hexadecimal digits, two for each byte.
pub(crate) fn random_hex(bytes: usize) -> Result<String> {
    Ok(random(bytes)?.iter().map(|byte| format!("{byte:02x}")).collect())
}

pub(crate) fn random_u16() -> Result<u16> {
    let bytes = random(2)?;
    Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
}

fn random(count: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .while_(|| "reading /dev/urandom".to_owned())?;
    Ok(bytes)
}
