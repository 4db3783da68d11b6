//! Scopes of tokens, and checks that require one.

use chatkeep::{NewToken, TokenReason};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    a_token_has_the_scopes_of_its_creation,
    a_check_requires_all_of_its_scopes,
    a_token_without_scopes_has_none,
    an_invalid_token_is_reported_as_such_with_any_scope,
    invalid_scopes_are_rejected,
];

fn a_token_has_the_scopes_of_its_creation(store: &Store) {
    let longest = "x".repeat(100);
    let scopes = ["messages:read", "!#[]~", &longest, "messages:read"];
    let new = NewToken::new("a").with_scopes(scopes);
    let created = store.tokens().create_token_with(&new).expect("the token is created");
    assert_eq!(created.scopes, scopes[..3]);
    let info = store.tokens().get_token_info(created.id).expect("the query succeeds");
    assert_eq!(info.expect("the token exists").scopes, scopes[..3]);
    let listed = store.tokens().list_tokens().expect("the query succeeds");
    assert_eq!(listed[0].scopes, scopes[..3]);
    // The maximum number.
    let new = NewToken::new("a").with_scopes((100..200).map(|number| format!("{number:0>100}")));
    let created = store.tokens().create_token_with(&new).expect("the token is created");
    let check = store.tokens().check_token(created.token.expose()).expect("the query succeeds");
    assert_eq!(Some(check.token.expect("its record").scopes), new.scopes);
}

fn a_check_requires_all_of_its_scopes(store: &Store) {
    let new = NewToken::new("a").with_scopes(["read", "write"]);
    let created = store.tokens().create_token_with(&new).expect("the token is created");
    let token = created.token.expose();
    for (scope, expected) in [
        (None, TokenReason::Valid),
        (Some("read"), TokenReason::Valid),
        (Some("write read"), TokenReason::Valid),
        (Some("rea"), TokenReason::MissingScope),
        (Some("READ"), TokenReason::MissingScope),
        (Some("read admin"), TokenReason::MissingScope),
    ] {
        for _ in 0..2 {
            let check = store.tokens().check_token_for(token, scope).expect("the query succeeds");
            assert_eq!((check.reason, check.valid), (expected, expected == TokenReason::Valid));
            assert_eq!(check.token.as_ref().map(|token| token.id), Some(created.id));
            assert_eq!(store.tokens().check_cached(token, scope), Some(check));
        }
    }
    assert!(store.tokens().verify_token(token).expect("the query succeeds"));
}

fn a_token_without_scopes_has_none(store: &Store) {
    for scopes in [None, Some(Vec::new())] {
        let new = NewToken { scopes, ..NewToken::new("a") };
        let created = store.tokens().create_token_with(&new).expect("the token is created");
        assert!(created.scopes.is_empty());
        let token = created.token.expose();
        let check = store.tokens().check_token_for(token, Some("read"));
        assert_eq!(check.expect("the query succeeds").reason, TokenReason::MissingScope);
        assert!(store.tokens().check_token(token).expect("the query succeeds").valid);
    }
}

fn an_invalid_token_is_reported_as_such_with_any_scope(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    let reason = |token: &str| {
        let check = store.tokens().check_token_for(token, Some("read"));
        check.expect("the query succeeds").reason
    };
    assert_eq!(reason("no token"), TokenReason::Malformed);
    assert_eq!(reason("sk-unknown"), TokenReason::Unknown);
    assert!(store.tokens().revoke_token(created.id).expect("the token is revoked"));
    assert_eq!(reason(created.token.expose()), TokenReason::Revoked);
}

fn invalid_scopes_are_rejected(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    let token = created.token.expose();
    for scope in ["", " ", "a\"b", "a\\b", "é", "a\tb", "a\0", &"x".repeat(101)] {
        let new = NewToken::new("b").with_scopes([scope]);
        assert_rejected(store.tokens().create_token_with(&new), "scopes");
        assert_rejected(store.tokens().check_token_for(token, Some(scope)), "scope");
        assert_eq!(store.tokens().check_cached(token, Some(scope)), None);
    }
    let new = NewToken::new("b").with_scopes(["a b"]);
    assert_rejected(store.tokens().create_token_with(&new), "scopes");
    let new = NewToken::new("b").with_scopes((0..101).map(|number| number.to_string()));
    assert_rejected(store.tokens().create_token_with(&new), "scopes");
    assert_eq!(store.tokens().list_tokens().expect("the query succeeds").len(), 1);
}
