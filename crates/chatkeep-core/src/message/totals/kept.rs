//! Reading totals.

use diesel::sql_types::{BigInt, Integer, Text};
use diesel::{QueryResult, QueryableByName, RunQueryDsl, sql_query};

use super::span::Part;
use super::sums::Sums;
use crate::connection::{Connection, on_engine};
use crate::engine::Engine;
use crate::error::Result;
use crate::schema::Moment;
use crate::value::Timestamp;

/// What the totals of a part of a span come to.
pub(in crate::message) struct Kept {
    /// By provider and model.
    pub(in crate::message) by_name: Vec<(String, String, Sums)>,
    /// Messages by the first moment of their hour or day.
    pub(in crate::message) by_start: Vec<(Timestamp, i64)>,
}

#[derive(QueryableByName)]
struct ByName {
    #[diesel(sql_type = Text)]
    provider: String,
    #[diesel(sql_type = Text)]
    model: String,
    #[diesel(sql_type = BigInt)]
    messages: i64,
    #[diesel(sql_type = BigInt)]
    with_tokens: i64,
    #[diesel(sql_type = BigInt)]
    tokens_high: i64,
    #[diesel(sql_type = BigInt)]
    tokens_low: i64,
}

#[derive(QueryableByName)]
struct ByStart {
    #[diesel(sql_type = Moment)]
    start: Timestamp,
    #[diesel(sql_type = BigInt)]
    messages: i64,
}

/// The totals of a part of a span. The database adds them up in two ways, because nobody wants to know how many messages
/// a model answered on a day, and all those numbers would take longer to come here than to be added up.
pub(in crate::message) fn kept(connection: &mut Connection, part: Part) -> Result<Kept> {
    let engine = connection.engine();
    let sums = ["messages", "with_tokens", "tokens_high", "tokens_low"].map(|column| sum(engine, column));
    let by_name = sql(engine, &format!("provider, model, {}", sums.join(", ")), "provider, model");
    let by_start = sql(engine, &format!("start, {}", sums[0]), "start");
    let read = |connection: &mut Connection| -> QueryResult<(Vec<ByName>, Vec<ByStart>)> {
        macro_rules! load {
            ($sql:expr, $c:expr) => {
                sql_query($sql)
                    .bind::<Integer, _>(part.hours)
                    .bind::<Moment, _>(part.starts.first)
                    .bind::<Moment, _>(part.starts.last)
                    .load($c)?
            };
        }
        on_engine!(connection, c => Ok((load!(by_name, c), load!(by_start, c))))
    };
    let (by_name, by_start) = read(connection).map_err(|error| connection.read_error(error))?;
    let named = |row: ByName| {
        let tokens = Sums::join(row.tokens_high, row.tokens_low);
        (row.provider, row.model, Sums { messages: row.messages, with_tokens: row.with_tokens, tokens })
    };
    Ok(Kept {
        by_name: by_name.into_iter().map(named).collect(),
        by_start: by_start.into_iter().map(|row| (row.start, row.messages)).collect(),
    })
}

/// A sum of whole numbers as a whole number.
fn sum(engine: Engine, column: &str) -> String {
    let whole = if matches!(engine, Engine::MySql | Engine::MariaDb) { "SIGNED" } else { "BIGINT" };
    format!("CAST(sum({column}) AS {whole}) AS {column}")
}

fn sql(engine: Engine, columns: &str, group: &str) -> String {
    let [hours, first, last] = if engine == Engine::PostgreSql { ["$1", "$2", "$3"] } else { ["?"; 3] };
    format!(
        "SELECT {columns} FROM message_totals WHERE hours = {hours} AND start >= {first} AND start <= {last} \
         GROUP BY {group}"
    )
}
