//! From chatkeep's values to JSON texts. Moments are milliseconds, which JavaScript makes `Date`s of. What is too large
//! for a number to be exact is the text of its digits.

use std::collections::BTreeMap;

use chatkeep::{
    Analytics, CreatedToken, Health, PoolStatus, Sums, Timestamp, TokenCheck, TokenInfo, TotalsCheck,
    migrations::MigrationStatus,
};
use napi::Either;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, whole};

fn text(value: &Value) -> Answer {
    Answer::Text(value.to_string())
}

/// Milliseconds; what is finer is cut, and the moments before 1970 are rounded down as well.
fn moment(moment: Timestamp) -> i64 {
    moment.as_microsecond().div_euclid(1000)
}

fn integer(number: i64) -> Value {
    match whole(number) {
        Either::A(_) => number.into(),
        Either::B(digits) => digits.into(),
    }
}

fn large(number: i128) -> Value {
    i64::try_from(number).map_or_else(|_| number.to_string().into(), integer)
}

fn info(token: &TokenInfo) -> Value {
    json!({
        "id": integer(token.id),
        "tokenId": integer(token.token_id),
        "description": token.description,
        "createdAt": moment(token.created_at),
        "expiresAt": token.expires_at.map(moment),
        "isActive": token.is_active,
        "lastUsedAt": token.last_used_at.map(moment),
        "tokenStart": token.token_start,
    })
}

pub(crate) fn optional_token(found: Option<TokenInfo>) -> Answer {
    found.map_or(Answer::Nothing, |found| text(&info(&found)))
}

pub(crate) fn tokens(tokens: Vec<TokenInfo>) -> Answer {
    text(&tokens.iter().map(info).collect())
}

pub(crate) fn created_token(created: CreatedToken) -> Answer {
    text(&json!({
        "token": created.token.expose(),
        "id": integer(created.id),
        "tokenId": integer(created.token_id),
        "description": created.description,
        "createdAt": moment(created.created_at),
        "expiresAt": created.expires_at.map(moment),
    }))
}

pub(crate) fn token_check(check: TokenCheck) -> Answer {
    text(&json!({
        "valid": check.valid,
        "reason": check.reason.name(),
        "token": check.token.as_ref().map(info),
    }))
}

pub(crate) fn analytics(all: Analytics) -> Answer {
    let counts = |counts: BTreeMap<String, i64>| -> Map<String, Value> {
        counts.into_iter().map(|(name, count)| (name, integer(count))).collect()
    };
    text(&json!({
        "totalMessages": integer(all.total_messages),
        "totalTokens": large(all.total_tokens),
        "averageTokens": all.average_tokens,
        "providers": counts(all.providers),
        "models": counts(all.models),
        "byDate": counts(all.by_date),
    }))
}

fn sums(sums: &Sums) -> Value {
    json!({
        "messages": integer(sums.messages),
        "withTokens": integer(sums.with_tokens),
        "tokens": large(sums.tokens),
    })
}

pub(crate) fn totals_check(check: TotalsCheck) -> Answer {
    let differences = check.differences.iter().map(|difference| {
        json!({
            "start": moment(difference.start),
            "hours": difference.hours,
            "provider": difference.provider,
            "model": difference.model,
            "kept": sums(&difference.kept),
            "found": sums(&difference.found),
        })
    });
    text(&json!({
        "counted": integer(check.counted),
        "uncounted": integer(check.uncounted),
        "differences": differences.collect::<Vec<_>>(),
    }))
}

fn pool(status: PoolStatus) -> Value {
    json!({
        "poolSize": status.pool_size,
        "checkedIn": status.checked_in,
        "checkedOut": status.checked_out,
        "overflow": status.overflow,
        "total": status.total,
        "max": status.max,
        "waiting": status.waiting,
    })
}

pub(crate) fn pool_status(status: PoolStatus) -> String {
    pool(status).to_string()
}

pub(crate) fn health(health: Health) -> Answer {
    text(&json!({
        "ok": health.ok,
        "engine": health.engine,
        "serverVersion": health.server_version,
        "latencyMs": health.latency_ms,
        "schema": health.schema,
        "pool": pool(health.pool),
    }))
}

pub(crate) fn migration_status(status: MigrationStatus) -> Answer {
    let applied = status.applied.iter().map(|migration| {
        json!({
            "version": migration.version,
            "name": migration.name,
            "appliedAt": migration.applied_at.map(moment),
        })
    });
    let pending = status.pending.iter().map(|(version, name)| json!({ "version": version, "name": name }));
    text(&json!({
        "applied": applied.collect::<Vec<_>>(),
        "pending": pending.collect::<Vec<_>>(),
        "unknown": status.unknown,
    }))
}

pub(crate) fn names(names: Vec<String>) -> Answer {
    text(&names.into())
}

/// Ids, each as its digits where one of them is too large.
pub(crate) fn ids(ids: Vec<i64>) -> Answer {
    text(&ids.into_iter().map(integer).collect())
}
