//! Every session setting that a result depends on, on MySQL and MariaDB: stated when a connection opens, and read back.
//!
//! A server's administrator may set other values for all sessions, and a proxy may pass statements on without their
//! effect. Whatever the server's own values are, the same call gives the same result, or the connection is refused with
//! the setting's name.

use std::collections::HashMap;
use std::time::Duration;

use super::server_timeout;
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Values that do not fit are refused, never cut.
const SQL_MODE: &str = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO";

/// Name, stated value, and the value that the server shows.
const STATED: [(&str, &str, &str); 9] = [
    // Otherwise a statement outside a transaction is never committed.
    ("autocommit", "1", "ON"),
    // Otherwise a COMMIT opens the next transaction, or closes the connection.
    ("completion_type", "0", "NO_CHAIN"),
    // Otherwise a page or a list ends early without an error.
    ("sql_select_limit", "18446744073709551615", "18446744073709551615"),
    // Otherwise a long list of columns is cut when schemas are compared.
    ("group_concat_max_len", "1048576", "1048576"),
    // Otherwise `id IS NULL` finds the row inserted last.
    ("sql_auto_is_null", "0", "OFF"),
    // Otherwise an update or a read that the server takes for too large is refused.
    ("sql_safe_updates", "0", "OFF"),
    ("sql_big_selects", "1", "ON"),
    // Otherwise the server need not notice that a token exists already.
    ("unique_checks", "1", "ON"),
    ("time_zone", "'+00:00'", "+00:00"),
];

/// Settings that `SET NAMES` states: text travels as UTF-8, and is compared byte by byte where no column decides.
const NAMES: [(&str, &str); 4] = [
    ("character_set_client", "utf8mb4"),
    ("character_set_connection", "utf8mb4"),
    ("character_set_results", "utf8mb4"),
    ("collation_connection", "utf8mb4_bin"),
];

/// The server's own settings that decide how it is used.
const ASKED: [&str; 6] = [
    "auto_increment_increment",
    "wait_timeout",
    "log_bin",
    "binlog_format",
    "wsrep_on",
    "wsrep_provider",
];

/// What the server says of itself, after its session is set up.
#[derive(Debug)]
pub(super) struct SessionFacts {
    pub(super) batch_ids: BatchIds,
    /// After this long without a statement the server closes the connection.
    pub(super) wait_timeout: Duration,
}

/// How the ids of several rows that one statement inserts are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatchIds {
    /// The statement returns each row's own id: on MariaDB in a Galera cluster, where the step changes in open sessions
    /// when nodes join and leave. Reading the ids takes longer than counting them from the first one.
    Returned,
    /// The server returns the first id only. InnoDB numbers the rows of one insert in steps of this session's
    /// `auto_increment_increment`.
    Stepped(i64),
    /// MySQL in a Galera cluster, which cannot return ids: one row in each statement.
    Single,
}

/// The statements that set a session up, and the question that reads it back, for one round trip.
pub(super) fn statements(engine: Engine, query_timeout: Duration) -> String {
    let stated = STATED.map(|(name, value, _)| format!("{name} = {value}")).join(", ");
    let mut asked = vec![isolation_name(engine), "sql_mode"];
    asked.extend(STATED.map(|(name, ..)| name));
    asked.extend(NAMES.map(|(name, _)| name));
    asked.extend(ASKED);
    // READ COMMITTED: as on PostgreSQL, and without gap locks.
    format!(
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin; SET SESSION {stated}, sql_mode = '{SQL_MODE}'; \
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; {timeouts}; \
         SHOW SESSION VARIABLES WHERE Variable_name IN ('{asked}')",
        timeouts = statement_timeout(engine, query_timeout),
        asked = asked.join("', '"),
    )
}

/// MariaDB has MySQL's name as well since 11.1, and keeps the old one.
fn isolation_name(engine: Engine) -> &'static str {
    if engine == Engine::MariaDb { "tx_isolation" } else { "transaction_isolation" }
}

/// The server gives a query up as we do; MySQL does so for reads only, so waiting for rows and for tables has limits of
/// its own. Those are in whole seconds, at least one.
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

/// Compares what the server answered with what was stated.
///
/// # Errors
/// `Configuration`, which names the setting.
pub(super) fn read_back(engine: Engine, answer: Vec<(String, String)>) -> Result<SessionFacts> {
    let answer: HashMap<_, _> =
        answer.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    let stated = STATED.iter().map(|(name, _, shown)| (*name, *shown)).chain(NAMES);
    for (name, expected) in stated.chain([(isolation_name(engine), "READ-COMMITTED")]) {
        expect(&answer, name, expected, |value| value.eq_ignore_ascii_case(expected))?;
    }
    expect(&answer, "sql_mode", SQL_MODE, has_our_modes)?;
    let is_on = |name: &str| answer.get(name).is_some_and(|value| value.eq_ignore_ascii_case("ON"));
    if is_on("log_bin")
        && answer
            .get("binlog_format")
            .is_some_and(|format| format.eq_ignore_ascii_case("STATEMENT"))
    {
        return Err(refused(
            "the server's setting binlog_format is STATEMENT, with which it refuses writes at the isolation level READ \
             COMMITTED; set it to ROW or MIXED"
                .to_owned(),
        ));
    }
    let number = |name: &str| answer.get(name).and_then(|value| value.parse::<u32>().ok());
    // A cluster's provider may be loaded although replication is off for now.
    let has_provider = answer
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
    answer: &HashMap<String, String>,
    name: &str,
    expected: &str,
    fits: impl FnOnce(&str) -> bool,
) -> Result<()> {
    match answer.get(name) {
        Some(value) if fits(value) => Ok(()),
        // A setting that a later version does not have cannot be in the way.
        None => Ok(()),
        Some(value) => Err(refused(format!(
            "the session setting {name} is {value} although it was set to {expected}; a proxy or the server overrides it"
        ))),
    }
}

/// The server orders the modes as it likes.
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

    /// What a server answers that has done all it was told.
    fn answer(engine: Engine) -> Vec<(String, String)> {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut answer: Vec<_> = STATED.iter().map(|(name, _, shown)| own((name, shown))).collect();
        answer.extend(NAMES.map(own));
        answer.push(own((isolation_name(engine), "READ-COMMITTED")));
        answer.push(own((
            "sql_mode",
            "ERROR_FOR_DIVISION_BY_ZERO,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION",
        )));
        answer.push(own(("wait_timeout", "3")));
        answer.push(own(("auto_increment_increment", "2")));
        answer
    }

    fn with(name: &str, value: &str) -> Vec<(String, String)> {
        let mut answer = answer(Engine::MySql);
        answer.retain(|(other, _)| other != name);
        answer.push((name.to_owned(), value.to_owned()));
        answer
    }

    #[test]
    fn facts_are_read_from_the_session() {
        let facts = read_back(Engine::MySql, answer(Engine::MySql)).expect("all is as stated");
        assert_eq!(
            (facts.batch_ids, facts.wait_timeout),
            (BatchIds::Stepped(2), Duration::from_secs(3))
        );
        let facts = read_back(Engine::MariaDb, answer(Engine::MariaDb)).expect("all is as stated");
        assert_eq!(facts.batch_ids, BatchIds::Stepped(2));
        for (name, value, batch_ids) in [
            ("wsrep_provider", "none", BatchIds::Stepped(2)),
            ("wsrep_provider", "/usr/lib/galera/libgalera_smm.so", BatchIds::Returned),
            ("wsrep_on", "ON", BatchIds::Returned),
        ] {
            let mut answer = answer(Engine::MariaDb);
            answer.push((name.to_owned(), value.to_owned()));
            let facts = read_back(Engine::MariaDb, answer).expect("all is as stated");
            assert_eq!(facts.batch_ids, batch_ids, "{name} = {value}");
        }
        let galera = read_back(Engine::MySql, with("wsrep_on", "ON")).expect("all is as stated");
        assert_eq!(galera.batch_ids, BatchIds::Single);
    }

    #[test]
    fn a_setting_that_did_not_take_effect_is_named() {
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
    fn statement_based_replication_is_refused_by_name() {
        let mut answer = with("binlog_format", "STATEMENT");
        assert!(read_back(Engine::MySql, answer.clone()).is_ok(), "there is no binary log");
        answer.push(("log_bin".to_owned(), "ON".to_owned()));
        let error = read_back(Engine::MySql, answer).expect_err("writes would fail");
        assert!(error.message().contains("binlog_format"), "{error}");
    }
}
