//! Test of a further table: an implementation and a line in a list are enough.
//!
//! The rows of the database are in memory, because this crate has no SQL.

use std::sync::Mutex;
use std::time::Duration;

use chatkeep::{Chatkeep, NewMessage};
use chatkeep_core::transfer::open_source;
use chatkeep_core::{Connection, DatabaseUrl, ErrorKind, Result, SchemaState};
use serde::{Deserialize, Serialize};

use crate::archive::write_json_line;
use crate::backup::write;
use crate::digest::RowDigest;
use crate::restore::restore_tables;
use crate::table::{ApiTokens, Messages, Tables, TransferTable};
use crate::{check_backup, restore};

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    id: i64,
    text: String,
}

/// The notes of the target. The source has those of [`notes`].
static STORED: Mutex<Vec<Note>> = Mutex::new(Vec::new());

fn notes() -> Vec<Note> {
    (1..=3).map(|id| Note { id, text: format!("note {id}") }).collect()
}

fn after(notes: &[Note], id: i64) -> Vec<Note> {
    notes.iter().filter(|note| note.id > id).take(2).cloned().collect()
}

/// Implements the table `notes` with these functions for counting, reading and storing rows.
macro_rules! notes {
    ($name:ident, $count:expr, $list:expr, $insert:expr) => {
        struct $name;

        impl TransferTable for $name {
            type Row = Note;

            const NAME: &'static str = "notes";
            const NOUN: &'static str = "note";
            const GENERATES_IDS: bool = false;

            fn id(row: &Note) -> i64 {
                row.id
            }

            fn count(_: &mut Connection) -> Result<u64> {
                Ok($count)
            }

            fn list_after_id(_: &mut Connection, id: i64) -> Result<Vec<Note>> {
                Ok($list(id))
            }

            fn insert_with_ids(_: &mut Connection, rows: &[Note]) -> Result<()> {
                $insert(rows);
                Ok(())
            }

            fn add_to_digest(row: &Note, digest: &mut RowDigest<'_>) {
                digest.number(row.id);
                digest.text(Some(&row.text));
            }

            fn write_line(row: &Note, out: &mut Vec<u8>) -> Result<()> {
                write_json_line(row, out)
            }

            fn read_line(line: &str) -> Result<Note, String> {
                serde_json::from_str(line).map_err(|error| error.to_string())
            }
        }
    };
}

notes!(SourceNotes, 3, |id| after(&notes(), id), |_: &[Note]| unreachable!("the source"));
notes!(
    TargetNotes,
    STORED.lock().unwrap().len() as u64,
    |id| after(&STORED.lock().unwrap(), id),
    |rows: &[Note]| STORED.lock().unwrap().extend_from_slice(rows)
);

const SOURCE: Tables = &[&Messages, &ApiTokens, &SourceNotes];
const TARGET: Tables = &[&Messages, &ApiTokens, &TargetNotes];

#[test]
fn a_third_table_is_backed_up_and_restored() {
    let folder = tempfile::tempdir().unwrap();
    let url = |name| DatabaseUrl::sqlite_file(folder.path().join(name));
    let chat = Chatkeep::builder().database_url(url("old.db")).open().unwrap();
    chat.messages().log_message(&NewMessage::new("hi")).unwrap();
    let mut source = open_source(&url("old.db"), Duration::from_secs(10)).unwrap();
    let file = folder.path().join("chat.tar.zst");
    let out = std::fs::File::create(&file).unwrap();
    let manifest = write(&mut source, SOURCE, out, &mut |_| {}).unwrap();
    let parts: Vec<_> = manifest.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(parts, ["messages/000001.jsonl", "notes/000001.jsonl", "notes/000002.jsonl"]);
    assert_eq!(serde_json::to_value(&manifest.content).unwrap()["notes"]["rows"], 3);

    let error = check_backup(&file, &mut |_| {}).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Newer));
    assert!(error.message().contains("has rows of the table notes"), "{error}");
    let timeout = Duration::from_secs(10);
    assert!(restore(&url("new.db"), &file, timeout, &mut |_| {}).is_err());
    assert!(!folder.path().join("new.db").exists(), "nothing was created");

    let report = restore_tables(TARGET, &url("new.db"), &file, timeout, &mut |_| {}).unwrap();
    assert!(report.comparison.equal);
    assert_eq!(report.rows.to_string(), "1 message, 3 notes");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((&json["messages"], &json["rows"]["notes"]), (&1.into(), &3.into()));
    assert_eq!(after(&STORED.lock().unwrap(), 1)[0].text, "note 2");
    assert_eq!(
        Chatkeep::builder()
            .database_url(url("new.db"))
            .open()
            .unwrap()
            .messages()
            .get_message_by_id(1)
            .unwrap()
            .unwrap()
            .user_message,
        "hi"
    );
}
