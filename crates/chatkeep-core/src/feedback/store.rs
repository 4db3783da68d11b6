//! Queries on ratings.

use std::collections::BTreeMap;

use diesel::dsl::count_star;
use diesel::upsert::excluded;
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, RunQueryDsl};
use serde::Serialize;

use super::record::{Feedback, NewFeedback, check_user};
use super::rows::message_feedback;
use crate::connection::{Connection, Session, on_engine};
use crate::db_error::constraint::is_reference;
use crate::delete_rows::delete_rows;
use crate::described::Record;
use crate::error::{Error, Result};
use crate::schema::messages;
use crate::value::Timestamp;

#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = message_feedback)]
#[diesel(treat_none_as_default_value = false)]
struct NewRow<'a> {
    message_id: i64,
    user_key: &'a str,
    rating: i32,
    comment: Option<&'a str>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Stores a user's rating of a message, and replaces an earlier one.
///
/// # Errors
/// `InvalidInput` with the invalid field, also if the message does not exist; or an error of the
/// database.
pub fn put(connection: &mut Connection, new: &NewFeedback<'_>) -> Result<Feedback> {
    new.check()?;
    connection.transaction(|connection| {
        // Before the insert, because a failed statement ends a transaction of PostgreSQL.
        if !message_exists(connection, new.message_id)? {
            return Err(no_message(new.message_id));
        }
        upsert(connection, new)?;
        get(connection, new.message_id, new.user)?
            .ok_or_else(|| Error::internal("the stored rating is missing"))
    })
}

fn upsert(connection: &mut Connection, new: &NewFeedback<'_>) -> Result<()> {
    use message_feedback::dsl;
    let now = Timestamp::now();
    let row = NewRow {
        message_id: new.message_id,
        user_key: new.user,
        // It was checked to be in the range.
        rating: new.rating as i32,
        comment: new.comment,
        created_at: now,
        updated_at: now,
    };
    let insert = || diesel::insert_into(message_feedback::table).values(row);
    let changes = || {
        (
            dsl::rating.eq(excluded(dsl::rating)),
            dsl::comment.eq(excluded(dsl::comment)),
            dsl::updated_at.eq(excluded(dsl::updated_at)),
        )
    };
    let key = (dsl::message_id, dsl::user_key);
    let stored = match &mut connection.session {
        Session::Sqlite(c) => insert().on_conflict(key).do_update().set(changes()).execute(c),
        Session::PostgreSql(c) => {
            insert().on_conflict(key).do_update().set(changes()).execute(c.as_mut())
        }
        Session::MySql(c) => insert()
            .on_conflict(diesel::dsl::DuplicatedKeys)
            .do_update()
            .set((
                dsl::rating.eq(row.rating),
                dsl::comment.eq(row.comment),
                dsl::updated_at.eq(now),
            ))
            .execute(c.as_mut()),
    };
    stored.map(drop).map_err(|error| {
        // The message may have been deleted since it was found.
        let error = connection.insert_error(error);
        if is_reference(&error) { no_message(new.message_id) } else { error }
    })
}

fn no_message(id: i64) -> Error {
    Error::invalid_input("message_id", format!("no message has the id {id}"))
}

fn message_exists(connection: &mut Connection, id: i64) -> Result<bool> {
    let found = on_engine!(connection, c => messages::table
        .find(id)
        .select(messages::id)
        .get_result::<i64>(c)
        .optional());
    found.map(|id| id.is_some()).map_err(|error| connection.read_error(error))
}

/// Returns a user's rating of a message, if there is one.
///
/// # Errors
/// `InvalidInput` with the field `user`; or an error of the database.
pub fn get(connection: &mut Connection, message_id: i64, user: &str) -> Result<Option<Feedback>> {
    check_user(user)?;
    let found = on_engine!(connection, c => message_feedback::table
        .filter(message_feedback::message_id.eq(message_id))
        .filter(message_feedback::user_key.eq(user))
        .get_result::<Feedback>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Returns the ratings with an id less than `before`, newest first; those of one message if it is
/// given.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn list(
    connection: &mut Connection,
    message_id: Option<i64>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Feedback>> {
    let rows = on_engine!(connection, c => {
        let mut query = message_feedback::table
            .filter(message_feedback::id.lt(before.unwrap_or(i64::MAX)))
            .order(message_feedback::id.desc())
            .limit(limit)
            .into_boxed();
        if let Some(message_id) = message_id {
            query = query.filter(message_feedback::message_id.eq(message_id));
        }
        query.load::<Feedback>(c)
    });
    rows.map_err(|error| connection.read_error(error))
}

/// Deletes a user's rating of a message. Returns false if there is none.
///
/// # Errors
/// `InvalidInput` with the field `user`; or an error of the database.
pub fn delete(connection: &mut Connection, message_id: i64, user: &str) -> Result<bool> {
    check_user(user)?;
    let deleted = on_engine!(connection, c => diesel::delete(
        message_feedback::table
            .filter(message_feedback::message_id.eq(message_id))
            .filter(message_feedback::user_key.eq(user)),
    )
    .execute(c));
    deleted.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

/// Deletes up to `limit` ratings that were last changed before `cutoff`, and returns their number;
/// `None` if there is none.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn delete_batch_older_than(
    connection: &mut Connection,
    cutoff: Timestamp,
    limit: u32,
) -> Result<Option<u64>> {
    let oldest = message_feedback::updated_at.asc();
    delete_rows!(connection, message_feedback, message_feedback::updated_at.lt(cutoff); oldest, limit)
}

/// The ratings of the responses of one model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Record)]
#[non_exhaustive]
pub struct FeedbackSummary {
    /// Number of ratings.
    pub ratings: i64,
    /// Number of ratings above 0.
    pub positive: i64,
    /// Number of ratings below 0.
    pub negative: i64,
    /// Average rating.
    pub average: f64,
}

/// Returns the ratings by model. Messages without a model count as `unknown`.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn summary(connection: &mut Connection) -> Result<BTreeMap<String, FeedbackSummary>> {
    let rows = on_engine!(connection, c => message_feedback::table
        .inner_join(messages::table)
        .group_by((messages::model, message_feedback::rating))
        .select((messages::model, message_feedback::rating, count_star()))
        .load::<(Option<String>, i32, i64)>(c));
    let mut models = BTreeMap::<_, FeedbackSummary>::new();
    for (model, rating, count) in rows.map_err(|error| connection.read_error(error))? {
        let summary = models.entry(model.unwrap_or_else(|| "unknown".to_owned())).or_default();
        summary.ratings += count;
        summary.positive += if rating > 0 { count } else { 0 };
        summary.negative += if rating < 0 { count } else { 0 };
        // The sum; exact, because ratings are small integers.
        summary.average += (i64::from(rating) * count) as f64;
    }
    for summary in models.values_mut() {
        summary.average /= summary.ratings as f64;
    }
    Ok(models)
}
