//! Checks whether a connection can still be used.

use std::time::Duration;

use super::{Connection, Session};
use crate::db_error::{self, Effect};
use crate::error::{Error, Result};

/// Timeout of a ping. A reachable database responds at once, so it is shorter than for a query.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

impl Connection {
    /// Checks that the database responds.
    ///
    /// # Errors
    /// `Unavailable` when it does not respond within 5 s or the query timeout, whichever is
    /// shorter.
    pub fn ping(&mut self) -> Result<()> {
        let usual = match &self.session {
            Session::Sqlite(session)
                if session.hooks().file().is_some_and(|file| !file.is_in_place()) =>
            {
                return Err(self
                    .file_error()
                    .unwrap_or_else(|| Error::internal("the database file is missing")));
            }
            Session::Sqlite(_) if self.is_broken() => {
                return Err(db_error::lost("the database file has changed", Effect::None));
            }
            Session::Sqlite(_) => return self.batch("SELECT 1", Effect::None),
            Session::PostgreSql(connection) => connection.deadline(),
            Session::MySql(connection) => connection.deadline(),
        };
        self.set_deadline(usual.min(PING_TIMEOUT));
        let result = self.batch("SELECT 1", Effect::None);
        self.set_deadline(usual);
        result
    }

    /// Returns whether the connection can no longer be used.
    ///
    /// This is the case after a missed deadline, a failed `COMMIT`, or when the server closed the
    /// connection. It is also the case when a SQLite file was deleted or replaced, or when a file
    /// that was opened as immutable has changed.
    pub fn is_broken(&self) -> bool {
        match &self.session {
            Session::Sqlite(session) => {
                session.hooks().is_broken()
                    || self.at_rest.as_ref().is_some_and(|file| !file.is_unchanged())
            }
            Session::PostgreSql(connection) => connection.is_broken(),
            Session::MySql(connection) => connection.is_broken(),
        }
    }

    /// Returns whether the server closed the connection since the last call, `idle` ago.
    ///
    /// The pool checks this before it reuses an idle connection. A write over a closed connection
    /// would fail with an unknown outcome, although it certainly was not stored.
    ///
    /// It costs no round trip. MySQL's driver cannot check the socket, so the result is derived
    /// from the server's `wait_timeout`, after which it closes idle connections.
    pub fn has_ended(&self, idle: Duration) -> bool {
        match &self.session {
            Session::PostgreSql(connection) => connection.has_ended(),
            Session::MySql(connection) => connection.has_ended(idle),
            Session::Sqlite(_) => false,
        }
    }

    /// Marks the connection as unusable.
    pub(super) fn mark_broken(&mut self) {
        match &mut self.session {
            Session::Sqlite(session) => session.hooks().mark_broken(),
            Session::PostgreSql(connection) => connection.mark_broken(),
            Session::MySql(connection) => connection.mark_broken(),
        }
    }
}
