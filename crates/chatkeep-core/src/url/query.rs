//! The part after `?`: which keys there are, and that each one is known, given once and not empty.

use super::encoding::decode;
use super::nearest::hint;
use super::wrong;
use crate::{Engine, Error, Result};

/// A key's name here, and its names elsewhere.
type Key = (&'static str, &'static [&'static str]);

const SQLITE: &[Key] = &[("file_mode", &[]), ("mode", &[]), ("synchronous", &[])];

const SERVER: &[Key] = &[
    ("connect_timeout", &[]),
    ("pooler", &[]),
    ("sslmode", &["ssl_mode", "ssl-mode"]),
    ("sslrootcert", &["ssl_ca", "ssl-ca"]),
    ("sslaccept", &[]),
    ("ssl", &["usessl"]),
];

const POSTGRESQL: &[Key] = &[
    ("application_name", &[]),
    ("channel_binding", &[]),
    ("dbname", &[]),
    ("gssencmode", &[]),
    ("host", &[]),
    ("options", &[]),
    ("password", &[]),
    ("pgbouncer", &[]),
    ("port", &[]),
    ("supa", &[]),
    ("target_session_attrs", &[]),
    ("unix_sock", &[]),
    ("uselibpqcompat", &[]),
    ("user", &[]),
    ("workaround", &[]),
];

const MYSQL: &[Key] = &[
    ("charset", &[]),
    ("reconnect", &[]),
    ("ssl_verify_cert", &["ssl-verify-cert", "verifyservercertificate"]),
    ("ssl_verify_identity", &["ssl-verify-identity", "ssl_check_hostname"]),
    ("unix_socket", &["socket"]),
];

/// Keys that hosts add for other programs. They make no difference here, and are not recommended in errors.
const HOSTS_OWN: &[&str] = &["supa", "uselibpqcompat", "workaround"];

/// What to do instead of a key that other programs know.
const ELSEWHERE: &[(&str, &str)] = &[
    ("connection_limit", "the pool's size is set with DB_POOL_SIZE and DB_MAX_OVERFLOW"),
    ("pool_size", "the pool's size is set with DB_POOL_SIZE"),
    ("max_overflow", "the pool's overflow is set with DB_MAX_OVERFLOW"),
    ("pool_timeout", "the wait for a connection is set with DB_POOL_TIMEOUT"),
    ("pool_recycle", "a connection's longest life is set with DB_POOL_RECYCLE"),
    ("schema", "write options=-c%20search_path%3Dname for a schema of its own"),
    (
        "prepared_statement_cache_size",
        "write pooler=transaction behind a pooler in transaction mode",
    ),
    ("statement_cache_size", "write pooler=transaction behind a pooler in transaction mode"),
    ("sslcert", "client certificates are not supported"),
    ("sslkey", "client certificates are not supported"),
    ("ssl_cert", "client certificates are not supported"),
    ("ssl_key", "client certificates are not supported"),
];

/// The keys and values of one URL. Each value is taken out once.
pub(super) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Reads what follows the `?`.
    pub(super) fn parse(text: Option<&str>, engine: Engine) -> Result<Self> {
        let mut query = Self(Vec::new());
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Ok(query);
        };
        for (at, pair) in text.split('&').enumerate() {
            let number = at + 1;
            let Some((key, value)) = pair.split_once('=') else {
                return Err(wrong(format!(
                    "part {number} after the ? is not of the form key=value; write & in a value as %26"
                )));
            };
            // Names that the same key is given twice under are the same key.
            let key = decode(key, &format!("key {number} after the ?"))?.to_ascii_lowercase();
            let Some(name) = known_as(&key, engine) else {
                // After a password, what looks like a key can be the rest of that password.
                let show = is_plain(&key) && !query.has("password");
                return Err(unknown(show.then_some(key.as_str()), number, engine));
            };
            // SQLAlchemy writes several hosts as several keys.
            if name != "host" && query.has(name) {
                return Err(wrong(format!("the key {} is given twice", spelled(name, &key))));
            }
            if value.is_empty() {
                return Err(wrong(format!(
                    "the key {key} has no value; leave it out or give it one"
                )));
            }
            query.0.push((name, decode(value, &format!("the value of {key}"))?));
        }
        Ok(query)
    }

    /// The value of a key, if it was given.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(key, _)| *key == name)?;
        Some(self.0.remove(at).1)
    }

    /// Every value of a key that may be given more than once.
    pub(super) fn take_all(&mut self, name: &str) -> Vec<String> {
        std::iter::from_fn(|| self.take(name)).collect()
    }

    /// The value of a key that is one of a few words, in any case, with `_` for `-` if one likes.
    pub(super) fn take_word<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>> {
        self.take(name).map(|value| word(name, &value, words)).transpose()
    }

    /// Ends the reading: a key that is known and that nobody took would be ignored.
    pub(super) fn finish(self) {
        debug_assert!(
            self.0.is_empty(),
            "keys that nobody took: {:?}",
            self.0.iter().map(|(key, _)| key).collect::<Vec<_>>()
        );
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| *key == name)
    }
}

/// What a value means that is one of a few words.
pub(super) fn word<T: Copy>(name: &str, value: &str, words: &[(&str, T)]) -> Result<T> {
    let value = value.to_ascii_lowercase().replace('_', "-");
    match words.iter().find(|(word, _)| *word == value) {
        Some((_, meaning)) => Ok(*meaning),
        None => Err(wrong(format!(
            "{name} has a value that is not known{}; known are {}",
            hint(&value, words.iter().map(|(word, _)| *word)),
            words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", "),
        ))),
    }
}

/// The keys of an engine.
fn keys(engine: Engine) -> impl Iterator<Item = &'static Key> {
    let (shared, own) = match engine {
        Engine::Sqlite => (SQLITE, [].as_slice()),
        Engine::PostgreSql => (SERVER, POSTGRESQL),
        Engine::MySql | Engine::MariaDb => (SERVER, MYSQL),
    };
    shared.iter().chain(own)
}

/// The name under which we know a key.
fn known_as(key: &str, engine: Engine) -> Option<&'static str> {
    keys(engine).find(|(name, also)| *name == key || also.contains(&key)).map(|(name, _)| *name)
}

/// Both names of a key that was written under another name.
fn spelled(name: &str, key: &str) -> String {
    if name == key { name.to_owned() } else { format!("{key} (the same as {name})") }
}

/// Whether a key may stand in an error: a short name made of plain letters.
fn is_plain(key: &str) -> bool {
    (1..=40).contains(&key.len())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

fn unknown(key: Option<&str>, number: usize, engine: Engine) -> Error {
    let label = match engine {
        Engine::Sqlite => "SQLite",
        Engine::PostgreSql => "PostgreSQL",
        Engine::MySql => "MySQL",
        Engine::MariaDb => "MariaDB",
    };
    let mut known: Vec<_> =
        keys(engine).map(|(name, _)| *name).filter(|name| !HOSTS_OWN.contains(name)).collect();
    known.sort_unstable();
    let named = match key {
        Some(key) => format!("the key {key}"),
        None => format!("key {number} after the ?"),
    };
    let advice = match key.and_then(|key| ELSEWHERE.iter().find(|(other, _)| *other == key)) {
        Some((_, advice)) => format!("; {advice}"),
        None => key
            .map(|key| {
                hint(
                    key,
                    keys(engine)
                        .flat_map(|(name, also)| std::iter::once(name).chain(*also))
                        .copied(),
                )
            })
            .unwrap_or_default(),
    };
    wrong(format!("{named} is not known on {label}{advice}; known are {}", known.join(", ")))
}
