//! A store: where JavaScript's calls come in.
#![expect(clippy::too_many_arguments, reason = "they are options in JavaScript")]

use std::sync::Arc;
use std::time::Duration;

use napi::{Either, Env};
use napi_derive::napi;

use crate::abort::Abort;
use crate::arguments::{self, Given, Settings, Taken, is_given};
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
    #[napi(ts_arg_type = "unknown")] pool_recycle: Given<'_>,
    #[napi(ts_arg_type = "unknown")] pool_pre_ping: Given<'_>,
    #[napi(ts_arg_type = "unknown")] connect_timeout: Given<'_>,
    #[napi(ts_arg_type = "unknown")] query_timeout: Given<'_>,
    #[napi(ts_arg_type = "unknown")] max_retries: Given<'_>,
    #[napi(ts_arg_type = "unknown")] retry_delay: Given<'_>,
    #[napi(ts_arg_type = "unknown")] auto_migrate: Given<'_>,
    #[napi(ts_arg_type = "unknown")] writers: Given<'_>,
    #[napi(ts_arg_type = "unknown")] token_cache: Given<'_>,
) -> napi::Result<Either<Store, Failure>> {
    let settings = Settings {
        url: &url,
        pool_size: &pool_size,
        max_overflow: &max_overflow,
        pool_timeout: &pool_timeout,
        pool_recycle: &pool_recycle,
        pool_pre_ping: &pool_pre_ping,
        connect_timeout: &connect_timeout,
        query_timeout: &query_timeout,
        max_retries: &max_retries,
        retry_delay: &retry_delay,
        auto_migrate: &auto_migrate,
        writers: &writers,
        token_cache: &token_cache,
    };
    door::enter("Chatkeep", || {
        Ok(Store { handle: Handle::own(settings.builder()?.open()?), slot: mailbox.slot() })
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
    pub fn close(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] timeout: Given<'_>,
    ) -> Begun {
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
