//! sqlx in the benchmark of chatkeep: a pool with one connection per caller (on SQLite one writer),
//! its cache of prepared statements, and its `chrono` and `json` types.

mod mysql;
mod postgresql;
mod sqlite;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chatkeep_bench_protocol::{
    Competitor, Engine, Failure, Outcome, Path, Ready, Result, Setup, Tally, hex, locked, outcome,
    serve,
};
use sha2::{Digest, Sha256};
use sqlx::types::Json;
use sqlx::types::chrono::{DateTime, NaiveDateTime, Utc};
use tokio::runtime::{Builder, Runtime};

const INTO: &str = "INSERT INTO messages (timestamp, user_message, bot_response, provider, model, \
    tokens_used, metadata) ";

/// A message as read from the database.
#[derive(sqlx::FromRow)]
#[expect(
    dead_code,
    reason = "an application would use all fields; here only the metadata is checked"
)]
struct Message {
    id: i64,
    timestamp: NaiveDateTime,
    user_message: String,
    bot_response: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    tokens_used: Option<i64>,
    metadata: Option<Json<serde_json::Value>>,
}

/// The operations of an engine's pool. The futures are sent to the threads of the runtime.
trait Pool: Clone + Send + Sync + 'static {
    fn open(setup: &Setup) -> impl Future<Output = Result<Self>> + Send;
    fn ready(&self) -> impl Future<Output = Result<Ready>> + Send;
    fn insert(&self, setup: &Setup) -> impl Future<Output = Result<i64>> + Send;
    fn insert_many(&self, setup: &Setup) -> impl Future<Output = Result<Vec<i64>>> + Send;
    fn page(&self, size: i64) -> impl Future<Output = Result<Vec<Message>>> + Send;
    fn verify(
        &self,
        hash: &str,
    ) -> impl Future<Output = Result<(bool, Option<NaiveDateTime>)>> + Send;
}

fn main() -> ExitCode {
    serve(|setup| {
        Ok(match setup.engine {
            Engine::Sqlite => Box::new(Sqlx::<sqlite::Sqlite>::open(setup)?),
            Engine::PostgreSql => Box::new(Sqlx::<postgresql::PostgreSql>::open(setup)?),
            Engine::MariaDb | Engine::MySql => Box::new(Sqlx::<mysql::MySql>::open(setup)?),
        })
    })
}

struct Sqlx<P> {
    runtime: Runtime,
    pool: P,
    setup: Arc<Setup>,
}

impl<P: Pool> Sqlx<P> {
    fn open(setup: &Setup) -> Result<Self> {
        let mut builder = if setup.callers == 1 {
            Builder::new_current_thread()
        } else {
            Builder::new_multi_thread()
        };
        let runtime = builder.enable_all().build()?;
        let pool = runtime.block_on(P::open(setup))?;
        Ok(Self { runtime, pool, setup: Arc::new(setup.clone()) })
    }
}

impl<P: Pool> Competitor for Sqlx<P> {
    fn ready(&mut self) -> Result<Ready> {
        self.runtime.block_on(self.pool.ready())
    }

    fn round(&mut self, length: Duration) -> Result<Outcome> {
        let (pool, setup) = (&self.pool, &self.setup);
        self.runtime.block_on(async {
            let start = Instant::now();
            let tasks: Vec<_> = (0..setup.callers)
                .map(|mut next| {
                    let (pool, setup) = (pool.clone(), Arc::clone(setup));
                    tokio::spawn(async move {
                        let mut tally = Tally::until(start + length);
                        while tally.should_continue() {
                            call(&pool, &setup, &mut next, &mut tally).await?;
                        }
                        Ok::<_, Failure>(tally)
                    })
                })
                .collect();
            let mut tallies = Vec::new();
            for task in tasks {
                tallies.push(task.await??);
            }
            Ok(outcome(start, tallies))
        })
    }
}

async fn call<P: Pool>(pool: &P, setup: &Setup, next: &mut usize, tally: &mut Tally) -> Result<()> {
    match setup.path {
        Path::Log => tally.stored([pool.insert(setup).await?]),
        Path::Bulk => tally.stored(pool.insert_many(setup).await?),
        Path::Page => {
            let page = pool.page(i64::try_from(setup.page)?).await?;
            if !page[0].metadata.as_ref().is_some_and(|metadata| metadata.is_object()) {
                return Err("the page has no metadata".into());
            }
            tally.completed(std::hint::black_box(page).len());
        }
        Path::Verify => {
            *next = (*next + 1) % setup.tokens.len();
            let hash = hex(&Sha256::digest(&setup.tokens[*next]));
            let (active, expires) = pool.verify(&hash).await?;
            if !active || expires.is_some_and(|end| now() >= end) {
                return Err("a valid token was rejected".into());
            }
            tally.completed(1);
        }
        Path::Turn | Path::Session => return Err("sqlx stores only messages".into()),
    }
    Ok(())
}

fn now() -> NaiveDateTime {
    DateTime::<Utc>::from(SystemTime::now()).naive_utc()
}

fn metadata(setup: &Setup) -> Result<Json<serde_json::Value>> {
    Ok(Json(serde_json::from_str(&setup.row.metadata)?))
}

fn ready(engine: &str, version: String, durability: BTreeMap<String, String>) -> Ready {
    let sqlx = locked(include_str!("../Cargo.lock"), "sqlx");
    let versions = BTreeMap::from([("sqlx".to_owned(), sqlx), (engine.to_owned(), version)]);
    Ready { versions, durability }
}
