//! Tests of transfers of streamed responses.

use chatkeep::{Chatkeep, NewStream, StreamEnd, StreamInfo, StreamStatus};

use crate::every_engine::on_every_engine;
use crate::every_target::on_every_target;
use crate::store::Store;

on_every_engine![streams_and_their_text_are_copied_and_restored];

/// Returns the streams with their text, newest first.
fn all(chat: &Chatkeep) -> Vec<(StreamInfo, Option<String>)> {
    let page = chat.streams().list_streams(None, None, false, 100, None).expect("listed");
    let text = |id: &str| chat.streams().get_stream_text(id).expect("the database answers");
    let with_text = |stream: StreamInfo| {
        let text = text(&stream.public_id);
        (stream, text)
    };
    page.streams.into_iter().map(with_text).collect()
}

fn fill(store: &Store) {
    let metadata = chatkeep::Metadata::parse(r#"{"n":18446744073709551615}"#).expect("metadata");
    let new = NewStream::default().with_provider("openai").with_metadata(metadata);
    for (number, texts) in [&["a", "é😀\r\n\t\\N"][..], &[], &["x"]].into_iter().enumerate() {
        let id = store.streams().create_stream(&new).expect("created").public_id;
        for text in texts {
            store.streams().append(&id, &text.repeat(100_000 / (number + 1))).expect("appended");
            store.streams().flush_stream(&id).expect("stored");
        }
        store.streams().cancel_stream(&id).expect("requested");
        if number < 2 {
            let end = StreamEnd {
                status: StreamStatus::Failed,
                error: Some("a 'reason'".to_owned()),
                tokens: Some(i64::MAX),
                cost: Some("0.000000001".parse().expect("a cost")),
            };
            store.streams().finish_stream(&id, &end).expect("ended");
        }
    }
}

fn streams_and_their_text_are_copied_and_restored(store: &Store) {
    fill(store);
    let before = all(store);
    on_every_target(store, &[("chat_streams", 3)], |target| {
        assert_eq!(all(target), before, "{}", target.engine());
        let id = target.streams().create_stream(&NewStream::default()).expect("created");
        target.streams().append(&id.public_id, "new").expect("appended");
        target.streams().flush_stream(&id.public_id).expect("the id of the chunk is new");
    });
}
