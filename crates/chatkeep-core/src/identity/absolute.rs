//! A SQLite path that no longer depends on the working folder.

use crate::error::{Error, Result};
use crate::url::{DatabaseUrl, SqliteLocation, Target};

impl DatabaseUrl {
    /// Resolves a relative path of a SQLite file against the process's current working folder, so that a later change
    /// of that folder changes nothing. Links are kept as they are. Other URLs are returned unchanged.
    ///
    /// ```
    /// use chatkeep_core::DatabaseUrl;
    ///
    /// let whole = std::env::current_dir().expect("a working folder").join("chat.db");
    /// assert_eq!(DatabaseUrl::sqlite_file("chat.db").into_absolute()?, DatabaseUrl::sqlite_file(whole));
    /// # Ok::<(), chatkeep_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Configuration` when the path is relative and the working folder has been removed.
    pub fn into_absolute(mut self) -> Result<Self> {
        if let Target::Sqlite(target) = &mut self.target
            && let SqliteLocation::File(path) = &mut target.location
            && path.is_relative()
            // Opening it says that the name is missing.
            && !path.as_os_str().is_empty()
        {
            *path = std::path::absolute(&*path).map_err(|error| {
                Error::configuration(format!(
                    "{} is relative to the working folder, which cannot be found: {error}",
                    path.display()
                ))
                .with_field("DATABASE_URL")
            })?;
        }
        Ok(self)
    }
}
