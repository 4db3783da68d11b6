//! `chatkeep messages stats`

use std::collections::BTreeMap;

use chatkeep::{Analytics, AnalyticsFilter, Timestamp};

use super::totals;
use crate::args::messages::StatsOptions;
use crate::chart::{self, ChartRow};
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::{amount, thousands};
use crate::style;
use crate::terminal::Terminal;
use crate::text::visible_line;

const MAX_DAYS: usize = 30;
const MAX_NAMES: usize = 10;
const MAX_GAPS: usize = 8;
const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

pub(super) fn run(options: &StatsOptions, context: &Context) -> Result<u8, Failure> {
    if options.check || options.rebuild {
        return totals::run(options, context);
    }
    let filter = AnalyticsFilter {
        start: options.since,
        end: options.until,
        conversation_id: options.conversation_id,
        user_id: options.user_id,
    };
    let analytics = context.open()?.messages().get_analytics(&filter)?;
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
    // Without an average, no message has a number of tokens.
    if let Some(average) = analytics.average_tokens {
        facts.push(amount(analytics.total_tokens, "token"));
        facts.push(format!("{average:.1} tokens on average"));
    }
    if analytics.messages_with_cost > 0 {
        facts.push(format!("${}", analytics.total_cost));
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
    let mut section = |title, rows: &[ChartRow]| {
        out.push_str(&format!("\n{}\n{}", style::strong(title), chart::render(rows, terminal)));
    };
    section("By day", &by_day(&analytics.by_date));
    section("By provider", &by_name(&analytics.providers));
    section("By model", &by_name(&analytics.models));
    out
}

/// Returns bars for the last days with messages, and notes for gaps and earlier days.
fn by_day(days: &BTreeMap<String, i64>) -> Vec<ChartRow> {
    let earlier = days.len().saturating_sub(MAX_DAYS);
    let shown: Vec<_> = days.iter().skip(earlier).collect();
    let mut lines = Vec::new();
    if earlier > 0 {
        let messages: i64 = days.values().take(earlier).sum();
        let days = amount(earlier as u64, "day");
        lines.push(ChartRow::Note(format!("{days} earlier, with {}", amount(messages, "message"))));
    }
    let gaps: Vec<_> = std::iter::once(0)
        .chain(shown.windows(2).map(|pair| days_between(pair[0].0, pair[1].0)))
        .collect();
    // Many gaps are summarized in one note.
    let note_each = gaps.iter().filter(|gap| **gap > 0).count() <= MAX_GAPS;
    for ((day, count), gap) in shown.iter().zip(&gaps) {
        if *gap > 0 && note_each {
            lines.push(ChartRow::Note(format!("{} without messages", amount(*gap, "day"))));
        }
        lines.push(ChartRow::bar(day.as_str(), **count));
    }
    if !note_each {
        lines.push(ChartRow::Note("days without messages are omitted".to_owned()));
    }
    lines
}

/// Returns the number of days between two days.
fn days_between(first: &str, second: &str) -> i64 {
    match (day_number(first), day_number(second)) {
        (Some(first), Some(second)) => second - first - 1,
        _ => 0,
    }
}

/// Returns the number of days since 1970-01-01.
fn day_number(day: &str) -> Option<i64> {
    Timestamp::parse(day).ok().map(|start| start.as_microsecond().div_euclid(MICROSECONDS_PER_DAY))
}

/// Returns bars for the most frequent names, and a note for the rest.
fn by_name(names: &BTreeMap<String, i64>) -> Vec<ChartRow> {
    let mut sorted: Vec<_> = names.iter().collect();
    sorted.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    let mut lines: Vec<_> = sorted
        .iter()
        .take(MAX_NAMES)
        .map(|(name, count)| ChartRow::bar(visible_line(name, 60), **count))
        .collect();
    let rest = &sorted[lines.len()..];
    if !rest.is_empty() {
        let messages: i64 = rest.iter().map(|(_, count)| **count).sum();
        lines.push(ChartRow::Note(format!(
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
    use chatkeep::{Chatkeep, NewMessage, Usage};

    fn notes(rows: &[ChartRow]) -> Vec<&str> {
        let notes = rows.iter().map(|row| match row {
            ChartRow::Note(text) => text.as_str(),
            ChartRow::Bar { .. } => "",
        });
        notes.filter(|text| !text.is_empty()).collect()
    }

    #[test]
    fn gaps_between_days_have_notes() {
        let days = BTreeMap::from(
            ["2023-02-27", "2023-02-28", "2023-03-05"].map(|day| (day.to_owned(), 1)),
        );
        let lines = by_day(&days);
        assert_eq!(notes(&lines), ["4 days without messages"]);
        assert!(matches!(&lines[2], ChartRow::Note(_)));
    }

    #[test]
    fn many_gaps_share_one_note() {
        let days = (1..=15).map(|day| (format!("2023-02-{:02}", day * 2 - 1), 1)).collect();
        let lines = by_day(&days);
        assert_eq!(notes(&lines), ["days without messages are omitted"]);
        assert_eq!(lines.len(), 16);
    }

    #[test]
    fn at_most_thirty_days_have_bars() {
        let days: BTreeMap<_, _> = (1..=31)
            .flat_map(|day| [1, 3].map(|month| (format!("2023-{month:02}-{day:02}"), 2)))
            .collect();
        let lines = by_day(&days);
        assert_eq!(notes(&lines), ["32 days earlier, with 64 messages"]);
        assert_eq!(lines.len(), 31);
    }

    #[test]
    fn names_are_sorted_by_count_and_the_rest_is_summed() {
        let names: BTreeMap<_, _> = (1..=12).map(|n| (format!("model-{n:02}"), n)).collect();
        let lines = by_name(&names);
        assert!(matches!(&lines[0], ChartRow::Bar { label, value: 12 } if label == "model-12"));
        assert_eq!(notes(&lines), ["2 more, with 3 messages"]);
    }

    #[test]
    fn costs_are_summed_exactly() {
        let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
        let cost = Some("0.1".parse().expect("a cost"));
        let message = NewMessage::new("hi").with_usage(Usage { cost, ..Usage::default() });
        chat.messages().log_messages(&vec![message; 3]).expect("stored");
        let analytics = chat.messages().get_analytics(&AnalyticsFilter::default()).expect("read");
        let text = style::paint(&render(&analytics, &Terminal::plain(80)), false);
        assert!(text.starts_with("3 messages · $0.3\n"), "{text}");
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
        let analytics = chat.messages().get_analytics(&AnalyticsFilter::default()).expect("read");
        let text = style::paint(&render(&analytics, &Terminal::plain(80)), false);
        assert!(
            text.starts_with(
                "41 messages · 50,594 tokens · 1234.0 tokens on average\nfrom 2023-09-23 to \
                 2023-09-26 (UTC)\n"
            ),
            "{text}"
        );
        assert!(text.lines().all(|line| crate::text::width(line) <= 80), "{text}");
    }
}
