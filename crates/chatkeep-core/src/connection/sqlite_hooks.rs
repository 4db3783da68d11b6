//! SQLite hooks: lock timeout, statement timeout, interruption, the check of the file before
//! commits, and plan stability.
//!
//! Diesel does not expose its raw connection, but SQLite calls registered auto extensions for each
//! connection that it opens. Ours configures the connections that this module opens and leaves all
//! others unchanged.
#![expect(unsafe_code, reason = "SQLite's hooks are C functions with a pointer")]

use std::cell::{Cell, OnceCell};
use std::ffi::{c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Once;
use std::thread::sleep;
use std::time::{Duration, Instant};

use libsqlite3_sys::{
    SQLITE_DBCONFIG_ENABLE_QPSG, SQLITE_OK, sqlite3, sqlite3_api_routines, sqlite3_auto_extension,
    sqlite3_busy_handler, sqlite3_commit_hook, sqlite3_db_config, sqlite3_progress_handler,
};

use super::sqlite_file_watch::FileWatch;
use crate::{deadline, interrupt};

/// Delays between attempts to get a lock, in milliseconds, as in SQLite's own busy handler. The
/// longest is short enough for an interactive user.
const RETRY_DELAYS: [u64; 10] = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50];
/// Number of virtual machine instructions between two calls of the progress handler. They take some
/// tens of microseconds, or in a search about 100 rows, which can be long.
const PROGRESS_STEPS: c_int = 1_000;

/// State of a connection's hooks. It must not move, and must outlive the connection.
pub(crate) struct Hooks {
    lock_timeout: Cell<Duration>,
    /// Maximum duration of a statement.
    time_limit: Cell<Duration>,
    /// Start of the current statement. `None` on a connection whose statements have no limit.
    began: Cell<Option<Instant>>,
    /// Whether the limit ended the statement.
    is_elapsed: Cell<bool>,
    /// Start of the current wait for a lock.
    wait_began: Cell<Instant>,
    is_set: Cell<bool>,
    /// The open file. Empty for an in-memory database, and while the file is being opened.
    file: OnceCell<FileWatch>,
    /// Whether a commit failed with an unknown outcome.
    is_broken: Cell<bool>,
}

thread_local! {
    /// The hooks of the connection that this thread is opening.
    static OPENING: Cell<*const Hooks> = const { Cell::new(ptr::null()) };
}

impl Hooks {
    /// Creates hooks with this timeout for locks and for statements.
    pub(super) fn new(timeout: Duration) -> Box<Self> {
        Box::new(Self {
            lock_timeout: Cell::new(timeout),
            time_limit: Cell::new(timeout),
            began: Cell::new(None),
            is_elapsed: Cell::new(false),
            wait_began: Cell::new(Instant::now()),
            is_set: Cell::new(false),
            file: OnceCell::new(),
            is_broken: Cell::new(false),
        })
    }

    /// Sets the maximum duration of a statement, and returns the previous one.
    pub(super) fn set_time_limit(&self, limit: Duration) -> Duration {
        self.time_limit.replace(limit)
    }

    /// Starts the time limit of a statement.
    pub(super) fn begin(&self) {
        self.began.set(Some(Instant::now()));
        self.is_elapsed.set(false);
    }

    /// Returns the limit that ended the statement, if one did, and clears it.
    pub(super) fn take_elapsed(&self) -> Option<Duration> {
        self.is_elapsed.take().then(|| self.time_limit.get())
    }

    /// Returns whether to abort the statement.
    fn should_abort(&self) -> bool {
        let elapsed =
            self.began.get().is_some_and(|began| began.elapsed() >= self.time_limit.get());
        if elapsed {
            self.is_elapsed.set(true);
        }
        elapsed || interrupt::is_interrupted()
    }

    /// Sets how long to wait for a lock, and returns the previous timeout.
    pub(super) fn set_lock_timeout(&self, timeout: Duration) -> Duration {
        self.lock_timeout.replace(timeout)
    }

    /// Watches this file. Commits are rolled back once it is no longer at its path.
    pub(super) fn watch(&self, file: FileWatch) {
        let _ = self.file.set(file);
    }

    /// Returns whether the connection can no longer be used.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken.get() || self.file().is_some_and(|file| !file.was_in_place())
    }

    /// Marks the connection as unusable.
    pub(super) fn mark_broken(&self) {
        self.is_broken.set(true);
    }

    pub(super) fn file(&self) -> Option<&FileWatch> {
        self.file.get()
    }

    /// Opens a connection with these hooks, and returns whether they were installed. Other code in
    /// the process may have removed all auto extensions.
    pub(super) fn opening<T>(&self, open: impl FnOnce() -> T) -> (T, bool) {
        struct Opened;
        impl Drop for Opened {
            fn drop(&mut self) {
                OPENING.set(ptr::null());
            }
        }
        static EXTENSION: Once = Once::new();
        EXTENSION.call_once(|| {
            // SAFETY: the function has the signature that SQLite calls, and does not unwind. If
            // registering fails for lack of memory, no connection gets hooks, and the caller
            // detects that.
            unsafe { sqlite3_auto_extension(Some(set_hooks)) };
        });
        OPENING.set(self);
        let _opened = Opened;
        let opened = open();
        (opened, self.is_set.get())
    }

    /// Waits before the next attempt to get a lock, and returns whether to try again. `attempts` is
    /// the number of previous calls for the same lock.
    fn should_retry(&self, attempts: c_int) -> bool {
        if attempts == 0 {
            self.wait_began.set(Instant::now());
        }
        let waited = self.wait_began.get().elapsed();
        let left = deadline::left(self.lock_timeout.get().saturating_sub(waited));
        if left.is_zero() || interrupt::is_interrupted() {
            return false;
        }
        let index = usize::try_from(attempts).unwrap_or(0).min(RETRY_DELAYS.len() - 1);
        sleep(left.min(Duration::from_millis(RETRY_DELAYS[index])));
        true
    }
}

/// Installs the hooks. SQLite calls this for every connection that any code of the process opens.
unsafe extern "C" fn set_hooks(
    connection: *mut sqlite3,
    _: *mut *mut c_char,
    _: *const sqlite3_api_routines,
) -> c_int {
    let hooks = OPENING.get();
    if hooks.is_null() {
        return SQLITE_OK;
    }
    let argument = hooks.cast_mut().cast::<c_void>();
    // SAFETY: SQLite passes a connection that it has just opened. The pointer is to hooks that
    // outlive the connection, see `SqliteSession`. Only the thread that uses the connection
    // accesses them, because SQLite runs its hooks on that thread.
    unsafe {
        // Otherwise SQLite prepares a statement again whenever a bound value could change its plan,
        // such as the limit of a page (its manual, "The SQLite Query Optimizer Overview", on the
        // query planner stability guarantee).
        sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_QPSG, 1, ptr::null_mut::<c_int>());
        sqlite3_busy_handler(connection, Some(on_busy), argument);
        sqlite3_progress_handler(connection, PROGRESS_STEPS, Some(on_progress), argument);
        sqlite3_commit_hook(connection, Some(on_commit), argument);
        (*hooks).is_set.set(true);
    }
    SQLITE_OK
}

/// Handles a held lock. A nonzero result means to try again.
unsafe extern "C" fn on_busy(hooks: *mut c_void, attempts: c_int) -> c_int {
    // SAFETY: see `set_hooks`.
    let hooks = unsafe { &*hooks.cast::<Hooks>() };
    catch_unwind(AssertUnwindSafe(|| hooks.should_retry(attempts))).unwrap_or(false).into()
}

/// Checks a running statement. A nonzero result aborts it.
unsafe extern "C" fn on_progress(hooks: *mut c_void) -> c_int {
    // SAFETY: see `set_hooks`.
    let hooks = unsafe { &*hooks.cast::<Hooks>() };
    catch_unwind(AssertUnwindSafe(|| hooks.should_abort())).unwrap_or(true).into()
}

/// Checks the file before a commit. SQLite calls it for each commit with changes; a nonzero result
/// turns the commit into a rollback.
unsafe extern "C" fn on_commit(hooks: *mut c_void) -> c_int {
    // SAFETY: see `set_hooks`.
    let hooks = unsafe { &*hooks.cast::<Hooks>() };
    catch_unwind(AssertUnwindSafe(|| hooks.file().is_some_and(|file| !file.is_in_place())))
        .unwrap_or(true)
        .into()
}
