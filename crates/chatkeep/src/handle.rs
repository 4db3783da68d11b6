//! Which store a call is for: what a language binding hands its objects.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use chatkeep_core::Result;

use crate::Chatkeep;

/// A store, explicit or the environment's, for language bindings: in Python and Node the environment's is there before it is
/// opened, and still there after it was closed.
pub struct Handle(Place);

enum Place {
    Own(Arc<Chatkeep>),
    /// Locked for an instant, never while a database is waited for. In Python that is by threads that are attached to the
    /// interpreter, so that no fork happens in between.
    Environment(Mutex<Option<Arc<Chatkeep>>>),
}

/// All objects of a store have the same one.
pub type SharedHandle = Arc<Handle>;

static ENVIRONMENT: LazyLock<SharedHandle> =
    LazyLock::new(|| Arc::new(Handle(Place::Environment(Mutex::default()))));

impl Handle {
    /// That of an explicit store.
    pub fn own(chat: Chatkeep) -> SharedHandle {
        Arc::new(Self(Place::Own(Arc::new(chat))))
    }

    /// That of the environment's store, the same for the whole process. No variable is read before its first use. It is opened
    /// then, and anew at the first use after it was closed.
    pub fn environment() -> SharedHandle {
        Arc::clone(&ENVIRONMENT)
    }

    /// The store, opened now if need be: that reads variables, and connects to nothing.
    ///
    /// # Errors
    /// As [`Chatkeep::from_environment`].
    pub fn chat(&self) -> Result<Arc<Chatkeep>> {
        match &self.0 {
            Place::Own(chat) => Ok(Arc::clone(chat)),
            Place::Environment(place) => {
                let mut place = lock(place);
                if let Some(chat) = &*place {
                    return Ok(Arc::clone(chat));
                }
                let chat = Arc::new(Chatkeep::from_environment()?);
                *place = Some(Arc::clone(&chat));
                Ok(chat)
            }
        }
    }

    /// The store that is to be closed, if it was ever opened.
    pub fn take(&self) -> Option<Arc<Chatkeep>> {
        match &self.0 {
            Place::Own(chat) => Some(Arc::clone(chat)),
            Place::Environment(place) => lock(place).take(),
        }
    }

    /// What is being used now, if anything.
    pub fn opened(&self) -> Option<Arc<Chatkeep>> {
        match &self.0 {
            Place::Own(chat) => Some(Arc::clone(chat)),
            Place::Environment(place) => lock(place).clone(),
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.opened().map(|chat| chat.database().database_url());
        f.debug_struct("Handle").field("database_url", &url).finish()
    }
}

fn lock(place: &Mutex<Option<Arc<Chatkeep>>>) -> MutexGuard<'_, Option<Arc<Chatkeep>>> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
