//! Import of users and conversations from SQLite files of other chat programs.
//!
//! A first pass validates all rows (`people`, `conversations`) and stores nothing. The second pass
//! stores each user and each conversation in its own transaction, and the third compares the stored
//! ones with the file. Rows that are already stored are skipped, so a repeated import continues an
//! interrupted one.

mod conversations;
mod people;
mod shape;
mod value;

use std::path::Path;

use chatkeep::{Chatkeep, ImportedConversation, MessageFilter};
use chatkeep_core::legacy::LegacyFile;
use chatkeep_core::{Error, ErrorKind, Result};
use serde::Serialize;

use self::people::People;
use self::shape::Tables;
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
    /// Id of the row.
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
    /// Whether the rows were stored and compared with the file. False in a dry run, and if the
    /// import was refused.
    pub stored: bool,
    /// Names of the imported tables.
    pub tables: Vec<String>,
    /// Numbers of users.
    pub users: LegacyCounts,
    /// Users without a password that can be imported. They need a new one to sign in.
    pub without_password: u64,
    /// Users whose address or username another user has. `force` merges them into that user.
    pub twins: u64,
    /// Numbers of conversations.
    pub conversations: LegacyCounts,
    /// Turns of the conversations that were stored, or would be.
    pub turns: u64,
    /// Items of these conversations.
    pub items: u64,
    /// Number of invalid rows. `force` omits them.
    pub invalid: u64,
    /// The first 1,000 twins and invalid rows.
    pub problems: Vec<LegacyProblem>,
}

impl LegacyChatsReport {
    /// Returns whether twins or invalid rows prevent the import.
    pub fn is_refused(&self, force: bool) -> bool {
        !force && self.twins + self.invalid > 0
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
/// `Configuration` if reading the file fails, or `PASSWORD_SALT` is not set and hashes of
/// Flask-Security are imported. `Corrupt` if the file is damaged or not a SQLite file, or the stored
/// rows differ from it. Database errors keep their kinds; run the import again to continue it.
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
    let mut people = People::read(&mut file, &tables, database, &mut report)?;
    let mut step = |phase, done, total| progress(Step { phase, done, total });
    conversations::each(&mut file, &tables, &people, &mut |table, id, conversation| {
        report.conversations.found += 1;
        step(Phase::Checking, report.conversations.found, report.conversations.found);
        let checked = conversation.and_then(|conversation| {
            conversation.check()?;
            let there = database.map_or(Ok(false), |chat| is_there(chat, &conversation))?;
            Ok((conversation, there))
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
    people.store(chat)?;
    let total = report.conversations.found;
    let mut done = 0;
    conversations::each(&mut file, &tables, &people, &mut |_, _, conversation| {
        done += 1;
        step(Phase::Storing, done, total);
        match conversation.and_then(|found| chat.conversations().import_conversation(&found)) {
            Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
            outcome => outcome.map(drop),
        }
    })?;
    let mut done = 0;
    conversations::each(&mut file, &tables, &people, &mut |table, id, conversation| {
        done += 1;
        step(Phase::Comparing, done, total);
        match conversation {
            Ok(found) if found.check().is_ok() => verify(chat, table, id, &found),
            _ => Ok(()),
        }
    })?;
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
/// `InvalidInput` if another conversation has its id.
fn is_there(chat: &Chatkeep, conversation: &ImportedConversation) -> Result<bool> {
    match chat.conversations().get_conversation(&conversation.public_id)? {
        None => Ok(false),
        Some(stored) if stored.created_at == conversation.created_at => Ok(true),
        Some(_) => Err(Error::invalid_input("public_id", "another conversation has this id")),
    }
}

/// Compares a stored conversation with the file.
fn verify(
    chat: &Chatkeep,
    table: &str,
    id: &str,
    conversation: &ImportedConversation,
) -> Result<()> {
    let differs = |what: String| {
        Error::new(ErrorKind::Corrupt, format!("{table}, id {id}: the stored conversation {what}"))
    };
    let stored = chat.conversations().get_conversation(&conversation.public_id)?;
    let Some(stored) = stored else { return Err(differs("is missing".to_owned())) };
    if stored.created_at != conversation.created_at {
        // The first pass has reported it.
        return Ok(());
    }
    let filter = MessageFilter::default().with_conversation_id(stored.id);
    let turns = chat.messages().get_message_count(&filter)?;
    let expected = conversation.turns.len() as i64;
    // It may have been continued since an earlier run.
    if turns < expected {
        return Err(differs(format!("has {turns} turns instead of {expected}")));
    }
    Ok(())
}
