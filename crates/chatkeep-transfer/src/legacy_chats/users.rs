//! Users of a legacy file.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chatkeep::{Chatkeep, NewUser, PasswordScheme, Secret};
use chatkeep_core::legacy::{LegacyFile, RawValue};
use chatkeep_core::users::{email_key, password, username_key};
use chatkeep_core::{Error, ErrorKind, Result, Timestamp};

use super::LegacyChatsReport;
use super::shape::{Table, Tables, user};
use super::value::{id, is_true, text, time};

/// The users of a file.
#[derive(Default)]
pub(super) struct LegacyUsers {
    /// Users that are not stored yet.
    new: Vec<LegacyUser>,
    /// Public ids by the ids in the file.
    ids: HashMap<String, String>,
    /// Ids in the file by address and by username.
    owners: HashMap<String, String>,
}

struct LegacyUser {
    user: NewUser,
    active: bool,
    confirmed_at: Option<Timestamp>,
    /// Time in the file, if it has one.
    created_at: Option<Timestamp>,
}

impl LegacyUsers {
    /// Reads and validates all users. `database` is that of the import, if it has a schema.
    pub(super) fn read(
        file: &mut LegacyFile,
        tables: &Tables,
        database: Option<&Chatkeep>,
        report: &mut LegacyChatsReport,
    ) -> Result<Self> {
        let mut users = Self::default();
        let Some(table) = &tables.users else { return Ok(users) };
        file.each_row(&table.name, &table.columns, None, &mut |row| {
            report.users.found += 1;
            let Some(key) = id(table.value(&row, user::ID)) else {
                report.invalid(&table.name, "", &Error::invalid_input("id", "is missing"));
                return Ok(());
            };
            let (user, has_password) = LegacyUser::read(table, &row, &key);
            match users.find(&key, &user, database) {
                Ok(None) => {
                    report.users.stored += 1;
                    report.without_password += u64::from(!has_password);
                    users.ids.insert(key.clone(), key);
                    users.new.push(user);
                }
                Ok(Some((_, owner))) if owner == key => {
                    report.users.already_there += 1;
                    users.ids.insert(key, owner);
                }
                Ok(Some((field, owner))) => {
                    report.duplicates += 1;
                    let message = format!("the user {owner} has the same {field}");
                    report.problem(&table.name, &key, Some(field), message);
                    users.ids.insert(key, owner);
                }
                Err(error) if error.kind() == ErrorKind::InvalidInput => {
                    report.invalid(&table.name, &key, &error);
                }
                Err(error) => return Err(error),
            }
            Ok(())
        })?;
        Ok(users)
    }

    /// Stores the users that are not stored yet. `modified` is the creation time of users that have
    /// none in the file.
    pub(super) fn store(&mut self, chat: &Chatkeep, modified: Timestamp) -> Result<()> {
        for user in self.new.drain(..) {
            let LegacyUser { user, active, confirmed_at, created_at } = user;
            let created_at = created_at.unwrap_or(modified);
            match chat.users().import_user(&user, active, confirmed_at, created_at) {
                // It was stored by an attempt whose outcome was unknown.
                Err(error)
                    if error.kind() == ErrorKind::Conflict
                        && error.field() == Some("public_id") => {}
                outcome => drop(outcome?),
            }
        }
        Ok(())
    }

    /// Returns the public id of a user by the id in the file.
    pub(super) fn public_id(&self, key: &str) -> Option<&str> {
        self.ids.get(key).map(String::as_str)
    }

    /// Returns the public id of the user with this id, address or username, and the common field.
    ///
    /// # Errors
    /// `InvalidInput` if a value is invalid, or the id is that of another user. Database errors keep
    /// their kinds.
    fn find(
        &mut self,
        key: &str,
        legacy: &LegacyUser,
        database: Option<&Chatkeep>,
    ) -> Result<Option<(&'static str, String)>> {
        let LegacyUser { user, created_at, .. } = legacy;
        if self.ids.contains_key(key) {
            return Err(Error::invalid_input("id", "another row has this id"));
        }
        user.check()?;
        let email = user.email.as_deref().map(email_key).transpose()?;
        let username = user.username.as_deref().map(username_key).transpose()?;
        if let Some(chat) = database
            && let Some(stored) = chat.users().get_user(key)?
        {
            // Ids such as 1 are also those of users of other programs.
            let stored_email = stored.email.as_deref().map(email_key).transpose()?;
            let stored_username = stored.username.as_deref().map(username_key).transpose()?;
            let is_same = *created_at == Some(stored.created_at)
                || (email.is_some() && email == stored_email)
                || (username.is_some() && username == stored_username);
            return match is_same {
                true => Ok(Some(("id", key.to_owned()))),
                false => Err(Error::invalid_input("id", "another user has this id")),
            };
        }
        for (field, name) in [("email", email), ("username", username)] {
            let Some(name) = name else { continue };
            if let Some(chat) = database {
                let stored = match field {
                    "email" => chat.users().find_by_email(&name)?,
                    _ => chat.users().find_by_username(&name)?,
                };
                if let Some(stored) = stored {
                    return Ok(Some((field, stored.public_id)));
                }
            }
            match self.owners.entry(format!("{field} {name}")) {
                Entry::Occupied(owner) => {
                    // That user may be merged into another one.
                    let owner = self.ids.get(owner.get()).unwrap_or(owner.get());
                    return Ok(Some((field, owner.clone())));
                }
                Entry::Vacant(free) => drop(free.insert(key.to_owned())),
            }
        }
        Ok(None)
    }
}

impl LegacyUser {
    /// Converts a row. The second value is whether the user has a password that can be imported.
    fn read(table: &Table<10>, row: &[RawValue], key: &str) -> (Self, bool) {
        let value = |role| table.value(row, role);
        let filled = |role| text(value(role)).filter(|text| !text.trim().is_empty());
        // Flask-Security's hashes look like those of bcrypt and Argon2.
        let is_flask = table.has(user::UNIQUIFIER);
        let scheme = is_flask.then_some(PasswordScheme::FlaskSecurity);
        let hash = filled(user::PASSWORD).map(Secret::from).filter(|hash| {
            // Other hashes, and plain passwords, are not imported.
            password::import_hash(hash, None, None).is_ok()
        });
        // Many programs let users sign in with the address as username.
        let (address, username) = match filled(user::USERNAME) {
            Some(name) if name.contains('@') => (Some(name), None),
            username => (None, username),
        };
        let has_password = hash.is_some();
        let new = NewUser {
            email: filled(user::EMAIL).or(address),
            username,
            name: filled(user::NAME),
            avatar_url: filled(user::AVATAR),
            public_id: Some(key.to_owned()),
            password_scheme: scheme.filter(|_| has_password),
            password_hash: hash,
            ..NewUser::default()
        };
        let user = Self {
            user: new,
            active: is_true(value(user::ACTIVE)).unwrap_or(true),
            confirmed_at: time(value(user::CONFIRMED_AT)),
            created_at: time(value(user::CREATED_AT)),
        };
        (user, has_password)
    }
}
