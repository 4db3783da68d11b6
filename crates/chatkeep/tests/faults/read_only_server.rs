//! Read-only servers and accounts.

use chatkeep::{ErrorKind, NewMessage};
use chatkeep_testkit::{Engine, Server, TestDatabase};

use crate::failing::fails;
use crate::on_each_server;
use crate::opening::{count, log, open, open_ready, tables};

on_each_server!(
    a_read_only_database_checks_tokens,
    a_write_rejected_as_read_only_replaces_the_connection,
);

/// Creates an account with all rights, and returns its URL.
fn account(database: &TestDatabase) -> String {
    let name = format!("{}_u", database.name());
    database.execute(&match database.engine() {
        Engine::PostgreSql => format!(
            "CREATE ROLE {name} LOGIN PASSWORD 'geheim-wort'; \
             GRANT ALL ON SCHEMA public TO {name}; \
             GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}"
        ),
        _ => format!(
            "CREATE USER '{name}'@'%' IDENTIFIED BY 'geheim-wort'; \
             GRANT ALL ON {}.* TO '{name}'@'%'",
            database.name()
        ),
    });
    let (engine, port) = (database.engine().name(), database.port());
    format!("{engine}://{name}:geheim-wort@127.0.0.1:{port}/{}", database.name())
}

/// Makes the database read-only, like a replica or a database during a migration.
fn make_read_only(database: &TestDatabase) {
    match database.engine() {
        Engine::PostgreSql => {
            database.execute(&format!(
                "ALTER ROLE {}_u SET default_transaction_read_only = on",
                database.name()
            ));
        }
        _ => database.execute("SET GLOBAL read_only = ON"),
    }
}

fn a_read_only_database_checks_tokens(engine: Engine) {
    let server = Server::start(engine);
    let database = server.create_database();
    let created =
        open_ready(database.url()).tokens().create_token("t", None).expect("it is writable");
    let url = account(&database);
    make_read_only(&database);

    let chat = open(&url);
    assert!(
        chat.tokens().verify_token(created.token.expose()).expect("tokens can still be checked")
    );
    assert_eq!(count(&chat).expect("reads still work"), 0);
    let two = [NewMessage::new("a"), NewMessage::new("b")];
    fails(&url, || log(&chat, "hello")).with(ErrorKind::ReadOnly).final_().at_once();
    fails(&url, || chat.messages().log_messages(&two)).with(ErrorKind::ReadOnly).final_().at_once();
    fails(&url, || chat.tokens().revoke_token(created.id))
        .with(ErrorKind::ReadOnly)
        .hiding(created.token.expose())
        .final_()
        .at_once();
    assert!(chat.tokens().verify_token(created.token.expose()).expect("the connection is intact"));
    assert_eq!(count(&chat).expect("reads still work"), 0);

    // Creating a schema fails too.
    let empty = server.create_database();
    let rest = empty.url().split_once('@').expect("an account").1;
    let account = url.split_once('@').expect("an account").0;
    empty.execute(&match engine {
        Engine::PostgreSql => format!("GRANT ALL ON SCHEMA public TO {}_u", database.name()),
        _ => format!("GRANT ALL ON {}.* TO '{}_u'@'%'", empty.name(), database.name()),
    });
    let url = format!("{account}@{rest}");
    let chat = open(&url);
    fails(&url, || log(&chat, "hello")).with(ErrorKind::ReadOnly).final_().at_once();
    assert_eq!(tables(&empty), 0);
}

/// After a planned failover the old primary stays up and rejects writes. A new connection may reach
/// the new primary.
fn a_write_rejected_as_read_only_replaces_the_connection(engine: Engine) {
    let server = Server::start(engine);
    let database = server.create_database();
    open_ready(database.url());
    let url = account(&database);
    make_read_only(&database);
    let chat = open(&url);
    assert_eq!(count(&chat).expect("reads still work"), 0);
    let before = connections(&database);
    assert_eq!(before.len(), 1);

    let error = log(&chat, "hello").expect_err("the server is read-only");
    assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
    match engine {
        Engine::PostgreSql => {
            database.execute(&format!(
                "ALTER ROLE {}_u RESET default_transaction_read_only",
                database.name()
            ));
        }
        _ => database.execute("SET GLOBAL read_only = OFF"),
    }
    log(&chat, "hello").expect("the new connection is writable");
    assert!(
        connections(&database).iter().all(|id| !before.contains(id)),
        "the rejected connection is still used"
    );
}

/// Returns the server's ids of the account's connections.
fn connections(database: &TestDatabase) -> Vec<String> {
    let name = format!("{}_u", database.name());
    let rows = database.query(&match database.engine() {
        Engine::PostgreSql => format!("SELECT pid FROM pg_stat_activity WHERE usename = '{name}'"),
        _ => format!("SELECT id FROM information_schema.processlist WHERE user = '{name}'"),
    });
    rows.into_iter().flatten().flatten().collect()
}
