//! Copies of a database that is prepared once for all tests of a run.
//!
//! Most tests have a database of their own, and copying a schema is faster than running the
//! migrations.

use std::fs::{self, File};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use crate::failure::{Context, Failure, Result};
use crate::{Engine, TestDatabase, client, environment};

/// Creates a database that has the tables and rows that `prepare` creates in an empty one. The
/// first caller of a run prepares a template, while other processes wait. All callers copy it.
pub(crate) fn copy(engine: Engine, prepare: impl FnOnce(&TestDatabase)) -> Result<TestDatabase> {
    let Some(home) = environment::home() else {
        let database = TestDatabase::create(engine);
        prepare(&database);
        return Ok(database);
    };
    let name = format!("ck_template_{}", engine.name());
    // The statements that copy the template; for SQLite, the template itself.
    let template = home.join(format!("{name}.template"));
    let locking = || format!("locking {name}");
    let lock = File::create(home.join(format!("{name}.lock"))).context(locking)?;
    flock(&lock, FlockOperation::LockExclusive).context(locking)?;
    if !template.exists() {
        publish(&template, &prepared(engine, &name, prepare)?)?;
    }
    drop(lock);
    if engine == Engine::PostgreSql {
        return TestDatabase::on_shared_server(engine, &name);
    }
    let database = TestDatabase::create(engine);
    let copying = || format!("copying {}", template.display());
    if let Some(path) = database.path() {
        fs::copy(&template, path).context(copying)?;
    } else {
        let sql = fs::read_to_string(&template).context(copying)?;
        client::execute(engine, database.url(), &sql, crate::database::LIMIT)?;
    }
    Ok(database)
}

/// Prepares the template, and returns the contents of its file.
fn prepared(engine: Engine, name: &str, prepare: impl FnOnce(&TestDatabase)) -> Result<Vec<u8>> {
    if engine.is_server() {
        let template = TestDatabase::named(engine, name)?;
        prepare(&template);
        return Ok(statements(engine, &template)?.into_bytes());
    }
    let template = TestDatabase::create(engine);
    prepare(&template);
    // Without a second file: the last connection has moved its contents.
    let path = Path::new(template.name());
    let log = path.with_extension("db-wal");
    if log.exists() {
        return Err(Failure(format!("the template is still in use: {} exists", log.display())));
    }
    fs::read(path).context(|| format!("reading {}", path.display()))
}

/// Writes a file so that other processes read either all of its contents or no file.
fn publish(path: &Path, contents: &[u8]) -> Result<()> {
    let partial = path.with_extension("partial");
    fs::write(&partial, contents)
        .and_then(|()| fs::rename(&partial, path))
        .context(|| format!("writing {}", path.display()))
}

/// Returns the statements that copy the tables of a database on MySQL or MariaDB into another one
/// of the same server. PostgreSQL needs none: it copies a template when it creates a database.
fn statements(engine: Engine, template: &TestDatabase) -> Result<String> {
    if engine == Engine::PostgreSql {
        return Ok(String::new());
    }
    let mut sql = "SET foreign_key_checks = 0;\n".to_owned();
    for table in template.query("SHOW TABLES") {
        let table = first(table, 0)?;
        let created = template.query(&format!("SHOW CREATE TABLE `{table}`"));
        let created = created.into_iter().next().unwrap_or_default();
        sql.push_str(&first(created, 1)?);
        sql.push_str(";\n");
        if !template.query(&format!("SELECT 1 FROM `{table}` LIMIT 1")).is_empty() {
            let from = format!("`{}`.`{table}`", template.name());
            sql.push_str(&format!("INSERT INTO `{table}` SELECT * FROM {from};\n"));
        }
    }
    Ok(sql)
}

fn first(row: Vec<Option<String>>, column: usize) -> Result<String> {
    let value = row.into_iter().nth(column).flatten();
    value.ok_or_else(|| Failure("the server described a table without a name".to_owned()))
}
