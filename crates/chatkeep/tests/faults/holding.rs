//! A lock held by another session.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use chatkeep::{Error, ErrorKind};
use chatkeep_core::{Connection, tokens};

use crate::opening::connection;

/// An open transaction of another session. Dropping it rolls the transaction back.
pub(crate) struct Holder {
    release: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Holder {
    /// Runs `work` inside a transaction, and holds its locks.
    #[track_caller]
    pub(crate) fn of(url: &str, work: impl FnOnce(&mut Connection) + Send + 'static) -> Self {
        let mut connection = connection(url);
        let (release, wait) = mpsc::channel::<()>();
        let (ready, is_ready) = mpsc::channel();
        let thread = thread::spawn(move || {
            let outcome = connection.transaction::<()>(|connection| {
                work(connection);
                ready.send(()).expect("the test waits");
                // An error also means that the test is over.
                let _ = wait.recv();
                Err(Error::new(ErrorKind::Conflict, "rolled back on purpose"))
            });
            outcome.expect_err("nothing is committed");
        });
        is_ready.recv().expect("the other session got its lock");
        Self { release: Some(release), thread: Some(thread) }
    }

    /// Holds the lock on a token's row, as a slow transaction would.
    #[track_caller]
    pub(crate) fn of_token(url: &str, id: i64) -> Self {
        Self::of(url, move |connection| {
            assert!(
                tokens::revoke(connection, id).expect("the row is free"),
                "the token was active"
            );
        })
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.release.take());
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join)
            && !thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}
