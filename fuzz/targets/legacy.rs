//! SQLite files of other programs: they are never changed, and every row of a valid file is stored
//! or reported.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use arbitrary::{Arbitrary, Unstructured};
use chatkeep::{Chatkeep, Error, ErrorKind, MessageFilter};
use chatkeep_fuzz::{check_error, path};
use chatkeep_transfer::{ImportOptions, ImportReport, import_legacy};
use libfuzzer_sys::fuzz_target;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql};

const TABLES: [(&str, &[&str]); 5] = [
    ("messages", &["id", "message"]),
    ("messages", &["id", "type", "message"]),
    (
        "messages",
        &[
            "id",
            "timestamp",
            "user_message",
            "bot_response",
            "provider",
            "model",
            "tokens_used",
            "metadata",
        ],
    ),
    (
        "tokens",
        &[
            "id",
            "token_hash",
            "description",
            "created_at",
            "expires_at",
            "is_active",
            "last_used_at",
        ],
    ),
    (
        "api_tokens",
        &[
            "id",
            "token_hash",
            "description",
            "created_at",
            "expires_at",
            "is_active",
            "last_used_at",
        ],
    ),
];
const ENCODINGS: [&str; 3] = ["UTF-8", "UTF-16le", "UTF-16be"];

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
    match kind % 4 {
        0 => drop(import(&written(rest))),
        1 => edited(rest),
        _ => drop(rows(rest)),
    }
});

/// Writes a file with these bytes into an empty folder.
fn written(bytes: &[u8]) -> PathBuf {
    let path = new_path();
    fs::write(&path, bytes).expect("the file is written");
    path
}

fn new_path() -> PathBuf {
    let folder = path("legacy");
    drop(fs::remove_dir_all(&folder));
    fs::create_dir(&folder).expect("the folder is created");
    folder.join("old.db")
}

/// Imports a file three times: a dry run, with force, and again. The file must not change.
fn import(path: &Path) -> Option<ImportReport> {
    let before = fs::read(path).expect("the file exists");
    let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
    let dry = run(&chat, path, ImportOptions { dry_run: true, force: true });
    let stored = run(&chat, path, ImportOptions { dry_run: false, force: true });
    let again = stored
        .as_ref()
        .ok()
        .map(|_| run(&chat, path, ImportOptions { dry_run: false, force: true }));
    assert!(fs::read(path).expect("the file exists") == before, "the file was changed");
    let files = fs::read_dir(path.parent().expect("a folder")).expect("the folder exists").count();
    assert_eq!(files, 1, "the import left other files in the folder");

    let report = match stored {
        Ok(report) => report,
        Err(error) => {
            check_import_error(&error);
            check_import_error(&dry.expect_err("the dry run has the same result as the import"));
            return None;
        }
    };
    let dry = dry.expect("the dry run has the same result as the import");
    assert_eq!((dry.bad_rows, dry.hopeless_rows), (report.bad_rows, report.hopeless_rows));
    let count =
        chat.messages().get_message_count(&MessageFilter::default()).expect("the query succeeds");
    assert_eq!(count.unsigned_abs(), if report.stored { report.messages_stored() } else { 0 });
    if report.stored {
        for file in &report.files {
            for counts in [file.messages, file.tokens] {
                assert_eq!(counts.found, counts.stored + counts.already_there, "{file:?}");
            }
        }
        assert_eq!(dry.messages_stored(), report.messages_stored());
        let again = again.expect("the import was repeated").expect("the repeated import succeeds");
        assert_eq!(
            (again.messages_stored(), again.tokens_stored()),
            (0, 0),
            "stored twice: {again:?}"
        );
    } else {
        assert!(report.is_refused(true), "nothing was stored without a reason");
    }
    Some(report)
}

fn run(chat: &Chatkeep, path: &Path, options: ImportOptions) -> Result<ImportReport, Error> {
    import_legacy(chat, &[path.to_owned()], options, &mut |_| {})
}

fn check_import_error(error: &Error) {
    check_error(error, &[ErrorKind::Corrupt, ErrorKind::InvalidInput, ErrorKind::Configuration]);
}

/// Returns valid files with every table.
fn originals() -> &'static [Vec<u8>] {
    static ORIGINALS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    ORIGINALS.get_or_init(|| {
        let schemas = [
            "CREATE TABLE messages (id INTEGER PRIMARY KEY, message TEXT); INSERT INTO messages \
             VALUES (1, 'hi'), (2, 'ho')",
            "CREATE TABLE messages (id INTEGER PRIMARY KEY, type TEXT, message TEXT); INSERT INTO \
             messages VALUES (1, 's', 'hi')",
            "CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp DATETIME \
             DEFAULT CURRENT_TIMESTAMP, \
             user_message TEXT NOT NULL, bot_response TEXT, provider TEXT, model TEXT, \
             tokens_used INTEGER, metadata TEXT); \
             INSERT INTO messages VALUES (1, '2024-02-29 12:00:00', 'hi', 'ho', 'p', 'm', 7, \
             '{\"a\": 1}'); \
             CREATE TABLE tokens (id INTEGER PRIMARY KEY, token_hash TEXT UNIQUE NOT NULL, \
             description TEXT, created_at TEXT, \
             expires_at TEXT, is_active INTEGER DEFAULT 1, last_used_at TEXT); INSERT INTO tokens \
             VALUES (1, \
             '122abf2ef84afca4c7e2344f443fd7a0c7636b8fde78b5bc155b4575f5014aa3', 'd', \
             '2024-02-29', NULL, 1, NULL)",
        ];
        schemas
            .map(|schema| {
                let path = new_path();
                let connection = Connection::open(&path).expect("a file");
                connection.execute_batch(&format!("PRAGMA page_size = 512; {schema}")).expect(
                    "a \
                schema",
                );
                drop(connection);
                fs::read(&path).expect("the file was just written")
            })
            .to_vec()
    })
}

fn edited(edits: &[u8]) {
    let Some((choice, edits)) = edits.split_first() else { return };
    let originals = originals();
    let mut bytes = originals[usize::from(*choice) % originals.len()].clone();
    for edit in edits.chunks_exact(3).take(16) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % bytes.len();
        bytes[at] = edit[2];
    }
    import(&written(&bytes));
}

/// A table with arbitrary rows.
#[derive(Debug, Arbitrary)]
struct Table<'a> {
    shape: u8,
    encoding: u8,
    unknown: Option<&'a str>,
    is_wal: bool,
    rows: Vec<[Cell<'a>; 9]>,
}

#[derive(Debug, Arbitrary)]
enum Cell<'a> {
    Null,
    Small(u8),
    Integer(i64),
    Real(f64),
    Text(&'a str),
    /// Bytes that are stored as SQLite text.
    Raw(&'a [u8]),
    Blob(&'a [u8]),
    Date(u32),
    Hash(u8),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Small(number) => ToSqlOutput::from(*number),
            Self::Integer(number) => ToSqlOutput::from(*number),
            Self::Real(number) => ToSqlOutput::from(*number),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Raw(bytes) => ToSqlOutput::Borrowed(ValueRef::Text(bytes)),
            Self::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Self::Date(second) => ToSqlOutput::from(format!(
                "20{:02}-{:02}-{:02} {:02}:00:00",
                second % 100,
                second / 100 % 12 + 1,
                second / 1_200 % 28 + 1,
                second / 33_600 % 24
            )),
            Self::Hash(byte) => ToSqlOutput::from(format!("{byte:02x}").repeat(32)),
        })
    }
}

/// Imports a valid file: each row must be found, and stored or reported.
fn rows(data: &[u8]) -> Option<()> {
    let table = Table::arbitrary(&mut Unstructured::new(data)).ok()?;
    let (name, columns) = TABLES[usize::from(table.shape) % TABLES.len()];
    let unknown =
        table.unknown.map(|name| name.replace(['\0', '"'], "")).filter(|name| !name.is_empty());
    let path = new_path();
    let connection = Connection::open(&path).ok()?;
    let encoding = ENCODINGS[usize::from(table.encoding) % ENCODINGS.len()];
    connection
        .execute_batch(&format!("PRAGMA encoding = '{encoding}'; PRAGMA page_size = 512;"))
        .ok()?;
    let declared = columns
        .iter()
        .map(|column| if *column == "id" { "id INTEGER PRIMARY KEY" } else { column });
    let mut declared: Vec<_> = declared.map(str::to_owned).collect();
    declared.extend(unknown.iter().map(|name| format!("\"{name}\"")));
    // This fails if the unknown column has the name of another one.
    connection.execute_batch(&format!("CREATE TABLE {name} ({})", declared.join(", "))).ok()?;
    let marks: Vec<_> = (1..=declared.len()).map(|at| format!("?{at}")).collect();
    let mut insert =
        connection.prepare(&format!("INSERT INTO {name} VALUES ({})", marks.join(", "))).ok()?;
    let mut count = 0;
    for row in table.rows.iter().take(32) {
        let cells: Vec<_> = row.iter().take(declared.len()).collect();
        count += insert.execute(rusqlite::params_from_iter(cells)).unwrap_or(0) as u64;
    }
    drop(insert);
    if table.is_wal {
        // WAL mode is recorded in the header only; there is no WAL file.
        connection.execute_batch("PRAGMA journal_mode = WAL").ok()?;
    }
    drop(connection);
    let report = import(&path).expect("a valid file is imported");
    let file = report.files.first().expect("one file");
    assert_eq!(file.messages.found + file.tokens.found, count, "{table:?}");
    assert_eq!(file.unknown_columns.len(), usize::from(unknown.is_some()), "{table:?}");
    Some(())
}
