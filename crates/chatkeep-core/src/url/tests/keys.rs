//! The keys after the `?` of server URLs, except those about TLS.

use std::time::Duration;

use super::{assert_rejected, error, server};
use crate::url::{ChannelBinding, Pooler, TargetSession};

#[test]
fn unknown_keys_are_rejected_with_the_supported_keys() {
    assert_rejected(&[
        (
            "postgresql://h/d?sslmoed=require",
            &["the key sslmoed is unknown for PostgreSQL", "did you mean sslmode?"],
        ),
        ("mysql://h/d?ssl-mdoe=REQUIRED", &["for MySQL", "did you mean ssl-mode?"]),
        ("mariadb://h/d?conect_timeout=1", &["for MariaDB", "did you mean connect_timeout?"]),
        (
            "postgresql://h/d?keepalives=1",
            &["supported: application_name, channel_binding, connect_timeout"],
        ),
        (
            "mysql://h/d?target_session_attrs=any",
            &["for MySQL", "supported: charset, connect_timeout, pooler"],
        ),
        ("postgresql://h/d?charset=utf8mb4", &["for PostgreSQL"]),
        ("mysql://h/d?password=x", &["the key password is unknown for MySQL"]),
    ]);
}

#[test]
fn keys_of_other_programs_are_rejected_with_advice() {
    assert_rejected(&[
        ("postgresql://h/d?pgbouncer=true&connection_limit=1", &["DB_POOL_SIZE"]),
        ("postgresql://h/d?pool_timeout=5", &["DB_POOL_TIMEOUT"]),
        ("postgresql://h/d?schema=public", &["search_path"]),
        ("postgresql+asyncpg://h/d?prepared_statement_cache_size=0", &["pooler=transaction"]),
        ("postgresql://h/d?sslcert=x.pem", &["client certificates are not supported"]),
        ("mysql://h/d?ssl_key=x.pem", &["client certificates are not supported"]),
    ]);
}

#[test]
fn keys_are_case_insensitive() {
    assert_eq!(
        server("postgresql://h/d?Application_Name=Chat").application_name.as_deref(),
        Some("Chat")
    );
}

#[test]
fn repeated_empty_and_incomplete_keys_are_rejected() {
    assert_rejected(&[
        ("postgresql://h/d?sslmode=require&sslmode=require", &["sslmode is specified twice"]),
        (
            "postgresql://h/d?sslmode=require&ssl-mode=prefer",
            &["ssl-mode (the same as sslmode) is specified twice"],
        ),
        ("postgresql://h/d?SSLMODE=require&sslmode=prefer", &["sslmode is specified twice"]),
        ("postgresql://h/d?port=1&port=2", &["port is specified twice"]),
        ("postgresql://h/d?options=", &["options has no value"]),
        ("postgresql://h/d?password=", &["password has no value"]),
        ("postgresql://h/d?options", &["part 1", "key=value"]),
        ("postgresql://h/d?options=x&&user=u", &["part 2", "key=value"]),
        ("postgresql://h/d?options=x&", &["part 2", "key=value"]),
        ("postgresql://h/d?=x", &["key 1"]),
    ]);
}

#[test]
fn possible_password_parts_are_not_shown() {
    for text in [
        "postgresql://h/d?password=one&two=3",
        "postgresql://h/d?password=one&two",
        "postgresql://h/d?password=one?two=3&two=x",
        "postgresql://u:one?two=3@h/d",
    ] {
        let message = error(text).to_string();
        assert!(!message.contains("one") && !message.contains("two"), "{message}");
    }
}

#[test]
fn connect_timeout_is_in_seconds() {
    assert_eq!(server("postgresql://h/d").connect_timeout, None);
    for engine in ["postgresql", "mysql", "mariadb"] {
        for seconds in [1, 10, 3600] {
            let target = server(&format!("{engine}://h/d?connect_timeout={seconds}"));
            assert_eq!(target.connect_timeout, Some(Duration::from_secs(seconds)));
        }
        for wrong in ["0", "3601", "-1", "+5", "1.5", "10s", "99999999999999999999"] {
            let message = error(&format!("{engine}://h/d?connect_timeout={wrong}")).to_string();
            assert!(message.contains("between 1 and 3600"), "{message}");
        }
    }
}

#[test]
fn pooler_is_set_by_key_or_host() {
    for (text, pooler) in [
        ("postgresql://h/d", Pooler::None),
        ("postgresql://h/d?pooler=transaction", Pooler::Transaction),
        ("mysql://h/d?pooler=transaction", Pooler::Transaction),
        ("postgresql://h/d?pooler=session", Pooler::None),
        ("postgresql://h/d?pgbouncer=true", Pooler::Transaction),
        ("postgresql://h/d?pgbouncer=false", Pooler::None),
        ("postgresql://aws-0-eu.pooler.supabase.com:6543/d", Pooler::Transaction),
        ("postgresql://aws-0-eu.pooler.supabase.com:5432/d", Pooler::None),
        ("postgresql://db.abc.supabase.co:6543/d", Pooler::Transaction),
        ("postgresql://ep-x-pooler.eu.aws.neon.tech/d", Pooler::Transaction),
        ("postgresql://ep-x.eu.aws.neon.tech/d", Pooler::None),
        ("postgresql://pooled.db.prisma.io/d", Pooler::Transaction),
        ("postgresql://aws-0-eu.pooler.supabase.com:6543/d?pooler=session", Pooler::None),
        ("postgresql://ep-x-pooler.eu.aws.neon.tech/d?pgbouncer=false", Pooler::None),
        ("postgresql://my-pooler.example.com:6543/d", Pooler::None),
    ] {
        assert_eq!(server(text).pooler, pooler, "{text}");
    }
    assert_rejected(&[
        ("postgresql://h/d?pooler=statement", &["pooler", "supported: transaction, session"]),
        ("postgresql://h/d?pooler=session&pgbouncer=true", &["set the same option"]),
        ("postgresql://h/d?pgbouncer=maybe", &["supported: true, false"]),
    ]);
}

#[test]
fn postgresql_keys_are_parsed() {
    let plain = server("postgresql://h/d");
    assert_eq!(plain.session, TargetSession::Any);
    assert_eq!(plain.channel_binding, ChannelBinding::Prefer);
    assert_eq!((plain.application_name, plain.options), (None, None));

    for (name, session) in [
        ("any", TargetSession::Any),
        ("read-write", TargetSession::ReadWrite),
        ("read-only", TargetSession::ReadOnly),
        ("primary", TargetSession::Primary),
        ("standby", TargetSession::Standby),
        ("prefer-standby", TargetSession::PreferStandby),
    ] {
        let text = format!("postgresql://h1,h2/d?target_session_attrs={name}");
        assert_eq!(server(&text).session, session);
    }
    for binding in [ChannelBinding::Disable, ChannelBinding::Prefer, ChannelBinding::Require] {
        let text = format!("postgresql://h/d?channel_binding={}", binding.name());
        assert_eq!(server(&text).channel_binding, binding);
    }
    let named =
        server("postgresql://h/d?application_name=my%20chat&options=-c%20search_path%3Dchat");
    assert_eq!(named.application_name.as_deref(), Some("my chat"));
    assert_eq!(named.options.as_deref(), Some("-c search_path=chat"));
    assert_eq!(server("postgresql://h/d?options=a+b=c").options.as_deref(), Some("a+b=c"));

    for text in ["postgresql://h/d?gssencmode=disable", "postgresql://h/d?gssencmode=prefer"] {
        assert_eq!(server(text), server("postgresql://h/d"));
    }
    assert_rejected(&[
        (
            "postgresql://h/d?target_session_attrs=leader",
            &["supported: any, read-write, read-only, primary, standby, prefer-standby"],
        ),
        ("postgresql://h/d?target_session_attrs=readwrite", &["did you mean read-write?"]),
        ("postgresql://h/d?channel_binding=on", &["supported: disable, prefer, require"]),
        (
            "postgresql://h/d?channel_binding=require&sslmode=disable",
            &["channel_binding=require needs TLS"],
        ),
        ("postgresql://h/d?gssencmode=require", &["gssencmode", "supported: disable, prefer"]),
    ]);
}

#[test]
fn mysql_keys_are_parsed() {
    for text in
        ["mysql://h/d?charset=utf8mb4", "mysql://h/d?charset=UTF8MB4", "mysql://h/d?reconnect=true"]
    {
        assert_eq!(server(text), server("mysql://h/d"), "{text}");
    }
    assert_rejected(&[
        ("mysql://h/d?charset=utf8", &["charset must be utf8mb4"]),
        ("mysql://h/d?charset=latin1", &["charset must be utf8mb4"]),
        ("mysql://h/d?reconnect=false", &["reconnect"]),
    ]);
}
