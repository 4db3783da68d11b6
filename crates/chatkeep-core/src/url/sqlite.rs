//! SQLite URLs in SQLAlchemy's format: `sqlite:///relative`, `sqlite:////absolute`.

use std::path::{Path, PathBuf};

use super::encoding::decode;
use super::query::Query;
use super::target::{SqliteLocation, SqliteTarget, Synchronous};
use super::wrong;
use crate::{Engine, Result};

const MEMORY: &str = ":memory:";
/// Maximum length of a path that an error repeats, in bytes.
const MAX_SHOWN_PATH: usize = 255;

/// Parses the part after `sqlite://`.
pub(super) fn parse(rest: &str) -> Result<SqliteTarget> {
    let (location, query) = match rest.split_once('?') {
        Some((location, query)) => (location, Some(query)),
        None => (rest, None),
    };
    let mut query = Query::parse(query, Engine::Sqlite)?;
    let location = if location.is_empty() {
        SqliteLocation::Memory
    } else if let Some(path) = location.strip_prefix('/') {
        let location = file_or_memory(PathBuf::from(decode(path, "the path")?));
        if let SqliteLocation::File(path) = &location {
            check_file(path).map_err(wrong)?;
        }
        location
    } else {
        // A user and a password here must not appear in the error.
        let may_have_login = location != MEMORY && location.contains(['@', ':']);
        let is_shown = !may_have_login && location.len() <= MAX_SHOWN_PATH;
        let path = if is_shown { location } else { "path/to/file.db" };
        return Err(wrong(format!(
            "after sqlite:// with two slashes, a host is expected, and SQLite has none; write \
             sqlite:///{path}"
        )));
    };
    let mut target = SqliteTarget::new(location);
    let synchronous = [("full", Synchronous::Full), ("normal", Synchronous::Normal)];
    if let Some(synchronous) = query.take_choice("synchronous", &synchronous)? {
        target.synchronous = synchronous;
    }
    // Both writable modes create a missing file, like a URL without a mode.
    if let Some(read_only) =
        query.take_choice("mode", &[("ro", true), ("rw", false), ("rwc", false)])?
    {
        target.read_only = read_only;
    }
    if let Some(mode) = query.take("file_mode") {
        target.file_mode = parse_file_mode(&mode).ok_or_else(|| {
            wrong(
                "file_mode has an invalid value; write octal permissions that let the owner read \
                 and write, such as 0600 (the default), 0640 or 0660",
            )
        })?;
    }
    if target.read_only && target.location == SqliteLocation::Memory {
        return Err(wrong("mode=ro is invalid for an in-memory database, which starts out empty"));
    }
    query.finish();
    Ok(target)
}

/// Parses file permissions: octal digits that let the owner read and write the file, and let no
/// user execute it. Returns `None` for anything else.
///
/// ```
/// assert_eq!(chatkeep_core::url::parse_file_mode("0640"), Some(0o640));
/// assert_eq!(chatkeep_core::url::parse_file_mode("0755"), None);
/// ```
pub fn parse_file_mode(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let is_octal =
        (3..=4).contains(&digits.len()) && digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    let mode = u32::from_str_radix(digits, 8).ok().filter(|_| is_octal)?;
    (mode & !0o666 == 0 && mode & 0o600 == 0o600).then_some(mode)
}

/// Returns the location of a path, which is in memory for `:memory:`.
pub(super) fn file_or_memory(path: PathBuf) -> SqliteLocation {
    if path.as_os_str() == MEMORY { SqliteLocation::Memory } else { SqliteLocation::File(path) }
}

/// Rejects paths that are not a database file, without accessing the disk.
pub(super) fn check_file(path: &Path) -> Result<(), String> {
    let text = path.to_string_lossy();
    if text.is_empty() {
        // An unset variable in "sqlite:///$FILE" must not select an in-memory database, which would
        // be lost at the next start.
        return Err(format!(
            "the path is missing; write sqlite:///path/to/file.db, or sqlite:///{MEMORY} for a \
             database in memory"
        ));
    }
    if text.ends_with('/') || text.ends_with("/.") || path.file_name().is_none() {
        return Err(
            "the path names a folder; add the file's name, as in sqlite:///path/to/file.db"
                .to_owned(),
        );
    }
    // SQLite would interpret these as URIs, with settings that were not validated.
    if text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("file:")) {
        return Err(
            "file: URIs are not supported; write only the path, and ?mode=ro for read-only access"
                .to_owned(),
        );
    }
    Ok(())
}
