//! Those who take part in Rust, without those of `bench/sqlx`.

mod chatkeep;
mod chatkeep_async;
mod mysql_async;
mod pgbench;
mod rusqlite;
mod tokio_postgres;

pub(crate) use self::chatkeep::{message, url};
pub(crate) use self::rusqlite::{insert, verify};

use std::process::ExitCode;
use std::time::Duration;

use ::tokio::runtime::{Builder, Runtime};
use chatkeep_contest::{Contestant, Ready, Result, Setup, hex, locked, serve};
use sha2::{Digest, Sha256};

/// Takes part under this name until the input ends.
pub(crate) fn take_part(name: &str) -> ExitCode {
    serve(|setup| make(name, setup))
}

/// What chatkeep says of a database before it takes part: versions, and what makes it durable.
pub(crate) fn ready(setup: &Setup) -> Result<Ready> {
    make("chatkeep", setup)?.ready()
}

fn make(name: &str, setup: &Setup) -> Result<Box<dyn Contestant>> {
    Ok(match name {
        "chatkeep" => Box::new(chatkeep::Facade::open(setup, None)?),
        "chatkeep-uncached" => Box::new(chatkeep::Facade::open(setup, Some(Duration::ZERO))?),
        "chatkeep-async" => Box::new(chatkeep_async::Awaited::open(setup)?),
        "rusqlite" => Box::new(rusqlite::Rusqlite::open(setup, false)?),
        "rusqlite-groups" => Box::new(rusqlite::Rusqlite::open(setup, true)?),
        "tokio-postgres" => {
            Box::new(tokio_postgres::TokioPostgres::open(setup, tokio_postgres::Way::Rows)?)
        }
        "tokio-postgres-groups" => {
            Box::new(tokio_postgres::TokioPostgres::open(setup, tokio_postgres::Way::Groups)?)
        }
        "copy" => Box::new(tokio_postgres::TokioPostgres::open(setup, tokio_postgres::Way::Copy)?),
        "pgbench" => Box::new(pgbench::Pgbench::prepare(setup)?),
        "mysql_async" => Box::new(mysql_async::MysqlAsync::open(setup, false)?),
        "mysql_async-groups" => Box::new(mysql_async::MysqlAsync::open(setup, true)?),
        _ => return Err(format!("nobody here is called {name}").into()),
    })
}

/// The version of a library that is linked into this program.
fn linked(package: &str) -> String {
    locked(include_str!("../../../Cargo.lock"), package)
}

/// One thread for one caller; for more as many as there are cores, as tokio's documentation has it.
fn runtime(callers: usize) -> Result<Runtime> {
    let mut builder =
        if callers == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    Ok(builder.enable_all().build()?)
}

/// A token's hash as it is stored.
pub(crate) fn stored_hash(token: &str) -> String {
    hex(&Sha256::digest(token))
}

/// The moment, as SQLite and MySQL take it: `YYYY-MM-DD HH:MM:SS.ffffff`.
fn moment() -> String {
    let text = ::chatkeep::Timestamp::now().to_string();
    text[..26].replace('T', " ")
}

/// What is wrong with an answer that should have been another.
fn unless(right: bool, wrong: &str) -> Result<()> {
    if right { Ok(()) } else { Err(wrong.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_sorts_as_text() {
        let moment = moment();
        assert_eq!((moment.len(), &moment[10..11], &moment[19..20]), (26, " ", "."));
    }

    #[test]
    fn a_hash_is_lower_case_hexadecimal() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(stored_hash("abc"), expected);
    }
}
