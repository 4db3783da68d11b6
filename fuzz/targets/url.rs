//! Database URLs and the `DB_…` variables: the displayed form can be parsed again and never
//! contains the password.

#![no_main]

use chatkeep_core::ErrorKind;
use chatkeep_core::url::{DatabaseUrl, Password, SqliteLocation, Target};
use chatkeep_fuzz::{check_error, texts};
use libfuzzer_sys::fuzz_target;

/// Must not be in any output of chatkeep.
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

/// Parses the text as a URL.
fn whole(text: &str) {
    match DatabaseUrl::parse(text) {
        Ok(url) => round_trips(&url),
        Err(error) => {
            check_error(&error, &[ErrorKind::Configuration]);
            assert_eq!(error.field(), Some("DATABASE_URL"));
        }
    }
}

/// Uses the text as the parts around the password, which is placed after the first line or in a
/// query parameter.
fn with_password(text: &str) {
    let mut parts = text.splitn(4, '\n');
    let mut part = || parts.next().unwrap_or_default();
    let (user, before, after, rest) = (part(), part(), part(), part());
    if text.contains(SECRET) || user.contains([':', '@', '/', '?']) {
        return;
    }
    let scheme = SCHEMES[text.len() % SCHEMES.len()];
    hides_the_password(&format!("{scheme}://{user}:{before}{SECRET}{after}@{rest}"));
    if !before.contains(['&', '=']) && !after.contains(['&', '=']) {
        hides_the_password(&format!(
            "{scheme}://{user}@host/name?password={before}{SECRET}{after}&{rest}"
        ));
    }
}

fn hides_the_password(text: &str) {
    match DatabaseUrl::parse(text) {
        Ok(url) => {
            // The part after an unescaped `@` may belong to the host, so only passwords with the
            // secret are checked.
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
            round_trips(&url);
        }
        Err(error) => {
            check_error(&error, &[ErrorKind::Configuration]);
            for shown in texts(&error) {
                assert!(!shown.contains(SECRET), "{text:?} shows its password: {shown}");
            }
        }
    }
}

/// The displayed form of a URL must parse to the same target except for the password, and display
/// the same again.
fn round_trips(url: &DatabaseUrl) {
    let shown = url.redacted();
    assert_eq!(url.to_string(), shown);
    let again = DatabaseUrl::parse(&shown)
        .unwrap_or_else(|error| panic!("{shown:?} is rejected: {error:?}"));
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

/// Uses each line as the value of a variable.
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
            // Values are used verbatim, so they may contain control characters, which URLs may not.
            if !text.contains(|letter: char| letter.is_control() && letter != '\n')
                && !text.contains('\n')
            {
                round_trips(&url);
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
