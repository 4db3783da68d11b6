//! Lines as a chat backend writes them: parsed, stored, and serialized again unchanged.

use chatkeep::{AnalyticsFilter, NewMessage, Page};
use serde_json::Value;

use crate::every_engine::on_every_engine;
use crate::store::{Store, everything};

on_every_engine![exported_lines_round_trip, a_truncated_line_is_rejected];

const LINES: &str = r##"{"timestamp": "2023-09-23T21:02:11.539144+00:00", "user_message": "Grade this proof:\nTheorem: $\\forall A \\: (A \\cap B) \\cup (A - B) = A$\n\n> is it \"right\"?", "bot_response": "This proof is correct. Well done!", "provider": "openai", "model": "gpt-3.5-turbo", "tokens_used": null, "metadata": {"session": "5f1c", "turn": 1, "language": "English"}}
{"timestamp": "2023-09-23T21:02:11.539144+00:00", "user_message": "写一首关于秋天的诗 🍂", "bot_response": "秋风起,\n落叶黄。", "provider": "anthropic", "model": "claude-2", "tokens_used": 61, "metadata": {"session": "5f1c", "turn": 2, "language": "Chinese"}}
{"timestamp": "2023-10-01T00:00:00+00:00", "user_message": "SELECT * FROM users WHERE name = 'O''Brien' -- 100%", "bot_response": "```sql\nSELECT \\* …\n```", "provider": "openai", "model": "gpt-4", "tokens_used": 128, "metadata": {"tags": ["sql", "a\\b"], "score": 0.75, "big": 9007199254740993}}
{"timestamp": "2023-10-01T08:15:30.000001+00:00", "user_message": "שלום! مرحبا! Straße, naïve, coöperate", "bot_response": null, "provider": null, "model": null, "tokens_used": null, "metadata": null}
{"timestamp": "1999-12-31T23:59:59.999999+00:00", "user_message": "  indented\ttext \r\n", "bot_response": "", "provider": "lmsys", "model": "vicuna-13b", "tokens_used": 0, "metadata": {}}
"##;

fn log_lines(store: &Store) {
    let batch: Result<Vec<_>, _> = LINES.lines().map(NewMessage::from_json).collect();
    store
        .messages()
        .log_messages(&batch.expect("every line is a message"))
        .expect("the messages are logged");
}

fn exported_lines_round_trip(store: &Store) {
    log_lines(store);
    let mut expected: Vec<Value> =
        LINES.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for value in &mut expected {
        // The canonical form of timestamps.
        let timestamp = value["timestamp"].as_str().expect("a text");
        value["timestamp"] = crate::store::at(timestamp).to_string().into();
    }
    expected.sort_by_key(|value| value["timestamp"].as_str().map(str::to_owned));
    let stored: Vec<_> = store
        .all()
        .iter()
        .map(|message| {
            let mut value = serde_json::to_value(message).expect("JSON");
            let object = value.as_object_mut().expect("an object");
            object.remove("id");
            // The lines have no conversation, user or usage.
            object.retain(|key, value| LINES.contains(&format!("\"{key}\":")) || !value.is_null());
            value
        })
        .collect();
    assert_eq!(stored, expected);
    assert_eq!(store.found("straße").len(), 1);
    assert_eq!(store.found("100%").len(), 1);
    assert_eq!(
        store.texts(&everything().with_metadata("turn", 2).expect("a filter")),
        ["写一首关于秋天的诗 🍂"]
    );
    let totals =
        store.messages().get_analytics(&AnalyticsFilter::default()).expect("the query succeeds");
    assert_eq!(
        (totals.total_messages, totals.total_tokens, totals.average_tokens),
        (5, 189, Some(63.0))
    );
    assert_eq!(totals.providers.get("unknown"), Some(&1));
}

fn a_truncated_line_is_rejected(store: &Store) {
    let line = LINES.lines().next().expect("a line");
    for length in (1..line.len()).step_by(37).filter(|length| line.is_char_boundary(*length)) {
        let error =
            NewMessage::from_json(&line[..length]).expect_err("a truncated line is rejected");
        assert_eq!(error.field(), Some("message"), "{error}");
    }
    let page =
        store.messages().get_messages(&everything(), &Page::default()).expect("the query succeeds");
    assert!(page.is_empty());
}
