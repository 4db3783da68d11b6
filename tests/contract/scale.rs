//! Pages of many users, and of many conversations and messages of one user; health and usage of
//! many requests.
//!
//! `make endurance` fills a million users, 100,000 conversations and 100,000 messages, and 200,000
//! requests. It shows the durations with few rows and with many. By default there are few rows.

use std::time::Instant;

use chatkeep::{
    Chatkeep, MessageFilter, NewRoutingRequest, Order, Result, RoutingOutcome, RoutingUsageBy,
    Timestamp, UserFilter,
};
use chatkeep_testkit::Engine;

use crate::every_engine::on_every_engine;
use crate::plans::{analyze, assert_sorts_nothing, index_hint};
use crate::store::{Store, number};

on_every_engine![
    pages_of_many_users_are_complete_and_read_in_order,
    pages_of_many_conversations_are_complete_and_read_in_order,
    iterations_of_many_messages_are_complete_and_read_in_order,
    health_and_usage_of_many_requests_are_read_from_totals,
];

/// Sets the number of users. A tenth is the number of conversations and messages.
const ROWS: &str = "CHATKEEP_SCALE_ROWS";
const DEFAULT_ROWS: usize = 20_000;
/// Number of rows at the first measurement.
const FEW: usize = 1_000;
/// Maximum number of rows that one statement inserts.
const STATEMENT: usize = 50_000;
/// Number of requests that one call records.
const REQUESTS: usize = 10_000;
/// Number of rows of a page that is measured.
const PAGE: i64 = 20;
/// Number of pages for a median.
const TIMES: usize = 51;

fn rows() -> usize {
    std::env::var(ROWS).ok().and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_ROWS)
}

/// Inserts rows with the numbers from `first` until `end`: the result of `select`, which gets the
/// SQL of the number, and of the number as text with leading zeros.
fn fill(store: &Store, first: usize, end: usize, insert: &str, select: impl Fn(&str) -> String) {
    let digits = (0..10).map(|digit| format!("SELECT {digit} AS d")).collect::<Vec<_>>();
    let digits = digits.join(" UNION ALL ");
    let tables: Vec<_> = (0..5).map(|place| format!("({digits}) d{place}")).collect();
    let terms: Vec<_> =
        (0..5).map(|place| format!("d{place}.d * {}", 10_usize.pow(place))).collect();
    for first in (first..end).step_by(STATEMENT) {
        let count = (end - first).min(STATEMENT);
        store.raw.execute(&format!(
            "{insert} SELECT {} FROM (SELECT {first} + {} AS n FROM {} WHERE {} < {count}) numbers \
             ORDER BY n",
            select("n"),
            terms.join(" + "),
            tables.join(" CROSS JOIN "),
            terms.join(" + "),
        ));
    }
}

/// Returns the SQL of a text that contains a number of seven digits.
fn padded(store: &Store, before: &str, number: &str, after: &str) -> String {
    match store.engine() {
        Engine::Sqlite => format!("'{before}' || printf('%07d', {number}) || '{after}'"),
        Engine::PostgreSql => {
            format!("'{before}' || lpad(CAST({number} AS TEXT), 7, '0') || '{after}'")
        }
        _ => format!("CONCAT('{before}', LPAD({number}, 7, '0'), '{after}')"),
    }
}

/// Returns the SQL of a timestamp that is a number of seconds after the start of 2024.
fn time(store: &Store, seconds: &str) -> String {
    match store.engine() {
        Engine::Sqlite => {
            format!(
                "strftime('%Y-%m-%d %H:%M:%S', 1704067200 + {seconds}, 'unixepoch') || '.000000'"
            )
        }
        Engine::PostgreSql => {
            format!("TIMESTAMP '2024-01-01 00:00:00' + ({seconds}) * INTERVAL '1 second'")
        }
        _ => format!("TIMESTAMP '2024-01-01 00:00:00' + INTERVAL ({seconds}) SECOND"),
    }
}

/// Adds users, each with the role `member`; each hundredth is inactive.
fn fill_users(store: &Store, first: usize, end: usize) {
    let insert = "INSERT INTO chat_users (public_id, email, email_key, active, stamp, created_at, \
                  updated_at)";
    let start = "2024-01-01 00:00:00.000000";
    let start = match store.engine() {
        Engine::PostgreSql => format!("TIMESTAMP '{start}'"),
        _ => format!("'{start}'"),
    };
    fill(store, first, end, insert, |number| {
        let email = padded(store, "user-", number, "@example.org");
        let active = format!("{number} % 100 <> 7");
        let stamp = padded(store, &"0".repeat(25), number, "");
        let public_id = padded(store, "user-", number, "");
        format!("{public_id}, {email}, {email}, {active}, {stamp}, {start}, {start}")
    });
    let least = number(store, "SELECT COALESCE(MAX(user_id), 0) FROM user_roles");
    store.raw.execute(&format!(
        "INSERT INTO user_roles (user_id, role, granted_at) \
         SELECT id, 'member', {start} FROM chat_users WHERE id > {least}"
    ));
    for table in ["chat_users", "user_roles"] {
        analyze(store, table);
    }
}

/// Adds conversations of the first user, of which ten each have the same time.
fn fill_conversations(store: &Store, first: usize, end: usize) {
    let user = number(store, "SELECT MIN(id) FROM chat_users");
    let insert = "INSERT INTO chat_conversations (public_id, user_id, title, created_at, \
                  last_message_at)";
    fill(store, first, end, insert, |number| {
        let id = padded(store, "chat-", number, "");
        let time = time(store, &format!("{number} - {number} % 10"));
        format!("{id}, {user}, 'a title', {time}, {time}")
    });
    analyze(store, "chat_conversations");
}

/// Returns a page with the ids of its rows, and the cursor of the next page.
type List<'a> = &'a dyn Fn(i64, Option<&str>) -> Result<(Vec<String>, Option<String>)>;

/// Asserts that the pages have each id once, from the last one to the first.
fn assert_complete(list: List<'_>, count: usize) {
    let (mut all, mut cursor) = (Vec::with_capacity(count), None::<String>);
    loop {
        let (ids, next) = list(10_000, cursor.as_deref()).expect("the query succeeds");
        all.extend(ids);
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(all.len(), count);
    assert!(all.is_sorted_by(|one, next| one > next), "each row is listed once, in order");
}

/// Returns the cursor after about half of the rows, or after all but a few.
fn cursor_in_the_middle(count: usize, list: List<'_>) -> Option<String> {
    let mut cursor = None;
    for _ in 0..(count / 20_000).max(1) {
        let limit = (count / 2).clamp(1, 10_000) as i64;
        match list(limit, cursor.as_deref()).expect("the query succeeds").1 {
            Some(next) => cursor = Some(next),
            None => return cursor,
        }
    }
    cursor
}

/// Prints the median durations of the first page, and of one in the middle.
fn show(store: &Store, what: &str, count: usize, list: List<'_>) {
    let middle = cursor_in_the_middle(count, list);
    let median = |cursor: Option<&str>| {
        let mut times: Vec<_> = (0..TIMES)
            .map(|_| {
                let begin = Instant::now();
                let page = list(PAGE, cursor).expect("the query succeeds");
                assert!(!page.0.is_empty());
                begin.elapsed().as_micros()
            })
            .collect();
        times.sort_unstable();
        times[TIMES / 2]
    };
    let (first, later) = (median(None), median(middle.as_deref()));
    println!(
        "scale: {} {what} of {count}: first page {first} µs, later {later} µs",
        store.engine()
    );
}

fn list_users(
    chat: &Chatkeep,
    filter: &UserFilter,
    limit: i64,
    cursor: Option<&str>,
) -> Result<(Vec<String>, Option<String>)> {
    let page = chat.users().list_users(filter, limit, cursor)?;
    Ok((page.users.into_iter().map(|user| user.public_id).collect(), page.next_cursor))
}

fn pages_of_many_users_are_complete_and_read_in_order(store: &Store) {
    let member = Some("member".to_owned());
    let filters = [
        ("users", UserFilter::default()),
        ("active users", UserFilter { active: Some(true), role: None }),
        ("inactive users", UserFilter { active: Some(false), role: None }),
        ("users with a role", UserFilter { active: None, role: member.clone() }),
        ("active users with a role", UserFilter { active: Some(true), role: member.clone() }),
        ("inactive users with a role", UserFilter { active: Some(false), role: member }),
    ];
    let mut filled = 0;
    for count in [FEW, rows()] {
        fill_users(store, filled, count);
        filled = count;
        for (what, filter) in &filters {
            show(store, what, count, &|limit, cursor| list_users(store, filter, limit, cursor));
        }
    }
    for (_, filter) in &filters {
        let inactive = (rows() + 92) / 100;
        let count = match filter.active {
            None => rows(),
            Some(true) => rows() - inactive,
            Some(false) => inactive,
        };
        assert_complete(&|limit, cursor| list_users(store, filter, limit, cursor), count);
    }
    let id = rows() / 2;
    let active = "FROM chat_users WHERE chat_users.active = TRUE".to_owned();
    let role = format!(
        "FROM user_roles {} chat_users ON user_roles.user_id = chat_users.id \
         WHERE user_roles.role = 'member'",
        match store.engine() {
            Engine::Sqlite => "CROSS JOIN",
            Engine::PostgreSql => "JOIN",
            _ => "FORCE INDEX (user_roles_role_user_id) STRAIGHT_JOIN",
        }
    );
    for (rows, column) in [
        ("FROM chat_users WHERE 1 = 1".to_owned(), "chat_users.id"),
        (active, "chat_users.id"),
        (role, "user_roles.user_id"),
    ] {
        for after in [String::new(), format!("AND {column} < {id}")] {
            let page =
                format!("SELECT chat_users.* {rows} {after} ORDER BY {column} DESC LIMIT 21");
            assert_sorts_nothing(store, &page);
        }
    }
}

fn pages_of_many_conversations_are_complete_and_read_in_order(store: &Store) {
    fill_users(store, 0, 1);
    let list = |limit: i64, cursor: Option<&str>| {
        let user = "user-0000000";
        let page = store.conversations().list_conversations(user, limit, cursor, false)?;
        let ids = page.conversations.into_iter().map(|found| found.public_id);
        Ok((ids.collect(), page.next_cursor))
    };
    let mut filled = 0;
    for count in [FEW, rows() / 10] {
        fill_conversations(store, filled, count);
        filled = count;
        show(store, "conversations", count, &list);
    }
    assert_complete(&list, rows() / 10);
    let user = number(store, "SELECT id FROM chat_users");
    let hint = index_hint(store, "chat_conversations_user_id_last_message_at_id");
    for position in ["", "AND last_message_at <= '2024-01-01 00:10:00.000000'"] {
        assert_sorts_nothing(
            store,
            &format!(
                "SELECT id FROM chat_conversations {hint} WHERE user_id = {user} \
                 AND archived_at IS NULL {position} ORDER BY last_message_at DESC, id DESC LIMIT 21"
            ),
        );
    }
}

fn iterations_of_many_messages_are_complete_and_read_in_order(store: &Store) {
    fill_users(store, 0, 1);
    fill_conversations(store, 0, 1);
    let user = number(store, "SELECT id FROM chat_users");
    let conversation = number(store, "SELECT id FROM chat_conversations");
    let everything = MessageFilter::default();
    let filters = [
        ("messages", everything.clone()),
        ("messages of a provider", everything.clone().with_provider("openai")),
        ("messages of a user", MessageFilter { user_id: Some(user), ..everything.clone() }),
        (
            "messages of a conversation",
            MessageFilter { conversation_id: Some(conversation), ..everything },
        ),
    ];
    let insert =
        "INSERT INTO messages (timestamp, user_message, provider, conversation_id, user_id)";
    let mut filled = 0;
    for count in [FEW, rows() / 10] {
        fill(store, filled, count, insert, |number| {
            let time = time(store, &format!("{number} - {number} % 10"));
            format!("{time}, 'a question', 'openai', {conversation}, {user}")
        });
        filled = count;
        analyze(store, "messages");
        for (what, filter) in &filters {
            for order in [Order::NewestFirst, Order::OldestFirst] {
                show_iteration(store, what, filter, order, count);
            }
        }
    }
    assert_seeks(store, user);
}

/// Records requests of the last ten days, whose totals have the same size from the first ones on.
fn health_and_usage_of_many_requests_are_read_from_totals(store: &Store) {
    let now = Timestamp::now();
    let mut filled = 0;
    for count in [FEW, rows() / 5] {
        for first in (filled..count).step_by(REQUESTS) {
            let requests: Vec<_> = (first..count.min(first + REQUESTS))
                .map(|number| {
                    let hours = (number % 240) as i64;
                    let model = format!("m-{}", number % 3);
                    NewRoutingRequest {
                        created_at: now.checked_add_microseconds(-hours * 3_600_000_000),
                        latency_ms: Some((number % 5_000) as i64),
                        ..NewRoutingRequest::new(
                            number.to_string(),
                            "openai",
                            model,
                            RoutingOutcome::Success,
                        )
                    }
                })
                .collect();
            store.routing().record_requests(&requests).expect("they are recorded");
        }
        filled = count;
        for table in ["chat_routing_requests", "chat_routing_totals"] {
            analyze(store, table);
        }
        let median = |read: &dyn Fn() -> i64, expected: i64| {
            let mut times: Vec<_> = (0..TIMES)
                .map(|_| {
                    let begin = Instant::now();
                    assert_eq!(read(), expected);
                    begin.elapsed().as_micros()
                })
                .collect();
            times.sort_unstable();
            times[TIMES / 2]
        };
        let of_day = (0..count).filter(|number| number % 240 < 24).count() as i64;
        let health = || {
            let health = store.routing().get_provider_health(1_400).expect("the query succeeds");
            health[0].requests
        };
        let usage = || {
            let (start, by) = (now.checked_add_days(-20), RoutingUsageBy::Day);
            let usage = store.routing().get_routing_usage(by, start, None, None, 100);
            usage.expect("the query succeeds").iter().map(|row| row.requests).sum()
        };
        println!(
            "scale: {} {count} routed requests: health {} µs, usage {} µs",
            store.engine(),
            median(&health, of_day),
            median(&usage, count as i64)
        );
    }
}

/// Iterates over messages, and prints the duration of a message.
fn show_iteration(store: &Store, what: &str, filter: &MessageFilter, order: Order, count: usize) {
    let begin = Instant::now();
    let ids: Result<Vec<_>> = store
        .messages()
        .iter_messages(filter, order)
        .map(|message| message.map(|message| message.id))
        .collect();
    let took = begin.elapsed().as_nanos() / count as u128;
    let mut ids = ids.expect("the query succeeds");
    if order == Order::NewestFirst {
        ids.reverse();
    }
    assert_eq!(ids.len(), count);
    assert!(ids.is_sorted_by(|one, next| one < next), "each message is returned once, in order");
    println!("scale: {} {what} of {count}, {order:?}: {took} ns a message", store.engine());
}

/// Asserts that a page of messages begins at its position in the index.
fn assert_seeks(store: &Store, user: i64) {
    let (condition, order) = match store.engine() {
        Engine::MariaDb => (
            format!("user_id >= {user} AND user_id <= {user}"),
            "user_id DESC, timestamp DESC, id DESC",
        ),
        _ => (format!("user_id = {user}"), "timestamp DESC, id DESC"),
    };
    let middle = "SELECT CAST(MAX(timestamp) AS CHAR(26)) FROM messages WHERE id <= \
                  (SELECT MAX(id) / 2 FROM messages)";
    let middle = store.raw.scalar(middle).expect("a time");
    let page = format!(
        "SELECT * FROM messages WHERE {condition} AND timestamp <= '{middle}' \
         AND (timestamp < '{middle}' OR id < 5) ORDER BY {order} LIMIT {PAGE}"
    );
    assert_sorts_nothing(store, &page);
    if store.engine() == Engine::MariaDb {
        assert_eq!(store.raw.query(&format!("EXPLAIN {page}"))[0][3].as_deref(), Some("range"));
    }
}
