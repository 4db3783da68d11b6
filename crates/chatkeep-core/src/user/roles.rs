//! Queries on the table of roles.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::duplicate;
use super::key::check_label;
use super::record::UserRole;
use crate::connection::{Connection, all_stored, on_engine};
use crate::db_error::constraint::is_reference;
use crate::error::{Error, Result};
use crate::public_ids::{find_user, no_user};
use crate::schema::{chat_users, user_roles};
use crate::unexpired::unexpired;
use crate::value::{Timestamp, check_name, public_id};

/// Maximum length of a role, in characters.
const MAX_ROLE: usize = 100;
/// Maximum length of the account that granted a role, in characters.
const MAX_GRANTED_BY: usize = 255;

/// Checks the name of a role.
///
/// # Errors
/// `InvalidInput` with the field `role` when it is empty, has more than 100 characters, or contains
/// control characters.
pub fn check_role(role: &str) -> Result<()> {
    check_label("role", role, MAX_ROLE)
}

/// Checks the values of a grant.
///
/// # Errors
/// `InvalidInput` with the field `role`, `expires_at` or `granted_by`.
pub fn check_grant(
    role: &str,
    expires_at: Option<Timestamp>,
    granted_by: Option<&str>,
) -> Result<()> {
    check_role(role)?;
    if expires_at.is_some_and(|end| end <= Timestamp::now()) {
        return Err(Error::invalid_input("expires_at", "must be in the future"));
    }
    granted_by.map_or(Ok(()), |account| check_name("granted_by", account, MAX_GRANTED_BY))
}

/// Grants a role to a user. A grant of a role that the user has replaces its expiry.
///
/// # Errors
/// `InvalidInput` with the field `user_id` when the user does not exist, or with the field of an
/// invalid value; or an error of the database.
pub fn grant(
    connection: &mut Connection,
    user_id: &str,
    role: &str,
    expires_at: Option<Timestamp>,
    granted_by: Option<&str>,
) -> Result<UserRole> {
    check_grant(role, expires_at, granted_by)?;
    let now = Timestamp::now();
    connection.transaction(|connection| {
        let Some(user) = find_user(connection, user_id)? else { return Err(no_user(user_id)) };
        let values = (
            user_roles::granted_by.eq(granted_by),
            user_roles::granted_at.eq(now),
            user_roles::expires_at.eq(expires_at),
        );
        let changed = on_engine!(connection, c => {
            let row = user_roles::table
                .filter(user_roles::user_id.eq(user))
                .filter(user_roles::role.eq(role));
            diesel::update(row).set(values).execute(c)
        });
        if changed.map_err(|error| connection.write_error(error))? > 0 {
            return Ok(());
        }
        let stored = on_engine!(connection, c => {
            diesel::insert_into(user_roles::table)
                .values((user_roles::user_id.eq(user), user_roles::role.eq(role), values))
                .execute(c)
        });
        all_stored(stored, 1).map_err(|error| {
            let error = connection.insert_error(error);
            // The user was deleted in between.
            if is_reference(&error) { no_user(user_id) } else { duplicate::explain(error) }
        })
    })?;
    Ok(UserRole {
        role: role.to_owned(),
        granted_by: granted_by.map(str::to_owned),
        granted_at: now,
        expires_at,
    })
}

/// Revokes a role. Returns false if the user does not have it.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn revoke(connection: &mut Connection, user_id: &str, role: &str) -> Result<bool> {
    if !public_id::may_exist(user_id) || check_role(role).is_err() {
        return Ok(false);
    }
    let now = Timestamp::now();
    connection.transaction(|connection| {
        let Some(user) = find_user(connection, user_id)? else { return Ok(false) };
        let had = has(connection, user, role, now)?;
        let deleted = on_engine!(connection, c => {
            let row = user_roles::table
                .filter(user_roles::user_id.eq(user))
                .filter(user_roles::role.eq(role));
            diesel::delete(row).execute(c)
        });
        deleted.map(|count| count > 0 && had).map_err(|error| connection.write_error(error))
    })
}

fn has(connection: &mut Connection, user: i64, role: &str, now: Timestamp) -> Result<bool> {
    let count = on_engine!(connection, c => user_roles::table
        .filter(user_roles::user_id.eq(user))
        .filter(user_roles::role.eq(role))
        .filter(unexpired!(user_roles, now))
        .count()
        .get_result::<i64>(c));
    count.map(|count| count > 0).map_err(|error| connection.read_error(error))
}

/// Returns the roles of a user that have not expired, by name.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn list_roles(connection: &mut Connection, user_id: &str) -> Result<Vec<UserRole>> {
    if !public_id::may_exist(user_id) {
        return Ok(Vec::new());
    }
    let now = Timestamp::now();
    let rows = on_engine!(connection, c => user_roles::table
        .filter(user_roles::user_id.eq_any(
            chat_users::table.filter(chat_users::public_id.eq(user_id)).select(chat_users::id),
        ))
        .filter(unexpired!(user_roles, now))
        .order(user_roles::id.asc())
        .select((
            user_roles::role,
            user_roles::granted_by,
            user_roles::granted_at,
            user_roles::expires_at,
        ))
        .load::<UserRole>(c));
    let mut rows = rows.map_err(|error| connection.read_error(error))?;
    // Here, because the order of texts depends on the database.
    rows.sort_by(|one, other| one.role.cmp(&other.role));
    Ok(rows)
}

/// Returns whether a user has a role that has not expired.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn has_role(connection: &mut Connection, user_id: &str, role: &str) -> Result<bool> {
    if !public_id::may_exist(user_id) || check_role(role).is_err() {
        return Ok(false);
    }
    let now = Timestamp::now();
    let count = on_engine!(connection, c => user_roles::table
        .filter(user_roles::user_id.eq_any(
            chat_users::table.filter(chat_users::public_id.eq(user_id)).select(chat_users::id),
        ))
        .filter(user_roles::role.eq(role))
        .filter(unexpired!(user_roles, now))
        .count()
        .get_result::<i64>(c));
    count.map(|count| count > 0).map_err(|error| connection.read_error(error))
}
