//! The folders of a new migration.

use std::fs;
use std::path::{Path, PathBuf};

use super::folder::{DIALECTS, FIELD, LONGEST_NAME, folders, parse_name};
use crate::error::{Error, Result};
use crate::value::Timestamp;

/// What a new `up.sql` says.
const UP: &str = "\
-- One step forward. The rules:
-- * Never change this file once it was run anywhere that matters: databases remember its checksum. Add another migration.
-- * SQLite and PostgreSQL run it in one transaction: all of it or nothing. MySQL and MariaDB commit every statement that
--   changes tables by itself; a run that was cut off goes on where it stopped.
-- * No BEGIN, no COMMIT; no commands of a client (DELIMITER, \\set, .bail). Names without a schema or database before them.
-- * What PostgreSQL cannot do in a transaction (CREATE INDEX CONCURRENTLY) wants this line before the first statement:
--     chatkeep: no-transaction      (with the two dashes before it, and nothing after it)
-- * The release before should still run on the new schema: add first, remove a release later.

";

/// What a new `down.sql` says.
const DOWN: &str = "\
-- One step back: undoes up.sql. Leave it without a statement where there is no way back.

";

/// Makes the folder of a new migration, with an `up.sql` and a `down.sql` that say the rules, and names the files. Its
/// version is the present moment, or the one after the newest that is there.
///
/// With `per_engine`, or where `folder` holds `sqlite`, `postgresql` or `mysql`, there is one for each of them.
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
/// `InvalidInput` when the description holds no letter or digit or is too long, or a file cannot be written.
pub fn new_migration(folder: &Path, description: &str, per_engine: bool) -> Result<Vec<PathBuf>> {
    let words = words(description)?;
    let own: Vec<_> = DIALECTS.iter().filter(|name| folder.join(name).is_dir()).collect();
    let places: Vec<_> = if !own.is_empty() {
        own.into_iter().map(|name| folder.join(name)).collect()
    } else if per_engine {
        DIALECTS[..3].iter().map(|name| folder.join(name)).collect()
    } else {
        vec![folder.to_owned()]
    };
    let name = format!("{}_{words}", next_version(folder)?);
    let mut files = Vec::new();
    for place in places {
        let made = place.join(&name);
        fs::create_dir_all(&made).map_err(|error| unwritable(&made, &error))?;
        for (file, text) in [("up.sql", UP), ("down.sql", DOWN)] {
            let path = made.join(file);
            fs::write(&path, text).map_err(|error| unwritable(&path, &error))?;
            files.push(path);
        }
    }
    Ok(files)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::invalid_input(FIELD, format!("cannot write {}: {error}", path.display()))
}

/// A description as it stands in a folder's name.
fn words(description: &str) -> Result<String> {
    let lower = description.to_lowercase();
    let parts =
        lower.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let words = parts.collect::<Vec<_>>().join("_");
    if words.is_empty() {
        return Err(Error::invalid_input(
            "description",
            "holds no letter (a to z) or digit to name the migration by",
        ));
    }
    if words.len() > LONGEST_NAME {
        return Err(Error::invalid_input(
            "description",
            format!("is longer than {LONGEST_NAME} characters"),
        ));
    }
    Ok(words)
}

/// The present moment, unless there is a version that late already.
fn next_version(folder: &Path) -> Result<String> {
    let now: String =
        Timestamp::now().to_string().chars().filter(char::is_ascii_digit).take(14).collect();
    let mut newest = 0_u64;
    let own = DIALECTS.iter().map(|name| folder.join(name));
    for place in [folder.to_owned()].into_iter().chain(own).filter(|place| place.is_dir()) {
        for (name, _) in folders(&place)? {
            let version = parse_name(&name).and_then(|(version, _)| version.parse().ok());
            newest = newest.max(version.unwrap_or(0));
        }
    }
    let now: u64 = now.parse().map_err(|_| Error::internal("the clock shows no moment"))?;
    Ok(now.max(newest + 1).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_becomes_a_name() {
        assert_eq!(words("Add  a table, of users!").expect("words"), "add_a_table_of_users");
        assert_eq!(words("ÄÖ 2").expect("a digit"), "2");
        for bad in ["", " - ", "é", &"x".repeat(151)] {
            assert_eq!(words(bad).expect_err("no name").field(), Some("description"));
        }
    }
}
