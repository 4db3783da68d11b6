//! Opening of connections to MySQL and MariaDB: hosts, TLS, log-in, session settings.

use std::pin::pin;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Opts, OptsBuilder, SslOpts};

use super::mysql::{MysqlConnection, failure};
use super::protocol::{self, Protocol};
use super::reactor::Reactor;
use super::{ConnectOptions, Opened, mysql_session, tls};
use crate::db_error::{Failure, WaitError, mysql};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::url::{Host, ServerTarget, TlsMode};

/// The first MySQL version with `utf8mb4_0900_bin`, which the schema uses.
const OLDEST_MYSQL: (u16, u16, u16) = (8, 0, 17);
/// The oldest MariaDB version that is tested. In searches, 10.5 compares letters outside the basic
/// multilingual plane incorrectly.
const OLDEST_MARIADB: (u16, u16, u16) = (10, 11, 0);
/// A server that has sent no greeting after this time may be PostgreSQL, which waits for the
/// client's first packet.
const NO_GREETING: Duration = Duration::from_secs(1);
/// Bytes of a packet that are reserved for the statement around a row's values.
const PACKET_OVERHEAD: u64 = 4096;

/// A host name that no certificate contains, see [`tls_options`].
const UNMATCHED_NAME: &str = "NotValidForName";

/// Opens a connection to the first host that responds. The connect timeout applies to each host.
pub(super) fn open(
    target: &ServerTarget,
    options: &ConnectOptions,
) -> Result<Opened<MysqlConnection>> {
    // The driver uses the process's default provider. If the program has already set another one,
    // that one works as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut last = Error::configuration("the host is missing").with_field("DATABASE_URL");
    for host in &target.hosts {
        match open_host(target, host, options) {
            Ok(opened) => return Ok(opened),
            Err(error) if error.is_retryable() => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

fn open_host(
    target: &ServerTarget,
    host: &Host,
    options: &ConnectOptions,
) -> Result<Opened<MysqlConnection>> {
    let deadline = target.connect_timeout.unwrap_or(options.connect_timeout);
    let reactor = Reactor::new(options.query_timeout)?;
    let wants_tls = asks_for_tls(target, host);
    if wants_tls && let Some(path) = &target.tls.root_cert {
        // The driver reads the file later, and would report a missing file as an unreachable
        // server.
        tls::read_roots(path)?;
    }
    let encrypted = driver_options(target, host, wants_tls);
    let prefer = target.tls.mode == TlsMode::Prefer;
    let mut connecting = pin!(async {
        let mut conn = match Conn::new(encrypted).await {
            Err(mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer)) if prefer => {
                Conn::new(driver_options(target, host, false)).await?
            }
            other => other?,
        };
        let server = set_up(&mut conn, options.query_timeout).await?;
        Ok::<_, mysql_async::Error>((conn, server))
    });
    let begin = Instant::now();
    let mut connected = reactor.wait_for(deadline.min(NO_GREETING), connecting.as_mut());
    if matches!(connected, Err(WaitError::Elapsed)) && deadline > NO_GREETING {
        let timeout = protocol::DETECT_TIMEOUT.min(deadline - NO_GREETING);
        if matches!(
            reactor.wait_for(timeout, protocol::detect(host)),
            Ok(Some(Protocol::PostgreSql))
        ) {
            return Err(protocol::mismatch(target.engine, &host.to_string()));
        }
        connected = reactor.wait_for(deadline.saturating_sub(begin.elapsed()), connecting);
    }
    let (conn, server) = match connected {
        Ok(Ok(connected)) => connected,
        Ok(Err(error)) => {
            return Err(explain(&error, target, asks_for_tls(target, host), &host.to_string()));
        }
        Err(reason) => {
            return Err(mysql::connect_error(
                &Failure::from_wait(reason, deadline),
                &host.to_string(),
            ));
        }
    };
    refuse_old(server.engine, conn.server_version(), &server.version)?;
    let facts = mysql_session::read_back(server.engine, server.session)?;
    let max_row_bytes = Some(server.max_allowed_packet.saturating_sub(PACKET_OVERHEAD));
    Ok(Opened {
        connection: MysqlConnection::new(reactor, conn, facts.wait_timeout),
        engine: server.engine,
        version: server.version,
        max_row_bytes,
        batch_ids: facts.batch_ids,
    })
}

fn asks_for_tls(target: &ServerTarget, host: &Host) -> bool {
    target.tls.mode != TlsMode::Disable && matches!(host, Host::Tcp { .. })
}

fn driver_options(target: &ServerTarget, host: &Host, tls: bool) -> Opts {
    let mut builder = OptsBuilder::default()
        .user(target.user.clone())
        .pass(target.password.as_ref().map(|password| password.expose().to_owned()))
        .db_name(target.database.clone())
        // `Statements` caches them instead.
        .stmt_cache_size(0)
        // Updates report the rows that they matched, changed or not, as on the other engines.
        .client_found_rows(true)
        // Otherwise the driver queries the server's socket and reconnects through it.
        .prefer_socket(false)
        // These two avoid a query by the driver; `set_up` reads the actual values.
        .max_allowed_packet(Some(1024 * 1024 * 1024))
        .wait_timeout(Some(28_800))
        .tcp_nodelay(true)
        .tcp_keepalive(Some(Duration::from_secs(60)));
    builder = match host {
        Host::Tcp { host, port } => builder.ip_or_hostname(host).tcp_port(*port),
        Host::Unix(socket, _) => builder.socket(Some(socket.to_string_lossy().into_owned())),
    };
    if tls {
        builder = builder.ssl_opts(tls_options(target));
    }
    builder.into()
}

fn tls_options(target: &ServerTarget) -> SslOpts {
    let mut options = SslOpts::default();
    if let Some(path) = &target.tls.root_cert {
        options =
            options.with_root_certs(vec![path.clone().into()]).with_disable_built_in_roots(true);
    }
    match target.tls.mode {
        TlsMode::VerifyFull => options,
        // mysql_async 0.37 ignores a wrong host name only if rustls's message contains
        // "NotValidForName", and the current rustls phrases the message differently. But the
        // message quotes the expected name, so "NotValidForName" is set as the expected name. All
        // other certificate errors still fail the connection. The fault tests cover both cases.
        TlsMode::VerifyCa => options
            .with_danger_skip_domain_validation(true)
            .with_danger_tls_hostname_override(Some(UNMATCHED_NAME)),
        TlsMode::Disable | TlsMode::Prefer | TlsMode::Require => {
            options.with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true)
        }
    }
}

/// Properties that the server reports.
struct Server {
    engine: Engine,
    version: String,
    max_allowed_packet: u64,
    /// The session's settings as read back: name and value.
    session: Vec<(String, String)>,
}

/// Queries the server's version, configures the session, and reads the settings back, in two round
/// trips.
async fn set_up(conn: &mut Conn, query_timeout: Duration) -> Result<Server, mysql_async::Error> {
    let row: Option<(String, u64)> =
        conn.query_first("SELECT VERSION(), @@max_allowed_packet").await?;
    let (version, max_allowed_packet) = row.unwrap_or_default();
    let engine = if version.contains("MariaDB") { Engine::MariaDb } else { Engine::MySql };
    let mut session = Vec::new();
    let mut result = conn.query_iter(mysql_session::statements(engine, query_timeout)).await?;
    while !result.is_empty() {
        session.extend(result.collect::<(String, String)>().await?);
    }
    Ok(Server { engine, version, max_allowed_packet, session })
}

fn refuse_old(engine: Engine, version: (u16, u16, u16), shown: &str) -> Result<()> {
    let (oldest, name) = match engine {
        Engine::MariaDb => (OLDEST_MARIADB, "MariaDB 10.11"),
        _ => (OLDEST_MYSQL, "MySQL 8.0.17"),
    };
    if version < oldest {
        return Err(Error::configuration(format!(
            "the server's version is {shown}; {name} or later is required"
        )));
    }
    Ok(())
}

/// Returns the name of an unsupported log-in method that the server requested. For an unknown user,
/// MySQL requests a random method, so that clients cannot find out which users exist.
fn unknown_method(error: &mysql_async::Error) -> Option<&str> {
    match error {
        mysql_async::Error::Driver(DriverError::UnknownAuthPlugin { name }) => Some(name),
        mysql_async::Error::Driver(DriverError::MysqlOldPasswordDisabled) => {
            Some("mysql_old_password")
        }
        mysql_async::Error::Driver(DriverError::CleartextPluginDisabled) => {
            Some("mysql_clear_password")
        }
        _ => None,
    }
}

/// Converts a connection error. Errors of TLS and log-in settings are not retryable.
fn explain(
    error: &mysql_async::Error,
    target: &ServerTarget,
    encrypted: bool,
    address: &str,
) -> Error {
    if let Some(method) = unknown_method(error) {
        let user = target.user.as_deref().unwrap_or("a user without a name (the URL names none)");
        return Error::configuration(format!(
            "cannot log in as {user}: the server requests the log-in method {method}, which is not \
             supported; check the user name, because MySQL also requests it for unknown users"
        ))
        .with_field("DATABASE_URL");
    }
    let failure = failure(error);
    let is_tls_error = matches!(error, mysql_async::Error::Io(mysql_async::IoError::Tls(_)));
    if is_tls_error || tls::is_mismatch(&failure) {
        return tls::refused(&failure, address);
    }
    match &failure {
        Failure::Refused { number: 1045 | 1698, message, .. } if target.user.is_none() => {
            let scheme = target.engine;
            Error::configuration(format!(
                "the URL names no user; write {scheme}://user:password@host/name (server message: \
                 {message})"
            ))
            .with_field("DATABASE_URL")
        }
        // For an account that requires TLS, the server reports a connection without TLS as a wrong
        // password.
        Failure::Refused { number: 1045, message, .. } if !encrypted => Error::configuration(
            format!("{message}; if the account or the server requires TLS, set sslmode=require"),
        )
        .with_field("DATABASE_URL"),
        _ => mysql::connect_error(&failure, address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn servers_before_the_oldest_supported_version_are_rejected() {
        for (engine, version, oldest) in [
            (Engine::MariaDb, (10, 6, 22), "MariaDB 10.11"),
            (Engine::MySql, (8, 0, 16), "MySQL 8.0.17"),
            (Engine::MySql, (5, 7, 44), "MySQL 8.0.17"),
        ] {
            let error = refuse_old(engine, version, "its version").expect_err(oldest);
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.message().contains(oldest), "{error}");
        }
        for (engine, version) in [
            (Engine::MariaDb, (10, 11, 0)),
            (Engine::MariaDb, (11, 8, 2)),
            (Engine::MySql, (8, 0, 17)),
        ] {
            assert!(refuse_old(engine, version, "its version").is_ok(), "{version:?}");
        }
    }
}
