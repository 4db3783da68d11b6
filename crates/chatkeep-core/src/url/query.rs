//! The part after `?`: the supported keys, and the checks that each key is known, unique and not
//! empty.

use super::encoding::decode;
use super::suggest::hint;
use super::wrong;
use crate::{Engine, Error, Result};

/// A key's canonical name and its aliases.
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

/// Keys that hosting providers add for other programs. They have no effect, and errors do not list
/// them.
const PROVIDER_KEYS: &[&str] = &["supa", "uselibpqcompat", "workaround"];

/// Keys of other programs, and the advice to give for them.
const FOREIGN_KEYS: &[(&str, &str)] = &[
    ("connection_limit", "set the pool's size with DB_POOL_SIZE and DB_MAX_OVERFLOW"),
    ("pool_size", "set the pool's size with DB_POOL_SIZE"),
    ("max_overflow", "set the pool's overflow with DB_MAX_OVERFLOW"),
    ("pool_timeout", "set the timeout for a free connection with DB_POOL_TIMEOUT"),
    ("pool_recycle", "set the maximum lifetime of a connection with DB_POOL_RECYCLE"),
    ("schema", "set another schema with options=-c%20search_path%3Dname"),
    ("prepared_statement_cache_size", "for a pooler in transaction mode, set pooler=transaction"),
    ("statement_cache_size", "for a pooler in transaction mode, set pooler=transaction"),
    ("sslcert", "client certificates are not supported"),
    ("sslkey", "client certificates are not supported"),
    ("ssl_cert", "client certificates are not supported"),
    ("ssl_key", "client certificates are not supported"),
];

/// The keys and values of one URL. Each value is removed when it is read.
pub(super) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Parses the part after the `?`.
    pub(super) fn parse(text: Option<&str>, engine: Engine) -> Result<Self> {
        let mut query = Self(Vec::new());
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Ok(query);
        };
        for (at, pair) in text.split('&').enumerate() {
            let number = at + 1;
            let Some((key, value)) = pair.split_once('=') else {
                return Err(wrong(format!(
                    "part {number} after the ? is not of the form key=value; write & in a value as \
                     %26"
                )));
            };
            // Aliases are mapped to the canonical name, so that duplicates are found.
            let key = decode(key, &format!("key {number} after the ?"))?.to_ascii_lowercase();
            let Some(name) = canonical_name(&key, engine) else {
                // After a password, an unknown key can be the rest of that password.
                let show = is_plain(&key) && !query.has("password");
                return Err(unknown(show.then_some(key.as_str()), number, engine));
            };
            // SQLAlchemy writes several hosts as repeated keys.
            if name != "host" && query.has(name) {
                return Err(wrong(format!("the key {} is specified twice", label(name, &key))));
            }
            if value.is_empty() {
                return Err(wrong(format!("the key {key} has no value; remove it or set one")));
            }
            query.0.push((name, decode(value, &format!("the value of {key}"))?));
        }
        Ok(query)
    }

    /// Removes and returns the value of a key.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(key, _)| *key == name)?;
        Some(self.0.remove(at).1)
    }

    /// Removes and returns all values of a key that may be repeated.
    pub(super) fn take_all(&mut self, name: &str) -> Vec<String> {
        std::iter::from_fn(|| self.take(name)).collect()
    }

    /// Removes the value of a key and converts it with [`parse_choice`].
    pub(super) fn take_choice<T: Copy>(
        &mut self,
        name: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>> {
        self.take(name).map(|value| parse_choice(name, &value, choices)).transpose()
    }

    /// Asserts that all keys were read; any other known key would be ignored.
    pub(super) fn finish(self) {
        debug_assert!(
            self.0.is_empty(),
            "unread keys: {:?}",
            self.0.iter().map(|(key, _)| key).collect::<Vec<_>>()
        );
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| *key == name)
    }
}

/// Converts a value that must be one of the choices, in any case and with `_` or `-`.
pub(super) fn parse_choice<T: Copy>(name: &str, value: &str, choices: &[(&str, T)]) -> Result<T> {
    let value = value.to_ascii_lowercase().replace('_', "-");
    match choices.iter().find(|(choice, _)| *choice == value) {
        Some((_, meaning)) => Ok(*meaning),
        None => Err(wrong(format!(
            "{name} has an unknown value{}; supported: {}",
            hint(&value, choices.iter().map(|(choice, _)| *choice)),
            choices.iter().map(|(choice, _)| *choice).collect::<Vec<_>>().join(", "),
        ))),
    }
}

/// Returns the keys of an engine.
fn keys(engine: Engine) -> impl Iterator<Item = &'static Key> {
    let (shared, own) = match engine {
        Engine::Sqlite => (SQLITE, [].as_slice()),
        Engine::PostgreSql => (SERVER, POSTGRESQL),
        Engine::MySql | Engine::MariaDb => (SERVER, MYSQL),
    };
    shared.iter().chain(own)
}

/// Returns the canonical name of a key or alias.
fn canonical_name(key: &str, engine: Engine) -> Option<&'static str> {
    keys(engine)
        .find(|(name, aliases)| *name == key || aliases.contains(&key))
        .map(|(name, _)| *name)
}

/// Returns the key for an error, with its canonical name if it is an alias.
fn label(name: &str, key: &str) -> String {
    if name == key { name.to_owned() } else { format!("{key} (the same as {name})") }
}

/// Returns whether an error may show a key: a short name of letters, digits and `_-.`.
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
        keys(engine).map(|(name, _)| *name).filter(|name| !PROVIDER_KEYS.contains(name)).collect();
    known.sort_unstable();
    let named = match key {
        Some(key) => format!("the key {key}"),
        None => format!("key {number} after the ?"),
    };
    let advice = match key.and_then(|key| FOREIGN_KEYS.iter().find(|(name, _)| *name == key)) {
        Some((_, advice)) => format!("; {advice}"),
        None => key
            .map(|key| {
                hint(
                    key,
                    keys(engine)
                        .flat_map(|(name, aliases)| std::iter::once(name).chain(*aliases))
                        .copied(),
                )
            })
            .unwrap_or_default(),
    };
    wrong(format!("{named} is unknown for {label}{advice}; supported: {}", known.join(", ")))
}
