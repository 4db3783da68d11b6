//! Which tables such files have.

/// A table that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// `messages (id, message)`.
    Texts,
    /// `messages (id, type, message)`, where the type holds a session's id.
    Sessions,
    /// `messages (id, timestamp, user_message, bot_response, provider, model, tokens_used, metadata)`; SQLAlchemy's is the same.
    Log,
    /// `tokens (id, token_hash, description, created_at, expires_at, is_active, last_used_at)`.
    Tokens,
    /// The same in SQLAlchemy's `api_tokens`.
    ApiTokens,
}

impl Shape {
    /// The columns, in the order in which rows hold them.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Texts => &["id", "message"],
            Self::Sessions => &["id", "type", "message"],
            Self::Log => &[
                "id",
                "timestamp",
                "user_message",
                "bot_response",
                "provider",
                "model",
                "tokens_used",
                "metadata",
            ],
            Self::Tokens | Self::ApiTokens => {
                &["id", "token_hash", "description", "created_at", "expires_at", "is_active", "last_used_at"]
            }
        }
    }

    /// The table's name.
    pub fn table(self) -> &'static str {
        match self {
            Self::Texts | Self::Sessions | Self::Log => "messages",
            Self::Tokens => "tokens",
            Self::ApiTokens => "api_tokens",
        }
    }

    /// Whether its rows are tokens.
    pub fn is_tokens(self) -> bool {
        matches!(self, Self::Tokens | Self::ApiTokens)
    }

    /// The shape of a table, by its name and its columns' names.
    ///
    /// # Errors
    /// What is missing, or has no place here.
    pub(super) fn of(table: &str, columns: &[String]) -> Result<Self, String> {
        let has = |name: &str| columns.iter().any(|column| column == name);
        let shape = match table {
            "tokens" => Self::Tokens,
            "api_tokens" => Self::ApiTokens,
            _ if has("user_message") => Self::Log,
            _ if has("type") && has("message") => Self::Sessions,
            _ if has("message") => Self::Texts,
            _ => Self::Log,
        };
        let missing: Vec<_> = shape.columns().iter().copied().filter(|name| !has(name)).collect();
        if !missing.is_empty() {
            return Err(format!("table {table} lacks {}: {}", columns_of(missing.len()), missing.join(", ")));
        }
        let strange: Vec<_> =
            columns.iter().map(String::as_str).filter(|name| !shape.columns().contains(name)).collect();
        if !strange.is_empty() {
            return Err(format!(
                "table {table} has {} with no place here: {}",
                columns_of(strange.len()),
                strange.join(", ")
            ));
        }
        Ok(shape)
    }
}

fn columns_of(count: usize) -> &'static str {
    if count == 1 { "a column" } else { "columns" }
}

/// A table in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LegacyTable {
    /// Its shape.
    pub shape: Shape,
    /// How many rows it has.
    pub rows: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(table: &str, columns: &str) -> Result<Shape, String> {
        Shape::of(table, &columns.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_three_generations_are_told_apart_by_their_columns() {
        assert_eq!(of("messages", "id message"), Ok(Shape::Texts));
        assert_eq!(of("messages", "id type message"), Ok(Shape::Sessions));
        let log = "id timestamp user_message bot_response provider model tokens_used metadata";
        assert_eq!(of("messages", log), Ok(Shape::Log));
        let tokens = "id token_hash description created_at expires_at is_active last_used_at";
        assert_eq!(of("tokens", tokens), Ok(Shape::Tokens));
        assert_eq!(of("api_tokens", tokens), Ok(Shape::ApiTokens));
    }

    #[test]
    fn what_is_missing_or_strange_is_named() {
        let error = of("messages", "id user_message timestamp").unwrap_err();
        assert_eq!(
            error,
            "table messages lacks columns: bot_response, provider, model, tokens_used, metadata"
        );
        assert_eq!(
            of("messages", "id message mood"),
            Err("table messages has a column with no place here: mood".into())
        );
        assert!(of("messages", "a b").unwrap_err().contains("user_message"));
        assert!(of("tokens", "id token_hash").unwrap_err().contains("expires_at"));
    }
}
