//! Tests of SIGKILL at random times of an import, copy, backup, restore or `migrate adopt`.
//!
//! Running the command again completes it. Until then, no program treats the stored rows as
//! complete. The variable `CHATKEEP_KILLS` is the number of repetitions of each test; the default
//! is 3.

use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use chatkeep_testkit::{Engine, TestDatabase};

use crate::command::{Answer, Home};

/// Number of messages in each source, which is several batches.
const ROWS: u64 = 9_000;

/// Maximum number of runs until one was killed.
const MAX_RUNS: usize = 20;

/// A database `chat.db`, its archive `chat.tar.zst`, and the legacy file `old.db`, all with
/// [`ROWS`] messages.
struct Sources {
    home: Home,
    url: String,
    /// Row counts and digests of the archive.
    content: serde_json::Value,
}

impl Sources {
    fn make() -> Self {
        let home = Home::new();
        home.run_ok(&["migrate", "upgrade"]);
        home.run_ok(&["tokens", "create"]);
        let rows = format!(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {ROWS})
             INSERT INTO messages (id, timestamp, user_message, tokens_used) SELECT n * 2, \
             strftime('%Y-%m-%d %H:%M:%f', \
             1700000000 + n * 60, 'unixepoch') || '000', printf('%.400c', 'x') || n, n FROM n"
        );
        let fill = |name: &str, sql: &str| {
            let connection = rusqlite::Connection::open(home.path(name)).expect("a file");
            connection.execute_batch(sql).expect(sql);
        };
        fill("chat.db", &rows);
        let table = "CREATE TABLE messages (id INTEGER PRIMARY KEY, timestamp DATETIME, \
                     user_message TEXT NOT NULL, \
                     bot_response TEXT, provider TEXT, model TEXT, tokens_used INTEGER, \
                     metadata TEXT)";
        fill("old.db", &format!("{table}; {rows}"));
        home.run_ok(&["db", "backup", "chat.tar.zst"]);
        let content =
            home.run_json(&["db", "restore", "chat.tar.zst", "--dry-run"])["content"].clone();
        let url = format!("sqlite:///{}", home.path("chat.db").display());
        Self { home, url, content }
    }

    fn path(&self, name: &str) -> String {
        self.home.path(name).to_string_lossy().into_owned()
    }
}

/// Random number generator with a new seed in each run: Knuth's linear congruential one of MMIX.
struct Random(u64);

impl Random {
    /// Creates a generator and prints its seed, which a failing test shows.
    fn new() -> Self {
        let seed = std::time::UNIX_EPOCH.elapsed().map_or(1, |time| time.as_nanos() as u64);
        println!("seed {seed}");
        Self(seed)
    }

    /// Returns a random duration below the limit.
    fn below(&mut self, limit: Duration) -> Duration {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        limit.mul_f64((self.0 >> 33) as f64 / (1_u64 << 31) as f64)
    }
}

/// Returns the number of repetitions of each test.
fn kill_count() -> usize {
    std::env::var("CHATKEEP_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// Runs a command and kills it after `delay`. Returns whether it succeeded before that.
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

/// Returns the number of messages that a program sees, or `None` if it refuses an incomplete
/// target.
fn visible_messages(home: &Home) -> Option<u64> {
    let answer: Answer = home.run(&["messages", "count", "--json"]);
    if answer.code == Some(3) {
        assert!(answer.err.contains("incomplete"), "{answer:?}");
        return None;
    }
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let count: serde_json::Value = serde_json::from_str(&answer.out).expect("JSON");
    count["count"].as_u64()
}

/// Asserts that a target has exactly the rows of the source and correct statistics.
fn assert_complete(home: &Home, sources: &Sources) {
    assert_eq!(home.count(), ROWS);
    home.run_ok(&["db", "backup", "--force", "after.tar.zst"]);
    let content =
        home.run_json(&["db", "restore", "after.tar.zst", "--dry-run"])["content"].clone();
    assert_eq!(content, sources.content);
    home.run_ok(&["messages", "stats", "--check"]);
}

/// Kills copies, restores and imports into an engine up to twice each, and then completes them.
fn kills(engine: Engine) {
    if !engine.is_available() {
        return;
    }
    let kills = kill_count();
    let sources = Sources::make();
    let mut random = Random::new();
    let before = ["chat.db", "old.db", "chat.tar.zst"]
        .map(|name| fs::read(sources.path(name)).expect("read"));
    let (archive, old) = (sources.path("chat.tar.zst"), sources.path("old.db"));
    let copy = ["db", "copy", "--from", &sources.url, "--resume"];
    let restore = ["db", "restore", &archive];
    let import = ["db", "import-legacy", &old];
    let verbs: [&[&str]; 3] = [&copy, &restore, &import];

    // Durations without a kill.
    let durations = verbs.map(|arguments| {
        let target = TestDatabase::create(engine);
        let start = Instant::now();
        Home::at(target.url()).run_ok(arguments);
        start.elapsed()
    });
    for number in 0..kills {
        let verb = number % verbs.len();
        let target = TestDatabase::create(engine);
        let home = Home::at(target.url());
        let mut killed_runs = 0;
        while killed_runs < 2
            && !kill_after(home.command(verbs[verb]), random.below(durations[verb]))
        {
            killed_runs += 1;
            match visible_messages(&home) {
                // The target is incomplete or empty.
                None | Some(0) => {}
                Some(count) => {
                    assert_eq!(
                        count, ROWS,
                        "{:?} was killed, but {count} rows look complete",
                        verbs[verb]
                    )
                }
            }
        }
        // A restore (1) into a complete database would be refused.
        let is_done = visible_messages(&home) == Some(ROWS);
        if verb != 1 || !is_done {
            home.run_ok(verbs[verb]);
        }
        // An import (2) finds all messages by their content.
        if verb == 2 {
            let again = home.run_json(&import);
            assert_eq!(
                again["files"][0]["messages"]["already_there"], ROWS,
                "no message is stored twice"
            );
            home.run_ok(&["messages", "stats", "--check"]);
            assert_eq!(home.count(), ROWS);
        } else {
            assert_complete(&home, &sources);
        }
    }
    for (name, bytes) in ["chat.db", "old.db", "chat.tar.zst"].iter().zip(before) {
        assert!(fs::read(sources.path(name)).expect("read") == bytes, "{name} is unchanged");
    }
}

#[test]
fn killed_transfers_into_sqlite_can_be_repeated() {
    kills(Engine::Sqlite);
}

#[test]
fn killed_transfers_into_postgresql_can_be_repeated() {
    kills(Engine::PostgreSql);
}

#[test]
fn killed_transfers_into_mariadb_can_be_repeated() {
    kills(Engine::MariaDb);
}

#[test]
fn killed_transfers_into_mysql_can_be_repeated() {
    kills(Engine::MySql);
}

#[test]
fn killed_backups_leave_no_incomplete_file() {
    let kills = kill_count();
    let sources = Sources::make();
    let home = &sources.home;
    let mut random = Random::new();
    let kinds: [&[&str]; 2] = [
        &["db", "backup", "b.tar.zst", "--force"],
        &["db", "backup", "b.db", "--format", "sqlite", "--force"],
    ];
    for (arguments, file) in kinds.iter().zip(["b.tar.zst", "b.db"]) {
        let start = Instant::now();
        home.run_ok(arguments);
        let duration = start.elapsed();
        for _ in 0..kills.div_ceil(2) {
            let _ = fs::remove_file(home.path(file));
            let done = kill_after(home.command(arguments), random.below(duration));
            if done || home.path(file).exists() {
                home.run_ok(&["db", "restore", file, "--dry-run"]);
            }
            home.run_ok(arguments);
            let content = home.run_json(&["db", "restore", file, "--dry-run"])["content"].clone();
            assert_eq!(content, sources.content);
        }
    }
}

/// Creates the tables of an SQLAlchemy program with as many rows as the other sources.
fn create_old_tables(database: &TestDatabase) {
    let (id, timestamp, numbers, at) = match database.engine() {
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
                "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {ROWS}) \
                 SELECT n FROM n"
            ),
            "strftime('%Y-%m-%d %H:%M:%f', 1700000000 + n * 60, 'unixepoch') || '000'",
        ),
    };
    database.execute(&format!(
        "CREATE TABLE messages (id {id}, timestamp {timestamp}, user_message TEXT NOT NULL, \
         bot_response TEXT, provider VARCHAR(50), \
             model VARCHAR(100), tokens_used INTEGER, metadata JSON, PRIMARY KEY (id));
         CREATE TABLE api_tokens (id {id}, token_hash VARCHAR(64) NOT NULL, \
         description VARCHAR(255), created_at {timestamp}, \
             expires_at {timestamp}, is_active BOOLEAN, last_used_at {timestamp}, \
             PRIMARY KEY (id), UNIQUE (token_hash));
         INSERT INTO messages (id, timestamp, user_message, tokens_used) SELECT n * 2, {at}, \
         'message ' || n, n \
             FROM ({numbers}) AS numbers"
    ));
}

/// Checks that the copy made by an adoption is complete if it exists, and removes it for the next
/// run.
fn remove_copy(database: &TestDatabase) {
    let Some(copy) = database.folder().map(|folder| folder.join("chatkeep.db.before-adopt")) else {
        return;
    };
    if copy.exists() {
        let connection = rusqlite::Connection::open(&copy).expect("it opens");
        let count =
            connection.query_row("SELECT count(*) FROM messages", [], |row| row.get::<_, i64>(0));
        assert_eq!(count.expect("it is a database"), ROWS as i64);
        drop(connection);
        fs::remove_file(copy).expect("removed");
    }
}

/// Kills adoptions on an engine up to twice each, and then completes them.
fn adoptions(engine: Engine) {
    let adopt = ["migrate", "adopt"];
    let mut random = Random::new();
    let make = || {
        let target = TestDatabase::create(engine);
        create_old_tables(&target);
        let home = Home::at(target.url());
        (target, home)
    };
    let mut duration = {
        let (_target, home) = make();
        let start = Instant::now();
        home.run_ok(&adopt);
        start.elapsed()
    };
    let (mut runs, mut killed) = (0, 0);
    while runs < kill_count() || (killed == 0 && runs < MAX_RUNS) {
        runs += 1;
        let (target, home) = make();
        let mut killed_runs = 0;
        while killed_runs < 2 && !kill_after(home.command(&adopt), random.below(duration)) {
            killed_runs += 1;
            remove_copy(&target);
        }
        if killed_runs == 0 {
            // The measured run was slower, because of other tests.
            duration /= 2;
        }
        killed += killed_runs;
        remove_copy(&target);
        // A run killed after the conversion has left a migration history, with which `adopt`
        // refuses to run. An upgrade applies the remaining migrations.
        if home.run(&adopt).code != Some(0) {
            home.run_ok(&["migrate", "upgrade"]);
        }
        home.run_ok(&["migrate", "check"]);
        assert_eq!(home.count(), ROWS);
        home.run_ok(&["messages", "stats", "--check"]);
        let sums =
            target.query("SELECT sum(id), sum(tokens_used), min(user_message) FROM messages");
        let expected = [ROWS * (ROWS + 1), ROWS * (ROWS + 1) / 2].map(|sum| Some(sum.to_string()));
        assert_eq!(sums[0][..2], expected, "every message is unchanged");
        assert_eq!(sums[0][2].as_deref(), Some("message 1"));
    }
    assert!(killed > 0, "no run was killed");
}

#[test]
fn killed_adoptions_in_sqlite_can_be_repeated() {
    adoptions(Engine::Sqlite);
}

#[test]
fn killed_adoptions_in_postgresql_can_be_repeated() {
    if Engine::PostgreSql.is_available() {
        adoptions(Engine::PostgreSql);
    }
}
