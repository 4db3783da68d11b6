//! A store: where JavaScript's calls come in.
#![expect(clippy::too_many_arguments, reason = "they are options in JavaScript")]

use std::sync::Arc;
use std::time::Duration;

use chatkeep::ChatkeepBuilder;
use napi::{Either, Env};
use napi_derive::napi;

use crate::abort::Abort;
use crate::arguments::{self, Given, Taken, is_given};
use crate::door;
use crate::failure::Failure;
use crate::mailbox::{Mailbox, Slot};
use crate::submit::{Begun, Call};
use chatkeep::{Handle, SharedHandle};

/// The patience of `flush` and `close`.
const PATIENCE: Duration = Duration::from_secs(30);

/// A store, as one environment sees it.
///
/// A call that is awaited is given a number by JavaScript. It returns nothing when it has begun, and its outcome comes by
/// way of the mailbox; or it returns why it could not begin.
#[napi]
pub struct Store {
    handle: SharedHandle,
    slot: Arc<Slot>,
}

/// The store that the variables of the environment name. None is read before its first use. All environments of the
/// process share it.
#[napi]
pub(crate) fn environment_store(mailbox: &Mailbox) -> Store {
    Store { handle: Handle::environment(), slot: mailbox.slot() }
}

/// A store of its own.
#[napi]
pub(crate) fn open_store(
    mailbox: &Mailbox,
    #[napi(ts_arg_type = "unknown")] url: Given<'_>,
    #[napi(ts_arg_type = "unknown")] pool_size: Given<'_>,
    #[napi(ts_arg_type = "unknown")] max_overflow: Given<'_>,
    #[napi(ts_arg_type = "unknown")] pool_timeout: Given<'_>,
    #[napi(ts_arg_type = "unknown")] connect_timeout: Given<'_>,
    #[napi(ts_arg_type = "unknown")] query_timeout: Given<'_>,
    #[napi(ts_arg_type = "unknown")] auto_migrate: Given<'_>,
    #[napi(ts_arg_type = "unknown")] writers: Given<'_>,
    #[napi(ts_arg_type = "unknown")] token_cache: Given<'_>,
) -> napi::Result<Either<Store, Failure>> {
    fn set<T>(
        builder: ChatkeepBuilder,
        value: Option<T>,
        setter: impl FnOnce(ChatkeepBuilder, T) -> ChatkeepBuilder,
    ) -> ChatkeepBuilder {
        match value {
            Some(value) => setter(builder, value),
            None => builder,
        }
    }
    door::enter("Chatkeep", || {
        let (count, span) = (arguments::count, arguments::optional_seconds);
        let builder = chatkeep::Chatkeep::builder();
        let url = arguments::optional_text("url", &url)?;
        let builder = set(builder, url, |builder, url| builder.url(url));
        let builder = set(builder, count("pool_size", &pool_size)?, ChatkeepBuilder::pool_size);
        let builder = set(builder, count("max_overflow", &max_overflow)?, ChatkeepBuilder::max_overflow);
        let builder = set(builder, span("pool_timeout", &pool_timeout)?, ChatkeepBuilder::pool_timeout);
        let builder =
            set(builder, span("connect_timeout", &connect_timeout)?, ChatkeepBuilder::connect_timeout);
        let builder = set(builder, span("query_timeout", &query_timeout)?, ChatkeepBuilder::query_timeout);
        let auto_migrate = arguments::switch("auto_migrate", &auto_migrate)?;
        let builder = set(builder, auto_migrate, ChatkeepBuilder::auto_migrate);
        let builder = set(builder, count("writers", &writers)?, ChatkeepBuilder::writers);
        let builder = set(builder, span("token_cache", &token_cache)?, ChatkeepBuilder::token_cache);
        Ok(Store { handle: Handle::own(builder.open()?), slot: mailbox.slot() })
    })
}

#[napi]
impl Store {
    /// The URL without its password; null where the store was not used yet.
    #[napi]
    pub fn shown(&self) -> Option<String> {
        self.handle.opened().map(|chat| chat.database().database_url())
    }

    /// `Chatkeep.flush`
    #[napi]
    pub fn flush(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] timeout: Given<'_>,
        abort: Option<&Abort>,
    ) -> Begun {
        let find = || self.handle.opened();
        self.call(env, number, "flush", abort).submit_waiting(
            || patience(&timeout),
            find,
            |chat, timeout| chat.flush(timeout),
        )
    }

    /// `Chatkeep.close`
    #[napi]
    pub fn close(&self, env: Env, number: f64, #[napi(ts_arg_type = "unknown")] timeout: Given<'_>) -> Begun {
        let find = || self.handle.take();
        self.call(env, number, "close", None).submit_waiting(
            || patience(&timeout),
            find,
            |chat, timeout| chat.close(timeout),
        )
    }
}

impl Store {
    pub(crate) fn call<'a>(
        &'a self,
        env: Env,
        number: f64,
        operation: &'static str,
        abort: Option<&'a Abort>,
    ) -> Call<'a> {
        Call { env, number, operation, handle: &self.handle, slot: &self.slot, abort }
    }

    pub(crate) fn handle(&self) -> &SharedHandle {
        &self.handle
    }

    pub(crate) fn slot(&self) -> &Arc<Slot> {
        &self.slot
    }
}

/// How long to wait, by default 30 s.
fn patience(timeout: &Given<'_>) -> Taken<Duration> {
    if is_given(timeout)? { arguments::seconds("timeout", timeout) } else { Ok(PATIENCE) }
}
