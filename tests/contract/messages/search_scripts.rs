//! The search index returns the same results as a scan, in every script, with every MySQL n-gram
//! size, and in every PostgreSQL locale.

use chatkeep::{Chatkeep, NewMessage, Page, SearchIndexState};
use chatkeep_testkit::{Engine, Server, TestDatabase};

use crate::every_engine::on_every_engine;
use crate::store::{Store, at, open};

on_every_engine![results_are_the_same_with_the_index_in_every_script];

/// More messages than a search scans before it uses the index.
const NEWER: usize = 2_100;

/// Words in scripts without case, and of other characters.
const UNCASED: &[&str] = &[
    "𠮷野家",
    "မြန်မာစာ",
    "हिन्दी में",
    "ภาษาไทย",
    "한국어 사람",
    "עִבְרִית",
    "العربية",
    "አማርኛ",
    "தமிழ்",
    "ភាសាខ្មែរ",
    "ພາສາລາວ",
    "བོད་ཡིག",
    "😀😀😀 👩\u{200d}👧",
    "a_b-c_d 100% x+y",
    "㍿株式会社",
    "ʻōlelo Hawaiʻi",
];

/// Words with letters that locales and versions of Unicode fold differently.
const CASED: &[&str] = &[
    "needle in a haystack",
    "𝐇𝐞𝐥𝐥𝐨",
    "ქართული ᲥᲐᲠᲗᲣᲚᲘ",
    "ᏣᎳᎩ ꮳꮃꭹ",
    "𐐀𐐁 𐐨𐐩",
    "İstanbul ısı IĞDIR ığdır",
    "STRASSE straße STRAẞE",
    "ΟΔΟΣ οδός",
    "ǅungla Ǆungla ǆungla",
    "Ìsa ìsa Íaĩ ÍAĨ",
    "tes\u{212a}t teskt TESKT te\u{17f}kt",
    "a\u{a7cb}bc a\u{264}bc",
    "ﬁne ﬀ",
    "e\u{301}te\u{301} été",
];

/// One alphanumeric character per block, tripled, from the start of every plane in use.
fn letters() -> Vec<String> {
    let blocks = (0..0x100).chain((0x100..0x200).step_by(5)).chain((0x200..0x300).step_by(31));
    let of_block = |block: u32| {
        let some =
            (0..0x100).filter_map(|low| char::from_u32((block << 8) | ((low * 7 + 3) % 0x100)));
        some.filter(|letter| !letter.is_control()).find(|letter| letter.is_alphanumeric())
    };
    blocks.filter_map(of_block).map(|letter| format!("{letter}{letter}{letter}")).collect()
}

fn texts() -> Vec<String> {
    let letters = letters();
    assert!(letters.len() > 200);
    UNCASED.iter().chain(CASED).map(|word| (*word).to_owned()).chain(letters).collect()
}

fn parts() -> Vec<String> {
    [parts_of(UNCASED), parts_of(CASED)].concat()
}

/// Substrings of two, three and four characters of these words.
fn parts_of(words: &[&str]) -> Vec<String> {
    let mut queries = Vec::new();
    for word in words {
        let letters: Vec<char> = word.chars().collect();
        for length in [2, 3, 4] {
            queries.extend(
                letters
                    .windows(length)
                    .step_by(length - 1)
                    .map(|part| part.iter().collect::<String>()),
            );
        }
    }
    queries.sort();
    queries.dedup();
    queries
}

fn fill(chat: &Chatkeep) {
    let old = at("2024-01-01");
    let texts: Vec<_> =
        texts().into_iter().map(|text| NewMessage::new(text).with_timestamp(old)).collect();
    chat.messages().log_messages(&texts).expect("the messages are logged");
    chat.messages()
        .log_messages(&vec![NewMessage::new("-"); NEWER])
        .expect("the messages are logged");
}

fn found(chat: &Chatkeep, queries: &[String]) -> Vec<(String, Vec<i64>)> {
    let find = |query: &String| {
        let messages = chat
            .messages()
            .search_messages(query, &chatkeep::MessageFilter::default(), &Page::first(1_000))
            .expect("the search succeeds");
        (query.clone(), messages.iter().map(|message| message.id).collect())
    };
    queries.iter().map(find).collect()
}

#[track_caller]
fn finds_the_same(chat: &Chatkeep, queries: &[String]) {
    fill(chat);
    let without = found(chat, queries);
    assert!(without.iter().all(|(_, found)| !found.is_empty()), "every substring is found");
    chat.database().create_search_index().expect("the index is created");
    let with = found(chat, queries);
    let differs: Vec<_> =
        without.iter().zip(&with).filter(|(without, with)| without != with).collect();
    assert!(differs.is_empty(), "{} of {}: {differs:?}", differs.len(), with.len());
}

fn results_are_the_same_with_the_index_in_every_script(store: &Store) {
    if store.engine() != Engine::MariaDb {
        finds_the_same(store, &[parts(), letters()].concat());
    }
}

#[test]
fn mysql_ngrams_may_have_another_size() {
    if !Engine::MySql.is_available() {
        return;
    }
    for size in ["1", "3"] {
        let server = Server::builder(Engine::MySql).setting("ngram_token_size", size).start();
        let database = server.create_database();
        let chat = open(database.url());
        finds_the_same(&chat, &parts());
        let minimum = chat.database().search_index_minimum().expect("the query succeeds");
        assert_eq!(minimum.map(|minimum| minimum.to_string()).as_deref(), Some(size));
    }
}

#[test]
fn an_index_with_another_ngram_size_is_unused_and_can_be_rebuilt() {
    if !Engine::MySql.is_available() {
        return;
    }
    let server = Server::builder(Engine::MySql).setting("ngram_token_size", "3").start();
    let database = server.create_database();
    let chat = open(database.url());
    fill(&chat);
    chat.database().create_search_index().expect("the index is created");
    // An index built under another server setting.
    database.execute(
        "DROP INDEX messages_search ON messages; CREATE FULLTEXT INDEX messages_search \
         ON messages (user_message, bot_response) WITH PARSER ngram COMMENT 'ngram_token_size=2'",
    );
    assert_eq!(
        chat.database().search_index().expect("the query succeeds"),
        SearchIndexState::Unfinished
    );
    assert_eq!(chat.database().search_index_minimum().expect("the query succeeds"), None);
    let find = || {
        chat.messages()
            .search_messages("needle", &chatkeep::MessageFilter::default(), &Page::first(5))
            .expect("the search succeeds")
            .len()
    };
    assert_eq!(find(), 1);
    assert!(chat.database().create_search_index().expect("the index is rebuilt"));
    assert_eq!(
        chat.database().search_index().expect("the query succeeds"),
        SearchIndexState::Ready
    );
    assert_eq!(find(), 1);
}

/// Creates a database with this locale on the shared server, and returns its URL and name. Its
/// planner always uses the index if that is possible.
fn in_locale(keeper: &TestDatabase, number: usize, options: &str) -> (String, String) {
    let name = format!("{}_{number}", keeper.name());
    keeper.execute(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {options}"));
    for setting in ["enable_seqscan", "enable_indexscan"] {
        keeper.execute(&format!("ALTER DATABASE {name} SET {setting} = off"));
    }
    (keeper.url().replace(keeper.name(), &name), name)
}

/// Locales with different lowercase letters or different characters of words, each with the first
/// version of PostgreSQL that has its provider.
const LOCALES: &[(u32, &str)] = &[
    (0, "LC_COLLATE 'C' LC_CTYPE 'C'"),
    (15, "LOCALE_PROVIDER icu ICU_LOCALE 'und' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"),
    (15, "LOCALE_PROVIDER icu ICU_LOCALE 'und' LC_COLLATE 'C' LC_CTYPE 'C'"),
    (15, "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"),
    (15, "LOCALE_PROVIDER icu ICU_LOCALE 'lt-LT' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"),
    (17, "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C'"),
    (
        18,
        "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'",
    ),
];

#[test]
fn results_are_the_same_in_every_postgresql_locale() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let keeper = TestDatabase::create(Engine::PostgreSql);
    let version = keeper.scalar("SELECT current_setting('server_version_num')::int / 10000");
    let version: u32 = version.and_then(|text| text.parse().ok()).expect("a number");
    let mut locales: Vec<_> = LOCALES
        .iter()
        .filter(|(first, _)| *first <= version)
        .map(|(_, options)| (*options).to_owned())
        .collect();
    // Locales of the operating system, if they are installed.
    locales.extend(
        keeper
            .query(
                "SELECT collname FROM pg_collation WHERE collname IN ('tr_TR.utf8', 'lt_LT.utf8')",
            )
            .into_iter()
            .flatten()
            .flatten()
            .map(|name| format!("LC_COLLATE 'C' LC_CTYPE '{name}'")),
    );
    for (number, options) in locales.iter().enumerate() {
        let (url, name) = in_locale(&keeper, number, options);
        let chat = open(&url);
        println!("{options}");
        finds_the_same(&chat, &parts_of(CASED));
        drop(chat);
        keeper.execute(&format!("DROP DATABASE {name} WITH (FORCE)"));
    }
}

#[test]
fn an_index_whose_functions_are_not_permitted_is_unused() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let database = TestDatabase::create(Engine::PostgreSql);
    database.execute("CREATE SCHEMA trigrams; CREATE EXTENSION pg_trgm WITH SCHEMA trigrams");
    finds_the_same(&open(database.url()), &parts());
    let role = format!("reader_{}", database.name());
    database.execute(&format!(
        "CREATE ROLE {role}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}; \
         GRANT {role} TO CURRENT_USER"
    ));
    let chat = open(&format!("{}?options=-c%20role%3D{role}", database.url()));
    assert_eq!(
        chat.database().search_index().expect("the query succeeds"),
        SearchIndexState::Ready
    );
    assert_eq!(found(&chat, &["haystack".to_owned()])[0].1.len(), 1);
    drop(chat);
    database.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn the_extension_is_found_in_any_schema() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let database = TestDatabase::create(Engine::PostgreSql);
    // As on Supabase.
    database.execute(
        "CREATE SCHEMA \"My extensions\"; CREATE EXTENSION pg_trgm WITH SCHEMA \"My extensions\"",
    );
    finds_the_same(&open(database.url()), &parts());
    // The index of one schema must not be reported for the tables of another.
    database.execute("CREATE SCHEMA tenant2");
    let tenant = open(&format!("{}?options=-c%20search_path%3Dtenant2%2Cpublic", database.url()));
    database.execute("CREATE TABLE tenant2.messages (LIKE messages INCLUDING ALL)");
    database.execute("DROP INDEX IF EXISTS tenant2.messages_user_message_bot_response_idx");
    assert_eq!(
        tenant.database().search_index().expect("the query succeeds"),
        SearchIndexState::Absent
    );
}

#[test]
fn the_extension_is_created_outside_the_tenant_schema() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let database = TestDatabase::create(Engine::PostgreSql);
    database.execute("CREATE SCHEMA tenant1");
    let tenant = open(&format!("{}?options=-c%20search_path%3Dtenant1", database.url()));
    assert!(tenant.database().create_search_index().expect("the index is created"));
    let schema = "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace \
        WHERE extname = 'pg_trgm'";
    assert_eq!(database.scalar(schema).as_deref(), Some("public"));
}
