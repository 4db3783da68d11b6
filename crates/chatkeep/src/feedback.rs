//! Ratings of responses.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chatkeep_core::{
    Feedback, FeedbackSummary, NewFeedback, Result, check_limit, feedback, messages,
};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;

use crate::batch_sizer::in_batches;
use crate::managers::Parts;
use crate::retry::with_retry;

/// Stores ratings of responses. It is cheap to clone.
#[derive(Clone)]
pub struct FeedbackManager {
    pool: Arc<Pool>,
}

/// Stores users' ratings of responses, such as thumbs up and down.
///
/// A user has at most one rating of a message. Ratings are deleted with their message.
#[operations(name = "feedback", receiver = feedback)]
impl FeedbackManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self { pool: Arc::clone(&parts.pool) }
    }

    /// Stores a user's rating of a message, and replaces an earlier one.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// let id = chat.messages().log_message(&chatkeep::NewMessage::new("hi").with_model("m1"))?;
    /// chat.feedback().put_feedback(id, "alice", -1, Some("too short"))?;
    /// chat.feedback().put_feedback(id, "alice", 1, None)?;
    /// assert_eq!(chat.feedback().get_feedback_summary()?["m1"].positive, 1);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `message_id`: ID of the message.
    /// - `user`: Author of the rating, as the application names users; at most 255 characters.
    /// - `rating`: Rating from -10 to 10: usually 1 and -1 for thumbs up and down, or 1 to 5.
    /// - `comment`: The user's comment.
    ///
    /// # Returns
    /// The stored rating.
    ///
    /// # Errors
    /// - `InvalidInput`: no message has this ID, or an argument is out of range.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn put_feedback(
        &self,
        message_id: i64,
        user: &str,
        rating: i64,
        comment: Option<&str>,
    ) -> Result<Feedback> {
        let new = NewFeedback { message_id, user, rating, comment };
        let run = || {
            new.check()?;
            with_retry(&self.pool, |connection| feedback::put(connection, &new))
        };
        run().map_err(|error| error.with_operation("put_feedback"))
    }

    /// Returns a user's rating of a message.
    ///
    /// # Arguments
    /// - `message_id`: ID of the message.
    /// - `user`: The user.
    ///
    /// # Returns
    /// `None` if the user has not rated the message.
    ///
    /// # Errors
    /// - `InvalidInput`: `user` is empty or too long.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_feedback(&self, message_id: i64, user: &str) -> Result<Option<Feedback>> {
        let run = || feedback::get(&mut *self.pool.reader()?, message_id, user);
        run().map_err(|error| error.with_operation("get_feedback"))
    }

    /// Returns ratings, newest first.
    ///
    /// # Arguments
    /// - `message_id`: ID of a message, to return only its ratings.
    /// - `limit`: Maximum number of ratings to return (1–10,000).
    /// - `before`: ID of a rating, to return only earlier ones. Pass the last ID of a page for the next
    ///   page.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is out of range.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn list_feedback(
        &self,
        message_id: Option<i64>,
        #[argument(default = 100)] limit: i64,
        before: Option<i64>,
    ) -> Result<Vec<Feedback>> {
        let run = || {
            check_limit(limit)?;
            feedback::list(&mut *self.pool.reader()?, message_id, before, limit)
        };
        run().map_err(|error| error.with_operation("list_feedback"))
    }

    /// Deletes a user's rating of a message.
    ///
    /// # Arguments
    /// - `message_id`: ID of the message.
    /// - `user`: The user.
    ///
    /// # Returns
    /// `false` if the user has not rated the message.
    ///
    /// # Errors
    /// - `InvalidInput`: `user` is empty or too long.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn delete_feedback(&self, message_id: i64, user: &str) -> Result<bool> {
        with_retry(&self.pool, |connection| feedback::delete(connection, message_id, user))
            .map_err(|error| error.with_operation("delete_feedback"))
    }

    /// Returns the number and the average of the ratings by model.
    ///
    /// # Returns
    /// A summary for each model with ratings. Messages without a model count as `unknown`.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_feedback_summary(&self) -> Result<BTreeMap<String, FeedbackSummary>> {
        let run = || feedback::summary(&mut *self.pool.reader()?);
        run().map_err(|error| error.with_operation("get_feedback_summary"))
    }

    /// Deletes the ratings that were last changed more than a number of days ago, in batches.
    ///
    /// # Arguments
    /// - `days`: Minimum age in days of 24 hours, 1–3,650,000.
    ///
    /// # Returns
    /// The number of deleted ratings.
    ///
    /// # Errors
    /// - `InvalidInput`: `days` is out of range. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some ratings may be
    /// deleted. Call it again.
    #[operation(write)]
    pub fn delete_old_feedback(&self, #[argument(positional)] days: i64) -> Result<u64> {
        let run = || {
            let cutoff = messages::retention_cutoff(days)?;
            in_batches(&self.pool, |connection, most| {
                feedback::delete_batch_older_than(connection, cutoff, most)
            })
        };
        run().map_err(|error| error.with_operation("delete_old_feedback"))
    }
}

impl fmt::Debug for FeedbackManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedbackManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
