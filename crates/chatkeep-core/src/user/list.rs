//! Pages of users, newest first.
//!
//! Optimizers may read all rows that precede a page, or all holders of a role. So the query begins
//! with the index that has the order, and names it for MySQL and MariaDB.

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl};

use super::record::{User, UserPage};
use super::store::check_page;
use crate::connection::{Connection, on_engine};
use crate::engine::Engine;
use crate::error::Result;
use crate::message::{Cursor, next_page};
use crate::schema::{Character, Json, UtcTimestamp};
use crate::value::Timestamp;

/// Returns a page of users, newest first.
///
/// # Errors
/// `InvalidInput` with the field `limit` or `cursor`; or an error of the database.
pub fn list(
    connection: &mut Connection,
    active: Option<bool>,
    role: Option<&str>,
    limit: i64,
    cursor: Option<&str>,
) -> Result<UserPage> {
    let after = check_page(limit, cursor)?;
    let engine = connection.engine();
    // One more row shows whether there is a next page.
    let rows = UserRows { engine, active, role, after, now: Timestamp::now(), limit: limit + 1 };
    let users = on_engine!(connection, c => rows.load::<User>(c));
    let mut users = users.map_err(|error| connection.read_error(error))?;
    let next_cursor = next_page(&mut users, limit, |user| Cursor::after(user.created_at, user.id));
    Ok(UserPage { users, next_cursor })
}

/// The rows of a page.
struct UserRows<'a> {
    engine: Engine,
    active: Option<bool>,
    role: Option<&'a str>,
    /// Id after which the page begins.
    after: Option<i64>,
    now: Timestamp,
    limit: i64,
}

impl UserRows<'_> {
    /// Returns whether the query begins with the holders of a role. Inactive users are usually
    /// fewer.
    fn begins_with_roles(&self) -> bool {
        self.role.is_some() && self.active != Some(false)
    }

    /// Returns the hint that names an index.
    fn hint(&self, hint: &'static str) -> &'static str {
        if self.engine.is_mysql() { hint } else { "" }
    }
}

impl QueryId for UserRows<'_> {
    type QueryId = ();
    // The SQL depends on the values, so the statement cache is keyed by the SQL text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for UserRows<'_> {
    type SqlType = (
        BigInt,
        Text,
        Nullable<Text>,
        Nullable<Text>,
        Nullable<Text>,
        Nullable<Text>,
        Bool,
        Character,
        Nullable<UtcTimestamp>,
        Nullable<Json>,
        UtcTimestamp,
        UtcTimestamp,
        Nullable<UtcTimestamp>,
    );
}

impl<DB> QueryFragment<DB> for UserRows<'_>
where
    DB: Backend + HasSqlType<Bool> + HasSqlType<UtcTimestamp>,
    bool: ToSql<Bool, DB>,
    i64: ToSql<BigInt, DB>,
    str: ToSql<Text, DB>,
    Timestamp: ToSql<UtcTimestamp, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(
            "SELECT chat_users.id, chat_users.public_id, chat_users.email, chat_users.username, \
             chat_users.name, chat_users.avatar_url, chat_users.active, chat_users.stamp, \
             chat_users.confirmed_at, chat_users.metadata, chat_users.created_at, \
             chat_users.updated_at, chat_users.last_login_at FROM ",
        );
        let by_role = self.begins_with_roles();
        let join = match self.engine {
            // These join in the order of the tables.
            Engine::Sqlite => " CROSS JOIN ",
            Engine::MySql | Engine::MariaDb => " STRAIGHT_JOIN ",
            Engine::PostgreSql => " JOIN ",
        };
        if by_role {
            out.push_sql("user_roles");
            out.push_sql(self.hint(" FORCE INDEX (user_roles_role_user_id)"));
            out.push_sql(join);
        }
        out.push_sql("chat_users");
        if self.active.is_some() && !by_role {
            out.push_sql(self.hint(" FORCE INDEX (chat_users_active_id)"));
        }
        if self.role.is_some() && !by_role {
            out.push_sql(join);
            out.push_sql("user_roles");
        }
        let mut and = " WHERE ";
        if let Some(role) = &self.role {
            out.push_sql(" ON user_roles.user_id = chat_users.id WHERE user_roles.role = ");
            out.push_bind_param::<Text, str>(role)?;
            out.push_sql(" AND (user_roles.expires_at IS NULL OR user_roles.expires_at > ");
            out.push_bind_param::<UtcTimestamp, _>(&self.now)?;
            out.push_sql(")");
            and = " AND ";
        }
        if let Some(active) = &self.active {
            out.push_sql(std::mem::replace(&mut and, " AND "));
            out.push_sql("chat_users.active = ");
            out.push_bind_param::<Bool, _>(active)?;
        }
        if let Some(id) = &self.after {
            out.push_sql(std::mem::replace(&mut and, " AND "));
            out.push_sql("chat_users.id < ");
            out.push_bind_param::<BigInt, _>(id)?;
            if self.role.is_some() {
                out.push_sql(" AND user_roles.user_id < ");
                out.push_bind_param::<BigInt, _>(id)?;
            }
        }
        out.push_sql(if by_role {
            " ORDER BY user_roles.user_id DESC LIMIT "
        } else {
            " ORDER BY chat_users.id DESC LIMIT "
        });
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

impl<Conn> RunQueryDsl<Conn> for UserRows<'_> {}
