//! Random calls on sessions with an artificial clock, compared with a model that keeps all secrets.

use chatkeep::{NewSession, SessionReason, Timestamp};
use chatkeep_core::sessions::{self, End, Rotation, SessionUse};
use chatkeep_core::{Connection, Role, SessionSecret};
use chatkeep_testkit::Engine;
use proptest::prelude::{Just, Strategy, any};
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use proptest::{collection, option, prop_oneof};

use crate::every_engine::on_every_engine;
use crate::sessions::{add_user, stamp};
use crate::store::{Store, at};

on_every_engine![every_engine_matches_the_model_of_sessions];

const USERS: [&str; 2] = ["ann", "bob"];
const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

/// A call. An [`Index`] selects one of the sessions, and `age` one of its secrets: 0 is the current
/// one.
#[derive(Debug, Clone)]
enum Call {
    Wait(i64),
    Create { user: usize, lifetime: i64, idle: Option<i64> },
    Check { session: Index, age: usize },
    Rotate { session: Index, age: usize },
    Revoke(Index),
    Logout { session: Index, age: usize },
    RevokeAll { user: usize, except: Option<Index> },
    SetStamp(usize),
    SetActive(usize, bool),
    List { user: usize, include_ended: bool },
    Prune { days: i64 },
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let secret = || (any::<Index>(), select(&[0, 0, 0, 1, 1, 2, 3]));
    let user = || 0..USERS.len();
    let seconds = select(&[0, 1, 29, 30, 59, 60, 61, 120, 600, 3_600, DAY, 3 * DAY]);
    let lifetime = select(&[1, 61, 600, 7_200, 30 * DAY]);
    let idle = option::of(select(&[1, 60, 120, 3_600]));
    let call = prop_oneof![
        6 => seconds.prop_map(Call::Wait),
        3 => (user(), lifetime, idle)
            .prop_map(|(user, lifetime, idle)| Call::Create { user, lifetime, idle }),
        6 => secret().prop_map(|(session, age)| Call::Check { session, age }),
        6 => secret().prop_map(|(session, age)| Call::Rotate { session, age }),
        1 => any::<Index>().prop_map(Call::Revoke),
        1 => secret().prop_map(|(session, age)| Call::Logout { session, age }),
        1 => (user(), option::of(any::<Index>()))
            .prop_map(|(user, except)| Call::RevokeAll { user, except }),
        1 => user().prop_map(Call::SetStamp),
        1 => (user(), any::<bool>()).prop_map(|(user, active)| Call::SetActive(user, active)),
        2 => (user(), any::<bool>())
            .prop_map(|(user, include_ended)| Call::List { user, include_ended }),
        1 => select(&[1, 2]).prop_map(|days| Call::Prune { days }),
    ];
    // Most runs begin with a session.
    let first = Just(Call::Create { user: 0, lifetime: 30 * DAY, idle: Some(3_600) });
    (first, collection::vec(call, 1..40)).prop_map(|(first, mut calls)| {
        calls.insert(0, first);
        calls
    })
}

/// Times are in seconds.
#[derive(Debug)]
struct ModelSession {
    id: String,
    user: usize,
    stamp: u32,
    /// All secrets, newest last.
    secrets: Vec<String>,
    last_seen: i64,
    idle: Option<i64>,
    expires: i64,
    rotated: Option<i64>,
    revoked: Option<(i64, &'static str)>,
}

#[derive(Debug, Default)]
struct Model {
    now: i64,
    stamps: [u32; 2],
    inactive: [bool; 2],
    sessions: Vec<ModelSession>,
}

impl ModelSession {
    /// Returns the secret of this age, and whether the session has one.
    fn secret(&self, age: usize) -> (usize, String) {
        let age = age.min(self.secrets.len() - 1);
        (age, self.secrets[self.secrets.len() - 1 - age].clone())
    }

    fn is_open(&self, now: i64) -> bool {
        self.revoked.is_none() && now < self.expires
    }

    fn end(&mut self, now: i64, reason: &'static str) -> bool {
        let is_open = self.is_open(now);
        if is_open {
            self.revoked = Some((now, reason));
        }
        is_open
    }
}

impl Model {
    fn chosen(&mut self, index: Index) -> Option<&mut ModelSession> {
        if self.sessions.is_empty() { None } else { Some(index.get_mut(&mut self.sessions)) }
    }

    fn is_in_grace(&self, session: &ModelSession) -> bool {
        session.rotated.is_some_and(|rotated| self.now < rotated + MINUTE)
    }

    fn reason(&self, session: &ModelSession, age: usize) -> SessionReason {
        if session.revoked.is_some() {
            SessionReason::Revoked
        } else if self.inactive[session.user] {
            SessionReason::UserInactive
        } else if session.stamp != self.stamps[session.user] {
            SessionReason::Ended
        } else if self.now >= session.expires {
            SessionReason::Expired
        } else if session.idle.is_some_and(|idle| self.now >= session.last_seen + idle + MINUTE) {
            SessionReason::Idle
        } else if age == 0 || age == 1 && self.is_in_grace(session) {
            SessionReason::Valid
        } else {
            SessionReason::Rotated
        }
    }

    fn time(&self) -> Timestamp {
        time(self.now)
    }
}

fn time(seconds: i64) -> Timestamp {
    at("2024-01-01").checked_add_microseconds(seconds * 1_000_000).expect("in range")
}

fn every_engine_matches_the_model_of_sessions(store: &Store) {
    let cases = if store.engine() == Engine::Sqlite { 100 } else { 24 };
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let run = |calls: Vec<Call>| {
        store.raw.execute("DELETE FROM chat_users");
        USERS.iter().for_each(|user| add_user(store, user));
        let mut model = Model::default();
        for call in calls {
            perform(store, &mut model, call);
        }
        Ok(())
    };
    if let Err(failure) = TestRunner::new(config).run(&calls(), run) {
        panic!("{failure}");
    }
}

fn on_store<T>(store: &Store, work: impl FnOnce(&mut Connection) -> chatkeep::Result<T>) -> T {
    store.database().with_connection(Role::Writer, work).expect("the query succeeds")
}

/// Makes the call on both and compares the results.
fn perform(store: &Store, model: &mut Model, call: Call) {
    let now = model.time();
    match call {
        Call::Wait(seconds) => model.now += seconds,
        Call::Create { user, lifetime, idle } => create(store, model, user, lifetime, idle),
        Call::Check { session, age } => check(store, model, session, age),
        Call::Rotate { session, age } => rotate(store, model, session, age),
        Call::Revoke(index) => {
            let seconds = model.now;
            let Some(session) = model.chosen(index) else { return };
            let ended = on_store(store, |connection| {
                sessions::end_by_public_id(connection, &session.id, End::Revoked, now)
            });
            assert_eq!(
                ended.is_some_and(|(_, has_ended)| has_ended),
                session.end(seconds, "revoked")
            );
        }
        Call::Logout { session, age } => {
            let seconds = model.now;
            let Some(session) = model.chosen(session) else { return };
            let (_, secret) = session.secret(age);
            let ended = on_store(store, |connection| {
                let found = sessions::find(connection, &secret)?.expect("the session exists");
                sessions::end_by_id(connection, found.id, End::Logout, now)
            });
            assert_eq!(ended, session.end(seconds, "logout"));
        }
        Call::RevokeAll { user, except } => {
            let except = except.and_then(|index| model.chosen(index).map(|found| found.id.clone()));
            let ended = on_store(store, |connection| {
                sessions::end_of_user(connection, USERS[user], except.as_deref(), now)
            });
            let seconds = model.now;
            let of_user = model
                .sessions
                .iter_mut()
                .filter(|session| session.user == user && Some(&session.id) != except.as_ref());
            let expected =
                of_user.filter_map(|session| session.end(seconds, "revoked_all").then_some(()));
            assert_eq!(ended, expected.count() as u64);
        }
        Call::SetStamp(user) => {
            model.stamps[user] += 1;
            let stamp = stamp(&format!("{}{}", USERS[user], model.stamps[user]));
            store.raw.execute(&format!(
                "UPDATE chat_users SET stamp = '{stamp}' WHERE public_id = '{}'",
                USERS[user]
            ));
        }
        Call::SetActive(user, active) => {
            model.inactive[user] = !active;
            store.raw.execute(&format!(
                "UPDATE chat_users SET active = {active} WHERE public_id = '{}'",
                USERS[user]
            ));
        }
        Call::List { user, include_ended } => {
            let page = on_store(store, |connection| {
                sessions::list(connection, USERS[user], include_ended, 1_000, None, now)
            });
            let listed: Vec<_> = page.sessions.iter().map(|session| session.id.as_str()).collect();
            let expected = model.sessions.iter().rev().filter(|session| {
                let is_valid = model.reason(session, 0) == SessionReason::Valid;
                session.user == user && (include_ended || is_valid)
            });
            assert_eq!(listed, expected.map(|session| session.id.as_str()).collect::<Vec<_>>());
        }
        Call::Prune { days } => {
            let cutoff = model.now - days * DAY;
            let mut deleted = 0;
            while let Some(count) = on_store(store, |connection| {
                sessions::delete_ended_batch(connection, time(cutoff), 2)
            }) {
                deleted += count;
            }
            let before = model.sessions.len();
            model.sessions.retain(|session| {
                session.expires >= cutoff
                    && session.revoked.is_none_or(|(revoked, _)| revoked >= cutoff)
                    && session.idle.is_none_or(|idle| session.last_seen + idle >= cutoff)
            });
            assert_eq!(deleted, (before - model.sessions.len()) as u64);
        }
    }
}

fn create(store: &Store, model: &mut Model, user: usize, lifetime: i64, idle: Option<i64>) {
    let now = model.time();
    let mut new = NewSession::new(USERS[user]).with_lifetime_seconds(lifetime);
    new.idle_seconds = idle;
    let created = store
        .database()
        .with_connection(Role::Writer, |connection| sessions::create(connection, &new, now));
    if model.inactive[user] {
        assert_eq!(created.expect_err("the user is inactive").field(), Some("user_id"));
        return;
    }
    let created = created.expect("the session is created");
    model.sessions.push(ModelSession {
        id: created.session.id,
        user,
        stamp: model.stamps[user],
        secrets: vec![created.secret.expose().to_owned()],
        last_seen: model.now,
        idle,
        expires: model.now + lifetime,
        rotated: None,
        revoked: None,
    });
}

/// Checks a session as `SessionManager` does without a cache.
fn check(store: &Store, model: &mut Model, index: Index, age: usize) {
    let (seconds, now) = (model.now, model.time());
    let Some(session) = model.chosen(index) else {
        let other = SessionSecret::generate().expect("random bytes");
        assert_eq!(on_store(store, |connection| sessions::find(connection, other.expose())), None);
        return;
    };
    let (age, secret) = session.secret(age);
    let id = session.id.clone();
    let found = on_store(store, |connection| sessions::find(connection, &secret));
    let found = found.expect("the session exists");
    assert_eq!(found.info.id, id);
    let reason = found.reason(found.info.last_seen_at, now);
    let expected = model.sessions.iter().find(|session| session.id == id).expect("it exists");
    assert_eq!(reason, model.reason(expected, age), "{expected:?} at {seconds}");
    assert_eq!(found.info.revoked_reason.as_deref(), expected.revoked.map(|(_, reason)| reason));
    let session = model.chosen(index).expect("it exists");
    match reason {
        SessionReason::Valid => {
            let used = SessionUse {
                used_at: now,
                idle_expires_at: found.idle_end(now),
                has_salt: found.has_salt(),
            };
            let touched = on_store(store, |connection| sessions::touch(connection, found.id, used));
            assert_eq!(touched, seconds >= session.last_seen + MINUTE);
            if touched {
                session.last_seen = seconds;
            }
        }
        SessionReason::Rotated => {
            let again = on_store(store, |connection| {
                sessions::find_and_end_reused(connection, &secret, now)
            });
            assert_eq!(again.map(|(reason, _)| reason), Some(SessionReason::Rotated));
            assert!(session.end(seconds, "reuse"));
        }
        _ => {}
    }
}

fn rotate(store: &Store, model: &mut Model, index: Index, age: usize) {
    let (seconds, now) = (model.now, model.time());
    let Some(session) = model.chosen(index) else { return };
    let (age, secret) = session.secret(age);
    let id = session.id.clone();
    let expected = model.sessions.iter().find(|session| session.id == id).expect("it exists");
    let (reason, is_in_grace) = (model.reason(expected, age), model.is_in_grace(expected));
    let rotation = on_store(store, |connection| sessions::rotate(connection, &secret, now));
    let session = model.chosen(index).expect("it exists");
    match rotation {
        Rotation::Invalid(actual, found) => {
            assert_eq!((actual, found.map(|found| found.info.id)), (reason, Some(id)));
            assert_ne!(reason, SessionReason::Valid);
            if reason == SessionReason::Rotated {
                assert!(session.end(seconds, "reuse"));
            }
        }
        Rotation::Rotated { rotated, .. } => {
            assert_eq!(reason, SessionReason::Valid);
            assert_eq!(rotated.rotated, !is_in_grace);
            let new = rotated.secret.expose().to_owned();
            if is_in_grace {
                assert_eq!(Some(&new), session.secrets.last());
            } else {
                assert!(!session.secrets.contains(&new));
                session.secrets.push(new);
                session.rotated = Some(seconds);
                session.last_seen = seconds;
            }
        }
    }
}
