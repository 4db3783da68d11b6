//! Migration scripts: run by the engine's own client, a script has the same effect as an upgrade by
//! chatkeep.

use chatkeep_core::migrations::{SchemaVersion, all};
use chatkeep_testkit::Engine;

use super::folder::{Folder, assert_all_applied, differences};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![run_empty =>
    a_script_has_the_effect_of_an_upgrade,
    a_script_covers_pending_migrations_or_a_downgrade,
];

fn a_script_has_the_effect_of_an_upgrade(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let script = folder.on(store).sql(Some("base"), "head").expect("the script is generated");
    store.raw.run_client(&script).expect("the client runs the script");
    let status = folder.on(store).status().expect("the query succeeds");
    assert_eq!(status.version(), SchemaVersion::Head, "{status:?}");
    assert!(status.applied.iter().all(|migration| migration.applied_at.is_some()));
    assert_eq!(differences(&folder.on(store)), <[String; 0]>::default());
    assert_all_applied(store);
    assert_eq!(
        folder.on(store).upgrade("head").expect("there is nothing to do"),
        <[String; 0]>::default()
    );
    assert_eq!(store.count(), 0);
    // A second run stops before it changes anything.
    store.raw.run_client(&script).expect_err("the script was applied already");
    assert_all_applied(store);
}

fn a_script_covers_pending_migrations_or_a_downgrade(store: &Store) {
    let own = all(store.database().engine());
    let migrations = store.database().migrations();
    migrations.upgrade("create_api_tokens").expect("two migrations run");
    let script = migrations.sql(None, "head").expect("the script is generated");
    assert!(
        !script.contains("create_api_tokens") && script.contains("create_message_totals"),
        "{script}"
    );
    assert_eq!(
        migrations.sql(Some("create_api_tokens"), "head").expect("the script is generated"),
        script
    );
    store.raw.run_client(&script).expect("the client runs the script");
    assert_eq!(differences(&migrations), <[String; 0]>::default());
    assert!(
        migrations
            .sql(None, "head")
            .expect("there is nothing to do")
            .contains("There is nothing to do")
    );
    let downgrade =
        migrations.sql(Some("head"), "create_messages").expect("the script is generated");
    store.raw.run_client(&downgrade).expect("the client runs the script");
    let status = migrations.status().expect("the query succeeds");
    assert_eq!(status.version(), SchemaVersion::Behind(own.len() - 1));
    assert_eq!(differences(&migrations), <[String; 0]>::default());
    assert!(
        store.engine() == Engine::Sqlite
            || store.raw.try_execute("SELECT * FROM api_tokens").is_err()
    );
}
