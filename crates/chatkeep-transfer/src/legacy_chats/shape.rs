//! Detection of the tables by their names and columns.

use chatkeep_core::legacy::{AnyTable, RawValue};

/// A detected table, with the columns that are read. Columns of a role that is missing are `None`.
pub(super) struct Table<const N: usize> {
    pub(super) name: String,
    /// The columns that exist, in the order of the roles.
    pub(super) columns: Vec<String>,
    /// Index in `columns` of each role.
    index: [Option<usize>; N],
}

/// Roles of the columns of users, with their names.
pub(super) mod user {
    pub(crate) const ID: usize = 0;
    pub(crate) const EMAIL: usize = 1;
    pub(crate) const USERNAME: usize = 2;
    pub(crate) const NAME: usize = 3;
    pub(crate) const PASSWORD: usize = 4;
    pub(crate) const ACTIVE: usize = 5;
    pub(crate) const CONFIRMED_AT: usize = 6;
    pub(crate) const CREATED_AT: usize = 7;
    pub(crate) const AVATAR: usize = 8;
    /// Only Flask-Security has it.
    pub(crate) const UNIQUIFIER: usize = 9;
    pub(super) const NAMES: [&[&str]; 10] = [
        &["id", "user_id", "uuid"],
        &["email", "email_address", "mail"],
        &["username", "user_name", "login"],
        &["name", "display_name", "full_name"],
        &["password_hash", "hashed_password", "password"],
        &["is_active", "active", "enabled"],
        &["confirmed_at", "email_verified_at", "email_confirmed_at"],
        &["created_at", "created", "date_joined", "created_on"],
        &["avatar_url", "picture", "profile_image_url", "avatar"],
        &["fs_uniquifier"],
    ];
}

/// Roles of the columns of conversations.
pub(super) mod conversation {
    pub(crate) const ID: usize = 0;
    pub(crate) const USER: usize = 1;
    pub(crate) const TITLE: usize = 2;
    pub(crate) const CREATED_AT: usize = 3;
    pub(crate) const UPDATED_AT: usize = 4;
    pub(crate) const ARCHIVED: usize = 5;
    pub(super) const NAMES: [&[&str]; 6] = [
        &["id", "conversation_id", "uuid"],
        &["user_id", "owner_id", "user"],
        &["title", "name", "subject"],
        &["created_at", "created", "timestamp"],
        &["updated_at", "updated", "last_message_at"],
        &["archived_at", "archived", "is_archived"],
    ];
}

/// Roles of the columns of messages.
pub(super) mod message {
    pub(crate) const CONVERSATION: usize = 0;
    pub(crate) const ROLE: usize = 1;
    pub(crate) const CONTENT: usize = 2;
    pub(crate) const HUMAN: usize = 3;
    pub(crate) const BOT: usize = 4;
    pub(crate) const CREATED_AT: usize = 5;
    pub(crate) const MODEL: usize = 6;
    pub(super) const NAMES: [&[&str]; 7] = [
        &["conversation_id", "chat_id", "session_id", "thread_id", "conversation", "chat"],
        &["role"],
        &["content"],
        &["human"],
        &["bot"],
        &["created_at", "timestamp", "created"],
        &["model", "model_name"],
    ];
}

/// The tables of a file.
pub(super) struct Tables {
    pub(super) users: Option<Table<10>>,
    pub(super) conversations: Option<Table<6>>,
    pub(super) messages: Option<Table<7>>,
}

const USERS: &[&str] = &["users", "user", "auth_user", "accounts"];
const CONVERSATIONS: &[&str] =
    &["conversations", "conversation", "chats", "chat", "chat_sessions", "threads"];

impl Tables {
    pub(super) fn detect(tables: &[AnyTable]) -> Self {
        let named = |names: &[&str], omitted: Option<&str>| {
            let tables = tables.iter().filter(|table| Some(table.name.as_str()) != omitted);
            names
                .iter()
                .find_map(|name| tables.clone().find(|table| table.name.eq_ignore_ascii_case(name)))
        };
        let users = named(USERS, None).map(|table| Table::of(table, user::NAMES)).filter(|table| {
            table.has(user::ID) && (table.has(user::EMAIL) || table.has(user::USERNAME))
        });
        let messages = tables.iter().map(|table| Table::of(table, message::NAMES)).find(|table| {
            let has_roles = table.has(message::ROLE) && table.has(message::CONTENT);
            let has_pairs = table.has(message::HUMAN) && table.has(message::BOT);
            table.has(message::CONVERSATION) && (has_roles || has_pairs)
        });
        // A table named `conversations` may have the messages.
        let conversations = named(CONVERSATIONS, messages.as_ref().map(|table| &*table.name))
            .map(|table| Table::of(table, conversation::NAMES))
            .filter(|table| table.has(conversation::ID) && messages.is_some());
        Self { users, conversations, messages }
    }

    pub(super) fn names(&self) -> Vec<String> {
        let names = [
            self.users.as_ref().map(|table| &table.name),
            self.conversations.as_ref().map(|table| &table.name),
            self.messages.as_ref().map(|table| &table.name),
        ];
        names.into_iter().flatten().cloned().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.users.is_none() && self.messages.is_none()
    }
}

impl<const N: usize> Table<N> {
    fn of(table: &AnyTable, names: [&[&str]; N]) -> Self {
        let mut columns = Vec::new();
        let index = names.map(|names| {
            let mut names = names.iter();
            let column = names.find_map(|name| {
                table.columns.iter().find(|column| column.eq_ignore_ascii_case(name))
            })?;
            columns.push(column.clone());
            Some(columns.len() - 1)
        });
        Self { name: table.name.clone(), columns, index }
    }

    pub(super) fn has(&self, role: usize) -> bool {
        self.index[role].is_some()
    }

    /// Returns the name of the column with this role.
    pub(super) fn column(&self, role: usize) -> Option<&str> {
        self.index[role].map(|index| self.columns[index].as_str())
    }

    /// Returns the value of the column with this role.
    pub(super) fn value<'a>(&self, row: &'a [RawValue], role: usize) -> &'a RawValue {
        self.index[role].and_then(|index| row.get(index)).unwrap_or(&RawValue::Null)
    }
}
