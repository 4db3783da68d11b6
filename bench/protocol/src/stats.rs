//! Medians and percentiles.

/// Returns the median, which is the mean of the two middle values for an even count; `None` if
/// there are no values.
///
/// ```
/// use chatkeep_bench_protocol::stats::median;
///
/// assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
/// assert_eq!(median(&[4.0, 1.0]), Some(2.5));
/// assert_eq!(median(&[]), None);
/// ```
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// Sorts the values and returns the nearest-rank percentile; `None` if there are no values.
///
/// ```
/// use chatkeep_bench_protocol::stats::percentile;
///
/// let mut values: Vec<u64> = (1..=200).rev().collect();
/// assert_eq!(percentile(&mut values, 50), Some(100));
/// assert_eq!(percentile(&mut values, 99), Some(198));
/// assert_eq!(percentile(&mut values, 100), Some(200));
/// ```
pub fn percentile(values: &mut [u64], percent: usize) -> Option<u64> {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values.get(rank - 1).copied()
}
