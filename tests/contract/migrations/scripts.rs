//! Migrations as a script: run by the engine's own client, it does what the program would have done.

use chatkeep_core::migrations::{SchemaVersion, all};
use chatkeep_testkit::Engine;

use super::folder::{Folder, assert_all_was_run, differences};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    a_script_does_what_the_program_would_have_done,
    a_script_is_about_what_is_missing_or_leads_back,
];

fn a_script_does_what_the_program_would_have_done(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let script = folder.on(store).sql(Some("base"), "head").expect("the script is written");
    store.raw.run_client(&script).expect("the client runs the script");
    let status = folder.on(store).status().expect("the database answers");
    assert_eq!(status.version(), SchemaVersion::Head, "{status:?}");
    assert!(status.applied.iter().all(|migration| migration.applied_at.is_some()));
    assert_eq!(differences(&folder.on(store)), <[String; 0]>::default());
    assert_all_was_run(store);
    assert_eq!(folder.on(store).upgrade("head").expect("nothing to do"), <[String; 0]>::default());
    assert_eq!(store.count(), 0);
    // A second time it stops before it changes anything.
    store.raw.run_client(&script).expect_err("it was run already");
    assert_all_was_run(store);
}

fn a_script_is_about_what_is_missing_or_leads_back(store: &Store) {
    let own = all(store.database().engine());
    let migrations = store.database().migrations();
    migrations.upgrade("create_api_tokens").expect("two are run");
    let script = migrations.sql(None, "head").expect("the script is written");
    assert!(
        !script.contains("create_api_tokens") && script.contains("create_message_totals"),
        "{script}"
    );
    assert_eq!(
        migrations.sql(Some("create_api_tokens"), "head").expect("the same, unseen"),
        script
    );
    store.raw.run_client(&script).expect("the client runs the script");
    assert_eq!(differences(&migrations), <[String; 0]>::default());
    assert!(migrations.sql(None, "head").expect("nothing to do").contains("nothing to do"));
    let back = migrations.sql(Some("head"), "create_messages").expect("the way back");
    store.raw.run_client(&back).expect("the client runs the script");
    let status = migrations.status().expect("the database answers");
    assert_eq!(status.version(), SchemaVersion::Behind(own.len() - 1));
    assert_eq!(differences(&migrations), <[String; 0]>::default());
    assert!(
        store.engine() == Engine::Sqlite
            || store.raw.try_execute("SELECT * FROM api_tokens").is_err()
    );
}
