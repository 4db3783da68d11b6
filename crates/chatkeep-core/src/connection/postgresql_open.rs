//! Opening a connection to PostgreSQL: hosts, TLS, log-in, session settings.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::config::{
    ChannelBinding as DriverBinding, Host as DriverHost, SslMode, TargetSessionAttrs,
};
use tokio_postgres::{Client, Config, Connection, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::postgresql::{PgConnection, failure};
use super::protocol::{self, Protocol};
use super::reactor::{NoAnswer, Reactor};
use super::{BatchIds, ConnectOptions, Opened, postgresql_role, postgresql_session, tls};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::fault::{Failure, postgresql};
use crate::url::{ChannelBinding, Host, Pooler, ServerTarget, TargetSession, TlsMode};

/// PostgreSQL 14 is the oldest that its makers still mend.
const OLDEST: u32 = 14;

/// Opens a connection; the deadline spans everything up to the first answer.
pub(super) fn open(
    target: &ServerTarget,
    options: &ConnectOptions,
) -> Result<Opened<PgConnection>> {
    match target.session {
        TargetSession::Any | TargetSession::ReadWrite | TargetSession::ReadOnly => {
            open_at(target, None, options)
        }
        TargetSession::Primary | TargetSession::Standby | TargetSession::PreferStandby => {
            postgresql_role::open(target, options)
        }
    }
}

/// Opens a connection to the hosts in their order; with an address, to the only host at that address.
pub(super) fn open_at(
    target: &ServerTarget,
    address: Option<IpAddr>,
    options: &ConnectOptions,
) -> Result<Opened<PgConnection>> {
    let per_host = target.connect_timeout.unwrap_or(options.connect_timeout);
    let mut config = config(target, per_host);
    if let Some(address) = address {
        config.hostaddr(address);
    }
    let tries = u32::try_from(target.hosts.len()).unwrap_or(1).max(1);
    let deadline = per_host.saturating_mul(tries);
    let place = target.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let reactor = Reactor::new(options.query_timeout)?;
    let use_tls = target.tls.mode != TlsMode::Disable && config.get_hosts().iter().any(is_tcp);
    let connected = if use_tls {
        let connector = MakeRustlsConnect::new(tls::client_config(&target.tls)?);
        connect(&reactor, deadline, config.connect(connector))
    } else {
        connect(&reactor, deadline, config.connect(NoTls))
    };
    let (client, reported) = match connected {
        Ok(Ok(connected)) => connected,
        Ok(Err(error)) => return Err(explain_refusal(&reactor, target, &failure(&error), &place)),
        Err(reason) => {
            return Err(postgresql::connect_error(&Failure::no_answer(reason, deadline), &place));
        }
    };
    refuse_old(&reported.version)?;
    let pooled = target.pooler == Pooler::Transaction;
    let strings = reported.standard_conforming_strings.as_deref().filter(|_| pooled);
    postgresql_session::check_reported(reported.server_encoding.as_deref(), strings)?;
    if !pooled {
        set_up(&reactor, &client, deadline, options.query_timeout, &place)?;
    }
    Ok(Opened {
        connection: PgConnection::new(reactor, client, pooled),
        engine: Engine::PostgreSql,
        version: reported.version,
        max_row_bytes: None,
        batch_ids: BatchIds::Returned,
    })
}

/// What the server reports at log-in.
struct Reported {
    version: String,
    server_encoding: Option<String>,
    standard_conforming_strings: Option<String>,
}

/// Logs in. The driver's half of the connection is worked on whenever somebody waits for the client's half.
fn connect<S, T>(
    reactor: &Reactor,
    deadline: Duration,
    connecting: impl Future<Output = Result<(Client, Connection<S, T>), tokio_postgres::Error>> + Send,
) -> Result<Result<(Client, Reported), tokio_postgres::Error>, NoAnswer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connected = reactor.wait_for(deadline, connecting)?;
    Ok(connected.map(|(client, connection)| {
        let parameter = |name| connection.parameter(name).map(str::to_owned);
        let reported = Reported {
            version: parameter("server_version").unwrap_or_default(),
            server_encoding: parameter("server_encoding"),
            standard_conforming_strings: parameter("standard_conforming_strings"),
        };
        // Its error is the client's too.
        reactor.work_on(connection.map(drop));
        (client, reported)
    }))
}

fn is_tcp(host: &DriverHost) -> bool {
    matches!(host, DriverHost::Tcp(_))
}

fn config(target: &ServerTarget, per_host: Duration) -> Config {
    let mut config = Config::new();
    for host in &target.hosts {
        match host {
            Host::Tcp { host, port } => config.host(host).port(*port),
            Host::Unix(folder, port) => config.host_path(folder).port(*port),
        };
    }
    if let Some(user) = &target.user {
        config.user(user);
    }
    if let Some(password) = &target.password {
        config.password(password.expose());
    }
    if let Some(database) = &target.database {
        config.dbname(database);
    }
    if let Some(options) = &target.options {
        config.options(options);
    }
    config.application_name(target.application_name.as_deref().unwrap_or("chatkeep"));
    config.connect_timeout(per_host);
    config.keepalives_idle(Duration::from_secs(60));
    config.ssl_mode(match target.tls.mode {
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
    });
    config.channel_binding(match target.channel_binding {
        ChannelBinding::Disable => DriverBinding::Disable,
        ChannelBinding::Prefer => DriverBinding::Prefer,
        ChannelBinding::Require => DriverBinding::Require,
    });
    config.target_session_attrs(match target.session {
        TargetSession::ReadWrite => TargetSessionAttrs::ReadWrite,
        TargetSession::ReadOnly => TargetSessionAttrs::ReadOnly,
        // The others are told apart once the connection is open.
        _ => TargetSessionAttrs::Any,
    });
    config
}

fn set_up(
    reactor: &Reactor,
    client: &Client,
    deadline: Duration,
    query_timeout: Duration,
    place: &str,
) -> Result<()> {
    let sql = postgresql_session::statements(query_timeout);
    let messages = match reactor.wait_for(deadline, client.simple_query(&sql)) {
        Ok(Ok(messages)) => messages,
        Ok(Err(error)) => return Err(explain(&failure(&error), place)),
        Err(reason) => {
            return Err(postgresql::connect_error(&Failure::no_answer(reason, deadline), place));
        }
    };
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    row.map_or(Ok(()), |row| postgresql_session::read_back((0..row.len()).map(|at| row.get(at))))
}

fn refuse_old(version: &str) -> Result<()> {
    let major =
        version.split(['.', ' ', 'b', 'r']).next().and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major < OLDEST => Err(Error::configuration(format!(
            "needs PostgreSQL {OLDEST} or later, the server is {version}"
        ))),
        _ => Ok(()),
    }
}

/// What a log-in that failed means. A server of another engine breaks the conversation off, or ends it.
fn explain_refusal(
    reactor: &Reactor,
    target: &ServerTarget,
    failure: &Failure,
    place: &str,
) -> Error {
    let talked = matches!(failure, Failure::Lost(cause)
        if !cause.starts_with("error connecting to server") && !cause.contains("certificate"));
    let [host] = target.hosts.as_slice() else { return explain(failure, place) };
    if talked
        && matches!(
            reactor.wait_for(protocol::LOOK, protocol::of_server(host)),
            Ok(Some(Protocol::MySql))
        )
    {
        return protocol::mismatch(Engine::PostgreSql, place);
    }
    explain(failure, place)
}

/// A TLS or a log-in that does not fit will not fit at the next try either.
fn explain(failure: &Failure, place: &str) -> Error {
    let hopeless = tls::is_mismatch(failure)
        || matches!(failure, Failure::Lost(cause) if cause.contains("channel binding") || cause.contains("missing"));
    if hopeless { tls::refused(failure, place) } else { postgresql::connect_error(failure, place) }
}
