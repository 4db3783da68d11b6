//! Complete rows of the tables of users, for copying them between databases.

use std::fmt;

use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, RunQueryDsl};

use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::schema::{
    Characters, chat_users, one_time_secrets, user_identities, user_passwords, user_roles,
};
use crate::value::{Metadata, Timestamp};

/// Maximum number of rows that one query returns.
const MAX_ROWS: i64 = 1_000;

/// A user.
#[derive(Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = chat_users)]
#[diesel(treat_none_as_default_value = false)]
pub struct StoredUser {
    /// Id inside the database.
    pub id: i64,
    /// Id outside of the backend.
    pub public_id: String,
    /// E-mail address.
    pub email: Option<String>,
    /// The form by which the address is unique.
    pub email_key: Option<String>,
    /// Name to sign in with.
    pub username: Option<String>,
    /// The form by which the username is unique.
    pub username_key: Option<String>,
    /// Name to show.
    pub name: Option<String>,
    /// Address of a picture.
    pub avatar_url: Option<String>,
    /// Whether the user may sign in.
    pub active: bool,
    /// Time at which the ownership of the address was proved.
    pub confirmed_at: Option<Timestamp>,
    /// Sessions with another stamp are invalid.
    #[diesel(deserialize_as = Characters<String>, serialize_as = Characters<String>)]
    pub stamp: String,
    /// Additional data.
    pub metadata: Option<Metadata>,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Time of the last sign-in.
    pub last_login_at: Option<Timestamp>,
}

/// The hash of a user's password, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = user_passwords)]
#[diesel(treat_none_as_default_value = false)]
pub struct StoredPassword {
    /// The user's id.
    pub user_id: i64,
    /// The hash.
    pub hash: String,
    /// Scheme of the hash.
    pub scheme: String,
    /// The salt of the application with which it was stored.
    pub pepper_id: Option<String>,
    /// Time at which the password was set.
    pub changed_at: Timestamp,
}

/// An account of a user at another provider.
#[derive(Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = user_identities)]
#[diesel(treat_none_as_default_value = false)]
pub struct StoredIdentity {
    /// The identity's id.
    pub id: i64,
    /// The provider.
    pub provider: String,
    /// The user's id at the provider.
    pub subject: String,
    /// The user's id.
    pub user_id: i64,
    /// Address at the provider.
    pub email: Option<String>,
    /// Time at which it was linked.
    pub linked_at: Timestamp,
    /// Time of the last sign-in with it.
    pub last_used_at: Option<Timestamp>,
}

/// A role of a user.
#[derive(Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = user_roles)]
#[diesel(treat_none_as_default_value = false)]
pub struct StoredRole {
    /// The grant's id.
    pub id: i64,
    /// The user's id.
    pub user_id: i64,
    /// The role.
    pub role: String,
    /// The account that granted it.
    pub granted_by: Option<String>,
    /// Time of the grant.
    pub granted_at: Timestamp,
    /// Time from which the user does not have it.
    pub expires_at: Option<Timestamp>,
}

/// The hash of a secret that is valid once, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = one_time_secrets)]
#[diesel(treat_none_as_default_value = false)]
pub struct StoredSecret {
    /// The secret's id.
    pub id: i64,
    /// SHA-256 hash of the secret, as 64 lower-case hexadecimal digits.
    #[diesel(deserialize_as = Characters<String>, serialize_as = Characters<String>)]
    pub digest: String,
    /// The purpose.
    pub purpose: String,
    /// The subject.
    pub subject: String,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time from which it is invalid.
    pub expires_at: Timestamp,
}

/// A complete row of a table that is copied by ascending id.
pub trait StoredRow: Sized + Clone {
    /// Returns up to 1,000 rows with an id greater than `id`, ordered by id. The result is empty at
    /// the end.
    ///
    /// # Errors
    /// `Unavailable` or another error of the database.
    fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<Self>>;

    /// Counts all rows.
    ///
    /// # Errors
    /// `Unavailable` or another error of the database.
    fn count_all(connection: &mut Connection) -> Result<i64>;

    /// Stores rows with their ids, in the caller's transaction. The database's id sequence is not
    /// advanced.
    ///
    /// # Errors
    /// The database's error, for example for a duplicate id.
    fn insert_with_ids(connection: &mut Connection, rows: &[Self]) -> Result<()>;
}

macro_rules! stored_rows {
    ($($row:ident: $table:ident by $id:ident;)+) => {$(
        impl StoredRow for $row {
            fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<Self>> {
                let rows = on_engine!(connection, c => $table::table
                    .filter($table::$id.gt(id))
                    .order($table::$id.asc())
                    .select($table::all_columns)
                    .limit(MAX_ROWS)
                    .load::<Self>(c));
                rows.map_err(|error| connection.read_error(error))
            }

            fn count_all(connection: &mut Connection) -> Result<i64> {
                let counted =
                    on_engine!(connection, c => $table::table.count().get_result::<i64>(c));
                counted.map_err(|error| connection.read_error(error))
            }

            fn insert_with_ids(connection: &mut Connection, rows: &[Self]) -> Result<()> {
                let stored = on_engine!(connection, c => rows.iter().cloned().try_for_each(|row| {
                    diesel::insert_into($table::table).values(row).execute(c).map(drop)
                }));
                stored.map_err(|error| connection.write_error(error))
            }
        }

        impl fmt::Debug for $row {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($row)).field("id", &self.$id).finish_non_exhaustive()
            }
        }
    )+};
}

stored_rows! {
    StoredUser: chat_users by id;
    StoredPassword: user_passwords by user_id;
    StoredIdentity: user_identities by id;
    StoredRole: user_roles by id;
    StoredSecret: one_time_secrets by id;
}
