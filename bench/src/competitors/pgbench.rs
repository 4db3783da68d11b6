//! pgbench, which is part of PostgreSQL: the limit of single statements on this machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use chatkeep_bench_protocol::{Competitor, Outcome, Path, Ready, Result, Setup};
use tempfile::NamedTempFile;

use super::{stored_hash, tokio_postgres};

const INSERT: &str = "INSERT INTO messages (timestamp, user_message, bot_response, provider, \
    model, tokens_used, metadata) \
     VALUES (now() AT TIME ZONE 'utc', :question, :answer, :provider, :model, :tokens, :metadata) \
     RETURNING id;\n";
const VERIFY: &str = "SELECT is_active, expires_at FROM api_tokens WHERE token_hash = :hash;\n";

pub(super) struct Pgbench {
    program: PathBuf,
    script: NamedTempFile,
    setup: Setup,
}

impl Pgbench {
    pub(super) fn prepare(setup: &Setup) -> Result<Self> {
        let sql = match setup.path {
            Path::Log => INSERT,
            Path::Verify => VERIFY,
            _ => return Err("pgbench supports only log and verify".into()),
        };
        let script = NamedTempFile::new()?;
        fs::write(script.path(), sql)?;
        Ok(Self { program: program()?, script, setup: setup.clone() })
    }
}

impl Competitor for Pgbench {
    fn ready(&mut self) -> Result<Ready> {
        let version = Command::new(&self.program).arg("--version").output()?;
        let version = String::from_utf8(version.stdout)?;
        let number = version.split_whitespace().nth(2).unwrap_or("unknown").to_owned();
        Ok(Ready {
            versions: BTreeMap::from([("pgbench".to_owned(), number)]),
            // It connects like the other competitors and changes no settings.
            durability: tokio_postgres::durability(&self.setup)?,
        })
    }

    /// Runs pgbench, which measures whole seconds and reconnects for each round. The time to
    /// connect is not measured.
    fn round(&mut self, length: Duration) -> Result<Outcome> {
        let Setup { path, host, port, user, password, database, row, callers, tokens, .. } =
            &self.setup;
        let mut command = Command::new(&self.program);
        command.args(["--no-vacuum", "--protocol=prepared"]).arg("--file").arg(self.script.path());
        command.args(["--client", &callers.to_string(), "--jobs", &2.min(*callers).to_string()]);
        command.args(["--time", &length.as_secs_f64().ceil().to_string()]);
        let tokens_used = row.tokens_used.to_string();
        let hash = tokens.first().map(|token| stored_hash(token)).unwrap_or_default();
        let values: &[(&str, &str)] = match path {
            Path::Verify => &[("hash", &hash)],
            _ => &[
                ("question", &row.user_message),
                ("answer", &row.bot_response),
                ("provider", &row.provider),
                ("model", &row.model),
                ("tokens", &tokens_used),
                ("metadata", &row.metadata),
            ],
        };
        for (name, value) in values {
            command.arg(format!("--define={name}={value}"));
        }
        command.args(["--host", host, "--port", &port.to_string(), "--username", user, database]);
        command.env("PGPASSWORD", password).env("PGSSLMODE", "disable");
        let output = command.output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned().into());
        }
        read(&String::from_utf8(output.stdout)?)
    }
}

/// Parses its report. The time is computed from the rate and the number of calls.
fn read(report: &str) -> Result<Outcome> {
    let number = |begin: &str| -> Result<f64> {
        let line = report.lines().find_map(|line| line.strip_prefix(begin));
        let field = line.and_then(|rest| rest.split([' ', '/']).find(|field| !field.is_empty()));
        Ok(field.ok_or("the report of pgbench has an unexpected format")?.parse()?)
    };
    let calls = number("number of transactions actually processed:")?;
    let rate = number("tps =")?;
    let failed = number("number of failed transactions:").unwrap_or(0.0);
    if failed > 0.0 {
        return Err(format!("{failed} transactions failed").into());
    }
    Ok(Outcome {
        calls: calls as u64,
        rows: calls as u64,
        seconds: calls / rate,
        p50_us: None,
        p99_us: None,
        id_sum: None,
    })
}

/// Finds the program of the newest installed version.
fn program() -> Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")?
        .flatten()
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin/pgbench")))
        })
        .filter(|(_, program)| program.is_file())
        .collect();
    found.sort();
    Ok(found.pop().ok_or("pgbench is not installed: install postgresql")?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_parsed() {
        let report = "transaction type: insert.sql\nnumber of clients: 16\n\
                      number of transactions actually processed: 15373\n\
                      number of failed transactions: 0 (0.000%)\n\
                      latency average = 1.041 ms\ntps = 15370.5 (without initial connection \
                      time)\n";
        let outcome = read(report).unwrap();
        assert_eq!((outcome.calls, outcome.rows, outcome.id_sum), (15373, 15373, None));
        assert!((outcome.seconds - 15373.0 / 15370.5).abs() < 1e-9);
        assert!(read(&report.replace("transactions: 0", "transactions: 3")).is_err());
        assert!(read("pgbench: error").is_err());
    }
}
