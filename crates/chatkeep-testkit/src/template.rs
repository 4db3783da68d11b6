//! Copies of a database that is prepared once for all tests of a run.
//!
//! Most tests have a database of their own, and a server copies a schema faster than it runs the
//! migrations.

use std::fs::{self, File};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use crate::failure::{Context, Failure, Result};
use crate::{Engine, TestDatabase, client, environment};

/// Creates a database that has the tables and rows that `prepare` creates in an empty one. On a
/// shared server, the first caller of a run prepares a template, while other processes wait. All
/// callers copy it.
pub(crate) fn copy(engine: Engine, prepare: impl FnOnce(&TestDatabase)) -> Result<TestDatabase> {
    let home = environment::home().filter(|_| engine.is_server());
    let Some(home) = home else {
        let database = TestDatabase::create(engine);
        prepare(&database);
        return Ok(database);
    };
    let name = format!("ck_template_{}", engine.name());
    let script = home.join(format!("{name}.sql"));
    let locking = || format!("locking {name}");
    let lock = File::create(home.join(format!("{name}.lock"))).context(locking)?;
    flock(&lock, FlockOperation::LockExclusive).context(locking)?;
    if !script.exists() {
        let template = TestDatabase::named(engine, &name)?;
        prepare(&template);
        publish(&script, &statements(engine, &template)?)?;
    }
    drop(lock);
    if engine == Engine::PostgreSql {
        return TestDatabase::on_shared_server(engine, &name);
    }
    let database = TestDatabase::create(engine);
    let sql = fs::read_to_string(&script).context(|| format!("reading {}", script.display()))?;
    client::execute(engine, database.url(), &sql, crate::database::LIMIT)?;
    Ok(database)
}

/// Writes a file so that other processes read either all of its contents or no file.
fn publish(path: &Path, text: &str) -> Result<()> {
    let partial = path.with_extension("partial");
    fs::write(&partial, text)
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
        let from = format!("`{}`.`{table}`", template.name());
        sql.push_str(&format!(";\nINSERT INTO `{table}` SELECT * FROM {from};\n"));
    }
    Ok(sql)
}

fn first(row: Vec<Option<String>>, column: usize) -> Result<String> {
    let value = row.into_iter().nth(column).flatten();
    value.ok_or_else(|| Failure("the server described a table without a name".to_owned()))
}
