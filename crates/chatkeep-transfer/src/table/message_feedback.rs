//! Transfer of the table `message_feedback`.

use chatkeep_core::{Connection, Feedback, Result, feedback};

use super::TransferTable;
use crate::archive::write_json_line;
use crate::digest::RowDigest;

/// The table `message_feedback`.
pub(crate) struct MessageFeedback;

impl TransferTable for MessageFeedback {
    type Row = Feedback;

    const NAME: &'static str = "message_feedback";
    const NOUN: &'static str = "rating";

    fn id(row: &Feedback) -> i64 {
        row.id
    }

    fn count(connection: &mut Connection) -> Result<u64> {
        feedback::count_all(connection).map(i64::unsigned_abs)
    }

    fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<Feedback>> {
        feedback::list_after_id(connection, id)
    }

    fn insert_with_ids(connection: &mut Connection, rows: &[Feedback]) -> Result<()> {
        feedback::insert_with_ids(connection, rows)
    }

    fn add_to_digest(row: &Feedback, digest: &mut RowDigest<'_>) {
        digest.number(row.id);
        digest.number(row.message_id);
        digest.text(Some(&row.user));
        digest.number(row.rating.into());
        digest.text(row.comment.as_deref());
        digest.number(row.created_at.as_microsecond());
        digest.number(row.updated_at.as_microsecond());
    }

    fn write_line(row: &Feedback, out: &mut Vec<u8>) -> Result<()> {
        write_json_line(row, out)
    }

    fn read_line(line: &str) -> Result<Feedback, String> {
        let row: Feedback = serde_json::from_str(line).map_err(|error| error.to_string())?;
        row.check().map_err(|error| error.to_string())?;
        Ok(row)
    }
}
