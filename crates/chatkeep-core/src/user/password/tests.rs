//! Published vectors, and the rules of imported hashes.

use super::*;

/// From `src/test.c` of the reference implementation (github.com/P-H-C/phc-winner-argon2), which
/// the crate `argon2` repeats in `tests/kat.rs`.
const ARGON2: [(&str, &str); 4] = [
    (
        "password",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    ),
    (
        "password",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
    ),
    (
        "password",
        "$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg",
    ),
    (
        "differentpassword",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94",
    ),
];

/// From `tests/test_bcrypt.py` of pyca/bcrypt, which has the last ones from crypt_blowfish.
const BCRYPT: [(&[u8], &str); 9] = [
    (b"Kk4DQuMMfZL9o", "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm"),
    (b"9IeRXmnGxMYbs", "$2b$04$pQ7gRO7e6wx/936oXhNjrOUNOHL1D0h1N2IDbJZYs.1ppzSof6SPy"),
    (b"Tg4daC27epFBE", "$2b$04$ahiTdwRXpUG2JLRcIznxc.s1.ydaPGD372bsGs8NqyYjLY1inG5n2"),
    (b"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    (b"U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
    (b"U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
    (b"\xa3", "$2a$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"),
    (b"\xa3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"),
    (b"\xff\xff\xa3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"),
];

/// From OpenBSD's and crypt_blowfish's tests: all 72 bytes of a password count, and no others.
const BCRYPT_OF_72_BYTES: (&str, &str) = (
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
);

/// Created by `flask_security.hash_password` of Flask-Security-Too 5.9.2, which publishes no
/// constants: `SECURITY_PASSWORD_SALT`, password, hash. The last one hashes with Argon2.
const FLASK_SECURITY: [(&str, &str, &str); 4] = [
    ("salty", "pass", "$2b$04$7ghJOpBNngXs/LzuIDL5ru0KrJmWzrrNiTtMCBrPfWJisd.ZRSF5S"),
    (
        "146585145368132386173505678016728509634",
        "password",
        "$2b$04$AMZmZNeIbdmanA1TCX7PheSIrD2WulRvK9Fo5ZvGj/dPzwDO5JvCq",
    ),
    (
        "Gewürz \u{1f9c2}",
        "pässword \u{1f511} xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
         xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "$2b$05$iU.vtAjkimtjtvCOBApL0uHRfvHcIQSV/HNCbBb1/t3c4W/xwutAm",
    ),
    (
        "146585145368132386173505678016728509634",
        "password",
        "$argon2id$v=19$m=256,t=2,p=1$9T5HKOWcE0JoTeldy/lfiw\
         $H/bsLAmjXTF3aqqKppoKBaNK85+AcgdXuAbR9qZRulw",
    ),
];

fn imported(hash: &str) -> PasswordHash {
    import_hash(&Secret::from(hash), None, None).unwrap()
}

fn verified(password: &str, hash: &PasswordHash) -> bool {
    verify(&Secret::from(password), hash, None).unwrap()
}

#[test]
fn argon2_vectors_are_verified() {
    for (password, hash) in ARGON2 {
        let stored = imported(hash);
        assert_eq!(stored.scheme, PasswordScheme::Argon2id);
        assert!(verified(password, &stored), "{hash}");
        assert!(!verified("sassword", &stored), "{hash}");
    }
}

#[test]
fn bcrypt_vectors_are_verified() {
    for (password, hash) in BCRYPT {
        assert_eq!(imported(hash).scheme, PasswordScheme::Bcrypt);
        assert!(bcrypt_hash::verify(password, hash).unwrap(), "{hash}");
        assert!(!bcrypt_hash::verify(&[password, b"x"].concat(), hash).unwrap(), "{hash}");
    }
    let (password, hash) = BCRYPT_OF_72_BYTES;
    let stored = imported(hash);
    assert!(verified(password, &stored));
    assert!(verified(&format!("{password}chars after 72 are ignored"), &stored));
    assert!(!verified(&password[..71], &stored));
}

#[test]
fn flask_security_vectors_are_verified() {
    for (salt, password, hash) in FLASK_SECURITY {
        let salt = Secret::from(salt);
        let scheme = Some(PasswordScheme::FlaskSecurity);
        let stored = import_hash(&Secret::from(hash), scheme, Some(&salt)).unwrap();
        assert!(verify(&Secret::from(password), &stored, Some(&salt)).unwrap(), "{hash}");
        assert!(!verify(&Secret::from("other"), &stored, Some(&salt)).unwrap(), "{hash}");
        assert!(stored.is_outdated());
    }
}

#[test]
fn flask_security_hash_is_not_checked_with_a_missing_or_other_salt() {
    let (salt, password, hash) = FLASK_SECURITY[0];
    let (salt, other) = (Secret::from(salt), Secret::from("other"));
    let scheme = Some(PasswordScheme::FlaskSecurity);
    let stored = import_hash(&Secret::from(hash), scheme, Some(&salt)).unwrap();
    for given in [None, Some(&other)] {
        let error = verify(&Secret::from(password), &stored, given).unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::Configuration, Some("PASSWORD_SALT"))
        );
        assert!(!error.to_string().contains("salty"));
    }
    // A hash that was stored while another salt was set is verified with the right one.
    let stored = import_hash(&Secret::from(hash), scheme, Some(&other)).unwrap();
    assert!(verify(&Secret::from(password), &stored, Some(&salt)).unwrap());
}

#[test]
fn new_hash_has_current_parameters_and_another_salt_each_time() {
    let password = Secret::from("correct horse");
    let (one, two) = (hash_password(&password).unwrap(), hash_password(&password).unwrap());
    assert!(one.hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "the parameters");
    assert_ne!(one, two);
    assert!(verified("correct horse", &one) && !verified("Correct horse", &one));
    assert!(!one.is_outdated() && !PasswordHash::dummy().is_outdated());
    assert!(!format!("{one:?}").contains("argon2id$"));
}

#[test]
fn dummy_hash_is_verified_like_any_other() {
    assert!(!verified("password", &PasswordHash::dummy()));
    assert_eq!(imported(&PasswordHash::dummy().hash), PasswordHash::dummy());
}

#[test]
fn password_is_the_same_in_each_normal_form() {
    let stored = hash_password(&Secret::from("p\u{e4}ss")).unwrap();
    assert!(verified("p\u{e4}ss", &stored) && verified("pa\u{308}ss", &stored));
    assert!(!verified("pass", &stored));
}

#[test]
fn stronger_hash_of_another_program_is_not_outdated() {
    let with = |parameters: &str| {
        format!(
            "$argon2id$v=19${parameters}$c29tZXNhbHRzYWx0$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
        )
    };
    // The defaults of argon2-cffi and of Spring.
    assert!(!imported(&with("m=65536,t=3,p=4")).is_outdated());
    assert!(imported(&with("m=16384,t=2,p=1")).is_outdated());
    assert!(imported(&with("m=65536,t=3,p=4").replace("argon2id", "argon2i")).is_outdated());
}

#[test]
fn hashes_that_are_malformed_or_too_slow_are_refused() {
    let argon2 =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let bcrypt = BCRYPT[0].1;
    let bad = [
        String::new(),
        "s3cret".to_owned(),
        "$1$abc$def".to_owned(),
        bcrypt[..59].to_owned(),
        format!("{bcrypt}x"),
        bcrypt.replace("$04$", "$17$"),
        bcrypt.replace("$04$", "$03$"),
        bcrypt.replace("$04$", "$xx$"),
        bcrypt.replace("$2b$", "$2x$"),
        bcrypt.replace('V', "!"),
        argon2.replace("v=19$", ""),
        argon2.replace("m=256", "m=4194304"),
        argon2.replace("t=2", "t=4294967295"),
        argon2.replace("m=256", "m=1"),
        argon2.replace("p=1", "p=65"),
        argon2.rsplit_once('$').unwrap().0.to_owned(),
        argon2.replace("argon2id", "argon2x"),
    ];
    for hash in bad {
        let error = import_hash(&Secret::from(hash.as_str()), None, None).unwrap_err();
        assert_eq!(error.field(), Some("password_hash"), "{hash}");
        assert!(hash.is_empty() || !error.to_string().contains(&hash), "{error}");
    }
    let wrong = import_hash(&Secret::from(bcrypt), Some(PasswordScheme::Argon2id), None);
    assert_eq!(wrong.unwrap_err().field(), Some("password_hash"));
}

#[test]
fn password_has_1_to_1024_bytes() {
    for length in [1, 1024] {
        assert!(check_password(&Secret::from("x".repeat(length))).is_ok());
    }
    for length in [0, 1025] {
        let password = Secret::from("x".repeat(length));
        assert_eq!(hash_password(&password).unwrap_err().field(), Some("password"));
        assert!(!verify(&password, &PasswordHash::dummy(), None).unwrap());
    }
}
