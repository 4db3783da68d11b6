//! MariaDB servers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Plan, account_statements, find_program, galera, mysql_family_options, option, run};
use crate::failure::{Context, Failure, Result};
use crate::launch::{self, Account};
use crate::{Engine, environment};

/// File with the statements that create the account.
const ACCOUNT: &str = "account.sql";

pub(super) fn initialise(plan: &Plan<'_>) -> Result<()> {
    if let Some(member) = &plan.options.member {
        galera::prepare(member, plan)?;
        if !member.bootstraps {
            return Ok(());
        }
    }
    let statements = plan.folder.join(ACCOUNT);
    // The grant tables are not loaded while the data is created.
    let text = format!("FLUSH PRIVILEGES;\n{}", account_statements(plan.password))
        .replace("CREATE USER ", "CREATE USER IF NOT EXISTS ");
    fs::write(&statements, text)
        .context(|| "writing the account statements of MariaDB".to_owned())?;
    Account::own(plan.account, &statements)?;
    let mut command = launch::command(&program("mariadb-install-db")?, plan.account, "KILL");
    command
        .arg("--no-defaults")
        .args(basedir())
        .arg(option("datadir", plan.data().display()))
        .args([
            "--auth-root-authentication-method=socket",
            "--skip-test-db",
            "--skip-name-resolve",
        ]);
    if environment::installation(Engine::MariaDb).is_none() {
        command.arg(option("extra-file", statements.display()));
    }
    run(command, plan, "creating the data of a MariaDB server")
}

pub(super) fn command(plan: &Plan<'_>) -> Result<Command> {
    let mut command = launch::command(&program("mariadbd")?, plan.account, "KILL");
    command.arg("--no-defaults").args(basedir());
    if let Some(home) = environment::installation(Engine::MariaDb) {
        command
            // Before 10.6, `mariadb-install-db` does not accept statements.
            .arg(option("init-file", plan.folder.join(ACCOUNT).display()))
            .arg(option("lc-messages-dir", home.join("usr/share/mysql").display()))
            .arg(option("character-sets-dir", home.join("usr/share/mysql/charsets").display()));
    }
    mysql_family_options(&mut command, plan);
    if plan.options.without_tls {
        // From 11.4 on, the server generates a certificate if it has none.
        command.arg("--skip-ssl");
    }
    if let Some(member) = &plan.options.member {
        galera::options(&mut command, member, plan)?;
    }
    Ok(command)
}

/// Returns the option for the base folder of the installation that the environment names.
fn basedir() -> Option<String> {
    environment::installation(Engine::MariaDb)
        .map(|home| option("basedir", home.join("usr").display()))
}

fn program(name: &str) -> Result<PathBuf> {
    if let Some(home) = environment::installation(Engine::MariaDb) {
        let programs = ["usr/sbin", "usr/bin"].map(|folder| home.join(folder).join(name));
        return programs
            .into_iter()
            .find(|program| program.is_file())
            .ok_or_else(|| Failure(format!("{} contains no `{name}` of MariaDB", home.display())));
    }
    let folders = ["/usr/sbin", "/usr/bin"].map(|folder| Path::new(folder).to_owned());
    find_program(name, &folders).ok_or_else(|| {
        Failure(format!(
            "MariaDB's program `{name}` is not installed: run `make setup`, or install \
             mariadb-server"
        ))
    })
}
