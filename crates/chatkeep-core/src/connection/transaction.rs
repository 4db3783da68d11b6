//! Transactions, and the handling of commits whose outcome is unknown.

use crate::connection::{Connection, Session};
use crate::db_error::Effect;
use crate::error::{ErrorKind, Result};

/// PostgreSQL: every statement has its own snapshot, and sees all earlier commits.
///
/// At stricter levels, the statement that waits for a lock also takes the snapshot, and later reads
/// miss the commits of the previous lock holder. The level is stated explicitly, because behind a
/// pooler the role's default would apply.
pub(crate) const BEGIN_READ_COMMITTED: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

impl Connection {
    /// Runs `work` in a transaction, which is committed if `work` returns `Ok`, and rolled back if
    /// it returns an error or panics.
    ///
    /// # Errors
    /// The error of `work`; `OutcomeUnknown` when the connection is lost during the commit;
    /// `Conflict` on a conflict with another transaction.
    pub fn transaction<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let begin = match self.session {
            // A transaction that begins as a reader fails at its first write if another connection
            // has written since.
            Session::Sqlite(_) => "BEGIN IMMEDIATE",
            Session::PostgreSql(_) => BEGIN_READ_COMMITTED,
            Session::MySql(_) => "BEGIN",
        };
        self.run_transaction(begin, work)
    }

    /// Runs `work` like [`Connection::transaction`]. On MySQL and MariaDB, all plain reads see the
    /// snapshot of the first read, as on SQLite. On PostgreSQL, each statement has its own
    /// snapshot.
    pub(crate) fn repeatable_read_transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        match self.session {
            Session::MySql(_) => {
                self.run_transaction("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; BEGIN", work)
            }
            _ => self.transaction(work),
        }
    }

    /// Runs `work` like [`Connection::transaction`]. Its first statement must not write;
    /// on PostgreSQL it is sent together with the one that begins the transaction.
    pub(crate) fn transaction_that_reads_first<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        match &mut self.session {
            Session::PostgreSql(connection) => {
                connection.begin_with_next(BEGIN_READ_COMMITTED);
                self.run_begun(work)
            }
            _ => self.transaction(work),
        }
    }

    /// Runs `work`, which only reads, on a consistent snapshot of the database.
    ///
    /// # Errors
    /// The error of `work`, or `Unavailable` when the connection is lost.
    pub fn snapshot<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let begin = match &mut self.session {
            // The first read takes the snapshot.
            Session::Sqlite(_) => "BEGIN",
            Session::PostgreSql(connection) => {
                connection.begin_with_next("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
                return self.run_begun(work);
            }
            Session::MySql(_) => {
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
                 START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
            }
        };
        self.run_transaction(begin, work)
    }

    fn run_transaction<T>(
        &mut self,
        begin: &str,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.batch(begin, Effect::None)?;
        self.run_begun(work)
    }

    fn run_begun<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.in_transaction = true;
        let mut open = OpenTransaction { connection: self };
        let value = work(open.connection)?;
        open.commit()?;
        Ok(value)
    }
}

/// An open transaction, rolled back when dropped before its commit, by an error or a panic.
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
            // If the connection was lost, the server rolls back automatically. If the rollback
            // fails on SQLite, SQLite has already rolled the transaction back.
            if !self.connection.is_broken()
                && self.connection.batch("ROLLBACK", Effect::None).is_err()
                && !matches!(self.connection.session, Session::Sqlite(_))
            {
                self.connection.mark_broken();
            }
        }
    }
}
