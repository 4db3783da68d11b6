//! `chatkeep messages stats`

use std::collections::BTreeMap;

use chatkeep::{Analytics, Timestamp};

use super::totals;
use crate::args::messages::StatsOptions;
use crate::chart::{self, Line};
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::{amount, thousands};
use crate::style;
use crate::terminal::Terminal;
use crate::text::visible_line;

const MOST_DAYS: usize = 30;
const MOST_NAMES: usize = 10;
const MOST_GAPS: usize = 8;
const MICROSECONDS_A_DAY: i64 = 86_400_000_000;

pub(super) fn run(options: &StatsOptions, context: &Context) -> Result<u8, Failure> {
    if options.check || options.rebuild {
        return totals::run(options, context);
    }
    let analytics = context.open()?.messages().get_analytics(options.since, options.until)?;
    let terminal = &context.terminal;
    if !terminal.json && analytics.total_messages == 0 {
        terminal.note("no messages");
        return Ok(0);
    }
    terminal.answer(&analytics, || render(&analytics, terminal))?;
    Ok(0)
}

fn render(analytics: &Analytics, terminal: &Terminal) -> String {
    let mut facts = vec![amount(analytics.total_messages, "message")];
    // Without an average no message says how many tokens it took.
    if let Some(average) = analytics.average_tokens {
        facts.push(amount(analytics.total_tokens, "token"));
        facts.push(format!("{average:.1} tokens on average"));
    }
    let mut out = style::strong(&facts.join(terminal.separator()));
    out.push('\n');
    if let (Some((first, _)), Some((last, _))) =
        (analytics.by_date.first_key_value(), analytics.by_date.last_key_value())
    {
        let range =
            if first == last { format!("on {first}") } else { format!("from {first} to {last}") };
        out.push_str(&style::dim(&format!("{range} (UTC)")));
        out.push('\n');
    }
    let mut section = |title, lines: &[Line]| {
        out.push_str(&format!("\n{}\n{}", style::strong(title), chart::render(lines, terminal)));
    };
    section("By day", &by_day(&analytics.by_date));
    section("By provider", &by_name(&analytics.providers));
    section("By model", &by_name(&analytics.models));
    out
}

/// The last days with messages, with words for the days between them that have none and for all that came before.
fn by_day(days: &BTreeMap<String, i64>) -> Vec<Line> {
    let earlier = days.len().saturating_sub(MOST_DAYS);
    let shown: Vec<_> = days.iter().skip(earlier).collect();
    let mut lines = Vec::new();
    if earlier > 0 {
        let messages: i64 = days.values().take(earlier).sum();
        let days = amount(earlier as u64, "day");
        lines.push(Line::Words(format!("{days} before, with {}", amount(messages, "message"))));
    }
    let gaps: Vec<_> = std::iter::once(0)
        .chain(shown.windows(2).map(|pair| days_between(pair[0].0, pair[1].0)))
        .collect();
    // Where every other line would be such words, they are said once.
    let tell_each = gaps.iter().filter(|gap| **gap > 0).count() <= MOST_GAPS;
    for ((day, count), gap) in shown.iter().zip(&gaps) {
        if *gap > 0 && tell_each {
            lines.push(Line::Words(format!("{} without messages", amount(*gap, "day"))));
        }
        lines.push(Line::bar(day.as_str(), **count));
    }
    if !tell_each {
        lines.push(Line::Words("days without messages are left out".to_owned()));
    }
    lines
}

/// How many days lie between two days.
fn days_between(first: &str, second: &str) -> i64 {
    match (day_number(first), day_number(second)) {
        (Some(first), Some(second)) => second - first - 1,
        _ => 0,
    }
}

/// Days since 1970.
fn day_number(day: &str) -> Option<i64> {
    Timestamp::parse(day).ok().map(|start| start.as_microsecond().div_euclid(MICROSECONDS_A_DAY))
}

/// The most frequent first, and the rest in words.
fn by_name(names: &BTreeMap<String, i64>) -> Vec<Line> {
    let mut sorted: Vec<_> = names.iter().collect();
    sorted.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    let mut lines: Vec<_> = sorted
        .iter()
        .take(MOST_NAMES)
        .map(|(name, count)| Line::bar(visible_line(name, 60), **count))
        .collect();
    let rest = &sorted[lines.len()..];
    if !rest.is_empty() {
        let messages: i64 = rest.iter().map(|(_, count)| **count).sum();
        lines.push(Line::Words(format!(
            "{} more, with {}",
            thousands(rest.len() as u64),
            amount(messages, "message")
        )));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatkeep::{Chatkeep, NewMessage};

    fn words(lines: &[Line]) -> Vec<&str> {
        let words = lines.iter().map(|line| match line {
            Line::Words(words) => words.as_str(),
            Line::Bar { .. } => "",
        });
        words.filter(|words| !words.is_empty()).collect()
    }

    #[test]
    fn days_without_messages_are_said_in_words() {
        let days = BTreeMap::from(
            ["2023-02-27", "2023-02-28", "2023-03-05"].map(|day| (day.to_owned(), 1)),
        );
        let lines = by_day(&days);
        assert_eq!(words(&lines), ["4 days without messages"]);
        assert!(matches!(&lines[2], Line::Words(_)));
    }

    #[test]
    fn many_gaps_are_said_once() {
        let days = (1..=15).map(|day| (format!("2023-02-{:02}", day * 2 - 1), 1)).collect();
        let lines = by_day(&days);
        assert_eq!(words(&lines), ["days without messages are left out"]);
        assert_eq!(lines.len(), 16);
    }

    #[test]
    fn only_thirty_days_have_bars() {
        let days: BTreeMap<_, _> = (1..=31)
            .flat_map(|day| [1, 3].map(|month| (format!("2023-{month:02}-{day:02}"), 2)))
            .collect();
        let lines = by_day(&days);
        assert_eq!(words(&lines), ["32 days before, with 64 messages"]);
        assert_eq!(lines.len(), 31);
    }

    #[test]
    fn the_most_frequent_names_come_first_and_the_rest_is_summed() {
        let names: BTreeMap<_, _> = (1..=12).map(|n| (format!("model-{n:02}"), n)).collect();
        let lines = by_name(&names);
        assert!(matches!(&lines[0], Line::Bar { label, value: 12 } if label == "model-12"));
        assert_eq!(words(&lines), ["2 more, with 3 messages"]);
    }

    #[test]
    fn statistics_fit_eighty_columns() {
        let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
        let message = |provider: &str, day: &str| {
            let time = Timestamp::parse(day).expect("a day");
            NewMessage::new("hi")
                .with_timestamp(time)
                .with_provider(provider)
                .with_tokens_used(1_234)
        };
        let mut messages = vec![message("openai", "2023-09-23"); 40];
        messages.push(message("anthropic", "2023-09-26").with_model("claude-3-haiku"));
        chat.messages().log_messages(&messages).expect("stored");
        let analytics = chat.messages().get_analytics(None, None).expect("read");
        let text = style::paint(&render(&analytics, &Terminal::plain(80)), false);
        assert!(
            text.starts_with(
                "41 messages · 50,594 tokens · 1234.0 tokens on average\nfrom 2023-09-23 to 2023-09-26 (UTC)\n"
            ),
            "{text}"
        );
        assert!(text.lines().all(|line| crate::text::width(line) <= 80), "{text}");
    }
}
