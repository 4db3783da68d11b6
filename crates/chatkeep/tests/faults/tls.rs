//! Encryption: what each of the five modes accepts, and that what is asked for is never quietly left out.

use std::path::Path;

use chatkeep::{Chatkeep, ErrorKind};
use chatkeep_testkit::{Deliver, Engine, FaultProxy, TestDatabase};

use crate::failing::fails;
use crate::on_each_server;
use crate::opening::{builder, log, stored};

on_each_server!(
    prefer_and_require_encrypt,
    disable_does_not_encrypt,
    verify_full_accepts_the_right_name_from_a_known_authority,
    verify_full_refuses_a_wrong_name,
    verify_full_and_verify_ca_refuse_an_unknown_authority,
    verify_ca_does_not_look_at_the_name,
    the_built_in_authorities_do_not_know_a_private_one,
    an_unreadable_list_of_authorities_is_a_wrong_setting,
);

/// A text that is searched for on the wire.
const MARKER: &str = "marker-on-the-wire";

fn with_ca(url: &str, mode: &str, ca: &Path) -> String {
    format!("{url}?sslmode={mode}&sslrootcert={}", ca.display())
}

/// Patient retries at start-up: a TLS that does not fit must not be waited for.
fn open(url: &str) -> Chatkeep {
    let settings = chatkeep::PoolSettings::default();
    builder(url).settings(settings).open().expect("the URL is well-formed")
}

/// Stores the marker through the proxy, and says whether it could be read on the way.
fn travels_readably(proxy: &FaultProxy, url: &str, database: &TestDatabase) -> bool {
    // The table is made first, so that the row alone can be what is lost.
    let chat = open(url);
    chat.database().wait_until_ready().unwrap_or_else(|error| panic!("{error:?}"));
    proxy.cut_at(MARKER.as_bytes(), Deliver::Withheld);
    match log(&chat, MARKER) {
        Ok(_) => {
            assert_eq!(stored(database, MARKER), 1);
            assert_eq!(proxy.cuts(), 0);
            false
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error:?}");
            assert_eq!(proxy.cuts(), 1);
            true
        }
    }
}

fn prefer_and_require_encrypt(engine: Engine) {
    for mode in ["", "?sslmode=prefer", "?sslmode=require", "?ssl=true"] {
        let database = TestDatabase::create(engine);
        let proxy = FaultProxy::to(database.url());
        let url = format!("{}{mode}", proxy.url(database.url()));
        assert!(!travels_readably(&proxy, &url, &database), "{mode:?} sent plain text");
    }
}

fn disable_does_not_encrypt(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = format!("{}?sslmode=disable", proxy.url(database.url()));
    // Also shows that the search for the marker finds it.
    assert!(travels_readably(&proxy, &url, &database));
}

fn verify_full_accepts_the_right_name_from_a_known_authority(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = with_ca(&database.url_at("localhost", proxy.port()), "verify-full", &engine.tls_ca());
    assert!(!travels_readably(&proxy, &url, &database));
}

/// It is said at once and by name, and neither the name of the user nor the password went over the wire before.
#[track_caller]
fn is_refused(engine: Engine, host: &str, tail: impl FnOnce(&str) -> String, says: &str) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = tail(&database.url_at(host, proxy.port()));
    let chat = open(&url);
    proxy.cut_at(database.name().as_bytes(), Deliver::Withheld);
    fails(&url, || log(&chat, MARKER))
        .with(ErrorKind::Configuration)
        .naming("DATABASE_URL")
        .saying(says)
        .final_()
        .at_once();
    assert_eq!(proxy.cuts(), 0, "something was sent in plain text");
    assert!(proxy.accepted() <= 2, "{} connections were made", proxy.accepted());
    assert_eq!(crate::opening::tables(&database), 0);
}

fn verify_full_refuses_a_wrong_name(engine: Engine) {
    is_refused(
        engine,
        "127.0.0.1",
        |url| with_ca(url, "verify-full", &engine.tls_ca()),
        "certificate",
    );
}

fn verify_full_and_verify_ca_refuse_an_unknown_authority(engine: Engine) {
    for mode in ["verify-full", "verify-ca"] {
        is_refused(
            engine,
            "localhost",
            |url| with_ca(url, mode, &engine.unrelated_ca()),
            "certificate",
        );
    }
}

fn verify_ca_does_not_look_at_the_name(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = with_ca(&proxy.url(database.url()), "verify-ca", &engine.tls_ca());
    assert!(!travels_readably(&proxy, &url, &database));
}

fn the_built_in_authorities_do_not_know_a_private_one(engine: Engine) {
    is_refused(engine, "localhost", |url| format!("{url}?sslmode=verify-full"), "certificate");
}

fn an_unreadable_list_of_authorities_is_a_wrong_setting(engine: Engine) {
    let database = TestDatabase::create(engine);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let no_certificate = folder.path().join("notes.pem");
    std::fs::write(&no_certificate, "no certificate at all").expect("a file");
    for path in [folder.path().join("missing.pem"), no_certificate] {
        let url = with_ca(&database.url_at("localhost", database.port()), "verify-full", &path);
        let chat = open(&url);
        fails(&url, || log(&chat, MARKER))
            .with(ErrorKind::Configuration)
            .naming("sslrootcert")
            .saying(&path.display().to_string())
            .final_()
            .at_once();
    }
}
