//! Division of a time span into whole months, days and hours, and the remainders at its ends.

use super::sums::{DAY, HOUR, MONTH, length_of, start_of};
use crate::value::Timestamp;

/// A time span, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::message) struct Span {
    pub(in crate::message) first: Timestamp,
    pub(in crate::message) last: Timestamp,
}

/// The totals with periods of `hours` hours that start within a time span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::message) struct Part {
    pub(in crate::message) hours: i32,
    pub(in crate::message) starts: Span,
}

/// The division of a span that contains at least one whole hour.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::message) struct Cut {
    /// All whole hours.
    pub(in crate::message) whole: Span,
    /// Whole hours as months, the days around them, and the hours around those.
    pub(in crate::message) parts: Vec<Part>,
    /// Whole hours as days and the hours around them.
    pub(in crate::message) days: Vec<Part>,
    /// Remainders before and after the whole hours.
    pub(in crate::message) edges: Vec<Span>,
}

impl Span {
    /// Divides the span. Returns `None` if it contains no whole hour.
    pub(in crate::message) fn cut(self) -> Option<Cut> {
        // Ends are exclusive from here on.
        let (first, end) = (self.first.as_microsecond(), self.last.as_microsecond() + 1);
        let (hours_first, hours_end) = (up(first, HOUR), down(end, HOUR));
        let whole = span(hours_first, hours_end)?;
        let edges =
            [span(first, hours_first), span(hours_end, end)].into_iter().flatten().collect();
        Some(Cut {
            whole,
            parts: parts(hours_first, hours_end, &[HOUR, DAY, MONTH]),
            days: parts(hours_first, hours_end, &[HOUR, DAY]),
            edges,
        })
    }
}

/// Divides a span into periods of the last of these lengths, and its remainders into shorter ones.
fn parts(first: i64, end: i64, hours: &[i32]) -> Vec<Part> {
    let Some((&longest, shorter)) = hours.split_last() else { return Vec::new() };
    let (inner_first, inner_end) = (up(first, longest), down(end, longest));
    let Some(inner) = starts(longest, inner_first, inner_end) else {
        return parts(first, end, shorter);
    };
    let mut all = parts(first, inner_first, shorter);
    all.push(inner);
    all.extend(parts(inner_end, end, shorter));
    all
}

fn up(microsecond: i64, hours: i32) -> i64 {
    let before = down(microsecond, hours);
    if before == microsecond { microsecond } else { before + length_of(hours) }
}

fn down(microsecond: i64, hours: i32) -> i64 {
    start_of(Timestamp::from_stored(microsecond), hours).as_microsecond()
}

fn span(first: i64, end: i64) -> Option<Span> {
    let timestamp = Timestamp::from_stored;
    (first < end).then(|| Span { first: timestamp(first), last: timestamp(end - 1) })
}

/// Returns the periods from `first` to `end`. The last one starts one length before the end.
fn starts(hours: i32, first: i64, end: i64) -> Option<Part> {
    let length = length_of(hours);
    (first < end).then(|| Part {
        hours,
        starts: Span {
            first: Timestamp::from_stored(first),
            last: Timestamp::from_stored(end - length),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(first: &str, last: &str) -> Option<Cut> {
        between(first, last).cut()
    }

    fn between(first: &str, last: &str) -> Span {
        let timestamp = |text| Timestamp::parse(text).expect("a timestamp");
        Span { first: timestamp(first), last: timestamp(last) }
    }

    fn part(hours: i32, first: &str, last: &str) -> Part {
        Part { hours, starts: between(first, last) }
    }

    #[test]
    fn span_without_a_whole_hour_is_not_divided() {
        assert_eq!(cut("2024-01-01T10:00:00", "2024-01-01T10:59:59.999998"), None);
        assert_eq!(cut("2024-01-01T10:00:00.000001", "2024-01-01T11:59:59.999998"), None);
        assert_eq!(cut("2024-01-01T10:59:59.999999", "2024-01-01T11:00:00"), None);
    }

    #[test]
    fn hour_up_to_its_last_microsecond_is_whole() {
        let hour = cut("2024-01-01T10:00:00", "2024-01-01T10:59:59.999999").expect("an hour");
        assert_eq!(hour.parts, [part(HOUR, "2024-01-01T10:00:00", "2024-01-01T10:00:00")]);
        assert!(hour.edges.is_empty());
    }

    #[test]
    fn long_span_is_divided_into_edges_hours_and_days() {
        let long = cut("2023-12-30T21:30:00", "2024-01-02T01:00:00").expect("hours");
        assert_eq!(
            long.parts,
            [
                part(HOUR, "2023-12-30T22:00:00", "2023-12-30T23:00:00"),
                part(DAY, "2023-12-31", "2024-01-01"),
                part(HOUR, "2024-01-02T00:00:00", "2024-01-02T00:00:00"),
            ]
        );
        assert_eq!(
            long.edges,
            [
                between("2023-12-30T21:30:00", "2023-12-30T21:59:59.999999"),
                between("2024-01-02T01:00:00", "2024-01-02T01:00:00"),
            ]
        );
    }

    #[test]
    fn parts_cover_every_span_exactly_once() {
        let steps = [
            -90_000_000_000,
            -3_600_000_001,
            -1,
            0,
            1,
            3_599_999_999,
            86_400_000_000,
            200_000_000_001,
        ];
        for first in steps {
            for length in [
                0,
                1,
                3_599_999_999,
                3_600_000_000,
                90_000_000_000,
                400_000_000_000,
                9_000_000_000_001,
            ] {
                let given = span(first, first + length + 1).expect("not empty");
                let Some(cut) = given.cut() else {
                    assert!(length < 2 * length_of(HOUR), "{given:?}");
                    continue;
                };
                for parts in [&cut.parts, &cut.days] {
                    let covered = parts.iter().map(|part| {
                        let end = part.starts.last.as_microsecond() + length_of(part.hours);
                        span(part.starts.first.as_microsecond(), end).expect("not empty")
                    });
                    assert_is_covered_once(
                        given,
                        cut.edges.iter().copied().chain(covered).collect(),
                    );
                }
            }
        }
    }

    fn assert_is_covered_once(given: Span, mut covered: Vec<Span>) {
        covered.sort_by_key(|span| span.first);
        assert_eq!(covered.first().map(|span| span.first), Some(given.first));
        assert_eq!(covered.last().map(|span| span.last), Some(given.last));
        for pair in covered.windows(2) {
            assert_eq!(
                pair[0].last.as_microsecond() + 1,
                pair[1].first.as_microsecond(),
                "{given:?}"
            );
        }
    }

    #[test]
    fn year_is_divided_into_months_days_and_hours() {
        let year = cut("2024-01-01T23:00:00", "2024-12-31T23:59:59.999999").expect("hours");
        assert_eq!(
            year.parts,
            [
                part(HOUR, "2024-01-01T23:00:00", "2024-01-01T23:00:00"),
                part(DAY, "2024-01-02", "2024-01-02"),
                part(MONTH, "2024-01-03", "2024-11-28"),
                part(DAY, "2024-12-28", "2024-12-31"),
            ]
        );
        assert_eq!(
            year.days,
            [
                part(HOUR, "2024-01-01T23:00:00", "2024-01-01T23:00:00"),
                part(DAY, "2024-01-02", "2024-12-31"),
            ]
        );
    }

    #[test]
    fn span_of_all_timestamps_is_divided() {
        let all = Span { first: Timestamp::MIN, last: Timestamp::MAX }.cut().expect("days");
        assert_eq!(all.whole, Span { first: Timestamp::MIN, last: Timestamp::MAX });
        assert_eq!(all.parts.iter().map(|part| part.hours).collect::<Vec<_>>(), [MONTH, DAY, HOUR]);
    }
}
