//! No output contains a secret: neither a token, a password, a credential nor a key.

use std::fmt::Debug;

use chatkeep::{Chatkeep, CredentialKeys, ErrorKind, NewCredential};

use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    debug_output_shows_no_token,
    debug_output_and_errors_show_no_password,
    debug_output_and_errors_show_no_credential_and_no_key,
];

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

fn debug_output_and_errors_show_no_credential_and_no_key(store: &Store) {
    const SECRET: &str = "canary-of-a-credential-4711";
    let key = CredentialKeys::generate(Some("canary")).expect("a key");
    let (_, encoded) = key.expose().split_once(':').expect("an id and a key");
    let builder = Chatkeep::builder().url(store.raw.url()).keys(key.clone());
    let mut outputs = vec![shown(&builder)];
    let chat = builder.open().expect("the settings are valid");
    let new = NewCredential::new("a", SECRET);
    let added = chat.credentials().add_credential(&new).expect("it is stored");
    let revealed = chat.credentials().reveal_credential(&added.id).expect("it is readable");
    let found = chat.credentials().find_credential("a", None, None, None).expect("it is readable");
    let listed = chat.credentials().list_credentials(None, None, None, 10, None).expect("a page");
    outputs.extend([
        shown(&chat),
        shown(chat.credentials()),
        shown(&key),
        shown(&CredentialKeys::parse("keys", key.expose())),
        shown(&new),
        shown(&added),
        shown(&revealed),
        shown(&found),
        serde_json::to_string(&added).expect("JSON"),
        serde_json::to_string(&listed).expect("JSON"),
        shown(&chat.credentials().check_credentials().expect("the check succeeds")),
    ]);
    // Only this JSON has the secret, for the caller.
    let json = serde_json::to_string(&revealed).expect("JSON");
    assert!(json.contains(SECRET), "{json}");

    let refused = |keys: String| Chatkeep::builder().url(store.raw.url()).keys(keys).open();
    let mut errors = vec![
        chat.credentials().add_credential(&new.clone().with_provider("unknown")).map(drop),
        chat.credentials().add_credential(&NewCredential::new("", SECRET)).map(drop),
        chat.credentials().import_fernet(&SECRET.into(), &new).map(drop),
        chat.credentials().import_fernet(&key, &new).map(drop),
        refused(format!("canary:{}", &encoded[..40])).map(drop),
        refused(encoded.to_owned()).map(drop),
        refused(format!("{}:canary", encoded.trim_end_matches('='))).map(drop),
        refused(format!("{},{}", key.expose(), key.expose())).map(drop),
    ];
    store.raw.execute("UPDATE chat_credentials SET name = 'b'");
    errors.push(chat.credentials().reveal_credential(&added.id).map(drop));
    store.raw.execute("UPDATE chat_credentials SET key_id = 'gone'");
    errors.push(chat.credentials().reveal_credential(&added.id).map(drop));
    store.raw.execute("DROP TABLE chat_credentials");
    errors.push(chat.credentials().add_credential(&new).map(drop));
    errors.push(chat.credentials().find_credential("a", None, None, None).map(drop));
    for error in errors {
        let error = error.expect_err("it is refused");
        outputs.extend([shown(&error), error.to_string()]);
    }
    let encoded_parts = [&encoded[..16], &encoded[24..40]];
    for output in outputs {
        assert!(!output.contains("canary-of"), "{output}");
        assert!(!encoded_parts.iter().any(|part| output.contains(part)), "{output}");
    }
}
