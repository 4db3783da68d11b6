//! Look-ups between the public and the internal ids of users, conversations and open turns.

use std::collections::HashMap;

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::connection::{Connection, on_engine};
use crate::error::{Error, Result};
use crate::schema::{chat_conversations, chat_users, open_turns};
use crate::value::public_id;

/// Maximum number of ids in one query.
const MAX_IDS: usize = 1_000;

/// Defines the look-ups of a table.
macro_rules! look_ups {
    (
        $table:ident, $field:literal, $noun:literal,
        $found:vis $find:ident, $require:ident, $visibility:vis $missing:ident, $public_ids:ident
    ) => {
        #[doc = concat!("Returns the internal id of the ", $noun, " with this public id, if it exists. It never")]
        /// changes.
        ///
        /// # Errors
        /// `Unavailable` or another error of the database.
        $found fn $find(connection: &mut Connection, public_id: &str) -> Result<Option<i64>> {
            if !public_id::may_exist(public_id) {
                return Ok(None);
            }
            let found = on_engine!(connection, c => $table::table
                .filter($table::public_id.eq(public_id))
                .select($table::id)
                .get_result::<i64>(c)
                .optional());
            found.map_err(|error| connection.read_error(error))
        }

        #[doc = concat!("Returns the internal id of a ", $noun, " that must exist, if one is given.")]
        pub(crate) fn $require(
            connection: &mut Connection,
            public_id: Option<&str>,
        ) -> Result<Option<i64>> {
            let Some(public_id) = public_id else { return Ok(None) };
            $find(connection, public_id)?.map(Some).ok_or_else(|| $missing(public_id))
        }

        #[doc = concat!("Returns the error about a ", $noun, " that does not exist.")]
        $visibility fn $missing(public_id: &str) -> Error {
            // A caller's text can be arbitrarily long; the start is enough to find it.
            let shown: String = public_id.chars().take(64).collect();
            Error::invalid_input($field, format!(concat!("no ", $noun, " has the id {:?}"), shown))
        }

        /// Returns the public ids of these internal ids, by internal id.
        pub(crate) fn $public_ids(
            connection: &mut Connection,
            ids: impl Iterator<Item = i64>,
        ) -> Result<HashMap<i64, String>> {
            let mut found = HashMap::new();
            for ids in distinct(ids).chunks(MAX_IDS) {
                let rows = on_engine!(connection, c => $table::table
                    .filter($table::id.eq_any(ids))
                    .select(($table::id, $table::public_id))
                    .load::<(i64, String)>(c));
                found.extend(rows.map_err(|error| connection.read_error(error))?);
            }
            Ok(found)
        }
    };
}

look_ups!(
    chat_users, "user_id", "user",
    pub find_user, require_user, pub no_user, public_ids_of_users
);
look_ups!(
    chat_conversations, "conversation_id", "conversation",
    pub find_conversation, require_conversation, pub no_conversation, public_ids_of_conversations
);

look_ups!(
    open_turns, "turn_id", "open turn",
    pub(crate) find_turn, require_turn, pub(crate) no_turn, public_ids_of_turns
);

fn distinct(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
