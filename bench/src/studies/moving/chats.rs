//! Generates realistic messages: their lengths, compressibility and metadata are like those of
//! published exchanges with language models. They are the same in every run.

use chatkeep::{Metadata, NewMessage, Timestamp};
use chatkeep_bench_protocol::Result;

use crate::studies::numbers::Numbers;

/// Distribution of text lengths: pairs of a rank per thousand and a length in characters,
/// interpolated linearly.
type Lengths = [(usize, usize)];
const QUESTIONS: &Lengths = &[
    (0, 48),
    (10, 57),
    (50, 86),
    (100, 115),
    (250, 199),
    (500, 345),
    (750, 677),
    (900, 1_225),
    (950, 1_867),
    (1_000, 2_560),
];
const ANSWERS: &Lengths = &[
    (0, 1),
    (10, 34),
    (50, 127),
    (100, 335),
    (250, 937),
    (500, 1_660),
    (750, 2_388),
    (900, 3_185),
    (950, 3_684),
    (990, 4_516),
    (1_000, 5_811),
];

/// The most common English words, which make up a third of a text.
const COMMON: [&str; 32] = [
    "the", "of", "and", "to", "a", "in", "is", "that", "for", "it", "you", "as", "with", "are",
    "be", "this", "on", "can", "or", "by", "not", "an", "your", "from", "have", "which", "will",
    "use", "if", "at", "more", "also",
];
/// Parts of the other words. An English dictionary would be too large for this file, and fewer
/// words would compress too well.
const BEGINNINGS: &[&str] = &[
    "b", "c", "ch", "cl", "d", "f", "g", "gr", "h", "l", "m", "n", "p", "pr", "r", "s", "sh", "st",
    "t", "th", "tr", "v", "w",
];
const VOWELS: &[&str] = &["a", "e", "i", "o", "u", "ai", "ea", "ou"];
const ENDS: &[&str] = &["n", "r", "s", "t", "l", "nd", "st", "ng", "ck", "m", "d"];
/// Binary logarithm of the number of words. Higher ranks are rarer (Zipf's law).
const POWERS: usize = 12;
/// Number of subject words of a text, which are repeated in it.
const SUBJECT: usize = 20;
const OF_SUBJECT: usize = 400;
/// One text in ten is not plain ASCII.
const NOT_ASCII: usize = 100;
const FOREIGN: &[&str] = &[
    "naïve",
    "größer",
    "l’été",
    "привет",
    "数据库",
    "データ",
    "البيانات",
    "😀",
    "👩‍💻",
    "→",
    "½",
    "żółć",
];

const PROVIDERS: &[(&str, &[&str])] = &[
    ("openai", &["gpt-3.5-turbo", "gpt-4", "gpt-4o-mini"]),
    ("anthropic", &["claude-v1", "claude-instant-v1"]),
    ("lmsys", &["vicuna-13b", "vicuna-7b"]),
    ("meta", &["llama-2-13b-chat"]),
];
/// 2025-01-01 and the length of a year, in microseconds.
const FIRST: i64 = 1_735_689_600_000_000;
const YEAR: i64 = 365 * 24 * 3_600 * 1_000_000;

/// A generator of messages.
pub(super) struct Chats {
    numbers: Numbers,
    words: Vec<String>,
    made: i64,
    total: i64,
}

impl Chats {
    /// Creates a generator of `total` messages, spread over a year.
    pub(super) fn new(total: usize) -> Self {
        let mut numbers = Numbers::new(0x5eed_cafe);
        let mut words: Vec<String> = COMMON.map(str::to_owned).into();
        while words.len() < 1 << POWERS {
            let syllables =
                1 + usize::from(numbers.happens(700)) + usize::from(numbers.happens(250));
            let mut word = String::new();
            for _ in 0..syllables {
                for part in [BEGINNINGS, VOWELS] {
                    word.push_str(part[numbers.below(part.len())]);
                }
                if numbers.happens(400) {
                    word.push_str(ENDS[numbers.below(ENDS.len())]);
                }
            }
            words.push(word);
        }
        Self { numbers, words, made: 0, total: i64::try_from(total).unwrap_or(i64::MAX).max(1) }
    }

    pub(super) fn next(&mut self) -> Result<NewMessage> {
        let numbers = &mut self.numbers;
        // Ids follow time, as in a log, and the microseconds are not round.
        let step = YEAR / self.total;
        let timestamp = FIRST + self.made * step + numbers.below(usize::try_from(step)?) as i64;
        self.made += 1;
        let question = length(QUESTIONS, numbers);
        let answer = length(ANSWERS, numbers);
        let (provider, models) = PROVIDERS[numbers.below(PROVIDERS.len())];
        let model = models[numbers.below(models.len())];
        let (session, user) = (numbers.next(), numbers.below(5_000));
        let (turn, rating) = (numbers.below(8), numbers.below(6));
        let (answered, counted, noted) =
            (!numbers.happens(20), !numbers.happens(100), !numbers.happens(100));

        let mut message = NewMessage::new(self.text(question))
            .with_timestamp(Timestamp::from_microsecond(timestamp)?)
            .with_provider(provider)
            .with_model(model);
        if answered {
            message = message.with_response(self.text(answer));
        }
        if counted {
            message = message.with_tokens_used(i64::try_from((question + answer) / 4)?);
        }
        if noted {
            let rating = rating as f64 / 2.0;
            let rest = format!(r#""rating": {rating}, "tags": ["chat", "größer \"5\""]"#);
            let metadata = format!(
                r#"{{"session": "{session:016x}", "turn": {turn}, "user": "u-{user}", {rest}}}"#
            );
            message = message.with_metadata(Metadata::parse(&metadata)?);
        }
        Ok(message)
    }

    /// Generates paragraphs of sentences with this many characters in total.
    fn text(&mut self, length: usize) -> String {
        let Self { numbers, words, .. } = self;
        let subject: [usize; SUBJECT] =
            std::array::from_fn(|_| COMMON.len() + numbers.below(words.len() - COMMON.len()));
        let foreign = numbers.happens(NOT_ASCII);
        let mut text = String::with_capacity(length + 16);
        // Counted by words, since all but the foreign ones are ASCII.
        let (mut characters, mut left_in_sentence) = (0, 5 + numbers.below(14));
        while characters < length {
            let word = if foreign && numbers.happens(60) {
                FOREIGN[numbers.below(FOREIGN.len())]
            } else if numbers.happens(OF_SUBJECT) {
                words[subject[numbers.below(SUBJECT)]].as_str()
            } else {
                let power = numbers.below(POWERS);
                words[(1 << power) - 1 + numbers.below(1 << power)].as_str()
            };
            text.push_str(word);
            left_in_sentence -= 1;
            let end = match left_in_sentence {
                0 if numbers.happens(250) => ".\n\n",
                0 if numbers.happens(50) => "\\n\t\"",
                0 => ". ",
                _ if numbers.happens(60) => ", ",
                _ => " ",
            };
            if left_in_sentence == 0 {
                left_in_sentence = 5 + numbers.below(14);
            }
            text.push_str(end);
            characters +=
                end.len() + if word.is_ascii() { word.len() } else { word.chars().count() };
        }
        if let Some((end, _)) = text.char_indices().nth(length) {
            text.truncate(end);
        }
        text
    }
}

/// Draws a length from a distribution.
fn length(lengths: &Lengths, numbers: &mut Numbers) -> usize {
    let rank = numbers.below(1000);
    let after =
        lengths.iter().position(|(shorter, _)| *shorter > rank).unwrap_or(lengths.len() - 1);
    let ((from, shortest), (to, longest)) = (lengths[after.saturating_sub(1)], lengths[after]);
    shortest + (longest - shortest) * (rank - from) / (to - from).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_realistic_lengths_and_are_reproducible() {
        const MESSAGES: usize = 2_000;
        let all = || {
            let mut chats = Chats::new(MESSAGES);
            (0..MESSAGES).map(|_| chats.next().unwrap()).collect::<Vec<_>>()
        };
        let messages = all();
        assert_eq!(messages, all());
        let median = |mut lengths: Vec<usize>| {
            lengths.sort_unstable();
            lengths[lengths.len() / 2]
        };
        let questions = median(messages.iter().map(|m| m.user_message.chars().count()).collect());
        let answers: Vec<&str> =
            messages.iter().filter_map(|m| m.bot_response.as_deref()).collect();
        assert!((300..400).contains(&questions), "{questions}");
        let middle = median(answers.iter().map(|text| text.chars().count()).collect());
        assert!((1_500..1_800).contains(&middle), "{middle}");
        assert!((1_900..2_000).contains(&answers.len()));
        let foreign = answers.iter().filter(|text| !text.is_ascii()).count();
        assert!((100..250).contains(&foreign), "{foreign}");
        let timestamps: Vec<_> =
            messages.iter().map(|message| message.timestamp.unwrap()).collect();
        assert!(timestamps.is_sorted());
        assert!(timestamps[0].to_string().starts_with("2025-01-01"), "{}", timestamps[0]);
        assert!(timestamps[MESSAGES - 1].to_string().starts_with("2025-12-31"));
    }
}
