//! SQLite's URLs, with SQLAlchemy's slashes: `sqlite:///relative`, `sqlite:////absolute`.

use std::path::{Path, PathBuf};

use super::encoding::decode;
use super::query::Query;
use super::target::{SqliteLocation, SqliteTarget, Synchronous};
use super::wrong;
use crate::{Engine, Result};

const MEMORY: &str = ":memory:";

/// Reads what follows `sqlite://`.
pub(super) fn parse(rest: &str) -> Result<SqliteTarget> {
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (rest, None),
    };
    let mut query = Query::parse(query, Engine::Sqlite)?;
    let location = if place.is_empty() {
        SqliteLocation::Memory
    } else if let Some(path) = place.strip_prefix('/') {
        let location = location(PathBuf::from(decode(path, "the path")?));
        if let SqliteLocation::File(path) = &location {
            check_file(path).map_err(wrong)?;
        }
        location
    } else {
        // Whoever wrote a user and a password here shall not find them in a log.
        let path =
            if place != MEMORY && place.contains(['@', ':']) { "path/to/file.db" } else { place };
        return Err(wrong(format!(
            "sqlite:// with two slashes would be followed by a host, and SQLite has none; write sqlite:///{path}"
        )));
    };
    let mut target = SqliteTarget::new(location);
    let synchronous = [("full", Synchronous::Full), ("normal", Synchronous::Normal)];
    if let Some(synchronous) = query.take_word("synchronous", &synchronous)? {
        target.synchronous = synchronous;
    }
    // Both writing modes make the file when it is missing, as a URL without a mode does.
    if let Some(read_only) =
        query.take_word("mode", &[("ro", true), ("rw", false), ("rwc", false)])?
    {
        target.read_only = read_only;
    }
    if let Some(mode) = query.take("file_mode") {
        target.file_mode = parse_file_mode(&mode).ok_or_else(|| {
            wrong(
                "file_mode has a value that is not valid; write octal permissions with which the owner reads and writes, \
                 such as 0600 (the default), 0640 or 0660",
            )
        })?;
    }
    if target.read_only && target.location == SqliteLocation::Memory {
        return Err(wrong("mode=ro makes no sense in memory, where a database starts out empty"));
    }
    query.finish();
    Ok(target)
}

/// Reads the permissions of a file: octal digits that let nobody run it, and its owner read and write it. `None` for
/// anything else.
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

/// The place that a path means.
pub(super) fn location(path: PathBuf) -> SqliteLocation {
    if path.as_os_str() == MEMORY { SqliteLocation::Memory } else { SqliteLocation::File(path) }
}

/// Refuses paths that cannot be a file of ours, as far as that can be told without looking at the disk.
pub(super) fn check_file(path: &Path) -> Result<(), String> {
    let text = path.to_string_lossy();
    if text.is_empty() {
        // An unset variable in "sqlite:///$FILE" must not become a database that is gone at the next start.
        return Err(format!(
            "the path is missing; write sqlite:///path/to/file.db, or sqlite:///{MEMORY} on purpose"
        ));
    }
    if text.ends_with('/') || text.ends_with("/.") || path.file_name().is_none() {
        return Err(
            "the path names a folder; add the file's name, as in sqlite:///path/to/file.db"
                .to_owned(),
        );
    }
    // SQLite would read these as addresses of its own, with settings that nobody checked.
    if text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("file:")) {
        return Err(
            "file: addresses are not understood; write the path alone, and ?mode=ro to only read"
                .to_owned(),
        );
    }
    Ok(())
}
