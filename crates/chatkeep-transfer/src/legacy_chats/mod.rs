//! Import of users and conversations from SQLite files of other chat programs.
//!
//! A first pass validates all rows (`users`, `conversations`) and stores nothing. The second pass
//! stores each user and each conversation in its own transaction. At the end, every stored
//! conversation is looked up, and its number of turns is checked. Rows that are already stored are
//! skipped, so a repeated import continues an interrupted one.

mod conversations;
mod shape;
mod users;
mod value;

use std::collections::HashSet;
use std::path::Path;

use chatkeep::{Chatkeep, ImportedConversation, MessageFilter, Order};
use chatkeep_core::legacy::LegacyFile;
use chatkeep_core::{Error, ErrorKind, Result};
use serde::Serialize;

use self::conversations::LegacyConversation;
use self::shape::Tables;
use self::users::LegacyUsers;
use crate::legacy::{ImportOptions, is_ready};
use crate::output::refuse_database_file;
use crate::progress::{Phase, Step};

/// Maximum number of problems listed. Further ones are only counted.
const MAX_PROBLEMS: usize = 1_000;

/// Numbers of users or conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct LegacyCounts {
    /// Rows in the file.
    pub found: u64,
    /// Rows that were stored, or would be in a dry run.
    pub stored: u64,
    /// Rows that an earlier run stored.
    pub already_there: u64,
}

/// A row that is not stored as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LegacyProblem {
    /// Name of the table.
    pub table: String,
    /// Id of the row. Empty if the row has no valid one.
    pub id: String,
    /// Name of the field, if known.
    pub field: Option<String>,
    /// Description of the problem.
    pub message: String,
}

/// Report of an import of users and conversations.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct LegacyChatsReport {
    /// Whether the rows were stored. False in a dry run, and if the import was refused.
    pub stored: bool,
    /// Names of the imported tables.
    pub tables: Vec<String>,
    /// Numbers of users.
    pub users: LegacyCounts,
    /// Users without a password that can be imported. They need a new one to sign in.
    pub without_password: u64,
    /// Users whose address or username another user has. `force` merges them into that user.
    pub duplicates: u64,
    /// Numbers of conversations.
    pub conversations: LegacyCounts,
    /// Turns of the conversations that were stored, or would be.
    pub turns: u64,
    /// Items of these conversations.
    pub items: u64,
    /// Number of invalid rows. `force` omits them.
    pub invalid: u64,
    /// The first 1,000 duplicates and invalid rows.
    pub problems: Vec<LegacyProblem>,
}

impl LegacyChatsReport {
    /// Returns whether duplicates or invalid rows prevent the import.
    pub fn is_refused(&self, force: bool) -> bool {
        !force && self.duplicates + self.invalid > 0
    }

    fn problem(&mut self, table: &str, id: &str, field: Option<&str>, message: impl Into<String>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(LegacyProblem {
                table: table.to_owned(),
                id: id.to_owned(),
                field: field.map(str::to_owned),
                message: message.into(),
            });
        }
    }

    fn invalid(&mut self, table: &str, id: &str, error: &Error) {
        self.invalid += 1;
        self.problem(table, id, error.field(), error.message());
    }
}

/// Imports the users and conversations of a SQLite file of another program.
///
/// Tables are detected by their names and columns: users with an e-mail address or a username,
/// conversations, and messages with the columns `role` and `content`, or `human` and `bot`. Ids may
/// be integers, UUIDs or text, and become public ids. Password hashes of bcrypt, Argon2 and
/// Flask-Security stay valid. The file is not changed.
///
/// Returns `None` if the file has no such tables.
///
/// ```
/// use chatkeep_transfer::{ImportOptions, import_legacy_chats};
///
/// let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
/// let file = std::path::Path::new("no-such.db");
/// let report = import_legacy_chats(&chat, file, ImportOptions::default(), &mut |_| {});
/// assert_eq!(report.unwrap_err().kind(), chatkeep::ErrorKind::Configuration);
/// # Ok::<(), chatkeep::Error>(())
/// ```
///
/// # Errors
/// `Configuration` if reading the file fails. `Corrupt` if the file is damaged or not a SQLite file,
/// or if turns of a stored conversation are missing. `InvalidInput` if the database rejects a value,
/// such as a message above the limit of a server; `force` omits the conversation. Database errors
/// keep their kinds; run the import again to continue it.
pub fn import_legacy_chats(
    chat: &Chatkeep,
    path: &Path,
    options: ImportOptions,
    progress: &mut dyn FnMut(Step),
) -> Result<Option<LegacyChatsReport>> {
    run(chat, path, options, progress).map_err(|error| error.with_operation("import_legacy_chats"))
}

fn run(
    chat: &Chatkeep,
    path: &Path,
    options: ImportOptions,
    progress: &mut dyn FnMut(Step),
) -> Result<Option<LegacyChatsReport>> {
    refuse_database_file(chat.database().url(), path)?;
    let mut file = LegacyFile::open_any(path)?;
    let tables = Tables::detect(&file.any_tables()?);
    if tables.is_empty() {
        return Ok(None);
    }
    let mut report = LegacyChatsReport { tables: tables.names(), ..Default::default() };
    let database = if is_ready(chat.database())? { Some(chat) } else { None };
    let mut users = LegacyUsers::read(&mut file, &tables, database, &mut report)?;
    let mut step = |phase, done, total| progress(Step { phase, done, total });
    let mut seen = HashSet::new();
    conversations::each(&mut file, &tables, &users, &mut |table, id, conversation| {
        if !id.is_empty() && seen.insert(id.to_owned()) {
            report.conversations.found += 1;
        }
        step(Phase::Checking, report.conversations.found, report.conversations.found);
        let checked = conversation.and_then(|conversation| {
            conversation.imported.check()?;
            let there = database.map_or(Ok(false), |chat| is_there(chat, &conversation))?;
            Ok((conversation.imported, there))
        });
        match checked {
            Ok((_, true)) => report.conversations.already_there += 1,
            Ok((conversation, false)) => report.add(&conversation),
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                report.invalid(table, id, &error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    })?;
    if options.dry_run || report.is_refused(options.force) {
        return Ok(Some(report));
    }
    users.store(chat, file.modified())?;
    let total = report.conversations.found;
    let mut done = 0;
    let mut stored = Vec::new();
    (report.conversations.stored, report.turns, report.items) = (0, 0, 0);
    conversations::each(&mut file, &tables, &users, &mut |_, id, conversation| {
        done += 1;
        step(Phase::Storing, done, total);
        // The first pass has reported invalid rows.
        let Ok(LegacyConversation { imported, .. }) = conversation else { return Ok(()) };
        match chat.conversations().import_conversation(&imported) {
            Ok(true) => {
                report.add(&imported);
                stored.push((id.to_owned(), imported.turns.len()));
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(error) if error.kind() != ErrorKind::InvalidInput => Err(error),
            Err(_) if options.force => Ok(()),
            // Limits of a server may be lower than those that the first pass checks.
            Err(error) => {
                let message = format!("conversation {id}: {}", error.message());
                let field = error.field().unwrap_or("conversation").to_owned();
                Err(Error::invalid_input(field, message))
            }
        }
    })?;
    for (done, (id, turns)) in (1..).zip(&stored) {
        step(Phase::Comparing, done, stored.len() as u64);
        verify(chat, id, *turns)?;
    }
    report.stored = true;
    Ok(Some(report))
}

impl LegacyChatsReport {
    fn add(&mut self, conversation: &ImportedConversation) {
        self.conversations.stored += 1;
        self.turns += conversation.turns.len() as u64;
        self.items += conversation.items.len() as u64;
    }
}

/// Returns whether an earlier run stored a conversation.
///
/// # Errors
/// `InvalidInput` if another conversation has its id. Database errors keep their kinds.
fn is_there(chat: &Chatkeep, conversation: &LegacyConversation) -> Result<bool> {
    let LegacyConversation { imported, is_dated } = conversation;
    let Some(stored) = chat.conversations().get_conversation(&imported.public_id)? else {
        return Ok(false);
    };
    let is_same = if *is_dated {
        stored.created_at == imported.created_at
    } else {
        // The time was that of the file, which may have changed.
        let filter = MessageFilter::default().with_conversation_id(stored.id);
        let first =
            chat.messages().iter_messages(&filter, Order::OldestFirst).next().transpose()?;
        let questions = first.as_ref().zip(imported.turns.first());
        questions.is_none_or(|(stored, turn)| stored.user_message == turn.user_message)
    };
    match is_same {
        true => Ok(true),
        false => Err(Error::invalid_input("public_id", "another conversation has this id")),
    }
}

/// Checks the number of turns of a stored conversation.
///
/// # Errors
/// `Corrupt` if turns are missing. Database errors keep their kinds.
fn verify(chat: &Chatkeep, id: &str, turns: usize) -> Result<()> {
    let differs = |reason: String| {
        Error::new(ErrorKind::Corrupt, format!("the stored conversation {id} {reason}"))
    };
    let stored = chat.conversations().get_conversation(id)?;
    let Some(stored) = stored else { return Err(differs("is missing".to_owned())) };
    let filter = MessageFilter::default().with_conversation_id(stored.id);
    let found = chat.messages().get_message_count(&filter)?;
    let expected = turns as i64;
    // A program may have continued it.
    if found < expected {
        return Err(differs(format!("has {found} turns instead of {expected}")));
    }
    Ok(())
}
