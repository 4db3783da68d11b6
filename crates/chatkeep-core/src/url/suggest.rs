//! Suggestions for misspelled names.

/// Returns the known word with the smallest edit distance to `typed`, if it is small enough for a
/// typing error.
pub(super) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    // A third of the letters may differ: "postgrseql" is close to "postgresql", but "ssl" is not
    // close to "tls".
    let limit = (typed.chars().count() / 3).clamp(1, 3);
    if typed.len() > 64 {
        return None;
    }
    known
        .into_iter()
        .map(|word| (distance(&typed, word), word))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Returns ` (did you mean …?)` for the nearest known word, or an empty string.
pub(super) fn hint<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(typed, known).map(|word| format!(" (did you mean {word}?)")).unwrap_or_default()
}

/// Returns the edit distance: the number of letters to add, delete, change or swap with a neighbour
/// to turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}
