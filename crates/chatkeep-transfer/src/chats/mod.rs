//! Import of conversations from the export files of ChatGPT and Claude, and from chatkeep's own.

mod chatgpt;
mod claude;
mod file;
mod lines;
pub(crate) mod turns;
pub(crate) mod values;

use std::collections::HashSet;
use std::io::Read;

use chatkeep::{Chatkeep, ImportedConversation};
use chatkeep_core::users::no_user;
use chatkeep_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::legacy::is_ready;

/// Maximum number of invalid conversations listed. Further ones are only counted.
const MAX_LISTED: usize = 1_000;

/// Options of an import of conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChatImportOptions<'a> {
    /// Public id of the user to which the conversations will belong. Without it, those of
    /// chatkeep's own files keep their user, and others have none.
    pub user_id: Option<&'a str>,
    /// Validate all conversations and store none.
    pub dry_run: bool,
}

/// Report of an import of conversations.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct ChatImportReport {
    /// Number of conversations in the file.
    pub found: u64,
    /// Number of conversations that were stored, or would be without the dry run.
    pub stored: u64,
    /// Number of conversations whose public id is already in the database, or earlier in the file.
    pub already_there: u64,
    /// Number of turns of the stored conversations.
    pub turns: u64,
    /// Number of items of the stored conversations.
    pub items: u64,
    /// Number of branches of the stored conversations that were omitted: only the branch that the
    /// program shows is stored.
    pub other_branches: u64,
    /// Number of invalid conversations, which were not stored.
    pub invalid: u64,
    /// The first 1,000 invalid conversations.
    pub problems: Vec<ChatProblem>,
}

/// A conversation that was not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChatProblem {
    /// Number of the conversation in the file, from 1 on.
    pub conversation: u64,
    /// Id of the conversation in the file, if it could be read.
    pub id: Option<String>,
    /// Name of the invalid field, if known.
    pub field: Option<String>,
    /// Description of the problem.
    pub message: String,
}

/// A conversation of a file, and the number of its omitted branches.
struct Parsed {
    conversation: ImportedConversation,
    other_branches: u64,
}

/// Imports the conversations of a file: `conversations.json` of ChatGPT or Claude, or the JSON
/// Lines of `chatkeep conversations export`. The format is detected by its keys.
///
/// The file is read one conversation at a time, and each is stored in its own transaction. A
/// conversation keeps its id as `public_id`; one whose id is already in the database is skipped, so
/// an interrupted import can be repeated. Invalid conversations are listed and not stored.
///
/// A question and its response become a turn. Messages of other roles, tool calls, reasoning and
/// attachments become items of that turn. Of a conversation with several branches, the one that
/// the program shows is stored.
///
/// `progress` is called after each conversation.
///
/// ```
/// use chatkeep_transfer::{ChatImportOptions, import_chats};
///
/// let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
/// let file = r#"[{"uuid": "c-1", "name": "WAL", "created_at": "2024-05-01T10:00:00Z",
///     "chat_messages": [{"sender": "human", "text": "What is WAL?"}]}]"#;
/// let options = ChatImportOptions::default();
/// let report = import_chats(&chat, file.as_bytes(), options, &mut |_| {})?;
/// assert_eq!((report.stored, report.turns), (1, 1));
/// # Ok::<(), chatkeep::Error>(())
/// ```
///
/// # Errors
/// `InvalidInput` if the file is not JSON, with the position; the conversations before it are
/// stored. `Configuration` if reading fails. Database errors keep their kinds.
pub fn import_chats(
    chat: &Chatkeep,
    source: impl Read,
    options: ChatImportOptions<'_>,
    progress: &mut dyn FnMut(&ChatImportReport),
) -> Result<ChatImportReport> {
    let mut report = ChatImportReport::default();
    let mut dry_run = match options.dry_run {
        true => Some(DryRun::new(chat)?),
        false => None,
    };
    let outcome = file::each_value(source, &mut |value| {
        report.found += 1;
        let stored = parse(value.get()).and_then(|mut parsed| {
            if let Some(user) = options.user_id {
                parsed.conversation.user_id = Some(user.to_owned());
            }
            let is_new = match &mut dry_run {
                Some(dry_run) => dry_run.check(&parsed.conversation)?,
                None => chat.conversations().import_conversation(&parsed.conversation)?,
            };
            Ok((parsed, is_new))
        });
        match stored {
            Ok((parsed, true)) => report.add(&parsed),
            Ok((_, false)) => report.already_there += 1,
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                report.refuse(value.get(), &error);
            }
            Err(error) => return Err(error),
        }
        progress(&report);
        Ok(())
    });
    outcome.map(|()| report).map_err(|error| error.with_operation("import_chats"))
}

/// Checks the rows of an import without storing anything.
struct DryRun<'a> {
    /// `None` if the tables do not exist.
    chat: Option<&'a Chatkeep>,
    /// Ids of the conversations that would be stored.
    ids: HashSet<String>,
    /// Ids of existing users.
    users: HashSet<String>,
}

impl<'a> DryRun<'a> {
    fn new(chat: &'a Chatkeep) -> Result<Self> {
        let chat = is_ready(chat.database())?.then_some(chat);
        Ok(Self { chat, ids: HashSet::new(), users: HashSet::new() })
    }

    /// Returns whether a conversation would be stored. Otherwise its id is already in the database,
    /// or earlier in the file.
    ///
    /// # Errors
    /// `InvalidInput` if a value is invalid, or no user has the id. Database errors keep their kinds.
    fn check(&mut self, conversation: &ImportedConversation) -> Result<bool> {
        conversation.check()?;
        let id = &conversation.public_id;
        if self.ids.contains(id) {
            return Ok(false);
        }
        if let Some(chat) = self.chat
            && chat.conversations().get_conversation(id)?.is_some()
        {
            return Ok(false);
        }
        if let Some(user) = &conversation.user_id
            && !self.users.contains(user)
        {
            let found = self.chat.map_or(Ok(None), |chat| chat.users().get_user(user))?;
            if found.is_none() {
                return Err(no_user(user));
            }
            self.users.insert(user.clone());
        }
        self.ids.insert(id.clone());
        Ok(true)
    }
}

impl ChatImportReport {
    fn add(&mut self, parsed: &Parsed) {
        self.stored += 1;
        self.turns += parsed.conversation.turns.len() as u64;
        self.items += parsed.conversation.items.len() as u64;
        self.other_branches += parsed.other_branches;
    }

    fn refuse(&mut self, text: &str, error: &Error) {
        self.invalid += 1;
        if self.problems.len() < MAX_LISTED {
            let ids: Ids = serde_json::from_str(text).unwrap_or_default();
            self.problems.push(ChatProblem {
                conversation: self.found,
                id: ids.public_id.or(ids.uuid).or(ids.conversation_id).or(ids.id),
                field: error.field().map(str::to_owned),
                message: error.message().to_owned(),
            });
        }
    }
}

/// The ids of a conversation in the different formats.
#[derive(Deserialize, Default)]
struct Ids {
    public_id: Option<String>,
    uuid: Option<String>,
    conversation_id: Option<String>,
    id: Option<String>,
}

/// For each format, the key that occurs in no other format.
#[derive(Deserialize)]
struct Keys<'a> {
    #[serde(borrow)]
    mapping: Option<&'a RawValue>,
    #[serde(borrow)]
    chat_messages: Option<&'a RawValue>,
    #[serde(borrow)]
    turns: Option<&'a RawValue>,
}

/// Parses a conversation of any format.
fn parse(text: &str) -> Result<Parsed> {
    let keys: Keys<'_> = values::parse(text)?;
    match keys {
        Keys { mapping: Some(_), .. } => chatgpt::parse(text),
        Keys { chat_messages: Some(_), .. } => claude::parse(text),
        Keys { turns: Some(_), .. } => lines::parse(text),
        _ => Err(Error::new(
            ErrorKind::InvalidInput,
            "is not a conversation: it has none of the keys mapping (ChatGPT), chat_messages \
             (Claude) and turns (chatkeep)",
        )),
    }
}
