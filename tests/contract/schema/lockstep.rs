//! The three migration trees contain the same migrations, and the embedded ones equal the files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chatkeep_core::Engine;
use chatkeep_core::migrations::{Migration, all};

const DIALECTS: [(&str, &[Engine]); 3] = [
    ("sqlite", &[Engine::Sqlite]),
    ("postgresql", &[Engine::PostgreSql]),
    ("mysql", &[Engine::MySql, Engine::MariaDb]),
];

fn migrations() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations")
}

/// Returns the entries of a folder, sorted by name.
fn read(folder: &Path) -> BTreeMap<String, PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| {
            let entry = entry.expect("a readable folder");
            (entry.file_name().into_string().expect("a name in UTF-8"), entry.path())
        })
        .collect()
}

#[test]
fn each_dialect_has_one_tree() {
    let folders: Vec<_> = read(&migrations())
        .into_iter()
        .filter(|(_, path)| path.is_dir())
        .map(|(name, _)| name)
        .collect();
    let mut dialects = DIALECTS.map(|(dialect, _)| dialect);
    dialects.sort_unstable();
    assert_eq!(folders, dialects);
}

#[test]
fn every_tree_has_the_same_migrations() {
    let names = |dialect: &str| read(&migrations().join(dialect)).into_keys().collect::<Vec<_>>();
    let sqlite = names("sqlite");
    assert!(!sqlite.is_empty());
    for (dialect, _) in DIALECTS {
        assert_eq!(names(dialect), sqlite, "{dialect}");
    }
}

#[test]
fn names_are_a_timestamp_and_words() {
    for name in read(&migrations().join("sqlite")).into_keys() {
        let (version, words) = name.split_once('_').expect(&name);
        assert!(version.len() == 14 && version.bytes().all(|byte| byte.is_ascii_digit()), "{name}");
        assert!(words.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
    }
}

#[test]
fn every_migration_has_an_up_and_a_down_script() {
    for (dialect, _) in DIALECTS {
        for (name, folder) in read(&migrations().join(dialect)) {
            let files = read(&folder);
            assert_eq!(
                files.keys().collect::<Vec<_>>(),
                ["down.sql", "up.sql"],
                "{dialect}/{name}"
            );
            for path in files.values() {
                let sql = fs::read_to_string(path).expect("a file in UTF-8");
                let statements =
                    sql.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("--"));
                assert!(statements.count() > 0, "{} contains a statement", path.display());
            }
        }
    }
}

#[test]
fn embedded_migrations_equal_the_files() {
    for (dialect, engines) in DIALECTS {
        for engine in engines {
            let embedded = all(*engine);
            let folders = read(&migrations().join(dialect));
            let names: Vec<_> = embedded
                .iter()
                .map(|migration| format!("{}_{}", migration.version, migration.name))
                .collect();
            assert_eq!(names, folders.keys().cloned().collect::<Vec<_>>(), "{engine}");
            for (Migration { up, down, .. }, folder) in embedded.iter().zip(folders.values()) {
                assert_eq!(
                    *up,
                    fs::read_to_string(folder.join("up.sql")).expect("a file in UTF-8")
                );
                assert_eq!(
                    *down,
                    fs::read_to_string(folder.join("down.sql")).expect("a file in UTF-8")
                );
            }
        }
    }
}
