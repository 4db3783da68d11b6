//! TLS: which servers each value of `sslmode` accepts (`disable`, `prefer`, `require`, `verify-ca`,
//! `verify-full`). Requested encryption is never silently omitted.

use std::path::Path;

use chatkeep::{Chatkeep, ErrorKind};
use chatkeep_testkit::{Deliver, Engine, FaultProxy, TestDatabase};

use crate::failing::fails;
use crate::on_each_server;
use crate::opening::{builder, log, stored};

on_each_server!(
    prefer_and_require_encrypt,
    disable_does_not_encrypt,
    verify_full_accepts_a_matching_name_from_a_known_authority,
    verify_full_rejects_a_wrong_name,
    verify_full_and_verify_ca_reject_an_unknown_authority,
    verify_ca_ignores_the_name,
    a_private_authority_is_rejected_without_sslrootcert,
    an_invalid_sslrootcert_is_a_configuration_error,
);

/// A text that the proxy searches for in the transmitted bytes.
const MARKER: &str = "marker-on-the-wire";

fn with_ca(url: &str, mode: &str, ca: &Path) -> String {
    format!("{url}?sslmode={mode}&sslrootcert={}", ca.display())
}

/// Opens a handle with the default retries at start-up: a TLS mismatch must not be retried.
fn open(url: &str) -> Chatkeep {
    let settings = chatkeep::PoolSettings::default();
    builder(url).settings(settings).open().expect("the URL is valid")
}

/// Logs the marker through the proxy, and returns whether it was transmitted in plain text.
fn is_sent_in_plain_text(proxy: &FaultProxy, url: &str, database: &TestDatabase) -> bool {
    // Creates the table first, so that only the insert can be lost.
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
        assert!(!is_sent_in_plain_text(&proxy, &url, &database), "{mode:?} sent plain text");
    }
}

fn disable_does_not_encrypt(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = format!("{}?sslmode=disable", proxy.url(database.url()));
    // This also verifies that the proxy finds the marker.
    assert!(is_sent_in_plain_text(&proxy, &url, &database));
}

fn verify_full_accepts_a_matching_name_from_a_known_authority(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = with_ca(&database.url_at("localhost", proxy.port()), "verify-full", &engine.tls_ca());
    assert!(!is_sent_in_plain_text(&proxy, &url, &database));
}

/// Asserts that the connection is rejected at once, before the database's name or the password was
/// transmitted in plain text. `tail` appends the TLS parameters to the URL.
#[track_caller]
fn is_rejected(engine: Engine, host: &str, tail: impl FnOnce(&str) -> String, expected: &str) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = tail(&database.url_at(host, proxy.port()));
    let chat = open(&url);
    proxy.cut_at(database.name().as_bytes(), Deliver::Withheld);
    fails(&url, || log(&chat, MARKER))
        .with(ErrorKind::Configuration)
        .naming("DATABASE_URL")
        .containing(expected)
        .final_()
        .at_once();
    assert_eq!(proxy.cuts(), 0, "something was sent in plain text");
    // The default retries at start-up would make more connections.
    assert!(proxy.accepted() <= 2, "{} connections were made", proxy.accepted());
    assert_eq!(crate::opening::tables(&database), 0);
}

fn verify_full_rejects_a_wrong_name(engine: Engine) {
    is_rejected(
        engine,
        "127.0.0.1",
        |url| with_ca(url, "verify-full", &engine.tls_ca()),
        "certificate",
    );
}

fn verify_full_and_verify_ca_reject_an_unknown_authority(engine: Engine) {
    for mode in ["verify-full", "verify-ca"] {
        is_rejected(
            engine,
            "localhost",
            |url| with_ca(url, mode, &engine.unrelated_ca()),
            "certificate",
        );
    }
}

fn verify_ca_ignores_the_name(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = with_ca(&proxy.url(database.url()), "verify-ca", &engine.tls_ca());
    assert!(!is_sent_in_plain_text(&proxy, &url, &database));
}

fn a_private_authority_is_rejected_without_sslrootcert(engine: Engine) {
    is_rejected(engine, "localhost", |url| format!("{url}?sslmode=verify-full"), "certificate");
}

fn an_invalid_sslrootcert_is_a_configuration_error(engine: Engine) {
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
            .containing(&path.display().to_string())
            .final_()
            .at_once();
    }
}
