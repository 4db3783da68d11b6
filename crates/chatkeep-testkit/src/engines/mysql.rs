//! MySQL servers, from a folder that `make setup` fills with packages of a possibly newer system.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use super::{Plan, account_statements, mysql_family_options, option, run};
use crate::failure::{Context, Failure, Result};
use crate::{Engine, environment, launch};

/// Template of a server's data. Copying it takes 0.1 s, creating the data takes 2 s.
const TEMPLATE: &str = "mysql-template";

pub(super) fn initialise(home: &Path, plan: &Plan<'_>) -> Result<()> {
    let template = home.join(TEMPLATE);
    if !template.is_dir() {
        create(plan)?;
        // The first server of a run stores a copy for the others. The rename makes it appear
        // atomically. If another process wins the race for the name, the guard of the folder
        // removes the unused copy.
        let copy = plan.folder.join("template");
        duplicate(&plan.data(), &copy, plan)?;
        let _ = fs::rename(&copy, &template);
        return Ok(());
    }
    duplicate(&template, &plan.data(), plan)?;
    // Two servers must not share an identity.
    let _ = fs::remove_file(plan.data().join("auto.cnf"));
    Ok(())
}

fn create(plan: &Plan<'_>) -> Result<()> {
    let statements = plan.folder.join("account.sql");
    fs::write(&statements, account_statements(plan.password))
        .context(|| "writing the account statements of MySQL".to_owned())?;
    let mut command = server()?;
    command
        .arg("--initialize-insecure")
        .arg(option("datadir", plan.data().display()))
        .arg(option("init-file", statements.display()))
        .arg("--innodb-flush-method=nosync");
    run(command, plan, "creating the data of a MySQL server")
}

fn duplicate(from: &Path, to: &Path, plan: &Plan<'_>) -> Result<()> {
    let mut command = Command::new("cp");
    command.args(["--archive", "--reflink=auto"]).arg(from).arg(to);
    run(command, plan, "copying the data of a MySQL server")
}

pub(super) fn command(plan: &Plan<'_>) -> Result<Command> {
    let mut command = server()?;
    mysql_family_options(&mut command, plan);
    if plan.options.without_tls {
        // The server generates a certificate if it has none.
        command.arg("--tls-version=");
    }
    Ok(command)
}

/// Returns the command for `mysqld`, run by the loader and with the libraries of the same folder,
/// so that neither root privileges nor a chroot are needed.
fn server() -> Result<Command> {
    let Some(root) = installation() else {
        return Err(Failure("MySQL is not installed: run `make setup`".to_owned()));
    };
    let libraries = fs::read_dir(root.join("usr/lib"))
        .context(|| format!("reading {}", root.join("usr/lib").display()))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().ends_with("-linux-gnu"))
        .ok_or_else(|| {
            Failure(format!("{} contains no libraries: run `make setup`", root.display()))
        })?;
    let loader = fs::read_dir(&libraries)
        .context(|| format!("reading {}", libraries.display()))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-linux"))
        })
        .ok_or_else(|| {
            Failure(format!("{} contains no loader: run `make setup`", root.display()))
        })?;
    let mut command = launch::command(&loader, None, "KILL");
    command
        .arg("--library-path")
        .arg(&libraries)
        .arg(root.join("usr/sbin/mysqld"))
        .arg("--no-defaults");
    if launch::is_root() {
        command.arg("--user=root");
    }
    command
        .arg(option("basedir", root.join("usr").display()))
        .arg(option("lc-messages-dir", root.join("usr/share/mysql").display()))
        .args(["--secure-file-priv=NULL", "--mysqlx=OFF"]);
    Ok(command)
}

/// Returns why MySQL is absent, or `None` if it is installed.
pub(crate) fn absence() -> Option<String> {
    if installation().is_some() {
        return None;
    }
    let reason = cache().and_then(|cache| fs::read_to_string(cache.join("mysql/absent")).ok());
    Some(reason.map_or_else(
        || "not installed; `make setup` installs it".to_owned(),
        |text| text.trim().to_owned(),
    ))
}

fn installation() -> Option<PathBuf> {
    let usual = || cache().map(|cache| cache.join("mysql/root"));
    environment::installation(Engine::MySql)
        .or_else(usual)
        .filter(|root| root.join("usr/sbin/mysqld").is_file())
}

/// Returns the folder outside the clone that `cargo xtask setup` fills.
pub(super) fn cache() -> Option<PathBuf> {
    let folder =
        |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("CHATKEEP_CACHE")
        .or_else(|| folder("XDG_CACHE_HOME").map(|path| path.join("chatkeep")))
        .or_else(|| folder("HOME").map(|path| path.join(".cache/chatkeep")))
}
