//! An application's migrations, read from a folder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind as IoErrorKind;
use std::path::{Path, PathBuf};

use super::migration::{Migration, Owner};
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Number of digits of a version, a timestamp `YYYYMMDDHHMMSS`.
pub(super) const VERSION_DIGITS: usize = 14;
/// Maximum length of a name, in characters. The history table's column `name` has 200.
pub(super) const MAX_NAME: usize = 150;
/// Names of the subfolders with engine-specific migrations.
pub(super) const DIALECTS: [&str; 4] = ["sqlite", "postgresql", "mysql", "mariadb"];

/// Argument that is named as the field of errors.
pub(super) const FIELD: &str = "folder";

/// Returns the error for an invalid path in the folder: `InvalidInput` with the field `folder`.
fn wrong(path: &Path, cause: impl std::fmt::Display) -> Error {
    Error::invalid_input(FIELD, format!("{}: {cause}", path.display()))
}

/// Reads the migrations of this folder for this engine, oldest first. A migration in the engine's
/// subfolder overrides the one of the same name in `folder`.
///
/// # Errors
/// `InvalidInput` with the field `folder` when the folder or a migration in it is invalid, or when
/// reading it fails.
pub(super) fn read(engine: Engine, folder: &Path) -> Result<Vec<Migration>> {
    match fs::metadata(folder) {
        Ok(about) if about.is_dir() => {}
        Ok(_) => return Err(wrong(folder, "is not a folder")),
        Err(error) if error.kind() == IoErrorKind::NotFound => {
            return Err(wrong(folder, "there is no such folder"));
        }
        Err(error) => return Err(wrong(folder, error)),
    }
    let mut found = BTreeMap::new();
    for parent in parents(engine, folder) {
        for (name, path) in folders(&parent)? {
            if parent == folder && DIALECTS.contains(&name.as_str()) {
                continue;
            }
            let (version, words) = parse_name(&name).ok_or_else(|| {
                wrong(&path, "is not a migration: its name must be like 20261121143000_add_users")
            })?;
            let migration = read_one(&path, version, words)?;
            if let Some((other, _)) =
                found.insert(version.to_owned(), (words.to_owned(), migration))
                && other != words
            {
                return Err(wrong(
                    &path,
                    format!("has the same version as {version}_{other}; change one of them"),
                ));
            }
        }
    }
    Ok(found.into_values().map(|(_, migration)| migration).collect())
}

/// Returns the folders to read. A migration in a later one overrides the same one in an earlier.
fn parents(engine: Engine, folder: &Path) -> Vec<PathBuf> {
    let names: &[&str] = match engine {
        Engine::Sqlite => &["sqlite"],
        Engine::PostgreSql => &["postgresql"],
        Engine::MySql => &["mysql"],
        Engine::MariaDb => &["mysql", "mariadb"],
    };
    let own = names.iter().map(|name| folder.join(name)).filter(|path| path.is_dir());
    [folder.to_owned()].into_iter().chain(own).collect()
}

/// Returns the subfolders by name. Files (such as a README) and hidden folders are ignored.
pub(super) fn folders(parent: &Path) -> Result<Vec<(String, PathBuf)>> {
    let entries = fs::read_dir(parent).map_err(|error| wrong(parent, error))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| wrong(parent, error))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() && !name.starts_with('.') {
            found.push((name, path));
        }
    }
    found.sort();
    Ok(found)
}

/// Splits a folder name into version and description. Returns `None` if it is not the name of a
/// migration.
pub(super) fn parse_name(name: &str) -> Option<(&str, &str)> {
    let (version, words) = name.split_once('_')?;
    let is_version =
        version.len() == VERSION_DIGITS && version.bytes().all(|byte| byte.is_ascii_digit());
    let are_words = !words.is_empty()
        && words.len() <= MAX_NAME
        && words
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    (is_version && are_words).then_some((version, words))
}

/// Reads one migration. `down.sql` may be missing: the migration is then irreversible.
fn read_one(path: &Path, version: &str, words: &str) -> Result<Migration> {
    let up = read_file(&path.join("up.sql"))?.ok_or_else(|| wrong(path, "contains no up.sql"))?;
    let down = read_file(&path.join("down.sql"))?.unwrap_or_default();
    Ok(Migration {
        owner: Owner::Application,
        version: Cow::Owned(version.to_owned()),
        name: Cow::Owned(words.to_owned()),
        up: Cow::Owned(up),
        down: Cow::Owned(down),
    })
}

/// Returns the text of a file without its byte order mark, or `None` if the file does not exist.
fn read_file(path: &Path) -> Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes).map_err(|_| wrong(path, "is not UTF-8"))?;
            Ok(Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))
        }
        Err(error) if error.kind() == IoErrorKind::NotFound => Ok(None),
        Err(error) => Err(wrong(path, error)),
    }
}
