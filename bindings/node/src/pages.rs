//! Page-by-page iteration over all messages.

use std::sync::{Arc, Mutex, PoisonError};

use chatkeep::{FineTuningFormat, MessageIter};
use napi::Env;
use napi_derive::napi;

use crate::abort::Abort;
use crate::columns;
use crate::mailbox::CompletionQueue;
use crate::response::Response;
use crate::rows;
use crate::submit::{Call, Submitted};
use chatkeep::SharedHandle;

/// An iteration over messages, or over lines of training data, one page at a time.
#[napi]
pub struct MessagePages {
    handle: SharedHandle,
    completions: Arc<CompletionQueue>,
    messages: Arc<Mutex<MessageIter>>,
    /// The format of the lines of training data. `None` iterates over messages.
    format: Option<FineTuningFormat>,
}

impl MessagePages {
    pub(crate) fn new(
        handle: &SharedHandle,
        completions: &Arc<CompletionQueue>,
        messages: MessageIter,
        format: Option<FineTuningFormat>,
    ) -> Self {
        let messages = Arc::new(Mutex::new(messages));
        let (handle, completions) = (SharedHandle::clone(handle), Arc::clone(completions));
        Self { handle, completions, messages, format }
    }
}

#[napi]
impl MessagePages {
    /// Fetches the next page; null after the last one.
    #[napi]
    pub fn next_page(&self, env: Env, number: f64, abort: Option<&Abort>) -> Submitted {
        let operation =
            if self.format.is_some() { "export_for_fine_tuning" } else { "iter_messages" };
        let (handle, completions) = (&self.handle, &self.completions);
        let call = Call { env, number, operation, handle, completions, abort };
        let (messages, format) = (Arc::clone(&self.messages), self.format);
        let fetch = move |_: &chatkeep::Chatkeep, ()| {
            messages.lock().unwrap_or_else(PoisonError::into_inner).next_page()
        };
        call.submit(
            || Ok(()),
            fetch,
            move |page: Vec<chatkeep::Message>| match format {
                _ if page.is_empty() => Response::Null,
                Some(format) => {
                    rows::strings(page.iter().filter_map(|message| format.line(message)).collect())
                }
                None => columns::messages(page),
            },
        )
    }
}
