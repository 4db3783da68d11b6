//! Runs scripts with the command-line clients of the engines.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Engine;
use crate::failure::{Context, Failure, Result};
use crate::url;

/// Runs a script with `psql`, `mariadb` or `sqlite3`. `mariadb` is used for MySQL as well, because
/// it is compatible with `mysql`. `file` is the path of a SQLite database.
pub(crate) fn run(engine: Engine, url: &str, file: Option<&Path>, sql: &str) -> Result<()> {
    let mut command = match (engine, file) {
        (_, Some(file)) => {
            let mut command = Command::new("sqlite3");
            command.args(["-batch", "-init", "/dev/null"]).arg(file);
            command
        }
        (Engine::PostgreSql, None) => {
            let mut command = Command::new("psql");
            command.args(["--no-psqlrc", "--quiet", "--dbname", url, "--file", "-"]);
            command
        }
        (_, None) => mariadb(url)?,
    };
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child =
        command.spawn().context(|| format!("starting {}", command.get_program().display()))?;
    let mut input =
        child.stdin.take().ok_or_else(|| Failure("the client has no standard input".to_owned()))?;
    // A client that exits on an error closes its input. The error is reported below.
    let _ = input.write_all(sql.as_bytes());
    drop(input);
    let output = child.wait_with_output().context(|| "waiting for the client".to_owned())?;
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() {
        Ok(())
    } else {
        Err(Failure(format!("{}: {message}", output.status)))
    }
}

/// Creates a `mariadb` command that connects to this URL.
fn mariadb(url: &str) -> Result<Command> {
    let (user, password) =
        url::account(url).ok_or_else(|| Failure("the URL has no account".to_owned()))?;
    let (host, port) = url::address(url)
        .rsplit_once(':')
        .ok_or_else(|| Failure("the URL has no port".to_owned()))?;
    let database = url.rsplit('/').next().unwrap_or_default();
    let mut command = Command::new("mariadb");
    command
        .args(["--no-defaults", "--default-character-set=utf8mb4", "--ssl", "--protocol=TCP"])
        .args(["--host", host, "--port", port, "--user", user, database])
        .env("MYSQL_PWD", password);
    Ok(command)
}
