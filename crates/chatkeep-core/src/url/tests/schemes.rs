//! The part before `://`.

use super::{DatabaseUrl, assert_rejected, error, parse};
use crate::Engine;

#[test]
fn schemes_and_drivers_select_the_engine() {
    let cases: &[(&str, Engine)] = &[
        ("sqlite:///x.db", Engine::Sqlite),
        ("sqlite3:///x.db", Engine::Sqlite),
        ("sqlite+aiosqlite:///x.db", Engine::Sqlite),
        ("sqlite+pysqlite:///x.db", Engine::Sqlite),
        ("postgres://h/d", Engine::PostgreSql),
        ("postgresql://h/d", Engine::PostgreSql),
        ("postgresql+asyncpg://h/d", Engine::PostgreSql),
        ("postgresql+psycopg://h/d", Engine::PostgreSql),
        ("postgresql+psycopg2://h/d", Engine::PostgreSql),
        ("postgresql+psycopg_async://h/d", Engine::PostgreSql),
        ("postgresql+pg8000://h/d", Engine::PostgreSql),
        ("mysql://h/d", Engine::MySql),
        ("mysql+pymysql://h/d", Engine::MySql),
        ("mysql+aiomysql://h/d", Engine::MySql),
        ("mysql+asyncmy://h/d", Engine::MySql),
        ("mysql+mysqldb://h/d", Engine::MySql),
        ("mysql+mysqlconnector://h/d", Engine::MySql),
        ("mysql+mariadbconnector://h/d", Engine::MySql),
        ("mariadb://h/d", Engine::MariaDb),
        ("mariadb+pymysql://h/d", Engine::MariaDb),
        ("mariadb+mariadbconnector://h/d", Engine::MariaDb),
        ("mariadb+aiomysql://h/d", Engine::MariaDb),
        ("mariadb+asyncmy://h/d", Engine::MariaDb),
    ];
    for (text, engine) in cases {
        assert_eq!(parse(text).engine(), *engine, "{text}");
        let (scheme, rest) = text.split_once("://").expect("a scheme");
        let upper_case = format!("{}://{rest}", scheme.to_uppercase());
        assert_eq!(parse(&upper_case), parse(text), "{scheme} in upper case");
    }
}

#[test]
fn misspelled_scheme_is_rejected_with_a_suggestion() {
    assert_rejected(&[
        ("postgrseql://u:secret@h/d", &["unknown scheme postgrseql", "did you mean postgresql?"]),
        ("postgress://h/d", &["did you mean postgres?"]),
        ("mysq://h/d", &["did you mean mysql?"]),
        ("mysql2://h/d", &["did you mean mysql?"]),
        ("maria-db://h/d", &["did you mean mariadb?"]),
        ("sqllite:///x.db", &["did you mean sqlite?"]),
        ("psql://h/d", &["did you mean postgresql?"]),
        ("pg://h/d", &["did you mean postgresql?"]),
        ("file:///x.db", &["did you mean sqlite?"]),
    ]);
}

#[test]
fn scheme_of_another_database_is_rejected_without_suggestion() {
    for text in ["oracle://h/d", "mongodb://h/d", "redis://h/0", "https://h/d"] {
        let message = error(text).to_string();
        assert!(
            message.contains("supported: sqlite, sqlite3, postgresql, postgres, mysql, mariadb"),
            "{message}"
        );
        assert!(!message.contains("did you mean"), "{message}");
    }
}

#[test]
fn unknown_driver_is_rejected_with_the_supported_drivers() {
    assert_rejected(&[
        ("postgresql+asyncgp://h/d", &["did you mean postgresql+asyncpg?"]),
        ("postgresql+pymysql://h/d", &["write postgresql:// only", "supported: asyncpg, psycopg"]),
        ("mysql+asyncpg://h/d", &["supported: pymysql, aiomysql"]),
        ("sqlite+pysqlcipher:///x.db", &["after sqlite+", "supported: pysqlite, aiosqlite"]),
        ("sqlite3+aiosqlite:///x.db", &["sqlite3:// does not accept a driver"]),
        ("postgresql+://h/d", &["write postgresql:// only"]),
    ]);
}

#[test]
fn text_without_scheme_is_rejected_and_not_shown() {
    assert_rejected(&[
        ("data/chat.db", &["has no scheme", "sqlite:///path/to/file.db"]),
        ("/var/lib/chat.db", &["has no scheme", "sqlite:////path/to/file.db"]),
        (r"C:\data\chat.db", &["has no scheme"]),
        ("C:/data/chat.db", &["has no scheme"]),
        ("localhost:5432/chat", &["has no scheme"]),
        ("://h/d", &["has no scheme"]),
        ("host=localhost dbname=chat", &["has no scheme", "postgresql://"]),
        ("sqlite:chat.db", &["has no // after sqlite:", "sqlite:///path/to/file.db"]),
        ("postgresql:u@h/d", &["write postgresql://user:password@host/name"]),
        ("postgres:/h/d", &["has no // after postgres:"]),
        ("file:chat.db?mode=ro", &["sqlite:///path/to/file.db"]),
        ("jdbc:postgresql://h/d", &["without jdbc:"]),
        ("\"postgresql://h/d\"", &["quotation mark"]),
        ("'sqlite:///x.db'", &["quotation mark"]),
    ]);
    let message = error("chat:hunter2@localhost/chat").to_string();
    assert!(!message.contains("hunter2") && !message.contains("localhost"), "{message}");
}

#[test]
fn surrounding_whitespace_is_ignored() {
    let url = parse(" \t postgres://u:p@h/d \r\n");
    assert_eq!(url, parse("postgres://u:p@h/d"));
    assert_eq!(
        "  sqlite://\n".parse::<DatabaseUrl>().expect("a URL"),
        DatabaseUrl::sqlite_memory()
    );
}

#[test]
fn empty_url_and_control_characters_are_rejected() {
    assert_rejected(&[
        ("", &["is empty"]),
        (" \n", &["is empty"]),
        ("postgres://u:p@h/d\nsqlite://", &["control character"]),
        ("sqlite:///a\0b", &["control character"]),
    ]);
}
