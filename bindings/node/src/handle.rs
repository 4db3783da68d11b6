//! Which store a call is for.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use chatkeep::{Chatkeep, Result};

/// A store, explicit or the environment's.
pub(crate) enum Handle {
    Own(Arc<Chatkeep>),
    /// Opened at its first use, and anew at the first use after it was closed. All worker threads of the process share it.
    Environment(Mutex<Option<Arc<Chatkeep>>>),
}

pub(crate) type SharedHandle = Arc<Handle>;

static ENVIRONMENT: LazyLock<SharedHandle> =
    LazyLock::new(|| Arc::new(Handle::Environment(Mutex::default())));

impl Handle {
    pub(crate) fn own(chat: Chatkeep) -> SharedHandle {
        Arc::new(Self::Own(Arc::new(chat)))
    }

    /// The one store of the environment. No variable is read before its first use.
    pub(crate) fn environment() -> SharedHandle {
        Arc::clone(&ENVIRONMENT)
    }

    /// The store, opened now if need be: that reads variables, and connects to nothing.
    pub(crate) fn chat(&self) -> Result<Arc<Chatkeep>> {
        match self {
            Self::Own(chat) => Ok(Arc::clone(chat)),
            Self::Environment(place) => {
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
    pub(crate) fn take(&self) -> Option<Arc<Chatkeep>> {
        match self {
            Self::Own(chat) => Some(Arc::clone(chat)),
            Self::Environment(place) => lock(place).take(),
        }
    }

    /// What is being used now, if anything.
    pub(crate) fn opened(&self) -> Option<Arc<Chatkeep>> {
        match self {
            Self::Own(chat) => Some(Arc::clone(chat)),
            Self::Environment(place) => lock(place).clone(),
        }
    }
}

fn lock(place: &Mutex<Option<Arc<Chatkeep>>>) -> MutexGuard<'_, Option<Arc<Chatkeep>>> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
