//! Recording of migrations in the history without running them.

use super::history::{self, Row, State};
use super::migration::Owner;
use super::set::{MigrationSet, Revision};
use crate::connection::Connection;
use crate::error::Result;
use crate::value::Timestamp;

/// Records exactly the owner's migrations up to this revision as run, and returns the changes.
pub(super) fn stamp(
    connection: &mut Connection,
    set: &MigrationSet,
    owner: Owner,
    to: &Revision,
) -> Result<Vec<String>> {
    let rows = history::rows(connection)?;
    let mut changed = Vec::new();
    for migration in set.of(owner) {
        let row = rows.iter().find(|row| row.key == migration.key());
        let is_current =
            |row: &Row| row.state == State::Done && row.checksum == migration.checksum();
        if to.reaches(migration) && !row.is_some_and(is_current) {
            history::put(
                connection,
                migration,
                Timestamp::now(),
                State::Done,
                &migration.checksum(),
                None,
            )?;
            changed.push(format!("{} was run", migration.title()));
        }
    }
    let stays = |row: &Row| {
        set.of(owner).any(|migration| migration.key() == row.key && to.reaches(migration))
    };
    for row in rows.iter().filter(|row| row.owner() == owner && !stays(row)) {
        history::remove(connection, &row.key)?;
        changed.push(format!("{}_{} was not run", row.key, row.name));
    }
    Ok(changed)
}
