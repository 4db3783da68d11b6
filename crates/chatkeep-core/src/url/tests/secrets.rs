//! No output contains the password, and no input causes a panic.

use super::{DatabaseUrl, parse};
use crate::url::Password;
use crate::{Error, ErrorKind};

const SECRET: &str = "Xq7Zk9Wv";

/// Marsaglia's xorshift generator, which returns the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("smaller than the limit")
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

fn assert_no_secret(error: &Error, input: &str) {
    assert_eq!(error.kind(), ErrorKind::Configuration, "{input}");
    assert_eq!(error.field(), Some("DATABASE_URL"), "{input}");
    for shown in [error.to_string(), format!("{error:?}"), format!("{error:#?}")] {
        assert!(!shown.contains(SECRET), "{input}: {shown}");
        assert!(!shown.contains(input), "the error contains the whole URL: {shown}");
    }
}

const TEMPLATES: &[&str] = &[
    "postgresql://user:Xq7Zk9Wv@host:5432/name?sslmode=require",
    "postgres://user:Xq7Zk9Wv@h1:1,h2:2/name?target_session_attrs=any",
    "postgresql://host/name?user=u&password=Xq7Zk9Wv",
    "postgresql+asyncpg://user:a%40Xq7Zk9Wv%2Fb@[::1]:5432/name",
    "mysql://user:Xq7Zk9Wv@/name?unix_socket=/run/x.sock",
    "mariadb+pymysql://user:p@Xq7Zk9Wv#x@host/name?charset=utf8mb4",
];

#[test]
fn password_appears_in_no_output() {
    for template in TEMPLATES {
        let url = parse(template);
        let shown = format!(
            "{url} {url:?} {url:#?} {} {:?} {:#?}",
            url.redacted(),
            url.target(),
            url.target()
        );
        assert!(!shown.contains(SECRET), "{shown}");
        assert!(shown.contains("***"), "{shown}");
    }
    assert_eq!(
        format!("{0} {0:?} {0:#?} {1:?}", Password::new(SECRET), Some(Password::new(SECRET))),
        "*** *** *** Some(***)"
    );
}

#[test]
fn redacted_url_shows_user_and_host() {
    let url = parse("postgresql+psycopg2://user:secret@host:6000/name");
    assert_eq!(url.redacted(), "postgresql://user:***@host:6000/name");
    assert_eq!(format!("{url:?}"), r#"DatabaseUrl("postgresql://user:***@host:6000/name")"#);
    assert_eq!(parse("postgresql://user@host/name").redacted(), "postgresql://user@host/name");
    assert_eq!(parse("postgresql://:secret@host/name").redacted(), "postgresql://:***@host/name");
}

#[test]
fn damaged_urls_do_not_panic_or_show_the_password() {
    let pieces = [
        "@", ":", "/", "?", "#", "%", "%2", "%zz", "%ff", "%00", "&", "=", "[", "]", ",", " ", "+",
        "é", "\0", "://", "//",
    ];
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut refused = 0;
    for _ in 0..60_000 {
        let mut text: Vec<char> = random.pick(TEMPLATES).chars().collect();
        for _ in 0..=random.below(3) {
            let at = random.below(text.len());
            match random.below(3) {
                0 => {
                    text.remove(at);
                }
                1 => {
                    text.splice(at..at, random.pick(&pieces).chars());
                }
                _ => {
                    text.splice(at..=at, random.pick(&pieces).chars());
                }
            }
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = DatabaseUrl::parse(&text) {
            refused += 1;
            assert_no_secret(&error, &text);
        }
    }
    assert!(refused > 10_000, "only {refused} of the damaged URLs were rejected");
}

#[test]
fn password_is_parsed_completely_or_rejected_without_being_shown() {
    let characters = [
        "@", ":", "/", "?", "#", "%", "%41", "&", "=", "[", "]", ",", " ", "+", "ä", "🔑", "7",
        "password",
    ];
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let (mut accepted, mut rejected) = (0, 0);
    for _ in 0..40_000 {
        let mut password = String::from(SECRET);
        for _ in 0..=random.below(4) {
            let (at, piece) = (random.below(2) * password.len(), random.pick(&characters));
            password.insert_str(at, piece);
        }
        let text = format!("postgresql://user:{password}@host/name?sslmode=require");
        match DatabaseUrl::parse(&text) {
            Ok(url) => {
                accepted += 1;
                let super::Target::Server(server) = url.target() else { panic!("{text}") };
                let exposed = server.password.as_ref().map(Password::expose);
                let expected =
                    percent_encoding::percent_decode_str(&password).decode_utf8().expect("text");
                assert_eq!(exposed, Some(expected.as_ref()), "{text}");
                assert_eq!(server.hosts, [super::tcp("host", 5432)], "{text}");
                assert!(!url.to_string().contains(SECRET));
            }
            Err(error) => {
                rejected += 1;
                assert_no_secret(&error, &text);
            }
        }
    }
    assert!(accepted > 5_000 && rejected > 5_000, "{accepted} accepted, {rejected} rejected");
}

#[test]
fn arbitrary_text_never_panics() {
    let words = [
        "sqlite",
        "postgresql",
        "mysql",
        "+",
        "asyncpg",
        ":",
        "//",
        "/",
        "?",
        "&",
        "=",
        "%",
        "%2F",
        "%F0",
        "@",
        "[",
        "]",
        "::1",
        ",",
        "host",
        "port",
        "sslmode",
        "ssl",
        "0",
        "5432",
        "\u{0}",
        "\u{7f}",
        "é",
        "\u{1f511}",
        " ",
        ".",
        "..",
        ":memory:",
        "file:",
        "unix_socket",
        "unix_sock",
        ".s.PGSQL.",
        "password",
        "{",
        "\"",
    ];
    let mut random = Random(0xD1B5_4A32_D192_ED03);
    for _ in 0..60_000 {
        let text: String = (0..random.below(14)).map(|_| random.pick(&words)).collect();
        if let Ok(url) = DatabaseUrl::parse(&text) {
            assert!(!url.to_string().is_empty());
        }
        let bytes: Vec<u8> = (0..random.below(40))
            .map(|_| u8::try_from(random.below(256)).expect("a byte"))
            .collect();
        let garbled = String::from_utf8_lossy(&bytes).into_owned();
        for text in
            [garbled.clone(), format!("postgresql://{garbled}"), format!("sqlite:///{garbled}")]
        {
            if let Err(error) = DatabaseUrl::parse(&text) {
                assert_eq!(error.kind(), ErrorKind::Configuration);
            }
        }
        drop(DatabaseUrl::from_variables(|_| Some(garbled.clone())));
        drop(DatabaseUrl::from_variables(|name| match name {
            "DATABASE_URL" => None,
            "DB_TYPE" => Some("postgresql".to_owned()),
            _ => Some(garbled.clone()),
        }));
    }
}
