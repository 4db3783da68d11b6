//! The words and phrases to avoid, and how they are found.

/// Phrases to avoid, as lower-case words. `STYLE.md` says what to write instead.
const AVOIDED: &[&str] = &[
    // Name the actor and the noun.
    "who",
    "whoever",
    "whom",
    "somebody",
    "nobody",
    "everybody",
    "what is",
    "what are",
    "what was",
    "what were",
    "what has",
    "what had",
    "what can",
    "what cannot",
    // Give numbers and units.
    "so many",
    "so long",
    "as many as",
    "at the longest",
    // Say that something is invalid.
    "cannot be",
    "is no",
    "is none",
    // Return, report, resolve, notify.
    "tell",
    "tells",
    "told",
    "say",
    "says",
    "said",
    "the word",
    "word on",
    "word of",
    "moment",
    "moments",
    "behind",
    "anew",
    "meanwhile",
    "by itself",
    "by themselves",
    "of itself",
    "lies",
    "goes",
    "comes",
    "gone",
    "room",
    // No images.
    "house",
    "rooms",
    "moving in",
    "bell",
    "crew",
    "errand",
    "door",
];

/// Ordinary English that contains an avoided phrase.
const ALLOWED: &[&str] = &[
    "there is no",
    "there is none",
    "it is no longer",
    "is no longer",
    "behind a proxy",
    "behind a pooler",
    "behind pgbouncer",
    "behind a load balancer",
];

/// Splits `text` into lower-case words, without code between backticks and without addresses.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len());
    // Python's docstrings mark code with two backticks.
    for (index, part) in text.replace("``", "`").split('`').enumerate() {
        // A code span counts as one word, so that the words around it do not meet.
        plain.push_str(if index % 2 == 0 { part } else { " code " });
    }
    plain
        .split_whitespace()
        .filter(|word| !word.contains("://") && !word.contains('_') && !word.contains("::"))
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’'))
        .map(|word| word.trim_matches(['\'', '’']).to_lowercase())
        .filter(|word| word.chars().any(char::is_alphabetic))
        .collect()
}

/// Returns the avoided phrases in `tokens`, each as often as it occurs.
pub(super) fn found(tokens: &[String]) -> Vec<&'static str> {
    let mut allowed = vec![false; tokens.len()];
    for phrase in ALLOWED {
        let words: Vec<&str> = phrase.split(' ').collect();
        for start in starts(tokens, &words) {
            allowed[start..start + words.len()].fill(true);
        }
    }
    let mut found = Vec::new();
    for phrase in AVOIDED {
        let words: Vec<&str> = phrase.split(' ').collect();
        found.extend(starts(tokens, &words).filter(|start| !allowed[*start]).map(|_| *phrase));
    }
    found
}

fn starts<'a>(tokens: &'a [String], words: &'a [&str]) -> impl Iterator<Item = usize> + 'a {
    let same = move |window: &[String]| window.iter().zip(words).all(|(a, b)| a == b);
    tokens
        .windows(words.len())
        .enumerate()
        .filter(move |(_, window)| same(window))
        .map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(text: &str) -> Vec<&'static str> {
        found(&tokens(text))
    }

    #[test]
    fn avoided_phrases_are_found_in_any_case_and_punctuation() {
        assert_eq!(phrases("Who waits is told: what\nis stored."), ["who", "what is", "told"]);
        assert_eq!(phrases("The caller waits for the stored id."), [] as [&str; 0]);
    }

    #[test]
    fn ordinary_english_is_allowed() {
        assert_eq!(phrases("There is no free connection."), [] as [&str; 0]);
        assert_eq!(phrases("This is no connection."), ["is no"]);
    }

    #[test]
    fn code_and_addresses_are_skipped() {
        assert_eq!(phrases("``behind``: a state."), [] as [&str; 0]);
        assert_eq!(phrases("See `who()` at https://example.com/who and fn_who."), [] as [&str; 0]);
    }
}
