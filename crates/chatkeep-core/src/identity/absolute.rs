//! Conversion of relative SQLite paths to absolute ones.

use crate::error::{Error, Result};
use crate::url::{DatabaseUrl, SqliteLocation, Target};

impl DatabaseUrl {
    /// Resolves a relative SQLite path against the process's current working folder, so that a
    /// later change of that folder has no effect. Symbolic links are not resolved. Other URLs are
    /// returned unchanged.
    ///
    /// ```
    /// use chatkeep_core::DatabaseUrl;
    ///
    /// let path = std::env::current_dir().expect("a working folder").join("chat.db");
    /// let url = DatabaseUrl::sqlite_file("chat.db").into_absolute()?;
    /// assert_eq!(url, DatabaseUrl::sqlite_file(path));
    /// # Ok::<(), chatkeep_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Configuration` when the path is relative and the working folder is unknown, for example
    /// because it has been removed.
    pub fn into_absolute(mut self) -> Result<Self> {
        if let Target::Sqlite(target) = &mut self.target
            && let SqliteLocation::File(path) = &mut target.location
            && path.is_relative()
            // An empty path is reported when the database is opened.
            && !path.as_os_str().is_empty()
        {
            *path = std::path::absolute(&*path).map_err(|error| {
                Error::configuration(format!(
                    "cannot resolve the relative path {} against the working folder: {error}",
                    path.display()
                ))
                .with_field("DATABASE_URL")
            })?;
        }
        Ok(self)
    }
}
