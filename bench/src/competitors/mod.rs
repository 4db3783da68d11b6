//! Competitors in Rust, except those of `bench/sqlx`.

mod chatkeep;
mod chatkeep_async;
mod mysql_async;
mod pgbench;
mod rusqlite;
mod tokio_postgres;

pub(crate) use self::chatkeep::{message, turn, url};
pub(crate) use self::rusqlite::{insert, verify};

use std::process::ExitCode;
use std::time::Duration;

use ::tokio::runtime::{Builder, Runtime};
use chatkeep_bench_protocol::{Competitor, Ready, Result, Setup, hex, locked, serve};
use sha2::{Digest, Sha256};

/// Runs the competitor with this name until the input ends.
pub(crate) fn run(name: &str) -> ExitCode {
    serve(|setup| open(name, setup))
}

/// Returns the versions and the durability settings that chatkeep reports for a database.
pub(crate) fn ready(setup: &Setup) -> Result<Ready> {
    open("chatkeep", setup)?.ready()
}

fn open(name: &str, setup: &Setup) -> Result<Box<dyn Competitor>> {
    Ok(match name {
        "chatkeep" => Box::new(chatkeep::Facade::open(setup, None)?),
        "chatkeep-uncached" => Box::new(chatkeep::Facade::open(setup, Some(Duration::ZERO))?),
        "chatkeep-async" => Box::new(chatkeep_async::AsyncFacade::open(setup)?),
        "rusqlite" => Box::new(rusqlite::Rusqlite::open(setup, false)?),
        "rusqlite-groups" => Box::new(rusqlite::Rusqlite::open(setup, true)?),
        "tokio-postgres" => {
            Box::new(tokio_postgres::TokioPostgres::open(setup, tokio_postgres::InsertMode::Rows)?)
        }
        "tokio-postgres-groups" => Box::new(tokio_postgres::TokioPostgres::open(
            setup,
            tokio_postgres::InsertMode::Groups,
        )?),
        "copy" => {
            Box::new(tokio_postgres::TokioPostgres::open(setup, tokio_postgres::InsertMode::Copy)?)
        }
        "pgbench" => Box::new(pgbench::Pgbench::prepare(setup)?),
        "mysql_async" => Box::new(mysql_async::MysqlAsync::open(setup, false)?),
        "mysql_async-groups" => Box::new(mysql_async::MysqlAsync::open(setup, true)?),
        _ => return Err(format!("unknown competitor: {name}").into()),
    })
}

/// Returns the version of a library linked into this program.
fn linked(package: &str) -> String {
    locked(include_str!("../../../Cargo.lock"), package)
}

/// Creates a runtime with one thread for one caller, and otherwise with one thread per core, the
/// default of tokio.
fn runtime(callers: usize) -> Result<Runtime> {
    let mut builder =
        if callers == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    Ok(builder.enable_all().build()?)
}

/// Returns the hash of a token as it is stored.
pub(crate) fn stored_hash(token: &str) -> String {
    hex(&Sha256::digest(token))
}

/// Returns the current time in the format of SQLite and MySQL: `YYYY-MM-DD HH:MM:SS.ffffff`.
fn current_time() -> String {
    let text = ::chatkeep::Timestamp::now().to_string();
    text[..26].replace('T', " ")
}

/// Returns an error with this message unless the condition holds.
fn ensure(condition: bool, message: &str) -> Result<()> {
    if condition { Ok(()) } else { Err(message.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_time_has_microseconds() {
        let time = current_time();
        assert_eq!((time.len(), &time[10..11], &time[19..20]), (26, " ", "."));
    }

    #[test]
    fn a_hash_is_lower_case_hexadecimal() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(stored_hash("abc"), expected);
    }
}
