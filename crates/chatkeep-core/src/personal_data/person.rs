//! The user whose data is exported or erased.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::schema::chat_users;
use crate::value::public_id;

/// A user, and the texts by which applications name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Internal id.
    pub id: i64,
    /// The public id and the e-mail address. Ratings, grants, one-time secrets and the audit log
    /// have such names instead of an internal id.
    pub(super) names: Vec<String>,
}

impl Person {
    /// Returns the names as objects of the audit log.
    pub(super) fn objects(&self) -> Vec<String> {
        let prefixed = self.names.iter().map(|name| format!("user:{name}"));
        prefixed.chain(self.names.iter().cloned()).collect()
    }
}

/// Returns a user by its public id.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn find_person(connection: &mut Connection, user_id: &str) -> Result<Option<Person>> {
    if !public_id::may_exist(user_id) {
        return Ok(None);
    }
    let found = on_engine!(connection, c => chat_users::table
        .filter(chat_users::public_id.eq(user_id))
        .select((chat_users::id, chat_users::email, chat_users::email_key))
        .get_result::<(i64, Option<String>, Option<String>)>(c)
        .optional());
    let found = found.map_err(|error| connection.read_error(error))?;
    Ok(found.map(|(id, email, key)| {
        let mut names: Vec<_> =
            [Some(user_id.to_owned()), email, key].into_iter().flatten().collect();
        names.dedup();
        Person { id, names }
    }))
}
