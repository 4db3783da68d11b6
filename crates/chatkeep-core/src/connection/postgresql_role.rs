//! `target_session_attrs=primary`, `standby` and `prefer-standby`: each server is asked whether it is a standby. As in
//! libpq, every address of every host is tried in order.

use std::net::IpAddr;

use diesel::sql_types::Bool;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::postgresql::PgConnection;
use super::reactor::Reactor;
use super::{ConnectOptions, Opened, postgresql_open};
use crate::error::{Error, ErrorKind, Result};
use crate::fault::postgresql;
use crate::url::{Host, ServerTarget, TargetSession};

#[derive(QueryableByName)]
struct Recovering {
    #[diesel(sql_type = Bool)]
    standby: bool,
}

/// Opens a connection to the first server of the role that the URL asks for.
pub(super) fn open(
    target: &ServerTarget,
    options: &ConnectOptions,
) -> Result<Opened<PgConnection>> {
    let mut last = Error::configuration("names no host").with_field("DATABASE_URL");
    let mut spare = None;
    for host in &target.hosts {
        let alone = ServerTarget {
            hosts: vec![host.clone()],
            session: TargetSession::Any,
            ..target.clone()
        };
        for address in addresses(host, &alone, options)? {
            let opened =
                postgresql_open::open_at(&alone, address, options).and_then(|mut opened| {
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

/// A host's addresses; `None` stands for a unix socket, and for a name that the driver resolves once more and explains.
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
    let asked = sql_query("SELECT pg_catalog.pg_is_in_recovery() AS standby")
        .get_result::<Recovering>(connection);
    asked.map(|row| row.standby).map_err(|error| match connection.take_failure() {
        Some(failure) => postgresql::error(&failure, crate::fault::Effect::None),
        None => crate::fault::from_diesel(error),
    })
}

/// It may change with the next failover, so that trying again may help.
fn wrong_role(host: &Host, standby: bool, asked: TargetSession) -> Error {
    let role = if standby { "a standby" } else { "the primary" };
    let message = format!(
        "the server at {host} is {role}, and target_session_attrs={} asks for another",
        asked.name()
    );
    Error::new(ErrorKind::Unavailable, message)
}
