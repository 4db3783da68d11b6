//! Passwords with characters that have a meaning in URLs.

use chatkeep::{Chatkeep, ErrorKind};
use chatkeep_testkit::{Engine, TestDatabase};

use crate::failing::fails;
use crate::on_each_server;
use crate::opening::{log, open};

/// All characters that have a meaning in URLs, and non-ASCII characters.
const PASSWORD: &str = "p@s:s/w%o#r?d&=+ [ü]-Straße-密码-🔑";

/// Percent-encodes every byte except letters and digits.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Creates an account with all rights in this database only, and returns its name.
fn account(database: &TestDatabase, password: &str) -> String {
    let name = format!("{}_u", database.name());
    database.execute(&match database.engine() {
        Engine::PostgreSql => {
            format!(
                "CREATE ROLE {name} LOGIN PASSWORD '{password}'; \
                 GRANT ALL ON SCHEMA public TO {name}"
            )
        }
        _ => format!(
            "CREATE USER '{name}'@'%' IDENTIFIED BY '{password}'; \
             GRANT ALL ON {}.* TO '{name}'@'%'",
            database.name()
        ),
    });
    name
}

fn url(database: &TestDatabase, account: &str) -> String {
    let engine = database.engine().name();
    format!("{engine}://{account}@127.0.0.1:{}/{}", database.port(), database.name())
}

on_each_server!(
    a_password_with_special_characters_logs_in,
    an_invalidly_encoded_password_is_rejected_and_hidden,
    a_wrong_password_with_special_characters_is_hidden,
);

fn a_password_with_special_characters_logs_in(engine: Engine) {
    let database = TestDatabase::create(engine);
    let name = account(&database, PASSWORD);
    let url = url(&database, &format!("{name}:{}", encoded(PASSWORD)));
    let chat = open(&url);
    log(&chat, "hello").expect("the password is correct");
    for text in [chat.database().database_url(), format!("{chat:?}")] {
        assert!(text.contains("***"), "{text}");
        assert!(!text.contains(&encoded(PASSWORD)) && !text.contains(PASSWORD), "{text}");
    }
}

fn an_invalidly_encoded_password_is_rejected_and_hidden(engine: Engine) {
    let database = TestDatabase::create(engine);
    for password in ["geheim%zzwort", "geheim%", "geheim%f", "geheim%ff%fewort"] {
        let url = url(&database, &format!("chatkeep:{password}"));
        fails(&url, || Chatkeep::open(&url))
            .with(ErrorKind::Configuration)
            .naming("DATABASE_URL")
            .containing("%")
            .hiding("geheim")
            .hiding("wort")
            .at_once();
    }
}

fn a_wrong_password_with_special_characters_is_hidden(engine: Engine) {
    let database = TestDatabase::create(engine);
    let name = account(&database, "another one");
    let url = url(&database, &format!("{name}:{}", encoded(PASSWORD)));
    let chat = open(&url);
    fails(&url, || log(&chat, "hello"))
        .with(ErrorKind::Configuration)
        .naming("DATABASE_URL")
        .hiding(PASSWORD)
        .hiding("密码")
        .final_();
}
