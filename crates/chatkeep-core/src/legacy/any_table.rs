//! Tables of any shape: their columns, and their rows in any order.

use std::path::Path;

use diesel::connection::DefaultLoadingMode;
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::file::{LegacyFile, named};
use super::rows::RawValue;
use super::unknown;
use crate::db_error;
use crate::error::{Error, Result};

/// A table of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnyTable {
    /// Name of the table.
    pub name: String,
    /// Names of its columns, in order.
    pub columns: Vec<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    row_values: String,
}

impl LegacyFile {
    /// Opens a file as [`LegacyFile::open`] does. It may have any tables.
    ///
    /// # Errors
    /// `Configuration` if reading the file fails. `Corrupt` if it is not a SQLite file or is
    /// damaged. `InvalidInput` if it is a chatkeep database, or its encoding is unsupported.
    /// `Conflict` if another program is writing to it. `StorageFull` if the disk has no space for a
    /// required copy.
    pub fn open_any(path: &Path) -> Result<Self> {
        Self::open_with(path, &|_| false)
    }

    /// Returns the tables whose names are valid text. Virtual tables and tables `WITHOUT ROWID` are
    /// left out.
    ///
    /// # Errors
    /// `Corrupt` if the file is damaged. `Unavailable` if reading it fails.
    pub fn any_tables(&mut self) -> Result<Vec<AnyTable>> {
        let tables = self.names(
            "SELECT CAST(name AS BLOB) AS name FROM sqlite_schema \
             WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
             AND name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND wr) \
             ORDER BY sqlite_schema.name",
        )?;
        let mut found = Vec::new();
        for (name, _) in tables.into_iter().filter(|(_, is_text)| *is_text) {
            let columns = self.names(&format!(
                "SELECT CAST(name AS BLOB) AS name FROM pragma_table_info('{}') ORDER BY cid",
                name.replace('\'', "''")
            ))?;
            let columns = columns.into_iter().filter(|(_, is_text)| *is_text);
            found.push(AnyTable { name, columns: columns.map(|(name, _)| name).collect() });
        }
        Ok(found)
    }

    /// Calls `work` with the values of these columns for each row of a table. The order is that of
    /// the bytes of one of the columns, and then that of insertion. Memory is needed for one row at
    /// a time.
    ///
    /// # Errors
    /// The error of `work`. `Corrupt` if the file is damaged. `Unavailable` if reading it fails.
    pub fn each_row(
        &mut self,
        table: &str,
        columns: &[String],
        order: Option<&str>,
        work: &mut dyn FnMut(Vec<RawValue>) -> Result<()>,
    ) -> Result<()> {
        let shown = self.path().display().to_string();
        let failed = |error| named(db_error::sqlite::error(error), &shown);
        // The column's own collation may treat different values as equal.
        let order = order.map(|column| format!("{} COLLATE BINARY, ", unknown::quoted(column)));
        let sql = format!(
            "SELECT {} AS row_values FROM {} ORDER BY {}rowid",
            unknown::as_sql(columns),
            unknown::quoted(table),
            order.unwrap_or_default()
        );
        let encoding = self.encoding;
        let rows = sql_query(sql).load_iter::<Row, DefaultLoadingMode>(&mut self.connection);
        for row in rows.map_err(failed)? {
            let values = unknown::values(&row.map_err(failed)?.row_values, encoding);
            let values = values.filter(|values| values.len() == columns.len());
            work(values.ok_or_else(|| Error::internal("SQLite returned an invalid value"))?)?;
        }
        Ok(())
    }
}
