//! Tests of copies from every engine to every engine.

use chatkeep::{ErrorKind, SchemaState};
use chatkeep_testkit::Engine;
use chatkeep_transfer::{CopyOptions, Phase, compare, copy, plan_copy};
use std::time::Duration;

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_same, fill, other, url};

on_every_engine![
    all_rows_are_copied_to_every_engine,
    empty_databases_are_copied,
    rows_of_the_target_are_kept_without_replace,
    plans_count_the_rows_of_both_sides_without_changes,
    comparisons_report_differences,
    errors_name_the_unsuitable_side,
];

const TIMEOUT: Duration = Duration::from_secs(10);
const REPLACE: CopyOptions = CopyOptions { resume: false, replace: true, connect_timeout: TIMEOUT };
const RESUME: CopyOptions = CopyOptions { resume: true, replace: false, connect_timeout: TIMEOUT };

fn all_rows_are_copied_to_every_engine(store: &Store) {
    let token = fill(store);
    let before = store.all();
    for engine in Engine::available() {
        let target = other(engine);
        let mut phases = Vec::new();
        let (from, to) = (url(store.raw.url()), url(target.raw.url()));
        let report = copy(&from, &to, CopyOptions::default(), &mut |step| {
            if phases.last() != Some(&step.phase) {
                phases.push(step.phase);
            }
            assert!(step.done <= step.total, "{step:?}");
        });
        let report = report.unwrap_or_else(|error| panic!("to {engine}: {error:?}"));
        assert_eq!(
            (report.messages, report.tokens, report.there_before),
            (before.len() as u64, 2, 0)
        );
        assert!(report.comparison.equal && report.comparison.source == report.comparison.target);
        assert_eq!(phases, [Phase::Storing, Phase::Counting, Phase::Comparing]);
        assert_same(store, &target);
        assert!(compare(&from, &to, TIMEOUT, &mut |_| {}).expect("compared").equal);
        assert!(target.tokens().verify_token(&token).expect("the database answers"), "{engine}");
        // `fill` deleted the message with the greatest id. The target does not reuse that id.
        let greatest = before.last().expect("messages").id;
        assert!(target.log("new") > greatest + 1, "{engine}");
        assert!(target.tokens().create_token("new", None).expect("a token").id > 2, "{engine}");
    }
    assert_eq!(store.all(), before, "the source is unchanged");
}

fn empty_databases_are_copied(store: &Store) {
    store.database().upgrade().expect("made");
    let target = other(store.engine());
    let report =
        copy(&url(store.raw.url()), &url(target.raw.url()), CopyOptions::default(), &mut |_| {});
    assert_eq!(report.expect("copied").messages, 0);
    assert_eq!(target.count(), 0);
    target.log("first");
}

fn rows_of_the_target_are_kept_without_replace(store: &Store) {
    let source = other(Engine::Sqlite);
    fill(&source);
    store.log("mine");
    let (from, to) = (url(source.raw.url()), url(store.raw.url()));
    for options in [CopyOptions::default(), RESUME] {
        let error = copy(&from, &to, options, &mut |_| {}).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert!(
            error.message().starts_with("target: is not empty (1 message); use --replace"),
            "{error}"
        );
        assert_eq!(store.count(), 1);
    }
    copy(&from, &to, REPLACE, &mut |_| {}).expect("replaced");
    let fresh = crate::store::open(store.raw.url());
    assert_eq!(crate::store::all(&fresh), source.all());
    let again = copy(&from, &to, RESUME, &mut |_| {}).expect("nothing to copy");
    assert_eq!((again.messages, again.tokens), (0, 0));
    assert_eq!(again.there_before, source.count().unsigned_abs() + 2);
}

fn plans_count_the_rows_of_both_sides_without_changes(store: &Store) {
    let source = other(Engine::Sqlite);
    fill(&source);
    let (from, to) = (url(source.raw.url()), url(store.raw.url()));
    let plan = plan_copy(&from, &to, TIMEOUT).expect("planned");
    assert_eq!((plan.messages, plan.tokens), (source.count().unsigned_abs(), 2));
    assert!(plan.makes_tables && plan.target_messages == 0 && plan.unfinished.is_none());
    assert!(store.raw.try_execute("SELECT * FROM messages").is_err(), "no tables are created");
    store.log("mine");
    let plan = plan_copy(&from, &to, TIMEOUT).expect("planned");
    assert_eq!((plan.makes_tables, plan.target_messages), (false, 1));
}

fn comparisons_report_differences(store: &Store) {
    let source = other(Engine::Sqlite);
    fill(&source);
    let (from, to) = (url(source.raw.url()), url(store.raw.url()));
    copy(&from, &to, CopyOptions::default(), &mut |_| {}).expect("copied");
    let difference = |sql: &str| {
        store.raw.execute(sql);
        compare(&from, &to, TIMEOUT, &mut |_| {}).expect("compared").differences
    };
    let found = difference("UPDATE messages SET tokens_used = 5 WHERE id = 2");
    assert_eq!(found, ["messages: the same number of rows, but not the same values"]);
    assert_eq!(difference("DELETE FROM messages WHERE id = 2").len(), 1);
    assert_eq!(difference("UPDATE api_tokens SET is_active = NOT is_active").len(), 2);
}

fn errors_name_the_unsuitable_side(store: &Store) {
    let source = other(Engine::Sqlite);
    source.log("a");
    let (from, to) = (url(source.raw.url()), url(store.raw.url()));
    let refused = |from: &_, to: &_| {
        copy(from, to, CopyOptions::default(), &mut |_| {}).expect_err("refused")
    };
    assert_eq!(refused(&from, &from).kind(), ErrorKind::Configuration);
    let missing = url(&format!("sqlite:///{}", store.path("missing.db").display()));
    let error = refused(&missing, &to);
    assert!(error.message().starts_with("source: the file"), "{error}");
    assert!(!store.path("missing.db").exists());
    assert_eq!(refused(&url("sqlite:///:memory:"), &to).kind(), ErrorKind::Configuration);
    assert_eq!(refused(&from, &url("sqlite:///:memory:")).kind(), ErrorKind::Configuration);
    // A copy creates no tables in the source. SQLite is left out: a source without tables is a
    // missing file there, as above.
    let empty = other(store.engine());
    if store.engine() != Engine::Sqlite {
        assert_eq!(
            refused(&url(empty.raw.url()), &to).kind(),
            ErrorKind::Schema(SchemaState::Behind)
        );
    }
    store.database().upgrade().expect("made");
    store.raw.execute(
        "INSERT INTO chatkeep_migrations (version, name, checksum, started_at, finished_at, state) \
         VALUES ('29990101000000', 'later', 'x', '2026-01-01 00:00:00', '2026-01-01 00:00:00', \
         'done')",
    );
    let error = refused(&from, &to);
    assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Newer));
    assert!(error.message().starts_with("target: "), "{error}");
}
