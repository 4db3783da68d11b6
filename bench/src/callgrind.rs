//! How many instructions a call takes, which neither the disk nor other programs change.

use std::collections::BTreeMap;
use std::env;
use std::io::ErrorKind;
use std::process::Command;
use std::time::Duration;

use chatkeep::Chatkeep;
use chatkeep_contest::{Engine, Path, Result, Row};
use rusqlite::Connection;

use crate::contestants::{insert, message, stored_hash, verify};
use crate::place::Place;

const MEMORY: &str = "sqlite:///:memory:";

/// What is counted: how it is chosen, and how it is told.
const KINDS: [(&str, &str); 5] = [
    ("insert", "log a message: chatkeep"),
    ("insert-raw", "log a message: rusqlite"),
    ("verify-warm", "check a token: chatkeep"),
    ("verify-cold", "check a token: chatkeep, cache off"),
    ("verify-raw", "check a token: rusqlite"),
];

/// A call's instructions are those of some calls less those of fewer.
const FEW: u32 = 500;
const MORE: u32 = 1500;

/// Counts all kinds; nothing where there is no valgrind.
pub(crate) fn count() -> Result<Option<BTreeMap<String, f64>>> {
    let mut counts = BTreeMap::new();
    for (kind, told) in KINDS {
        let (Some(few), Some(more)) = (collected(kind, FEW)?, collected(kind, MORE)?) else {
            return Ok(None);
        };
        let count = (more as f64 - few as f64) / f64::from(MORE - FEW);
        eprintln!("bench: {told}: {count:.0} instructions");
        counts.insert(told.to_owned(), count);
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
    Ok(line.ok_or("callgrind's report is not as expected")?.1.trim().parse()?)
}

/// Does it so many times.
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
                    return Err("a valid token was refused".into());
                }
            }
        }
        _ => return Err(format!("there is nothing called {kind} to count").into()),
    }
    Ok(())
}

fn check(chat: &Chatkeep, times: u32) -> Result<()> {
    let created = chat.tokens().create_token("for the benchmark", None)?;
    for _ in 0..times {
        if !chat.tokens().verify_token(created.token.expose())? {
            return Err("a valid token was refused".into());
        }
    }
    Ok(())
}

/// The schema, and some tokens, in memory.
fn raw() -> Result<(Connection, Vec<String>)> {
    let room = Place::Files.furnish(Engine::Sqlite, Path::Verify, 1)?;
    let connection = Connection::open_in_memory()?;
    connection.execute("ATTACH ? AS furnished", [&room.setup.file])?;
    let mut statement = connection.prepare(
        "SELECT sql FROM furnished.sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
    )?;
    let statements: Vec<String> =
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    drop(statement);
    for sql in statements {
        connection.execute(&sql, [])?;
    }
    connection.execute("INSERT INTO api_tokens SELECT * FROM furnished.api_tokens", [])?;
    connection.execute("DETACH furnished", [])?;
    Ok((connection, room.setup.tokens))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_report_is_read() {
        let report = "==7== Callgrind, a call-graph generating cache profiler\n==7== Events    : Ir\n\
                      ==7== Collected : 254063641\n";
        assert_eq!(read(report).unwrap(), 254_063_641);
        assert!(read("valgrind: bad option").is_err());
    }

    #[test]
    fn each_kind_does_its_work() {
        for (kind, _) in KINDS {
            work(kind, 2).unwrap();
        }
        assert!(work("insert-sideways", 1).is_err());
    }
}
