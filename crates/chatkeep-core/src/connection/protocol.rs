//! Detection of the protocol of a server, used after a connection with the URL's protocol failed.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::engine::Engine;
use crate::error::Error;
use crate::url::Host;

/// Time to wait for a greeting. MySQL and MariaDB send one to each client, while PostgreSQL waits
/// for the client's first packet.
const GREETING: Duration = Duration::from_millis(300);

/// Maximum duration of [`detect`].
pub(super) const DETECT_TIMEOUT: Duration = Duration::from_millis(1000);

/// PostgreSQL's `SSLRequest`. The server responds with one letter, whatever its settings are.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    MySql,
    PostgreSql,
}

/// Returns the server's protocol. `None` when it uses neither, does not respond, or is
/// unreachable. A unix socket is not probed.
pub(super) async fn detect(host: &Host) -> Option<Protocol> {
    let Host::Tcp { host, port } = host else { return None };
    timeout(DETECT_TIMEOUT, probe(host, *port)).await.ok()?.ok()?
}

async fn probe(host: &str, port: u16) -> io::Result<Option<Protocol>> {
    let mut stream = TcpStream::connect((host, port)).await?;
    // Three bytes of length, a sequence number of 0, then the protocol version (10) or an error
    // (255).
    let mut greeting = [0; 5];
    if let Ok(read) = timeout(GREETING, stream.read_exact(&mut greeting)).await {
        read?;
        return Ok((greeting[3] == 0 && matches!(greeting[4], 10 | 255)).then_some(Protocol::MySql));
    }
    stream.write_all(&SSL_REQUEST).await?;
    let response = stream.read_u8().await?;
    Ok(matches!(response, b'S' | b'N').then_some(Protocol::PostgreSql))
}

/// Returns the error for a URL whose scheme does not match the server's protocol.
pub(super) fn mismatch(engine: Engine, address: &str) -> Error {
    let message = if engine == Engine::PostgreSql {
        format!(
            "the URL's scheme is postgresql://, but the server at {address} speaks MySQL's \
             protocol; use mysql:// or mariadb://, or the port of a PostgreSQL server"
        )
    } else {
        format!(
            "the URL's scheme is {engine}://, but the server at {address} speaks PostgreSQL's \
             protocol; use postgresql://, or the port of a MySQL or MariaDB server"
        )
    };
    Error::configuration(message).with_field("DATABASE_URL")
}
