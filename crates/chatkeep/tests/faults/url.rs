//! Wrong URLs are refused by name, and leave nothing behind on the disk.

use std::fs;

use chatkeep::{Chatkeep, ErrorKind};
use chatkeep_testkit::{Engine, TestDatabase};

use crate::failing::fails;
use crate::on_each_server;
use crate::opening::{count, log, open};

/// Everything that is in a folder, however deep.
fn content(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there").flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.path().display().to_string()).collect();
    names.sort();
    names
}

/// Runs a case in a process of its own, whose working folder is empty, and gives what it left there.
fn in_an_empty_folder(case: &str, url: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = std::env::current_exe().expect("this program");
    let status = std::process::Command::new(program)
        .args(["--exact", case, "--nocapture"])
        .env(URL, url)
        .current_dir(folder.path())
        .status()
        .expect("this program starts again");
    assert!(status.success(), "{url:?} was not refused as it should be");
    content(folder.path())
}

/// The URL for the process in the empty folder.
const URL: &str = "CHATKEEP_FAULTS_URL";

#[test]
fn a_malformed_url_is_refused_and_creates_nothing() {
    if let Ok(url) = std::env::var(URL) {
        // In the process with the empty working folder.
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
        let left = in_an_empty_folder("url::a_malformed_url_is_refused_and_creates_nothing", url);
        assert_eq!(left, Vec::<String>::new(), "{url:?} left something behind");
    }
}

#[test]
fn a_missing_folder_is_named_and_not_made() {
    let database = TestDatabase::create(Engine::Sqlite);
    let folder = database.folder().expect("SQLite has a folder");
    let url = format!("sqlite:///{}/missing/deeper/chat.db", folder.display());
    let chat = open(&url);
    fails(&url, || count(&chat))
        .with(ErrorKind::Configuration)
        .naming("DATABASE_URL")
        .saying("missing/deeper")
        .final_();
    fails(&url, || log(&chat, "hello"))
        .with(ErrorKind::Configuration)
        .saying("does not exist")
        .at_once();
    assert_eq!(content(folder), Vec::<String>::new());
}

#[test]
fn a_folder_in_the_place_of_the_file_is_named() {
    let database = TestDatabase::create(Engine::Sqlite);
    let path = database.path().expect("SQLite has a file");
    fs::create_dir(path).expect("a folder in its place");
    let chat = open(database.url());
    fails(database.url(), || log(&chat, "hello"))
        .with(ErrorKind::Configuration)
        .naming("DATABASE_URL")
        .saying("is a folder")
        .final_()
        .at_once();
    assert_eq!(content(path), Vec::<String>::new());
}

#[test]
fn a_file_in_the_place_of_the_folder_is_named() {
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
    assert_eq!(fs::read(path).expect("the file is there"), b"a text");
}

#[test]
fn an_unknown_key_on_a_file_creates_no_file() {
    let database = TestDatabase::create(Engine::Sqlite);
    let url = format!("{}?jounal_mode=wal", database.url());
    fails(&url, || Chatkeep::open(&url))
        .with(ErrorKind::Configuration)
        .naming("DATABASE_URL")
        .saying("jounal_mode")
        .saying("synchronous");
    assert_eq!(content(database.folder().expect("SQLite has a folder")), Vec::<String>::new());
}

#[test]
fn opening_a_missing_file_to_read_only_creates_no_file() {
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
        // In the process with the empty working folder.
        log(&open(&url), "hello").expect("the file is made");
        return;
    }
    let left = in_an_empty_folder(CASE, "sqlite:///chat.db");
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].ends_with("/chat.db"), "{left:?}");
}

on_each_server!(the_forms_that_sqlalchemy_writes_lead_to_the_same_database);

fn the_forms_that_sqlalchemy_writes_lead_to_the_same_database(engine: Engine) {
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
    let expected = i64::try_from(forms.len()).expect("a few");
    assert_eq!(count(&open(database.url())).expect("the database is there"), expected);
}
