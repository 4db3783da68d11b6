//! Opening such a file, looking whether it is sound, and finding out what it holds.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Binary};
use diesel::{QueryableByName, RunQueryDsl, SqliteConnection, sql_query};

use super::private_copy::{self, PrivateCopy};
use super::shape::{LegacyTable, Shape};
use super::text::Encoding;
use crate::connection::{SqliteHooks as Hooks, open_sqlite_to_read};
use crate::error::{Error, ErrorKind, Result};
use crate::fault;
use crate::transfer::{integrity, is_sqlite_file};
use crate::value::Timestamp;

/// How long another program may hold the file's lock.
const PATIENCE: Duration = Duration::from_secs(10);

/// The names of tables that such files may have.
const KNOWN: [&str; 3] = ["messages", "tokens", "api_tokens"];

/// A file that another program left behind, open for reading. All rows that are read are of one state of it.
pub struct LegacyFile {
    // Closed before the copy is removed.
    pub(super) connection: SqliteConnection,
    pub(super) encoding: Encoding,
    _hooks: Box<Hooks>,
    _copy: Option<PrivateCopy>,
    path: PathBuf,
    modified: Timestamp,
    tables: Vec<LegacyTable>,
    others: Vec<String>,
}

/// Names are bytes: nothing in SQLite sees to it that they are text.
#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Binary)]
    name: Vec<u8>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl LegacyFile {
    /// Opens a file, reads it once from its beginning to its end to see whether it is sound, and recognises its tables.
    /// Neither the file nor what lies beside it is changed; changes in a write-ahead log beside it are seen.
    ///
    /// # Errors
    /// `Configuration` when the file cannot be read; `Corrupt` when it is no SQLite file or is damaged; `InvalidInput` when
    /// its tables are none that are known; `Conflict` when another program is writing to it.
    pub fn open(path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        refuse_what_is_none(path).map_err(|error| named(error, &shown))?;
        let needs_copy =
            private_copy::is_needed(path).map_err(|error| cannot_read(&error, &shown))?;
        let modified = private_copy::modified(path);
        let copy = if needs_copy { Some(PrivateCopy::of(path)?) } else { None };
        let opened = open_sqlite_to_read(
            copy.as_ref().map_or(path, PrivateCopy::path),
            copy.is_some(),
            PATIENCE,
        );
        let (connection, hooks) = opened.map_err(|error| named(error, &shown))?;
        let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        let modified = i64::try_from(since.as_micros())
            .ok()
            .and_then(|time| Timestamp::from_microsecond(time).ok());
        let mut file = Self {
            connection,
            encoding: Encoding::Utf8,
            _hooks: hooks,
            _copy: copy,
            path: path.to_owned(),
            modified: modified.unwrap_or(Timestamp::MIN),
            tables: Vec::new(),
            others: Vec::new(),
        };
        file.look().map_err(|error| named(error, &shown))?;
        Ok(file)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// When it was changed last: no row in it is of a later time.
    pub fn modified(&self) -> Timestamp {
        self.modified
    }

    /// The tables that can be taken over.
    pub fn tables(&self) -> &[LegacyTable] {
        &self.tables
    }

    /// The greatest id of a table up to this one, 0 where it has none.
    ///
    /// # Errors
    /// `Corrupt` and the like when the file cannot be read.
    pub fn greatest_id(&mut self, table: &LegacyTable, most: i64) -> Result<i64> {
        let name = table.shape.table();
        let greatest = sql_query(format!(
            "SELECT coalesce(max(id), 0) AS count FROM {name} WHERE typeof(id) = 'integer' AND id <= {most}"
        ));
        let greatest: Count =
            greatest.get_result(&mut self.connection).map_err(fault::sqlite::error)?;
        Ok(greatest.count)
    }

    /// The names of tables that have no place here.
    pub fn others(&self) -> &[String] {
        &self.others
    }

    fn look(&mut self) -> Result<()> {
        let explain = fault::sqlite::error;
        // The state that all reads see is that of the first one.
        self.connection.batch_execute("BEGIN").map_err(explain)?;
        let faults = integrity(&mut self.connection).map_err(explain)?;
        if !faults.is_empty() {
            return Err(Error::new(
                ErrorKind::Corrupt,
                format!("is damaged: {}", faults.join("; ")),
            ));
        }
        // Its name is ASCII, and bytes of the encoding that it names.
        let encoding = self.names("SELECT CAST(encoding AS BLOB) AS name FROM pragma_encoding")?;
        let encoding = encoding.first().map(|(name, _)| name.replace('\0', ""));
        self.encoding = encoding.and_then(|name| Encoding::named(&name)).ok_or_else(|| {
            Error::new(ErrorKind::InvalidInput, "keeps its text in an encoding that is not known")
        })?;
        let tables = self.names(
            "SELECT CAST(name AS BLOB) AS name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
             ORDER BY sqlite_schema.name",
        )?;
        let tables: Vec<_> = tables.into_iter().map(|(name, _)| name).collect();
        if tables.iter().any(|name| name == "chatkeep_migrations") {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "is a database of chatkeep's already; `chatkeep db copy` moves one to another place",
            ));
        }
        let (known, others): (Vec<_>, Vec<_>) =
            tables.into_iter().partition(|name| KNOWN.contains(&name.as_str()));
        if known.is_empty() {
            let has = if others.is_empty() {
                "it has no tables".to_owned()
            } else {
                format!("it has {}", others.join(", "))
            };
            return Err(Error::new(
                ErrorKind::InvalidInput,
                format!("holds no table of messages or tokens ({has})"),
            ));
        }
        self.others = others;
        for table in known {
            let columns = self.names(&format!(
                "SELECT CAST(name AS BLOB) AS name FROM pragma_table_info('{table}') ORDER BY cid"
            ))?;
            if let Some((name, _)) = columns.iter().find(|(_, is_text)| !is_text) {
                let reason = format!("table {table} has a column whose name is not text: {name}");
                return Err(Error::new(ErrorKind::InvalidInput, reason));
            }
            let columns = columns.into_iter().map(|(name, _)| name).collect();
            let found = Shape::of(&table, columns);
            let (shape, unknown) =
                found.map_err(|reason| Error::new(ErrorKind::InvalidInput, reason))?;
            let count = sql_query(format!("SELECT count(*) AS count FROM {table}"));
            let count: Count = count.get_result(&mut self.connection).map_err(explain)?;
            self.tables.push(LegacyTable { shape, rows: count.count.unsigned_abs(), unknown });
        }
        Ok(())
    }

    /// Names as well as they can be read, and whether they are text.
    fn names(&mut self, sql: &str) -> Result<Vec<(String, bool)>> {
        let names =
            sql_query(sql).load::<Name>(&mut self.connection).map_err(fault::sqlite::error)?;
        let read = |row: Name| match self.encoding.read(row.name) {
            Ok(name) => (name, true),
            Err(broken) => (broken.readable, false),
        };
        Ok(names.into_iter().map(read).collect())
    }
}

/// What SQLite would take for an empty database, or make anew.
fn refuse_what_is_none(path: &Path) -> Result<()> {
    let shown = path.display().to_string();
    let about = path.metadata().map_err(|error| cannot_read(&error, &shown))?;
    if !about.is_file() {
        return Err(Error::configuration("is no file"));
    }
    if about.len() == 0 {
        return Err(Error::new(ErrorKind::Corrupt, "is empty"));
    }
    match is_sqlite_file(path) {
        Ok(true) if about.len() >= 512 => Ok(()),
        Ok(true) => Err(Error::new(ErrorKind::Corrupt, "is cut off")),
        Ok(false) => Err(Error::new(ErrorKind::Corrupt, "is no SQLite file")),
        Err(error) => Err(cannot_read(&error, &shown)),
    }
}

fn cannot_read(error: &io::Error, shown: &str) -> Error {
    let message = error.to_string();
    let reason = message.split(" (os error").next().unwrap_or_default();
    Error::configuration(format!("{shown} cannot be read: {reason}"))
}

/// The same error with the file's name before it.
pub(super) fn named(error: Error, shown: &str) -> Error {
    if error.message().contains(shown) {
        return error;
    }
    let mut named = Error::new(error.kind(), format!("{shown} {}", said(error.message())));
    if let Some(field) = error.field() {
        named = named.with_field(field.to_owned());
    }
    named.with_retryable(error.is_retryable())
}

/// SQLite's own words stand behind a colon.
fn said(message: &str) -> String {
    if message.starts_with("SQLite says: ") {
        format!("cannot be read: {message}")
    } else {
        message.to_owned()
    }
}
