//! No output contains a secret: neither a token nor a password.

use std::fmt::Debug;

use chatkeep::{Chatkeep, ErrorKind};

use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![debug_output_shows_no_token, debug_output_and_errors_show_no_password];

fn shown(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

fn debug_output_shows_no_token(store: &Store) {
    let created = store.tokens().create_token("a", Some(1)).expect("the token is created");
    let token = created.token.expose();
    let hash = store.raw.scalar("SELECT token_hash FROM api_tokens").expect("a hash");
    let check = store.tokens().check_token(token).expect("the query succeeds");
    let outputs = [
        shown(&created),
        shown(&created.token),
        created.token.to_string(),
        shown(&check),
        shown(&created.token.hash()),
        shown(&store.tokens().list_tokens().expect("the query succeeds")),
        serde_json::to_string(&check).expect("JSON"),
        serde_json::to_string(&store.tokens().list_tokens().expect("the query succeeds"))
            .expect("JSON"),
    ];
    store.raw.execute("DROP TABLE api_tokens");
    let error = store.new_handle().tokens().verify_token(token).expect_err("the table is gone");
    for output in outputs.into_iter().chain([shown(&error), error.to_string()]) {
        assert!(!output.contains(&token[8..]), "{output}");
        assert!(!output.contains(&hash), "{output}");
    }
}

fn debug_output_and_errors_show_no_password(store: &Store) {
    if !store.engine().is_server() {
        return;
    }
    let (user, rest) = store.raw.url().split_once('@').expect("a URL with an account");
    let (_, password) = user.rsplit_once(':').expect("a URL with a password");
    let outputs = [
        shown(&**store),
        shown(store.messages()),
        shown(store.tokens()),
        shown(store.database()),
        store.database().database_url(),
        shown(&store.database().settings()),
        shown(&Chatkeep::builder().url(store.raw.url())),
        shown(&chatkeep::DatabaseUrl::parse(store.raw.url()).expect("a URL")),
        shown(&store.messages().iter_messages(&Default::default(), Default::default())),
    ];
    let wrong = store.raw.url().replacen(
        &format!("{password}@{rest}"),
        &format!("wr%40ng-secret@{rest}"),
        1,
    );
    let refused = crate::store::open(&wrong);
    let error = refused.messages().get_message_by_id(1).expect_err("the password is wrong");
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    for output in outputs.into_iter().chain([shown(&error), error.to_string(), shown(&refused)]) {
        assert!(!output.contains(password), "{output}");
        assert!(!output.contains("ng-secret"), "{output}");
    }
}
