//! Database status, migrations and the search index.
//!
//! Each method implements the JavaScript method that its doc comment names. `number` is the number
//! that JavaScript gave the call, by which it finds the promise for the outcome.

use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, Error, ErrorKind, MigrateRequest, interruptible};
use chatkeep_transfer::LegacyImport as _;
use napi::{Either, Env};
use napi_derive::napi;

use crate::abort::Abort;
use crate::arguments::{self, JsArg, MigrateArgs};
use crate::call;
use crate::failure::Failure;
use crate::response::{JsValue, Response};
use crate::rows;
use crate::store::Store;
use crate::submit::Submitted;

#[napi]
#[expect(clippy::too_many_arguments, reason = "they are options in JavaScript")]
impl Store {
    /// `DatabaseManager.dbType`
    #[napi]
    pub fn db_type(&self) -> napi::Result<Either<&'static str, Failure>> {
        call::enter("db_type", || Ok(self.handle().chat()?.database().engine().name()))
    }

    /// `DatabaseManager.databaseUrl`
    #[napi]
    pub fn database_url(&self) -> napi::Result<Either<String, Failure>> {
        call::enter("database_url", || Ok(self.handle().chat()?.database().database_url()))
    }

    /// `DatabaseManager.poolStatus`, as JSON.
    #[napi(ts_return_type = "string | Failure")]
    pub fn pool_status(&self) -> napi::Result<Either<JsValue, Failure>> {
        let status =
            || Ok(rows::pool_status(self.handle().chat()?.database().pool_status()).into_js());
        call::enter("pool_status", status)
    }

    /// `DatabaseManager.waitUntilReady`
    #[napi]
    pub fn wait_until_ready(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] timeout: JsArg<'_>,
        abort: Option<&Abort>,
    ) -> Submitted {
        // `wait` checks for an abort itself, together with the timeout.
        let is_aborted = abort.map(Abort::check);
        let wait = |chat: &Chatkeep, timeout: Option<Duration>| {
            let deadline = timeout.map(|timeout| Instant::now() + timeout);
            let is_timed_out = move || deadline.is_some_and(|deadline| Instant::now() >= deadline);
            let check = move || {
                is_timed_out() || is_aborted.as_ref().is_some_and(|is_aborted| is_aborted())
            };
            let waited = interruptible(check, || chat.database().wait_until_ready());
            waited.map_err(|error| match timeout {
                Some(timeout) if error.kind() == ErrorKind::Interrupted && is_timed_out() => {
                    timed_out(timeout)
                }
                _ => error,
            })
        };
        self.call(env, number, "wait_until_ready", None).submit(
            || arguments::optional_seconds("timeout", &timeout),
            wait,
            |()| Response::Null,
        )
    }

    /// `DatabaseManager.health`
    #[napi]
    pub fn health(&self, env: Env, number: f64, abort: Option<&Abort>) -> Submitted {
        let health = |chat: &Chatkeep, ()| chat.database().health();
        self.call(env, number, "health", abort).submit(|| Ok(()), health, rows::health)
    }

    /// `DatabaseManager.migrationStatus`
    #[napi]
    pub fn migration_status(&self, env: Env, number: f64, abort: Option<&Abort>) -> Submitted {
        let status = |chat: &Chatkeep, ()| chat.database().migration_status();
        self.call(env, number, "migration_status", abort).submit(
            || Ok(()),
            status,
            rows::migration_status,
        )
    }

    /// `DatabaseManager.upgrade`
    #[napi]
    pub fn upgrade(&self, env: Env, number: f64) -> Submitted {
        let upgrade = |chat: &Chatkeep, ()| chat.database().upgrade();
        self.call(env, number, "upgrade", None).submit(|| Ok(()), upgrade, rows::strings)
    }

    /// `DatabaseManager.migrate`
    #[napi]
    pub fn migrate(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] verb: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] revision: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] folder: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] from_revision: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] description: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] per_engine: JsArg<'_>,
    ) -> Submitted {
        let args = MigrateArgs {
            verb: &verb,
            revision: &revision,
            folder: &folder,
            from_revision: &from_revision,
            description: &description,
            per_engine: &per_engine,
        };
        let migrate = |chat: &Chatkeep, request: MigrateRequest| chat.database().migrate(&request);
        self.call(env, number, "migrate", None).submit(
            || arguments::migrate_request(&args),
            migrate,
            rows::migrate_response,
        )
    }

    /// `DatabaseManager.migrateFromOldSqlite`
    #[napi]
    pub fn migrate_from_old_sqlite(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] path: JsArg<'_>,
    ) -> Submitted {
        let import = |chat: &Chatkeep, path: String| chat.migrate_from_old_sqlite(path);
        self.call(env, number, "migrate_from_old_sqlite", None).submit(
            || arguments::text("path", &path),
            import,
            rows::import_report,
        )
    }

    /// `DatabaseManager.searchIndex`
    #[napi]
    pub fn search_index(&self, env: Env, number: f64, abort: Option<&Abort>) -> Submitted {
        let state = |chat: &Chatkeep, ()| chat.database().search_index();
        let name = |state: chatkeep::SearchIndexState| Response::Text(state.name().to_owned());
        self.call(env, number, "search_index", abort).submit(|| Ok(()), state, name)
    }

    /// `DatabaseManager.createSearchIndex`
    #[napi]
    pub fn create_search_index(&self, env: Env, number: f64) -> Submitted {
        let create = |chat: &Chatkeep, ()| chat.database().create_search_index();
        self.call(env, number, "create_search_index", None).submit(
            || Ok(()),
            create,
            Response::Bool,
        )
    }

    /// `DatabaseManager.dropSearchIndex`
    #[napi]
    pub fn drop_search_index(&self, env: Env, number: f64) -> Submitted {
        let drop = |chat: &Chatkeep, ()| chat.database().drop_search_index();
        self.call(env, number, "drop_search_index", None).submit(|| Ok(()), drop, Response::Bool)
    }
}

fn timed_out(timeout: Duration) -> Error {
    let message = format!("the database was not ready within {} s", timeout.as_secs_f64());
    Error::new(ErrorKind::Unavailable, message)
}
