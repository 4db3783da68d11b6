//! Random calls of two handles on a few streams, compared with a simple model.

use std::time::Duration;

use chatkeep::{Chatkeep, ErrorKind, StreamEnd, StreamStatus};
use chatkeep_testkit::Engine;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use super::create;
use crate::every_engine::on_every_engine;
use crate::store::{Store, TIMEOUT};

on_every_engine![streams_match_the_model];

const STREAMS: usize = 3;

#[derive(Debug, Clone)]
enum Call {
    Append(String),
    Flush,
    Read { after: Index, limit: i64 },
    Text,
    Cancel,
    Finish(StreamStatus),
}

/// A call, with the handle and the stream.
type Step = (bool, usize, Call);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let status = select(vec![StreamStatus::Completed, StreamStatus::Failed]);
    let call = prop_oneof![
        6 => "[aé😀 ]{0,6}".prop_map(Call::Append),
        2 => Just(Call::Flush),
        3 => (any::<Index>(), 1..5_i64).prop_map(|(after, limit)| Call::Read { after, limit }),
        1 => Just(Call::Text),
        1 => Just(Call::Cancel),
        1 => status.prop_map(Call::Finish),
    ];
    prop::collection::vec((any::<bool>(), 0..STREAMS, call), 1..60)
}

/// The expected state of a stream.
#[derive(Default)]
struct Model {
    stored: String,
    writer: Option<usize>,
    cancelled: bool,
    ended: Option<StreamStatus>,
    handles: [HandleModel; 2],
}

/// The state of a stream in a handle.
#[derive(Default, Clone)]
struct HandleModel {
    buffered: String,
    /// Whether something was appended since the last flush, perhaps an empty text.
    has_work: bool,
    has_appended: bool,
    cancelled: bool,
    /// Whether every later append fails.
    closed: bool,
    /// Whether text was lost and no call has reported it.
    unreported: bool,
}

impl Model {
    /// Flushes the handle's text.
    fn flush(&mut self, handle: usize) {
        let own = &mut self.handles[handle];
        if !std::mem::take(&mut own.has_work) {
            return;
        }
        let text = std::mem::take(&mut own.buffered);
        if self.ended.is_some() || self.writer.is_some_and(|writer| writer != handle) {
            (own.closed, own.unreported) = (true, !text.is_empty());
            return;
        }
        own.cancelled |= self.cancelled;
        if !text.is_empty() {
            self.writer = Some(handle);
            self.stored.push_str(&text);
        }
    }
}

/// Flushes a stream, if it has anything to store. A round stores the text of all streams.
fn flush(models: &mut [Model], stream: usize, handle: usize) {
    if models[stream].handles[handle].has_work {
        models.iter_mut().for_each(|model| model.flush(handle));
    }
}

fn streams_match_the_model(store: &Store) {
    let cases = if store.engine() == Engine::Sqlite { 60 } else { 15 };
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    // Nothing is flushed in the background, so that the model knows all stored chunks.
    let open = || {
        let builder = Chatkeep::builder().url(store.raw.url()).pool_size(2).max_overflow(2);
        let builder = builder.stream_flush(Duration::from_secs(60)).stream_buffer(1_000_000);
        builder.open().expect("the settings are valid")
    };
    let run = |steps: Vec<Step>| {
        let handles = [open(), open()];
        let ids: Vec<_> = (0..STREAMS).map(|_| create(store)).collect();
        let mut models: Vec<_> = (0..STREAMS).map(|_| Model::default()).collect();
        for (handle, stream, call) in steps {
            let handle = usize::from(handle);
            perform(&handles[handle], &ids[stream], &mut models, stream, handle, call);
        }
        for (index, chat) in handles.iter().enumerate() {
            // Errors of lost text are expected here.
            let _ = chat.close(TIMEOUT);
            for model in &mut models {
                model.flush(index);
            }
        }
        for (id, model) in ids.iter().zip(&models) {
            assert_eq!(super::text(store, id), model.stored);
        }
        Ok(())
    };
    if let Err(failure) = TestRunner::new(config).run(&steps(), run) {
        panic!("{failure}");
    }
}

fn perform(
    chat: &Chatkeep,
    id: &str,
    models: &mut [Model],
    stream: usize,
    handle: usize,
    call: Call,
) {
    let streams = chat.streams();
    let conflict = Err(ErrorKind::Conflict);
    match call {
        Call::Append(text) => {
            let outcome = streams.append(id, &text).map_err(|error| error.kind());
            let own = &mut models[stream].handles[handle];
            if own.closed {
                assert_eq!(outcome, conflict);
                own.unreported = false;
            } else {
                assert_eq!(outcome, Ok(own.cancelled));
                own.buffered.push_str(&text);
                (own.has_work, own.has_appended) = (true, true);
            }
        }
        Call::Flush => {
            let outcome = streams.flush_stream(id).map_err(|error| error.kind());
            flush(models, stream, handle);
            let own = &mut models[stream].handles[handle];
            assert_eq!(outcome, if own.closed { conflict } else { Ok(own.cancelled) });
            own.unreported = false;
        }
        Call::Read { after, limit } => {
            let model = &models[stream];
            let all = super::read(chat, id, 0);
            let after = after.index(all.chunks.len() + 1);
            let read = streams.read(id, after as i64, limit, 0.0).expect("the query succeeds");
            let read = read.expect("the stream exists");
            let rest = &all.chunks[after..];
            assert_eq!(read.chunks, rest[..rest.len().min(limit as usize)]);
            assert_eq!(read.done, model.ended.is_some() && rest.len() <= limit as usize);
            assert_eq!(read.status, model.ended.unwrap_or(StreamStatus::Running));
            let text: String = all.chunks.iter().map(|chunk| chunk.text.as_str()).collect();
            assert_eq!(text, model.stored);
        }
        Call::Text => {
            let text = streams.get_stream_text(id).expect("the query succeeds");
            assert_eq!(text.as_deref(), Some(models[stream].stored.as_str()));
        }
        Call::Cancel => {
            let model = &mut models[stream];
            let cancelled = streams.cancel_stream(id).expect("the query succeeds");
            assert_eq!(cancelled, !model.cancelled && model.ended.is_none());
            model.cancelled |= cancelled;
            // Only a handle that has appended something has a state of the stream.
            let own = &mut model.handles[handle];
            own.cancelled |= cancelled && own.has_appended;
        }
        Call::Finish(status) => {
            let outcome = streams.finish_stream(id, &StreamEnd::new(status));
            let had_work = models[stream].handles[handle].has_work;
            flush(models, stream, handle);
            let model = &mut models[stream];
            let own = &mut model.handles[handle];
            let has_failed = own.closed && (had_work || own.unreported);
            own.unreported = false;
            if has_failed {
                assert_eq!(
                    outcome.map(drop).map_err(|error| error.kind()),
                    Err(ErrorKind::Conflict)
                );
                return;
            }
            own.closed = true;
            let finished = outcome.expect("the query succeeds");
            assert_eq!(finished.ended, model.ended.is_none());
            assert_eq!(finished.stream.status, *model.ended.get_or_insert(status));
        }
    }
}
