//! Counts the instructions of a call, which depend neither on the disk nor on other programs.

use std::collections::BTreeMap;
use std::env;
use std::io::ErrorKind;
use std::process::Command;
use std::time::Duration;

use chatkeep::Chatkeep;
use chatkeep_bench_protocol::{Engine, Path, Result, Row};
use rusqlite::Connection;

use crate::competitors::{insert, message, stored_hash, verify};
use crate::host::Host;

const MEMORY: &str = "sqlite:///:memory:";

/// Kinds of calls, by their name on the command line and their label in the results.
const KINDS: [(&str, &str); 5] = [
    ("insert", "log a message: chatkeep"),
    ("insert-raw", "log a message: rusqlite"),
    ("verify-warm", "check a token: chatkeep"),
    ("verify-cold", "check a token: chatkeep, cache off"),
    ("verify-raw", "check a token: rusqlite"),
];

/// The instructions of a call are the difference between two runs, divided by the difference of
/// their calls.
const FEW: u32 = 500;
const MORE: u32 = 1500;

/// Counts the instructions of all kinds; `None` if valgrind is not installed.
pub(crate) fn count() -> Result<Option<BTreeMap<String, f64>>> {
    let mut counts = BTreeMap::new();
    for (kind, label) in KINDS {
        let (Some(few), Some(more)) = (collected(kind, FEW)?, collected(kind, MORE)?) else {
            return Ok(None);
        };
        let count = (more as f64 - few as f64) / f64::from(MORE - FEW);
        eprintln!("bench: {label}: {count:.0} instructions");
        counts.insert(label.to_owned(), count);
    }
    Ok(Some(counts))
}

fn collected(kind: &str, times: u32) -> Result<Option<u64>> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(env::current_exe()?);
    command.args(["counted", kind, &times.to_string()]);
    match command.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
        Ok(output) if output.status.success() => {
            Ok(Some(read(&String::from_utf8_lossy(&output.stderr))?))
        }
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into()),
    }
}

fn read(report: &str) -> Result<u64> {
    let line = report.lines().find_map(|line| line.split_once("Collected :"));
    Ok(line.ok_or("the report of callgrind has an unexpected format")?.1.trim().parse()?)
}

/// Makes a kind of call `times` times.
pub(crate) fn work(kind: &str, times: u32) -> Result<()> {
    let row = Row::usual();
    match kind {
        "insert" => {
            let chat = Chatkeep::open(MEMORY)?;
            let message = message(&row)?;
            for _ in 0..times {
                chat.messages().log_message(&message)?;
            }
        }
        "insert-raw" => {
            let (connection, _) = raw()?;
            for _ in 0..times {
                insert(&connection, &row)?;
            }
        }
        "verify-warm" => check(&Chatkeep::open(MEMORY)?, times)?,
        "verify-cold" => {
            check(&Chatkeep::builder().url(MEMORY).token_cache(Duration::ZERO).open()?, times)?
        }
        "verify-raw" => {
            let (connection, tokens) = raw()?;
            for _ in 0..times {
                if !verify(&connection, &stored_hash(&tokens[0]))? {
                    return Err("a valid token was rejected".into());
                }
            }
        }
        _ => return Err(format!("unknown kind of call: {kind}").into()),
    }
    Ok(())
}

fn check(chat: &Chatkeep, times: u32) -> Result<()> {
    let created = chat.tokens().create_token("for the benchmark", None)?;
    for _ in 0..times {
        if !chat.tokens().verify_token(created.token.expose())? {
            return Err("a valid token was rejected".into());
        }
    }
    Ok(())
}

/// Opens a database in memory with the schema and some tokens, and returns the tokens.
fn raw() -> Result<(Connection, Vec<String>)> {
    let prepared = Host::Files.prepare(Engine::Sqlite, Path::Verify, 1)?;
    let connection = Connection::open_in_memory()?;
    connection.execute("ATTACH ? AS prepared", [&prepared.setup.file])?;
    let mut statement = connection.prepare(
        "SELECT sql FROM prepared.sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
    )?;
    let statements: Vec<String> =
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    drop(statement);
    for sql in statements {
        connection.execute(&sql, [])?;
    }
    connection.execute("INSERT INTO api_tokens SELECT * FROM prepared.api_tokens", [])?;
    connection.execute("DETACH prepared", [])?;
    Ok((connection, prepared.setup.tokens))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_parsed() {
        let report = "==7== Callgrind, a call-graph generating cache profiler\n==7== Events    : \
            Ir\n\
                      ==7== Collected : 254063641\n";
        assert_eq!(read(report).unwrap(), 254_063_641);
        assert!(read("valgrind: bad option").is_err());
    }

    #[test]
    fn every_kind_of_call_works() {
        for (kind, _) in KINDS {
            work(kind, 2).unwrap();
        }
        assert!(work("insert-sideways", 1).is_err());
    }
}
