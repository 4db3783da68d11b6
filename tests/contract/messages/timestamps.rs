//! Timestamps are UTC with microseconds, from the year 1000 to 9999.

use chatkeep::{NewMessage, Timestamp};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, at, everything};

on_every_engine![
    microseconds_are_preserved_over_the_whole_range,
    offsets_are_converted_and_naive_times_are_utc,
    digits_beyond_microseconds_are_truncated,
    daylight_saving_gaps_are_valid_in_utc,
    times_sort_across_the_whole_range,
    malformed_or_out_of_range_times_are_rejected,
    times_are_stored_in_utc_for_other_programs,
];

fn microseconds_are_preserved_over_the_whole_range(store: &Store) {
    for timestamp in [
        "1000-01-01T00:00:00.000000+00:00",
        "1000-01-01T00:00:00.000001+00:00",
        "1582-10-10T12:00:00.500000+00:00",
        "1899-12-31T23:59:59.999999+00:00",
        "1969-12-31T23:59:59.999999+00:00",
        "1970-01-01T00:00:00.000000+00:00",
        "2000-02-29T23:59:59.000010+00:00",
        "2016-12-31T23:59:59.999999+00:00",
        "2038-01-19T03:14:08.000001+00:00",
        "2262-04-11T23:47:16.854776+00:00",
        "9999-12-30T21:59:59.999999+00:00",
    ] {
        let stored = store.round_trip(&NewMessage::new("a").with_timestamp(at(timestamp)));
        assert_eq!(stored.timestamp.to_string(), timestamp);
        let ids = store.messages().log_messages(&[
            NewMessage::new("b"),
            NewMessage::new("c").with_timestamp(at(timestamp)),
        ]);
        let id = ids.expect("the messages are logged")[1];
        let stored = store
            .messages()
            .get_message_by_id(id)
            .expect("the query succeeds")
            .expect("the message exists");
        assert_eq!(stored.timestamp.to_string(), timestamp);
    }
}

fn offsets_are_converted_and_naive_times_are_utc(store: &Store) {
    for (input, expected) in [
        ("2024-02-29T12:00:00", "2024-02-29T12:00:00.000000+00:00"),
        ("2024-02-29 12:00:00.5", "2024-02-29T12:00:00.500000+00:00"),
        ("2024-02-29", "2024-02-29T00:00:00.000000+00:00"),
        ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000000+00:00"),
        ("2024-02-29T12:00:00z", "2024-02-29T12:00:00.000000+00:00"),
        ("2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00.000000+00:00"),
        ("2024-02-29T12:00:00-05:30", "2024-02-29T17:30:00.000000+00:00"),
        (" 2024-02-29T12:00:00Z ", "2024-02-29T12:00:00.000000+00:00"),
    ] {
        assert_eq!(
            store.round_trip(&NewMessage::new("a").with_timestamp(at(input))).timestamp.to_string(),
            expected,
            "{input}"
        );
    }
}

fn digits_beyond_microseconds_are_truncated(store: &Store) {
    for (input, expected) in [
        ("2024-01-01T00:00:00.1234567Z", "2024-01-01T00:00:00.123456+00:00"),
        ("2024-01-01T00:00:00.999999999Z", "2024-01-01T00:00:00.999999+00:00"),
        ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999+00:00"),
    ] {
        assert_eq!(
            store.round_trip(&NewMessage::new("a").with_timestamp(at(input))).timestamp.to_string(),
            expected
        );
    }
}

fn daylight_saving_gaps_are_valid_in_utc(store: &Store) {
    // Clocks in Europe skipped from 2 to 3 that night, and in New York on the 10th. A session time
    // zone would show here.
    for timestamp in [
        "2024-03-31T02:30:00.000000+00:00",
        "2024-03-10T02:30:00.000000+00:00",
        "2024-10-27T01:30:00.000000+00:00",
    ] {
        assert_eq!(
            store
                .round_trip(&NewMessage::new("a").with_timestamp(at(timestamp)))
                .timestamp
                .to_string(),
            timestamp
        );
    }
}

fn times_sort_across_the_whole_range(store: &Store) {
    let timestamps = [
        "1000-01-01",
        "1500-06-15",
        "1969-12-31",
        "1970-01-01",
        "1999-12-31",
        "2024-01-01",
        "2100-01-01",
        "9999-12-30",
    ];
    for timestamp in timestamps {
        store.log_at(timestamp, timestamp);
    }
    let mut newest_first = timestamps;
    newest_first.reverse();
    assert_eq!(store.texts(&everything()), newest_first);
    let whole = everything().with_start(Timestamp::MIN).with_end(Timestamp::MAX);
    assert_eq!(store.texts(&whole), newest_first);
    assert_eq!(
        store.texts(&everything().with_end(at("1969-12-31"))),
        ["1969-12-31", "1500-06-15", "1000-01-01"]
    );
}

fn malformed_or_out_of_range_times_are_rejected(_: &Store) {
    for text in [
        "",
        "soon",
        "2024",
        "2024-13-01",
        "2023-02-29",
        "2024-01-01T25:00",
        "0999-12-31T23:59:59.999999Z",
        "10000-01-01",
        "9999-12-30T22:00:00Z",
        "9999-12-31",
        "-2024-01-01",
        "12:00:00",
        "1706745600",
    ] {
        assert_rejected(Timestamp::parse(text), "timestamp");
    }
    assert_rejected(Timestamp::from_microsecond(i64::MAX), "timestamp");
    assert_rejected(Timestamp::from_microsecond(i64::MIN), "timestamp");
}

fn times_are_stored_in_utc_for_other_programs(store: &Store) {
    store.log_at("a", "2024-07-01T14:00:00.25+02:00");
    let shown = store.raw.scalar("SELECT timestamp FROM messages").expect("the timestamp is set");
    assert!(shown.starts_with("2024-07-01 12:00:00.25"), "{shown}");
}
