//! Copies the same SQLite file with pgloader, and compares its result with that of the command by
//! SQL queries.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use chatkeep_bench_protocol::Result;
use chatkeep_testkit::TestDatabase;
use serde::{Deserialize, Serialize};

use super::Runner;
use super::postgres::Postgres;
use super::program::{Memory, run};
use super::source::Source;
use crate::host::Host;

const TIMEOUT: Duration = Duration::from_secs(3_600);
/// Options of each attempt: the defaults first. If that fails, the heap is increased from 1 GiB,
/// the default of Debian's build, to 8 GiB. That option belongs to the Lisp runtime (SBCL), so
/// pgloader does not list it.
const ATTEMPTS: &[&[&str]] = &[&[], &["--dynamic-space-size", "8192"]];

/// Queries run on both databases. The second column of each row is compared.
const QUERIES: &[&str] = &[
    "SELECT 'column ' || c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod)
            || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
            || CASE WHEN a.attidentity <> '' THEN ' IDENTITY'
                    ELSE coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') END
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT \
     a.attisdropped
     LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relname IN ('messages', 'api_tokens') AND c.relkind = 'r' ORDER BY c.relname DESC, \
     a.attnum",
    "SELECT 'indexes of ' || tablename, string_agg(regexp_replace(indexdef, '^CREATE (UNIQUE \
     )?INDEX .* USING ', '\\1'),
            ', ' ORDER BY regexp_replace(indexdef, '^CREATE (UNIQUE )?INDEX .* USING ', '\\1'))
     FROM pg_indexes WHERE tablename IN ('messages', 'api_tokens') GROUP BY tablename ORDER BY \
     tablename DESC",
    "SELECT 'rows of messages', count(*) FROM messages",
    "SELECT 'rows of api_tokens', count(*) FROM api_tokens",
];
/// Columns whose values are compared, cast to their type in chatkeep. Equal texts are equal values.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("messages", "id", "bigint"),
    ("messages", "timestamp", "timestamp"),
    ("messages", "user_message", "text"),
    ("messages", "bot_response", "text"),
    ("messages", "provider", "text"),
    ("messages", "model", "text"),
    ("messages", "tokens_used", "bigint"),
    ("messages", "metadata", "jsonb"),
    ("api_tokens", "id", "bigint"),
    ("api_tokens", "token_hash", "text"),
    ("api_tokens", "created_at", "timestamp"),
    ("api_tokens", "is_active", "boolean"),
];
/// Run in a transaction that is rolled back.
const NEXT_ID: &str = "INSERT INTO messages (timestamp, user_message) VALUES ('2026-01-01 \
    00:00:00', 'next') RETURNING id";

/// The result of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Loaded {
    pub(crate) version: String,
    /// Options in addition to the two URLs.
    pub(crate) options: Vec<String>,
    pub(crate) seconds: f64,
    pub(crate) memory: Memory,
    /// Number of compared facts about the two databases.
    pub(crate) compared: usize,
    /// Facts that differ.
    pub(crate) differences: Vec<Difference>,
    /// The reason if it has no results.
    pub(crate) failure: Option<String>,
}

/// A fact that differs between the databases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Difference {
    pub(crate) what: String,
    pub(crate) ours: String,
    pub(crate) theirs: String,
}

/// Copies the file into an empty database with pgloader and compares the result with ours. Returns
/// no attempts if pgloader is not installed, and several if the first ones failed.
pub(super) fn load(
    runner: &Runner<'_>,
    source: &Source,
    host: &Host,
    ours: &TestDatabase,
) -> Result<Vec<Loaded>> {
    let mut all: Vec<Loaded> = Vec::new();
    let Some(version) = version() else { return Ok(all) };
    for options in ATTEMPTS {
        let loaded = attempt(runner, source, host, ours, (&version, options))?;
        let failed = loaded.failure.is_some();
        all.push(loaded);
        if !failed {
            break;
        }
    }
    Ok(all)
}

fn attempt(
    runner: &Runner<'_>,
    source: &Source,
    host: &Host,
    ours: &TestDatabase,
    (version, options): (&str, &[&str]),
) -> Result<Loaded> {
    let mut loaded = Loaded {
        version: version.to_owned(),
        options: options.iter().map(|&option| option.to_owned()).collect(),
        seconds: 0.0,
        memory: Memory::default(),
        compared: 0,
        differences: Vec::new(),
        failure: None,
    };
    let theirs = host.create()?;
    Postgres::open(theirs.url())?.execute("CHECKPOINT")?;
    let mut command = Command::new("pgloader");
    command.args(options);
    command.arg(source.database.url().replacen("sqlite:///", "sqlite://", 1)).arg(theirs.url());
    match runner.counted(|| run(command, TIMEOUT)) {
        Ok((ran, _)) => (loaded.seconds, loaded.memory) = (ran.seconds, ran.memory),
        // A failure of an alternative is a result.
        Err(failure) => {
            eprintln!("bench: moving: pgloader failed: {failure}");
            loaded.failure = Some(failure.to_string());
            return Ok(loaded);
        }
    }
    eprintln!("bench: moving: pgloader ({:.0} s)", loaded.seconds);
    let [mut one, mut other] = [facts(ours)?, facts(&theirs)?];
    for (facts, database) in [(&mut one, ours), (&mut other, &theirs)] {
        let verified = runner.verify(source.database.url(), database.url());
        let result = verified.map_or_else(|failure| failure.to_string(), |_| "equal".to_owned());
        facts.push(("`chatkeep db copy --verify`".to_owned(), result));
    }
    loaded.compared = one.len();
    loaded.differences = differences(one, other);
    Ok(loaded)
}

fn version() -> Option<String> {
    let output = Command::new("pgloader").arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.split('"').nth(1).unwrap_or("of unknown version").to_owned())
}

type Facts = Vec<(String, String)>;

fn facts(database: &TestDatabase) -> Result<Facts> {
    let postgres = Postgres::open(database.url())?;
    let mut facts = Facts::new();
    for query in QUERIES {
        for row in postgres.rows(query)? {
            let mut texts = row.into_iter().map(Option::unwrap_or_default);
            facts.extend(texts.next().zip(texts.next()));
        }
    }
    for (table, column, kind) in COLUMNS {
        let digest = postgres.value(&format!(
            "SELECT to_hex(mod(coalesce(sum(hashtextextended(id::text || ' ' || \
             {column}::{kind}::text, 0)::numeric), 0), \
             4294967296)::bigint & 4294967295) FROM {table}"
        ));
        let value =
            digest.map_or_else(|failure| failure.to_string(), |digest| format!("digest {digest}"));
        facts.push((format!("values of {table}.{column}, as {kind}"), value));
    }
    postgres.execute("BEGIN")?;
    facts.push((
        "id of the next message".to_owned(),
        postgres.value(NEXT_ID).unwrap_or_else(|failure| failure.to_string()),
    ));
    postgres.execute("ROLLBACK")?;
    Ok(facts)
}

/// Returns the differences in the order of our facts, followed by the facts that only the other
/// database has.
fn differences(ours: Facts, theirs: Facts) -> Vec<Difference> {
    let mut others: BTreeMap<String, String> = theirs.iter().cloned().collect();
    let none = || "none".to_owned();
    let mut found: Vec<Difference> = Vec::new();
    for (what, ours) in ours {
        let theirs = others.remove(&what).unwrap_or_else(none);
        found.push(Difference { what, ours, theirs });
    }
    let more = theirs.into_iter().filter(|(what, _)| others.contains_key(what));
    found.extend(more.map(|(what, theirs)| Difference { what, ours: none(), theirs }));
    found.retain(|difference| difference.ours != difference.theirs);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_differences_are_returned() {
        let facts = |all: &[(&str, &str)]| -> Facts {
            all.iter().map(|(what, value)| ((*what).to_owned(), (*value).to_owned())).collect()
        };
        let found = differences(
            facts(&[("a", "jsonb"), ("b", "1"), ("c", "index")]),
            facts(&[("b", "1"), ("a", "text"), ("d", "more")]),
        );
        let short: Vec<_> = found
            .iter()
            .map(|one| (one.what.as_str(), one.ours.as_str(), one.theirs.as_str()))
            .collect();
        assert_eq!(short, [("a", "jsonb", "text"), ("c", "index", "none"), ("d", "none", "more")]);
    }
}
