//! Names in documentation, in the spelling of each language.

/// How a language spells names.
pub(crate) trait Spelling {
    /// Returns a reference to a method, such as `TokenManager::revoke_token`. The class is empty
    /// for the class of the documented method.
    fn method(&self, class: &str, method: &str) -> String;
    /// Returns a code span: a value such as `None`, the name of an argument, or other code.
    fn code(&self, code: &str) -> String;
}

/// Rewrites the code spans and links of a text.
pub(crate) fn spell(text: &str, spelling: &dyn Spelling) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        let (before, after) = rest.split_at(start);
        let Some(end) = after[1..].find('`') else { break };
        let code = &after[1..=end];
        rest = &after[end + 2..];
        // A link is `[`Class::method`]`.
        let link = before.strip_suffix('[').zip(rest.strip_prefix(']'));
        match link.zip(code.split_once("::")) {
            Some(((before, after), (class, method))) => {
                out.push_str(before);
                out.push_str(&spelling.method(class, method));
                rest = after;
            }
            None => {
                out.push_str(before);
                out.push_str(&spelling.code(code));
            }
        }
    }
    out + rest
}

/// Converts snake case to camel case: `token_id` to `tokenId`.
pub(crate) fn camel(name: &str) -> String {
    let mut out = String::new();
    let mut is_next_upper = false;
    for character in name.chars() {
        if character == '_' {
            is_next_upper = true;
        } else if is_next_upper {
            out.extend(character.to_uppercase());
            is_next_upper = false;
        } else {
            out.push(character);
        }
    }
    out
}

/// Converts snake case to Pascal case: `get_messages` to `GetMessages`.
pub(crate) fn pascal(name: &str) -> String {
    let name = camel(name);
    name[..1].to_uppercase() + &name[1..]
}

/// Returns the name in snake case of a store's attribute with an object of a class:
/// `token_manager` of `TokenManager`.
///
/// In Rust and Go, the name of the interface is used: `chat.tokens()` and `chat.Tokens`.
pub(crate) fn attribute(class: &str) -> String {
    if class == "DatabaseManager" {
        return "db_manager".to_owned();
    }
    let mut out = String::new();
    for character in class.chars() {
        if character.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(character.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Loud;

    impl Spelling for Loud {
        fn method(&self, class: &str, method: &str) -> String {
            format!("<{class}.{method}>")
        }

        fn code(&self, code: &str) -> String {
            code.to_uppercase()
        }
    }

    #[test]
    fn links_and_code_are_respelled() {
        let text = "That [`A::b`] returns `None` or `x`.";
        assert_eq!(spell(text, &Loud), "That <A.b> returns NONE or X.");
        assert_eq!(camel("last_used_at"), "lastUsedAt");
        assert_eq!(pascal("get_messages"), "GetMessages");
    }

    #[test]
    fn attribute_is_the_class_in_snake_case() {
        assert_eq!(attribute("MessageLogger"), "message_logger");
        assert_eq!(attribute("DatabaseManager"), "db_manager");
    }
}
