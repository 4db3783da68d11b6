//! The export and the erasure of everything that is stored about a user.

use std::collections::{BTreeMap, BTreeSet};

use chatkeep::{ErrorKind, NewMessage, UserErasure};
use chatkeep_core::{Role, personal_data};
use chatkeep_testkit::Engine;
use chatkeep_transfer::count_rows;

use super::personal_rows::{fill, fill_all, id};
use crate::every_engine::on_every_engine;
use crate::messages::totals::{all, counted, recounted};
use crate::schema::tables;
use crate::store::{Store, assert_rejected};

on_every_engine![
    every_table_is_exported_and_erased,
    an_export_has_all_rows_and_no_secret,
    an_export_has_the_same_lines_with_any_page_size,
    an_erased_user_is_in_no_table,
    an_interrupted_erasure_is_run_again,
    a_conversation_that_is_created_during_an_erasure_is_erased,
    rows_that_are_left_without_the_account_are_erased,
    unknown_users_and_invalid_pages,
];

/// Returns the lines of an export, by table.
fn export(store: &Store, name: &str) -> BTreeMap<String, Vec<serde_json::Value>> {
    let mut tables = BTreeMap::<_, Vec<_>>::new();
    for line in store.users().iter_user_export(&id(name)) {
        let line = line.expect("the query succeeds");
        assert!(!line.contains('\n'));
        let mut line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let table = line["table"].as_str().expect("a name").to_owned();
        tables.entry(table).or_default().push(line["row"].take());
    }
    tables
}

/// Returns the rows of all tables that contain a text.
fn rows_with(store: &Store, text: &str) -> BTreeMap<String, Vec<String>> {
    let of_table = |table: &str| {
        let rows = store.raw.query(&format!("SELECT * FROM {table}"));
        let rows = rows.into_iter().map(|row| format!("{row:?}"));
        (table.to_owned(), rows.filter(|row| row.contains(text)).collect::<Vec<_>>())
    };
    tables(store.engine()).map(of_table).filter(|(_, rows)| !rows.is_empty()).collect()
}

/// Returns the user `ada`, for the steps of an erasure.
fn ada(store: &Store) -> personal_data::Person {
    let person = store.database().with_connection(Role::Writer, |connection| {
        personal_data::find_person(connection, &id("ada"))
    });
    person.expect("the query succeeds").expect("the user exists")
}

/// Exports `bob` after the erasure of `ada`, and adds the id of `ada` to the role that she granted,
/// so that the lines are those before the erasure.
fn export_after_erasure(store: &Store) -> BTreeMap<String, Vec<serde_json::Value>> {
    let mut left = export(store, "bob");
    let roles = left.get_mut("user_roles").expect("bob has roles");
    let admin = roles.iter_mut().find(|role| role["role"] == "admin").expect("the role remains");
    admin["granted_by"] = id("ada").into();
    left
}

fn every_table_is_exported_and_erased(store: &Store) {
    fill(store, "ada");
    let counts = count_rows(store).expect("the query succeeds");
    let exported: BTreeSet<_> = personal_data::exported_tables().collect();
    let erased: BTreeSet<_> = personal_data::erased_tables().collect();
    let without: BTreeSet<_> = personal_data::WITHOUT_PERSONAL_DATA.iter().copied().collect();
    for rows in counts.iter() {
        let table = rows.table;
        assert_ne!(
            exported.contains(table),
            without.contains(table),
            "{table} belongs in one of the lists of chatkeep_core::personal_data"
        );
        assert_eq!(exported.contains(table), erased.contains(table), "{table}");
        assert!(without.contains(table) || rows.rows > 0, "{table}: add rows to `fill`");
    }
}

fn an_export_has_all_rows_and_no_secret(store: &Store) {
    let secrets = fill(store, "ada");
    let alone = export(store, "ada");
    for (table, count) in [
        ("chat_users", 1),
        ("user_passwords", 1),
        ("user_identities", 1),
        ("user_roles", 1),
        ("one_time_secrets", 2),
        ("api_tokens", 1),
        ("user_sessions", 1),
        ("message_feedback", 3),
        ("chat_audit_log", 3),
        ("chat_conversations", 3),
        ("conversation_items", 15),
        ("messages", 7),
        ("open_turns", 3),
        ("chat_streams", 6),
        ("stream_chunks", 6),
        ("graph_threads", 1),
        ("graph_namespaces", 1),
        ("graph_checkpoints", 1),
        ("graph_values", 1),
        ("graph_segments", 1),
        ("graph_writes", 1),
        ("chat_tasks", 3),
        ("chat_routing_requests", 3),
        ("chat_credentials", 1),
        ("app_settings", 2),
        ("app_setting_versions", 3),
    ] {
        assert_eq!(alone.get(table).map(Vec::len), Some(count), "{table}");
    }
    assert_eq!(alone["chat_users"][0]["email"], "ada-mark@example.org");
    assert_eq!(alone["messages"][0]["metadata"], serde_json::Value::Null);
    assert_eq!(alone["chat_conversations"][0]["metadata"]["a"], "ada-mark");
    let text = format!("{alone:?}");
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret:.8}");
    }
    // The data of others is not exported.
    fill(store, "bob");
    assert_eq!(export(store, "ada"), alone);
    assert!(!text.contains("bob"));
}

fn an_export_has_the_same_lines_with_any_page_size(store: &Store) {
    fill_all(store);
    let lines = |limit: i64| {
        let (mut lines, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = store.users().export_user(&id("ada"), limit, cursor.as_deref());
            let page = page.expect("the query succeeds").expect("the user exists");
            assert!(page.lines.len() as i64 <= limit);
            lines.extend(page.lines);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return lines;
            }
        }
    };
    let all = lines(10_000);
    let distinct: BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "no row is exported twice");
    for limit in [1, 3, 7] {
        assert_eq!(lines(limit), all, "{limit}");
    }
}

fn an_erased_user_is_in_no_table(store: &Store) {
    fill_all(store);
    counted(store);
    // Rows that are not yet counted, too.
    let message = NewMessage { tokens_used: Some(3), ..NewMessage::new("of nobody") };
    store.messages().log_message(&message).expect("it is logged");
    let (others, exported) = (export(store, "bob"), export(store, "ada"));
    let session = store.sessions().list_sessions(&id("ada"), false, 10, None);
    assert_eq!(session.expect("the query succeeds").sessions.len(), 1);
    let settings = || store.app_settings().get_settings(&format!("user:{}", id("ada")));
    assert_eq!(settings().expect("the query succeeds").len(), 1);
    let erased = store.users().erase_user(&id("ada")).expect("the erasure succeeds");
    // The process has them no longer in memory, either.
    assert_eq!(settings().expect("the query succeeds").len(), 0);
    let UserErasure { deleted, scrubbed, .. } = erased.expect("the user exists");
    assert_eq!(rows_with(store, "ada-mark"), BTreeMap::new());
    for (table, rows) in &exported {
        let is_scrubbed = ["chat_audit_log", "chat_routing_requests"].contains(&table.as_str());
        let counts = if is_scrubbed { &scrubbed } else { &deleted };
        assert_eq!(counts.get(table), Some(&(rows.len() as u64)), "{table}");
    }
    // The audit log and the requests remain.
    assert_eq!(deleted.len(), exported.len() - 2);
    assert_eq!(scrubbed.get("user_roles"), Some(&1));
    let settings = ["app_settings", "app_setting_versions"].map(|table| scrubbed.get(table));
    assert_eq!(settings, [Some(&1); 2]);
    assert_eq!(scrubbed.len(), 5);
    let limit = store.app_settings().get_setting("ada.limit", "tenant", None);
    let limit = limit.expect("the query succeeds").expect("the setting remains");
    assert_eq!((limit.updated_by, limit.version), (None, 1));
    // The role that the user granted remains.
    assert!(store.users().has_role(&id("bob"), "admin").expect("the query succeeds"));
    assert_eq!(export_after_erasure(store), others);
    assert_eq!(all(store), recounted(store, None, None));
    counted(store);
    assert_eq!(all(store), recounted(store, None, None));
    assert_eq!(store.users().erase_user(&id("ada")).expect("the query succeeds"), None);
}

fn an_interrupted_erasure_is_run_again(store: &Store) {
    fill_all(store);
    let others = export(store, "bob");
    let person = ada(store);
    // Each run ends after one step more than the run before, each step with two rows.
    for steps in 0.. {
        let mut stage = Some(0);
        for _ in 0..steps {
            let Some(current) = stage else { break };
            let step = store.database().with_connection(Role::Writer, |connection| {
                personal_data::erase_step(connection, &person, current, 2)
            });
            stage = step.expect("the step succeeds").next_stage;
        }
        assert_eq!(all(store), recounted(store, None, None), "{steps}");
        if stage.is_none() {
            break;
        }
    }
    assert_eq!(rows_with(store, "ada-mark"), BTreeMap::new());
    assert_eq!(export_after_erasure(store), others);
}

fn a_conversation_that_is_created_during_an_erasure_is_erased(store: &Store) {
    fill(store, "ada");
    let person = ada(store);
    let step = |stage| {
        store.database().with_connection(Role::Writer, |connection| {
            personal_data::erase_step(connection, &person, stage, 1_000)
        })
    };
    let create = || {
        let created = store.conversations().create_conversation(
            Some(&id("ada")),
            Some("ada-mark"),
            None,
            None,
        );
        created.expect("it is created");
    };
    let mut stage = Some(0);
    let error = loop {
        // After the stage of conversations.
        if stage == Some(7) {
            create();
        }
        match step(stage.expect("the user is not erased")) {
            Ok(done) => stage = done.next_stage,
            Err(error) => break error,
        }
    };
    assert_eq!((error.kind(), error.field()), (ErrorKind::Conflict, Some("user_id")));
    store.users().erase_user(&id("ada")).expect("the erasure succeeds").expect("the user exists");
    assert_eq!(rows_with(store, "ada-mark"), BTreeMap::new());
}

/// MySQL since 9.6 can store a row while its parent is deleted.
fn rows_that_are_left_without_the_account_are_erased(store: &Store) {
    fill_all(store);
    let others = export(store, "bob");
    let person = ada(store);
    let names = ["chat_conversations", "chat_tasks", "user_identities", "user_roles"];
    let names = names.into_iter().chain(["user_passwords", "user_sessions", "api_tokens"]);
    let names: Vec<_> = names.chain(["graph_threads", "graph_namespaces"]).collect();
    let copy = |name: &&str| format!("CREATE TABLE left_{name} AS SELECT * FROM {name};");
    store.raw.execute(&names.iter().map(copy).collect::<String>());
    let mut stage = Some(0);
    while let Some(current) = stage {
        let step = store.database().with_connection(Role::Writer, |connection| {
            personal_data::erase_step(connection, &person, current, 1_000)
        });
        let step = step.expect("the step succeeds");
        stage = step.next_stage;
        if step.erased.deleted.contains_key("chat_users") {
            let without_keys = match store.engine() {
                Engine::Sqlite => "PRAGMA foreign_keys = OFF;",
                Engine::PostgreSql => "SET session_replication_role = replica;",
                Engine::MySql | Engine::MariaDb => "SET foreign_key_checks = 0;",
            };
            let restore = |name: &&str| {
                let key = if *name == "user_passwords" { "user_id" } else { "id" };
                format!(
                    "INSERT INTO {name} SELECT * FROM left_{name} \
                     WHERE {key} NOT IN (SELECT {key} FROM {name});"
                )
            };
            let rows: String = names.iter().map(restore).collect();
            store.raw.execute(&format!("{without_keys}{rows}"));
        }
    }
    let drop = |name: &&str| format!("DROP TABLE left_{name};");
    store.raw.execute(&names.iter().map(drop).collect::<String>());
    assert_eq!(rows_with(store, "ada-mark"), BTreeMap::new());
    assert_eq!(export_after_erasure(store), others);
    for name in names.iter().filter(|name| **name != "graph_namespaces") {
        let sql = format!("SELECT count(*) FROM {name} WHERE user_id = {}", person.id);
        assert_eq!(store.raw.scalar(&sql).as_deref(), Some("0"), "{name}");
    }
}

fn unknown_users_and_invalid_pages(store: &Store) {
    fill(store, "ada");
    let users = store.users();
    for unknown in ["", "a\0", "nobody", "ADA-MARK-ID", &"x".repeat(100)] {
        assert_eq!(users.export_user(unknown, 10, None).expect("the query succeeds"), None);
        assert_eq!(users.iter_user_export(unknown).count(), 0);
        assert_eq!(users.erase_user(unknown).expect("the query succeeds"), None);
    }
    for limit in [0, -1, 10_001] {
        assert_rejected(users.export_user(&id("ada"), limit, None), "limit");
    }
    for cursor in ["", "x", "AQ"] {
        assert_rejected(users.export_user(&id("ada"), 1, Some(cursor)), "cursor");
    }
}
