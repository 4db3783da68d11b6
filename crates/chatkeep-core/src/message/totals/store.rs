//! The tables `message_totals` and `message_counting`.

use diesel::dsl::max;
use diesel::mysql::Mysql;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Integer, Text};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl, sql_query};

use super::gaps::replace_gaps;
use super::sums::{Key, SPANS, SUM_COLUMNS, SumValues, Sums, Totals};
use crate::connection::{Connection, MysqlConnection, Session, SqliteSession, on_engine};
use crate::engine::Engine;
use crate::error::Result;
use crate::schema::{UtcTimestamp, message_counting, message_totals, messages};
use crate::value::Timestamp;

/// Id of the row of `message_counting` that holds the watermark.
pub(super) const WATERMARK_ID: i32 = 0;
/// Maximum number of totals that one statement changes.
const MAX_ROWS: usize = 1_000;

/// A row of `message_totals`.
type Row = ((i32, Timestamp, String, String), SumValues);

/// The position up to which messages are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, diesel::QueryableByName)]
pub(in crate::message) struct Watermark {
    /// Id up to which messages are in the totals.
    #[diesel(sql_type = BigInt)]
    pub(in crate::message) counted_to: i64,
    /// Number that changes when a message after the watermark is deleted or imported. Sums computed
    /// before are then invalid.
    #[diesel(sql_type = BigInt)]
    pub(super) revision: i64,
}

/// Returns the id up to which messages are in the totals. `None` if the watermark is missing; the
/// totals are then invalid.
pub(in crate::message) fn counted_to(connection: &mut Connection) -> Result<Option<i64>> {
    let counted_to = on_engine!(connection, c => message_counting::table
        .find(WATERMARK_ID)
        .select(message_counting::counted_to)
        .get_result::<i64>(c)
        .optional());
    counted_to.map_err(|error| connection.read_error(error))
}

/// Returns the greatest id of all messages, or 0 if there are none.
pub(super) fn last_id(connection: &mut Connection) -> Result<i64> {
    let last = on_engine!(connection, c => messages::table
        .select(max(messages::id))
        .get_result::<Option<i64>>(c));
    last.map(|id| id.unwrap_or(0)).map_err(|error| connection.read_error(error))
}

/// Returns the id of the message at position `limit` after the id `after`, but at most `top`.
///
/// Counts messages instead of ids, because ids may be sparse: an imported log keeps its ids.
pub(super) fn step_end(
    connection: &mut Connection,
    after: i64,
    top: i64,
    limit: i64,
) -> Result<i64> {
    if top - after <= limit {
        return Ok(top);
    }
    let last = on_engine!(connection, c => messages::table
        .filter(messages::id.gt(after))
        .order(messages::id.asc())
        .select(messages::id)
        .offset(limit - 1)
        .limit(1)
        .get_result::<i64>(c)
        .optional());
    last.map(|id| id.unwrap_or(top).min(top)).map_err(|error| connection.read_error(error))
}

/// What to do if another transaction has locked the watermark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::message) enum IfLocked {
    Wait,
    Skip,
}

/// Returns the watermark, and locks it until the end of the transaction, so that no other
/// transaction changes totals. On SQLite the write transaction itself is that lock.
pub(in crate::message) fn lock_watermark(
    connection: &mut Connection,
    if_locked: IfLocked,
) -> Result<Option<Watermark>> {
    match if_locked {
        _ if connection.engine() == Engine::Sqlite => watermark(connection),
        IfLocked::Wait => load_watermark(connection, concat!(select_watermark!(), " FOR UPDATE")),
        IfLocked::Skip => {
            load_watermark(connection, concat!(select_watermark!(), " FOR UPDATE SKIP LOCKED"))
        }
    }
}

/// Returns the watermark without locking it.
pub(super) fn watermark(connection: &mut Connection) -> Result<Option<Watermark>> {
    load_watermark(connection, select_watermark!())
}

macro_rules! select_watermark {
    () => {
        "SELECT counted_to, revision FROM message_counting WHERE id = 0"
    };
}
use select_watermark;

fn load_watermark(connection: &mut Connection, sql: &'static str) -> Result<Option<Watermark>> {
    let watermarks = on_engine!(connection, c => sql_query(sql).load::<Watermark>(c));
    watermarks
        .map(|watermarks| watermarks.first().copied())
        .map_err(|error| connection.read_error(error))
}

/// Increments the revision, because this transaction deleted or imported messages after the
/// watermark.
pub(super) fn increment_revision(connection: &mut Connection) -> Result<()> {
    let row = message_counting::table.find(WATERMARK_ID);
    let updated = on_engine!(connection, c => diesel::update(row)
        .set(message_counting::revision.eq(message_counting::revision + 1_i64))
        .execute(c));
    updated.map(drop).map_err(|error| connection.write_error(error))
}

/// Sets the watermark.
pub(super) fn set_watermark(connection: &mut Connection, counted_to: i64) -> Result<()> {
    let row = message_counting::table.find(WATERMARK_ID);
    let updated = on_engine!(connection, c => diesel::update(row)
        .set(message_counting::counted_to.eq(counted_to))
        .execute(c));
    updated.map(drop).map_err(|error| connection.write_error(error))
}

/// Deletes all totals, and resets the watermark to 0.
pub(super) fn reset(connection: &mut Connection) -> Result<()> {
    if lock_watermark(connection, IfLocked::Wait)?.is_none() {
        let row = (
            message_counting::id.eq(WATERMARK_ID),
            message_counting::counted_to.eq(0_i64),
            message_counting::settled_to.eq(0_i64),
            message_counting::seen.eq(0_i64),
            message_counting::seen_at.eq(Timestamp::MIN),
            message_counting::revision.eq(0_i64),
        );
        let inserted = on_engine!(connection, c => {
            diesel::insert_into(message_counting::table).values(row).execute(c)
        });
        inserted.map_err(|error| connection.insert_error(error))?;
    }
    let deleted = on_engine!(connection, c => diesel::delete(message_totals::table).execute(c));
    deleted.map_err(|error| connection.write_error(error))?;
    replace_gaps(connection, &[])?;
    increment_revision(connection)?;
    set_watermark(connection, 0)
}

/// Returns all stored totals.
pub(super) fn load_totals(connection: &mut Connection) -> Result<Totals> {
    let key = (
        message_totals::hours,
        message_totals::start,
        message_totals::provider,
        message_totals::model,
    );
    let sums = (
        message_totals::messages,
        message_totals::with_tokens,
        message_totals::tokens_high,
        message_totals::tokens_low,
        message_totals::with_cost,
        message_totals::cost_high,
        message_totals::cost_low,
    );
    let rows =
        on_engine!(connection, c => message_totals::table.select((key, sums)).load::<Row>(c));
    rows.map(from_rows).map_err(|error| connection.read_error(error))
}

fn from_rows(rows: Vec<Row>) -> Totals {
    let total = |((hours, start, provider, model), sums): Row| {
        (Key { hours, start, provider, model }, Sums::from_values(sums))
    };
    Totals(rows.into_iter().map(total).collect())
}

/// Adds changes to the totals, and deletes totals that reach zero messages.
pub(super) fn change(connection: &mut Connection, changes: &Totals) -> Result<()> {
    // In key order, so that the changed rows are adjacent.
    let rows: Vec<_> = changes.0.iter().collect();
    for rows in rows.chunks(MAX_ROWS) {
        let changed = match &mut connection.session {
            Session::Sqlite(c) => rows.iter().try_for_each(|(key, sums)| change_one(c, key, sums)),
            Session::PostgreSql(c) => change_arrays(c, rows),
            Session::MySql(c) => Changes(rows).execute(c.as_mut()).map(drop),
        };
        changed.map_err(|error| connection.write_error(error))?;
    }
    let is_decrease = |(_, sums): &&(&Key, &Sums)| sums.messages < 0;
    for hours in SPANS {
        let decreased =
            || rows.iter().filter(is_decrease).map(|(key, _)| key).filter(|key| key.hours == hours);
        let starts = || decreased().map(|key| key.start);
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

/// Returns the start of an insert.
fn insert() -> String {
    let sums = SUM_COLUMNS.join(", ");
    format!("INSERT INTO message_totals (hours, start, provider, model, {sums}) ")
}

/// Returns the end of an insert on SQLite and PostgreSQL, which adds to existing totals.
fn add() -> String {
    let sums = SUM_COLUMNS.map(|sum| format!("{sum} = message_totals.{sum} + excluded.{sum}"));
    format!(" ON CONFLICT (hours, start, provider, model) DO UPDATE SET {}", sums.join(", "))
}

fn change_one(c: &mut SqliteSession, key: &Key, sums: &Sums) -> QueryResult<()> {
    let sums = sums.values();
    let sql = format!("{}VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?){}", insert(), add());
    let changed = sql_query(sql)
        .bind::<Integer, _>(key.hours)
        .bind::<UtcTimestamp, _>(key.start)
        .bind::<Text, _>(&key.provider)
        .bind::<Text, _>(&key.model)
        .bind::<BigInt, _>(sums.0)
        .bind::<BigInt, _>(sums.1)
        .bind::<BigInt, _>(sums.2)
        .bind::<BigInt, _>(sums.3)
        .bind::<BigInt, _>(sums.4)
        .bind::<BigInt, _>(sums.5)
        .bind::<BigInt, _>(sums.6)
        .execute(c);
    changed.map(drop)
}

fn change_arrays(
    c: &mut crate::connection::PgConnection,
    rows: &[(&Key, &Sums)],
) -> QueryResult<()> {
    fn column<'a, T>(
        rows: &[(&'a Key, &'a Sums)],
        value: impl Fn(&'a Key, SumValues) -> T,
    ) -> Vec<T> {
        rows.iter().map(|(key, sums)| value(key, sums.values())).collect()
    }
    let places: Vec<_> = (1..=4 + SUM_COLUMNS.len()).map(|place| format!("${place}")).collect();
    let sql = format!("{}SELECT * FROM unnest({}){}", insert(), places.join(", "), add());
    let changed = sql_query(sql)
        .bind::<Array<Integer>, _>(column(rows, |key, _| key.hours))
        .bind::<Array<UtcTimestamp>, _>(column(rows, |key, _| key.start))
        .bind::<Array<Text>, _>(column(rows, |key, _| key.provider.as_str()))
        .bind::<Array<Text>, _>(column(rows, |key, _| key.model.as_str()))
        .bind::<Array<BigInt>, _>(column(rows, |_, sums| sums.0))
        .bind::<Array<BigInt>, _>(column(rows, |_, sums| sums.1))
        .bind::<Array<BigInt>, _>(column(rows, |_, sums| sums.2))
        .bind::<Array<BigInt>, _>(column(rows, |_, sums| sums.3))
        .bind::<Array<BigInt>, _>(column(rows, |_, sums| sums.4))
        .bind::<Array<BigInt>, _>(column(rows, |_, sums| sums.5))
        .bind::<Array<BigInt>, _>(column(rows, |_, sums| sums.6))
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
        out.push_sql(&insert());
        for (index, (key, sums)) in self.0.iter().enumerate() {
            out.push_sql(if index == 0 { "VALUES (" } else { ", (" });
            out.push_bind_param::<Integer, _>(&key.hours)?;
            out.push_sql(", ");
            out.push_bind_param::<UtcTimestamp, _>(&key.start)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&key.provider)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&key.model)?;
            // Integers need no binding.
            let (a, b, c, d, e, f, g) = sums.values();
            out.push_sql(&format!(", {a}, {b}, {c}, {d}, {e}, {f}, {g})"));
        }
        let sums = SUM_COLUMNS.map(|sum| format!("{sum} = {sum} + VALUES({sum})"));
        out.push_sql(&format!(" ON DUPLICATE KEY UPDATE {}", sums.join(", ")));
        Ok(())
    }
}

impl<'a> RunQueryDsl<MysqlConnection> for Changes<'a> {}
