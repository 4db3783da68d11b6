//! TLS settings.

use std::path::{Path, PathBuf};

use super::{assert_rejected, server};
use crate::url::{Tls, TlsMode};

const SERVERS: [&str; 3] = ["postgresql", "mysql", "mariadb"];

fn tls(text: &str) -> Tls {
    server(text).tls
}

/// Asserts the mode and the root certificate of each query on each of the engines.
fn assert_tls(engines: &[&str], cases: &[(&str, TlsMode, Option<&str>)]) {
    for engine in engines {
        for (query, mode, root) in cases {
            let text = format!("{engine}://h/d?{query}");
            let expected = Tls { mode: *mode, root_cert: root.map(PathBuf::from) };
            assert_eq!(tls(&text), expected, "{text}");
        }
    }
}

#[test]
fn default_mode_is_prefer_for_tcp_and_disable_for_unix_sockets() {
    assert_eq!(tls("postgresql://h/d").mode, TlsMode::Prefer);
    assert_eq!(tls("mysql:///d").mode, TlsMode::Prefer);
    assert_eq!(tls("postgresql:///d?host=/tmp").mode, TlsMode::Disable);
    assert_eq!(tls("mysql:///d?unix_socket=/tmp/x.sock").mode, TlsMode::Disable);
    assert_eq!(tls("postgresql://%2Ftmp,h2/d").mode, TlsMode::Prefer);
}

#[test]
fn libpq_and_mysql_mode_names_are_equivalent() {
    for key in ["sslmode", "ssl_mode", "ssl-mode", "sslMode", "ssl"] {
        for (value, mode) in [
            ("disable", TlsMode::Disable),
            ("DISABLED", TlsMode::Disable),
            ("allow", TlsMode::Prefer),
            ("prefer", TlsMode::Prefer),
            ("PREFERRED", TlsMode::Prefer),
            ("require", TlsMode::Require),
            ("Required", TlsMode::Require),
            ("no-verify", TlsMode::Require),
            ("verify-ca", TlsMode::VerifyCa),
            ("VERIFY_CA", TlsMode::VerifyCa),
            ("verify-full", TlsMode::VerifyFull),
            ("verify_full", TlsMode::VerifyFull),
            ("VERIFY_IDENTITY", TlsMode::VerifyFull),
        ] {
            assert_tls(&SERVERS, &[(&format!("{key}={value}"), mode, None)]);
        }
    }
}

#[test]
fn ssl_accepts_booleans_and_planetscale_json() {
    assert_tls(
        &SERVERS,
        &[
            ("ssl=true", TlsMode::Require, None),
            ("ssl=1", TlsMode::Require, None),
            ("ssl=on", TlsMode::Require, None),
            ("ssl=False", TlsMode::Disable, None),
            ("ssl=0", TlsMode::Disable, None),
            (r#"ssl={"rejectUnauthorized":true}"#, TlsMode::VerifyFull, None),
            ("ssl=%7B%22rejectUnauthorized%22%3A%20true%7D", TlsMode::VerifyFull, None),
            (r#"ssl={"rejectUnauthorized":false}"#, TlsMode::Require, None),
        ],
    );
}

#[test]
fn root_certificate_implies_verification() {
    assert_tls(
        &SERVERS,
        &[
            ("sslrootcert=/ca.pem", TlsMode::VerifyCa, Some("/ca.pem")),
            ("ssl_ca=/ca.pem", TlsMode::VerifyCa, Some("/ca.pem")),
            ("ssl-ca=%2Fmy%20ca.pem", TlsMode::VerifyCa, Some("/my ca.pem")),
            ("sslmode=require&sslrootcert=ca.pem", TlsMode::VerifyCa, Some("ca.pem")),
            ("sslmode=verify-full&sslrootcert=/ca.pem", TlsMode::VerifyFull, Some("/ca.pem")),
            ("sslrootcert=system", TlsMode::VerifyFull, None),
            ("sslmode=require&sslrootcert=system", TlsMode::VerifyFull, None),
            ("sslmode=verify-full&sslrootcert=system", TlsMode::VerifyFull, None),
            ("sslaccept=strict&sslrootcert=/ca.pem", TlsMode::VerifyFull, Some("/ca.pem")),
        ],
    );
    assert_eq!(tls("mysql://h/d?ssl_ca=/ca.pem").root_cert.as_deref(), Some(Path::new("/ca.pem")));
}

#[test]
fn sslaccept_sets_the_verification() {
    assert_tls(
        &SERVERS,
        &[
            ("sslaccept=strict", TlsMode::VerifyFull, None),
            ("sslmode=require&sslaccept=strict", TlsMode::VerifyFull, None),
            ("sslaccept=accept_invalid_certs", TlsMode::Prefer, None),
            ("sslmode=require&sslaccept=accept_invalid_certs", TlsMode::Require, None),
        ],
    );
}

#[test]
fn python_driver_keys_are_parsed_for_mysql() {
    assert_tls(
        &["mysql", "mariadb"],
        &[
            ("ssl_verify_cert=true", TlsMode::VerifyCa, None),
            ("ssl_verify_identity=true", TlsMode::VerifyFull, None),
            (
                "ssl_ca=/ca.pem&ssl_verify_cert=true&ssl_verify_identity=true",
                TlsMode::VerifyFull,
                Some("/ca.pem"),
            ),
            ("ssl_ca=/ca.pem&ssl_check_hostname=false", TlsMode::VerifyCa, Some("/ca.pem")),
            ("ssl_ca=/ca.pem&ssl_check_hostname=true", TlsMode::VerifyFull, Some("/ca.pem")),
            ("ssl-mode=REQUIRED&ssl_verify_cert=false", TlsMode::Require, None),
        ],
    );
}

#[test]
fn contradictory_settings_are_rejected() {
    assert_rejected(&[
        ("postgresql://h/d?sslmode=require&ssl=true", &["sslmode and ssl"]),
        (
            "postgresql://h/d?sslmode=disable&sslrootcert=/ca.pem",
            &["sslmode=disable", "sslrootcert", "verify-full"],
        ),
        ("postgresql://h/d?sslmode=prefer&sslrootcert=/ca.pem", &["sslmode=prefer"]),
        ("postgresql://h/d?sslmode=prefer&sslaccept=strict", &["sslaccept=strict"]),
        ("mysql://h/d?ssl=false&ssl_verify_cert=true", &["ssl_verify_cert=true"]),
        (
            "mysql://h/d?sslmode=verify-full&sslaccept=accept_invalid_certs",
            &["accept_invalid_certs", "verify-full"],
        ),
        (
            "mysql://h/d?ssl-mode=VERIFY_IDENTITY&ssl_verify_identity=false",
            &["ssl_verify_identity=false"],
        ),
        ("mysql://h/d?ssl_ca=/ca.pem&ssl_verify_cert=false", &["ssl_verify_cert=false"]),
        ("mysql://h/d?sslmode=no-verify&ssl_ca=/ca.pem", &["no-verify"]),
        ("postgresql:///d?host=/tmp&sslmode=require", &["unix socket"]),
        ("postgresql://%2Ftmp,h2/d?sslmode=verify-full", &["unix socket"]),
        ("mysql:///d?unix_socket=/x.sock&ssl_ca=/ca.pem", &["unix socket"]),
    ]);
    assert_eq!(tls("postgresql:///d?host=/tmp&sslmode=prefer").mode, TlsMode::Disable);
}

#[test]
fn unknown_values_are_rejected_with_a_suggestion() {
    assert_rejected(&[
        (
            "postgresql://h/d?sslmode=reqiure",
            &["sslmode", "did you mean require?", "supported: disable, prefer"],
        ),
        ("mysql://h/d?ssl-mode=VERIFY_IDENTIY", &["did you mean verify-identity?"]),
        ("mysql://h/d?ssl=maybe", &["ssl has an unknown value"]),
        ("mysql://h/d?sslaccept=lax", &["sslaccept", "supported: strict, accept-invalid-certs"]),
    ]);
}
