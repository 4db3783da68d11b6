//! Creation of a new migration's files.

use std::fs;
use std::path::{Path, PathBuf};

use super::folder::{DIALECTS, FIELD, MAX_NAME, folders, parse_name};
use crate::error::{Error, Result};
use crate::value::Timestamp;

/// Text of a new `up.sql`.
const UP: &str = "\
-- Applies the migration. Rules:
-- * Never change this file after it has run on a database that you keep: each database records the
--   checksum of the file. Add another migration instead.
-- * SQLite and PostgreSQL run it in one transaction, completely or not at all. MySQL and MariaDB
--   commit every statement that changes tables; an interrupted run resumes where it stopped.
-- * No BEGIN or COMMIT, and no client commands (DELIMITER, \\set, .bail). Do not qualify names with
--   a schema or database.
-- * Statements that PostgreSQL cannot run in a transaction (such as CREATE INDEX CONCURRENTLY) need
--   a separate line before the first statement, written exactly like the text in quotes:
--   \"-- chatkeep: no-transaction\"
-- * The previous release must still run on the new schema: add first, remove one release later.

";

/// Text of a new `down.sql`.
const DOWN: &str = "\
-- Reverts up.sql. Leave it without a statement if the migration is irreversible.

";

/// Creates the folder of a new migration, with templates of `up.sql` and `down.sql`, and returns
/// the paths of the files.
///
/// The version is the current time, or one more than the newest version if that is later.
///
/// If `folder` contains any of the subfolders `sqlite`, `postgresql`, `mysql` and `mariadb`, the
/// migration is created in each existing one. Otherwise, with `per_engine`, the first three are
/// created, each with the migration.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("chatkeep-doc-{}", std::process::id()));
/// let files = chatkeep_core::migrations::new_migration(&folder, "add a table of users", false)?;
/// assert!(files[0].ends_with("up.sql"));
/// assert!(files[0].parent().unwrap().to_str().unwrap().ends_with("_add_a_table_of_users"));
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
///
/// # Errors
/// - `InvalidInput` with the field `description` if it contains no ASCII letter or digit, or is
///   longer than 150 characters.
/// - `InvalidInput` with the field `folder` if reading the folder or writing a file fails.
pub fn new_migration(folder: &Path, description: &str, per_engine: bool) -> Result<Vec<PathBuf>> {
    let words = words(description)?;
    let own: Vec<_> = DIALECTS.iter().filter(|name| folder.join(name).is_dir()).collect();
    let parents: Vec<_> = if !own.is_empty() {
        own.into_iter().map(|name| folder.join(name)).collect()
    } else if per_engine {
        DIALECTS[..3].iter().map(|name| folder.join(name)).collect()
    } else {
        vec![folder.to_owned()]
    };
    let name = format!("{}_{words}", next_version(folder)?);
    let mut files = Vec::new();
    for parent in parents {
        let created = parent.join(&name);
        fs::create_dir_all(&created).map_err(|error| unwritable(&created, &error))?;
        for (file, text) in [("up.sql", UP), ("down.sql", DOWN)] {
            let path = created.join(file);
            fs::write(&path, text).map_err(|error| unwritable(&path, &error))?;
            files.push(path);
        }
    }
    Ok(files)
}

/// Returns the error for a failure to create a file or folder.
fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::invalid_input(FIELD, format!("cannot write {}: {error}", path.display()))
}

/// Converts a description to its form in a folder name: `Add users!` becomes `add_users`.
fn words(description: &str) -> Result<String> {
    let lower = description.to_lowercase();
    let parts =
        lower.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let words = parts.collect::<Vec<_>>().join("_");
    if words.is_empty() {
        return Err(Error::invalid_input("description", "must contain a letter (a to z) or digit"));
    }
    if words.len() > MAX_NAME {
        return Err(Error::invalid_input(
            "description",
            format!("is longer than {MAX_NAME} characters"),
        ));
    }
    Ok(words)
}

/// Returns the current time as a version, or one more than the newest version if that is later.
fn next_version(folder: &Path) -> Result<String> {
    // The 14 digits of YYYYMMDDHHMMSS.
    let now: String =
        Timestamp::now().to_string().chars().filter(char::is_ascii_digit).take(14).collect();
    let mut newest = 0_u64;
    let own = DIALECTS.iter().map(|name| folder.join(name));
    for parent in [folder.to_owned()].into_iter().chain(own).filter(|path| path.is_dir()) {
        for (name, _) in folders(&parent)? {
            let version = parse_name(&name).and_then(|(version, _)| version.parse().ok());
            newest = newest.max(version.unwrap_or(0));
        }
    }
    let now: u64 = now.parse().map_err(|_| Error::internal("the clock shows no valid time"))?;
    Ok(now.max(newest + 1).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_converted_to_names() {
        assert_eq!(words("Add  a table, of users!").expect("words"), "add_a_table_of_users");
        assert_eq!(words("ÄÖ 2").expect("a digit"), "2");
        for bad in ["", " - ", "é", &"x".repeat(151)] {
            assert_eq!(words(bad).expect_err("no name").field(), Some("description"));
        }
    }
}
