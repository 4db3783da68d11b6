//! Shapes of the tables in legacy files.

/// Shape of a supported table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// `messages (id, message)`.
    Texts,
    /// `messages (id, type, message)`, where the type is the id of a session.
    Sessions,
    /// `messages (id, timestamp, user_message, bot_response, provider, model, tokens_used,
    /// metadata)`, also as created by SQLAlchemy.
    Log,
    /// `tokens (id, token_hash, description, created_at, expires_at, is_active, last_used_at)`.
    Tokens,
    /// The same columns in SQLAlchemy's `api_tokens`.
    ApiTokens,
}

impl Shape {
    /// Returns the columns in the order of [`RawRow::values`](super::RawRow::values).
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
            Self::Tokens | Self::ApiTokens => &[
                "id",
                "token_hash",
                "description",
                "created_at",
                "expires_at",
                "is_active",
                "last_used_at",
            ],
        }
    }

    /// Returns the name of the table.
    pub fn table(self) -> &'static str {
        match self {
            Self::Texts | Self::Sessions | Self::Log => "messages",
            Self::Tokens => "tokens",
            Self::ApiTokens => "api_tokens",
        }
    }

    /// Returns whether the rows are tokens.
    pub fn is_tokens(self) -> bool {
        matches!(self, Self::Tokens | Self::ApiTokens)
    }

    /// Returns the shape of a table, by its name and column names, and its unknown columns.
    ///
    /// # Errors
    /// A message that lists the missing columns.
    pub(super) fn of(table: &str, mut columns: Vec<String>) -> Result<(Self, Vec<String>), String> {
        let has = |name: &str| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
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
            let columns = if missing.len() == 1 { "a column" } else { "columns" };
            return Err(format!("table {table} lacks {columns}: {}", missing.join(", ")));
        }
        let known = shape.columns();
        columns.retain(|column| !known.iter().any(|name| column.eq_ignore_ascii_case(name)));
        Ok((shape, columns))
    }
}

/// A supported table in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LegacyTable {
    /// Shape of the table.
    pub shape: Shape,
    /// Number of rows.
    pub rows: u64,
    /// Names of unknown columns, in order.
    pub unknown: Vec<String>,
}

impl LegacyTable {
    /// Returns a name of SQLite's rowid that no column of the table has.
    pub(super) fn row_number(&self) -> &'static str {
        let is_free =
            |name: &&&str| !self.unknown.iter().any(|column| column.eq_ignore_ascii_case(name));
        ["rowid", "_rowid_", "oid"].iter().find(is_free).unwrap_or(&"rowid")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(table: &str, columns: &str) -> Result<(Shape, String), String> {
        let found = Shape::of(table, columns.split(' ').map(str::to_owned).collect());
        found.map(|(shape, unknown)| (shape, unknown.join(" ")))
    }

    #[test]
    fn shapes_are_identified_by_table_and_columns() {
        assert_eq!(of("messages", "id message"), Ok((Shape::Texts, String::new())));
        assert_eq!(of("messages", "ID type Message"), Ok((Shape::Sessions, String::new())));
        let log = "id timestamp user_message bot_response provider model tokens_used metadata";
        assert_eq!(of("messages", log), Ok((Shape::Log, String::new())));
        let tokens = "id token_hash description created_at expires_at is_active last_used_at";
        assert_eq!(of("tokens", tokens), Ok((Shape::Tokens, String::new())));
        assert_eq!(of("api_tokens", tokens), Ok((Shape::ApiTokens, String::new())));
    }

    #[test]
    fn missing_columns_are_errors_and_unknown_columns_are_returned() {
        let error = of("messages", "id user_message timestamp").unwrap_err();
        assert_eq!(
            error,
            "table messages lacks columns: bot_response, provider, model, tokens_used, metadata"
        );
        assert_eq!(
            of("messages", "id mood message Lang"),
            Ok((Shape::Texts, "mood Lang".to_owned()))
        );
        assert!(of("messages", "a b").unwrap_err().contains("user_message"));
        assert!(of("tokens", "id token_hash").unwrap_err().contains("expires_at"));
    }

    #[test]
    fn row_number_has_a_name_that_no_column_has() {
        let table = |unknown: &[&str]| LegacyTable {
            shape: Shape::Texts,
            rows: 0,
            unknown: unknown.iter().map(|name| (*name).to_owned()).collect(),
        };
        assert_eq!(table(&["mood"]).row_number(), "rowid");
        assert_eq!(table(&["ROWID", "mood"]).row_number(), "_rowid_");
        assert_eq!(table(&["rowid", "_rowid_"]).row_number(), "oid");
    }
}
