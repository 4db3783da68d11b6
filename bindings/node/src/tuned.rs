//! Bodies of operations that the generic call would slow down. They take the same arguments.
//!
//! With 64 concurrent callers on a SQLite file, a message takes 61 us, and 595 us by a call on a
//! thread each. The result of a cached token check takes 2 us, and 14 us through another thread. A
//! page of 100 messages takes JavaScript 0.16 ms by column, and 0.28 ms by row; a single message takes
//! 22 us in all by column, and 28 us by row.

use std::sync::LazyLock;

use chatkeep::operation::{Arguments, group_size};
use chatkeep::{Chatkeep, MessageFilter, NewMessage, Page, Result};
use napi::ValueType;
use napi_derive::napi;

use crate::arguments::{ArgError, ArgResult, JsArg, optional_text, text};
use crate::call;
use crate::columns;
use crate::operations::Known;
use crate::response::{JsValue, Response, response};
use crate::store::Store;

/// How an operation is run, other than by its generic call.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    /// Logs a message without a thread of its own, because callers share a transaction.
    LogMessage,
    /// Encodes the result in another form.
    Tuned(fn(&mut Arguments<'_>) -> Result<Prepared>),
}

/// A call with checked arguments.
type Prepared = Box<dyn FnOnce(&Chatkeep) -> Result<Response> + Send>;

/// Returns the body of an operation that has one.
pub(crate) fn body(interface: &str, operation: &str) -> Option<Body> {
    match (interface, operation) {
        ("messages", "log_message") => Some(Body::LogMessage),
        ("messages", "get_messages" | "retrieve_messages") => Some(Body::Tuned(get_messages)),
        ("messages", "get_message_by_id") => Some(Body::Tuned(get_message_by_id)),
        ("messages", "search_messages") => Some(Body::Tuned(search_messages)),
        _ => None,
    }
}

/// Returns the operation whose outcomes the write path completes.
pub(crate) fn log_message() -> &'static Known {
    static LOG_MESSAGE: LazyLock<&'static Known> =
        LazyLock::new(|| Known::named("messages", "log_message"));
    &LOG_MESSAGE
}

/// Takes the arguments of `log_message`.
pub(crate) fn new_message(arguments: &mut Arguments<'_>) -> Result<NewMessage> {
    arguments.group(group_size::<NewMessage>())
}

fn get_messages(arguments: &mut Arguments<'_>) -> Result<Prepared> {
    let filter: MessageFilter = arguments.group(group_size::<MessageFilter>())?;
    let page: Page = arguments.group(group_size::<Page>())?;
    Ok(Box::new(move |chat| chat.messages().get_messages(&filter, &page).map(columns::messages)))
}

fn get_message_by_id(arguments: &mut Arguments<'_>) -> Result<Prepared> {
    let id: i64 = arguments.take()?;
    Ok(Box::new(move |chat| chat.messages().get_message_by_id(id).map(columns::optional_message)))
}

fn search_messages(arguments: &mut Arguments<'_>) -> Result<Prepared> {
    let query: String = arguments.take()?;
    let filter: MessageFilter = arguments.group(group_size::<MessageFilter>())?;
    let page: Page = arguments.group(group_size::<Page>())?;
    Ok(Box::new(move |chat| {
        chat.messages().search_messages(&query, &filter, &page).map(columns::messages)
    }))
}

#[napi]
impl Store {
    /// Returns the result of `verify_token` if it is known without a database query.
    #[napi(ts_return_type = "null | boolean | Failure")]
    pub fn verify_cached(
        &self,
        #[napi(ts_arg_type = "unknown")] token: JsArg<'_>,
    ) -> napi::Result<JsValue> {
        call::enter_sync("verify_token", || {
            let Some(token) = presented(&token)? else { return Ok(Response::Bool(false)) };
            let cached = self.handle().chat()?.tokens().verify_cached(&token);
            Ok(cached.map_or(Response::Null, Response::Bool))
        })
    }

    /// Returns the result of `check_token`, as JSON, if it is known without a database query.
    #[napi(ts_return_type = "null | string | Failure")]
    pub fn check_cached(
        &self,
        #[napi(ts_arg_type = "unknown")] token: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] scope: JsArg<'_>,
    ) -> napi::Result<JsValue> {
        call::enter_sync("check_token", || {
            let token = presented(&token)?.unwrap_or_default();
            let scope = optional_text("scope", &scope)?;
            let cached = self.handle().chat()?.tokens().check_cached(&token, scope.as_deref());
            Ok(cached.map_or(Response::Null, |check| response(&check)))
        })
    }
}

/// Converts a token that a client presented.
///
/// Returns `None` for a string with a lone surrogate, which is not valid Unicode. It is a malformed
/// token rather than an invalid argument, because the client chose it.
fn presented(token: &JsArg<'_>) -> ArgResult<Option<String>> {
    match text("token", token) {
        Err(ArgError::Invalid(_)) if token.get_type()? == ValueType::String => Ok(None),
        result => result.map(Some),
    }
}
