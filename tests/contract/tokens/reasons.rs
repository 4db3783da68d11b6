//! Token checks: the reason for which a token is valid or invalid.

use std::time::Duration;

use chatkeep::{Chatkeep, TokenReason};

use crate::every_engine::on_every_engine;
use crate::store::{Store, TIMEOUT};

on_every_engine![
    every_reason_is_reported,
    impossible_tokens_are_malformed,
    typos_are_detected_without_a_query,
    every_character_of_a_token_is_significant,
    repeated_checks_return_the_same_result,
    without_the_cache_every_check_queries_the_database,
];

fn reason(chat: &Chatkeep, token: &str) -> TokenReason {
    let check = chat.tokens().check_token(token).expect("the query succeeds");
    assert_eq!(check.valid, check.reason == TokenReason::Valid);
    assert_eq!(chat.tokens().verify_token(token).expect("the query succeeds"), check.valid);
    let has_record =
        matches!(check.reason, TokenReason::Valid | TokenReason::Revoked | TokenReason::Expired);
    assert_eq!(check.token.is_some(), has_record, "{}", check.reason.name());
    check.reason
}

fn every_reason_is_reported(store: &Store) {
    let created = store.tokens().create_token("a", Some(1)).expect("the token is created");
    let token = created.token.expose();
    assert_eq!(reason(store, token), TokenReason::Valid);
    assert_eq!(reason(store, "sk-unknown"), TokenReason::Unknown);
    assert_eq!(reason(store, ""), TokenReason::Malformed);
    store.raw.execute("UPDATE api_tokens SET expires_at = '2001-01-01 00:00:00.000000'");
    assert_eq!(reason(&store.new_handle(), token), TokenReason::Expired);
    assert!(store.tokens().revoke_token(created.id).expect("the token is revoked"));
    assert_eq!(reason(store, token), TokenReason::Revoked);
    store.raw.execute("DELETE FROM api_tokens");
    assert_eq!(reason(&store.new_handle(), token), TokenReason::Unknown);
    let names = [
        TokenReason::Valid,
        TokenReason::Malformed,
        TokenReason::Unknown,
        TokenReason::Revoked,
        TokenReason::Expired,
        TokenReason::Rotated,
        TokenReason::UserInactive,
        TokenReason::MissingScope,
    ];
    assert_eq!(
        names.map(TokenReason::name),
        [
            "valid",
            "malformed",
            "unknown",
            "revoked",
            "expired",
            "rotated",
            "user_inactive",
            "missing_scope"
        ]
    );
}

fn impossible_tokens_are_malformed(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
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

fn typos_are_detected_without_a_query(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    let token = created.token.expose();
    for index in 3..token.len() {
        let mut typo = token.as_bytes().to_vec();
        typo[index] = if typo[index] == b'0' { b'1' } else { b'0' };
        let typo = String::from_utf8(typo).expect("ASCII");
        assert_eq!(reason(store, &typo), TokenReason::Malformed, "character {index}");
    }
    // Without the table, only a check that needs a query fails.
    store.raw.execute("DROP TABLE api_tokens");
    let typo = format!("{}x", &token[..51]);
    let typo = if typo == token { format!("{}y", &token[..51]) } else { typo };
    assert_eq!(reason(store, &typo), TokenReason::Malformed);
    assert!(
        store.new_handle().tokens().verify_token(token).is_err(),
        "a missing table is an error, not an invalid token"
    );
}

fn every_character_of_a_token_is_significant(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    let token = created.token.expose();
    assert_ne!(reason(store, &token.to_lowercase()), TokenReason::Valid);
    assert_ne!(reason(store, &token.to_uppercase()), TokenReason::Valid);
    assert_ne!(reason(store, &token[..51]), TokenReason::Valid);
    assert_ne!(reason(store, &format!("{token}0")), TokenReason::Valid);
    assert_ne!(reason(store, &token[3..]), TokenReason::Valid);
    assert_eq!(reason(store, token), TokenReason::Valid);
}

fn repeated_checks_return_the_same_result(store: &Store) {
    let created = store.tokens().create_token("a", Some(30)).expect("the token is created");
    for _ in 0..5 {
        assert_eq!(reason(store, created.token.expose()), TokenReason::Valid);
    }
    let info = store
        .tokens()
        .get_token_info(created.id)
        .expect("the query succeeds")
        .expect("the token exists");
    assert_eq!(
        (info.expires_at, info.created_at, info.is_active),
        (created.expires_at, created.created_at, true)
    );
}

fn without_the_cache_every_check_queries_the_database(store: &Store) {
    let chat = Chatkeep::builder().url(store.raw.url()).token_cache(Duration::ZERO).open();
    let chat = chat.expect("the settings are valid");
    let created = chat.tokens().create_token("a", Some(1)).expect("the token is created");
    let token = created.token.expose();
    // Only `verify_token`, because the two checks read different columns.
    assert!(chat.tokens().verify_token(token).expect("the query succeeds"));
    chat.flush(TIMEOUT).expect("the use is recorded");
    let info = chat.tokens().get_token_info(created.id).expect("the query succeeds");
    assert!(info.expect("the token exists").last_used_at.is_some());
    assert_eq!(reason(&chat, "sk-unknown"), TokenReason::Unknown);
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
        "a missing table is an error, not an invalid token"
    );
}
