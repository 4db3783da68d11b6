//! Tests of private servers, which a test can stop, kill and freeze.

use std::time::{Duration, Instant};
use std::{fs, thread};

use chatkeep_testkit::{Engine, Server};

#[test]
fn a_restarted_server_has_the_same_port_and_all_commits() {
    for engine in Engine::servers() {
        let mut server = Server::start(engine);
        let (port, pid) = (server.port(), server.pid().expect("the server is running"));
        let database = server.create_database();
        database.execute("CREATE TABLE t (a INTEGER)");
        database.execute("INSERT INTO t VALUES (7)");

        server.kill();
        assert_eq!(server.pid(), None, "{engine}");
        assert!(!server.is_running(), "{engine}");
        assert!(database.try_execute("SELECT 1").is_err(), "{engine}");

        server.start_again();
        assert_eq!(server.port(), port, "{engine}");
        assert_ne!(server.pid(), Some(pid), "{engine}");
        assert_eq!(database.scalar("SELECT a FROM t").as_deref(), Some("7"), "{engine}");

        server.restart();
        assert_eq!(database.scalar("SELECT a FROM t").as_deref(), Some("7"), "{engine}");
    }
}

#[test]
fn a_frozen_server_responds_only_after_it_is_resumed() {
    for engine in Engine::servers() {
        let server = Server::start(engine);
        let database = server.create_database();
        server.pause();
        thread::scope(|scope| {
            let query = scope.spawn(|| {
                let begin = Instant::now();
                assert_eq!(database.scalar("SELECT 7").as_deref(), Some("7"), "{engine}");
                begin.elapsed()
            });
            thread::sleep(Duration::from_millis(500));
            server.resume();
            let waited = query.join().expect("the query succeeds");
            assert!(
                // Less than the 500 ms above, because the query may start late.
                waited >= Duration::from_millis(400),
                "{engine} responded after {waited:?}, while frozen"
            );
        });
    }
}

#[test]
fn a_dropped_server_is_removed_completely() {
    for engine in Engine::servers() {
        let server = Server::start(engine);
        let pid = server.pid().expect("the server is running");
        let folder = fs::read_link(format!("/proc/{pid}/cwd"))
            .expect("its working folder is its data folder");
        server.pause();
        drop(server);
        assert!(!fs::exists(format!("/proc/{pid}")).expect("/proc can be read"), "{engine}");
        assert!(!folder.exists(), "{engine}: {} still exists", folder.display());
    }
}

#[test]
fn a_setting_reaches_the_server() {
    for engine in Engine::servers() {
        let server = Server::builder(engine).setting("max_connections", "17").start();
        let sql = if engine == Engine::PostgreSql {
            "SHOW max_connections"
        } else {
            "SELECT @@max_connections"
        };
        assert_eq!(server.create_database().scalar(sql).as_deref(), Some("17"), "{engine}");
    }
}

#[test]
fn an_unknown_setting_is_reported_with_the_end_of_the_log() {
    for engine in Engine::servers() {
        let outcome = std::panic::catch_unwind(|| {
            Server::builder(engine).setting("no_such_thing", "1").start()
        });
        let panic = outcome.map(|_| ()).expect_err("the setting is unknown");
        let text = panic.downcast_ref::<String>().expect("the message is a text");
        // A server may report the name with hyphens.
        let text = text.replace('-', "_");
        assert!(text.contains("no_such_thing"), "{engine} reported: {text}");
    }
}

#[test]
fn a_server_offers_tls_unless_it_is_disabled() {
    for engine in Engine::servers() {
        let (sql, on) = match engine {
            Engine::PostgreSql => ("SHOW ssl", "on"),
            Engine::MySql => ("SELECT IF(@@tls_version = '', 'NO', 'YES')", "YES"),
            _ => ("SELECT @@have_ssl", "YES"),
        };
        let with = Server::start(engine);
        assert_eq!(with.create_database().scalar(sql).as_deref(), Some(on), "{engine}");
        assert!(with.tls_ca().is_file(), "{engine}");
        let without = Server::builder(engine).without_tls().start();
        assert_ne!(without.create_database().scalar(sql).as_deref(), Some(on), "{engine}");
    }
}

#[test]
fn a_server_is_durable_on_request() {
    for engine in Engine::servers() {
        let (sql, on) = match engine {
            Engine::PostgreSql => ("SHOW fsync", "on"),
            _ => ("SELECT @@innodb_flush_log_at_trx_commit", "1"),
        };
        let durable = Server::builder(engine).durable(true).start();
        assert_eq!(durable.create_database().scalar(sql).as_deref(), Some(on), "{engine}");
        let fast = Server::start(engine);
        assert_ne!(fast.create_database().scalar(sql).as_deref(), Some(on), "{engine}");
    }
}
