//! Creating sessions without exposing a secret.

use std::collections::HashSet;
use std::thread;

use chatkeep::{NewSession, NewUser, Result, Secret, Timestamp, User};
use sha2::{Digest, Sha256};

use super::{SECOND, add_user, session};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, assert_rejected};

on_every_engine![
    a_new_session_has_its_documented_form_and_is_valid,
    only_the_hash_of_a_secret_is_stored,
    a_session_needs_an_active_user,
    a_sign_in_before_the_end_of_all_sessions_begins_none,
    no_session_of_a_concurrent_sign_in_survives_a_new_password,
    values_out_of_range_are_rejected,
    a_long_user_agent_is_cut,
    concurrently_created_sessions_are_distinct_and_valid,
    output_shows_no_secret,
];

fn a_new_session_has_its_documented_form_and_is_valid(store: &Store) {
    add_user(store, "ann");
    let before = Timestamp::now();
    let new = NewSession::new("ann")
        .with_lifetime_seconds(3_600)
        .with_idle_seconds(600)
        .with_ip("2001:db8::1")
        .with_user_agent("Firefox \u{1f98a}")
        .with_label("laptop");
    let created = store.sessions().create_session(&new).expect("the session is created");
    let (secret, session) = (created.secret.expose(), &created.session);
    assert!(secret.starts_with("cs_") && secret.len() == 52, "the form of a secret");
    assert!(secret[3..].bytes().all(|byte| byte.is_ascii_alphanumeric()), "the form of a secret");
    assert_eq!((session.id.len(), &session.id[14..15]), (36, "7"), "a UUID of version 7");
    assert!((before..=Timestamp::now()).contains(&session.created_at));
    let after = |seconds: i64| session.created_at.checked_add_microseconds(seconds * SECOND);
    assert_eq!(Some(session.expires_at), after(3_600));
    assert_eq!(session.idle_expires_at, after(600));
    let check = store.sessions().check_session(secret).expect("the query succeeds");
    assert!(check.valid && store.sessions().verify_session(secret).expect("the query succeeds"));
    assert_eq!(check.session.as_ref(), Some(session));
    assert_eq!(
        (session.user_id.as_str(), session.ip.as_deref(), session.label.as_deref()),
        ("ann", Some("2001:db8::1"), Some("laptop"))
    );
    let json = serde_json::to_value(&created).expect("JSON");
    assert_eq!(
        (json["secret"].as_str(), json["session"]["user_id"].as_str()),
        (Some(secret), Some("ann"))
    );
}

fn only_the_hash_of_a_secret_is_stored(store: &Store) {
    let created = session(store);
    let secret = created.secret.expose();
    let rotated = store.sessions().rotate_session(secret).expect("the query succeeds");
    let rotated = rotated.expect("the session is valid");
    let stored = store.raw.query("SELECT * FROM user_sessions");
    let values: Vec<String> = stored[0].iter().flatten().cloned().collect();
    for secret in [secret, rotated.secret.expose()] {
        assert!(values.iter().all(|value| !value.contains(&secret[3..12])), "no part is stored");
        let hash: String =
            Sha256::digest(secret).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(values.contains(&hash));
    }
}

fn a_session_needs_an_active_user(store: &Store) {
    add_user(store, "ann");
    for other in ["Ann", "bob", "ann ", "", "a\0", &"x".repeat(100)] {
        assert_rejected(store.sessions().create_session(&NewSession::new(other)), "user_id");
    }
    store.raw.execute("UPDATE chat_users SET active = FALSE");
    assert_rejected(store.sessions().create_session(&NewSession::new("ann")), "user_id");
    assert_eq!(store.raw.scalar("SELECT COUNT(*) FROM user_sessions").as_deref(), Some("0"));
}

fn a_sign_in_before_the_end_of_all_sessions_begins_none(store: &Store) {
    let users = store.users();
    let new = NewUser::with_email("ada@example.org").with_password("old");
    let id = users.create_user(&new).expect("the user is created").public_id;
    let sign_in = |password: &str| {
        let user = users.authenticate("ada@example.org", &Secret::from(password));
        user.expect("the check succeeds").expect("the password is right")
    };
    let create = |user: &User| store.sessions().create_session(&NewSession::of(user));
    let user = sign_in("old");
    assert!(users.set_password(&id, &Secret::from("new"), false).expect("it is set"));
    create(&user).expect("no session has ended");
    let changes: [&dyn Fn() -> Result<bool>; 3] = [
        &|| users.set_password(&id, &Secret::from("new"), true),
        &|| users.end_sessions(&id),
        &|| users.set_active(&id, false).and_then(|_| users.set_active(&id, true)),
    ];
    for change in changes {
        let user = sign_in("new");
        assert!(change().expect("the change succeeds"));
        assert_conflict(create(&user), "user_stamp");
    }
    create(&sign_in("new")).expect("the session is created");
    let mut other = NewSession::of(&user);
    other.user_stamp = Some(String::new());
    assert_conflict(store.sessions().create_session(&other), "user_stamp");
}

fn no_session_of_a_concurrent_sign_in_survives_a_new_password(store: &Store) {
    let users = store.users();
    let new = NewUser::with_email("ada@example.org").with_password("0");
    let id = users.create_user(&new).expect("the user is created").public_id;
    for round in 0..3 {
        let old = Secret::from(round.to_string().as_str());
        let new = Secret::from((round + 1).to_string().as_str());
        let created = thread::scope(|scope| {
            let sign_in = scope.spawn(|| {
                let user = users.authenticate("ada@example.org", &old).expect("the check succeeds");
                user.and_then(|user| store.sessions().create_session(&NewSession::of(&user)).ok())
            });
            assert!(users.set_password(&id, &new, true).expect("it is set"));
            sign_in.join().expect("no panic")
        });
        if let Some(created) = created {
            let valid = store.sessions().verify_session(created.secret.expose());
            assert!(!valid.expect("the query succeeds"), "round {round}");
        }
    }
    let user = users.authenticate("ada@example.org", &Secret::from("3"));
    let user = user.expect("the check succeeds").expect("the password is right");
    let created = store.sessions().create_session(&NewSession::of(&user));
    let secret = created.expect("the session is created").secret;
    assert!(store.sessions().verify_session(secret.expose()).expect("the query succeeds"));
}

fn values_out_of_range_are_rejected(store: &Store) {
    add_user(store, "ann");
    let new = || NewSession::new("ann");
    for seconds in [0, -1, 315_360_001, i64::MIN, i64::MAX] {
        let (lifetime, idle) =
            (new().with_lifetime_seconds(seconds), new().with_idle_seconds(seconds));
        assert_rejected(store.sessions().create_session(&lifetime), "lifetime_seconds");
        assert_rejected(store.sessions().create_session(&idle), "idle_seconds");
    }
    for ip in [&"1".repeat(46), "a\0"] {
        assert_rejected(store.sessions().create_session(&new().with_ip(ip)), "ip");
    }
    for label in [&"é".repeat(101), "a\0"] {
        assert_rejected(store.sessions().create_session(&new().with_label(label)), "label");
    }
    let agent = new().with_user_agent("a\0");
    assert_rejected(store.sessions().create_session(&agent), "user_agent");
    let longest = new()
        .with_lifetime_seconds(315_360_000)
        .with_idle_seconds(1)
        .with_ip("é".repeat(45))
        .with_label("é".repeat(100));
    let created = store.sessions().create_session(&longest).expect("the session is created");
    assert_eq!(created.session.label, longest.label);
}

fn a_long_user_agent_is_cut(store: &Store) {
    add_user(store, "ann");
    for character in ["x", "é", "\u{1f98a}"] {
        let new = NewSession::new("ann").with_user_agent(character.repeat(256));
        let created = store.sessions().create_session(&new).expect("the session is created");
        let check = store.sessions().check_session(created.secret.expose());
        let found = check.expect("the query succeeds").session.expect("the session exists");
        assert_eq!(found.user_agent, Some(character.repeat(255)));
        assert_eq!(found, created.session);
    }
}

fn concurrently_created_sessions_are_distinct_and_valid(store: &Store) {
    add_user(store, "ann");
    let created: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| store.sessions().create_session(&NewSession::new("ann"))))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic").expect("the session is created"))
            .collect()
    });
    let ids: HashSet<_> = created.iter().map(|created| &created.session.id).collect();
    let secrets: HashSet<_> = created.iter().map(|created| created.secret.expose()).collect();
    assert_eq!((ids.len(), secrets.len()), (16, 16));
    for created in &created {
        let check = store.sessions().check_session(created.secret.expose());
        assert_eq!(check.expect("the query succeeds").session.as_ref(), Some(&created.session));
    }
}

fn output_shows_no_secret(store: &Store) {
    let created = session(store);
    let secret = created.secret.expose();
    let check = store.sessions().check_session(secret).expect("the query succeeds");
    let listed = store.sessions().list_sessions("ann", true, 10, None).expect("a page");
    let rotated = store.sessions().rotate_session(secret).expect("the query succeeds");
    let hash = store.raw.scalar("SELECT token_hash FROM user_sessions").expect("a hash");
    store.raw.execute("DROP TABLE user_sessions");
    let error = store.new_handle().sessions().verify_session(secret).expect_err("no table");
    let outputs = [
        format!("{created:?} {:?} {}", created.secret, created.secret),
        format!("{check:?} {listed:?} {rotated:?} {:?}", store.sessions()),
        serde_json::to_string(&(check, listed)).expect("JSON"),
        format!("{error:?} {error}"),
    ];
    for output in outputs {
        assert!(!output.contains(&secret[9..20]) && !output.contains(&hash), "{output}");
    }
}
