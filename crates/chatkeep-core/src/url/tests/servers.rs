//! User, password, hosts and database of server URLs.

use super::{assert_rejected, error, parse, server, tcp, unix};
use crate::url::{Host, Password};

fn password(text: &str) -> Option<String> {
    server(text).password.as_ref().map(Password::expose).map(str::to_owned)
}

#[test]
fn url_is_split_into_its_parts() {
    let target = server("postgresql://chat:s3cret@db.example.com:6000/app");
    assert_eq!(target.user.as_deref(), Some("chat"));
    assert_eq!(target.password.as_ref().map(Password::expose), Some("s3cret"));
    assert_eq!(target.hosts, [tcp("db.example.com", 6000)]);
    assert_eq!(target.database.as_deref(), Some("app"));
}

#[test]
fn percent_encoded_password_is_decoded() {
    let encoded = "%40%3A%2F%25%23%3F%20%26%3D%2B%C3%A9%F0%9F%94%91";
    for scheme in ["postgresql", "mysql", "mariadb"] {
        let text = format!("{scheme}://u:{encoded}@h/d");
        assert_eq!(password(&text).as_deref(), Some("@:/%#? &=+é🔑"), "{scheme}");
    }
}

#[test]
fn password_may_contain_some_special_characters_unencoded() {
    for plain in [
        "p@ss",
        "a@b@c",
        "p:w",
        ":",
        "p#w",
        "#",
        "p+w",
        "p&w=1",
        "p w",
        "[x]",
        "p,w",
        "ü€",
        "$ecret!*'();",
    ] {
        let target = server(&format!("postgresql://user:{plain}@host:5433/db"));
        assert_eq!(target.password.as_ref().map(Password::expose), Some(plain));
        assert_eq!(
            (target.user.as_deref(), target.hosts),
            (Some("user"), vec![tcp("host", 5433)]),
            "{plain}"
        );
    }
}

#[test]
fn password_with_literal_slash_or_question_mark_is_rejected() {
    for plain in ["p/w", "p?w", "5432/w", "5432?w=1", "p@a/w", "p@a?w", "/", "?", "/w@x", "5432/w@"]
    {
        let text = format!("postgresql://user:{plain}@host/db");
        let message = error(&text).to_string();
        assert!(message.contains("%2F") && message.contains("%3F"), "{text}: {message}");
    }
}

#[test]
fn invalid_percent_encoding_is_rejected_without_showing_it() {
    for (text, part) in [
        ("mysql://u:hunter%2@h/d", "the password"),
        ("mysql://u:hunter%@h/d", "the password"),
        ("mysql://u:hunter%zz@h/d", "the password"),
        ("mysql://u:hunter%ff@h/d", "the password"),
        ("mysql://u:hunter%00@h/d", "the password"),
        ("mysql://hunter%2:p@h/d", "the user name"),
        ("mysql://u:p@h/hunter%2", "the database's name"),
        ("mysql://u:p@hunter%2/d", "the host"),
        ("postgres://u@h/d?password=hunter%2", "the value of password"),
        ("postgres://u@h/d?hunter%2=1", "key 1"),
    ] {
        let message = error(text).to_string();
        assert!(message.contains(part), "{text}: {message}");
        assert!(!message.contains("hunter"), "{text}: {message}");
    }
}

#[test]
fn user_and_password_are_optional() {
    let without_login = server("postgresql://h/d");
    assert_eq!((without_login.user, without_login.password), (None, None));
    let user = server("postgresql://u@h/d");
    assert_eq!((user.user.as_deref(), user.password), (Some("u"), None));
    assert_eq!(server("postgresql://u:@h/d").password, None);
    assert_eq!(server("postgresql://:p@h/d").user, None);
    assert_eq!(password("postgresql://:p@h/d").as_deref(), Some("p"));
}

#[test]
fn user_may_contain_an_at_sign() {
    for text in [
        "mysql://app%40srv:pw@srv.mysql.database.azure.com/d",
        "mysql://app@srv:pw@srv.mysql.database.azure.com/d",
    ] {
        assert_eq!(server(text).user.as_deref(), Some("app@srv"), "{text}");
        assert_eq!(server(text).hosts, [tcp("srv.mysql.database.azure.com", 3306)], "{text}");
    }
}

#[test]
fn single_and_multiple_hosts_with_ports_are_parsed() {
    let cases: &[(&str, &[Host])] = &[
        ("postgresql://h/d", &[tcp("h", 5432)]),
        ("postgresql:///d", &[tcp("localhost", 5432)]),
        ("postgresql://u@/d", &[tcp("localhost", 5432)]),
        ("postgresql://:6000/d", &[tcp("localhost", 6000)]),
        ("mysql:///d", &[tcp("localhost", 3306)]),
        ("mariadb://h:1/d", &[tcp("h", 1)]),
        ("postgresql://10.0.0.7:65535/d", &[tcp("10.0.0.7", 65535)]),
        ("postgresql://my_db-1.internal/d", &[tcp("my_db-1.internal", 5432)]),
        ("postgresql://[::1]/d", &[tcp("::1", 5432)]),
        ("postgresql://u:p@[2001:db8::1]:6000/d", &[tcp("2001:db8::1", 6000)]),
        ("postgresql://[fe80::1%25eth0]/d", &[tcp("fe80::1%eth0", 5432)]),
        ("postgresql://h1:5433,h2/d", &[tcp("h1", 5433), tcp("h2", 5432)]),
        ("postgresql://[::1]:1,h2:2,h3/d", &[tcp("::1", 1), tcp("h2", 2), tcp("h3", 5432)]),
        ("mysql://h1,h2:3307/d", &[tcp("h1", 3306), tcp("h2", 3307)]),
        ("postgresql://%2Fvar%2Frun%2Fpostgresql/d", &[unix("/var/run/postgresql", 5432)]),
        ("postgresql://%2Fvar%2Frun%2Fpostgresql:6000/d", &[unix("/var/run/postgresql", 6000)]),
        ("postgresql://%2Ftmp,h2:1/d", &[unix("/tmp", 5432), tcp("h2", 1)]),
        ("mysql://%2Frun%2Fmysqld.sock/d", &[unix("/run/mysqld.sock", 3306)]),
    ];
    for (text, hosts) in cases {
        assert_eq!(server(text).hosts, *hosts, "{text}");
    }
}

#[test]
fn hosts_in_the_query_are_parsed() {
    let cases: &[(&str, &[Host])] = &[
        ("postgresql:///d?host=h", &[tcp("h", 5432)]),
        ("postgresql:///d?host=h&port=6000", &[tcp("h", 6000)]),
        ("postgresql://h/d?port=6000", &[tcp("h", 6000)]),
        ("postgresql:///d?port=6000", &[tcp("localhost", 6000)]),
        ("postgresql:///d?host=h:6000", &[tcp("h", 6000)]),
        ("postgresql:///d?host=::1", &[tcp("::1", 5432)]),
        ("postgresql:///d?host=[::1]:6000", &[tcp("::1", 6000)]),
        ("postgresql:///d?host=h1,h2&port=1,2", &[tcp("h1", 1), tcp("h2", 2)]),
        ("postgresql:///d?host=h1,h2&port=6000", &[tcp("h1", 6000), tcp("h2", 6000)]),
        (
            "postgresql://u:p@/d?host=h1:1&host=h2:2&host=h3",
            &[tcp("h1", 1), tcp("h2", 2), tcp("h3", 5432)],
        ),
        ("postgresql:///d?host=/var/run/postgresql", &[unix("/var/run/postgresql", 5432)]),
        ("postgresql:///d?host=/tmp&port=6000", &[unix("/tmp", 6000)]),
        ("postgresql:///d?host=%2Ftmp", &[unix("/tmp", 5432)]),
        ("postgresql:///d?host=/cloudsql/p:r:i", &[unix("/cloudsql/p:r:i", 5432)]),
        ("postgresql://u:p@localhost/d?host=/cloudsql/p:r:i", &[unix("/cloudsql/p:r:i", 5432)]),
        (
            "postgresql://u:p@localhost:5432/d?host=/cloudsql/p:r:i",
            &[unix("/cloudsql/p:r:i", 5432)],
        ),
        ("postgresql://u:p@localhost:6000/d?host=/tmp", &[unix("/tmp", 6000)]),
        (
            "postgresql:///d?unix_sock=/cloudsql/p:r:i/.s.PGSQL.5432",
            &[unix("/cloudsql/p:r:i", 5432)],
        ),
        ("postgresql:///d?unix_sock=/tmp/.s.PGSQL.6000", &[unix("/tmp", 6000)]),
        (
            "mysql://u@/d?unix_socket=/run/mysqld/mysqld.sock",
            &[unix("/run/mysqld/mysqld.sock", 3306)],
        ),
        ("mariadb://u@/d?socket=/run/mysqld/mysqld.sock", &[unix("/run/mysqld/mysqld.sock", 3306)]),
        ("mysql://u@localhost/d?unix_socket=/cloudsql/p:r:i", &[unix("/cloudsql/p:r:i", 3306)]),
        // The port has no meaning for MySQL's sockets.
        ("mysql://u@localhost:3307/d?unix_socket=/tmp/x.sock", &[unix("/tmp/x.sock", 3306)]),
        ("mysql://u@%2Ftmp%2Fx.sock:3307,h2:3307/d", &[unix("/tmp/x.sock", 3306), tcp("h2", 3307)]),
    ];
    for (text, hosts) in cases {
        assert_eq!(server(text).hosts, *hosts, "{text}");
    }
}

#[test]
fn invalid_hosts_and_ports_are_rejected() {
    assert_rejected(&[
        ("postgresql://h:0/d", &["port", "between 1 and 65535"]),
        ("postgresql://h:65536/d", &["port"]),
        ("postgresql://h:+5432/d", &["port"]),
        ("postgresql://h:/d", &["port"]),
        ("postgresql://h:54x/d", &["port"]),
        ("postgresql://user:secret/d", &["port", "end it with @"]),
        ("postgresql:///d?port=x", &["port"]),
        ("postgresql://h1,,h2/d", &["empty"]),
        ("postgresql://h1,/d", &["empty"]),
        ("postgresql://h!/d", &["not a name or an address"]),
        ("postgresql://h%20x/d", &["not a name or an address"]),
        ("postgresql://h#x/d", &["not a name or an address"]),
        ("postgresql://::1/d", &["[2001:db8::1]"]),
        ("postgresql://[::1/d", &["colon"]),
        ("postgresql://[nonsense]/d", &["not an IPv6 address"]),
        ("postgresql://[fe80::1%25]/d", &["not an IPv6 address"]),
        ("postgresql://[fe80::1%25a%2Fb]/d", &["not an IPv6 address"]),
        ("postgresql://[::1]x/d", &["only a :port"]),
        ("postgresql://h1:1,h2/d?port=2", &["port is specified twice"]),
        ("postgresql:///d?host=h1,h2,h3&port=1,2", &["3 hosts and 2 ports"]),
        ("postgresql:///d?unix_sock=/tmp/.s.PGSQL.6000&port=1", &["port is specified twice"]),
        ("postgresql://h1/d?host=h2", &["host is specified twice"]),
        ("postgresql://localhost/d?host=h2", &["host is specified twice"]),
        ("postgresql://localhost,h2/d?host=/tmp", &["host is specified twice"]),
        ("postgresql://localhost:6000/d?host=/tmp&port=6001", &["port is specified twice"]),
        (
            "postgresql://localhost:6000/d?unix_sock=/tmp/.s.PGSQL.6001",
            &["port is specified twice"],
        ),
        ("mysql://h1/d?unix_socket=/tmp/x.sock", &["host is specified twice"]),
        ("mysql:///d?unix_socket=x.sock", &["start with /"]),
        ("mysql:///d?unix_socket=/a&socket=/b", &["specified twice"]),
    ]);
}

#[test]
fn database_name_is_required() {
    assert_rejected(&[
        (
            "postgresql://u:p@h",
            &["database's name is missing", "postgresql://user:password@host/name"],
        ),
        ("postgresql://u:p@h/", &["database's name is missing"]),
        ("postgres://", &["database's name is missing"]),
        ("mysql://u:p@h?ssl-mode=REQUIRED", &["database's name is missing", "mysql://"]),
        ("mariadb://h/", &["mariadb://user:password@host/name"]),
        ("postgresql://h/a/b", &["the database's name contains a /"]),
        ("postgresql://h/a/", &["the database's name contains a /"]),
    ]);
    assert_eq!(server("postgresql://h/a%2Fb").database.as_deref(), Some("a/b"));
    assert_eq!(server("postgresql://h/my#db").database.as_deref(), Some("my#db"));
}

#[test]
fn part_before_and_after_the_question_mark_is_rejected() {
    let target = server("postgresql://h?user=u&password=p&dbname=d");
    assert_eq!((target.user.as_deref(), target.database.as_deref()), (Some("u"), Some("d")));
    assert_eq!(target.password.as_ref().map(Password::expose), Some("p"));
    assert_rejected(&[
        ("postgresql://u@h/d?user=u", &["the user is specified twice"]),
        ("postgresql://u:p@h/d?password=p", &["the password is specified twice"]),
        ("postgresql://h/d?dbname=d", &["the database's name is specified twice"]),
    ]);
}

#[test]
fn host_display_shows_address_and_port() {
    assert_eq!(tcp("h", 1).to_string(), "h:1");
    assert_eq!(tcp("::1", 5432).to_string(), "[::1]:5432");
    assert_eq!(unix("/tmp", 5432).to_string(), "/tmp");
}

#[test]
fn redacted_url_with_password_restored_is_equivalent() {
    for text in [
        "postgresql://u:p@h/d",
        "postgres://us%20er:p@h:6000,[fe80::1%25eth0],[::1]:1/my%2Fdb",
        "postgresql://u:p@/d?host=/cloudsql/p:r:i&port=6000",
        "postgresql://u:p@%2Ftmp:1,h2/d?target_session_attrs=read-only&channel_binding=disable",
        "mysql://u:p@/d?socket=/run/my%20sock",
        "mysql://u:p@%2Frun%2Fx.sock,h2:3307/d",
        "postgresql://u:p@%2Frun%2Fa%2Cb/d",
        "mariadb://u:p@h/d?ssl-mode=VERIFY_CA&ssl-ca=/etc/ca.pem&connect_timeout=7",
        "postgresql://u:p@h/d?sslmode=disable&pooler=transaction&application_name=a%20b\
         &options=-c%20x%3Dy%26z",
        "postgresql://u:p@ep-x-pooler.eu.aws.neon.tech/d?pooler=session&sslmode=require",
        "postgresql://u:p@aws-0-eu.pooler.supabase.com:6543/postgres",
    ] {
        let url = parse(text);
        let shown = url.redacted();
        assert!(shown.contains(":***@"), "{shown}");
        assert_eq!(parse(&shown.replace(":***@", ":p@")), url, "{shown}");
    }
}
