//! URLs: invalid ones are rejected and create no files, and equivalent schemes open one database.

use std::fs;

use chatkeep::{Chatkeep, ErrorKind};
use chatkeep_testkit::{Engine, TestDatabase};

use crate::failing::fails;
use crate::on_each_server;
use crate::opening::{count, log, open};

/// Returns the sorted paths of a folder's entries.
fn content(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there").flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.path().display().to_string()).collect();
    names.sort();
    names
}

/// Runs a case in a child process with an empty working folder, and returns the files that it left
/// there.
fn in_an_empty_folder(case: &str, url: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = std::env::current_exe().expect("this program");
    let status = std::process::Command::new(program)
        .args(["--exact", case, "--nocapture"])
        .env(URL, url)
        .current_dir(folder.path())
        .status()
        .expect("this program starts");
    assert!(status.success(), "the case failed with {url:?}");
    content(folder.path())
}

/// Environment variable with the URL. It is set only in the child process in the empty folder.
const URL: &str = "CHATKEEP_FAULTS_URL";

#[test]
fn a_malformed_url_is_rejected_and_creates_no_file() {
    if let Ok(url) = std::env::var(URL) {
        // In the child process with the empty working folder.
        fails(&url, || Chatkeep::open(&url))
            .with(ErrorKind::Configuration)
            .naming("DATABASE_URL")
            .final_()
            .at_once();
        return;
    }
    for url in [
        "",
        "   ",
        "chat.db",
        "/chat.db",
        "sqlite",
        "sqlite:",
        "sqlite:/chat.db",
        "sqlite:chat.db",
        "sqlite://chat.db",
        "sqlite:///",
        "sqlite:///folder/",
        "sqlite:///file:chat.db?mode=rwc",
        "sqlite:///chat.db?syncronous=full",
        "sqlite:///chat.db?mode=",
        "sqlite:///chat.db?mode=maybe",
        "sqlite:///chat%zz.db",
        "sqllite:///chat.db",
        "file:chat.db",
        "http://localhost/chat.db",
        "postgrseql://user:geheim-wort@localhost/chat",
        "mongodb://user:geheim-wort@localhost/chat",
        "://chat.db",
        "postgresql://user:geheim-wort@localhost:port/chat",
        "postgresql://user:geheim-wort@localhost:99999/chat",
        "postgresql://user:geheim-wort@localhost/chat?sslmod=require",
        "mysql://user:geheim-wort@localhost/chat?sslmode=maybe",
        "mariadb://user:geheim-wort@localhost/chat?sslmode=require&sslmode=disable",
        "mysql://user:geheim-wort@localhost",
    ] {
        let left = in_an_empty_folder("url::a_malformed_url_is_rejected_and_creates_no_file", url);
        assert_eq!(left, Vec::<String>::new(), "{url:?} left a file");
    }
}

#[test]
fn a_missing_folder_is_reported_and_not_created() {
    let database = TestDatabase::create(Engine::Sqlite);
    let folder = database.folder().expect("SQLite has a folder");
    let url = format!("sqlite:///{}/missing/deeper/chat.db", folder.display());
    let chat = open(&url);
    fails(&url, || count(&chat))
        .with(ErrorKind::Configuration)
        .naming("DATABASE_URL")
        .containing("missing/deeper")
        .final_();
    fails(&url, || log(&chat, "hello"))
        .with(ErrorKind::Configuration)
        .containing("does not exist")
        .at_once();
    assert_eq!(content(folder), Vec::<String>::new());
}

#[test]
fn a_folder_in_place_of_the_file_is_reported() {
    let database = TestDatabase::create(Engine::Sqlite);
    let path = database.path().expect("SQLite has a file");
    fs::create_dir(path).expect("a folder in place of the file");
    let chat = open(database.url());
    fails(database.url(), || log(&chat, "hello"))
        .with(ErrorKind::Configuration)
        .naming("DATABASE_URL")
        .containing("is a folder")
        .final_()
        .at_once();
    assert_eq!(content(path), Vec::<String>::new());
}

#[test]
fn a_file_in_place_of_the_folder_is_reported() {
    let database = TestDatabase::create(Engine::Sqlite);
    let path = database.path().expect("SQLite has a file");
    fs::write(path, "a text").expect("a file");
    let url = format!("{}/chat.db", database.url());
    let chat = open(&url);
    fails(&url, || log(&chat, "hello"))
        .with(ErrorKind::Configuration)
        .naming("DATABASE_URL")
        .final_()
        .at_once();
    assert_eq!(fs::read(path).expect("the file exists"), b"a text");
}

#[test]
fn an_unknown_url_parameter_creates_no_file() {
    let database = TestDatabase::create(Engine::Sqlite);
    let url = format!("{}?jounal_mode=wal", database.url());
    fails(&url, || Chatkeep::open(&url))
        .with(ErrorKind::Configuration)
        .naming("DATABASE_URL")
        // The unknown parameter, and one of the supported ones that the error lists.
        .containing("jounal_mode")
        .containing("synchronous");
    assert_eq!(content(database.folder().expect("SQLite has a folder")), Vec::<String>::new());
}

#[test]
fn opening_a_missing_file_read_only_creates_no_file() {
    let database = TestDatabase::create(Engine::Sqlite);
    let url = format!("{}?mode=ro", database.url());
    let chat = open(&url);
    fails(&url, || count(&chat)).with(ErrorKind::Configuration).naming("DATABASE_URL").at_once();
    assert_eq!(content(database.folder().expect("SQLite has a folder")), Vec::<String>::new());
}

#[test]
fn a_relative_sqlite_path_is_relative_to_the_working_folder() {
    const CASE: &str = "url::a_relative_sqlite_path_is_relative_to_the_working_folder";
    if let Ok(url) = std::env::var(URL) {
        // In the child process with the empty working folder.
        log(&open(&url), "hello").expect("the file is created");
        return;
    }
    let left = in_an_empty_folder(CASE, "sqlite:///chat.db");
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].ends_with("/chat.db"), "{left:?}");
}

on_each_server!(sqlalchemy_url_schemes_open_the_same_database);

fn sqlalchemy_url_schemes_open_the_same_database(engine: Engine) {
    let database = TestDatabase::create(engine);
    let (_, rest) = database.url().split_once("://").expect("a URL");
    let forms: &[&str] = match engine {
        Engine::PostgreSql => {
            &["postgres", "postgresql+asyncpg", "postgresql+psycopg2", "postgresql+psycopg"]
        }
        Engine::MariaDb => {
            &["mariadb+pymysql", "mariadb+mariadbconnector", "mysql+pymysql", "mysql"]
        }
        _ => &["mysql+pymysql", "mysql+aiomysql", "mysql+mysqldb", "mysql+mysqlconnector"],
    };
    for form in forms {
        log(&open(&format!("{form}://{rest}")), "hello").expect(form);
    }
    let expected = i64::try_from(forms.len()).expect("a small number");
    assert_eq!(count(&open(database.url())).expect("the database is available"), expected);
}
