//! What a failed call means, and what it means for the connection.

use diesel::result::Error as DieselError;

use super::sqlite_file_watch::FileWatch;
use super::{Connection, Session, SqliteSession};
use crate::error::{Error, ErrorKind};
use crate::fault::{self, Effect};

impl Connection {
    /// The error of a read, or of a write inside a transaction that has yet to commit.
    pub(crate) fn read_error(&mut self, error: DieselError) -> Error {
        self.explain(error, Effect::None)
    }

    /// The error of a write, which commits by itself unless a transaction is open.
    pub(crate) fn write_error(&mut self, error: DieselError) -> Error {
        let effect = if self.in_transaction { Effect::None } else { Effect::Commits };
        self.explain(error, effect)
    }

    /// The error of a SQLite file that is known to be gone.
    pub(super) fn file_error(&self) -> Option<Error> {
        match &self.session {
            Session::Sqlite(session) => session.hooks().file().and_then(FileWatch::error),
            Session::PostgreSql(_) | Session::MySql(_) => None,
        }
    }

    pub(super) fn explain(&mut self, error: DieselError, effect: Effect) -> Error {
        let error = self.kind_of(error, effect);
        if error.kind() == ErrorKind::ReadOnly {
            // After a planned failover the old primary stays up and refuses writes. The next connection may lead to the
            // new one.
            self.mark_broken();
        }
        error
    }

    fn kind_of(&mut self, error: DieselError, effect: Effect) -> Error {
        match &mut self.session {
            Session::Sqlite(session) => sqlite_error(session, error, effect),
            Session::PostgreSql(connection) => match connection.take_failure() {
                Some(failure) => fault::postgresql::error(&failure, effect),
                None => fault::from_diesel(error),
            },
            Session::MySql(connection) => match connection.take_failure() {
                Some(failure) => fault::mysql::error(&failure, effect),
                None => fault::from_diesel(error),
            },
        }
    }
}

fn sqlite_error(session: &mut SqliteSession, error: DieselError, effect: Effect) -> Error {
    if let Some(limit) = session.take_elapsed() {
        return fault::elapsed(limit, Effect::None);
    }
    if let Some(gone) = session.hooks().file().and_then(FileWatch::error) {
        return gone;
    }
    let error = fault::sqlite::error_of(error, effect);
    if error.kind() == ErrorKind::OutcomeUnknown {
        session.hooks().mark_broken();
    }
    error
}
