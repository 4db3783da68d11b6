//! `DATABASE_URL`, the `DB_…` variables, and the default.

use super::{DatabaseUrl, Target, parse, tcp, unix};
use crate::url::{Password, Pooler, ServerTarget, SqliteLocation, TlsMode};
use crate::{Engine, Error, ErrorKind, Result};

fn read(variables: &[(&str, &str)]) -> Result<DatabaseUrl> {
    DatabaseUrl::from_variables(|name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

fn url(variables: &[(&str, &str)]) -> DatabaseUrl {
    read(variables).unwrap_or_else(|error| panic!("{variables:?}: {error}"))
}

fn server(variables: &[(&str, &str)]) -> ServerTarget {
    match url(variables).target() {
        Target::Server(server) => server.clone(),
        Target::Sqlite(_) => panic!("{variables:?} was parsed as SQLite"),
    }
}

/// Returns the error for invalid variables, and checks that it names the field.
fn error(field: &str, variables: &[(&str, &str)]) -> Error {
    let Err(error) = read(variables) else { panic!("{variables:?} was accepted") };
    assert_eq!(
        (error.kind(), error.field()),
        (ErrorKind::Configuration, Some(field)),
        "{variables:?}: {error}"
    );
    error
}

#[test]
fn default_file_is_used_when_nothing_is_set() {
    let default = url(&[]);
    let Target::Sqlite(sqlite) = default.target() else { panic!("SQLite is the default") };
    assert_eq!(sqlite.location, SqliteLocation::File("db/chatkeep.db".into()));
    assert!(sqlite.make_folder);
    assert_eq!(url(&[("DB_TYPE", "sqlite")]), default);
}

#[test]
fn folder_is_created_only_for_the_default_file() {
    for variables in [
        [("DATABASE_URL", "sqlite:///db/chatkeep.db"), ("DB_TYPE", "")],
        [("DB_NAME", "db/chatkeep.db"), ("DB_TYPE", "sqlite")],
    ] {
        let url = url(&variables);
        let Target::Sqlite(sqlite) = url.target() else { panic!("SQLite") };
        assert!(!sqlite.make_folder, "{variables:?}");
    }
}

#[test]
fn database_url_takes_precedence() {
    let variables =
        [("DATABASE_URL", " postgres://u:p@h/d\n"), ("DB_TYPE", "nonsense"), ("DB_NAME", "x")];
    assert_eq!(url(&variables), parse("postgres://u:p@h/d"));
    assert!(
        error("DATABASE_URL", &[("DATABASE_URL", "nonsense"), ("DB_TYPE", "sqlite")])
            .to_string()
            .contains("no scheme")
    );
}

#[test]
fn empty_variables_count_as_unset() {
    let blanks = [
        ("DATABASE_URL", "  \n"),
        ("DB_TYPE", ""),
        ("DB_HOST", ""),
        ("DB_PORT", ""),
        ("DB_NAME", ""),
        ("DB_USER", ""),
        ("DB_PASS", ""),
    ];
    assert_eq!(url(&blanks), url(&[]));
}

#[test]
fn server_host_and_port_have_defaults() {
    for (kind, engine, port) in [
        ("postgresql", Engine::PostgreSql, 5432),
        ("postgres", Engine::PostgreSql, 5432),
        ("PostgreSQL", Engine::PostgreSql, 5432),
        ("mysql", Engine::MySql, 3306),
        (" mariadb ", Engine::MariaDb, 3306),
    ] {
        let target = server(&[("DB_TYPE", kind), ("DB_NAME", "chat"), ("DB_USER", "app")]);
        assert_eq!(target.engine, engine, "{kind}");
        assert_eq!(target.hosts, [tcp("localhost", port)], "{kind}");
        assert_eq!(
            (target.user.as_deref(), target.database.as_deref()),
            (Some("app"), Some("chat"))
        );
        assert_eq!(
            (target.password, target.tls.mode, target.pooler),
            (None, TlsMode::Prefer, Pooler::None)
        );
    }
}

#[test]
fn db_host_accepts_names_addresses_lists_and_sockets() {
    for (kind, host, port, hosts) in [
        ("postgresql", "db", "6000", vec![tcp("db", 6000)]),
        ("postgresql", "db:6000", "", vec![tcp("db", 6000)]),
        ("postgresql", "::1", "6000", vec![tcp("::1", 6000)]),
        ("postgresql", "one,two", "1,2", vec![tcp("one", 1), tcp("two", 2)]),
        ("postgresql", "/var/run/postgresql", "6000", vec![unix("/var/run/postgresql", 6000)]),
        ("postgresql", "/cloudsql/p:r:i", "", vec![unix("/cloudsql/p:r:i", 5432)]),
        ("mysql", "/run/mysqld/mysqld.sock", "", vec![unix("/run/mysqld/mysqld.sock", 3306)]),
    ] {
        let variables = [
            ("DB_TYPE", kind),
            ("DB_NAME", "d"),
            ("DB_USER", "u"),
            ("DB_HOST", host),
            ("DB_PORT", port),
        ];
        assert_eq!(server(&variables).hosts, hosts, "{host}");
    }
}

#[test]
fn values_are_used_literally() {
    let target = server(&[
        ("DB_TYPE", "mysql"),
        ("DB_NAME", "chat%20/log"),
        ("DB_USER", "app@srv"),
        ("DB_PASS", " p@ss/%41?#:é "),
    ]);
    assert_eq!(target.database.as_deref(), Some("chat%20/log"));
    assert_eq!(target.user.as_deref(), Some("app@srv"));
    assert_eq!(target.password.as_ref().map(Password::expose), Some(" p@ss/%41?#:é "));
}

#[test]
fn db_name_is_the_sqlite_path() {
    let path =
        |name: &str| match url(&[("DB_TYPE", "sqlite"), ("DB_NAME", name), ("DB_HOST", "ignored")])
            .target()
        {
            Target::Sqlite(sqlite) => sqlite.location.clone(),
            Target::Server(_) => panic!("{name}"),
        };
    assert_eq!(path("/var/lib/100%25?.db"), SqliteLocation::File("/var/lib/100%25?.db".into()));
    assert_eq!(path(":memory:"), SqliteLocation::Memory);
    for name in ["db/", "/", "..", "file:x.db", "sqlite:///x.db"] {
        error("DB_NAME", &[("DB_TYPE", "sqlite"), ("DB_NAME", name)]);
    }
}

#[test]
fn missing_type_is_named_when_another_variable_is_set() {
    for (name, value) in [
        ("DB_NAME", "d"),
        ("DB_HOST", "h"),
        ("DB_PORT", "1"),
        ("DB_USER", "u"),
        ("DB_PASS", "secret"),
    ] {
        let message = error("DB_TYPE", &[(name, value)]).to_string();
        assert!(message.starts_with("DB_TYPE: is not set") && message.contains(name), "{message}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[test]
fn invalid_and_missing_variables_are_named() {
    let base =
        [("DB_TYPE", "postgresql"), ("DB_NAME", "d"), ("DB_USER", "u"), ("DB_PASS", "secret")];
    let with = |name: &'static str, value: &'static str| {
        let mut variables: Vec<_> = base.into_iter().filter(|(known, _)| *known != name).collect();
        variables.push((name, value));
        variables
    };
    for (name, value, word) in [
        ("DB_TYPE", "postgrseql", "did you mean postgresql?"),
        ("DB_TYPE", "oracle", "supported: sqlite, postgresql, mysql, mariadb"),
        ("DB_NAME", "", "is not set"),
        ("DB_USER", "", "is not set"),
        ("DB_NAME", "a\0b", "NUL"),
        ("DB_PASS", "a\0b", "NUL"),
        ("DB_PORT", "none", "between 1 and 65535"),
        ("DB_PORT", "0", "between 1 and 65535"),
        ("DB_PORT", "tcp://10.96.0.7:5432", "enableServiceLinks: false"),
        ("DB_HOST", "not a host", "not a name or an address"),
        ("DB_HOST", "h:x", "between 1 and 65535"),
        ("DB_HOST", "postgres://h", "set a URL in DATABASE_URL"),
    ] {
        let message = error(name, &with(name, value)).to_string();
        assert!(message.contains(word), "{name}={value}: {message}");
        assert!(!message.contains("secret"), "{message}");
    }
    let injected = error("DB_PORT", &[("DB_PORT", "tcp://10.96.0.7:5432")]).to_string();
    assert!(injected.contains("Kubernetes"), "{injected}");
    let mut twice = with("DB_HOST", "h:1");
    twice.push(("DB_PORT", "2"));
    assert!(error("DB_PORT", &twice).to_string().contains("specified twice"));
}

#[test]
fn variables_are_shown_without_the_password() {
    let url = url(&[
        ("DB_TYPE", "mariadb"),
        ("DB_NAME", "d"),
        ("DB_USER", "u"),
        ("DB_PASS", "secret"),
        ("DB_HOST", "h"),
    ]);
    assert_eq!(url.to_string(), "mariadb://u:***@h/d");
    assert!(!format!("{url:?} {:?}", url.target()).contains("secret"));
}
