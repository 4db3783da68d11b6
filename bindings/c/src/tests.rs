//! Runs the scenarios of `tests/vectors/operations` through the exported functions.
#![expect(unsafe_code, reason = "the functions are called as C calls them")]

use std::ptr;

use chatkeep_testkit::scenarios::{CallError, run_scenarios};
use chatkeep_testkit::{Engine, TestDatabase};
use serde_json::{Map, Value, json};

use crate::abi::{ChatkeepAnswer, chatkeep_call, chatkeep_close, chatkeep_free, chatkeep_open};

#[test]
fn every_scenario_passes() {
    run_scenarios(Engine::Sqlite, TestDatabase::create, |url, settings| {
        let store = Store::open(url, settings);
        move |call, arguments| match call {
            "messages.iter_messages" => store.all_messages(arguments),
            _ => store.call(call, &arguments),
        }
    });
}

/// A handle that is closed when it is dropped.
struct Store(u64);

impl Store {
    fn open(url: &str, settings: &Map<String, Value>) -> Self {
        let mut all = settings.clone();
        all.extend([("url".to_owned(), json!(url)), ("pool_size".to_owned(), json!(4))]);
        let settings = json!(all).to_string();
        let mut handle = 0;
        // SAFETY: the text and the handle are valid during the call.
        let answer =
            unsafe { chatkeep_open(settings.as_ptr().cast(), settings.len(), &raw mut handle) };
        result(answer).expect("the URL is valid");
        Self(handle)
    }

    fn call(&self, operation: &str, arguments: &Map<String, Value>) -> Result<Value, CallError> {
        let arguments = json!(arguments).to_string();
        // SAFETY: the texts are valid during the call.
        result(unsafe {
            chatkeep_call(
                self.0,
                operation.as_ptr().cast(),
                operation.len(),
                arguments.as_ptr().cast(),
                arguments.len(),
                ptr::null(),
            )
        })
    }

    /// Iterates over the messages, a page at a time.
    fn all_messages(&self, mut arguments: Map<String, Value>) -> Result<Value, CallError> {
        let mut messages = Vec::new();
        loop {
            let mut page = self.call("messages.iter_messages", &arguments)?;
            messages.append(page["messages"].as_array_mut().expect("a page has messages"));
            if page["position"].is_null() {
                return Ok(messages.into());
            }
            arguments.insert("position".to_owned(), page["position"].take());
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: the flag may be null.
        let closed = result(unsafe { chatkeep_close(self.0, 30.0, ptr::null()) });
        assert!(closed.is_ok(), "{closed:?}");
    }
}

/// Reads an answer and frees it.
fn result(answer: ChatkeepAnswer) -> Result<Value, CallError> {
    // SAFETY: the answer has this text until it is freed.
    let text = unsafe { std::slice::from_raw_parts(answer.data.cast::<u8>(), answer.length) };
    let value: Value = serde_json::from_slice(text).expect("an answer is JSON");
    let is_error = answer.is_error;
    // SAFETY: it is freed once.
    unsafe { chatkeep_free(answer) };
    if !is_error {
        return Ok(value);
    }
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    Err(CallError {
        kind: text("kind").unwrap_or_default(),
        field: text("field"),
        message: text("message").unwrap_or_default(),
    })
}
