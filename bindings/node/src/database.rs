//! The database itself.

use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, Error, ErrorKind, MigrateCall, interruptible};
use chatkeep_transfer::MovingIn as _;
use napi::{Either, Env};
use napi_derive::napi;

use crate::abort::Abort;
use crate::answer::{Answer, Told};
use crate::arguments::{self, Given, Migrate};
use crate::door;
use crate::failure::Failure;
use crate::rows;
use crate::store::Store;
use crate::submit::Begun;

#[napi]
#[expect(clippy::too_many_arguments, reason = "they are options in JavaScript")]
impl Store {
    /// `DatabaseManager.dbType`
    #[napi]
    pub fn db_type(&self) -> napi::Result<Either<&'static str, Failure>> {
        door::enter("db_type", || Ok(self.handle().chat()?.database().engine().name()))
    }

    /// `DatabaseManager.databaseUrl`
    #[napi]
    pub fn database_url(&self) -> napi::Result<Either<String, Failure>> {
        door::enter("database_url", || Ok(self.handle().chat()?.database().database_url()))
    }

    /// `DatabaseManager.poolStatus`: its JSON.
    #[napi(ts_return_type = "string | Failure")]
    pub fn pool_status(&self) -> napi::Result<Either<Told, Failure>> {
        let look = || Ok(rows::pool_status(self.handle().chat()?.database().pool_status()).told());
        door::enter("pool_status", look)
    }

    /// `DatabaseManager.waitUntilReady`
    #[napi]
    pub fn wait_until_ready(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] timeout: Given<'_>,
        abort: Option<&Abort>,
    ) -> Begun {
        let is_aborted = abort.map(Abort::check);
        let wait = |chat: &Chatkeep, timeout: Option<Duration>| {
            let until = timeout.map(|timeout| Instant::now() + timeout);
            let is_late = move || until.is_some_and(|until| Instant::now() >= until);
            let check =
                move || is_late() || is_aborted.as_ref().is_some_and(|is_aborted| is_aborted());
            let waited = interruptible(check, || chat.database().wait_until_ready());
            waited.map_err(|error| match timeout {
                Some(timeout) if error.kind() == ErrorKind::Interrupted && is_late() => {
                    late(timeout)
                }
                _ => error,
            })
        };
        self.call(env, number, "wait_until_ready", None).submit(
            || arguments::optional_seconds("timeout", &timeout),
            wait,
            |()| Answer::Nothing,
        )
    }

    /// `DatabaseManager.health`
    #[napi]
    pub fn health(&self, env: Env, number: f64, abort: Option<&Abort>) -> Begun {
        let look = |chat: &Chatkeep, ()| chat.database().health();
        self.call(env, number, "health", abort).submit(|| Ok(()), look, rows::health)
    }

    /// `DatabaseManager.migrationStatus`
    #[napi]
    pub fn migration_status(&self, env: Env, number: f64, abort: Option<&Abort>) -> Begun {
        let look = |chat: &Chatkeep, ()| chat.database().migration_status();
        self.call(env, number, "migration_status", abort).submit(
            || Ok(()),
            look,
            rows::migration_status,
        )
    }

    /// `DatabaseManager.upgrade`
    #[napi]
    pub fn upgrade(&self, env: Env, number: f64) -> Begun {
        let upgrade = |chat: &Chatkeep, ()| chat.database().upgrade();
        self.call(env, number, "upgrade", None).submit(|| Ok(()), upgrade, rows::names)
    }

    /// `DatabaseManager.migrate`
    #[napi]
    pub fn migrate(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] verb: Given<'_>,
        #[napi(ts_arg_type = "unknown")] revision: Given<'_>,
        #[napi(ts_arg_type = "unknown")] folder: Given<'_>,
        #[napi(ts_arg_type = "unknown")] from_revision: Given<'_>,
        #[napi(ts_arg_type = "unknown")] description: Given<'_>,
        #[napi(ts_arg_type = "unknown")] per_engine: Given<'_>,
    ) -> Begun {
        let given = Migrate {
            verb: &verb,
            revision: &revision,
            folder: &folder,
            from_revision: &from_revision,
            description: &description,
            per_engine: &per_engine,
        };
        let migrate = |chat: &Chatkeep, call: MigrateCall| chat.database().migrate(&call);
        self.call(env, number, "migrate", None).submit(
            || arguments::migrate(&given),
            migrate,
            rows::migrated,
        )
    }

    /// `DatabaseManager.migrateFromOldSqlite`
    #[napi]
    pub fn migrate_from_old_sqlite(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] path: Given<'_>,
    ) -> Begun {
        let import = |chat: &Chatkeep, path: String| chat.migrate_from_old_sqlite(path);
        self.call(env, number, "migrate_from_old_sqlite", None).submit(
            || arguments::text("path", &path),
            import,
            rows::import_report,
        )
    }

    /// `DatabaseManager.searchIndex`
    #[napi]
    pub fn search_index(&self, env: Env, number: f64, abort: Option<&Abort>) -> Begun {
        let look = |chat: &Chatkeep, ()| chat.database().search_index();
        let name = |state: chatkeep::SearchIndexState| Answer::Text(state.name().to_owned());
        self.call(env, number, "search_index", abort).submit(|| Ok(()), look, name)
    }

    /// `DatabaseManager.createSearchIndex`
    #[napi]
    pub fn create_search_index(&self, env: Env, number: f64) -> Begun {
        let create = |chat: &Chatkeep, ()| chat.database().create_search_index();
        self.call(env, number, "create_search_index", None).submit(|| Ok(()), create, Answer::Yes)
    }

    /// `DatabaseManager.dropSearchIndex`
    #[napi]
    pub fn drop_search_index(&self, env: Env, number: f64) -> Begun {
        let drop = |chat: &Chatkeep, ()| chat.database().drop_search_index();
        self.call(env, number, "drop_search_index", None).submit(|| Ok(()), drop, Answer::Yes)
    }
}

fn late(timeout: Duration) -> Error {
    let said = format!("the database was not ready within {} s", timeout.as_secs_f64());
    Error::new(ErrorKind::Unavailable, said)
}
