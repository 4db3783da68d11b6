//! Application migrations, written into a temporary folder.

use std::fs;
use std::path::Path;

use chatkeep::Migrator;
use chatkeep_testkit::Engine;
use tempfile::TempDir;

use crate::store::Store;

pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn empty() -> Self {
        Self(tempfile::tempdir().expect("the folder is created"))
    }

    /// Three migrations with engine-specific statements: a concurrent index build and a trigger
    /// with a body.
    pub(super) fn of_an_application(engine: Engine) -> Self {
        let folder = Self::empty();
        folder.add(USERS.0, USERS.1, USERS.2);
        folder.add(EMAIL.0, EMAIL.1, EMAIL.2);
        let (name, [up, down]) = (SPECIAL, special(engine));
        folder.add(&format!("{}/{name}", dialect(engine)), up, down);
        folder
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a migration, replacing an existing one.
    pub(super) fn add(&self, name: &str, up: &str, down: &str) {
        let migration = self.path().join(name);
        fs::create_dir_all(&migration).expect("the folder is created");
        fs::write(migration.join("up.sql"), up).expect("the file is written");
        fs::write(migration.join("down.sql"), down).expect("the file is written");
    }

    pub(super) fn remove(&self, name: &str) {
        fs::remove_dir_all(self.path().join(name)).expect("the folder exists");
    }

    /// Returns a migrator for the database that includes this folder.
    pub(super) fn on(&self, store: &Store) -> Migrator {
        store.database().migrations().with_folder(self.path())
    }
}

pub(super) fn dialect(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "sqlite",
        Engine::PostgreSql => "postgresql",
        Engine::MariaDb | Engine::MySql => "mysql",
    }
}

pub(super) const USERS: (&str, &str, &str) = (
    "20270101000000_create_users",
    "-- People.\nCREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(50) NOT NULL);\n",
    "DROP TABLE users;\n",
);

pub(super) const EMAIL: (&str, &str, &str) = (
    "20270102000000_add_email",
    "INSERT INTO users (id, name) VALUES (1, 'a;b');\n\
     ALTER TABLE users ADD COLUMN email VARCHAR(100) NULL; -- a comment; with a semicolon\n\
     UPDATE users SET email = name;\n\
     CREATE INDEX users_email ON users (email);\n\
     INSERT INTO users (id, name) VALUES (2, 'it''s');\n",
    "",
);

pub(super) const SPECIAL: &str = "20270103000000_count_users";

fn special(engine: Engine) -> [&'static str; 2] {
    match engine {
        Engine::Sqlite => [
            "CREATE TABLE counted (users BIGINT NOT NULL);\nINSERT INTO counted VALUES (0);\n\
             CREATE TRIGGER users_count AFTER INSERT ON users BEGIN\n  UPDATE counted SET users = \
             CASE WHEN users IS NULL \
             THEN 1 ELSE users + 1 END;\nEND;\nINSERT INTO users (id, name) VALUES (3, 'c');\n",
            "DROP TRIGGER users_count;\nDROP TABLE counted;\n",
        ],
        Engine::PostgreSql => [
            "-- chatkeep: no-transaction\nCREATE TABLE counted (users BIGINT NOT NULL);\nINSERT \
             INTO counted VALUES (0);\n\
             CREATE FUNCTION users_count() RETURNS trigger LANGUAGE plpgsql AS $body$\nBEGIN\n  \
             UPDATE counted SET users = \
             users + 1; RETURN NEW;\nEND;\n$body$;\n\
             CREATE TRIGGER users_count AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION \
             users_count();\n\
             CREATE INDEX CONCURRENTLY users_name ON users (name);\nINSERT INTO users (id, name) \
             VALUES (3, 'c');\n\
             CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS counted_users ON counted (users);\n",
            "-- chatkeep: no-transaction\nDROP INDEX CONCURRENTLY users_name;\nDROP TRIGGER \
             users_count ON users;\n\
             DROP FUNCTION users_count();\nDROP TABLE counted;\n",
        ],
        Engine::MariaDb | Engine::MySql => [
            "SET @first = 0;\nCREATE TABLE counted (users BIGINT NOT NULL);\nINSERT INTO counted \
             VALUES (@first);\n\
             CREATE TRIGGER users_count AFTER INSERT ON users FOR EACH ROW BEGIN\n  IF 1 THEN \
             UPDATE counted SET users = \
             users + 1; END IF;\nEND;\nINSERT INTO users (id, name) VALUES (3, 'c');\n\
             ALTER TABLE users ADD INDEX (name);\n",
            "ALTER TABLE users DROP INDEX name;\nDROP TRIGGER users_count;\nDROP TABLE counted;\n",
        ],
    }
}

/// Asserts that every statement of [`Folder::of_an_application`] was applied exactly once.
#[track_caller]
pub(super) fn assert_all_applied(store: &Store) {
    let rows = store.raw.query("SELECT name FROM users ORDER BY id");
    assert_eq!(
        rows,
        [["a;b"], ["it's"], ["c"]].map(|row| row.map(|name| Some(name.to_owned())).to_vec())
    );
    assert_eq!(store.raw.scalar("SELECT users FROM counted").as_deref(), Some("1"));
    assert_eq!(store.raw.scalar("SELECT email FROM users WHERE id = 1").as_deref(), Some("a;b"));
}

/// Checks the schema and returns the descriptions of its differences.
#[track_caller]
pub(super) fn differences(migrations: &Migrator) -> Vec<String> {
    let check = migrations.check().expect("the schema can be checked");
    check.differences.iter().map(ToString::to_string).collect()
}
