//! Sums of log rows by hour, provider and model.

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::span::Span;
use super::sums::{Sums, Totals};
use crate::connection::{Connection, on_engine};
use crate::engine::Engine;
use crate::error::Result;
use crate::schema::UtcTimestamp;
use crate::value::Timestamp;

/// The rows to add up.
#[derive(Debug, Clone, Copy)]
pub(in crate::message) enum Rows {
    /// Rows in a time span.
    Between(Span),
    /// Rows in a time span with ids greater than the first number, up to the second.
    NumberedBetween(i64, i64, Span),
    /// Rows with ids greater than the first number, up to the second.
    Numbered(i64, i64),
    /// Rows of a conversation, a user, or both, in a time span.
    Of(Owner, Span),
}

/// The conversation or the user of rows, or both.
#[derive(Debug, Clone, Copy)]
pub(in crate::message) struct Owner {
    pub(in crate::message) conversation_id: Option<i64>,
    pub(in crate::message) user_id: Option<i64>,
}

#[derive(QueryableByName)]
struct Group {
    /// First timestamp of the group, which is within the hour.
    #[diesel(sql_type = UtcTimestamp)]
    first_timestamp: Timestamp,
    #[diesel(sql_type = Text)]
    provider: String,
    #[diesel(sql_type = Text)]
    model: String,
    #[diesel(sql_type = BigInt)]
    messages: i64,
    #[diesel(sql_type = BigInt)]
    with_tokens: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    tokens_high: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    tokens_low: Option<i64>,
    #[diesel(sql_type = BigInt)]
    with_cost: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    cost_high: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    cost_low: Option<i64>,
}

/// Adds up the rows with one query.
pub(in crate::message) fn add_up(connection: &mut Connection, rows: Rows) -> Result<Totals> {
    let sql = sql(connection.engine(), rows);
    let groups = match rows {
        Rows::Between(span) | Rows::Of(_, span) => on_engine!(connection, c => sql_query(sql)
            .bind::<UtcTimestamp, _>(span.first)
            .bind::<UtcTimestamp, _>(span.last)
            .load::<Group>(c)),
        Rows::NumberedBetween(after, last, span) => on_engine!(connection, c => sql_query(sql)
            .bind::<BigInt, _>(after)
            .bind::<BigInt, _>(last)
            .bind::<UtcTimestamp, _>(span.first)
            .bind::<UtcTimestamp, _>(span.last)
            .load::<Group>(c)),
        Rows::Numbered(after, last) => {
            on_engine!(connection, c => sql_query(sql)
                .bind::<BigInt, _>(after)
                .bind::<BigInt, _>(last)
                .load::<Group>(c))
        }
    };
    let groups = groups.map_err(|error| connection.read_error(error))?;
    let mut totals = Totals::default();
    for group in &groups {
        let sums = Sums::from_values((
            group.messages,
            group.with_tokens,
            group.tokens_high.unwrap_or(0),
            group.tokens_low.unwrap_or(0),
            group.with_cost,
            group.cost_high.unwrap_or(0),
            group.cost_low.unwrap_or(0),
        ));
        totals.add(group.first_timestamp, &group.provider, &group.model, &sums);
    }
    Ok(totals)
}

/// Returns the query.
///
/// Token counts and costs are summed as two halves, because the engines behave differently when a
/// sum exceeds 64 bits. The hour serves only for grouping, so each engine uses its fastest
/// expression for it.
fn sql(engine: Engine, rows: Rows) -> String {
    let hour = match engine {
        Engine::Sqlite => "substr(timestamp, 1, 13)",
        Engine::PostgreSql => "date_trunc('hour', timestamp)",
        Engine::MySql | Engine::MariaDb => "TO_DAYS(timestamp) * 24 + HOUR(timestamp)",
    };
    let (tokens, cost) = (halves(engine, "tokens_used", "tokens"), halves(engine, "cost", "cost"));
    let [first, second, third, fourth] =
        if engine == Engine::PostgreSql { ["$1", "$2", "$3", "$4"] } else { ["?"; 4] };
    // The plus keeps SQLite from using the index on the timestamp: all rows may be in the span.
    let by_id = if engine == Engine::Sqlite { "+" } else { "" };
    let between = format!("timestamp >= {first} AND timestamp <= {second}");
    let condition = match rows {
        Rows::Between(_) => between,
        Rows::Numbered(..) => format!("id > {first} AND id <= {second}"),
        Rows::NumberedBetween(..) => format!(
            "id > {first} AND id <= {second} \
             AND {by_id}timestamp >= {third} AND {by_id}timestamp <= {fourth}"
        ),
        Rows::Of(owner, _) => format!("{}{between}", owner.condition()),
    };
    format!(
        "SELECT min(timestamp) AS first_timestamp, coalesce(provider, 'unknown') AS provider, \
         coalesce(model, 'unknown') AS model, count(*) AS messages, \
         count(tokens_used) AS with_tokens, {tokens}, count(cost) AS with_cost, {cost} \
         FROM messages WHERE {condition} GROUP BY {hour}, 2, 3"
    )
}

/// Returns the SQL of the two halves of a sum.
fn halves(engine: Engine, column: &str, name: &str) -> String {
    let (high, low) = (format!("sum({column} >> 32)"), format!("sum({column} & 4294967295)"));
    let integer = |sum: String| match engine {
        Engine::Sqlite => sum,
        Engine::PostgreSql => format!("{sum}::bigint"),
        Engine::MySql | Engine::MariaDb => format!("CAST({sum} AS SIGNED)"),
    };
    format!("{} AS {name}_high, {} AS {name}_low", integer(high), integer(low))
}

impl Owner {
    /// Returns the condition on the rows. Integers need no binding.
    fn condition(self) -> String {
        let condition = |column: &str, id: Option<i64>| {
            id.map(|id| format!("{column} = {id} AND ")).unwrap_or_default()
        };
        condition("conversation_id", self.conversation_id) + &condition("user_id", self.user_id)
    }
}
