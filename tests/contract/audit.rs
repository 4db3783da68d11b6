//! Tests of the audit log.

use chatkeep::{AuditEntry, AuditFilter, NewAuditEntry};

use crate::every_engine::on_every_engine;
use crate::plans::{analyze, assert_reads_index};
use crate::store::{Store, assert_rejected, at, metadata};

on_every_engine![
    every_value_of_an_action_is_recorded,
    values_of_keys_that_name_a_secret_are_not_stored,
    many_short_secrets_are_accepted_and_redacted,
    pages_have_each_matching_entry_once_newest_first,
    invalid_actions_and_pages_are_rejected_by_name,
    old_entries_are_deleted,
    a_page_is_read_in_the_order_of_an_index,
];

fn record(store: &Store, action: &str, actor: Option<&str>, object: Option<&str>) -> AuditEntry {
    let entry = NewAuditEntry {
        actor: actor.map(str::to_owned),
        object: object.map(str::to_owned),
        ..NewAuditEntry::new(action)
    };
    store.audit().record_audit(&entry).expect("the action is recorded")
}

fn actions(store: &Store, filter: &AuditFilter, limit: i64) -> Vec<String> {
    let (mut actions, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = store.audit().list_audit(filter, limit, cursor.as_deref());
        let page = page.expect("the query succeeds");
        assert!(page.entries.len() as i64 <= limit);
        actions.extend(page.entries.into_iter().map(|entry| entry.action));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return actions;
        }
    }
}

fn every_value_of_an_action_is_recorded(store: &Store) {
    let new = NewAuditEntry {
        action: "r\u{f6}le.granted \u{1f511}".into(),
        actor: Some("admin-1".into()),
        object: Some("user:'\"\\%".into()),
        before: Some(metadata(r#"{"roles":[]}"#)),
        after: Some(metadata(r#"{"roles":["editor",1.5]}"#)),
        ip: Some("2001:db8::1".into()),
    };
    let recorded = store.audit().record_audit(&new).expect("the action is recorded");
    let minimal = record(store, "a", None, None);
    assert!(minimal.id > recorded.id);
    assert_eq!((&recorded.action, &recorded.actor), (&new.action, &new.actor));
    assert_eq!((&recorded.before, &recorded.after), (&new.before, &new.after));
    assert_eq!((&recorded.object, &recorded.ip), (&new.object, &new.ip));
    let page = store.audit().list_audit(&AuditFilter::default(), 10, None);
    assert_eq!(page.expect("the query succeeds").entries, [minimal, recorded]);
}

fn values_of_keys_that_name_a_secret_are_not_stored(store: &Store) {
    let values = metadata(r#"{"user":{"api_key":"mark-1","name":"a"},"Password":"mark-2"}"#);
    let new = NewAuditEntry {
        before: Some(values.clone()),
        after: Some(values),
        ..NewAuditEntry::new("password.set")
    };
    let recorded = store.audit().record_audit(&new).expect("the action is recorded");
    let expected = r#"{"Password":"[redacted]","user":{"api_key":"[redacted]","name":"a"}}"#;
    for values in [&recorded.before, &recorded.after] {
        assert_eq!(values.as_ref().map(chatkeep::Metadata::as_json), Some(expected));
    }
    let stored = store.raw.query("SELECT before_values, after_values FROM chat_audit_log");
    assert!(!format!("{stored:?}").contains("mark"), "{stored:?}");
}

/// The redacted values are longer than the secrets.
fn many_short_secrets_are_accepted_and_redacted(store: &Store) {
    let of = |secret: &str| {
        let secrets = vec![format!(r#"{{"password":"{secret}"}}"#); 500];
        metadata(&format!(r#"{{"users":[{}]}}"#, secrets.join(",")))
    };
    let new = NewAuditEntry {
        before: Some(of("abc")),
        after: Some(of("d")),
        ..NewAuditEntry::new("passwords.set")
    };
    let recorded = store.audit().record_audit(&new).expect("the action is recorded");
    let redacted = Some(of("[redacted]"));
    assert_eq!((&recorded.before, &recorded.after), (&redacted, &redacted));
    let page = store.audit().list_audit(&AuditFilter::default(), 10, None);
    assert_eq!(page.expect("the query succeeds").entries, [recorded]);
}

fn pages_have_each_matching_entry_once_newest_first(store: &Store) {
    let all = AuditFilter::default();
    assert_eq!(actions(store, &all, 10), Vec::<String>::new());
    for (action, actor, object) in [
        ("a", Some("ada"), Some("user:1")),
        ("b", Some("ada"), None),
        ("a", Some("bob"), Some("user:1")),
        ("c", None, Some("user:2")),
        ("a", Some("Ada"), Some("user:1")),
    ] {
        record(store, action, actor, object);
    }
    for limit in [1, 2, 5, 6, 10_000] {
        assert_eq!(actions(store, &all, limit), ["a", "c", "a", "b", "a"], "{limit}");
    }
    let list = |change: fn(&mut AuditFilter)| {
        let mut filter = AuditFilter::default();
        change(&mut filter);
        actions(store, &filter, 2).concat()
    };
    assert_eq!(list(|filter| filter.actor = Some("ada".into())), ["b", "a"].concat());
    assert_eq!(list(|filter| filter.object = Some("user:1".into())), "aaa");
    assert_eq!(list(|filter| filter.action = Some("a".into())), "aaa");
    assert_eq!(list(|filter| filter.action = Some("A".into())), "");
    assert_eq!(
        list(|filter| {
            filter.action = Some("a".into());
            filter.actor = Some("bob".into());
        }),
        "a"
    );
    // Entries of one microsecond are ordered by id.
    store.raw.execute("UPDATE chat_audit_log SET created_at = '2024-01-02 00:00:00.000000'");
    store.raw.execute(
        "UPDATE chat_audit_log SET created_at = '2024-01-03 00:00:00.000000' WHERE action = 'b'",
    );
    assert_eq!(actions(store, &all, 2).concat(), "bacaa");
    assert_eq!(list(|filter| filter.start = Some(at("2024-01-02T00:00:00.000001Z"))), "b");
    assert_eq!(list(|filter| filter.end = Some(at("2024-01-02"))), "acaa");
}

fn invalid_actions_and_pages_are_rejected_by_name(store: &Store) {
    let with = |change: &dyn Fn(&mut NewAuditEntry)| {
        let mut entry = NewAuditEntry::new("a");
        change(&mut entry);
        store.audit().record_audit(&entry)
    };
    for action in ["", "a\0", &"x".repeat(101)] {
        assert_rejected(with(&|entry| entry.action = action.into()), "action");
    }
    assert_rejected(with(&|entry| entry.actor = Some("x".repeat(256))), "actor");
    assert_rejected(with(&|entry| entry.object = Some("x".repeat(256))), "object");
    assert_rejected(with(&|entry| entry.ip = Some("x".repeat(46))), "ip");
    let large = metadata(&format!(r#"{{"a":"{}"}}"#, "x".repeat(65_536)));
    assert_rejected(with(&|entry| entry.before = Some(large.clone())), "before");
    assert_rejected(with(&|entry| entry.after = Some(large.clone())), "after");
    let all = AuditFilter::default();
    assert_eq!(actions(store, &all, 10), Vec::<String>::new());
    for limit in [0, -1, 10_001] {
        assert_rejected(store.audit().list_audit(&all, limit, None), "limit");
    }
    assert_rejected(store.audit().list_audit(&all, 1, Some("x")), "cursor");
    for days in [0, -1, 3_650_001] {
        assert_rejected(store.audit().prune_audit(days), "days");
    }
}

fn old_entries_are_deleted(store: &Store) {
    for action in ["old", "old", "new"] {
        record(store, action, None, None);
    }
    store.raw.execute(
        "UPDATE chat_audit_log SET created_at = '2024-01-01 00:00:00.000000' WHERE action = 'old'",
    );
    assert_eq!(store.audit().prune_audit(30).expect("the deletion succeeds"), 2);
    assert_eq!(store.audit().prune_audit(30).expect("nothing is left"), 0);
    assert_eq!(actions(store, &AuditFilter::default(), 10), ["new"]);
}

fn a_page_is_read_in_the_order_of_an_index(store: &Store) {
    for thousand in 0..3 {
        let row = |number: i32| {
            let (minute, second) = (number / 60 % 60, number % 60);
            let time = format!("2024-01-0{} 00:{minute:02}:{second:02}.000000", 1 + thousand);
            format!("('{time}', 'a{}', 'b{}', 'c{}')", number % 7, number % 9, number % 11)
        };
        let rows: Vec<_> = (0..1_000).map(row).collect();
        store.raw.execute(&format!(
            "INSERT INTO chat_audit_log (created_at, action, actor, object) VALUES {}",
            rows.join(", ")
        ));
    }
    analyze(store, "chat_audit_log");
    for (column, value) in [("action", "a1"), ("actor", "b1"), ("object", "c1")] {
        let page = format!(
            "SELECT id FROM chat_audit_log WHERE {column} = '{value}' \
             ORDER BY created_at DESC, id DESC LIMIT 101"
        );
        assert_reads_index(store, &page, &format!("chat_audit_log_{column}_created_at_id"));
    }
}
