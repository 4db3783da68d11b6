//! Scripts run by the engines' own command-line clients, as somebody at a terminal would.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Engine;
use crate::failure::{Failure, Result, While};
use crate::url;

/// Runs a script by `psql`, `mariadb` or `sqlite3`: MySQL, too, by `mariadb`, which speaks to it as `mysql` does.
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
        command.spawn().while_(|| format!("starting {}", command.get_program().display()))?;
    let mut input =
        child.stdin.take().ok_or_else(|| Failure("the client has no input".to_owned()))?;
    // A client that ends at an error reads no more.
    let _ = input.write_all(sql.as_bytes());
    drop(input);
    let output = child.wait_with_output().while_(|| "waiting for the client".to_owned())?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() {
        Ok(())
    } else {
        Err(Failure(format!("{}: {said}", output.status)))
    }
}

fn mariadb(url: &str) -> Result<Command> {
    let (user, password) =
        url::account(url).ok_or_else(|| Failure("the URL names no account".to_owned()))?;
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
