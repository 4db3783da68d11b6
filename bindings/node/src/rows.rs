//! Encoding of results as JSON text. Timestamps are milliseconds, from which JavaScript creates
//! `Date`s. An integer that is too large for an exact number is a string of its digits.

mod import;
mod migrations;

use std::collections::BTreeMap;

use chatkeep::{
    Analytics, CreatedToken, Error, Health, PoolStatus, Sums, Timestamp, TokenCheck, TokenInfo,
    TotalsCheck, TotalsDifference,
};
use napi::Either;
use serde::{Serialize, Serializer};

pub(crate) use self::import::import_report;
pub(crate) use self::migrations::{migrate_response, migration_status};
use crate::response::{Response, js_integer};

/// Encodes a value.
fn json(value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(json) => Response::Text(json),
        Err(error) => {
            Response::Failed(Error::internal(format!("failed to serialize a result: {error}")))
        }
    }
}

/// An integer: a JSON number if JavaScript reads it exactly, otherwise a string of its digits.
struct JsInteger(i128);

impl Serialize for JsInteger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.0).map(|number| (number, js_integer(number))) {
            Ok((number, Either::A(_))) => serializer.serialize_i64(number),
            _ => serializer.collect_str(&self.0),
        }
    }
}

impl From<i64> for JsInteger {
    fn from(number: i64) -> Self {
        Self(number.into())
    }
}

impl From<u64> for JsInteger {
    fn from(number: u64) -> Self {
        Self(number.into())
    }
}

/// Milliseconds since 1970. Microseconds are rounded down, also before 1970.
#[derive(Serialize)]
struct EpochMillis(i64);

impl From<Timestamp> for EpochMillis {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_microsecond().div_euclid(1000))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenJson {
    id: JsInteger,
    token_id: JsInteger,
    description: String,
    created_at: EpochMillis,
    expires_at: Option<EpochMillis>,
    is_active: bool,
    last_used_at: Option<EpochMillis>,
    token_start: Option<String>,
}

impl From<TokenInfo> for TokenJson {
    fn from(token: TokenInfo) -> Self {
        Self {
            id: token.id.into(),
            token_id: token.token_id.into(),
            description: token.description,
            created_at: token.created_at.into(),
            expires_at: token.expires_at.map(Into::into),
            is_active: token.is_active,
            last_used_at: token.last_used_at.map(Into::into),
            token_start: token.token_start,
        }
    }
}

pub(crate) fn optional_token(found: Option<TokenInfo>) -> Response {
    found.map_or(Response::Null, |found| json(&TokenJson::from(found)))
}

pub(crate) fn tokens(tokens: Vec<TokenInfo>) -> Response {
    json(&tokens.into_iter().map(TokenJson::from).collect::<Vec<_>>())
}

pub(crate) fn created_token(created: CreatedToken) -> Response {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Created<'a> {
        token: &'a str,
        id: JsInteger,
        token_id: JsInteger,
        description: &'a str,
        created_at: EpochMillis,
        expires_at: Option<EpochMillis>,
    }
    json(&Created {
        token: created.token.expose(),
        id: created.id.into(),
        token_id: created.token_id.into(),
        description: &created.description,
        created_at: created.created_at.into(),
        expires_at: created.expires_at.map(Into::into),
    })
}

pub(crate) fn token_check(check: TokenCheck) -> Response {
    #[derive(Serialize)]
    struct Check {
        valid: bool,
        reason: &'static str,
        token: Option<TokenJson>,
    }
    json(&Check {
        valid: check.valid,
        reason: check.reason.name(),
        token: check.token.map(Into::into),
    })
}

pub(crate) fn analytics(all: Analytics) -> Response {
    type Counts = BTreeMap<String, JsInteger>;

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct All {
        total_messages: JsInteger,
        total_tokens: JsInteger,
        average_tokens: Option<f64>,
        providers: Counts,
        models: Counts,
        by_date: Counts,
    }
    let counts = |counts: BTreeMap<String, i64>| -> Counts {
        counts.into_iter().map(|(name, count)| (name, count.into())).collect()
    };
    json(&All {
        total_messages: all.total_messages.into(),
        total_tokens: JsInteger(all.total_tokens),
        average_tokens: all.average_tokens,
        providers: counts(all.providers),
        models: counts(all.models),
        by_date: counts(all.by_date),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    messages: JsInteger,
    with_tokens: JsInteger,
    tokens: JsInteger,
}

impl From<Sums> for Totals {
    fn from(sums: Sums) -> Self {
        Self {
            messages: sums.messages.into(),
            with_tokens: sums.with_tokens.into(),
            tokens: JsInteger(sums.tokens),
        }
    }
}

pub(crate) fn totals_check(check: TotalsCheck) -> Response {
    #[derive(Serialize)]
    struct Difference {
        start: EpochMillis,
        hours: i32,
        provider: String,
        model: String,
        kept: Totals,
        found: Totals,
    }
    #[derive(Serialize)]
    struct Check {
        counted: JsInteger,
        uncounted: JsInteger,
        differences: Vec<Difference>,
    }
    let difference = |difference: TotalsDifference| Difference {
        start: difference.start.into(),
        hours: difference.hours,
        provider: difference.provider,
        model: difference.model,
        kept: difference.kept.into(),
        found: difference.found.into(),
    };
    json(&Check {
        counted: check.counted.into(),
        uncounted: check.uncounted.into(),
        differences: check.differences.into_iter().map(difference).collect(),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pool {
    pool_size: u32,
    checked_in: u32,
    checked_out: u32,
    overflow: u32,
    total: u32,
    max: u32,
    waiting: u32,
}

impl From<PoolStatus> for Pool {
    fn from(status: PoolStatus) -> Self {
        let PoolStatus { pool_size, checked_in, checked_out, overflow, total, max, waiting } =
            status;
        Self { pool_size, checked_in, checked_out, overflow, total, max, waiting }
    }
}

pub(crate) fn pool_status(status: PoolStatus) -> Response {
    json(&Pool::from(status))
}

pub(crate) fn health(health: Health) -> Response {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct HealthJson {
        ok: bool,
        engine: &'static str,
        server_version: String,
        latency_ms: f64,
        schema: &'static str,
        pool: Pool,
    }
    json(&HealthJson {
        ok: health.ok,
        engine: health.engine,
        server_version: health.server_version,
        latency_ms: health.latency_ms,
        schema: health.schema,
        pool: health.pool.into(),
    })
}

pub(crate) fn strings(strings: Vec<String>) -> Response {
    json(&strings)
}

/// Encodes ids. Large ids are strings of their digits.
pub(crate) fn ids(ids: Vec<i64>) -> Response {
    json(&ids.into_iter().map(JsInteger::from).collect::<Vec<_>>())
}
