//! Changes of a user's fields.

use diesel::{AsChangeset, ExpressionMethods, QueryDsl, RunQueryDsl};

use super::duplicate;
use super::identities;
use super::key::{email_key, username_key};
use super::new::check_profile;
use super::record::User;
use super::store::{UserKey, find, lock};
use crate::connection::{Connection, on_engine};
use crate::described::Record;
use crate::error::{Error, Result};
use crate::schema::chat_users;
use crate::value::{Metadata, Timestamp, check_metadata};

/// Changes of a user. Fields that are not given stay unchanged. An empty text removes the value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Record)]
#[record(argument)]
pub struct UserChanges {
    /// New name to show, at most 255 characters.
    pub name: Option<String>,
    /// New address of a picture, at most 2,048 characters.
    pub avatar_url: Option<String>,
    /// New name to sign in with, at most 100 characters, without `@` and whitespace.
    pub username: Option<String>,
    /// New e-mail address. Unless only its spelling differs, it is not confirmed.
    pub email: Option<String>,
    /// New additional data, which replaces all of the former.
    pub metadata: Option<Metadata>,
}

/// [`UserChanges`] whose values are valid. A value of `Some(None)` is removed.
#[derive(Debug)]
pub struct CheckedChanges<'a> {
    changes: &'a UserChanges,
    email_key: Option<Option<String>>,
    username_key: Option<Option<String>>,
}

impl UserChanges {
    /// Validates the values without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<CheckedChanges<'_>> {
        check_profile(self.name.as_deref(), self.avatar_url.as_deref())?;
        check_metadata(self.metadata.as_ref())?;
        let key = |text: &Option<String>, key: fn(&str) -> Result<String>| {
            text.as_deref().map(|text| removable(text).map(key).transpose()).transpose()
        };
        Ok(CheckedChanges {
            changes: self,
            email_key: key(&self.email, email_key)?,
            username_key: key(&self.username, username_key)?,
        })
    }
}

/// Returns the text, or `None` if the value is to be removed.
fn removable(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

#[derive(AsChangeset)]
#[diesel(table_name = chat_users)]
struct Changeset<'a> {
    name: Option<Option<&'a str>>,
    avatar_url: Option<Option<&'a str>>,
    username: Option<Option<&'a str>>,
    username_key: Option<Option<&'a str>>,
    email: Option<Option<&'a str>>,
    email_key: Option<Option<&'a str>>,
    confirmed_at: Option<Option<Timestamp>>,
    metadata: Option<Option<&'a Metadata>>,
    updated_at: Timestamp,
}

/// Changes a user, and returns the result. `None` means that the user does not exist.
///
/// # Errors
/// `Conflict`, not retryable, with the field `email` or `username` when another user has the value,
/// or when the user could not sign in any more; or an error of the database.
pub fn update(
    connection: &mut Connection,
    user_id: &str,
    checked: &CheckedChanges<'_>,
) -> Result<Option<User>> {
    let now = Timestamp::now();
    connection.transaction(|connection| {
        let Some(id) = lock(connection, user_id, now)? else { return Ok(None) };
        let keys = on_engine!(connection, c => chat_users::table
            .filter(chat_users::id.eq(id))
            .select((chat_users::email_key, chat_users::username_key))
            .get_result::<(Option<String>, Option<String>)>(c));
        let (old_email, old_username) = keys.map_err(|error| connection.read_error(error))?;
        let new_email = checked.email_key.clone().unwrap_or_else(|| old_email.clone());
        let new_username = checked.username_key.clone().unwrap_or(old_username);
        if new_email.is_none() && new_username.is_none() && identities::count(connection, id)? == 0
        {
            let field = if checked.email_key.is_some() { "email" } else { "username" };
            return Err(Error::taken(
                field,
                "is the user's only way to sign in; add another one first",
            ));
        }
        let changes = checked.changes;
        connection.check_metadata(changes.metadata.as_ref())?;
        let value = |text: &'_ Option<String>| -> Option<Option<String>> {
            text.as_deref().map(|text| removable(text.trim()).map(str::to_owned))
        };
        let (username, email) = (value(&changes.username), value(&changes.email));
        let changeset = Changeset {
            name: changes.name.as_deref().map(removable),
            avatar_url: changes.avatar_url.as_deref().map(removable),
            username: username.as_ref().map(Option::as_deref),
            username_key: checked.username_key.as_ref().map(Option::as_deref),
            email: email.as_ref().map(Option::as_deref),
            email_key: checked.email_key.as_ref().map(Option::as_deref),
            // The ownership of the new address is not proved.
            confirmed_at: (new_email != old_email).then_some(None),
            metadata: changes.metadata.as_ref().map(Some),
            updated_at: now,
        };
        let changed = on_engine!(connection, c => {
            diesel::update(chat_users::table.filter(chat_users::id.eq(id)))
                .set(&changeset)
                .execute(c)
        });
        changed.map_err(|error| duplicate::explain(connection.write_error(error)))?;
        find(connection, UserKey::PublicId(user_id))
    })
}
