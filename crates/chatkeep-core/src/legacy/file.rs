//! Opening, integrity check and inspection of a legacy file.

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
use crate::db_error;
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::{integrity, is_sqlite_file};
use crate::value::Timestamp;

/// Maximum time to wait for another program's lock on the file.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Names of the supported tables.
const TABLES: [&str; 3] = ["messages", "tokens", "api_tokens"];

/// A legacy file, open for reading. All reads see the same snapshot.
pub struct LegacyFile {
    // Declared first, so that it is closed before the copy is removed.
    pub(super) connection: SqliteConnection,
    pub(super) encoding: Encoding,
    _hooks: Box<Hooks>,
    _copy: Option<PrivateCopy>,
    path: PathBuf,
    modified: Timestamp,
    tables: Vec<LegacyTable>,
    others: Vec<String>,
}

/// A name, as bytes: SQLite does not ensure that names are valid text.
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
    /// Opens a file, checks the integrity of all its contents, and identifies its tables.
    ///
    /// Neither the file nor its companions are changed. Changes in a write-ahead log next to the
    /// file are read.
    ///
    /// # Errors
    /// `Configuration` if reading the file fails. `Corrupt` if it is not a SQLite file or is
    /// damaged. `InvalidInput` if it has no supported tables. `Conflict` if another program is
    /// writing to it. `StorageFull` if the disk has no space for a required copy.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_without(path, &[])?.require_tables()
    }

    /// Opens a file as [`LegacyFile::open`] does. Tables with these names are unsupported. The file
    /// may have no supported tables.
    ///
    /// # Errors
    /// `Configuration` if reading the file fails. `Corrupt` if it is not a SQLite file or is
    /// damaged. `InvalidInput` if it is a chatkeep database, or a supported table lacks columns.
    /// `Conflict` if another program is writing to it. `StorageFull` if the disk has no space for a
    /// required copy.
    pub fn open_without(path: &Path, omitted: &[String]) -> Result<Self> {
        Self::open_with(path, &|table| {
            TABLES.contains(&table) && !omitted.iter().any(|name| name == table)
        })
    }

    /// Returns the file if it has supported tables.
    ///
    /// # Errors
    /// `InvalidInput` otherwise.
    pub fn require_tables(self) -> Result<Self> {
        if !self.tables.is_empty() {
            return Ok(self);
        }
        let has = if self.others.is_empty() {
            "it has no tables".to_owned()
        } else {
            format!("it has {}", self.others.join(", "))
        };
        let message = format!("has no table of messages or tokens ({has})");
        let error = Error::new(ErrorKind::InvalidInput, message);
        Err(named(error, &self.path.display().to_string()))
    }

    /// Opens a file. `is_supported` selects the supported tables by their names.
    pub(super) fn open_with(path: &Path, is_supported: &dyn Fn(&str) -> bool) -> Result<Self> {
        let shown = path.display().to_string();
        refuse_invalid_file(path).map_err(|error| named(error, &shown))?;
        let needs_copy =
            private_copy::is_needed(path).map_err(|error| cannot_read(&error, &shown))?;
        let modified = private_copy::modified(path);
        let copy = if needs_copy { Some(PrivateCopy::of(path)?) } else { None };
        let opened = open_sqlite_to_read(
            copy.as_ref().map_or(path, PrivateCopy::path),
            copy.is_some(),
            LOCK_TIMEOUT,
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
        file.inspect(is_supported).map_err(|error| named(error, &shown))?;
        Ok(file)
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the time of the last modification. No row was written later.
    pub fn modified(&self) -> Timestamp {
        self.modified
    }

    /// Returns the supported tables.
    pub fn tables(&self) -> &[LegacyTable] {
        &self.tables
    }

    /// Returns the greatest id of a table that is at most `max`, or 0 without one.
    ///
    /// # Errors
    /// `Corrupt` or another error if reading the file fails.
    pub fn greatest_id(&mut self, table: &LegacyTable, max: i64) -> Result<i64> {
        let name = table.shape.table();
        let greatest = sql_query(format!(
            "SELECT coalesce(max(id), 0) AS count FROM {name} \
             WHERE typeof(id) = 'integer' AND id <= {max}"
        ));
        let greatest: Count =
            greatest.get_result(&mut self.connection).map_err(db_error::sqlite::error)?;
        Ok(greatest.count)
    }

    /// Returns the names of unsupported tables.
    pub fn others(&self) -> &[String] {
        &self.others
    }

    fn inspect(&mut self, is_supported: &dyn Fn(&str) -> bool) -> Result<()> {
        let explain = db_error::sqlite::error;
        // The first read determines the snapshot of all reads.
        self.connection.batch_execute("BEGIN").map_err(explain)?;
        let faults = integrity(&mut self.connection).map_err(explain)?;
        if !faults.is_empty() {
            return Err(Error::new(
                ErrorKind::Corrupt,
                format!("is damaged: {}", faults.join("; ")),
            ));
        }
        // The name of the encoding is ASCII, encoded in that encoding.
        let encoding = self.names("SELECT CAST(encoding AS BLOB) AS name FROM pragma_encoding")?;
        let encoding = encoding.first().map(|(name, _)| name.replace('\0', ""));
        self.encoding = encoding.and_then(|name| Encoding::named(&name)).ok_or_else(|| {
            Error::new(ErrorKind::InvalidInput, "has an unsupported text encoding")
        })?;
        let tables = self.names(
            "SELECT CAST(name AS BLOB) AS name FROM sqlite_schema \
             WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
             ORDER BY sqlite_schema.name",
        )?;
        let tables: Vec<_> = tables.into_iter().map(|(name, _)| name).collect();
        if tables.iter().any(|name| name == "chatkeep_migrations") {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "is already a chatkeep database; use `chatkeep db copy` to copy it",
            ));
        }
        let (supported, others): (Vec<_>, Vec<_>) =
            tables.into_iter().partition(|name| is_supported(name));
        self.others = others;
        for table in supported {
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

    /// Returns decoded names, and whether each is valid text.
    pub(super) fn names(&mut self, sql: &str) -> Result<Vec<(String, bool)>> {
        let names =
            sql_query(sql).load::<Name>(&mut self.connection).map_err(db_error::sqlite::error)?;
        let read = |row: Name| match self.encoding.read(row.name) {
            Ok(name) => (name, true),
            Err(broken) => (broken.readable, false),
        };
        Ok(names.into_iter().map(read).collect())
    }
}

/// Rejects a path that SQLite would open as an empty database, or create.
fn refuse_invalid_file(path: &Path) -> Result<()> {
    let shown = path.display().to_string();
    let about = path.metadata().map_err(|error| cannot_read(&error, &shown))?;
    if !about.is_file() {
        return Err(Error::configuration("is not a file"));
    }
    if about.len() == 0 {
        return Err(Error::new(ErrorKind::Corrupt, "is empty"));
    }
    match is_sqlite_file(path) {
        Ok(true) if about.len() >= 512 => Ok(()),
        Ok(true) => Err(Error::new(ErrorKind::Corrupt, "is truncated")),
        Ok(false) => Err(Error::new(ErrorKind::Corrupt, "is not a SQLite file")),
        Err(error) => Err(cannot_read(&error, &shown)),
    }
}

fn cannot_read(error: &io::Error, shown: &str) -> Error {
    let message = error.to_string();
    let reason = message.split(" (os error").next().unwrap_or_default();
    Error::configuration(format!("{shown} is not readable: {reason}"))
}

/// Adds the file name to an error.
pub(super) fn named(error: Error, shown: &str) -> Error {
    if error.message().contains(shown) {
        return error;
    }
    let mut named = Error::new(error.kind(), format!("{shown} {}", predicate(error.message())));
    if let Some(field) = error.field() {
        named = named.with_field(field.to_owned());
    }
    named.with_retryable(error.is_retryable())
}

/// Returns a message that continues a sentence about the file.
fn predicate(message: &str) -> String {
    if message.starts_with("SQLite error: ") {
        format!("is not readable: {message}")
    } else {
        message.to_owned()
    }
}
