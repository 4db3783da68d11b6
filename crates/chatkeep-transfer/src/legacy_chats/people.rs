//! Users of a legacy file.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chatkeep::{Chatkeep, NewUser, PasswordScheme, Secret};
use chatkeep_core::legacy::{LegacyFile, RawValue};
use chatkeep_core::users::{email_key, password, username_key};
use chatkeep_core::{ErrorKind, Result, Timestamp};

use super::LegacyChatsReport;
use super::shape::{Table, Tables, user};
use super::value::{id, is_true, text, time};

/// The users of a file.
#[derive(Default)]
pub(super) struct People {
    /// Users that are not stored yet.
    new: Vec<Person>,
    /// Public ids by the ids in the file.
    ids: HashMap<String, String>,
}

struct Person {
    user: NewUser,
    active: bool,
    confirmed_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl People {
    /// Reads and validates all users. `database` is that of the import, if it has a schema.
    pub(super) fn read(
        file: &mut LegacyFile,
        tables: &Tables,
        database: Option<&Chatkeep>,
        report: &mut LegacyChatsReport,
    ) -> Result<Self> {
        let mut people = Self::default();
        let Some(table) = &tables.users else { return Ok(people) };
        // Ids in the file by address and by username.
        let mut owners: HashMap<String, String> = HashMap::new();
        let modified = file.modified();
        file.each_row(&table.name, &table.columns, None, &mut |row| {
            report.users.found += 1;
            let Some(key) = id(table.value(&row, user::ID)) else {
                report.invalid += 1;
                report.problem(&table.name, "", Some("id"), "is missing");
                return Ok(());
            };
            let (person, has_password) = Person::read(table, &row, &key, modified);
            if let Err(error) = person.user.check() {
                report.invalid(&table.name, &key, &error);
                return Ok(());
            }
            if let Some((field, owner)) = person.twin(&key, &mut owners, database)? {
                if owner == key {
                    report.users.already_there += 1;
                } else {
                    report.twins += 1;
                    let message = format!("the user {owner} has the same {field}");
                    report.problem(&table.name, &key, Some(field), message);
                }
                people.ids.insert(key, owner);
                return Ok(());
            }
            report.users.stored += 1;
            report.without_password += u64::from(!has_password);
            people.ids.insert(key.clone(), key);
            people.new.push(person);
            Ok(())
        })?;
        Ok(people)
    }

    /// Stores the users that are not stored yet.
    pub(super) fn store(&mut self, chat: &Chatkeep) -> Result<()> {
        for person in self.new.drain(..) {
            let Person { user, active, confirmed_at, created_at } = person;
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
}

impl Person {
    /// Converts a row. The second value is whether the user has a password that can be imported.
    fn read(table: &Table<10>, row: &[RawValue], key: &str, modified: Timestamp) -> (Self, bool) {
        let value = |role| table.value(row, role);
        let filled = |role| text(value(role)).filter(|text| !text.trim().is_empty());
        // Flask-Security's hashes look like those of bcrypt and Argon2.
        let is_flask = table.has(user::UNIQUIFIER);
        let scheme = is_flask.then_some(PasswordScheme::FlaskSecurity);
        let hash = filled(user::PASSWORD).map(Secret::from).filter(|hash| {
            // Other hashes, and plain passwords, are not imported.
            password::import_hash(hash, None, None).is_ok()
        });
        let confirmed_at = time(value(user::CONFIRMED_AT));
        let email = filled(user::EMAIL);
        // Many programs let users sign in with the address as username.
        let username = filled(user::USERNAME).filter(|name| !name.contains('@') || email.is_none());
        let has_password = hash.is_some();
        let new = NewUser {
            email,
            username,
            name: filled(user::NAME),
            avatar_url: filled(user::AVATAR),
            public_id: Some(key.to_owned()),
            password_scheme: scheme.filter(|_| has_password),
            password_hash: hash,
            ..NewUser::default()
        };
        let person = Self {
            user: new,
            active: is_true(value(user::ACTIVE)).unwrap_or(true),
            confirmed_at,
            created_at: time(value(user::CREATED_AT)).unwrap_or(modified),
        };
        (person, has_password)
    }

    /// Returns the public id of the user who has this id, address or username, and the common field.
    fn twin(
        &self,
        key: &str,
        owners: &mut HashMap<String, String>,
        database: Option<&Chatkeep>,
    ) -> Result<Option<(&'static str, String)>> {
        if let Some(chat) = database
            && chat.users().get_user(key)?.is_some()
        {
            return Ok(Some(("id", key.to_owned())));
        }
        let user = &self.user;
        let keys = [
            ("email", user.email.as_deref().map(email_key).transpose()?),
            ("username", user.username.as_deref().map(username_key).transpose()?),
        ];
        for (field, name) in keys {
            let Some(name) = name else { continue };
            if let Some(chat) = database {
                let found = match field {
                    "email" => chat.users().find_by_email(&name)?,
                    _ => chat.users().find_by_username(&name)?,
                };
                if let Some(found) = found {
                    return Ok(Some((field, found.public_id)));
                }
            }
            match owners.entry(format!("{field} {name}")) {
                Entry::Occupied(owner) => return Ok(Some((field, owner.get().clone()))),
                Entry::Vacant(free) => drop(free.insert(key.to_owned())),
            }
        }
        Ok(None)
    }
}
