//! The renewal of many leases of a worker, with one statement.

use std::collections::BTreeSet;

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::rows::chat_tasks;
use crate::connection::{Connection, Session};
use crate::conversation::lease_end;
use crate::error::Result;
use crate::value::Timestamp;

/// A lease that was renewed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RenewedLease {
    /// Public id of the task.
    pub task_id: String,
    /// Token of the lease.
    pub lease_token: String,
    /// Whether a cancellation of the task was requested.
    pub is_cancel_requested: bool,
}

type Row = (String, Option<String>, Option<Timestamp>);

/// Extends leases until `lease_seconds` from now. Each is a public id and a token, which the caller
/// has checked. Returns the leases that were extended; the tasks of the others are lost.
///
/// # Errors
/// `InvalidInput` with the field `lease_seconds`; `OutcomeUnknown` or another error of the database.
pub fn renew(
    connection: &mut Connection,
    leases: &[(&str, &str)],
    lease_seconds: i64,
) -> Result<Vec<RenewedLease>> {
    let now = Timestamp::now();
    let until = Some(lease_end(now, lease_seconds)?);
    if leases.is_empty() {
        return Ok(Vec::new());
    }
    // In one order in all processes, so that two do not deadlock.
    let ids: BTreeSet<&str> = leases.iter().map(|(id, _)| *id).collect();
    let tokens: BTreeSet<&str> = leases.iter().map(|(_, token)| *token).collect();
    // A task may have the token of another lease of the caller. It is left out below.
    let leased = || {
        chat_tasks::table
            .filter(chat_tasks::public_id.eq_any(ids.iter().copied()))
            .filter(chat_tasks::status.eq("running"))
            .filter(chat_tasks::lease_token.eq_any(tokens.iter().copied().map(Some)))
            .filter(chat_tasks::lease_until.gt(now))
    };
    let end = || chat_tasks::lease_until.eq(until);
    let columns = (chat_tasks::public_id, chat_tasks::lease_token, chat_tasks::cancel_requested_at);
    let renewed = match &mut connection.session {
        Session::Sqlite(c) => {
            diesel::update(leased()).set(end()).returning(columns).get_results::<Row>(c)
        }
        Session::PostgreSql(c) => {
            diesel::update(leased()).set(end()).returning(columns).get_results::<Row>(c.as_mut())
        }
        Session::MySql(c) => {
            diesel::update(leased()).set(end()).execute(c.as_mut()).and_then(|count| {
                if count == 0 {
                    return Ok(Vec::new());
                }
                leased().select(columns).load::<Row>(c.as_mut())
            })
        }
    };
    let renewed = renewed.map_err(|error| connection.write_error(error))?;
    let pairs: BTreeSet<(&str, &str)> = leases.iter().copied().collect();
    let lease = |(task_id, token, requested): Row| {
        let lease_token = token.unwrap_or_default();
        pairs.contains(&(task_id.as_str(), lease_token.as_str())).then(|| RenewedLease {
            is_cancel_requested: requested.is_some(),
            task_id,
            lease_token,
        })
    };
    Ok(renewed.into_iter().filter_map(lease).collect())
}

/// Checks the arguments of a lease that is to be renewed.
///
/// # Errors
/// `InvalidInput` with the field's name.
pub fn check_lease(token: &str, lease_seconds: i64) -> Result<()> {
    super::new::check_token(token)?;
    lease_end(Timestamp::MIN, lease_seconds).map(drop)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::connection::{ConnectOptions, Role};
    use crate::task::{ClaimedTask, NewTask, TaskClaim, claim, complete, enqueue, find_due, get};
    use crate::value::Metadata;
    use crate::{DatabaseUrl, migrations};

    fn claim_new(connection: &mut Connection) -> ClaimedTask {
        let new = NewTask::new("k", Metadata::parse("{}").expect("metadata"));
        enqueue(connection, &new).expect("it is enqueued");
        let kinds = ["k".to_owned()];
        let request = TaskClaim { kinds: &kinds, worker: "w", lease_seconds: 60, limit: 1 };
        let due = find_due(connection, &request, Timestamp::now());
        let due = due.expect("the query succeeds").expect("it is due");
        claim(connection, &request, &due, false).expect("it is claimed").remove(0)
    }

    #[test]
    fn only_leases_with_their_own_token_are_renewed() {
        let (url, options) = (DatabaseUrl::sqlite_memory(), ConnectOptions::default());
        let mut connection = Connection::open(&url, Role::Writer, &options).expect("it is opened");
        let connection = &mut connection;
        migrations::upgrade(connection, Duration::from_secs(60)).expect("the tables are created");
        assert_eq!(renew(connection, &[], 60).expect("the call succeeds"), []);
        let [first, second, third] = [(); 3].map(|()| claim_new(connection));
        let id = |claimed: &ClaimedTask| claimed.task.public_id.clone();
        let (ids, token) = ([id(&first), id(&second), id(&third)], third.lease_token.as_str());
        complete(connection, &ids[2], token, None).expect("it is completed");
        let leases = [
            (ids[0].as_str(), first.lease_token.as_str()),
            // The token of another lease in the list.
            (ids[1].as_str(), first.lease_token.as_str()),
            (ids[2].as_str(), token),
        ];
        let renewed = renew(connection, &leases, 3_600).expect("the call succeeds");
        let expected = RenewedLease {
            task_id: ids[0].clone(),
            lease_token: first.lease_token.clone(),
            is_cancel_requested: false,
        };
        assert_eq!(renewed, [expected]);
        let until = |connection: &mut Connection, id: &str| {
            get(connection, id).expect("the query succeeds").expect("it exists").lease_until
        };
        assert!(until(connection, &ids[0]) > first.task.lease_until);
        assert_eq!(until(connection, &ids[1]), second.task.lease_until);
        for seconds in [0, -1, 2_592_001, i64::MAX] {
            let error = renew(connection, &leases, seconds).expect_err("it is out of range");
            assert_eq!(error.field(), Some("lease_seconds"));
            let error = check_lease(token, seconds).expect_err("it is out of range");
            assert_eq!(error.field(), Some("lease_seconds"));
        }
    }
}
