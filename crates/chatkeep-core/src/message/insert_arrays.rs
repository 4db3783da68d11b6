//! Multi-row inserts on PostgreSQL.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl};

use super::row::{DETAIL_COLUMNS, DetailColumns, LOG_COLUMNS, Row, have_details};
use super::turns::no_conversation;
use super::usage::MessageStatus;
use crate::connection::{PgConnection, skipped};
use crate::conversation::{Activity, ActivityArrays, UPDATE_LOCKED};
use crate::schema::{Json, UtcTimestamp};
use crate::value::{Cost, Metadata, Timestamp};

/// Text that PostgreSQL quotes in its error if a trigger skipped a row.
macro_rules! skipped_mark {
    () => {
        "a trigger skipped messages; stored: "
    };
}

/// Text that PostgreSQL quotes in its error if a conversation does not exist.
macro_rules! unknown_mark {
    () => {
        "turns of unknown conversations; known: "
    };
}

/// An insert of any number of rows that stays prepared, because each column is sent as one array.
///
/// A trigger may skip a row (`RETURN NULL`), and the other ids do not show which one. The statement
/// then casts a text that is not an array of ids, so that it fails and stores nothing.
struct Arrays<'a, D> {
    rows: i64,
    timestamp: Vec<Timestamp>,
    user_message: Vec<&'a str>,
    bot_response: Vec<Option<&'a str>>,
    provider: Vec<Option<&'a str>>,
    model: Vec<Option<&'a str>>,
    tokens_used: Vec<Option<i64>>,
    metadata: Vec<Option<&'a Metadata>>,
    details: D,
}

/// The columns after those of every row, and the activity in conversations. Statements with and
/// without them are of different types, so that each has a constant text.
trait Details: Sized {
    const NAMES: &'static str;
    type Static: 'static;

    /// Adds the arrays of the columns.
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>;

    /// Adds table expressions before the insert.
    fn push_activity<'b>(&'b self, _: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        Ok(())
    }

    /// Adds the condition under which rows are inserted.
    fn push_condition<'b>(&'b self, _: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        Ok(())
    }

    /// Adds cases in which the statement fails.
    fn push_failures<'b>(&'b self, _: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        Ok(())
    }
}

/// No further columns.
struct NoDetails;

/// The columns of [`DetailColumns`].
struct DetailArrays<'a> {
    conversation_id: Vec<Option<i64>>,
    user_id: Vec<Option<i64>>,
    input_tokens: Vec<Option<i64>>,
    output_tokens: Vec<Option<i64>>,
    cached_tokens: Vec<Option<i64>>,
    reasoning_tokens: Vec<Option<i64>>,
    cost: Vec<Option<Cost>>,
    latency_ms: Vec<Option<i64>>,
    ttft_ms: Vec<Option<i64>>,
    status: Vec<Option<MessageStatus>>,
    error: Vec<Option<&'a str>>,
}

/// The columns of turns, and the conversations whose activity they are.
///
/// The conversations are locked and updated before the insert, because its condition reads the
/// result of the update. If one of them does not exist, nothing is inserted, and the statement fails
/// by a cast, as for skipped rows.
struct Turns<'a> {
    details: DetailArrays<'a>,
    activity: ActivityArrays,
    conversations: i64,
}

impl<'a, D> Arrays<'a, D> {
    fn new(rows: &[Row<'a>], details: D) -> Self {
        Self {
            rows: rows.len() as i64,
            timestamp: rows.iter().map(|row| row.log.timestamp).collect(),
            user_message: rows.iter().map(|row| row.log.user_message).collect(),
            bot_response: rows.iter().map(|row| row.log.bot_response).collect(),
            provider: rows.iter().map(|row| row.log.provider).collect(),
            model: rows.iter().map(|row| row.log.model).collect(),
            tokens_used: rows.iter().map(|row| row.log.tokens_used).collect(),
            metadata: rows.iter().map(|row| row.log.metadata).collect(),
            details,
        }
    }
}

impl<'a> DetailArrays<'a> {
    fn new(rows: &[Row<'a>]) -> Self {
        fn column<'a, T>(
            rows: &[Row<'a>],
            value: impl Fn(&DetailColumns<'a>) -> Option<T>,
        ) -> Vec<Option<T>> {
            rows.iter().map(|row| row.details.as_deref().and_then(&value)).collect()
        }
        Self {
            conversation_id: column(rows, |details| details.conversation_id),
            user_id: column(rows, |details| details.user_id),
            input_tokens: column(rows, |details| details.input_tokens),
            output_tokens: column(rows, |details| details.output_tokens),
            cached_tokens: column(rows, |details| details.cached_tokens),
            reasoning_tokens: column(rows, |details| details.reasoning_tokens),
            cost: column(rows, |details| details.cost),
            latency_ms: column(rows, |details| details.latency_ms),
            ttft_ms: column(rows, |details| details.ttft_ms),
            status: column(rows, |details| details.status),
            error: column(rows, |details| details.error),
        }
    }
}

impl Details for NoDetails {
    const NAMES: &'static str = "";
    type Static = Self;

    fn push<'b>(&'b self, _: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        Ok(())
    }
}

impl Details for DetailArrays<'_> {
    const NAMES: &'static str = DETAIL_COLUMNS;
    type Static = DetailArrays<'static>;

    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let numbers = [
            &self.conversation_id,
            &self.user_id,
            &self.input_tokens,
            &self.output_tokens,
            &self.cached_tokens,
            &self.reasoning_tokens,
        ];
        for numbers in numbers {
            out.push_sql(", ");
            out.push_bind_param::<Array<Nullable<BigInt>>, _>(numbers)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.cost)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.latency_ms)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.ttft_ms)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.status)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.error)
    }
}

impl Details for Turns<'_> {
    const NAMES: &'static str = DETAIL_COLUMNS;
    type Static = Turns<'static>;

    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.details.push(out)
    }

    fn push_activity<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.activity.push_lock(out)?;
        out.push_sql(", touched AS (");
        out.push_sql(UPDATE_LOCKED);
        out.push_sql(" RETURNING known.id), ");
        Ok(())
    }

    fn push_condition<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(" WHERE (SELECT count(*) FROM touched) = ");
        out.push_bind_param::<BigInt, _>(&self.conversations)
    }

    fn push_failures<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(" WHEN (SELECT count(*) FROM touched) <> ");
        out.push_bind_param::<BigInt, _>(&self.conversations)?;
        out.push_sql(concat!(
            " THEN ('",
            unknown_mark!(),
            "' || (SELECT count(*) FROM touched))::bigint[]"
        ));
        Ok(())
    }
}

impl<D: Details> QueryId for Arrays<'_, D> {
    type QueryId = Arrays<'static, D::Static>;
    // The SQL text is constant. Diesel never keeps `sql_query` prepared, which would cost a round
    // trip and planning.
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<D> Query for Arrays<'_, D> {
    type SqlType = Array<BigInt>;
}

impl<D: Details> QueryFragment<Pg> for Arrays<'_, D> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH ");
        self.details.push_activity(&mut out)?;
        out.push_sql("stored AS (INSERT INTO messages (");
        push_names::<D>(&mut out);
        out.push_sql(") SELECT ");
        push_names::<D>(&mut out);
        out.push_sql(" FROM unnest(");
        out.push_bind_param::<Array<UtcTimestamp>, _>(&self.timestamp)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.user_message)?;
        for texts in [&self.bot_response, &self.provider, &self.model] {
            out.push_sql(", ");
            out.push_bind_param::<Array<Nullable<Text>>, _>(texts)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.tokens_used)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Json>>, _>(&self.metadata)?;
        self.details.push(&mut out)?;
        out.push_sql(") WITH ORDINALITY AS given (");
        push_names::<D>(&mut out);
        out.push_sql(", place)");
        self.details.push_condition(&mut out)?;
        out.push_sql(" ORDER BY place RETURNING id) SELECT CASE");
        self.details.push_failures(&mut out)?;
        out.push_sql(" WHEN count(*) = ");
        out.push_bind_param::<BigInt, _>(&self.rows)?;
        // One row with all ids is faster to send and to read than one row for each id.
        out.push_sql(concat!(
            " THEN array_agg(id) ELSE ('",
            skipped_mark!(),
            "' || count(*))::bigint[] END FROM stored"
        ));
        Ok(())
    }
}

fn push_names<D: Details>(out: &mut AstPass<'_, '_, Pg>) {
    out.push_sql(LOG_COLUMNS);
    out.push_sql(D::NAMES);
}

impl<D: Details> RunQueryDsl<PgConnection> for Arrays<'_, D> {}

/// Stores rows, and records activity in conversations, in one statement.
pub(super) fn insert_arrays(
    c: &mut PgConnection,
    rows: &[Row<'_>],
    activity: &[Activity],
) -> QueryResult<Vec<i64>> {
    let stored = if !activity.is_empty() {
        let turns = Turns {
            details: DetailArrays::new(rows),
            activity: ActivityArrays::new(activity),
            conversations: activity.len() as i64,
        };
        Arrays::new(rows, turns).get_result::<Vec<i64>>(c)
    } else if have_details(rows) {
        Arrays::new(rows, DetailArrays::new(rows)).get_result::<Vec<i64>>(c)
    } else {
        Arrays::new(rows, NoDetails).get_result::<Vec<i64>>(c)
    };
    let mut ids = match stored {
        Err(_) if c.take_refusal(skipped_mark!()) => return Err(skipped()),
        Err(_) if c.take_refusal(unknown_mark!()) => {
            return Err(diesel::result::Error::DeserializationError(Box::new(no_conversation())));
        }
        ids => ids?,
    };
    // Ids are assigned in the order of the arrays, but may be returned in another order.
    ids.sort_unstable();
    Ok(ids)
}
