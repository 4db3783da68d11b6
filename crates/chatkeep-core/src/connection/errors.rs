//! Conversion of Diesel errors to [`Error`], and marking of unusable connections.

use diesel::result::Error as DieselError;

use super::sqlite_file_watch::FileWatch;
use super::{BatchIds, Connection, Session, SqliteSession};
use crate::db_error::{self, Effect};
use crate::error::{Error, ErrorKind};

impl Connection {
    /// Converts the error of a read, or of a write in a transaction that is not committed yet.
    pub(crate) fn read_error(&mut self, error: DieselError) -> Error {
        self.explain(error, Effect::None)
    }

    /// Converts the error of a write, which commits automatically unless a transaction is open.
    pub(crate) fn write_error(&mut self, error: DieselError) -> Error {
        let effect = if self.in_transaction { Effect::None } else { Effect::Commits };
        self.explain(error, effect)
    }

    /// Converts the error of an insert of rows whose primary keys no caller chose.
    ///
    /// Nodes of a Galera cluster share neither locks nor the counter of ids. A duplicate primary
    /// key is there a row of another node, so the insert may be repeated.
    pub(crate) fn insert_error(&mut self, error: DieselError) -> Error {
        let error = self.write_error(error);
        let is_cluster = matches!(self.session, Session::MySql(_))
            && matches!(self.batch_ids, BatchIds::Returned | BatchIds::Single);
        if is_cluster && error.server_code() == Some("1062") && error.message().contains("PRIMARY")
        {
            return Error::new(ErrorKind::Conflict, error.message().to_owned());
        }
        error
    }

    /// Returns the error for a SQLite file that was found to be deleted or replaced.
    pub(super) fn file_error(&self) -> Option<Error> {
        match &self.session {
            Session::Sqlite(session) => session.hooks().file().and_then(FileWatch::error),
            Session::PostgreSql(_) | Session::MySql(_) => None,
        }
    }

    pub(super) fn explain(&mut self, error: DieselError, effect: Effect) -> Error {
        let error = self.kind_of(error, effect);
        if error.kind() == ErrorKind::ReadOnly {
            // After a planned failover, the old primary keeps running and rejects writes. A new
            // connection may reach the new primary.
            self.mark_broken();
        }
        error
    }

    fn kind_of(&mut self, error: DieselError, effect: Effect) -> Error {
        match &mut self.session {
            Session::Sqlite(session) => sqlite_error(session, error, effect),
            Session::PostgreSql(connection) => match connection.take_failure() {
                Some(failure) => db_error::postgresql::error(&failure, effect),
                None => db_error::from_diesel(error),
            },
            Session::MySql(connection) => match connection.take_failure() {
                Some(failure) => db_error::mysql::error(&failure, effect),
                None => db_error::from_diesel(error),
            },
        }
    }
}

fn sqlite_error(session: &mut SqliteSession, error: DieselError, effect: Effect) -> Error {
    if let Some(limit) = session.take_elapsed() {
        return db_error::elapsed(limit, Effect::None);
    }
    if let Some(error) = session.hooks().file().and_then(FileWatch::error) {
        return error;
    }
    let error = db_error::sqlite::error_of(error, effect);
    if error.kind() == ErrorKind::OutcomeUnknown {
        session.hooks().mark_broken();
    }
    error
}
