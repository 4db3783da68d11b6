//! The list of goals.

use chatkeep_bench_protocol::{Engine, Path};

use crate::studies::{
    LOGGED_AT_ONCE, OF_ALL, PAGE_OF_CONVERSATIONS, STREAM_P99, Study, TICK_WITH_CHATKEEP,
};

/// The reference of a comparison.
pub(super) enum Against {
    /// The fastest of these competitors, by name.
    Fastest(&'static [&'static str]),
    /// The fastest of all peers, which commit each row separately.
    FastestPeer,
    /// An absolute limit in microseconds per call.
    Microseconds,
}

pub(super) struct Goal {
    pub(super) title: &'static str,
    pub(super) engines: &'static [(Engine, f64)],
    pub(super) path: Path,
    pub(super) callers: usize,
    pub(super) subject: &'static str,
    pub(super) against: Against,
}

/// A goal of a study: a maximum in microseconds, on every engine.
pub(super) struct Bound {
    pub(super) title: &'static str,
    pub(super) study: Study,
    pub(super) figure: &'static str,
    pub(super) microseconds: f64,
    /// Whether it limits the difference between the two conditions, or the total.
    pub(super) is_difference: bool,
}

const RAW: &[&str] = &["rusqlite", "tokio-postgres", "mysql_async"];
const NODE: &[&str] = &["better-sqlite3", "pg", "mysql2", "drizzle", "prisma"];
const ORM: &[&str] = &["sqlalchemy-orm"];
const ORM_ASYNC: &[&str] = &["sqlalchemy-orm-async"];
pub(super) const SQLITE: Engine = Engine::Sqlite;
pub(super) const POSTGRESQL: Engine = Engine::PostgreSql;
const MARIADB: Engine = Engine::MariaDb;
const MYSQL: Engine = Engine::MySql;

const fn everywhere(goal: f64) -> [(Engine, f64); 4] {
    [(SQLITE, goal), (POSTGRESQL, goal), (MARIADB, goal), (MYSQL, goal)]
}

pub(super) const GOALS: &[Goal] = &[
    Goal {
        title: "one caller logs, compared with the raw limit",
        engines: &everywhere(0.8),
        path: Path::Log,
        callers: 1,
        subject: "chatkeep",
        against: Against::Fastest(&["rusqlite", "pgbench", "mysql_async"]),
    },
    Goal {
        title: "64 callers log, compared with the fastest that commits each row",
        engines: &[(SQLITE, 12.0), (POSTGRESQL, 5.0), (MARIADB, 3.0)],
        path: Path::Log,
        callers: 64,
        subject: "chatkeep",
        against: Against::FastestPeer,
    },
    Goal {
        title: "64 tasks log, compared with the fastest that commits each row",
        engines: &[(SQLITE, 12.0), (POSTGRESQL, 5.0), (MARIADB, 3.0)],
        path: Path::Log,
        callers: 64,
        subject: "chatkeep-async",
        against: Against::FastestPeer,
    },
    Goal {
        title: "a cached token check",
        engines: &everywhere(1.0),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep",
        against: Against::Microseconds,
    },
    Goal {
        title: "an uncached token check, compared with the raw driver",
        engines: &everywhere(0.85),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep-uncached",
        against: Against::Fastest(RAW),
    },
    Goal {
        title: "one caller logs, compared with an ORM",
        engines: &[(SQLITE, 12.0), (POSTGRESQL, 6.0), (MARIADB, 3.0)],
        path: Path::Log,
        callers: 1,
        subject: "chatkeep",
        against: Against::Fastest(ORM),
    },
    Goal {
        title: "64 callers log, compared with an ORM",
        engines: &[(SQLITE, 50.0), (POSTGRESQL, 20.0)],
        path: Path::Log,
        callers: 64,
        subject: "chatkeep",
        against: Against::Fastest(ORM_ASYNC),
    },
    Goal {
        title: "a cached token check, compared with an ORM",
        engines: &everywhere(300.0),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep",
        against: Against::Fastest(ORM),
    },
    Goal {
        title: "an uncached token check, compared with an ORM",
        engines: &everywhere(10.0),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep-uncached",
        against: Against::Fastest(ORM),
    },
    Goal {
        title: "a page of 100 messages, compared with an ORM",
        engines: &everywhere(8.0),
        path: Path::Page,
        callers: 1,
        subject: "chatkeep",
        against: Against::Fastest(ORM),
    },
    Goal {
        title: "Python: one thread logs, compared with an ORM",
        engines: &[(SQLITE, 12.0), (POSTGRESQL, 6.0), (MARIADB, 3.0)],
        path: Path::Log,
        callers: 1,
        subject: "chatkeep-python",
        against: Against::Fastest(ORM),
    },
    Goal {
        title: "Python: one thread logs, compared with the raw limit",
        engines: &[(SQLITE, 0.8), (POSTGRESQL, 0.8)],
        path: Path::Log,
        callers: 1,
        subject: "chatkeep-python",
        against: Against::Fastest(&["sqlite3", "pgbench"]),
    },
    Goal {
        title: "Python: 64 asyncio tasks log, compared with an ORM",
        engines: &[(SQLITE, 50.0), (POSTGRESQL, 20.0)],
        path: Path::Log,
        callers: 64,
        subject: "chatkeep-asyncio",
        against: Against::Fastest(ORM_ASYNC),
    },
    Goal {
        title: "Python: 64 asyncio tasks log, compared with tasks in Rust",
        engines: &everywhere(0.7),
        path: Path::Log,
        callers: 64,
        subject: "chatkeep-asyncio",
        against: Against::Fastest(&["chatkeep-async"]),
    },
    Goal {
        title: "Python: a cached token check, compared with an ORM",
        engines: &everywhere(300.0),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep-python",
        against: Against::Fastest(ORM),
    },
    Goal {
        title: "Python: a cached token check",
        engines: &everywhere(2.0),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep-python",
        against: Against::Microseconds,
    },
    Goal {
        title: "Python: an uncached token check, compared with an ORM",
        engines: &everywhere(10.0),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep-python-uncached",
        against: Against::Fastest(ORM),
    },
    Goal {
        title: "Python: a page of 100 messages, compared with an ORM",
        engines: &everywhere(8.0),
        path: Path::Page,
        callers: 1,
        subject: "chatkeep-python",
        against: Against::Fastest(ORM),
    },
    Goal {
        title: "64 callers store turns, compared with the fastest that commits each turn",
        engines: &everywhere(2.0),
        path: Path::Turn,
        callers: 64,
        subject: "chatkeep",
        against: Against::FastestPeer,
    },
    Goal {
        title: "a cached check of a session",
        engines: &everywhere(1.0),
        path: Path::Session,
        callers: 1,
        subject: "chatkeep",
        against: Against::Microseconds,
    },
    Goal {
        title: "Node: 64 promises log, compared with the fastest driver or ORM for Node",
        engines: &[(SQLITE, 10.0), (POSTGRESQL, 5.0)],
        path: Path::Log,
        callers: 64,
        subject: "chatkeep-node",
        against: Against::Fastest(NODE),
    },
    Goal {
        title: "Node: 64 promises log, compared with Prisma",
        engines: &[(POSTGRESQL, 5.0)],
        path: Path::Log,
        callers: 64,
        subject: "chatkeep-node",
        against: Against::Fastest(&["prisma"]),
    },
    Goal {
        title: "Node: 64 promises log, compared with tasks in Rust",
        engines: &everywhere(0.7),
        path: Path::Log,
        callers: 64,
        subject: "chatkeep-node",
        against: Against::Fastest(&["chatkeep-async"]),
    },
    Goal {
        title: "Node: a cached token check",
        engines: &everywhere(2.0),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep-node",
        against: Against::Microseconds,
    },
];

pub(super) const BOUNDS: &[Bound] = &[
    Bound {
        title: "statistics of a long log, from its totals",
        study: Study::Statistics,
        figure: OF_ALL,
        microseconds: 10_000.0,
        is_difference: false,
    },
    Bound {
        title: "a list of 20 of a million conversations of a user",
        study: Study::Conversations,
        figure: PAGE_OF_CONVERSATIONS,
        microseconds: 5_000.0,
        is_difference: false,
    },
    Bound {
        title: "64 streams: a text is read after, p99",
        study: Study::Streams,
        figure: STREAM_P99,
        microseconds: 250_000.0,
        is_difference: false,
    },
    Bound {
        title: "Python: cost added to asyncio by awaiting a call, 100 at a time",
        study: Study::AsyncioCalls,
        figure: LOGGED_AT_ONCE,
        microseconds: 5.0,
        is_difference: true,
    },
    Bound {
        title: "Python: delay of the event loop while 64 tasks log, p99",
        study: Study::EventLoop,
        figure: TICK_WITH_CHATKEEP,
        microseconds: 5_000.0,
        is_difference: false,
    },
    Bound {
        title: "Node: delay of the event loop while 64 promises log, p99",
        study: Study::NodeEventLoop,
        figure: TICK_WITH_CHATKEEP,
        microseconds: 5_000.0,
        is_difference: false,
    },
];
