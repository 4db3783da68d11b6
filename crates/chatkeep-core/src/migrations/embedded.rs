//! The migrations that are built into the program.

use sha2::{Digest, Sha256};

use crate::engine::Engine;
use crate::token::hex;

/// One step of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// Its place in the order, and its key in the history: `20261120120000`.
    pub version: &'static str,
    /// What it does: `create_messages`.
    pub name: &'static str,
    /// The SQL that goes one step forward.
    pub up: &'static str,
    /// The SQL that goes one step back.
    pub down: &'static str,
}

impl Migration {
    /// SHA-256 of [`Migration::up`], in lower-case hexadecimal digits.
    pub fn checksum(&self) -> String {
        hex(&Sha256::digest(self.up))
    }
}

/// The same list for every dialect. The folders' names are spelled out because `include_str!` wants literals.
macro_rules! migrations {
    ($dialect:literal) => {
        &[
            migration!($dialect, "20261120120000", "create_messages"),
            migration!($dialect, "20261120120100", "create_api_tokens"),
            migration!($dialect, "20261121090000", "create_message_totals"),
            migration!($dialect, "20261121090100", "create_message_counting"),
            migration!($dialect, "20261121090200", "create_message_gaps"),
            migration!($dialect, "20261121090300", "fill_message_counting"),
            migration!($dialect, "20261121170000", "create_unfinished_transfer"),
        ]
    };
}

macro_rules! migration {
    ($dialect:literal, $version:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            up: include_str!(concat!("../../migrations/", $dialect, "/", $version, "_", $name, "/up.sql")),
            down: include_str!(concat!(
                "../../migrations/",
                $dialect,
                "/",
                $version,
                "_",
                $name,
                "/down.sql"
            )),
        }
    };
}

const SQLITE: &[Migration] = migrations!("sqlite");
const POSTGRESQL: &[Migration] = migrations!("postgresql");
const MYSQL: &[Migration] = migrations!("mysql");

/// All migrations for this engine, oldest first.
pub fn all(engine: Engine) -> &'static [Migration] {
    match engine {
        Engine::Sqlite => SQLITE,
        Engine::PostgreSql => POSTGRESQL,
        Engine::MySql | Engine::MariaDb => MYSQL,
    }
}
