//! Opening of connections to PostgreSQL: hosts, TLS, log-in, session settings.

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
use super::reactor::Reactor;
use super::{BatchIds, ConnectOptions, Opened, postgresql_role, postgresql_session, tls};
use crate::db_error::{Failure, WaitError, postgresql};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::url::{ChannelBinding, Host, Pooler, ServerTarget, TargetSession, TlsMode};

/// The oldest major version that the PostgreSQL project still supports.
const OLDEST: u32 = 14;

/// Opens a connection.
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

/// Opens a connection to the first host that accepts it. With an address, the target has one host,
/// which is connected at that address.
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
    let hosts = target.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
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
        Ok(Err(error)) => return Err(explain_refusal(&reactor, target, &failure(&error), &hosts)),
        Err(reason) => {
            return Err(postgresql::connect_error(&Failure::from_wait(reason, deadline), &hosts));
        }
    };
    refuse_old(&reported.version)?;
    let pooled = target.pooler == Pooler::Transaction;
    let strings = reported.standard_conforming_strings.as_deref().filter(|_| pooled);
    postgresql_session::check_reported(reported.server_encoding.as_deref(), strings)?;
    if !pooled {
        set_up(&reactor, &client, deadline, options.query_timeout, &hosts)?;
    }
    Ok(Opened {
        connection: PgConnection::new(reactor, client, pooled),
        engine: Engine::PostgreSql,
        version: reported.version,
        max_row_bytes: None,
        batch_ids: BatchIds::Returned,
    })
}

/// Parameters that the server reports at log-in.
struct Reported {
    version: String,
    server_encoding: Option<String>,
    standard_conforming_strings: Option<String>,
}

/// The driver's result of a log-in: the client's half and the driver's half of a connection.
type Connected<S, T> = Result<(Client, Connection<S, T>), tokio_postgres::Error>;

/// Connects and logs in. From then on, the reactor polls the driver's half of the connection during
/// every wait.
fn connect<S, T>(
    reactor: &Reactor,
    deadline: Duration,
    connecting: impl Future<Output = Connected<S, T>> + Send,
) -> Result<Result<(Client, Reported), tokio_postgres::Error>, WaitError>
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
        // The client reports the driver's errors as well.
        reactor.set_driver(connection.map(drop));
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
        // `postgresql_role` handles the others after the connection is open.
        _ => TargetSessionAttrs::Any,
    });
    config
}

fn set_up(
    reactor: &Reactor,
    client: &Client,
    deadline: Duration,
    query_timeout: Duration,
    hosts: &str,
) -> Result<()> {
    let sql = postgresql_session::statements(query_timeout);
    let messages = match reactor.wait_for(deadline, client.simple_query(&sql)) {
        Ok(Ok(messages)) => messages,
        Ok(Err(error)) => return Err(explain(&failure(&error), hosts)),
        Err(reason) => {
            return Err(postgresql::connect_error(&Failure::from_wait(reason, deadline), hosts));
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
            "the server's version is {version}; PostgreSQL {OLDEST} or later is required"
        ))),
        _ => Ok(()),
    }
}

/// Converts the error of a failed log-in. A server of another engine accepts the TCP connection and
/// then fails the handshake, so its protocol is probed.
fn explain_refusal(
    reactor: &Reactor,
    target: &ServerTarget,
    failure: &Failure,
    hosts: &str,
) -> Error {
    let was_connected = matches!(failure, Failure::Lost(cause)
        if !cause.starts_with("error connecting to server") && !cause.contains("certificate"));
    let [host] = target.hosts.as_slice() else { return explain(failure, hosts) };
    if was_connected
        && matches!(
            reactor.wait_for(protocol::DETECT_TIMEOUT, protocol::detect(host)),
            Ok(Some(Protocol::MySql))
        )
    {
        return protocol::mismatch(Engine::PostgreSql, hosts);
    }
    explain(failure, hosts)
}

/// Converts a connection error. Errors of TLS and log-in settings are not retryable.
fn explain(failure: &Failure, hosts: &str) -> Error {
    let is_setting = tls::is_mismatch(failure)
        || matches!(failure, Failure::Lost(cause)
            if cause.contains("channel binding") || cause.contains("missing"));
    if is_setting {
        tls::refused(failure, hosts)
    } else {
        postgresql::connect_error(failure, hosts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn servers_before_the_oldest_supported_version_are_rejected() {
        let error = refuse_old("13.22 (Debian 13.22-0+deb11u1)").expect_err("13 is too old");
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.message().contains("PostgreSQL 14 or later"), "{error}");
        for version in ["14.19", "18beta2", "19devel", "unknown"] {
            assert!(refuse_old(version).is_ok(), "{version}");
        }
    }
}
