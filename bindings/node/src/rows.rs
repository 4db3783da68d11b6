//! From chatkeep's values to JSON texts. Moments are milliseconds, which JavaScript makes `Date`s of. What is too large
//! for a number to be exact is the text of its digits.

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
pub(crate) use self::migrations::{migrated, migration_status};
use crate::answer::{Answer, whole};

/// The text of a value.
fn text(value: &impl Serialize) -> Answer {
    match serde_json::to_string(value) {
        Ok(json) => Answer::Text(json),
        Err(error) => Answer::Failed(Error::internal(format!("a result cannot be shown: {error}"))),
    }
}

/// A whole number.
struct Whole(i128);

impl Serialize for Whole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.0).map(|number| (number, whole(number))) {
            Ok((number, Either::A(_))) => serializer.serialize_i64(number),
            _ => serializer.collect_str(&self.0),
        }
    }
}

impl From<i64> for Whole {
    fn from(number: i64) -> Self {
        Self(number.into())
    }
}

impl From<u64> for Whole {
    fn from(number: u64) -> Self {
        Self(number.into())
    }
}

/// A moment. What is finer than milliseconds is cut; those before 1970 are rounded down as well.
#[derive(Serialize)]
struct Moment(i64);

impl From<Timestamp> for Moment {
    fn from(moment: Timestamp) -> Self {
        Self(moment.as_microsecond().div_euclid(1000))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    id: Whole,
    token_id: Whole,
    description: String,
    created_at: Moment,
    expires_at: Option<Moment>,
    is_active: bool,
    last_used_at: Option<Moment>,
    token_start: Option<String>,
}

impl From<TokenInfo> for Info {
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

pub(crate) fn optional_token(found: Option<TokenInfo>) -> Answer {
    found.map_or(Answer::Nothing, |found| text(&Info::from(found)))
}

pub(crate) fn tokens(tokens: Vec<TokenInfo>) -> Answer {
    text(&tokens.into_iter().map(Info::from).collect::<Vec<_>>())
}

pub(crate) fn created_token(created: CreatedToken) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Created<'a> {
        token: &'a str,
        id: Whole,
        token_id: Whole,
        description: &'a str,
        created_at: Moment,
        expires_at: Option<Moment>,
    }
    text(&Created {
        token: created.token.expose(),
        id: created.id.into(),
        token_id: created.token_id.into(),
        description: &created.description,
        created_at: created.created_at.into(),
        expires_at: created.expires_at.map(Into::into),
    })
}

pub(crate) fn token_check(check: TokenCheck) -> Answer {
    #[derive(Serialize)]
    struct Check {
        valid: bool,
        reason: &'static str,
        token: Option<Info>,
    }
    text(&Check {
        valid: check.valid,
        reason: check.reason.name(),
        token: check.token.map(Into::into),
    })
}

pub(crate) fn analytics(all: Analytics) -> Answer {
    type Counts = BTreeMap<String, Whole>;

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct All {
        total_messages: Whole,
        total_tokens: Whole,
        average_tokens: Option<f64>,
        providers: Counts,
        models: Counts,
        by_date: Counts,
    }
    let counts = |counts: BTreeMap<String, i64>| -> Counts {
        counts.into_iter().map(|(name, count)| (name, count.into())).collect()
    };
    text(&All {
        total_messages: all.total_messages.into(),
        total_tokens: Whole(all.total_tokens),
        average_tokens: all.average_tokens,
        providers: counts(all.providers),
        models: counts(all.models),
        by_date: counts(all.by_date),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    messages: Whole,
    with_tokens: Whole,
    tokens: Whole,
}

impl From<Sums> for Totals {
    fn from(sums: Sums) -> Self {
        Self {
            messages: sums.messages.into(),
            with_tokens: sums.with_tokens.into(),
            tokens: Whole(sums.tokens),
        }
    }
}

pub(crate) fn totals_check(check: TotalsCheck) -> Answer {
    #[derive(Serialize)]
    struct Difference {
        start: Moment,
        hours: i32,
        provider: String,
        model: String,
        kept: Totals,
        found: Totals,
    }
    #[derive(Serialize)]
    struct Check {
        counted: Whole,
        uncounted: Whole,
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
    text(&Check {
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

pub(crate) fn pool_status(status: PoolStatus) -> Answer {
    text(&Pool::from(status))
}

pub(crate) fn health(health: Health) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Sign {
        ok: bool,
        engine: &'static str,
        server_version: String,
        latency_ms: f64,
        schema: &'static str,
        pool: Pool,
    }
    text(&Sign {
        ok: health.ok,
        engine: health.engine,
        server_version: health.server_version,
        latency_ms: health.latency_ms,
        schema: health.schema,
        pool: health.pool.into(),
    })
}

pub(crate) fn names(names: Vec<String>) -> Answer {
    text(&names)
}

/// Ids, those that are too large as their digits.
pub(crate) fn ids(ids: Vec<i64>) -> Answer {
    text(&ids.into_iter().map(Whole::from).collect::<Vec<_>>())
}
