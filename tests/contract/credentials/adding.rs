//! Storing credentials.

use std::time::{Duration, Instant};

use chatkeep::{CredentialStatus, ErrorKind, NewCredential, Timestamp};

use super::{
    KEY, add, add_named, create_provider, create_user, find, get, reveal, with_key, with_keys,
};
use crate::every_engine::on_every_engine;
use crate::store::{Store, TIMEOUT, assert_rejected, at, number};

on_every_engine![
    a_stored_credential_has_its_values_and_no_secret,
    the_database_has_no_part_of_a_secret,
    further_credentials_with_a_name_get_the_next_versions,
    hostile_names_and_secrets_are_stored_exactly,
    the_largest_secret_is_stored,
    invalid_values_are_refused_by_name,
    without_a_key_nothing_is_stored,
    a_fernet_token_is_stored_decrypted,
    the_last_use_is_recorded,
];

const SECRET: &str = "sk-0123456789abcdef";

fn a_stored_credential_has_its_values_and_no_secret(store: &Store) {
    let chat = with_key(store);
    create_provider(&chat, "openai");
    let user = create_user(&chat, "ada");
    let end = at("2999-01-01");
    let new = NewCredential::new("api_key", SECRET)
        .with_provider("openai")
        .with_user_id(&user)
        .with_scopes(["chat", "embed", "chat"])
        .with_expires_at(end)
        .with_created_by("admin-1");
    let before = Timestamp::now();
    let added = add(&chat, &new);
    assert_eq!(
        (added.provider.as_deref(), added.user_id.as_deref()),
        (Some("openai"), Some(&*user))
    );
    assert_eq!((added.name.as_str(), added.version), ("api_key", 1));
    assert_eq!((added.key_id.as_str(), added.hint.as_deref()), ("2027", Some("cdef")));
    assert_eq!(added.scopes, ["chat", "embed"]);
    assert_eq!((added.status, added.expires_at), (CredentialStatus::Active, Some(end)));
    assert_eq!((added.cooldown_until, added.last_used_at, added.revoked_at), (None, None, None));
    assert_eq!(added.created_by.as_deref(), Some("admin-1"));
    assert!(added.created_at >= before && added.created_at <= Timestamp::now());
    assert_eq!(get(&chat, &added.id), Some(added.clone()));
    // Without keys, too.
    assert_eq!(get(store, &added.id), Some(added.clone()));
    assert!(!format!("{added:?}").contains("0123"), "{added:?}");
    assert_eq!(reveal(&chat, &added.id), SECRET);
}

fn the_database_has_no_part_of_a_secret(store: &Store) {
    let chat = with_key(store);
    let secret = "plain-marker-0123456789-abcd";
    add_named(&chat, "a", secret);
    let rows = format!("{:?}", store.raw.query("SELECT * FROM chat_credentials"));
    // As text, and as hexadecimal digits.
    assert!(!rows.contains("marker") && !rows.contains("6d61726b6572"), "{rows}");
    let length = number(store, "SELECT LENGTH(ciphertext) FROM chat_credentials");
    assert_eq!(length, 24 + secret.len() as i64 + 16);
}

fn further_credentials_with_a_name_get_the_next_versions(store: &Store) {
    let chat = with_key(store);
    create_provider(&chat, "openai");
    let versions: Vec<_> =
        (1..=3).map(|number| add_named(&chat, "a", &format!("s{number}")).version).collect();
    assert_eq!(versions, [1, 2, 3]);
    // The versions of other owners and names are separate.
    assert_eq!(add_named(&chat, "b", "s").version, 1);
    assert_eq!(add(&chat, &NewCredential::new("a", "s").with_provider("openai")).version, 1);
    assert_eq!(find(&chat, "a").as_deref(), Some("s3"));
}

fn hostile_names_and_secrets_are_stored_exactly(store: &Store) {
    let chat = with_key(store);
    let texts = [
        "a",
        "A",
        "a ",
        " a",
        "é",
        "e\u{301}",
        "%",
        "_",
        "\\",
        "'; DROP TABLE chat_credentials; --",
        "\"`$(id)",
        "line\r\nbreak\t",
        "\u{10ffff}🎉\u{202e}",
    ];
    for text in texts {
        assert_eq!(add_named(&chat, text, text).version, 1, "{text:?} is another name");
    }
    for text in texts {
        assert_eq!(find(&chat, text).as_deref(), Some(text));
    }
    let id = add_named(&chat, "nul", "with\0nul and 0123\0").id;
    assert_eq!(reveal(&chat, &id), "with\0nul and 0123\0");
    assert_eq!(get(&chat, &id).expect("it exists").hint, None);
}

fn the_largest_secret_is_stored(store: &Store) {
    let chat = with_key(store);
    let secret = "é".repeat(32_768);
    let id = add_named(&chat, "a", &secret).id;
    assert_eq!(reveal(&chat, &id), secret);
    let longer = NewCredential::new("a", format!("{secret}x"));
    assert_rejected(chat.credentials().add_credential(&longer), "secret");
}

fn invalid_values_are_refused_by_name(store: &Store) {
    let chat = with_key(store);
    let refused = |new: NewCredential, field: &str| {
        assert_rejected(chat.credentials().add_credential(&new), field);
    };
    let new = |name: &str| NewCredential::new(name, SECRET);
    refused(new(""), "name");
    refused(new("a\0"), "name");
    refused(new(&"é".repeat(101)), "name");
    refused(NewCredential::new("a", ""), "secret");
    refused(new("a").with_scopes(["a b"]), "scopes");
    refused(new("a").with_expires_at(Timestamp::now()), "expires_at");
    refused(new("a").with_created_by("a\0"), "created_by");
    for name in ["unknown", "OpenAI", "", "a\0"] {
        refused(new("a").with_provider(name), "provider");
    }
    for id in ["unknown", "", "a\0", &"x".repeat(100)] {
        refused(new("a").with_user_id(id), "user_id");
    }
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_credentials"), 0);
    add(&chat, &new(&"é".repeat(100)));
}

fn without_a_key_nothing_is_stored(store: &Store) {
    let new = NewCredential::new("a", SECRET);
    let credentials = store.credentials();
    let outcomes = [
        credentials.add_credential(&new).map(drop),
        credentials.import_fernet(&"x".into(), &new).map(drop),
        credentials.find_credential("a", None, None, None).map(drop),
        credentials.reveal_credential("a").map(drop),
        credentials.rotate_credential_keys().map(drop),
    ];
    for outcome in outcomes {
        let error = outcome.expect_err("there is no key");
        assert_eq!(
            (error.kind(), error.field(), error.is_retryable()),
            (ErrorKind::Configuration, Some("CHATKEEP_KEYS"), false)
        );
        assert!(error.message().contains("chatkeep credentials generate-key"), "{error}");
        assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    }
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_credentials"), 0);
}

fn a_fernet_token_is_stored_decrypted(store: &Store) {
    // The vector of the specification.
    let key = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
    let token = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7Jcb\
                 mrR64jVmpU4IwqDA==";
    let chat = with_key(store);
    let new = NewCredential::new("a", token).with_created_by("import");
    let added = chat.credentials().import_fernet(&key.into(), &new).expect("it is stored");
    assert_eq!((added.key_id.as_str(), added.created_by.as_deref()), ("2027", Some("import")));
    assert_eq!(find(&chat, "a").as_deref(), Some("hello"));
    let other = key.replacen('c', "d", 1);
    assert_rejected(chat.credentials().import_fernet(&other.as_str().into(), &new), "secret");
    assert_rejected(chat.credentials().import_fernet(&"x".into(), &new), "fernet_key");
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_credentials"), 1);
}

fn the_last_use_is_recorded(store: &Store) {
    let chat = with_keys(store, KEY);
    let (found, revealed) = (add_named(&chat, "a", SECRET).id, add_named(&chat, "b", SECRET).id);
    let before = Timestamp::now();
    find(&chat, "a");
    reveal(&chat, &revealed);
    chat.flush(TIMEOUT).expect("the uses are recorded");
    let last_use = |id: &str| get(&chat, id).expect("it exists").last_used_at;
    let (first, second) = (last_use(&found), last_use(&revealed));
    assert!(first >= Some(before) && second >= Some(before), "{first:?} {second:?}");
    // At most once a minute, also by other processes.
    for chat in [&chat, &with_key(store)] {
        find(chat, "a");
        chat.flush(TIMEOUT).expect("the uses are recorded");
        assert_eq!(last_use(&found), first);
    }
    store.raw.execute("UPDATE chat_credentials SET last_used_at = '2024-01-01 00:00:00.000000'");
    let start = Instant::now();
    while last_use(&found) < first {
        assert!(start.elapsed() < Duration::from_secs(30), "the use is not recorded");
        find(&chat, "a");
        chat.flush(TIMEOUT).expect("the uses are recorded");
    }
}
