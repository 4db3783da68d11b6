//! Ratings of responses: the table `message_feedback`.

mod record;
mod rows;
mod store;

pub use record::{Feedback, NewFeedback};
pub(crate) use rows::message_feedback;
pub use store::{FeedbackSummary, delete, delete_batch_older_than, get, list, put, summary};
