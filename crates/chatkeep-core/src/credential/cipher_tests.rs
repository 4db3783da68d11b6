use super::*;
use crate::value::Timestamp;

fn keys(text: &str) -> CredentialKeys {
    CredentialKeys::parse("keys", text).unwrap()
}

const KEY: &str = "a:gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8=";
const OTHER: &str = "b:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const SECRET: &str = "sk-0123456789abcdef";

/// A row whose secret is encrypted with the first of the keys.
fn row(keys: &CredentialKeys) -> StoredCredential {
    let now = Timestamp::now();
    let mut row = StoredCredential {
        id: 1,
        public_id: "019dc0de-1111-7222-8333-444455556666".to_owned(),
        provider_id: Some(7),
        user_id: Some(8),
        owner_key: owner_key(Some(7), Some(8)),
        name: "api_key".to_owned(),
        version: 3,
        ciphertext: Vec::new(),
        key_id: keys.current_id().to_owned(),
        format: FORMAT,
        hint: None,
        scopes: None,
        status: "active".to_owned(),
        expires_at: None,
        cooldown_until: None,
        last_used_at: None,
        revoked_at: None,
        created_by: None,
        created_at: now,
    };
    row.ciphertext = encrypt(keys, row.binding(), &Secret::from(SECRET)).unwrap();
    row
}

fn outcome(keys: &CredentialKeys, row: &StoredCredential) -> std::result::Result<(), Unreadable> {
    decrypt(keys, row).map(|secret| assert_eq!(secret.expose(), SECRET))
}

/// Appendix A.3.1 of draft-irtf-cfrg-xchacha-03.
#[test]
fn crate_passes_the_test_vector_of_the_draft() {
    let keys = keys(KEY);
    let nonce: [u8; NONCE_BYTES] = std::array::from_fn(|index| 0x40 + index as u8);
    let aad = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
    let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for \
                 the future, sunscreen would be it.";
    let payload = Payload { msg: text.as_slice(), aad: &aad };
    let encrypted = cipher(keys.current()).encrypt(&XNonce::from(nonce), payload).unwrap();
    assert_eq!(
        crate::token::hex(&encrypted),
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb\
         731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452\
         2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9\
         21f9664c97637da9768812f615c68b13b52e\
         c0875924c1c7987947deafd8780acf49"
    );
}

#[test]
fn secrets_are_decrypted_by_the_key_that_encrypted_them() {
    let (keys, second) = (keys(KEY), keys(&format!("{OTHER},{KEY}")));
    let row = row(&keys);
    assert_eq!(row.ciphertext.len(), OVERHEAD + SECRET.len());
    assert_eq!(outcome(&keys, &row), Ok(()));
    assert_eq!(outcome(&second, &row), Ok(()));
    // Each encryption has another nonce.
    let again = encrypt(&keys, row.binding(), &Secret::from(SECRET)).unwrap();
    assert_ne!(again, row.ciphertext);
    assert_ne!(again[..NONCE_BYTES], row.ciphertext[..NONCE_BYTES]);
}

/// A column's name, and a change of it.
type Change = (&'static str, fn(&mut StoredCredential));

#[test]
fn a_change_of_any_bound_value_makes_a_row_unreadable() {
    let keys = keys(&format!("{KEY},{OTHER}"));
    let changes: [Change; 10] = [
        ("public_id", |row| row.public_id.replace_range(..1, "1")),
        ("provider_id", |row| row.provider_id = Some(9)),
        ("user_id", |row| row.user_id = None),
        ("owner_key", |row| row.owner_key = owner_key(Some(9), Some(8))),
        ("owner", |row| {
            row.provider_id = Some(9);
            row.owner_key = owner_key(Some(9), Some(8));
        }),
        ("name", |row| row.name.push('2')),
        ("version", |row| row.version += 1),
        ("key_id", |row| row.key_id = "b".to_owned()),
        // The same bytes with another boundary between two values.
        ("boundary", |row| {
            row.name = format!("{}{}", &row.owner_key[10..], row.name);
            row.owner_key.truncate(10);
            (row.provider_id, row.user_id) = (Some(7), None);
        }),
        ("ciphertext", |row| row.ciphertext.swap(OVERHEAD - 20, OVERHEAD - 19)),
    ];
    for (changed, change) in changes {
        let mut row = row(&keys);
        change(&mut row);
        assert_eq!(outcome(&keys, &row), Err(Unreadable::Changed), "{changed}");
    }
    let mut later = row(&keys);
    later.format = 2;
    assert_eq!(outcome(&keys, &later), Err(Unreadable::UnknownFormat));
    assert_ne!(later.binding().encode(1, "a"), later.binding().encode(2, "a"));
}

#[test]
fn every_changed_bit_and_every_missing_byte_is_detected() {
    let keys = keys(KEY);
    let original = row(&keys);
    for index in 0..original.ciphertext.len() {
        let mut row = original.clone();
        row.ciphertext[index] ^= 1 << (index % 8);
        assert_eq!(outcome(&keys, &row), Err(Unreadable::Changed), "byte {index}");
        row.ciphertext.truncate(index);
        assert_eq!(outcome(&keys, &row), Err(Unreadable::Changed), "{index} bytes");
    }
    let mut longer = original;
    longer.ciphertext.push(0);
    assert_eq!(outcome(&keys, &longer), Err(Unreadable::Changed));
}

#[test]
fn the_ciphertext_of_another_row_is_refused() {
    let keys = keys(KEY);
    let mut one = row(&keys);
    let mut two = one.clone();
    two.public_id = "019dc0de-1111-7222-8333-444455557777".to_owned();
    two.ciphertext = encrypt(&keys, two.binding(), &Secret::from("other")).unwrap();
    std::mem::swap(&mut one.ciphertext, &mut two.ciphertext);
    for row in [&one, &two] {
        let unreadable = decrypt(&keys, row).unwrap_err();
        let error = unreadable.into_error(row);
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Corrupt, false));
        assert!(error.message().contains(&row.public_id), "{error}");
        assert!(error.message().contains(r#"the key "a""#), "{error}");
        assert!(error.message().contains("was changed, or belongs to another row"), "{error}");
    }
}

#[test]
fn another_key_is_a_missing_key_or_another_one_with_the_same_id() {
    let row = row(&keys(KEY));
    let missing = outcome(&keys(OTHER), &row).unwrap_err();
    assert_eq!(missing, Unreadable::MissingKey);
    let error = missing.into_error(&row);
    assert_eq!((error.kind(), error.field()), (ErrorKind::Configuration, Some("CHATKEEP_KEYS")));
    assert!(error.message().contains(r#"the key "a""#), "{error}");
    let renamed = keys(&OTHER.replace("b:", "a:"));
    assert_eq!(outcome(&renamed, &row), Err(Unreadable::Changed));
}
