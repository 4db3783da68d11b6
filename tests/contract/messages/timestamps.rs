//! Times are UTC with microseconds, from the year 1000 to 9999.

use chatkeep::{NewMessage, Timestamp};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_refused, at, everything};

on_every_engine![
    microseconds_are_kept_over_the_whole_range,
    offsets_are_converted_and_naive_times_are_utc,
    finer_digits_are_cut,
    a_gap_of_daylight_saving_is_an_hour_like_any_other,
    times_sort_across_the_whole_range,
    what_is_no_time_or_out_of_range_is_refused,
    times_are_stored_in_utc_for_other_programs,
];

fn microseconds_are_kept_over_the_whole_range(store: &Store) {
    for moment in [
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
        let stored = store.round_trip(&NewMessage::new("a").with_timestamp(at(moment)));
        assert_eq!(stored.timestamp.to_string(), moment);
        let ids = store
            .messages()
            .log_messages(&[NewMessage::new("b"), NewMessage::new("c").with_timestamp(at(moment))]);
        let id = ids.expect("the messages are logged")[1];
        let stored = store
            .messages()
            .get_message_by_id(id)
            .expect("the log answers")
            .expect("the message is there");
        assert_eq!(stored.timestamp.to_string(), moment);
    }
}

fn offsets_are_converted_and_naive_times_are_utc(store: &Store) {
    for (given, kept) in [
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
            store.round_trip(&NewMessage::new("a").with_timestamp(at(given))).timestamp.to_string(),
            kept,
            "{given}"
        );
    }
}

fn finer_digits_are_cut(store: &Store) {
    for (given, kept) in [
        ("2024-01-01T00:00:00.1234567Z", "2024-01-01T00:00:00.123456+00:00"),
        ("2024-01-01T00:00:00.999999999Z", "2024-01-01T00:00:00.999999+00:00"),
        ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999+00:00"),
    ] {
        assert_eq!(
            store.round_trip(&NewMessage::new("a").with_timestamp(at(given))).timestamp.to_string(),
            kept
        );
    }
}

fn a_gap_of_daylight_saving_is_an_hour_like_any_other(store: &Store) {
    // Clocks in Europe jumped from 2 to 3 that night, and in New York on the 10th: a session's own zone would show.
    for moment in [
        "2024-03-31T02:30:00.000000+00:00",
        "2024-03-10T02:30:00.000000+00:00",
        "2024-10-27T01:30:00.000000+00:00",
    ] {
        assert_eq!(
            store
                .round_trip(&NewMessage::new("a").with_timestamp(at(moment)))
                .timestamp
                .to_string(),
            moment
        );
    }
}

fn times_sort_across_the_whole_range(store: &Store) {
    let moments = [
        "1000-01-01",
        "1500-06-15",
        "1969-12-31",
        "1970-01-01",
        "1999-12-31",
        "2024-01-01",
        "2100-01-01",
        "9999-12-30",
    ];
    for moment in moments {
        store.log_at(moment, moment);
    }
    let mut newest_first = moments;
    newest_first.reverse();
    assert_eq!(store.texts(&everything()), newest_first);
    let whole = everything().with_start(Timestamp::MIN).with_end(Timestamp::MAX);
    assert_eq!(store.texts(&whole), newest_first);
    assert_eq!(
        store.texts(&everything().with_end(at("1969-12-31"))),
        ["1969-12-31", "1500-06-15", "1000-01-01"]
    );
}

fn what_is_no_time_or_out_of_range_is_refused(_: &Store) {
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
        assert_refused(Timestamp::parse(text), "timestamp");
    }
    assert_refused(Timestamp::from_microsecond(i64::MAX), "timestamp");
    assert_refused(Timestamp::from_microsecond(i64::MIN), "timestamp");
}

fn times_are_stored_in_utc_for_other_programs(store: &Store) {
    store.log_at("a", "2024-07-01T14:00:00.25+02:00");
    let shown = store.raw.scalar("SELECT timestamp FROM messages").expect("a moment");
    assert!(shown.starts_with("2024-07-01 12:00:00.25"), "{shown}");
}
