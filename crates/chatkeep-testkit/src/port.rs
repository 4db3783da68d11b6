//! Ports for servers that may be restarted.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};

use crate::failure::{Context, Failure, Result};

const TRIES: usize = 200;

/// Returns a loopback port that is currently free.
///
/// The port is below the range of ephemeral ports for outgoing connections. Otherwise a server that
/// is briefly down could lose its port to a client, or a client connecting to it could connect to
/// itself (a TCP self-connection). The port is not reserved, so the caller retries if another
/// process has taken it.
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

/// Returns the first of `count` consecutive loopback ports that are currently free.
pub(crate) fn free_row(count: u16) -> Result<u16> {
    for _ in 0..TRIES {
        let first = free()?;
        let others = first + 1..first + count;
        if others.into_iter().all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()) {
            return Ok(first);
        }
    }
    Err(Failure(format!("found no {count} consecutive free ports on 127.0.0.1")))
}

fn range() -> (u16, u16) {
    const LOW: u16 = 15_000;
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let first_outgoing =
        text.split_whitespace().next().and_then(|field| field.parse().ok()).unwrap_or(32_768_u16);
    // If the system uses all ports for outgoing connections, any free port has to do.
    if first_outgoing > LOW + 1_000 { (LOW, first_outgoing) } else { (LOW, 60_000) }
}

/// Returns random lower-case hexadecimal digits, two per byte.
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
        .context(|| "reading /dev/urandom".to_owned())?;
    Ok(bytes)
}
