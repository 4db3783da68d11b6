//! The queries read their indexes.

use chatkeep_testkit::Engine;

use super::{create_user, new_at};
use crate::every_engine::on_every_engine;
use crate::plans::{analyze, assert_finds_by_index, assert_reads_index};
use crate::store::{Store, number};

on_every_engine![requests_and_totals_are_found_by_their_indexes];

fn requests_and_totals_are_found_by_their_indexes(store: &Store) {
    create_user(store, "ada");
    let requests: Vec<_> = (0..6_000)
        .map(|number| chatkeep::NewRoutingRequest {
            user_id: (number % 50 == 0).then(|| "ada".to_owned()),
            provider: format!("p-{}", number % 7),
            ..new_at(
                &format!("r-{number}"),
                &format!(
                    "2024-01-{:02}T{:02}:{:02}:00Z",
                    1 + number % 28,
                    number % 24,
                    number % 60
                ),
            )
        })
        .collect();
    store.routing().record_requests(&requests).expect("they are recorded");
    for table in ["chat_routing_requests", "chat_routing_totals"] {
        analyze(store, table);
    }
    let user = number(store, "SELECT id FROM chat_users");
    let of_user = match store.engine() {
        // As the library asks MariaDB.
        Engine::MariaDb => format!("user_id >= {user} AND user_id <= {user}"),
        _ => format!("user_id = {user}"),
    };
    let order = match store.engine() {
        Engine::MariaDb => "user_id DESC, created_at DESC, id DESC",
        _ => "created_at DESC, id DESC",
    };
    let before = "'2024-01-20 00:00:00.000000'";
    let page = |condition: &str, order: &str| {
        format!(
            "SELECT created_at, id FROM chat_routing_requests \
             WHERE {condition} created_at <= {before} \
             AND (created_at < {before} OR id < 100) ORDER BY {order} LIMIT 20"
        )
    };
    for (sql, index) in [
        (page("", "created_at DESC, id DESC"), "chat_routing_requests_created_at_id"),
        (page(&format!("{of_user} AND"), order), "chat_routing_requests_user_id_created_at_id"),
        (
            "SELECT created_at, id FROM chat_routing_requests ORDER BY created_at DESC, id DESC \
             LIMIT 1 OFFSET 4999"
                .to_owned(),
            "chat_routing_requests_created_at_id",
        ),
    ] {
        assert_reads_index(store, &sql, index);
    }
    let hour = "'2024-01-20 00:00:00.000000'";
    let day = "'2024-01-21 00:00:00.000000'";
    for (sql, index) in [
        (
            format!(
                "SELECT provider, SUM(requests) FROM chat_routing_totals WHERE minutes = 60 \
                 AND start >= {hour} AND start < {day} GROUP BY provider"
            ),
            "chat_routing_totals_key",
        ),
        (
            format!(
                "SELECT provider, SUM(requests) FROM (SELECT * FROM chat_routing_totals \
                 WHERE minutes = 1 AND start >= {hour} AND start < {day} UNION ALL \
                 SELECT * FROM chat_routing_totals WHERE minutes = 60 AND start >= {day}) AS parts \
                 GROUP BY provider"
            ),
            "chat_routing_totals_key",
        ),
        (
            "SELECT id FROM chat_routing_totals WHERE minutes = 60 AND shard > 0 \
             AND start < '2024-01-21' ORDER BY id LIMIT 100"
                .to_owned(),
            "chat_routing_totals_minutes_shard_start",
        ),
        (
            "SELECT id FROM chat_routing_requests WHERE request_id = 'r-1' ORDER BY attempt"
                .to_owned(),
            "chat_routing_requests_request_id_attempt",
        ),
    ] {
        if index.ends_with("shard_start") && store.engine() != Engine::Sqlite {
            // Here every hour has another shard than 0, so the index saves nothing.
            continue;
        }
        assert_finds_by_index(store, &sql, &[index]);
    }
}
