//! Tokens of users.

use chatkeep::{NewToken, TokenReason};

use crate::every_engine::on_every_engine;
use crate::sessions::add_user;
use crate::store::{Store, assert_rejected};

on_every_engine![
    a_token_of_a_user_has_the_user_s_id,
    an_owner_must_be_an_active_user,
    tokens_of_an_inactive_user_are_invalid,
    tokens_are_deleted_with_their_user,
    tokens_of_a_user_are_listed_newest_first,
];

fn a_token_of_a_user_has_the_user_s_id(store: &Store) {
    add_user(store, "ann");
    let new = NewToken::new("for ann").with_user_id("ann").with_expires_days(1);
    let created = store.tokens().create_token_with(&new).expect("the token is created");
    assert_eq!(created.user_id.as_deref(), Some("ann"));
    let token = created.token.expose();
    let info = store.tokens().get_token_info(created.id).expect("the query succeeds");
    let info = info.expect("the token exists");
    assert_eq!((info.user_id.as_deref(), info.expires_at), (Some("ann"), created.expires_at));
    let check = store.tokens().check_token(token).expect("the query succeeds");
    assert!(check.valid);
    assert_eq!(check.token.expect("its record").user_id, info.user_id);
    assert!(store.new_handle().tokens().verify_token(token).expect("the query succeeds"));
}

fn an_owner_must_be_an_active_user(store: &Store) {
    add_user(store, "ann");
    let create =
        |user: &str| store.tokens().create_token_with(&NewToken::new("a").with_user_id(user));
    for other in ["Ann", "bob", "", "a\0", &"x".repeat(100)] {
        assert_rejected(create(other), "user_id");
    }
    store.raw.execute("UPDATE chat_users SET active = FALSE");
    assert_rejected(create("ann"), "user_id");
    assert_eq!(store.tokens().list_tokens().expect("the query succeeds"), []);
}

fn tokens_of_an_inactive_user_are_invalid(store: &Store) {
    add_user(store, "ann");
    let new = NewToken::new("a").with_user_id("ann");
    let created = store.tokens().create_token_with(&new).expect("the token is created");
    let token = created.token.expose();
    let reason = || {
        let chat = store.new_handle();
        let valid = chat.tokens().verify_token(token).expect("the query succeeds");
        let check = store.new_handle().tokens().check_token(token).expect("the query succeeds");
        assert_eq!(valid, check.valid);
        check.reason
    };
    assert_eq!(reason(), TokenReason::Valid);
    store.raw.execute("UPDATE chat_users SET active = FALSE");
    assert_eq!(reason(), TokenReason::UserInactive);
    store.raw.execute("UPDATE chat_users SET active = TRUE");
    assert_eq!(reason(), TokenReason::Valid);
}

fn tokens_are_deleted_with_their_user(store: &Store) {
    add_user(store, "ann");
    let new = NewToken::new("a").with_user_id("ann");
    let created = store.tokens().create_token_with(&new).expect("the token is created");
    store.tokens().create_token("of nobody", None).expect("the token is created");
    store.raw.execute("DELETE FROM chat_users");
    let check = store.new_handle().tokens().check_token(created.token.expose());
    assert_eq!(check.expect("the query succeeds").reason, TokenReason::Unknown);
    let left = store.tokens().list_tokens().expect("the query succeeds");
    assert_eq!((left.len(), left[0].user_id.as_deref()), (1, None));
}

fn tokens_of_a_user_are_listed_newest_first(store: &Store) {
    add_user(store, "ann");
    add_user(store, "bob");
    for (description, user) in
        [("a", Some("ann")), ("b", None), ("c", Some("bob")), ("d", Some("ann"))]
    {
        let new = NewToken { user_id: user.map(str::to_owned), ..NewToken::new(description) };
        store.tokens().create_token_with(&new).expect("the token is created");
    }
    let list = |user: Option<&str>| -> Vec<_> {
        let tokens = store.tokens().list_tokens_of(user).expect("the query succeeds");
        tokens.into_iter().map(|token| (token.description, token.user_id)).collect()
    };
    let ann = |name: &str| (name.to_owned(), Some("ann".to_owned()));
    assert_eq!(list(Some("ann")), [ann("d"), ann("a")]);
    assert_eq!(list(None).len(), 4);
    assert_eq!(list(None)[1], ("c".to_owned(), Some("bob".to_owned())));
    for unknown in ["Ann", "", "a\0"] {
        assert_eq!(list(Some(unknown)), []);
    }
}
