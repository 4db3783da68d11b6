//! All messages, a page at a time.

use std::sync::{Arc, Mutex, PoisonError};

use chatkeep::{FineTuningFormat, MessageIter};
use napi::Env;
use napi_derive::napi;

use crate::abort::Abort;
use crate::answer::Answer;
use crate::columns;
use crate::mailbox::Slot;
use crate::rows;
use crate::submit::{Begun, Call};
use chatkeep::SharedHandle;

/// The pages of an iteration over messages, or over lines that models are trained with.
#[napi]
pub struct MessagePages {
    handle: SharedHandle,
    slot: Arc<Slot>,
    messages: Arc<Mutex<MessageIter>>,
    format: Option<FineTuningFormat>,
}

impl MessagePages {
    pub(crate) fn new(
        handle: &SharedHandle,
        slot: &Arc<Slot>,
        messages: MessageIter,
        format: Option<FineTuningFormat>,
    ) -> Self {
        let messages = Arc::new(Mutex::new(messages));
        Self { handle: SharedHandle::clone(handle), slot: Arc::clone(slot), messages, format }
    }
}

#[napi]
impl MessagePages {
    /// The next page; nothing behind the last one.
    #[napi]
    pub fn next_page(&self, env: Env, number: f64, abort: Option<&Abort>) -> Begun {
        let operation =
            if self.format.is_some() { "export_for_fine_tuning" } else { "iter_messages" };
        let call = Call { env, number, operation, handle: &self.handle, slot: &self.slot, abort };
        let (messages, format) = (Arc::clone(&self.messages), self.format);
        let fetch = move |_: &chatkeep::Chatkeep, ()| {
            messages.lock().unwrap_or_else(PoisonError::into_inner).next_page()
        };
        call.submit(
            || Ok(()),
            fetch,
            move |page: Vec<chatkeep::Message>| match format {
                _ if page.is_empty() => Answer::Nothing,
                Some(format) => {
                    rows::names(page.iter().filter_map(|message| format.line(message)).collect())
                }
                None => columns::messages(page),
            },
        )
    }
}
