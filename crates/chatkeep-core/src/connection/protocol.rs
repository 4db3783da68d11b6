//! Which protocol the server at an address speaks, asked where a connection in the URL's own protocol failed.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::engine::Engine;
use crate::error::Error;
use crate::url::Host;

/// MySQL and MariaDB greet each client; PostgreSQL waits for the client's first packet.
const GREETING: Duration = Duration::from_millis(300);

/// The longest that [`of_server`] takes.
pub(super) const LOOK: Duration = Duration::from_millis(1000);

/// PostgreSQL's `SSLRequest`, which it answers with one letter whatever its settings are.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    MySql,
    PostgreSql,
}

/// `None` when it speaks neither, says nothing, or cannot be reached; a unix socket is not asked.
pub(super) async fn of_server(host: &Host) -> Option<Protocol> {
    let Host::Tcp { host, port } = host else { return None };
    timeout(LOOK, ask(host, *port)).await.ok()?.ok()?
}

async fn ask(host: &str, port: u16) -> io::Result<Option<Protocol>> {
    let mut stream = TcpStream::connect((host, port)).await?;
    // Three bytes of length, a sequence number of 0, then the protocol's version (10) or an error (255).
    let mut greeting = [0; 5];
    if let Ok(read) = timeout(GREETING, stream.read_exact(&mut greeting)).await {
        read?;
        return Ok((greeting[3] == 0 && matches!(greeting[4], 10 | 255)).then_some(Protocol::MySql));
    }
    stream.write_all(&SSL_REQUEST).await?;
    let answer = stream.read_u8().await?;
    Ok(matches!(answer, b'S' | b'N').then_some(Protocol::PostgreSql))
}

/// The URL's scheme does not fit the server.
pub(super) fn mismatch(engine: Engine, place: &str) -> Error {
    let message = if engine == Engine::PostgreSql {
        format!(
            "the URL says postgresql://, but the server at {place} speaks MySQL's protocol; write mysql:// or mariadb://, or \
             the port of a PostgreSQL server"
        )
    } else {
        format!(
            "the URL says {engine}://, but the server at {place} speaks PostgreSQL's protocol; write postgresql://, or the \
             port of a MySQL or MariaDB server"
        )
    };
    Error::configuration(message).with_field("DATABASE_URL")
}
