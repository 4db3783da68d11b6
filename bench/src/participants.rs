//! The participants of the benchmark and the engines and paths that each one supports.

use chatkeep_bench_protocol::{Engine, Path};

use crate::plan::Cell;

/// The language of a competitor, which determines how it is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// This program.
    Rust,
    /// The program of `bench/sqlx`.
    Sqlx,
    Python,
    Node,
}

impl Language {
    /// Returns the name shown in the results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust | Self::Sqlx => "Rust",
            Self::Python => "Python",
            Self::Node => "Node",
        }
    }
}

/// The role of a participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// chatkeep, with which the others are compared.
    Subject,
    /// An alternative to chatkeep.
    Peer,
    /// An upper bound: raw access without the features that an application needs.
    Limit,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Peer => "peer",
            Self::Limit => "limit",
        }
    }
}

/// A participant of the benchmark.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Participant {
    /// Identifies it on the command line and in the results.
    pub(crate) name: &'static str,
    /// Shown in the results. A subject has the same label in every language, and a column of the
    /// tables.
    pub(crate) label: &'static str,
    pub(crate) language: Language,
    pub(crate) role: Role,
    engines: &'static [Engine],
    /// Numbers of callers with which it logs; empty if it does not log.
    log: &'static [usize],
    /// Whether it also stores turns, with the same numbers of callers, and checks sessions.
    has_conversations: bool,
    /// Other paths that it supports, with one caller.
    others: &'static [Path],
    /// Whether it is included in a quick run.
    pub(crate) quick: bool,
}

const SQLITE: &[Engine] = &[Engine::Sqlite];
const POSTGRESQL: &[Engine] = &[Engine::PostgreSql];
const MYSQL: &[Engine] = &[Engine::MariaDb, Engine::MySql];
const ALL: &[Engine] = &Engine::ALL;
const OTHERS: &[Path] = &[Path::Verify, Path::Page, Path::Bulk];
pub(crate) const ONE: &[usize] = &[1];
const MANY: &[usize] = &[16, 64];
pub(crate) const ANY: &[usize] = &[1, 16, 64];

const fn participant(name: &'static str, label: &'static str, language: Language) -> Participant {
    Participant {
        name,
        label,
        language,
        role: Role::Peer,
        engines: ALL,
        log: ANY,
        has_conversations: false,
        others: OTHERS,
        quick: true,
    }
}

/// All participants.
pub(crate) const PARTICIPANTS: &[Participant] = &[
    Participant {
        role: Role::Subject,
        has_conversations: true,
        ..participant("chatkeep", "chatkeep", Language::Rust)
    },
    Participant {
        role: Role::Subject,
        log: &[],
        others: &[Path::Verify],
        has_conversations: true,
        ..participant("chatkeep-uncached", "chatkeep, cache off", Language::Rust)
    },
    Participant {
        role: Role::Subject,
        others: &[],
        has_conversations: true,
        ..participant("chatkeep-async", "chatkeep, awaited", Language::Rust)
    },
    Participant {
        role: Role::Subject,
        has_conversations: true,
        ..participant("chatkeep-python", "chatkeep", Language::Python)
    },
    Participant {
        role: Role::Subject,
        log: &[],
        others: &[Path::Verify],
        has_conversations: true,
        ..participant("chatkeep-python-uncached", "chatkeep, cache off", Language::Python)
    },
    Participant {
        role: Role::Subject,
        others: &[Path::Verify, Path::Page],
        has_conversations: true,
        ..participant("chatkeep-asyncio", "chatkeep, awaited", Language::Python)
    },
    Participant {
        engines: SQLITE,
        has_conversations: true,
        ..participant("rusqlite", "rusqlite", Language::Rust)
    },
    Participant {
        role: Role::Limit,
        engines: SQLITE,
        log: MANY,
        others: &[],
        ..participant("rusqlite-groups", "SQLite, a commit for all", Language::Rust)
    },
    Participant {
        engines: POSTGRESQL,
        has_conversations: true,
        ..participant("tokio-postgres", "tokio-postgres", Language::Rust)
    },
    Participant {
        role: Role::Limit,
        engines: POSTGRESQL,
        log: MANY,
        others: &[],
        ..participant("tokio-postgres-groups", "PostgreSQL, a statement for all", Language::Rust)
    },
    Participant {
        role: Role::Limit,
        engines: POSTGRESQL,
        log: &[],
        others: &[Path::Bulk],
        ..participant("copy", "COPY, without ids", Language::Rust)
    },
    Participant {
        role: Role::Limit,
        engines: POSTGRESQL,
        others: &[Path::Verify],
        ..participant("pgbench", "pgbench -M prepared", Language::Rust)
    },
    Participant {
        engines: MYSQL,
        has_conversations: true,
        ..participant("mysql_async", "mysql_async", Language::Rust)
    },
    Participant {
        role: Role::Limit,
        engines: MYSQL,
        log: MANY,
        others: &[],
        ..participant("mysql_async-groups", "InnoDB, a statement for all", Language::Rust)
    },
    Participant { quick: false, ..participant("sqlx", "sqlx", Language::Sqlx) },
    Participant {
        log: &[1, 16],
        has_conversations: true,
        ..participant("sqlalchemy-orm", "SQLAlchemy ORM", Language::Python)
    },
    Participant {
        log: MANY,
        others: &[],
        has_conversations: true,
        ..participant("sqlalchemy-orm-async", "SQLAlchemy ORM, asyncio", Language::Python)
    },
    Participant {
        log: &[1, 16],
        quick: false,
        ..participant("sqlalchemy-core", "SQLAlchemy Core", Language::Python)
    },
    Participant {
        log: MANY,
        others: &[],
        quick: false,
        ..participant("sqlalchemy-core-async", "SQLAlchemy Core, asyncio", Language::Python)
    },
    Participant {
        engines: SQLITE,
        log: ONE,
        ..participant("sqlite3", "sqlite3", Language::Python)
    },
    Participant {
        engines: SQLITE,
        log: MANY,
        quick: false,
        ..participant("aiosqlite", "aiosqlite", Language::Python)
    },
    Participant {
        engines: POSTGRESQL,
        log: ONE,
        quick: false,
        ..participant("psycopg", "psycopg", Language::Python)
    },
    Participant {
        engines: POSTGRESQL,
        log: MANY,
        others: &[],
        quick: false,
        ..participant("psycopg-async", "psycopg, asyncio", Language::Python)
    },
    Participant { engines: POSTGRESQL, ..participant("asyncpg", "asyncpg", Language::Python) },
    Participant { engines: MYSQL, log: ONE, ..participant("pymysql", "PyMySQL", Language::Python) },
    Participant {
        engines: MYSQL,
        log: MANY,
        others: &[],
        quick: false,
        ..participant("asyncmy", "asyncmy", Language::Python)
    },
    Participant { role: Role::Subject, ..participant("chatkeep-node", "chatkeep", Language::Node) },
    Participant {
        role: Role::Subject,
        log: &[],
        others: &[Path::Verify],
        ..participant("chatkeep-node-uncached", "chatkeep, cache off", Language::Node)
    },
    Participant {
        engines: SQLITE,
        ..participant("better-sqlite3", "better-sqlite3", Language::Node)
    },
    Participant { engines: POSTGRESQL, ..participant("pg", "pg", Language::Node) },
    Participant { engines: MYSQL, ..participant("mysql2", "mysql2", Language::Node) },
    Participant { quick: false, ..participant("drizzle", "Drizzle", Language::Node) },
    Participant { quick: false, ..participant("prisma", "Prisma", Language::Node) },
];

impl Participant {
    /// Returns whether it supports this engine, path and number of callers.
    pub(crate) fn supports(&self, cell: Cell) -> bool {
        self.engines.contains(&cell.engine)
            && match cell.path {
                Path::Log => self.log.contains(&cell.callers),
                Path::Turn => self.has_conversations && self.log.contains(&cell.callers),
                Path::Session => self.has_conversations && self.others.contains(&Path::Verify),
                path => cell.callers == 1 && self.others.contains(&path),
            }
    }
}
