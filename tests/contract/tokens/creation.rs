//! Creating tokens, and listing them without exposing one.

use std::collections::HashSet;
use std::thread;

use chatkeep::Timestamp;
use sha2::{Digest, Sha256};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    a_new_token_has_its_documented_form_and_is_valid,
    only_the_hash_is_stored,
    a_description_round_trips,
    a_description_may_have_255_characters_but_not_256,
    tokens_are_listed_newest_first,
    a_token_is_found_by_id,
    concurrently_created_tokens_are_distinct_and_valid,
    a_token_id_is_never_reused,
];

fn a_new_token_has_its_documented_form_and_is_valid(store: &Store) {
    let before = Timestamp::now();
    let created = store.tokens().create_token("API Token", None).expect("the token is created");
    let token = created.token.expose();
    assert!(token.starts_with("ck_") && token.len() == 52, "the form of a token");
    assert!(token[3..].bytes().all(|byte| byte.is_ascii_alphanumeric()), "the form of a token");
    assert_eq!(
        (created.token_id, created.description.as_str(), created.expires_at),
        (created.id, "API Token", None)
    );
    assert!((before..=Timestamp::now()).contains(&created.created_at));
    assert!(store.tokens().verify_token(token).expect("the query succeeds"));
    let json = serde_json::to_value(&created).expect("JSON");
    assert_eq!(json["token"], token);
}

fn only_the_hash_is_stored(store: &Store) {
    let created = store.tokens().create_token("secret", Some(1)).expect("the token is created");
    let token = created.token.expose();
    let stored = store.raw.query("SELECT * FROM api_tokens");
    let values: Vec<String> = stored[0].iter().flatten().cloned().collect();
    assert!(values.iter().all(|value| !value.contains(token)), "no column holds the token");
    let hash: String = Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(values.contains(&hash));
    assert!(values.contains(&token[..8].to_owned()), "its first characters are stored for display");
}

fn a_description_round_trips(store: &Store) {
    for description in ["", " ", "for the web app ", "\u{1f511} für 'alle' \"\\%", "a\nb", "null"]
    {
        let created = store.tokens().create_token(description, None).expect("the token is created");
        assert_eq!(created.description, description);
        let info = store
            .tokens()
            .get_token_info(created.id)
            .expect("the query succeeds")
            .expect("the token exists");
        assert_eq!(info.description, description);
    }
    assert_rejected(store.tokens().create_token("a\0", None), "description");
}

fn a_description_may_have_255_characters_but_not_256(store: &Store) {
    for character in ["x", "é", "\u{1f511}"] {
        let longest = character.repeat(255);
        let created = store.tokens().create_token(&longest, None).expect("the token is created");
        let info = store
            .tokens()
            .get_token_info(created.id)
            .expect("the query succeeds")
            .expect("the token exists");
        assert_eq!(info.description, longest);
        assert_rejected(store.tokens().create_token(&character.repeat(256), None), "description");
    }
    assert_eq!(store.tokens().list_tokens().expect("the query succeeds").len(), 3);
}

fn tokens_are_listed_newest_first(store: &Store) {
    assert_eq!(store.tokens().list_tokens().expect("the query succeeds"), []);
    let created: Vec<_> = ["a", "b", "c"]
        .iter()
        .map(|name| store.tokens().create_token(name, None).expect("the token is created"))
        .collect();
    let list = store.tokens().list_tokens().expect("the query succeeds");
    let descriptions: Vec<_> = list.iter().map(|token| token.description.as_str()).collect();
    assert_eq!(descriptions, ["c", "b", "a"]);
    for (listed, created) in list.iter().rev().zip(&created) {
        assert_eq!(
            (listed.id, listed.token_id, listed.created_at),
            (created.id, created.id, created.created_at)
        );
        assert_eq!(listed.token_start.as_deref(), Some(&created.token.expose()[..8]));
        assert!(listed.is_active && listed.expires_at.is_none() && listed.last_used_at.is_none());
    }
    // For equal timestamps, the higher id is first.
    store.raw.execute("UPDATE api_tokens SET created_at = '2024-01-01 00:00:00.000000'");
    let list = store.tokens().list_tokens().expect("the query succeeds");
    assert_eq!(
        list.iter().map(|token| token.id).collect::<Vec<_>>(),
        [created[2].id, created[1].id, created[0].id]
    );
}

fn a_token_is_found_by_id(store: &Store) {
    let created = store.tokens().create_token("a", Some(7)).expect("the token is created");
    let info = store
        .tokens()
        .get_token_info(created.id)
        .expect("the query succeeds")
        .expect("the token exists");
    assert_eq!((info.created_at, info.expires_at), (created.created_at, created.expires_at));
    for other in [created.id + 1, 0, -1, i64::MIN, i64::MAX] {
        assert_eq!(store.tokens().get_token_info(other).expect("the query succeeds"), None);
    }
}

fn concurrently_created_tokens_are_distinct_and_valid(store: &Store) {
    let created: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..32).map(|_| scope.spawn(|| store.tokens().create_token("at once", None))).collect();
        threads
            .into_iter()
            .map(|thread| {
                thread.join().expect("the thread does not panic").expect("the token is created")
            })
            .collect()
    });
    let ids: HashSet<_> = created.iter().map(|token| token.id).collect();
    let texts: HashSet<_> = created.iter().map(|token| token.token.expose()).collect();
    assert_eq!((ids.len(), texts.len()), (32, 32));
    for token in &created {
        let check = store.tokens().check_token(token.token.expose()).expect("the query succeeds");
        assert!(check.valid);
        assert_eq!(check.token.expect("its record").id, token.id);
    }
}

fn a_token_id_is_never_reused(store: &Store) {
    let first = store.tokens().create_token("a", Some(1)).expect("the token is created");
    store.raw.execute("UPDATE api_tokens SET expires_at = '2001-01-01 00:00:00.000000'");
    assert_eq!(store.tokens().delete_expired_tokens().expect("the deletion succeeds"), 1);
    let second = store.tokens().create_token("b", None).expect("the token is created");
    assert!(second.id > first.id, "{} is greater than {}", second.id, first.id);
}
