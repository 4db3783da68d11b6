//! An application's migrations, read from a folder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind as IoErrorKind;
use std::path::{Path, PathBuf};

use super::migration::{Line, Migration};
use crate::engine::Engine;
use crate::error::{Error, Result};

/// A moment as `YYYYMMDDHHMMSS`.
pub(super) const VERSION_DIGITS: usize = 14;
/// The history has 200 characters for it.
pub(super) const LONGEST_NAME: usize = 150;
/// Folders that hold what is for one engine only.
pub(super) const DIALECTS: [&str; 4] = ["sqlite", "postgresql", "mysql", "mariadb"];

/// What callers call the argument.
pub(super) const FIELD: &str = "folder";

fn wrong(path: &Path, cause: impl std::fmt::Display) -> Error {
    Error::invalid_input(FIELD, format!("{}: {cause}", path.display()))
}

/// The migrations of this folder for this engine, oldest first. What stands in the engine's own folder goes before what is
/// for all.
pub(super) fn read(engine: Engine, folder: &Path) -> Result<Vec<Migration>> {
    match fs::metadata(folder) {
        Ok(about) if about.is_dir() => {}
        Ok(_) => return Err(wrong(folder, "is no folder")),
        Err(error) if error.kind() == IoErrorKind::NotFound => {
            return Err(wrong(folder, "there is no such folder"));
        }
        Err(error) => return Err(wrong(folder, error)),
    }
    let mut found = BTreeMap::new();
    for place in places(engine, folder) {
        for (name, path) in folders(&place)? {
            if place == folder && DIALECTS.contains(&name.as_str()) {
                continue;
            }
            let (version, words) = parse_name(&name).ok_or_else(|| {
                wrong(&path, "is no migration: its name is not like 20261121143000_add_users")
            })?;
            let migration = read_one(&path, version, words)?;
            if let Some((other, _)) =
                found.insert(version.to_owned(), (words.to_owned(), migration))
                && other != words
            {
                return Err(wrong(
                    &path,
                    format!("has the version of {version}_{other}; give one of them another"),
                ));
            }
        }
    }
    Ok(found.into_values().map(|(_, migration)| migration).collect())
}

/// Where to look, what goes before last.
fn places(engine: Engine, folder: &Path) -> Vec<PathBuf> {
    let names: &[&str] = match engine {
        Engine::Sqlite => &["sqlite"],
        Engine::PostgreSql => &["postgresql"],
        Engine::MySql => &["mysql"],
        Engine::MariaDb => &["mysql", "mariadb"],
    };
    let own = names.iter().map(|name| folder.join(name)).filter(|place| place.is_dir());
    [folder.to_owned()].into_iter().chain(own).collect()
}

/// The folders in a folder, by name. Files beside them (a README) and hidden folders are nobody's business.
pub(super) fn folders(place: &Path) -> Result<Vec<(String, PathBuf)>> {
    let entries = fs::read_dir(place).map_err(|error| wrong(place, error))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| wrong(place, error))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() && !name.starts_with('.') {
            found.push((name, path));
        }
    }
    found.sort();
    Ok(found)
}

/// The version and the words of a folder's name.
pub(super) fn parse_name(name: &str) -> Option<(&str, &str)> {
    let (version, words) = name.split_once('_')?;
    let is_version =
        version.len() == VERSION_DIGITS && version.bytes().all(|byte| byte.is_ascii_digit());
    let are_words = !words.is_empty()
        && words.len() <= LONGEST_NAME
        && words
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    (is_version && are_words).then_some((version, words))
}

fn read_one(path: &Path, version: &str, words: &str) -> Result<Migration> {
    let up = read_file(&path.join("up.sql"))?.ok_or_else(|| wrong(path, "holds no up.sql"))?;
    let down = read_file(&path.join("down.sql"))?.unwrap_or_default();
    Ok(Migration {
        line: Line::Application,
        version: Cow::Owned(version.to_owned()),
        name: Cow::Owned(words.to_owned()),
        up: Cow::Owned(up),
        down: Cow::Owned(down),
    })
}

/// A file's text, without the mark that some editors put before it.
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
