//! Everybody who takes part, and in what.

use chatkeep_contest::{Engine, Path};

use crate::plan::Cell;

/// What a contestant's program is, and so how it is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// This very program.
    Rust,
    /// The one of `bench/sqlx`.
    Sqlx,
    Python,
    Node,
}

impl Language {
    /// As a reader knows it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust | Self::Sqlx => "Rust",
            Self::Python => "Python",
            Self::Node => "Node",
        }
    }
}

/// What a contestant is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// chatkeep: what the others are compared with.
    Subject,
    /// What one would use instead.
    Peer,
    /// What cannot be beaten by much: the raw way, without what an application needs.
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

/// One who takes part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Participant {
    /// By this it is started, chosen and found in the results.
    pub(crate) name: &'static str,
    /// By this it is shown. A subject has the same one in every language, and a column of the tables by it.
    pub(crate) label: &'static str,
    pub(crate) language: Language,
    pub(crate) role: Role,
    engines: &'static [Engine],
    /// Callers with which it logs; empty when it does not.
    log: &'static [usize],
    /// What else it does, with one caller.
    others: &'static [Path],
    /// Whether it is there in a quick run.
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
        others: OTHERS,
        quick: true,
    }
}

/// Everybody.
pub(crate) const EVERYBODY: &[Participant] = &[
    Participant { role: Role::Subject, ..participant("chatkeep", "chatkeep", Language::Rust) },
    Participant {
        role: Role::Subject,
        log: &[],
        others: &[Path::Verify],
        ..participant("chatkeep-uncached", "chatkeep, cache off", Language::Rust)
    },
    Participant {
        role: Role::Subject,
        others: &[],
        ..participant("chatkeep-async", "chatkeep, awaited", Language::Rust)
    },
    Participant {
        role: Role::Subject,
        ..participant("chatkeep-python", "chatkeep", Language::Python)
    },
    Participant {
        role: Role::Subject,
        log: &[],
        others: &[Path::Verify],
        ..participant("chatkeep-python-uncached", "chatkeep, cache off", Language::Python)
    },
    Participant {
        role: Role::Subject,
        others: &[Path::Verify, Path::Page],
        ..participant("chatkeep-asyncio", "chatkeep, awaited", Language::Python)
    },
    Participant { engines: SQLITE, ..participant("rusqlite", "rusqlite", Language::Rust) },
    Participant {
        role: Role::Limit,
        engines: SQLITE,
        log: MANY,
        others: &[],
        ..participant("rusqlite-groups", "SQLite, a commit for all", Language::Rust)
    },
    Participant {
        engines: POSTGRESQL,
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
    Participant { engines: MYSQL, ..participant("mysql_async", "mysql_async", Language::Rust) },
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
        ..participant("sqlalchemy-orm", "SQLAlchemy ORM", Language::Python)
    },
    Participant {
        log: MANY,
        others: &[],
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
    /// Whether it takes part in this.
    pub(crate) fn takes_part(&self, cell: Cell) -> bool {
        self.engines.contains(&cell.engine)
            && match cell.path {
                Path::Log => self.log.contains(&cell.callers),
                path => cell.callers == 1 && self.others.contains(&path),
            }
    }
}
