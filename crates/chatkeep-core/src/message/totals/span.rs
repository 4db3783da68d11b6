//! A span of time, cut into whole months, days and hours, and what is left at its ends.

use super::sums::{DAY, HOUR, MONTH, length_of, start_of};
use crate::value::Timestamp;

/// From the first moment to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::message) struct Span {
    pub(in crate::message) first: Timestamp,
    pub(in crate::message) last: Timestamp,
}

/// Totals of spans of so many hours that begin in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::message) struct Part {
    pub(in crate::message) hours: i32,
    pub(in crate::message) starts: Span,
}

/// A span that holds at least one whole hour.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::message) struct Cut {
    /// The whole hours.
    pub(in crate::message) whole: Span,
    /// The same, as months, the days around them, and the hours around those.
    pub(in crate::message) parts: Vec<Part>,
    /// The same, as days and the hours around them.
    pub(in crate::message) days: Vec<Part>,
    /// What is left before and behind.
    pub(in crate::message) edges: Vec<Span>,
}

impl Span {
    /// Nothing, when the span holds no whole hour.
    pub(in crate::message) fn cut(self) -> Option<Cut> {
        // From here on a span ends before its second number.
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

/// As much as possible in parts of the last of these lengths, what is before and behind it in parts of the others.
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

fn up(moment: i64, hours: i32) -> i64 {
    let before = down(moment, hours);
    if before == moment { moment } else { before + length_of(hours) }
}

fn down(moment: i64, hours: i32) -> i64 {
    start_of(Timestamp::from_stored(moment), hours).as_microsecond()
}

fn span(first: i64, end: i64) -> Option<Span> {
    let moment = Timestamp::from_stored;
    (first < end).then(|| Span { first: moment(first), last: moment(end - 1) })
}

/// The last of the spans begins one length before the end.
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
        let moment = |text| Timestamp::parse(text).expect("a moment");
        Span { first: moment(first), last: moment(last) }
    }

    fn part(hours: i32, first: &str, last: &str) -> Part {
        Part { hours, starts: between(first, last) }
    }

    #[test]
    fn a_span_within_an_hour_is_not_cut() {
        assert_eq!(cut("2024-01-01T10:00:00", "2024-01-01T10:59:59.999998"), None);
        assert_eq!(cut("2024-01-01T10:00:00.000001", "2024-01-01T11:59:59.999998"), None);
        assert_eq!(cut("2024-01-01T10:59:59.999999", "2024-01-01T11:00:00"), None);
    }

    #[test]
    fn an_hour_to_its_last_microsecond_is_whole() {
        let hour = cut("2024-01-01T10:00:00", "2024-01-01T10:59:59.999999").expect("an hour");
        assert_eq!(hour.parts, [part(HOUR, "2024-01-01T10:00:00", "2024-01-01T10:00:00")]);
        assert!(hour.edges.is_empty());
    }

    #[test]
    fn a_long_span_is_edges_hours_and_days() {
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

    /// Whatever the ends are, nothing is left out and nothing is there twice.
    #[test]
    fn the_parts_cover_the_span_once() {
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
    fn a_year_is_months_and_the_days_and_hours_around_them() {
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
    fn everything_that_can_be_stored_can_be_cut() {
        let all = Span { first: Timestamp::MIN, last: Timestamp::MAX }.cut().expect("days");
        assert_eq!(all.whole, Span { first: Timestamp::MIN, last: Timestamp::MAX });
        assert_eq!(all.parts.iter().map(|part| part.hours).collect::<Vec<_>>(), [MONTH, DAY, HOUR]);
    }
}
