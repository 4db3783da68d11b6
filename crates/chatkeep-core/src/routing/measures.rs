//! The sums of requests: counts, durations, tokens, costs and a histogram of latencies.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;

use super::new::ResolvedRequest;
use super::record::RoutingOutcome;
use crate::value::TotalCost;

/// Limits of the latencies' histogram, in milliseconds. A further class has those over the last
/// limit. Each limit is about twice the one before it: a percentile is known to that factor.
///
/// The table has a column for each class, and 32 columns, which is the most that Diesel describes
/// without a larger build of it.
pub const LATENCY_LIMITS_MS: [i64; 10] =
    [100, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000];

/// Defines the sums, which have the names of their columns.
macro_rules! measures {
    ($($name:ident),+ $(,)?) => {
        /// The columns of the sums, in the order of [`Measures::values`].
        pub(super) const MEASURES: &[&str] = &[$(stringify!($name)),+];

        /// Sums of requests. Their columns can be added.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, QueryableByName)]
        pub(super) struct Measures {
            $(#[diesel(sql_type = BigInt)] pub(super) $name: i64,)+
        }

        impl Measures {
            pub(super) fn values(&self) -> [i64; MEASURES.len()] {
                self.as_refs().map(|sum| *sum)
            }

            /// Returns the values as references, which handwritten SQL binds.
            pub(super) fn as_refs(&self) -> [&i64; MEASURES.len()] {
                [$(&self.$name),+]
            }

            pub(super) fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)+
            }

            /// Returns the sums of a stored row.
            pub(super) fn of_row(row: &super::rows::StoredRoutingTotal) -> Self {
                Self { $($name: row.$name,)+ }
            }
        }
    };
}

measures! {
    requests,
    failures,
    cancelled,
    latency_ms,
    with_ttft,
    ttft_ms,
    input_tokens,
    output_tokens,
    cached_tokens,
    reasoning_tokens,
    cost_high,
    cost_low,
    within_100_ms,
    within_250_ms,
    within_500_ms,
    within_1000_ms,
    within_2000_ms,
    within_4000_ms,
    within_8000_ms,
    within_15000_ms,
    within_30000_ms,
    within_60000_ms,
    over_60000_ms,
}

impl Measures {
    /// Returns the sums of one request.
    pub(super) fn of(request: &ResolvedRequest) -> Self {
        let new = &request.new;
        let cost = new.cost.unwrap_or_default().nano_dollars();
        let mut sums = Self {
            requests: 1,
            failures: (new.outcome == RoutingOutcome::Failure).into(),
            cancelled: (new.outcome == RoutingOutcome::Cancelled).into(),
            latency_ms: new.latency_ms.unwrap_or(0),
            with_ttft: new.ttft_ms.is_some().into(),
            ttft_ms: new.ttft_ms.unwrap_or(0),
            input_tokens: new.input_tokens.unwrap_or(0),
            output_tokens: new.output_tokens.unwrap_or(0),
            cached_tokens: new.cached_tokens.unwrap_or(0),
            reasoning_tokens: new.reasoning_tokens.unwrap_or(0),
            // A sum of costs needs more than 64 bits.
            cost_high: cost >> 32,
            cost_low: cost & 0xFFFF_FFFF,
            ..Self::default()
        };
        if let Some(latency) = new.latency_ms {
            let class = LATENCY_LIMITS_MS.iter().position(|limit| latency <= *limit);
            let classes = sums.histogram_mut();
            *classes[class.unwrap_or(LATENCY_LIMITS_MS.len())] = 1;
        }
        sums
    }

    fn histogram_mut(&mut self) -> [&mut i64; LATENCY_LIMITS_MS.len() + 1] {
        [
            &mut self.within_100_ms,
            &mut self.within_250_ms,
            &mut self.within_500_ms,
            &mut self.within_1000_ms,
            &mut self.within_2000_ms,
            &mut self.within_4000_ms,
            &mut self.within_8000_ms,
            &mut self.within_15000_ms,
            &mut self.within_30000_ms,
            &mut self.within_60000_ms,
            &mut self.over_60000_ms,
        ]
    }

    /// Returns the number of requests by the class of their latency.
    fn histogram(mut self) -> [i64; LATENCY_LIMITS_MS.len() + 1] {
        self.histogram_mut().map(|count| *count)
    }

    pub(super) fn cost(&self) -> TotalCost {
        TotalCost((i128::from(self.cost_high) << 32) + i128::from(self.cost_low))
    }

    /// Returns the failures per thousand requests that were not cancelled.
    pub(super) fn failures_per_thousand(&self) -> Option<i64> {
        ratio(i128::from(self.failures) * 1_000, self.requests - self.cancelled)
    }

    pub(super) fn average_latency_ms(&self) -> Option<i64> {
        ratio(self.latency_ms.into(), self.histogram().iter().sum())
    }

    pub(super) fn average_ttft_ms(&self) -> Option<i64> {
        ratio(self.ttft_ms.into(), self.with_ttft)
    }

    /// Returns the limit of the class in which this percentile of the latencies is. `None` if there
    /// are no latencies, or if it is over the last limit.
    pub(super) fn latency_percentile_ms(&self, percent: i64) -> Option<i64> {
        let classes = self.histogram();
        let count = classes.iter().map(|count| i128::from(*count)).sum::<i128>();
        // The position of the latency, from 1, that as many percent do not exceed.
        let position = (count * i128::from(percent) + 99) / 100;
        let mut counted = 0;
        let class = classes.iter().position(|count| {
            counted += i128::from(*count);
            count > &0 && counted >= position
        });
        class.and_then(|class| LATENCY_LIMITS_MS.get(class).copied())
    }
}

fn ratio(sum: i128, count: i64) -> Option<i64> {
    (count > 0).then(|| i64::try_from(sum / i128::from(count)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::NewRoutingRequest;
    use crate::value::{Cost, Timestamp};

    fn of(latencies: &[i64]) -> Measures {
        let mut sums = Measures::default();
        for latency in latencies {
            let new = NewRoutingRequest {
                latency_ms: Some(*latency),
                cost: Some(Cost::from_nano_dollars(i64::MAX).expect("a cost")),
                ..NewRoutingRequest::new("r", "p", "m", RoutingOutcome::Failure)
            };
            sums.add(&Measures::of(&ResolvedRequest::new(new, None, None, Timestamp::now())));
        }
        sums
    }

    #[test]
    fn each_latency_is_in_the_class_of_the_smallest_limit_that_it_does_not_exceed() {
        for (index, limit) in LATENCY_LIMITS_MS.iter().enumerate() {
            assert_eq!(of(&[*limit]).histogram()[index], 1, "{limit}");
            assert_eq!(of(&[*limit + 1]).histogram()[index + 1], 1, "{limit}");
            let column = format!("within_{limit}_ms");
            let place = MEASURES.iter().position(|name| *name == column).expect("its column");
            assert_eq!(of(&[*limit]).values()[place], 1, "{column}");
        }
        assert_eq!(of(&[60_001]).over_60000_ms, 1);
    }

    #[test]
    fn percentiles_are_limits_of_classes() {
        assert_eq!(of(&[]).latency_percentile_ms(50), None);
        assert_eq!(of(&[70]).latency_percentile_ms(50), Some(100));
        assert_eq!(of(&[70, 900]).latency_percentile_ms(50), Some(100));
        assert_eq!(of(&[70, 900]).latency_percentile_ms(95), Some(1_000));
        assert_eq!(of(&[70, 70_000]).latency_percentile_ms(95), None, "over the last limit");
        let mut latencies = [50; 100];
        latencies[..5].fill(3_000);
        assert_eq!(of(&latencies).latency_percentile_ms(95), Some(100));
        latencies[..6].fill(3_000);
        assert_eq!(of(&latencies).latency_percentile_ms(95), Some(4_000));
    }

    #[test]
    fn sums_of_costs_exceed_64_bits() {
        let sums = of(&[1, 2, 3]);
        assert_eq!(sums.cost().nano_dollars(), 3 * i128::from(i64::MAX));
        assert_eq!(
            (sums.average_latency_ms(), sums.failures_per_thousand()),
            (Some(2), Some(1_000))
        );
        assert_eq!(
            (sums.average_ttft_ms(), Measures::default().failures_per_thousand()),
            (None, None)
        );
    }
}
