//! Opening a connection to MySQL or MariaDB: hosts, TLS, log-in, session settings.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Opts, OptsBuilder, SslOpts};

use super::mysql::{MysqlConnection, failure};
use super::reactor::{Elapsed, Reactor};
use super::{ConnectOptions, Opened};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::fault::{Failure, mysql};
use crate::url::{Host, ServerTarget, TlsMode};

/// The first MySQL with `utf8mb4_0900_bin`, which the schema uses.
const OLDEST_MYSQL: (u16, u16, u16) = (8, 0, 17);
/// The first MariaDB with `INSERT … RETURNING`.
const OLDEST_MARIADB: (u16, u16, u16) = (10, 5, 0);
/// Room in a packet for the statement around a row's values.
const PACKET_OVERHEAD: u64 = 4096;

/// Opens a connection to the first host that answers; the deadline counts for each.
pub(super) fn open(target: &ServerTarget, options: &ConnectOptions) -> Result<Opened<MysqlConnection>> {
    // The driver asks rustls for the process's default; a program may have set another one, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut last = Error::configuration("names no host").with_field("DATABASE_URL");
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
    let wants_tls = target.tls.mode != TlsMode::Disable && matches!(host, Host::Tcp { .. });
    let encrypted = driver_options(target, host, wants_tls);
    let prefer = target.tls.mode == TlsMode::Prefer;
    let connected = reactor.wait_for(deadline, async {
        let mut conn = match Conn::new(encrypted).await {
            Err(mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer)) if prefer => {
                Conn::new(driver_options(target, host, false)).await?
            }
            other => other?,
        };
        let server = set_up(&mut conn, options.query_timeout).await?;
        Ok::<_, mysql_async::Error>((conn, server))
    });
    let (conn, server) = match connected {
        Ok(Ok(connected)) => connected,
        Ok(Err(error)) => return Err(explain(&error)),
        Err(Elapsed) => return Err(mysql::connect_error(&Failure::Elapsed(deadline))),
    };
    let engine = if server.version.contains("MariaDB") { Engine::MariaDb } else { Engine::MySql };
    refuse_old(engine, conn.server_version(), &server.version)?;
    let max_row_bytes = Some(server.max_allowed_packet.saturating_sub(PACKET_OVERHEAD));
    Ok(Opened {
        connection: MysqlConnection::new(reactor, conn),
        engine,
        version: server.version,
        max_row_bytes,
    })
}

fn driver_options(target: &ServerTarget, host: &Host, tls: bool) -> Opts {
    let mut builder = OptsBuilder::default()
        .user(target.user.clone())
        .pass(target.password.as_ref().map(|password| password.expose().to_owned()))
        .db_name(target.database.clone())
        // Diesel's cache holds the statements.
        .stmt_cache_size(0)
        // Rows that an update found count, changed or not, as they do on the other engines.
        .client_found_rows(true)
        // Otherwise the driver asks the server for its socket, and connects again through it.
        .prefer_socket(false)
        // Asked for together with the rest of the set-up; these two spare the driver's own question.
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
        options = options.with_root_certs(vec![path.clone().into()]).with_disable_built_in_roots(true);
    }
    match target.tls.mode {
        TlsMode::VerifyFull => options,
        TlsMode::VerifyCa => options.with_danger_skip_domain_validation(true),
        TlsMode::Disable | TlsMode::Prefer | TlsMode::Require => {
            options.with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true)
        }
    }
}

/// What the server says of itself.
struct Server {
    version: String,
    max_allowed_packet: u64,
}

async fn set_up(conn: &mut Conn, query_timeout: Duration) -> Result<Server, mysql_async::Error> {
    let row: Option<(String, u64)> = conn.query_first("SELECT VERSION(), @@max_allowed_packet").await?;
    let (version, max_allowed_packet) = row.unwrap_or_default();
    // Strict: a value that does not fit is refused, never cut. READ COMMITTED: as PostgreSQL, and without gap locks.
    let sql = format!(
        "SET NAMES utf8mb4; SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,\
         ERROR_FOR_DIVISION_BY_ZERO', innodb_lock_wait_timeout = {lock_wait}; \
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; {statement_timeout}",
        lock_wait = query_timeout.as_secs().clamp(1, 3600),
        statement_timeout = statement_timeout(&version, query_timeout),
    );
    conn.query_drop(sql).await?;
    Ok(Server { version, max_allowed_packet })
}

/// The server gives a query up when we do. MySQL does so for reads only.
pub(super) fn statement_timeout(version: &str, deadline: Duration) -> String {
    if version.contains("MariaDB") {
        format!("SET SESSION max_statement_time = {}", deadline.as_secs_f64().min(31_536_000.0))
    } else {
        format!("SET SESSION max_execution_time = {}", deadline.as_millis().min(4_294_967_295))
    }
}

fn refuse_old(engine: Engine, version: (u16, u16, u16), shown: &str) -> Result<()> {
    let (oldest, name) = match engine {
        Engine::MariaDb => (OLDEST_MARIADB, "MariaDB 10.5"),
        _ => (OLDEST_MYSQL, "MySQL 8.0.17"),
    };
    if version < oldest {
        return Err(Error::configuration(format!("needs {name} or later, the server is {shown}")));
    }
    Ok(())
}

/// A TLS that does not fit will not fit at the next try either.
fn explain(error: &mysql_async::Error) -> Error {
    let explained = mysql::connect_error(&failure(error));
    let hopeless = matches!(error, mysql_async::Error::Io(mysql_async::IoError::Tls(_)))
        || matches!(error, mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer))
        || error.to_string().contains("certificate");
    if hopeless { explained.with_retryable(false) } else { explained }
}
