//! Checks before and after the rounds: competitors are durable, and every acknowledged message is
//! stored exactly once and unchanged.

use chatkeep_bench_protocol::{Engine, Outcome, Path, Ready, Result, Row, Setup};
use chatkeep_testkit::TestDatabase;

/// Checks that the settings read back by a competitor are durable.
///
/// # Errors
/// Names the setting that is not durable.
pub(crate) fn durable(engine: Engine, ready: &Ready) -> Result<()> {
    for (name, right) in engine.durable() {
        let found = ready.durability.get(*name).map_or("not reported", String::as_str);
        let is_durable = found.eq_ignore_ascii_case(right) || *right == "ON" && found == "1";
        if !is_durable {
            return Err(format!("not durable: {name} is {found}, expected {right}").into());
        }
    }
    Ok(())
}

/// The writes that a competitor reported, over all its rounds.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Claim {
    calls: u64,
    rows: u64,
    flushes: Option<u64>,
    id_sum: i64,
    ids_unknown: bool,
}

impl Claim {
    pub(crate) fn add(&mut self, outcome: &Outcome, flushes: Option<u64>) {
        self.calls += outcome.calls;
        self.rows += outcome.rows;
        if let Some(flushes) = flushes {
            self.flushes = Some(self.flushes.unwrap_or(0) + flushes);
        }
        match outcome.id_sum {
            Some(sum) => self.id_sum += sum,
            None => self.ids_unknown = true,
        }
    }

    /// Returns the disk flushes per call, if they are counted.
    pub(crate) fn flushes_per_call(&self) -> Option<f64> {
        self.flushes.map(|flushes| flushes as f64 / self.calls as f64)
    }

    /// Checks that there were enough flushes: at most one call per caller shares a commit, and each
    /// commit needs a flush.
    pub(crate) fn check_flushes(&self, callers: usize) -> Result<()> {
        // 10 % tolerance, because the counter is not read exactly at the start and end of a round.
        let least = self.calls as f64 / callers as f64 * 0.9;
        match self.flushes {
            Some(flushes) if (flushes as f64) < least => {
                let calls = self.calls;
                Err(format!("not durable: {flushes} flushes of the disk for {calls} calls").into())
            }
            _ => Ok(()),
        }
    }

    /// Checks that the database contains exactly the reported rows.
    pub(crate) fn check_contents(
        &self,
        database: &TestDatabase,
        setup: &Setup,
        times: &Times,
    ) -> Result<()> {
        let row = &setup.row;
        let found = database.query(&format!(
            "SELECT count(*), sum(id), sum(CASE WHEN {} THEN 1 ELSE 0 END) FROM messages",
            same(row, times)
        ));
        let numbers: Vec<i64> = found[0]
            .iter()
            .map(|text| Ok(text.as_deref().unwrap_or("0").parse()?))
            .collect::<Result<_>>()?;
        let &[count, id_sum, alike] = numbers.as_slice() else {
            return Err("the query returned unexpected columns".into());
        };
        let stored = i64::try_from(self.rows)?;
        let mut wrong = Vec::new();
        if count != stored {
            wrong.push(format!("{stored} rows were acknowledged, but {count} are stored"));
        }
        if alike != count {
            wrong.push(format!("{} rows differ from the logged message", count - alike));
        }
        if !self.ids_unknown && id_sum != self.id_sum {
            wrong.push(format!(
                "the reported ids add up to {}, the stored ones to {id_sum}",
                self.id_sum
            ));
        }
        let expected: serde_json::Value = serde_json::from_str(&row.metadata)?;
        for metadata in
            database.query("SELECT DISTINCT metadata FROM messages LIMIT 10").into_iter().flatten()
        {
            let text = metadata.unwrap_or_default();
            if serde_json::from_str::<serde_json::Value>(&text).ok().as_ref() != Some(&expected) {
                wrong.push(format!("unexpected metadata {text:?}"));
            }
        }
        if setup.path == Path::Turn {
            let late = database.scalar(
                "SELECT count(*) FROM messages m LEFT JOIN chat_conversations c \
                 ON c.id = m.conversation_id AND c.last_message_at >= m.timestamp \
                 WHERE c.id IS NULL",
            );
            if late.as_deref() != Some("0") {
                wrong.push("a conversation is older than its last turn".to_owned());
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ").into()) }
    }
}

/// First and last timestamp of the logged messages, as SQL text.
pub(crate) struct Times(pub(crate) String, pub(crate) String);

/// Returns the SQL condition that a row is the message, logged in this time.
fn same(row: &Row, times: &Times) -> String {
    let Row { user_message, bot_response, provider, model, tokens_used, .. } = row;
    let Times(first, last) = times;
    // None of these texts contains a quote.
    format!(
        "user_message = '{user_message}' AND bot_response = '{bot_response}' AND provider = \
         '{provider}' \
         AND model = '{model}' AND tokens_used = {tokens_used} AND timestamp BETWEEN '{first}' \
         AND '{last}'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;

    fn outcome(rows: u64, id_sum: Option<i64>) -> Outcome {
        Outcome { calls: rows, rows, seconds: 1.0, p50_us: None, p99_us: None, id_sum }
    }

    fn claim(rows: u64, id_sum: Option<i64>) -> Claim {
        let mut claim = Claim::default();
        claim.add(&outcome(rows, id_sum), None);
        claim
    }

    #[test]
    fn acknowledged_messages_must_be_stored_unchanged() {
        let prepared = Host::Files.prepare(Engine::Sqlite, Path::Log, 1).unwrap();
        let (database, setup) = (&prepared.database, &prepared.setup);
        let row = &setup.row;
        let insert = |message: &str| {
            database.execute(&format!(
                "INSERT INTO messages (timestamp, user_message, bot_response, provider, model, \
                 tokens_used, metadata) \
                 VALUES ('2026-01-02 03:04:05.000001', '{message}', '{}', '{}', '{}', {}, '{}')",
                row.bot_response, row.provider, row.model, row.tokens_used, row.metadata
            ));
        };
        let times = Times("2026-01-02 03:04:05".to_owned(), "2026-01-02 03:04:06".to_owned());
        let wrong = |claim: Claim, times: &Times| {
            claim.check_contents(database, setup, times).err().map(|error| error.to_string())
        };
        assert_eq!(wrong(claim(0, None), &times), None);
        insert(&row.user_message);
        insert(&row.user_message);
        assert_eq!(wrong(claim(2, Some(3)), &times), None);
        assert_eq!(wrong(claim(2, None), &times), None);
        assert!(
            wrong(claim(3, Some(3)), &times).unwrap().contains("3 rows were acknowledged, but 2")
        );
        assert!(wrong(claim(2, Some(4)), &times).unwrap().contains("add up to 4"));
        let later = Times("2026-01-02 03:05:00".to_owned(), "2026-01-02 03:06:00".to_owned());
        assert!(wrong(claim(2, Some(3)), &later).unwrap().contains("2 rows differ"));
        insert("another");
        assert!(wrong(claim(3, Some(6)), &times).unwrap().contains("1 rows differ"));
        database.execute("UPDATE messages SET metadata = '{}' WHERE id = 3");
        assert!(wrong(claim(3, Some(6)), &times).unwrap().contains("metadata"));
    }

    #[test]
    fn commits_require_flushes() {
        let mut claim = Claim::default();
        claim.add(&outcome(640, None), Some(9));
        assert!(claim.check_flushes(64).is_ok(), "about one commit for all callers");
        assert!(claim.check_flushes(1).is_err());
        claim.add(&outcome(640, None), Some(640));
        assert_eq!(claim.flushes_per_call(), Some(649.0 / 1280.0));
        assert!(
            super::Claim::default().check_flushes(1).is_ok(),
            "without a counter nothing is checked"
        );
    }

    #[test]
    fn an_undurable_setting_is_named() {
        let mut ready = Ready::default();
        for (name, value) in Engine::MariaDb.durable() {
            ready.durability.insert((*name).to_owned(), (*value).to_owned());
        }
        durable(Engine::MariaDb, &ready).unwrap();
        ready.durability.insert("innodb_flush_log_at_trx_commit".to_owned(), "2".to_owned());
        let wrong = durable(Engine::MariaDb, &ready).unwrap_err().to_string();
        assert!(wrong.contains("innodb_flush_log_at_trx_commit is 2"), "{wrong}");
        assert!(durable(Engine::Sqlite, &ready).unwrap_err().to_string().contains("not reported"));
    }
}
