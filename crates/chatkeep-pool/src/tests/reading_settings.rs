//! Reading settings from environment variables.

use std::time::Duration;

use chatkeep_core::{ErrorKind, Result};
use proptest::prelude::*;

use crate::settings::PoolSettings;

fn with(name: &'static str, value: &str) -> Result<PoolSettings> {
    let value = value.to_owned();
    PoolSettings::from_variables(move |requested| (requested == name).then(|| value.clone()))
}

fn error_of(name: &'static str, value: &str) -> String {
    let error = with(name, value).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.field(), Some(name));
    assert!(!error.is_retryable());
    error.to_string()
}

#[test]
fn unset_variables_have_their_defaults() {
    let settings = PoolSettings::from_variables(|_| None).unwrap();
    assert_eq!(settings, PoolSettings::default());
    let expected = PoolSettings {
        pool_size: 10,
        max_overflow: 20,
        pool_timeout: Duration::from_secs(30),
        pool_recycle: Duration::from_secs(3600),
        pre_ping: true,
        connect_timeout: Duration::from_secs(10),
        query_timeout: Duration::from_secs(30),
        max_retries: 5,
        retry_delay: Duration::from_secs(5),
        auto_migrate: true,
    };
    assert_eq!(settings, expected);
    assert_eq!(settings.validate().map_err(|error| error.to_string()), Ok(()));
}

#[test]
fn every_setting_is_read() {
    let settings = PoolSettings::from_variables(|name| {
        let value = match name {
            "DB_POOL_SIZE" => "3",
            "DB_MAX_OVERFLOW" => "0",
            "DB_POOL_TIMEOUT" => "0.5",
            "DB_POOL_RECYCLE" => " 1800 ",
            "DB_POOL_PRE_PING" => "off",
            "DB_CONNECT_TIMEOUT" => "2",
            "DB_QUERY_TIMEOUT" => "7.25",
            "DB_MAX_RETRIES" => "0",
            "DB_RETRY_DELAY" => "1",
            "DB_AUTO_MIGRATE" => "No",
            other => panic!("{other} is not a pool setting"),
        };
        Some(value.to_owned())
    });
    let expected = PoolSettings {
        pool_size: 3,
        max_overflow: 0,
        pool_timeout: Duration::from_millis(500),
        pool_recycle: Duration::from_secs(1800),
        pre_ping: false,
        connect_timeout: Duration::from_secs(2),
        query_timeout: Duration::from_millis(7250),
        max_retries: 0,
        retry_delay: Duration::from_secs(1),
        auto_migrate: false,
    };
    assert_eq!(settings.unwrap(), expected);
}

#[test]
fn an_empty_variable_counts_as_unset() {
    assert_eq!(
        PoolSettings::from_variables(|_| Some("  ".to_owned())).unwrap(),
        PoolSettings::default()
    );
}

#[test]
fn auto_is_twice_the_number_of_cores_plus_one() {
    let size = with("DB_POOL_SIZE", "Auto").unwrap().pool_size;
    let cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(usize::try_from(size).unwrap(), cores * 2 + 1);
}

#[test]
fn recycling_is_turned_off_by_minus_one_and_by_zero() {
    assert_eq!(with("DB_POOL_RECYCLE", "-1").unwrap().pool_recycle, Duration::ZERO);
    assert_eq!(with("DB_POOL_RECYCLE", "0").unwrap().pool_recycle, Duration::ZERO);
}

#[test]
fn switches_accept_the_usual_values_in_any_case() {
    for value in ["on", "true", "1", "yes", "ON", "True", "YES"] {
        assert!(with("DB_POOL_PRE_PING", value).unwrap().pre_ping);
        assert!(with("DB_AUTO_MIGRATE", value).unwrap().auto_migrate);
    }
    for value in ["off", "false", "0", "no", "Off", "FALSE"] {
        assert!(!with("DB_POOL_PRE_PING", value).unwrap().pre_ping);
        assert!(!with("DB_AUTO_MIGRATE", value).unwrap().auto_migrate);
    }
    assert_eq!(
        error_of("DB_POOL_PRE_PING", "maybe"),
        "DB_POOL_PRE_PING: must be on or off, not \"maybe\""
    );
}

#[test]
fn errors_name_the_variable_and_its_valid_values() {
    assert_eq!(
        error_of("DB_POOL_SIZE", "ten"),
        "DB_POOL_SIZE: must be a whole number from 1 to 1000 or \"auto\", not \"ten\""
    );
    assert_eq!(
        error_of("DB_MAX_OVERFLOW", "-1"),
        "DB_MAX_OVERFLOW: must be a whole number from 0 to 1000, not \"-1\""
    );
    assert_eq!(
        error_of("DB_POOL_RECYCLE", "-2"),
        "DB_POOL_RECYCLE: must be a number of seconds from 0 to 31536000, or -1 for no limit, \
         not \"-2\""
    );
    assert_eq!(
        error_of("DB_CONNECT_TIMEOUT", "0"),
        "DB_CONNECT_TIMEOUT: must be a number of seconds from 0.1 to 3600, not \"0\""
    );
}

#[test]
fn malformed_and_out_of_range_values_are_rejected() {
    for value in ["0", "1001", "1.5", "4294967296", "+", "1e2"] {
        error_of("DB_POOL_SIZE", value);
    }
    for name in [
        "DB_POOL_TIMEOUT",
        "DB_CONNECT_TIMEOUT",
        "DB_QUERY_TIMEOUT",
        "DB_RETRY_DELAY",
        "DB_POOL_RECYCLE",
    ] {
        for value in ["NaN", "inf", "-inf", "1e300", "-0.5", "30s", "half a minute"] {
            error_of(name, value);
        }
    }
}

#[test]
fn errors_show_only_the_start_of_a_long_value() {
    let text = error_of("DB_POOL_SIZE", "postgresql://user:a-password-that-went-astray@host/name");
    assert!(text.ends_with("not \"postgresql://user:a-pass\"…"), "{text}");
}

#[test]
fn validate_applies_the_same_limits() {
    let error = PoolSettings { pool_size: 0, ..PoolSettings::default() }.validate().unwrap_err();
    assert_eq!(error.to_string(), "pool_size: must be a whole number from 1 to 1000, not 0");
    let wrong = [
        PoolSettings { max_overflow: 1001, ..PoolSettings::default() },
        PoolSettings { pool_timeout: Duration::MAX, ..PoolSettings::default() },
        PoolSettings { pool_recycle: Duration::MAX, ..PoolSettings::default() },
        PoolSettings { connect_timeout: Duration::ZERO, ..PoolSettings::default() },
        PoolSettings { query_timeout: Duration::ZERO, ..PoolSettings::default() },
        PoolSettings { max_retries: u32::MAX, ..PoolSettings::default() },
        PoolSettings { retry_delay: Duration::MAX, ..PoolSettings::default() },
    ];
    for settings in wrong {
        assert_eq!(
            settings.validate().unwrap_err().kind(),
            ErrorKind::Configuration,
            "{settings:?}"
        );
    }
}

proptest! {
    /// No text causes a panic, and every accepted value is within its range.
    #[test]
    fn accepted_values_are_valid(
        size in ".{0,12}",
        seconds in "-?[0-9.e]{0,12}",
        switch in ".{0,6}",
    ) {
        for (name, value) in [
            ("DB_POOL_SIZE", &size),
            ("DB_MAX_RETRIES", &size),
            ("DB_POOL_TIMEOUT", &seconds),
            ("DB_POOL_RECYCLE", &seconds),
            ("DB_QUERY_TIMEOUT", &seconds),
            ("DB_AUTO_MIGRATE", &switch),
        ] {
            if let Ok(settings) = with(name, value) {
                prop_assert!(settings.validate().is_ok());
            }
        }
    }
}
