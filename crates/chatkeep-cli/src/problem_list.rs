//! Problems of an import as text.

use crate::numbers::thousands;

/// Maximum number of problems shown as text. JSON output lists more.
const MAX_SHOWN: usize = 20;

/// Formats the first problems, each as its own line, and the number of the others.
pub(crate) fn list<T>(problems: &[T], line: impl FnMut(&T) -> String) -> String {
    let mut out: String = problems.iter().take(MAX_SHOWN).map(line).collect();
    let more = problems.len().saturating_sub(MAX_SHOWN);
    if more > 0 {
        out.push_str(&format!("{} more; use --json to list them\n", thousands(more as u64)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_after_the_twentieth_are_counted() {
        let text = list(&["x"; 23], |problem| format!("{problem}\n"));
        assert_eq!(text, format!("{}3 more; use --json to list them\n", "x\n".repeat(20)));
        assert_eq!(list(&["x"; 20], |problem| format!("{problem}\n")), "x\n".repeat(20));
    }
}
