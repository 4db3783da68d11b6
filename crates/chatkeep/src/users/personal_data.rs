//! All data that is stored about a user: its export and its erasure.

use std::vec::IntoIter;

use chatkeep_core::personal_data::{self, ExportCursor, Person};
use chatkeep_core::{Error, ErrorKind, Result, UserErasure, UserExport, check_limit, users};
use chatkeep_macros::operations;

use super::UserManager;
use crate::batch_sizer::BatchSizer;
use crate::revocations::Revocations;

/// Number of lines that [`UserManager::iter_user_export`] reads at a time.
const PAGE: i64 = 500;
/// Maximum number of times that an erasure begins again because a conversation was created since.
const MAX_RESTARTS: u32 = 10;

#[operations(part = PERSONAL_DATA, receiver = users)]
impl UserManager {
    /// Returns a page of everything that is stored about a user, as lines of JSON.
    ///
    /// Each line has the fields `table` and `row`. The lines contain the account, the scheme and time of
    /// the password, identities, roles, one-time secrets, sessions, API tokens and credentials. They also
    /// contain ratings, entries of the audit log, conversations with everything in them, messages, open
    /// turns, streams, tasks, threads of agents, and settings with their versions. Passwords, secrets and
    /// their hashes are not exported.
    ///
    /// Pages are read one after another, in constant memory. Rows that are stored during the export may be
    /// missing. Applications that name users by text, as in ratings and in the audit log, must use the
    /// public id or the e-mail address. The object of an entry and the scope of a setting may begin with
    /// `user:`.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    /// - `limit`: Maximum number of lines to return (1–10,000). A page of about 4 MB ends earlier.
    /// - `cursor`: The `next_cursor` of the previous page.
    ///
    /// # Returns
    /// The lines, and the position of the next page. `None` if the user does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is out of range, or `cursor` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn export_user(
        &self,
        user_id: &str,
        #[argument(default = 500)] limit: i64,
        cursor: Option<&str>,
    ) -> Result<Option<UserExport>> {
        let run = || {
            check_limit(limit)?;
            cursor.map(str::parse::<ExportCursor>).transpose()?;
            personal_data::export(&mut *self.pool.reader()?, user_id, limit, cursor)
        };
        run().map_err(|error| error.with_operation("export_user"))
    }

    /// Returns an iterator over the lines of [`UserManager::export_user`]. It has no lines if the
    /// user does not exist, and ends after an error.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// # let user = chat.users().create_user(&chatkeep::NewUser::with_username("ada"))?;
    /// let lines: Vec<String> =
    ///     chat.users().iter_user_export(&user.public_id).collect::<Result<_, _>>()?;
    /// assert!(lines[0].starts_with(r#"{"table":"chat_users","row":{"#));
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    pub fn iter_user_export<'a>(
        &'a self,
        user_id: &'a str,
    ) -> impl Iterator<Item = Result<String>> + 'a {
        let mut lines: IntoIter<String> = Vec::new().into_iter();
        let (mut cursor, mut is_first, mut is_done) = (None, true, false);
        std::iter::from_fn(move || {
            loop {
                if let Some(line) = lines.next() {
                    return Some(Ok(line));
                }
                if is_done {
                    return None;
                }
                is_done = true;
                match self.export_user(user_id, PAGE, cursor.as_deref()) {
                    Ok(None) if is_first => {}
                    Ok(None) => return Some(Err(deleted_since())),
                    Ok(Some(page)) => {
                        is_first = false;
                        lines = page.lines.into_iter();
                        is_done = page.next_cursor.is_none();
                        cursor = page.next_cursor;
                    }
                    Err(error) => return Some(Err(error)),
                }
            }
        })
    }

    /// Erases a user and everything that is stored about the user.
    ///
    /// The user is deactivated first. Then it deletes everything that `export_user` returns, except for
    /// entries of the audit log, and the account last. Statistics no longer include the deleted messages.
    /// The user is removed from the entries of the audit log, with the values and the IP address of those
    /// entries. The user is also removed from roles that the user granted to others, from credentials that
    /// the user created, and from settings that the user changed.
    ///
    /// It works in batches of a few milliseconds, each in its own transaction, so that other callers can
    /// write in between. After an error, call it again. If it then returns `None`, the account is deleted;
    /// only messages, streams and settings that were stored during the call may remain. Texts by which an
    /// application names the user are found as in `export_user`. Backups are not changed.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    ///
    /// # Returns
    /// The number of deleted and of changed rows by table. `None` if the user does not exist.
    ///
    /// # Errors
    /// - `Conflict`: conversations of the user were still being created after 10 restarts. It is not
    /// retryable then, and its field is `user_id`.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: a part may be erased.
    #[operation(write)]
    pub fn erase_user(&self, user_id: &str) -> Result<Option<UserErasure>> {
        let run = || {
            let find = || personal_data::find_person(&mut *self.pool.writer()?, user_id);
            let Some(person) = find()? else { return Ok(None) };
            self.change_sign_ins(|connection| users::set_active(connection, user_id, false))?;
            let mut erased = UserErasure::default();
            let mut restarts = 0;
            let outcome = loop {
                match self.erase(&person, &mut erased) {
                    Err(error) if is_conversation(&error) && restarts < MAX_RESTARTS => {
                        restarts += 1
                    }
                    outcome => break outcome,
                }
            };
            // Also after a failure, because rows were deleted.
            Revocations::of_sessions().record_any();
            Revocations::of_tokens().record_any();
            self.setting_cache.forget();
            outcome.map(|()| Some(erased))
        };
        run().map_err(|error| error.with_operation("erase_user"))
    }

    /// Runs all stages of an erasure, and adds their changes to `erased`.
    fn erase(&self, person: &Person, erased: &mut UserErasure) -> Result<()> {
        let mut sizer = BatchSizer::new(self.pool.url().engine());
        let mut stage = Some(0);
        while let Some(current) = stage {
            let step = sizer.run_batch(&self.pool, |connection, limit| {
                personal_data::erase_step(connection, person, current, limit)
            })?;
            self.write.deleted(step.erased.deleted.get("messages").copied().unwrap_or(0));
            erased.add(step.erased);
            stage = step.next_stage;
        }
        Ok(())
    }
}

/// An export that ends in the middle must not look complete.
fn deleted_since() -> Error {
    Error::invalid_input("user_id", "the user was deleted during the export")
}

/// Returns whether a user was not deleted because of a conversation.
fn is_conversation(error: &Error) -> bool {
    error.kind() == ErrorKind::Conflict && error.field() == Some("user_id")
}
