//! `kill -9` at any moment of an import, a copy, a backup, a restore or an adoption: whoever runs it again comes to the right end, and
//! nobody takes half of the rows for all of them meanwhile.
//!
//! `CHATKEEP_KILLS` says how many there are for each engine, and of backups; 3 without it.

use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use chatkeep_testkit::{Engine, TestDatabase};

use crate::command::{Answer, Home};

const ROWS: u64 = 9_000;

/// A source whose rows go over in several batches, an archive of it, and a file of another program with as many rows.
struct Sources {
    home: Home,
    url: String,
    content: serde_json::Value,
}

impl Sources {
    fn make() -> Self {
        let home = Home::new();
        home.do_it(&["migrate", "upgrade"]);
        home.do_it(&["tokens", "create"]);
        let rows = format!(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {ROWS})
             INSERT INTO messages (id, timestamp, user_message, tokens_used) SELECT n * 2, strftime('%Y-%m-%d %H:%M:%f', \
             1700000000 + n * 60, 'unixepoch') || '000', printf('%.400c', 'x') || n, n FROM n"
        );
        let fill = |name: &str, sql: &str| {
            let connection = rusqlite::Connection::open(home.path(name)).expect("a file");
            connection.execute_batch(sql).expect(sql);
        };
        fill("chat.db", &rows);
        let table = "CREATE TABLE messages (id INTEGER PRIMARY KEY, timestamp DATETIME, user_message TEXT NOT NULL, \
                     bot_response TEXT, provider TEXT, model TEXT, tokens_used INTEGER, metadata TEXT)";
        fill("old.db", &format!("{table}; {rows}"));
        home.do_it(&["db", "backup", "chat.tar.zst"]);
        let content = home.ask(&["db", "restore", "chat.tar.zst", "--dry-run"])["content"].clone();
        let url = format!("sqlite:///{}", home.path("chat.db").display());
        Self { home, url, content }
    }

    fn path(&self, name: &str) -> String {
        self.home.path(name).to_string_lossy().into_owned()
    }
}

/// Moments that are different each time.
struct Chance(u64);

impl Chance {
    /// A failing test shows the seed.
    fn new() -> Self {
        let seed = std::time::UNIX_EPOCH.elapsed().map_or(1, |time| time.as_nanos() as u64);
        println!("seed {seed}");
        Self(seed)
    }

    fn below(&mut self, limit: Duration) -> Duration {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        limit.mul_f64((self.0 >> 33) as f64 / (1_u64 << 31) as f64)
    }
}

fn how_many() -> usize {
    std::env::var("CHATKEEP_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// Runs a command, and kills it after so long. Whether it had come to its end by then.
fn kill_after(mut command: Command, delay: Duration) -> bool {
    let mut child = command.spawn().expect("the command starts");
    let end = Instant::now() + delay;
    while Instant::now() < end {
        if child.try_wait().expect("its state").is_some() {
            break;
        }
        sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    child.wait().expect("it ends").success()
}

/// What a program sees that opens the target: its messages, or nothing when it refuses to work on half of them.
fn seen(home: &Home) -> Option<u64> {
    let answer: Answer = home.run(&["messages", "count", "--json"]);
    if answer.code == Some(3) {
        assert!(answer.err.contains("partly filled"), "{answer:?}");
        return None;
    }
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let count: serde_json::Value = serde_json::from_str(&answer.out).expect("JSON");
    count["count"].as_u64()
}

/// Asserts that a target holds everything, and the statistics with it.
fn assert_whole(home: &Home, sources: &Sources) {
    assert_eq!(home.count(), ROWS);
    home.do_it(&["db", "backup", "--force", "after.tar.zst"]);
    let content = home.ask(&["db", "restore", "after.tar.zst", "--dry-run"])["content"].clone();
    assert_eq!(content, sources.content);
    home.do_it(&["messages", "stats", "--check"]);
}

fn kills(engine: Engine) {
    if !engine.is_available() {
        return;
    }
    let kills = how_many();
    let sources = Sources::make();
    let mut chance = Chance::new();
    let before = ["chat.db", "old.db", "chat.tar.zst"]
        .map(|name| fs::read(sources.path(name)).expect("read"));
    let (archive, old) = (sources.path("chat.tar.zst"), sources.path("old.db"));
    let copy = ["db", "copy", "--from", &sources.url, "--resume"];
    let restore = ["db", "restore", &archive];
    let import = ["db", "import-legacy", &old];
    let verbs: [&[&str]; 3] = [&copy, &restore, &import];

    // How long each takes when nobody kills it.
    let lasts = verbs.map(|arguments| {
        let target = TestDatabase::create(engine);
        let start = Instant::now();
        Home::at(target.url()).do_it(arguments);
        start.elapsed()
    });
    for number in 0..kills {
        let verb = number % verbs.len();
        let target = TestDatabase::create(engine);
        let home = Home::at(target.url());
        let mut deaths = 0;
        while deaths < 2 && !kill_after(home.command(verbs[verb]), chance.below(lasts[verb])) {
            deaths += 1;
            match seen(&home) {
                // Refused, or not begun, or just done.
                None | Some(0) => {}
                Some(count) => {
                    assert_eq!(
                        count, ROWS,
                        "{:?} was killed, and {count} rows look like all",
                        verbs[verb]
                    )
                }
            }
        }
        // A restore that was done refuses to be done again.
        let is_done = seen(&home) == Some(ROWS);
        if verb != 1 || !is_done {
            home.do_it(verbs[verb]);
        }
        if verb == 2 {
            let again = home.ask(&import);
            assert_eq!(again["files"][0]["messages"]["already_there"], ROWS, "nothing is doubled");
            home.do_it(&["messages", "stats", "--check"]);
            assert_eq!(home.count(), ROWS);
        } else {
            assert_whole(&home, &sources);
        }
    }
    for (name, bytes) in ["chat.db", "old.db", "chat.tar.zst"].iter().zip(before) {
        assert!(fs::read(sources.path(name)).expect("read") == bytes, "{name} is as it was");
    }
}

#[test]
fn moves_into_sqlite_are_killed() {
    kills(Engine::Sqlite);
}

#[test]
fn moves_into_postgresql_are_killed() {
    kills(Engine::PostgreSql);
}

#[test]
fn moves_into_mariadb_are_killed() {
    kills(Engine::MariaDb);
}

#[test]
fn moves_into_mysql_are_killed() {
    kills(Engine::MySql);
}

#[test]
fn a_backup_that_is_killed_leaves_no_file_that_looks_like_one() {
    let kills = how_many();
    let sources = Sources::make();
    let home = &sources.home;
    let mut chance = Chance::new();
    let kinds: [&[&str]; 2] = [
        &["db", "backup", "b.tar.zst", "--force"],
        &["db", "backup", "b.db", "--format", "sqlite", "--force"],
    ];
    for (arguments, file) in kinds.iter().zip(["b.tar.zst", "b.db"]) {
        let start = Instant::now();
        home.do_it(arguments);
        let lasts = start.elapsed();
        for _ in 0..kills.div_ceil(2) {
            let _ = fs::remove_file(home.path(file));
            let done = kill_after(home.command(arguments), chance.below(lasts));
            if done || home.path(file).exists() {
                home.do_it(&["db", "restore", file, "--dry-run"]);
            }
            home.do_it(arguments);
            let content = home.ask(&["db", "restore", file, "--dry-run"])["content"].clone();
            assert_eq!(content, sources.content);
        }
    }
}

/// Tables as an SQLAlchemy program makes them, with as many rows as the other sources.
fn old_tables(database: &TestDatabase) {
    let (id, moment, numbers, at) = match database.engine() {
        Engine::PostgreSql => (
            "SERIAL NOT NULL",
            "TIMESTAMP WITHOUT TIME ZONE",
            format!("SELECT n FROM generate_series(1, {ROWS}) AS n"),
            "timestamp '2023-11-14 22:13:20' + n * interval '1 minute'",
        ),
        _ => (
            "INTEGER NOT NULL",
            "DATETIME",
            format!(
                "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {ROWS}) SELECT n FROM n"
            ),
            "strftime('%Y-%m-%d %H:%M:%f', 1700000000 + n * 60, 'unixepoch') || '000'",
        ),
    };
    database.execute(&format!(
        "CREATE TABLE messages (id {id}, timestamp {moment}, user_message TEXT NOT NULL, bot_response TEXT, provider VARCHAR(50), \
             model VARCHAR(100), tokens_used INTEGER, metadata JSON, PRIMARY KEY (id));
         CREATE TABLE api_tokens (id {id}, token_hash VARCHAR(64) NOT NULL, description VARCHAR(255), created_at {moment}, \
             expires_at {moment}, is_active BOOLEAN, last_used_at {moment}, PRIMARY KEY (id), UNIQUE (token_hash));
         INSERT INTO messages (id, timestamp, user_message, tokens_used) SELECT n * 2, {at}, 'message ' || n, n \
             FROM ({numbers}) AS numbers"
    ));
}

/// The copy of the file that an adoption begins with is whole if it is there. It goes: it would be in the next one's way.
fn take_copy_away(database: &TestDatabase) {
    let Some(copy) = database.folder().map(|folder| folder.join("chatkeep.db.before-adopt")) else {
        return;
    };
    if copy.exists() {
        let connection = rusqlite::Connection::open(&copy).expect("it opens");
        let count =
            connection.query_row("SELECT count(*) FROM messages", [], |row| row.get::<_, i64>(0));
        assert_eq!(count.expect("it is a database"), ROWS as i64);
        drop(connection);
        fs::remove_file(copy).expect("it goes");
    }
}

fn adoptions(engine: Engine) {
    let adopt = ["migrate", "adopt"];
    let mut chance = Chance::new();
    let make = || {
        let target = TestDatabase::create(engine);
        old_tables(&target);
        let home = Home::at(target.url());
        (target, home)
    };
    let lasts = {
        let (_target, home) = make();
        let start = Instant::now();
        home.do_it(&adopt);
        start.elapsed()
    };
    let mut killed = 0;
    for _ in 0..how_many() {
        let (target, home) = make();
        let mut deaths = 0;
        while deaths < 2 && !kill_after(home.command(&adopt), chance.below(lasts)) {
            deaths += 1;
            take_copy_away(&target);
        }
        killed += deaths;
        take_copy_away(&target);
        // Once chatkeep's history has begun, there is nothing to adopt any more: it is gone on with.
        if home.run(&adopt).code != Some(0) {
            home.do_it(&["migrate", "upgrade"]);
        }
        home.do_it(&["migrate", "check"]);
        assert_eq!(home.count(), ROWS);
        home.do_it(&["messages", "stats", "--check"]);
        let sums =
            target.query("SELECT sum(id), sum(tokens_used), min(user_message) FROM messages");
        let expected = [ROWS * (ROWS + 1), ROWS * (ROWS + 1) / 2].map(|sum| Some(sum.to_string()));
        assert_eq!(sums[0][..2], expected, "every message is as it was");
        assert_eq!(sums[0][2].as_deref(), Some("message 1"));
    }
    assert!(killed > 0, "nobody died");
}

#[test]
fn adoptions_in_sqlite_are_killed() {
    adoptions(Engine::Sqlite);
}

#[test]
fn adoptions_in_postgresql_are_killed() {
    adoptions(Engine::PostgreSql);
}
