//! Tests of recorded requests, health and usage.

mod concurrency;
mod health;
mod lists;
mod plan;
mod recording;
mod retention;
mod statements;
mod usage;

use chatkeep::{
    NewRoutingRequest, NewUser, RoutingOutcome, RoutingUsage, RoutingUsageBy, Timestamp,
};

use crate::store::{Store, at};

/// Creates a user with this public id.
fn create_user(store: &Store, id: &str) {
    let email = format!("{id}@example.org");
    let user = NewUser { public_id: Some(id.to_owned()), ..NewUser::with_email(email) };
    store.users().create_user(&user).expect("the user is created");
}

/// Creates a conversation with this public id.
fn create_conversation(store: &Store, id: &str, user: Option<&str>) {
    let created = store.conversations().create_conversation(user, None, None, Some(id));
    created.expect("the conversation is created");
}

/// Returns a request of `openai` and `gpt` that succeeded.
fn new(request_id: &str) -> NewRoutingRequest {
    NewRoutingRequest::new(request_id, "openai", "gpt", RoutingOutcome::Success)
}

/// Returns a request at a time.
fn new_at(request_id: &str, time: &str) -> NewRoutingRequest {
    NewRoutingRequest { created_at: Some(at(time)), ..new(request_id) }
}

fn record(store: &Store, request: &NewRoutingRequest) {
    store.routing().record_request(request).expect("it is recorded");
}

/// Returns the time a number of minutes before now.
fn minutes_ago(minutes: i64) -> Timestamp {
    Timestamp::now().checked_add_microseconds(-minutes * 60_000_000).expect("a timestamp")
}

/// Returns all usage of the year 2024.
fn usage(store: &Store, by: RoutingUsageBy, user: Option<&str>) -> Vec<RoutingUsage> {
    let (start, end) = (Some(at("2024-01-01")), Some(at("2025-01-01")));
    let usage = store.routing().get_routing_usage(by, start, end, user, 1_000);
    usage.expect("the query succeeds")
}
