//! Recognition of names that secrets usually have.

/// Words that name a secret.
const WORDS: &[&str] =
    &["password", "passwd", "passphrase", "secret", "token", "apikey", "credential"];
/// Pairs of adjacent words that name a secret.
const PAIRS: &[(&str, &str)] = &[("api", "key"), ("private", "key"), ("access", "key")];

/// Returns whether a name is usually that of a secret, such as `openai.apiKey` or `SMTP_PASSWORD`.
///
/// The name is split at characters that are neither letters nor digits, and at changes from lower
/// to upper case. Words are compared as a whole, without digits at their end. So `apikey2` is the
/// name of a secret, and `max_tokens` is not.
pub(crate) fn looks_like_secret(name: &str) -> bool {
    let words = words(name);
    words.iter().any(|word| WORDS.contains(&word.as_str()))
        || words.windows(2).any(|pair| PAIRS.contains(&(&pair[0], &pair[1])))
}

/// Returns the words of a name, in lower case and without digits at their end.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let characters: Vec<char> = name.chars().collect();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(index + 1);
        let begins = character.is_uppercase()
            && before.is_some_and(|before| {
                // `apiKey`, and `APIKey`, where the last capital begins a word.
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if begins || !character.is_alphanumeric() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (character.is_alphanumeric(), words.last_mut()) {
            word.extend(character.to_lowercase());
        }
    }
    let words = words.iter().map(|word| word.trim_end_matches(char::is_numeric).to_owned());
    words.filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_recognized_in_every_spelling() {
        for name in [
            "password",
            "PASSWORD",
            "smtp.password",
            "smtp_Passwd",
            "dbPassword",
            "passphrase",
            "client_secret",
            "clientSecret",
            "ClientSecretV2",
            "token",
            "github-token",
            "apikey",
            "apikey2",
            "api_key_2",
            "PASSWORD1",
            "apiKey",
            "api_key",
            "API_KEY",
            "APIKey",
            "openai.api.key",
            "OpenAIApiKey",
            "private key",
            "privateKeyPem",
            "aws/access/key",
            "accessKeyId",
            "credential",
            "é.secret",
            "a:token:b",
        ] {
            assert!(looks_like_secret(name), "{name}");
        }
    }

    #[test]
    fn other_names_are_not_those_of_secrets() {
        for name in [
            "",
            ".",
            "max_tokens",
            "maxTokens",
            "tokens",
            "tokenizer",
            "secretary",
            "passwords.md",
            "key",
            "keys",
            "api",
            "api_keyboard",
            "api.max_key",
            "primary_key",
            "public_key",
            "accessibility key",
            "theme",
            "ключ",
            "apıkey",
        ] {
            assert!(!looks_like_secret(name), "{name}");
        }
    }
}
