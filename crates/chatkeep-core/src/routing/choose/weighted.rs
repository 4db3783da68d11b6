//! A random order by weight, which a seed determines.
//!
//! Each name gets a random number u between 0 and 1, and the names are ordered by -ln(u) / weight.
//! The probability that a name is first is its share of the weights. Method A-ES of P. Efraimidis
//! and P. Spirakis, "Weighted random sampling with a reservoir", Information Processing Letters 97
//! (2006), in its exponential form. The numbers are those of SplitMix64: G. Steele, D. Lea and
//! C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.

use crate::error::Result;
use crate::token::random_bytes;

/// Returns a random seed.
///
/// # Errors
/// `Internal` if the operating system returns no random bytes.
pub fn random_seed() -> Result<i64> {
    random_bytes::<8>().map(i64::from_le_bytes)
}

/// Returns a number by which names are sorted in ascending order. Names with the weight 0 are last.
pub(super) fn position(seed: i64, name: &str, weight: i32) -> u64 {
    if weight < 1 {
        return u64::MAX;
    }
    let random = splitmix64(splitmix64(seed.cast_unsigned()) ^ fnv1a(name));
    // 53 bits, as a double has, and never 0.
    let unit = ((random >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    // The bits of positive doubles have the order of the doubles.
    (-unit.ln() / f64::from(weight)).to_bits()
}

/// Returns the output of SplitMix64 for a state.
pub(super) fn splitmix64(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Returns the hash FNV-1a of a text. Another one would change the order for a seed.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_reference_implementation() {
        // The first outputs for the state 1234567.
        let step = 0x9e37_79b9_7f4a_7c15_u64;
        let outputs = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        for (index, expected) in (0_u64..).zip(outputs) {
            assert_eq!(splitmix64(1_234_567_u64.wrapping_add(index.wrapping_mul(step))), expected);
        }
        assert_eq!(fnv1a(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a("a"), 0xaf63_dc4c_8601_ec8c);
    }

    /// Returns how often each name is first for 10,000 seeds.
    fn first(weights: &[(&str, i32)]) -> Vec<usize> {
        let mut counts = vec![0; weights.len()];
        for seed in 0..10_000 {
            let positions = weights.iter().map(|(name, weight)| position(seed, name, *weight));
            let first = positions.enumerate().min_by_key(|(_, position)| *position);
            counts[first.expect("a name").0] += 1;
        }
        counts
    }

    #[test]
    fn shares_of_the_first_place_are_those_of_the_weights() {
        for weights in [
            vec![("a", 1), ("b", 1)],
            vec![("a", 1), ("b", 2), ("c", 7)],
            vec![("openai", 50), ("azure", 30), ("local", 15), ("eu-1", 5)],
            vec![("p1", 1_000_000), ("p2", 1_000_000), ("p3", 2_000_000)],
        ] {
            let total: i64 = weights.iter().map(|(_, weight)| i64::from(*weight)).sum();
            for (count, (name, weight)) in first(&weights).into_iter().zip(&weights) {
                let share = count as f64 / 10_000.0;
                let expected = f64::from(*weight) / total as f64;
                assert!((share - expected).abs() < 0.02, "{name}: {share}, not {expected}");
            }
        }
    }

    #[test]
    fn a_name_without_weight_is_never_first_and_seeds_differ() {
        assert_eq!(first(&[("a", 1), ("b", 0)]), [10_000, 0]);
        let orders: std::collections::HashSet<_> =
            (0..100).map(|seed| position(seed, "a", 1)).collect();
        assert_eq!(orders.len(), 100);
        assert_eq!(position(i64::MIN, "a", 3), position(i64::MIN, "a", 3));
    }
}
