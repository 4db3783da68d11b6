//! What is valid, and why the rest is not.

use std::time::Duration;

use chatkeep::{Chatkeep, TokenReason};

use crate::every_engine::on_every_engine;
use crate::store::{PATIENCE, Store};

on_every_engine![
    each_reason_is_told,
    a_text_that_cannot_be_a_token_is_malformed,
    a_typo_is_told_without_asking_the_database,
    every_character_of_a_token_counts,
    a_check_changes_nothing_about_the_verdict,
    with_the_cache_off_every_check_asks_the_database,
];

fn reason(chat: &Chatkeep, token: &str) -> TokenReason {
    let check = chat.tokens().check_token(token).expect("the store answers");
    assert_eq!(check.valid, check.reason == TokenReason::Valid);
    assert_eq!(chat.tokens().verify_token(token).expect("the store answers"), check.valid);
    let has_record =
        matches!(check.reason, TokenReason::Valid | TokenReason::Revoked | TokenReason::Expired);
    assert_eq!(check.token.is_some(), has_record, "{}", check.reason.name());
    check.reason
}

fn each_reason_is_told(store: &Store) {
    let created = store.tokens().create_token("a", Some(1)).expect("a token is made");
    let token = created.token.expose();
    assert_eq!(reason(store, token), TokenReason::Valid);
    assert_eq!(reason(store, "sk-somebody-elses"), TokenReason::Unknown);
    assert_eq!(reason(store, ""), TokenReason::Malformed);
    store.raw.execute("UPDATE api_tokens SET expires_at = '2001-01-01 00:00:00.000000'");
    assert_eq!(reason(&store.afresh(), token), TokenReason::Expired);
    assert!(store.tokens().revoke_token(created.id).expect("it is revoked"));
    assert_eq!(reason(store, token), TokenReason::Revoked);
    store.raw.execute("DELETE FROM api_tokens");
    assert_eq!(reason(&store.afresh(), token), TokenReason::Unknown);
    let names = [
        TokenReason::Valid,
        TokenReason::Malformed,
        TokenReason::Unknown,
        TokenReason::Revoked,
        TokenReason::Expired,
    ];
    assert_eq!(
        names.map(TokenReason::name),
        ["valid", "malformed", "unknown", "revoked", "expired"]
    );
}

fn a_text_that_cannot_be_a_token_is_malformed(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("a token is made");
    let token = created.token.expose();
    let long = "a".repeat(1024 * 1024);
    let with = |before: &str, after: &str| format!("{before}{token}{after}");
    for text in [
        "",
        " ",
        "\n",
        "a b",
        "a\tb",
        "\0",
        "a\u{a0}b",
        long.as_str(),
        &with("", " "),
        &with(" ", ""),
        &with("", "\n"),
    ] {
        assert_eq!(reason(store, text), TokenReason::Malformed, "{:.20?}", text);
    }
}

fn a_typo_is_told_without_asking_the_database(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("a token is made");
    let token = created.token.expose();
    for place in 3..token.len() {
        let mut typo = token.as_bytes().to_vec();
        typo[place] = if typo[place] == b'0' { b'1' } else { b'0' };
        let typo = String::from_utf8(typo).expect("ASCII");
        assert_eq!(reason(store, &typo), TokenReason::Malformed, "place {place}");
    }
    // No table, no look-up: only a text that needs one fails.
    store.raw.execute("DROP TABLE api_tokens");
    let typo = format!("{}x", &token[..51]);
    let typo = if typo == token { format!("{}y", &token[..51]) } else { typo };
    assert_eq!(reason(store, &typo), TokenReason::Malformed);
    assert!(
        store.afresh().tokens().verify_token(token).is_err(),
        "a database without its table is no invalid token"
    );
}

fn every_character_of_a_token_counts(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("a token is made");
    let token = created.token.expose();
    assert_ne!(reason(store, &token.to_lowercase()), TokenReason::Valid);
    assert_ne!(reason(store, &token.to_uppercase()), TokenReason::Valid);
    assert_ne!(reason(store, &token[..51]), TokenReason::Valid);
    assert_ne!(reason(store, &format!("{token}0")), TokenReason::Valid);
    assert_ne!(reason(store, &token[3..]), TokenReason::Valid);
    assert_eq!(reason(store, token), TokenReason::Valid);
}

fn a_check_changes_nothing_about_the_verdict(store: &Store) {
    let created = store.tokens().create_token("a", Some(30)).expect("a token is made");
    for _ in 0..5 {
        assert_eq!(reason(store, created.token.expose()), TokenReason::Valid);
    }
    let info = store
        .tokens()
        .get_token_info(created.id)
        .expect("the store answers")
        .expect("the token is there");
    assert_eq!(
        (info.expires_at, info.created_at, info.is_active),
        (created.expires_at, created.created_at, true)
    );
}

fn with_the_cache_off_every_check_asks_the_database(store: &Store) {
    let chat = Chatkeep::builder().url(store.raw.url()).token_cache(Duration::ZERO).open();
    let chat = chat.expect("the settings are right");
    let created = chat.tokens().create_token("a", Some(1)).expect("a token is made");
    let token = created.token.expose();
    // By `verify_token` alone: the two checks read different columns.
    assert!(chat.tokens().verify_token(token).expect("the store answers"));
    chat.flush(PATIENCE).expect("the use is noted");
    let info = chat.tokens().get_token_info(created.id).expect("the store answers");
    assert!(info.expect("the token is there").last_used_at.is_some());
    assert_eq!(reason(&chat, "sk-somebody-elses"), TokenReason::Unknown);
    for (change, expected) in [
        ("UPDATE api_tokens SET expires_at = '2001-01-01 00:00:00.000000'", TokenReason::Expired),
        ("UPDATE api_tokens SET expires_at = NULL", TokenReason::Valid),
        ("UPDATE api_tokens SET is_active = FALSE", TokenReason::Revoked),
        ("DELETE FROM api_tokens", TokenReason::Unknown),
    ] {
        store.raw.execute(change);
        assert_eq!(reason(&chat, token), expected, "{change}");
    }
    store.raw.execute("DROP TABLE api_tokens");
    assert!(
        chat.tokens().verify_token(token).is_err(),
        "a database without its table is no invalid token"
    );
}
