//! Complete token rows, including hashes, for copying tokens between databases.

use std::fmt;

use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, RunQueryDsl};
use serde::Serialize;

use crate::connection::{Connection, CopyRows, Session, on_engine};
use crate::error::Result;
use crate::schema::{Characters, api_tokens};
use crate::value::Timestamp;

/// Maximum number of tokens that one query returns.
const MAX_ROWS: i64 = 2_000;

/// A token with its hashes, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct StoredToken {
    /// The token's id.
    pub id: i64,
    /// SHA-256 hash of the token, as 64 lower-case hexadecimal digits.
    #[serde(skip)]
    pub token_hash: String,
    /// The purpose of the token.
    pub description: String,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time from which the token is invalid. `None` means that it does not expire.
    pub expires_at: Option<Timestamp>,
    /// Whether the token has not been revoked.
    pub is_active: bool,
    /// Time of the last use, with a precision of one minute.
    pub last_used_at: Option<Timestamp>,
    /// The token's first characters, to identify it.
    pub token_start: Option<String>,
    /// Id of the row of the user that owns the token.
    pub user_id: Option<i64>,
    /// Scopes, separated by spaces.
    pub scopes: Option<String>,
    /// Hash before the last rotation.
    #[serde(skip)]
    pub previous_hash: Option<String>,
    /// Time from which the previous token is invalid.
    pub previous_until: Option<Timestamp>,
}

/// A row of the table.
#[derive(Queryable, Insertable)]
#[diesel(table_name = api_tokens)]
#[diesel(treat_none_as_default_value = false)]
pub(crate) struct Row {
    id: i64,
    token_hash: Characters<String>,
    description: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    is_active: bool,
    last_used_at: Option<Timestamp>,
    token_start: Option<String>,
    user_id: Option<i64>,
    scopes: Option<String>,
    previous_hash: Option<Characters<String>>,
    previous_until: Option<Timestamp>,
}

impl From<Row> for StoredToken {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            token_hash: row.token_hash.into(),
            description: row.description,
            created_at: row.created_at,
            expires_at: row.expires_at,
            is_active: row.is_active,
            last_used_at: row.last_used_at,
            token_start: row.token_start,
            user_id: row.user_id,
            scopes: row.scopes,
            previous_hash: row.previous_hash.map(String::from),
            previous_until: row.previous_until,
        }
    }
}

impl From<StoredToken> for Row {
    fn from(token: StoredToken) -> Self {
        Self {
            id: token.id,
            token_hash: Characters(token.token_hash),
            description: token.description,
            created_at: token.created_at,
            expires_at: token.expires_at,
            is_active: token.is_active,
            last_used_at: token.last_used_at,
            token_start: token.token_start,
            user_id: token.user_id,
            scopes: token.scopes,
            previous_hash: token.previous_hash.map(Characters),
            previous_until: token.previous_until,
        }
    }
}

impl fmt::Debug for StoredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredToken")
            .field("id", &self.id)
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

/// Returns up to 2,000 tokens with an id greater than `id`, ordered by id. The result is empty at
/// the end.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<StoredToken>> {
    let rows = on_engine!(connection, c => api_tokens::table
        .filter(api_tokens::id.gt(id))
        .order(api_tokens::id.asc())
        .select(api_tokens::all_columns)
        .limit(MAX_ROWS)
        .load::<Row>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    Ok(rows.into_iter().map(StoredToken::from).collect())
}

/// Returns the ids and hashes of the tokens that have one of these hashes.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn with_hashes(connection: &mut Connection, hashes: &[&str]) -> Result<Vec<(i64, String)>> {
    let rows = on_engine!(connection, c => api_tokens::table
        .filter(api_tokens::token_hash.eq_any(hashes.iter().copied().map(Characters)))
        .select((api_tokens::id, api_tokens::token_hash))
        .load::<(i64, Characters<String>)>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    Ok(rows.into_iter().map(|(id, hash)| (id, hash.into())).collect())
}

/// Returns the ids from `ids` that exist.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn existing_ids(connection: &mut Connection, ids: &[i64]) -> Result<Vec<i64>> {
    let rows = on_engine!(connection, c => api_tokens::table
        .filter(api_tokens::id.eq_any(ids))
        .select(api_tokens::id)
        .load::<i64>(c));
    rows.map_err(|error| connection.read_error(error))
}

/// Counts all tokens.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn count_all(connection: &mut Connection) -> Result<i64> {
    let counted = on_engine!(connection, c => api_tokens::table.count().get_result::<i64>(c));
    counted.map_err(|error| connection.read_error(error))
}

/// Stores tokens with their ids, in the caller's transaction. The database's id sequence is not
/// advanced.
///
/// # Errors
/// `InvalidInput` for a duplicate id or hash (on SQLite `Internal`); `OutcomeUnknown` or another
/// error of the database.
pub fn insert_with_ids(connection: &mut Connection, tokens: &[StoredToken]) -> Result<()> {
    let stored = match &mut connection.session {
        Session::Sqlite(c) => tokens.iter().cloned().map(Row::from).try_for_each(|token| {
            diesel::insert_into(api_tokens::table).values(token).execute(c).map(drop)
        }),
        Session::MySql(c) => tokens.iter().cloned().map(Row::from).try_for_each(|token| {
            diesel::insert_into(api_tokens::table).values(token).execute(c.as_mut()).map(drop)
        }),
        Session::PostgreSql(c) => {
            let sql = "COPY api_tokens (id, token_hash, description, created_at, expires_at, \
                       is_active, last_used_at, token_start, user_id, scopes, previous_hash, \
                       previous_until) FROM STDIN (FORMAT binary)";
            c.copy_in(sql, copy_rows(tokens)).map(drop)
        }
    };
    stored.map_err(|error| connection.write_error(error))
}

/// Stores tokens with ids that the database assigns, in the caller's transaction.
///
/// # Errors
/// `InvalidInput` for a duplicate hash (on SQLite `Internal`); `OutcomeUnknown` or another error of
/// the database.
pub fn insert_with_new_ids(connection: &mut Connection, tokens: &[StoredToken]) -> Result<()> {
    use api_tokens::dsl;
    let stored = tokens.iter().try_for_each(|token| {
        let row = (
            dsl::token_hash.eq(Characters(token.token_hash.as_str())),
            dsl::description.eq(&token.description),
            dsl::created_at.eq(token.created_at),
            dsl::expires_at.eq(token.expires_at),
            dsl::is_active.eq(token.is_active),
            dsl::last_used_at.eq(token.last_used_at),
            dsl::token_start.eq(token.token_start.as_deref()),
            dsl::user_id.eq(token.user_id),
            dsl::scopes.eq(token.scopes.as_deref()),
            dsl::previous_hash.eq(token.previous_hash.as_deref().map(Characters)),
            dsl::previous_until.eq(token.previous_until),
        );
        on_engine!(connection, c => diesel::insert_into(api_tokens::table).values(row).execute(c))
            .map(drop)
    });
    stored.map_err(|error| connection.write_error(error))
}

fn copy_rows(tokens: &[StoredToken]) -> CopyRows {
    let mut rows = CopyRows::with_capacity(256 * tokens.len() + 64);
    for token in tokens {
        rows.row();
        rows.integer(Some(token.id));
        rows.text(Some(&token.token_hash));
        rows.text(Some(&token.description));
        rows.integer(Some(token.created_at.as_postgresql()));
        rows.integer(token.expires_at.map(Timestamp::as_postgresql));
        rows.boolean(token.is_active);
        rows.integer(token.last_used_at.map(Timestamp::as_postgresql));
        rows.text(token.token_start.as_deref());
        rows.integer(token.user_id);
        rows.text(token.scopes.as_deref());
        rows.text(token.previous_hash.as_deref());
        rows.integer(token.previous_until.map(Timestamp::as_postgresql));
    }
    rows
}
