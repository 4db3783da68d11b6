//! The store that an object of a language binding uses.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use chatkeep_core::Result;

use crate::Chatkeep;

/// A reference to an explicit store or to the environment's store, for language bindings.
///
/// In Python and Node, objects can refer to the environment's store before it is opened and after
/// it was closed.
pub struct Handle(Source);

enum Source {
    Explicit(Arc<Chatkeep>),
    /// Locked only briefly, never during a database call. Python locks it only on threads attached
    /// to the interpreter, so that no fork happens while it is locked.
    Environment(Mutex<Option<Arc<Chatkeep>>>),
}

/// A handle shared by all objects of a store.
pub type SharedHandle = Arc<Handle>;

static ENVIRONMENT: LazyLock<SharedHandle> =
    LazyLock::new(|| Arc::new(Handle(Source::Environment(Mutex::default()))));

impl Handle {
    /// Creates a handle to an explicit store.
    pub fn own(chat: Chatkeep) -> SharedHandle {
        Arc::new(Self(Source::Explicit(Arc::new(chat))))
    }

    /// Returns the process's handle to the environment's store.
    ///
    /// The store is opened on first use, and again on the first use after it was closed. No
    /// variable is read before that.
    pub fn environment() -> SharedHandle {
        Arc::clone(&ENVIRONMENT)
    }

    /// Returns the store. Opens the environment's store if necessary, which reads variables but
    /// does not connect.
    ///
    /// # Errors
    /// `Configuration` when a variable is invalid.
    pub fn chat(&self) -> Result<Arc<Chatkeep>> {
        match &self.0 {
            Source::Explicit(chat) => Ok(Arc::clone(chat)),
            Source::Environment(current) => {
                let mut current = lock(current);
                if let Some(chat) = &*current {
                    return Ok(Arc::clone(chat));
                }
                let chat = Arc::new(Chatkeep::from_environment()?);
                *current = Some(Arc::clone(&chat));
                Ok(chat)
            }
        }
    }

    /// Returns the store to be closed, if it was opened, and forgets the environment's store.
    pub fn take(&self) -> Option<Arc<Chatkeep>> {
        match &self.0 {
            Source::Explicit(chat) => Some(Arc::clone(chat)),
            Source::Environment(current) => lock(current).take(),
        }
    }

    /// Returns the store, if it was opened.
    pub fn opened(&self) -> Option<Arc<Chatkeep>> {
        match &self.0 {
            Source::Explicit(chat) => Some(Arc::clone(chat)),
            Source::Environment(current) => lock(current).clone(),
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.opened().map(|chat| chat.database().database_url());
        f.debug_struct("Handle").field("database_url", &url).finish()
    }
}

fn lock(current: &Mutex<Option<Arc<Chatkeep>>>) -> MutexGuard<'_, Option<Arc<Chatkeep>>> {
    current.lock().unwrap_or_else(PoisonError::into_inner)
}
