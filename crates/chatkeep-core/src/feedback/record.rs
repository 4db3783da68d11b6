//! A rating of a response, and the rules that it must meet.

use diesel::{Insertable, Queryable};
use serde::{Deserialize, Serialize};

use super::rows::message_feedback;
use crate::connection::Connection;
use crate::described::Record;
use crate::error::{Error, Result};
use crate::transfer::stored_rows;
use crate::value::{MAX_ROW_BYTES, Timestamp, check_bytes, check_name, refuse_nul};

/// Maximum length of a user's name, in characters.
const MAX_USER: usize = 255;
/// Ratings from the worst to the best.
const RATINGS: std::ops::RangeInclusive<i64> = -10..=10;

/// A user's rating of a response.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize, Record)]
#[diesel(table_name = message_feedback)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Feedback {
    /// Id assigned by the database. It stays the same when the rating is changed.
    pub id: i64,
    /// Id of the rated message.
    pub message_id: i64,
    /// Author of the rating, as the application names users.
    #[diesel(column_name = user_key)]
    pub user: String,
    /// Rating from -10 to 10.
    pub rating: i32,
    /// The user's comment, if any.
    pub comment: Option<String>,
    /// Time of the first rating.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// A rating to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFeedback<'a> {
    /// Id of the rated message.
    pub message_id: i64,
    /// Author of the rating, at most 255 characters.
    pub user: &'a str,
    /// Rating from -10 to 10.
    pub rating: i64,
    /// Comment.
    pub comment: Option<&'a str>,
}

impl NewFeedback<'_> {
    /// Validates the rating without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        check_user(self.user)?;
        if !RATINGS.contains(&self.rating) {
            return Err(Error::invalid_input(
                "rating",
                format!("must be between -10 and 10, not {}", self.rating),
            ));
        }
        let comment = self.comment.unwrap_or_default();
        check_bytes("comment", comment, MAX_ROW_BYTES)?;
        refuse_nul("comment", comment)
    }
}

pub(super) fn check_user(user: &str) -> Result<()> {
    if user.is_empty() {
        return Err(Error::invalid_input("user", "is empty; pass the name of the rating's author"));
    }
    check_name("user", user, MAX_USER)
}

stored_rows! {
    Feedback: message_feedback by id,
        |row| 400 + row.comment.as_ref().map_or(0, String::len),
        |row| {
            let Self { message_id, user, rating, comment, .. } = row;
            let (message_id, rating, comment) = (*message_id, (*rating).into(), comment.as_deref());
            NewFeedback { message_id, user, rating, comment }.check()
        };
}
