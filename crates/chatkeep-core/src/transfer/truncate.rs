//! Deletion of all rows, before a partly filled database is filled again.

use crate::connection::Connection;
use crate::db_error::Effect;
use crate::engine::Engine;
use crate::error::Result;

/// Deletes all rows of these tables, which are in the order of their references. On MySQL and
/// MariaDB it uses DDL statements, which commit implicitly. On the other engines it is part of the
/// caller's transaction.
///
/// On MySQL and MariaDB the ids start at 1 again, so read the next ids before and set them after.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn truncate(connection: &mut Connection, tables: &[&'static str]) -> Result<()> {
    // A table is deleted before those that it references.
    let each = |statement: &str| -> String {
        tables.iter().rev().map(|table| format!("{statement} {table};")).collect()
    };
    match connection.engine() {
        Engine::Sqlite => connection.batch(&each("DELETE FROM"), Effect::None),
        Engine::PostgreSql => {
            connection.batch(&format!("TRUNCATE {}", tables.join(", ")), Effect::None)
        }
        Engine::MySql | Engine::MariaDb => {
            // A table that another one references is otherwise not truncated, even if both are
            // empty.
            let sql = format!(
                "SET @chatkeep_checks = @@SESSION.foreign_key_checks; \
                 SET SESSION foreign_key_checks = 0; {}",
                each("TRUNCATE TABLE")
            );
            let truncated = connection.batch(&sql, Effect::None);
            if !connection.is_broken() {
                connection
                    .batch("SET SESSION foreign_key_checks = @chatkeep_checks", Effect::None)?;
            }
            truncated
        }
    }
}
