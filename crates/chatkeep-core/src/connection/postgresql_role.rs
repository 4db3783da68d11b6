//! Host selection for `target_session_attrs=primary`, `standby` and `prefer-standby`: each server
//! is queried for its role. As in libpq, every address of every host is tried in order.

use std::net::IpAddr;

use diesel::sql_types::Bool;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::postgresql::PgConnection;
use super::reactor::Reactor;
use super::{ConnectOptions, Opened, postgresql_open};
use crate::db_error::postgresql;
use crate::error::{Error, ErrorKind, Result};
use crate::url::{Host, ServerTarget, TargetSession};

#[derive(QueryableByName)]
struct Recovering {
    #[diesel(sql_type = Bool)]
    standby: bool,
}

/// Opens a connection to the first server that has the requested role.
pub(super) fn open(
    target: &ServerTarget,
    options: &ConnectOptions,
) -> Result<Opened<PgConnection>> {
    let mut last = Error::configuration("the host is missing").with_field("DATABASE_URL");
    let mut spare = None;
    for host in &target.hosts {
        let single = ServerTarget {
            hosts: vec![host.clone()],
            session: TargetSession::Any,
            ..target.clone()
        };
        for address in addresses(host, &single, options)? {
            let opened =
                postgresql_open::open_at(&single, address, options).and_then(|mut opened| {
                    let standby = is_standby(&mut opened.connection)?;
                    Ok((opened, standby))
                });
            match opened {
                Ok((opened, standby)) if standby == (target.session != TargetSession::Primary) => {
                    return Ok(opened);
                }
                Ok((opened, standby)) => {
                    last = wrong_role(host, standby, target.session);
                    spare.get_or_insert(opened);
                }
                Err(error) if error.is_retryable() => last = error,
                Err(error) => return Err(error),
            }
        }
    }
    spare.filter(|_| target.session == TargetSession::PreferStandby).ok_or(last)
}

/// Returns a host's addresses. `None` stands for a unix socket, and for a name that could not be
/// resolved: the driver resolves it again and reports the error.
fn addresses(
    host: &Host,
    target: &ServerTarget,
    options: &ConnectOptions,
) -> Result<Vec<Option<IpAddr>>> {
    let Host::Tcp { host, port } = host else { return Ok(vec![None]) };
    let deadline = target.connect_timeout.unwrap_or(options.connect_timeout);
    let found = Reactor::new(options.query_timeout)?
        .wait_for(deadline, tokio::net::lookup_host((host.as_str(), *port)))
        .ok()
        .and_then(|found| found.ok());
    let found: Vec<_> = found.into_iter().flatten().map(|address| Some(address.ip())).collect();
    Ok(if found.is_empty() { vec![None] } else { found })
}

fn is_standby(connection: &mut PgConnection) -> Result<bool> {
    let result = sql_query("SELECT pg_catalog.pg_is_in_recovery() AS standby")
        .get_result::<Recovering>(connection);
    result.map(|row| row.standby).map_err(|error| match connection.take_failure() {
        Some(failure) => postgresql::error(&failure, crate::db_error::Effect::None),
        None => crate::db_error::from_diesel(error),
    })
}

/// Returns the error for a server with another role. It is retryable, because a failover can change
/// the role.
fn wrong_role(host: &Host, standby: bool, requested: TargetSession) -> Error {
    let role = if standby { "a standby" } else { "the primary" };
    let message = format!(
        "the server at {host} is {role}, which target_session_attrs={} does not allow",
        requested.name()
    );
    Error::new(ErrorKind::Unavailable, message)
}
