//! Database URLs and the `DB_…` variables: what is shown can be read again, and never holds the password.

#![no_main]

use chatkeep_core::ErrorKind;
use chatkeep_core::url::{DatabaseUrl, Password, SqliteLocation, Target};
use chatkeep_fuzz::{check_error, texts};
use libfuzzer_sys::fuzz_target;

/// It is in no text that chatkeep writes.
const SECRET: &str = "Xq7Zk9Wv";
const SCHEMES: [&str; 6] =
    ["postgresql", "postgres+asyncpg", "mysql", "mariadb+pymysql", "postgrse", "mysql+x"];
const VARIABLES: [&str; 6] = ["DB_TYPE", "DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASS"];

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    whole(text);
    with_password(text);
    variables(text);
});

/// The text is the URL.
fn whole(text: &str) {
    match DatabaseUrl::parse(text) {
        Ok(url) => reads_back(&url),
        Err(error) => {
            check_error(&error, &[ErrorKind::Configuration]);
            assert_eq!(error.field(), Some("DATABASE_URL"));
        }
    }
}

/// The text is everything around the password, which stands after the first line or in a key of the query.
fn with_password(text: &str) {
    let mut parts = text.splitn(4, '\n');
    let mut part = || parts.next().unwrap_or_default();
    let (user, before, after, rest) = (part(), part(), part(), part());
    if text.contains(SECRET) || user.contains([':', '@', '/', '?']) {
        return;
    }
    let scheme = SCHEMES[text.len() % SCHEMES.len()];
    discreet(&format!("{scheme}://{user}:{before}{SECRET}{after}@{rest}"));
    if !before.contains(['&', '=']) && !after.contains(['&', '=']) {
        discreet(&format!("{scheme}://{user}@host/name?password={before}{SECRET}{after}&{rest}"));
    }
}

fn discreet(text: &str) {
    match DatabaseUrl::parse(text) {
        Ok(url) => {
            // The password's part after a plain `@` may be its own, so that it is here and nowhere else.
            if let Target::Server(server) = url.target()
                && server
                    .password
                    .as_ref()
                    .is_some_and(|password| password.expose().contains(SECRET))
            {
                let shown = format!("{url} {url:?} {:?}", url.target());
                assert!(!shown.contains(SECRET), "{text:?} shows its password: {shown}");
                assert!(shown.contains("***"), "{shown}");
            }
            reads_back(&url);
        }
        Err(error) => {
            check_error(&error, &[ErrorKind::Configuration]);
            for shown in texts(&error) {
                assert!(!shown.contains(SECRET), "{text:?} shows its password: {shown}");
            }
        }
    }
}

/// What a URL is shown as means the same, but for the password, and is shown the same again.
fn reads_back(url: &DatabaseUrl) {
    let shown = url.redacted();
    assert_eq!(url.to_string(), shown);
    let again =
        DatabaseUrl::parse(&shown).unwrap_or_else(|error| panic!("{shown:?} is read as {error:?}"));
    let mut expected = url.target().clone();
    match &mut expected {
        Target::Server(server) => {
            server.password = server.password.as_ref().map(|_| Password::new("***"))
        }
        Target::Sqlite(sqlite) => {
            if let SqliteLocation::File(path) = &sqlite.location {
                assert!(path.file_name().is_some(), "{shown:?} names no file");
            }
            sqlite.make_folder = false;
        }
    }
    assert_eq!(again.target(), &expected, "{shown:?}");
    assert_eq!(again.redacted(), shown);
}

/// Each line is the value of a variable.
fn variables(text: &str) {
    let values: Vec<_> = text.splitn(VARIABLES.len() - 1, '\n').collect();
    let lookup = |name: &str| {
        let at = VARIABLES.iter().position(|variable| *variable == name)?;
        if name == "DB_PASS" {
            return Some(format!("{SECRET}{}", text.len()));
        }
        values.get(at).map(|&value| value.to_owned())
    };
    match DatabaseUrl::from_variables(lookup) {
        Ok(url) => {
            assert!(
                text.contains(SECRET)
                    || !format!("{url} {url:?} {:?}", url.target()).contains(SECRET)
            );
            // Values are taken as they are: control characters, which no URL may hold, are possible here.
            if !text.contains(|letter: char| letter.is_control() && letter != '\n')
                && !text.contains('\n')
            {
                reads_back(&url);
            }
        }
        Err(error) => {
            check_error(&error, &[ErrorKind::Configuration]);
            assert!(error.field().is_some_and(|field| VARIABLES.contains(&field)), "{error:?}");
            for shown in texts(&error) {
                assert!(text.contains(SECRET) || !shown.contains(SECRET), "{shown}");
            }
        }
    }
}
