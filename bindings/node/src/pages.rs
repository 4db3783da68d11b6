//! Page-by-page iteration over all messages, and cursors.

use std::sync::{Arc, Mutex, PoisonError};

use chatkeep::operation::{Arguments, group_size};
use chatkeep::{
    Cursor, FineTuningFormat, MessageFilter, MessageIter, Order, SharedHandle, Timestamp,
};
use napi::{Either, Env};
use napi_derive::napi;

use crate::abort::Abort;
use crate::arguments::{ArgError, JsArg, integer, text};
use crate::call;
use crate::columns;
use crate::failure::Failure;
use crate::mailbox::CompletionQueue;
use crate::operations::Known;
use crate::response::{Response, response};
use crate::store::Store;
use crate::submit::{Call, Submitted};

/// An iteration over messages, or over lines of training data, one page at a time.
#[napi]
pub struct MessagePages {
    handle: SharedHandle,
    completions: Arc<CompletionQueue>,
    messages: Arc<Mutex<MessageIter>>,
    /// The format of the lines of training data. `None` iterates over messages.
    format: Option<FineTuningFormat>,
}

/// Returns the cursor after a message. The timestamp is text with microseconds.
#[napi]
pub(crate) fn cursor_after(
    #[napi(ts_arg_type = "unknown")] timestamp: JsArg<'_>,
    #[napi(ts_arg_type = "unknown")] id: JsArg<'_>,
) -> napi::Result<Either<String, Failure>> {
    const FIELD: &str = "message";
    call::enter("cursor_after", || {
        let timestamp = Timestamp::parse(&text(FIELD, &timestamp)?).map_err(ArgError::from);
        let after = timestamp.and_then(|at| Ok(Cursor::after(at, integer(FIELD, &id)?)));
        let cursor = after.map_err(|error| error.map_field(|_| FIELD.to_owned()))?;
        Ok(cursor.to_string())
    })
}

/// The arguments of an iteration.
type Selection = (MessageFilter, Order, Option<FineTuningFormat>);

#[napi]
impl Store {
    /// Iterates over messages, a page at a time. The arguments are those of `iter_messages`.
    #[napi]
    pub fn iter_messages(
        &self,
        #[napi(ts_arg_type = "unknown[]")] args: Vec<JsArg<'_>>,
    ) -> napi::Result<Either<MessagePages, Failure>> {
        self.pages("iter_messages", &args, |arguments| {
            let filter = arguments.group(group_size::<MessageFilter>())?;
            Ok((filter, arguments.take()?, None))
        })
    }

    /// Iterates over lines of training data, a page at a time. The arguments are those of
    /// `export_for_fine_tuning`.
    #[napi]
    pub fn export_pages(
        &self,
        #[napi(ts_arg_type = "unknown[]")] args: Vec<JsArg<'_>>,
    ) -> napi::Result<Either<MessagePages, Failure>> {
        self.pages("export_for_fine_tuning", &args, |arguments| {
            let format = arguments.take()?;
            let filter = arguments.group(group_size::<MessageFilter>())?;
            Ok((filter, Order::OldestFirst, Some(format)))
        })
    }
}

impl Store {
    fn pages(
        &self,
        operation: &'static str,
        args: &[JsArg<'_>],
        take: impl FnOnce(&mut Arguments<'_>) -> chatkeep::Result<Selection>,
    ) -> napi::Result<Either<MessagePages, Failure>> {
        call::enter(operation, || {
            let (filter, order, format) = Known::named("messages", operation).take(args, take)?;
            let messages = self.handle().chat()?.messages().iter_messages(&filter, order);
            Ok(MessagePages {
                handle: SharedHandle::clone(self.handle()),
                completions: Arc::clone(self.completions()),
                messages: Arc::new(Mutex::new(messages)),
                format,
            })
        })
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
                    let lines = page.iter().filter_map(|message| format.line(message));
                    response(&lines.collect::<Vec<_>>())
                }
                None => columns::messages(page),
            },
        )
    }
}
