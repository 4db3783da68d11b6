//! Opening a connection to MySQL or MariaDB: hosts, TLS, log-in, session settings.

use std::pin::pin;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Opts, OptsBuilder, SslOpts};

use super::mysql::{MysqlConnection, failure};
use super::protocol::{self, Protocol};
use super::reactor::{NoAnswer, Reactor};
use super::{ConnectOptions, Opened, mysql_session, tls};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::fault::{Failure, mysql};
use crate::url::{Host, ServerTarget, TlsMode};

/// The first MySQL with `utf8mb4_0900_bin`, which the schema uses.
const OLDEST_MYSQL: (u16, u16, u16) = (8, 0, 17);
/// The oldest MariaDB that is tested. 10.5 compares letters beyond the basic plane wrongly in searches.
const OLDEST_MARIADB: (u16, u16, u16) = (10, 11, 0);
/// A server that has not answered after so long may be PostgreSQL, which waits for the client to speak first.
const NO_GREETING: Duration = Duration::from_secs(1);
/// Room in a packet for the statement around a row's values.
const PACKET_OVERHEAD: u64 = 4096;

/// A name that no certificate holds; why, [`tls_options`] tells.
const NOBODY: &str = "NotValidForName";

/// Opens a connection to the first host that answers; the deadline counts for each.
pub(super) fn open(
    target: &ServerTarget,
    options: &ConnectOptions,
) -> Result<Opened<MysqlConnection>> {
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
    let wants_tls = asks_for_tls(target, host);
    if wants_tls && let Some(path) = &target.tls.root_cert {
        // The driver would read it late, and take a missing file for a missing server.
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
    if matches!(connected, Err(NoAnswer::Elapsed)) && deadline > NO_GREETING {
        let look = protocol::LOOK.min(deadline - NO_GREETING);
        if matches!(
            reactor.wait_for(look, protocol::of_server(host)),
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
                &Failure::no_answer(reason, deadline),
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
        // Ours holds the statements.
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
        options =
            options.with_root_certs(vec![path.clone().into()]).with_disable_built_in_roots(true);
    }
    match target.tls.mode {
        TlsMode::VerifyFull => options,
        // mysql_async 0.37 learns that only the name is wrong from a word in rustls's message, which today's rustls writes
        // in another way. But the message quotes the name that was expected, and so that word is expected. Any other fault
        // of a certificate is refused as before; the fault suite watches over both.
        TlsMode::VerifyCa => options
            .with_danger_skip_domain_validation(true)
            .with_danger_tls_hostname_override(Some(NOBODY)),
        TlsMode::Disable | TlsMode::Prefer | TlsMode::Require => {
            options.with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true)
        }
    }
}

/// What the server says of itself.
struct Server {
    engine: Engine,
    version: String,
    max_allowed_packet: u64,
    /// The session's settings as read back: name and value.
    session: Vec<(String, String)>,
}

/// Asks what decides how a session is set up, sets it up, and reads the settings back: two round trips.
async fn set_up(conn: &mut Conn, query_timeout: Duration) -> Result<Server, mysql_async::Error> {
    let row: Option<(String, u64)> =
        conn.query_first("SELECT VERSION(), @@max_allowed_packet").await?;
    let (version, max_allowed_packet) = row.unwrap_or_default();
    let engine = if version.contains("MariaDB") { Engine::MariaDb } else { Engine::MySql };
    let mut session = Vec::new();
    let mut answer = conn.query_iter(mysql_session::statements(engine, query_timeout)).await?;
    while !answer.is_empty() {
        session.extend(answer.collect::<(String, String)>().await?);
    }
    Ok(Server { engine, version, max_allowed_packet, session })
}

fn refuse_old(engine: Engine, version: (u16, u16, u16), shown: &str) -> Result<()> {
    let (oldest, name) = match engine {
        Engine::MariaDb => (OLDEST_MARIADB, "MariaDB 10.11"),
        _ => (OLDEST_MYSQL, "MySQL 8.0.17"),
    };
    if version < oldest {
        return Err(Error::configuration(format!("needs {name} or later, the server is {shown}")));
    }
    Ok(())
}

/// A log-in method that we do not speak, by its name. MySQL asks at random for one of its own when it does not know the
/// user, so that nobody finds out which users there are.
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

/// A TLS or a log-in that does not fit will not fit at the next try either.
fn explain(
    error: &mysql_async::Error,
    target: &ServerTarget,
    encrypted: bool,
    place: &str,
) -> Error {
    if let Some(method) = unknown_method(error) {
        let user = target.user.as_deref().unwrap_or("a user without a name (the URL names none)");
        return Error::configuration(format!(
            "cannot log in as {user}: the server asks for the method {method}, which is not supported; it may also do so \
             because it does not know the user"
        ))
        .with_field("DATABASE_URL");
    }
    let failure = failure(error);
    let hopeless = matches!(error, mysql_async::Error::Io(mysql_async::IoError::Tls(_)));
    if hopeless || tls::is_mismatch(&failure) {
        return tls::refused(&failure, place);
    }
    match &failure {
        Failure::Refused { number: 1045 | 1698, message, .. } if target.user.is_none() => {
            let scheme = target.engine;
            Error::configuration(format!(
                "the URL names no user; write {scheme}://user:password@host/name (the server says: {message})"
            ))
            .with_field("DATABASE_URL")
        }
        // An account that demands TLS is refused without it as if the password were wrong.
        Failure::Refused { number: 1045, message, .. } if !encrypted => {
            Error::configuration(format!(
                "{message}; where the account or the server demands TLS, write sslmode=require"
            ))
            .with_field("DATABASE_URL")
        }
        _ => mysql::connect_error(&failure, place),
    }
}
