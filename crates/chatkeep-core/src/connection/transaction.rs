//! Transactions: all or nothing, and an honest word when nobody can know.

use crate::connection::{Connection, Session};
use crate::error::{ErrorKind, Result};
use crate::fault::Effect;

/// PostgreSQL: every statement has a snapshot of its own.
pub(crate) const BEGIN_READ_COMMITTED: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

impl Connection {
    /// Runs `work` in one transaction: committed when it returns `Ok`, rolled back when it returns an error or panics.
    ///
    /// # Errors
    /// The error of `work`; `OutcomeUnknown` when the connection breaks during the commit; `Conflict` when another
    /// transaction was in the way.
    pub fn transaction<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        // SQLite: a transaction that starts as a reader and then writes fails at once when another one wrote meanwhile.
        let begin = match self.session {
            Session::Sqlite(_) => "BEGIN IMMEDIATE",
            // Behind a pooler the role's own level would hold.
            Session::PostgreSql(_) => "BEGIN ISOLATION LEVEL read committed",
            Session::MySql(_) => "BEGIN",
        };
        self.inside(begin, work)
    }

    /// Runs `work` in one transaction whose statements each see what was committed before them, whatever the session's default
    /// isolation level is. Work under a lock needs that on PostgreSQL: at the stricter levels the statement that takes the
    /// lock also takes the snapshot, and everything read later is older than what the previous holder of the lock committed.
    pub(crate) fn transaction_under_lock<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        match self.session {
            Session::PostgreSql(_) => self.inside(BEGIN_READ_COMMITTED, work),
            _ => self.transaction(work),
        }
    }

    /// As [`Connection::transaction`], but on MySQL and MariaDB all its plain reads see the state of the first one, as they
    /// do on SQLite. On PostgreSQL each sees its own.
    pub(crate) fn steady_transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        match self.session {
            Session::MySql(_) => {
                self.inside("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; BEGIN", work)
            }
            _ => self.transaction(work),
        }
    }

    /// Runs `work`, which only reads, on one state of the database, whatever others write meanwhile.
    ///
    /// # Errors
    /// The error of `work`, or `Unavailable` when the connection breaks.
    pub fn snapshot<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let begin = match self.session {
            // The state is that of the first read.
            Session::Sqlite(_) => "BEGIN",
            Session::PostgreSql(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Session::MySql(_) => {
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
            }
        };
        self.inside(begin, work)
    }

    fn inside<T>(&mut self, begin: &str, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.batch(begin, Effect::None)?;
        self.in_transaction = true;
        let mut open = OpenTransaction { connection: self };
        let value = work(open.connection)?;
        open.commit()?;
        Ok(value)
    }
}

/// Rolls back when it goes out of scope before its commit, by an error or a panic.
struct OpenTransaction<'a> {
    connection: &'a mut Connection,
}

impl OpenTransaction<'_> {
    fn commit(&mut self) -> Result<()> {
        let committed = self.connection.batch("COMMIT", Effect::Commits);
        match committed {
            Ok(()) => {
                self.connection.in_transaction = false;
                Ok(())
            }
            Err(error) => {
                if error.kind() == ErrorKind::OutcomeUnknown {
                    self.connection.mark_broken();
                }
                Err(error)
            }
        }
    }
}

impl Drop for OpenTransaction<'_> {
    fn drop(&mut self) {
        if self.connection.in_transaction {
            self.connection.in_transaction = false;
            // On a connection that is gone the server rolls back by itself. A SQLite transaction that cannot be rolled back
            // has already ended by itself.
            if !self.connection.is_broken()
                && self.connection.batch("ROLLBACK", Effect::None).is_err()
                && !matches!(self.connection.session, Session::Sqlite(_))
            {
                self.connection.mark_broken();
            }
        }
    }
}

impl Connection {
    pub(super) fn mark_broken(&mut self) {
        match &mut self.session {
            Session::Sqlite(session) => session.hooks().mark_broken(),
            Session::PostgreSql(connection) => connection.mark_broken(),
            Session::MySql(connection) => connection.mark_broken(),
        }
    }
}
