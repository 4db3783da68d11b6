//! Tokens created by another program: any text, identified by its SHA-256.

use chatkeep::{Chatkeep, TokenReason};
use sha2::{Digest, Sha256};

use crate::every_engine::on_every_engine;
use crate::store::{Store, at};

on_every_engine![
    a_foreign_token_is_valid_in_any_form,
    a_foreign_token_matches_only_exactly,
    a_foreign_token_keeps_its_own_times_and_state,
    a_token_hash_is_unique,
];

/// Inserts a row as an importer does: with the hash, and without the first characters for display.
fn import(store: &Store, token: &str, expires_at: &str, is_active: &str) {
    // The first call creates the table.
    assert!(store.tokens().get_token_info(0).expect("the query succeeds").is_none());
    let hash: String = Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect();
    store.raw.execute(&format!(
        "INSERT INTO api_tokens (token_hash, description, created_at, expires_at, is_active) \
         VALUES ('{hash}', 'imported', '2020-02-02 02:02:02.000000', {expires_at}, {is_active})"
    ));
}

fn reason(chat: &Chatkeep, token: &str) -> TokenReason {
    chat.tokens().check_token(token).expect("the query succeeds").reason
}

fn a_foreign_token_is_valid_in_any_form(store: &Store) {
    let uuid = "6f1c2a52-58a2-4f3e-9f51-0f7a5b0c3d11";
    let longest = "x".repeat(512);
    for token in [
        "sk-abc123",
        uuid,
        "Zm9vYmFy-_+/=",
        "ck_short",
        "é\u{1f511}",
        "x",
        "';--",
        "%",
        longest.as_str(),
    ] {
        import(store, token, "NULL", "TRUE");
        let check = store.tokens().check_token(token).expect("the query succeeds");
        assert!(check.valid, "{token}");
        let record = check.token.expect("its record");
        assert_eq!((record.description.as_str(), record.token_start), ("imported", None));
    }
}

fn a_foreign_token_matches_only_exactly(store: &Store) {
    import(store, "Secret-Token", "NULL", "TRUE");
    assert_eq!(reason(store, "Secret-Token"), TokenReason::Valid);
    for other in
        ["secret-token", "SECRET-TOKEN", "Secret-Toke", "Secret-Token2", "Secret\u{2010}Token"]
    {
        assert_eq!(reason(store, other), TokenReason::Unknown, "{other}");
    }
    for other in ["Secret-Token ", " Secret-Token", "Secret-Token\n"] {
        assert_eq!(reason(store, other), TokenReason::Malformed, "{other:?}");
    }
    // The hash itself is not a valid token.
    let hash = store.raw.scalar("SELECT token_hash FROM api_tokens").expect("a hash");
    assert_eq!(reason(store, &hash), TokenReason::Unknown);
}

fn a_foreign_token_keeps_its_own_times_and_state(store: &Store) {
    import(store, "over", "'2021-01-01 00:00:00.000000'", "TRUE");
    import(store, "revoked", "NULL", "FALSE");
    import(store, "good", "'2999-01-01 00:00:00.000000'", "TRUE");
    assert_eq!(reason(store, "over"), TokenReason::Expired);
    assert_eq!(reason(store, "revoked"), TokenReason::Revoked);
    assert_eq!(reason(store, "good"), TokenReason::Valid);
    let list = store.tokens().list_tokens().expect("the query succeeds");
    assert!(list.iter().all(|token| token.created_at == at("2020-02-02T02:02:02Z")));
    assert_eq!(store.tokens().delete_expired_tokens().expect("the deletion succeeds"), 1);
    assert_eq!(reason(&store.new_handle(), "over"), TokenReason::Unknown);
}

fn a_token_hash_is_unique(store: &Store) {
    import(store, "twice", "NULL", "TRUE");
    let again = "INSERT INTO api_tokens (token_hash, description, created_at) \
                 SELECT token_hash, 'again', created_at FROM api_tokens";
    assert!(store.raw.try_execute(again).is_err(), "a second row with the same hash is rejected");
    assert_eq!(store.tokens().list_tokens().expect("the query succeeds").len(), 1);
}
