//! Training data: one JSON object per line, in the requested format.

use chatkeep::{FineTuningFormat, NewMessage};
use serde_json::{Value, json};

use crate::every_engine::on_every_engine;
use crate::store::{Store, at, everything};

on_every_engine![
    each_format_has_its_documented_shape,
    messages_with_an_empty_side_are_omitted,
    an_export_is_filtered_and_ordered_oldest_first,
    a_failing_output_is_an_error,
];

fn export(store: &Store, format: FineTuningFormat, filter: &chatkeep::MessageFilter) -> Vec<Value> {
    let mut out = Vec::new();
    let count = store
        .messages()
        .export_for_fine_tuning(format, filter, &mut out)
        .expect("the export is written");
    let text = String::from_utf8(out).expect("UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'));
    let lines: Vec<_> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(lines.len() as u64, count);
    lines
}

fn log_exchange(store: &Store, question: &str, answer: &str, day: &str) {
    let message =
        NewMessage::new(question).with_response(answer).with_provider("p").with_timestamp(at(day));
    store.messages().log_message(&message).expect("the message is logged");
}

fn each_format_has_its_documented_shape(store: &Store) {
    let (question, answer) = ("say \"hi\"\nin \u{1f600}\u{2028}", "hi\\ \u{1}");
    log_exchange(store, question, answer, "2024-01-01");
    assert_eq!(
        export(store, FineTuningFormat::Jsonl, &everything()),
        [
            json!({"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]})
        ]
    );
    assert_eq!(
        export(store, FineTuningFormat::Alpaca, &everything()),
        [json!({"instruction": question, "input": "", "output": answer})]
    );
    assert_eq!(
        export(store, FineTuningFormat::ShareGpt, &everything()),
        [
            json!({"conversations": [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]})
        ]
    );
}

fn messages_with_an_empty_side_are_omitted(store: &Store) {
    assert_eq!(export(store, FineTuningFormat::Jsonl, &everything()), Vec::<Value>::new());
    store.round_trip(&NewMessage::new("no answer"));
    log_exchange(store, "an empty answer", "", "2024-01-01");
    log_exchange(store, "a blank answer", " \n", "2024-01-01");
    log_exchange(store, "", "no question", "2024-01-01");
    log_exchange(store, "kept", "an answer", "2024-01-01");
    let lines = export(store, FineTuningFormat::Alpaca, &everything());
    assert_eq!(lines, [json!({"instruction": "kept", "input": "", "output": "an answer"})]);
}

fn an_export_is_filtered_and_ordered_oldest_first(store: &Store) {
    for (question, day) in [
        ("third", "2024-01-03"),
        ("first", "2024-01-01"),
        ("second", "2024-01-02"),
        ("last", "2024-01-04"),
    ] {
        log_exchange(store, question, "a", day);
    }
    store.round_trip(
        &NewMessage::new("other provider").with_response("a").with_timestamp(at("2024-01-02")),
    );
    let filter = everything().with_provider("p").with_end(at("2024-01-03"));
    let questions: Vec<_> = export(store, FineTuningFormat::Alpaca, &filter)
        .into_iter()
        .map(|line| line["instruction"].as_str().expect("a text").to_owned())
        .collect();
    assert_eq!(questions, ["first", "second", "third"]);
}

fn a_failing_output_is_an_error(store: &Store) {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("disk full"))
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    log_exchange(store, "a", "b", "2024-01-01");
    let error = store
        .messages()
        .export_for_fine_tuning(FineTuningFormat::Jsonl, &everything(), &mut Full)
        .expect_err("the output fails");
    assert!(error.message().contains("disk full"), "{error}");
    assert_eq!(error.operation(), Some("export_for_fine_tuning"));
}
