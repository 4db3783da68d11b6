//! Session settings of MySQL and MariaDB that affect results. They are set when a connection opens,
//! and read back.
//!
//! An administrator can change the defaults for all sessions, and a proxy can drop `SET`
//! statements. Setting the values and reading them back ensures that the same call returns the same
//! result on every server. Otherwise the connection fails with an error that names the setting.

use std::collections::HashMap;
use std::time::Duration;

use super::server_timeout;
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Rejects values that do not fit a column, instead of truncating them.
const SQL_MODE: &str = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO";

/// Name, value to set, and the value that the server reports.
const SETTINGS: [(&str, &str, &str); 9] = [
    // Otherwise a statement outside a transaction is never committed.
    ("autocommit", "1", "ON"),
    // Otherwise a COMMIT opens the next transaction, or closes the connection.
    ("completion_type", "0", "NO_CHAIN"),
    // Otherwise results can be truncated without an error.
    ("sql_select_limit", "18446744073709551615", "18446744073709551615"),
    // Otherwise a long column list is truncated when schemas are compared.
    ("group_concat_max_len", "1048576", "1048576"),
    // Otherwise `id IS NULL` matches the last inserted row.
    ("sql_auto_is_null", "0", "OFF"),
    // Otherwise the server rejects updates and reads that it considers too large.
    ("sql_safe_updates", "0", "OFF"),
    ("sql_big_selects", "1", "ON"),
    // Otherwise the server may skip the check for duplicate tokens.
    ("unique_checks", "1", "ON"),
    ("time_zone", "'+00:00'", "+00:00"),
];

/// Settings of `SET NAMES`: text is transferred as UTF-8, and is compared bytewise unless a column
/// has its own collation.
const NAMES: [(&str, &str); 4] = [
    ("character_set_client", "utf8mb4"),
    ("character_set_connection", "utf8mb4"),
    ("character_set_results", "utf8mb4"),
    ("collation_connection", "utf8mb4_bin"),
];

/// Server settings that are read but not changed.
const SERVER_SETTINGS: [&str; 6] = [
    "auto_increment_increment",
    "wait_timeout",
    "log_bin",
    "binlog_format",
    "wsrep_on",
    "wsrep_provider",
];

/// Properties of the server, read after the session is configured.
#[derive(Debug)]
pub(super) struct SessionFacts {
    pub(super) batch_ids: BatchIds,
    /// Idle time after which the server closes the connection.
    pub(super) wait_timeout: Duration,
}

/// How to determine the ids of rows that one statement inserts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatchIds {
    /// The statement returns the id of each row. MariaDB needs this only on Galera, where the step
    /// changes in open sessions when nodes join or leave: reading the ids takes longer.
    Returned,
    /// The server returns only the first id. InnoDB numbers the rows of one insert in steps of the
    /// session's `auto_increment_increment`.
    Stepped(i64),
    /// MySQL on Galera does not return ids and has no constant step, so each statement inserts one
    /// row.
    Single,
}

/// Returns the statements that configure a session and read it back in one round trip.
pub(super) fn statements(engine: Engine, query_timeout: Duration) -> String {
    let settings = SETTINGS.map(|(name, value, _)| format!("{name} = {value}")).join(", ");
    let mut names = vec![isolation_name(engine), "sql_mode"];
    names.extend(SETTINGS.map(|(name, ..)| name));
    names.extend(NAMES.map(|(name, _)| name));
    names.extend(SERVER_SETTINGS);
    // READ COMMITTED: as on PostgreSQL, and without gap locks.
    format!(
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin; SET SESSION {settings}, sql_mode = '{SQL_MODE}'; \
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; {timeouts}; \
         SHOW SESSION VARIABLES WHERE Variable_name IN ('{names}')",
        timeouts = statement_timeout(engine, query_timeout),
        names = names.join("', '"),
    )
}

/// Returns the name of the isolation level's variable. MariaDB also has MySQL's name since 11.1,
/// and keeps the old one.
fn isolation_name(engine: Engine) -> &'static str {
    if engine == Engine::MariaDb { "tx_isolation" } else { "transaction_isolation" }
}

/// Returns the statement that sets the server's timeouts. MySQL limits only the duration of reads,
/// so waits for row and table locks get their own limits, in whole seconds, at least one.
pub(super) fn statement_timeout(engine: Engine, deadline: Duration) -> String {
    let limit = server_timeout(deadline);
    let (rows, tables) = (limit.as_secs().clamp(1, 3600), limit.as_secs().clamp(1, 31_536_000));
    let statement = if engine == Engine::MariaDb {
        format!("max_statement_time = {}", limit.as_secs_f64().min(31_536_000.0))
    } else {
        format!("max_execution_time = {}", limit.as_millis().min(4_294_967_295))
    };
    format!(
        "SET SESSION {statement}, innodb_lock_wait_timeout = {rows}, lock_wait_timeout = {tables}"
    )
}

/// Checks the settings that the server reports against the values that were set.
///
/// # Errors
/// `Configuration` when a setting differs; the message names it.
pub(super) fn read_back(engine: Engine, reported: Vec<(String, String)>) -> Result<SessionFacts> {
    let reported: HashMap<_, _> =
        reported.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    let settings = SETTINGS.iter().map(|(name, _, shown)| (*name, *shown)).chain(NAMES);
    for (name, expected) in settings.chain([(isolation_name(engine), "READ-COMMITTED")]) {
        expect(&reported, name, expected, |value| value.eq_ignore_ascii_case(expected))?;
    }
    expect(&reported, "sql_mode", SQL_MODE, has_our_modes)?;
    let is_on =
        |name: &str| reported.get(name).is_some_and(|value| value.eq_ignore_ascii_case("ON"));
    if is_on("log_bin")
        && reported
            .get("binlog_format")
            .is_some_and(|format| format.eq_ignore_ascii_case("STATEMENT"))
    {
        return Err(refused(
            "the server's setting binlog_format is STATEMENT, which does not allow writes at the \
             isolation level READ COMMITTED; set it to ROW or MIXED"
                .to_owned(),
        ));
    }
    let number = |name: &str| reported.get(name).and_then(|value| value.parse::<u32>().ok());
    // The provider may be loaded while replication is off.
    let has_provider = reported
        .get("wsrep_provider")
        .is_some_and(|provider| !matches!(provider.as_str(), "" | "none"));
    let batch_ids = match engine {
        Engine::MariaDb if is_on("wsrep_on") || has_provider => BatchIds::Returned,
        _ if is_on("wsrep_on") || has_provider => BatchIds::Single,
        _ => BatchIds::Stepped(number("auto_increment_increment").map_or(1, i64::from)),
    };
    let wait_timeout = Duration::from_secs(number("wait_timeout").unwrap_or(28_800).into());
    Ok(SessionFacts { batch_ids, wait_timeout })
}

fn expect(
    reported: &HashMap<String, String>,
    name: &str,
    expected: &str,
    fits: impl FnOnce(&str) -> bool,
) -> Result<()> {
    match reported.get(name) {
        Some(value) if fits(value) => Ok(()),
        // A setting that the server's version does not have has no effect.
        None => Ok(()),
        Some(value) => Err(refused(format!(
            "the session setting {name} is {value} although it was set to {expected}; a proxy or \
             the server overrides it"
        ))),
    }
}

/// Compares the modes in any order, because the server sorts them.
fn has_our_modes(value: &str) -> bool {
    let modes = |text: &str| {
        let mut modes: Vec<_> = text.split(',').map(str::to_ascii_uppercase).collect();
        modes.sort_unstable();
        modes
    };
    modes(value) == modes(SQL_MODE)
}

fn refused(text: String) -> Error {
    Error::configuration(text).with_field("DATABASE_URL")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    /// Returns the report of a server that applied all settings.
    fn reported(engine: Engine) -> Vec<(String, String)> {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut reported: Vec<_> =
            SETTINGS.iter().map(|(name, _, shown)| own((name, shown))).collect();
        reported.extend(NAMES.map(own));
        reported.push(own((isolation_name(engine), "READ-COMMITTED")));
        reported.push(own((
            "sql_mode",
            "ERROR_FOR_DIVISION_BY_ZERO,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION",
        )));
        reported.push(own(("wait_timeout", "3")));
        reported.push(own(("auto_increment_increment", "2")));
        reported
    }

    fn with(name: &str, value: &str) -> Vec<(String, String)> {
        let mut reported = reported(Engine::MySql);
        reported.retain(|(other, _)| other != name);
        reported.push((name.to_owned(), value.to_owned()));
        reported
    }

    #[test]
    fn session_facts_are_read_from_the_reported_settings() {
        let facts = read_back(Engine::MySql, reported(Engine::MySql)).expect("all is as set");
        assert_eq!(
            (facts.batch_ids, facts.wait_timeout),
            (BatchIds::Stepped(2), Duration::from_secs(3))
        );
        let facts = read_back(Engine::MariaDb, reported(Engine::MariaDb)).expect("all is as set");
        assert_eq!(facts.batch_ids, BatchIds::Stepped(2));
        for (name, value, batch_ids) in [
            ("wsrep_provider", "none", BatchIds::Stepped(2)),
            ("wsrep_provider", "/usr/lib/galera/libgalera_smm.so", BatchIds::Returned),
            ("wsrep_on", "ON", BatchIds::Returned),
        ] {
            let mut reported = reported(Engine::MariaDb);
            reported.push((name.to_owned(), value.to_owned()));
            let facts = read_back(Engine::MariaDb, reported).expect("all is as set");
            assert_eq!(facts.batch_ids, batch_ids, "{name} = {value}");
        }
        let galera = read_back(Engine::MySql, with("wsrep_on", "ON")).expect("all is as set");
        assert_eq!(galera.batch_ids, BatchIds::Single);
    }

    #[test]
    fn setting_without_effect_is_named_in_the_error() {
        for name in [
            "autocommit",
            "completion_type",
            "sql_select_limit",
            "sql_mode",
            "transaction_isolation",
        ] {
            let error = read_back(Engine::MySql, with(name, "other")).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.message().contains(name), "{error}");
        }
    }

    #[test]
    fn statement_based_replication_is_named_in_the_error() {
        let mut reported = with("binlog_format", "STATEMENT");
        assert!(read_back(Engine::MySql, reported.clone()).is_ok(), "there is no binary log");
        reported.push(("log_bin".to_owned(), "ON".to_owned()));
        let error = read_back(Engine::MySql, reported).expect_err("writes would fail");
        assert!(error.message().contains("binlog_format"), "{error}");
    }
}
