//! The tables `message_totals` and `message_counting`.

use diesel::dsl::max;
use diesel::mysql::Mysql;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Integer, Text};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl, sql_query};

use super::gaps::replace_gaps;
use super::sums::{Key, SPANS, Sums, Totals};
use crate::connection::{Connection, MysqlConnection, Session, SqliteSession, on_engine};
use crate::engine::Engine;
use crate::error::Result;
use crate::schema::{Moment, message_counting, message_totals, messages};
use crate::value::Timestamp;

/// The row of `message_counting` that holds the mark.
pub(super) const MARK: i32 = 0;
/// A statement changes at most this many totals.
const MAX_ROWS: usize = 1_000;

/// A row of totals, as it is stored.
type Row = (i32, Timestamp, String, String, i64, i64, i64, i64);

/// How far it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, diesel::QueryableByName)]
pub(in crate::message) struct Mark {
    /// Messages up to this id are in the totals.
    #[diesel(sql_type = BigInt)]
    pub(in crate::message) counted_to: i64,
    /// It changes with every message behind the mark that is deleted or moved in: what was added up before is worth
    /// nothing then.
    #[diesel(sql_type = BigInt)]
    pub(super) revision: i64,
}

/// Up to which id messages are in the totals. Nothing, when the mark is missing: then the totals are worth nothing.
pub(in crate::message) fn counted_to(connection: &mut Connection) -> Result<Option<i64>> {
    let mark = on_engine!(connection, c => message_counting::table
        .find(MARK)
        .select(message_counting::counted_to)
        .get_result::<i64>(c)
        .optional());
    mark.map_err(|error| connection.read_error(error))
}

/// The greatest id of all messages; 0 when there is none.
pub(super) fn last_id(connection: &mut Connection) -> Result<i64> {
    let last = on_engine!(connection, c => messages::table
        .select(max(messages::id))
        .get_result::<Option<i64>>(c));
    last.map(|id| id.unwrap_or(0)).map_err(|error| connection.read_error(error))
}

/// The id of the last of so many messages behind an id; `top` when there are not more up to there. Ids may lie far apart: a
/// log that came from elsewhere keeps those that it had.
pub(super) fn end_of_step(
    connection: &mut Connection,
    behind: i64,
    top: i64,
    most: i64,
) -> Result<i64> {
    if top - behind <= most {
        return Ok(top);
    }
    let last = on_engine!(connection, c => messages::table
        .filter(messages::id.gt(behind))
        .order(messages::id.asc())
        .select(messages::id)
        .offset(most - 1)
        .limit(1)
        .get_result::<i64>(c)
        .optional());
    last.map(|id| id.unwrap_or(top).min(top)).map_err(|error| connection.read_error(error))
}

/// What to do when another transaction holds the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::message) enum IfHeld {
    Wait,
    GiveUp,
}

/// The mark, held until the end of the transaction: nobody else changes totals meanwhile. On SQLite the transaction
/// itself sees to that.
pub(in crate::message) fn hold_mark(
    connection: &mut Connection,
    if_held: IfHeld,
) -> Result<Option<Mark>> {
    match if_held {
        _ if connection.engine() == Engine::Sqlite => mark(connection),
        IfHeld::Wait => load_mark(connection, concat!(select_mark!(), " FOR UPDATE")),
        IfHeld::GiveUp => load_mark(connection, concat!(select_mark!(), " FOR UPDATE SKIP LOCKED")),
    }
}

/// The mark, as it is just now.
pub(super) fn mark(connection: &mut Connection) -> Result<Option<Mark>> {
    load_mark(connection, select_mark!())
}

macro_rules! select_mark {
    () => {
        "SELECT counted_to, revision FROM message_counting WHERE id = 0"
    };
}
use select_mark;

fn load_mark(connection: &mut Connection, sql: &'static str) -> Result<Option<Mark>> {
    let marks = on_engine!(connection, c => sql_query(sql).load::<Mark>(c));
    marks.map(|marks| marks.first().copied()).map_err(|error| connection.read_error(error))
}

/// Messages behind the mark were deleted or moved in, by this transaction.
pub(super) fn raise_revision(connection: &mut Connection) -> Result<()> {
    let raised = on_engine!(connection, c => diesel::update(message_counting::table.find(MARK))
        .set(message_counting::revision.eq(message_counting::revision + 1_i64))
        .execute(c));
    raised.map(drop).map_err(|error| connection.write_error(error))
}

/// Moves the mark.
pub(super) fn move_mark(connection: &mut Connection, counted_to: i64) -> Result<()> {
    let moved = on_engine!(connection, c => diesel::update(message_counting::table.find(MARK))
        .set(message_counting::counted_to.eq(counted_to))
        .execute(c));
    moved.map(drop).map_err(|error| connection.write_error(error))
}

/// Forgets all totals, and puts the mark before the first message.
pub(super) fn forget(connection: &mut Connection) -> Result<()> {
    if hold_mark(connection, IfHeld::Wait)?.is_none() {
        let row = (
            message_counting::id.eq(MARK),
            message_counting::counted_to.eq(0_i64),
            message_counting::settled_to.eq(0_i64),
            message_counting::seen.eq(0_i64),
            message_counting::seen_at.eq(Timestamp::MIN),
            message_counting::revision.eq(0_i64),
        );
        let made = on_engine!(connection, c => diesel::insert_into(message_counting::table).values(row).execute(c));
        made.map_err(|error| connection.write_error(error))?;
    }
    let forgotten = on_engine!(connection, c => diesel::delete(message_totals::table).execute(c));
    forgotten.map_err(|error| connection.write_error(error))?;
    replace_gaps(connection, &[])?;
    raise_revision(connection)?;
    move_mark(connection, 0)
}

/// All totals.
pub(super) fn all_kept(connection: &mut Connection) -> Result<Totals> {
    let rows = on_engine!(connection, c => message_totals::table.load::<Row>(c));
    rows.map(from_rows).map_err(|error| connection.read_error(error))
}

fn from_rows(rows: Vec<Row>) -> Totals {
    let total = |(hours, start, provider, model, messages, with_tokens, high, low): Row| {
        let sums = Sums { messages, with_tokens, tokens: Sums::join(high, low) };
        (Key { hours, start, provider, model }, sums)
    };
    Totals(rows.into_iter().map(total).collect())
}

/// Adds changes to the totals. What comes to no messages is left out of the table.
pub(super) fn change(connection: &mut Connection, changes: &Totals) -> Result<()> {
    // In the order of the key, so that the rows lie next to each other.
    let rows: Vec<_> = changes.0.iter().collect();
    for rows in rows.chunks(MAX_ROWS) {
        let changed = match &mut connection.session {
            Session::Sqlite(c) => rows.iter().try_for_each(|(key, sums)| change_one(c, key, sums)),
            Session::PostgreSql(c) => change_arrays(c, rows),
            Session::MySql(c) => Changes(rows).execute(c.as_mut()).map(drop),
        };
        changed.map_err(|error| connection.write_error(error))?;
    }
    let takes_out = |(_, sums): &&(&Key, &Sums)| sums.messages < 0;
    for hours in SPANS {
        let taken =
            || rows.iter().filter(takes_out).map(|(key, _)| key).filter(|key| key.hours == hours);
        let starts = || taken().map(|key| key.start);
        let (Some(first), Some(last)) = (starts().min(), starts().max()) else { continue };
        let emptied = on_engine!(connection, c => diesel::delete(message_totals::table
                .filter(message_totals::hours.eq(hours))
                .filter(message_totals::start.ge(first))
                .filter(message_totals::start.le(last))
                .filter(message_totals::messages.eq(0_i64)))
            .execute(c));
        emptied.map_err(|error| connection.write_error(error))?;
    }
    Ok(())
}

const COLUMNS: &str = "INSERT INTO message_totals (hours, start, provider, model, messages, with_tokens, tokens_high, tokens_low) ";
const ADD: &str = " ON CONFLICT (hours, start, provider, model) DO UPDATE SET \
    messages = message_totals.messages + excluded.messages, \
    with_tokens = message_totals.with_tokens + excluded.with_tokens, \
    tokens_high = message_totals.tokens_high + excluded.tokens_high, \
    tokens_low = message_totals.tokens_low + excluded.tokens_low";

fn change_one(c: &mut SqliteSession, key: &Key, sums: &Sums) -> QueryResult<()> {
    let (high, low) = sums.halves();
    let changed = sql_query(format!("{COLUMNS}VALUES (?, ?, ?, ?, ?, ?, ?, ?){ADD}"))
        .bind::<Integer, _>(key.hours)
        .bind::<Moment, _>(key.start)
        .bind::<Text, _>(&key.provider)
        .bind::<Text, _>(&key.model)
        .bind::<BigInt, _>(sums.messages)
        .bind::<BigInt, _>(sums.with_tokens)
        .bind::<BigInt, _>(high)
        .bind::<BigInt, _>(low)
        .execute(c);
    changed.map(drop)
}

fn change_arrays(
    c: &mut crate::connection::PgConnection,
    rows: &[(&Key, &Sums)],
) -> QueryResult<()> {
    fn column<'a, T>(
        rows: &[(&'a Key, &'a Sums)],
        value: impl Fn(&'a Key, &'a Sums) -> T,
    ) -> Vec<T> {
        rows.iter().map(|(key, sums)| value(key, sums)).collect()
    }
    let changed =
        sql_query(format!("{COLUMNS}SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8){ADD}"))
            .bind::<Array<Integer>, _>(column(rows, |key, _| key.hours))
            .bind::<Array<Moment>, _>(column(rows, |key, _| key.start))
            .bind::<Array<Text>, _>(column(rows, |key, _| key.provider.as_str()))
            .bind::<Array<Text>, _>(column(rows, |key, _| key.model.as_str()))
            .bind::<Array<BigInt>, _>(column(rows, |_, sums| sums.messages))
            .bind::<Array<BigInt>, _>(column(rows, |_, sums| sums.with_tokens))
            .bind::<Array<BigInt>, _>(column(rows, |_, sums| sums.halves().0))
            .bind::<Array<BigInt>, _>(column(rows, |_, sums| sums.halves().1))
            .execute(c);
    changed.map(drop)
}

/// `INSERT … ON DUPLICATE KEY UPDATE` for MySQL and MariaDB.
struct Changes<'a>(&'a [(&'a Key, &'a Sums)]);

impl QueryId for Changes<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Mysql> for Changes<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql(COLUMNS);
        for (place, (key, sums)) in self.0.iter().enumerate() {
            let (high, low) = sums.halves();
            out.push_sql(if place == 0 { "VALUES (" } else { ", (" });
            out.push_bind_param::<Integer, _>(&key.hours)?;
            out.push_sql(", ");
            out.push_bind_param::<Moment, _>(&key.start)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&key.provider)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&key.model)?;
            // Numbers of ours need no binding.
            out.push_sql(&format!(", {}, {}, {high}, {low})", sums.messages, sums.with_tokens));
        }
        out.push_sql(
            " ON DUPLICATE KEY UPDATE messages = messages + VALUES(messages), \
             with_tokens = with_tokens + VALUES(with_tokens), \
             tokens_high = tokens_high + VALUES(tokens_high), tokens_low = tokens_low + VALUES(tokens_low)",
        );
        Ok(())
    }
}

impl<'a> RunQueryDsl<MysqlConnection> for Changes<'a> {}
