//! Repetition of statements that MySQL or MariaDB ended because of a deadlock.

use std::time::Duration;

use crate::connection::Connection;
use crate::error::Result;
use crate::interrupt;

/// Number of the server's error.
const DEADLOCK: &str = "1213";
/// Pauses between attempts.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
];

/// Runs a statement, and repeats it after a deadlock. A lock that was awaited until the timeout is
/// another error.
///
/// Inside a transaction nothing is repeated, because the deadlock has rolled back all of it.
pub(super) fn retry<T>(
    connection: &mut Connection,
    mut run: impl FnMut(&mut Connection) -> Result<T>,
) -> Result<T> {
    if connection.is_in_transaction() {
        return run(connection);
    }
    repeat(|| run(connection))
}

fn repeat<T>(mut run: impl FnMut() -> Result<T>) -> Result<T> {
    let mut pauses = PAUSES.iter();
    loop {
        match (run(), pauses.next()) {
            (Err(error), Some(pause)) if error.server_code() == Some(DEADLOCK) => {
                interrupt::pause(*pause)?;
            }
            (outcome, _) => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};

    /// Returns the number of runs, and whether the last one succeeded, if all but the last of
    /// `runs` end with this code.
    fn runs_after(code: &'static str, runs: u32) -> (u32, bool) {
        let mut count = 0;
        let outcome = repeat(|| {
            count += 1;
            if count == runs {
                return Ok(());
            }
            Err(Error::new(ErrorKind::Conflict, "it").with_server_code(Some(code)))
        });
        (count, outcome.is_ok())
    }

    #[test]
    fn only_deadlocks_are_repeated() {
        assert_eq!(runs_after("1213", 3), (3, true));
        assert_eq!(runs_after("1205", 3), (1, false));
        assert_eq!(runs_after("40P01", 3), (1, false));
    }

    #[test]
    fn repetition_ends() {
        assert_eq!(runs_after("1213", 100), (6, false));
    }
}
