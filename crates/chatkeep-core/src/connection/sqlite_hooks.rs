//! How long a SQLite connection waits for another's lock and works on a statement, how a statement is interrupted, and that
//! statements stay prepared.
//!
//! Diesel does not hand its connections out, but SQLite calls an extension for each one that it opens. Ours sets up the
//! connections that we open, and leaves those of others alone.
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
use crate::{deadline, interruption};

/// Milliseconds between two looks at a lock, as in SQLite's own handler, and no longer than a person notices.
const PAUSES: [u64; 10] = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50];
/// Steps of SQLite's machine between two looks at whether a statement is to be interrupted: some tens of microseconds, or a
/// hundred rows of a search, which may be long.
const STEPS: c_int = 1_000;

/// What a connection's hooks know. It must stay where it is, and outlive the connection.
pub(crate) struct Hooks {
    patience: Cell<Duration>,
    /// How long a statement may take.
    time_limit: Cell<Duration>,
    /// When the statement began. `None` on a connection whose statements have no limit.
    began: Cell<Option<Instant>>,
    /// Whether the limit ended the statement.
    is_elapsed: Cell<bool>,
    /// When the wait that goes on began.
    since: Cell<Instant>,
    is_set: Cell<bool>,
    /// The file that is open; none for memory, and while it is being opened.
    file: OnceCell<FileWatch>,
    /// A commit failed half-way.
    is_broken: Cell<bool>,
}

thread_local! {
    /// The hooks of the connection that this thread is opening.
    static OPENING: Cell<*const Hooks> = const { Cell::new(ptr::null()) };
}

impl Hooks {
    pub(super) fn new(patience: Duration) -> Box<Self> {
        let since = Cell::new(Instant::now());
        Box::new(Self {
            patience: Cell::new(patience),
            time_limit: Cell::new(patience),
            began: Cell::new(None),
            is_elapsed: Cell::new(false),
            since,
            is_set: Cell::new(false),
            file: OnceCell::new(),
            is_broken: Cell::new(false),
        })
    }

    /// From now on a statement may take this long. The limit from before is returned.
    pub(super) fn set_time_limit(&self, limit: Duration) -> Duration {
        self.time_limit.replace(limit)
    }

    /// A statement begins now.
    pub(super) fn begin(&self) {
        self.began.set(Some(Instant::now()));
        self.is_elapsed.set(false);
    }

    /// The limit that ended the statement, if one did; once.
    pub(super) fn take_elapsed(&self) -> Option<Duration> {
        self.is_elapsed.take().then(|| self.time_limit.get())
    }

    /// Whether the statement is to be ended.
    fn ends_statement(&self) -> bool {
        let elapsed =
            self.began.get().is_some_and(|began| began.elapsed() >= self.time_limit.get());
        if elapsed {
            self.is_elapsed.set(true);
        }
        elapsed || interruption::is_interrupted()
    }

    /// From now on a lock is waited for as long as this. The patience from before comes back.
    pub(super) fn set_patience(&self, patience: Duration) -> Duration {
        self.patience.replace(patience)
    }

    /// From now on a commit is refused once this file is not at its path any more.
    pub(super) fn watch(&self, file: FileWatch) {
        let _ = self.file.set(file);
    }

    /// Whether the connection is of no more use.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken.get() || self.file().is_some_and(|file| !file.was_in_place())
    }

    /// From now on it is.
    pub(super) fn mark_broken(&self) {
        self.is_broken.set(true);
    }

    pub(super) fn file(&self) -> Option<&FileWatch> {
        self.file.get()
    }

    /// Opens a connection with these hooks. Whether it has them: some other code may have removed all extensions.
    pub(super) fn opening<T>(&self, open: impl FnOnce() -> T) -> (T, bool) {
        struct Opened;
        impl Drop for Opened {
            fn drop(&mut self) {
                OPENING.set(ptr::null());
            }
        }
        static EXTENSION: Once = Once::new();
        EXTENSION.call_once(|| {
            // SAFETY: the function has the signature that SQLite calls, and does not unwind. Should there be no memory
            // for the entry, no connection gets hooks, and that is noticed.
            unsafe { sqlite3_auto_extension(Some(set_hooks)) };
        });
        OPENING.set(self);
        let _opened = Opened;
        let opened = open();
        (opened, self.is_set.get())
    }

    /// Whether to look at the lock again, which was found held so many times.
    fn waits_on(&self, looks: c_int) -> bool {
        if looks == 0 {
            self.since.set(Instant::now());
        }
        let left = deadline::left(self.patience.get().saturating_sub(self.since.get().elapsed()));
        if left.is_zero() || interruption::is_interrupted() {
            return false;
        }
        let pause = PAUSES[usize::try_from(looks).unwrap_or(0).min(PAUSES.len() - 1)];
        sleep(left.min(Duration::from_millis(pause)));
        true
    }
}

/// Called by SQLite for every connection that is opened in this process, by us or by others.
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
    // SAFETY: SQLite hands over a connection that it has just opened. The pointer is to hooks that outlive it, see
    // `Connection`, and which only the thread looks at that uses the connection, as SQLite's hooks run on it.
    unsafe {
        // SQLite would prepare a statement anew whenever a value is bound that its plan might depend on, as a page's limit
        // is (its manual, "The SQLite Query Optimizer Overview", on the query planner stability guarantee).
        sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_QPSG, 1, ptr::null_mut::<c_int>());
        sqlite3_busy_handler(connection, Some(is_busy), argument);
        sqlite3_progress_handler(connection, STEPS, Some(is_to_be_ended), argument);
        sqlite3_commit_hook(connection, Some(is_to_be_rolled_back), argument);
        (*hooks).is_set.set(true);
    }
    SQLITE_OK
}

/// Not zero: look again.
unsafe extern "C" fn is_busy(hooks: *mut c_void, looks: c_int) -> c_int {
    // SAFETY: see `set_hooks`.
    let hooks = unsafe { &*hooks.cast::<Hooks>() };
    catch_unwind(AssertUnwindSafe(|| hooks.waits_on(looks))).unwrap_or(false).into()
}

/// Not zero: end it.
unsafe extern "C" fn is_to_be_ended(hooks: *mut c_void) -> c_int {
    // SAFETY: see `set_hooks`.
    let hooks = unsafe { &*hooks.cast::<Hooks>() };
    catch_unwind(AssertUnwindSafe(|| hooks.ends_statement())).unwrap_or(true).into()
}

/// Not zero: roll back instead of committing. SQLite calls it before each commit that changes something.
unsafe extern "C" fn is_to_be_rolled_back(hooks: *mut c_void) -> c_int {
    // SAFETY: see `set_hooks`.
    let hooks = unsafe { &*hooks.cast::<Hooks>() };
    catch_unwind(AssertUnwindSafe(|| hooks.file().is_some_and(|file| !file.is_in_place())))
        .unwrap_or(true)
        .into()
}
