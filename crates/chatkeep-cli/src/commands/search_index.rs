//! `chatkeep search-index …`

use chatkeep::SearchIndexState;
use serde_json::json;

use crate::args::search_index::SearchIndexCommand;
use crate::context::Context;
use crate::failure::Failure;

pub(super) fn run(command: &SearchIndexCommand, context: &Context) -> Result<u8, Failure> {
    let chatkeep = context.open()?;
    let database = chatkeep.database();
    let terminal = &context.terminal;
    match command {
        SearchIndexCommand::Create => {
            let created = database.create_search_index()?;
            let text = if created {
                "the search index is ready"
            } else {
                "the search index already exists"
            };
            terminal.answer(&json!({ "created": created }), || format!("{text}\n"))?;
        }
        SearchIndexCommand::Drop => {
            let dropped = database.drop_search_index()?;
            let text =
                if dropped { "dropped the search index" } else { "there is no search index" };
            terminal.answer(&json!({ "dropped": dropped }), || format!("{text}\n"))?;
        }
        SearchIndexCommand::Status => {
            let state = database.search_index()?;
            let minimum = database.search_index_minimum()?;
            terminal.answer(
                &json!({ "state": state.name(), "minimum_characters": minimum }),
                || {
                    let scans = minimum.map_or_else(String::new, |minimum| {
                        format!("; searches for fewer than {minimum} characters scan all messages")
                    });
                    format!("{}{scans}\n", described(state))
                },
            )?;
        }
    }
    Ok(0)
}

/// Describes a state for the terminal.
fn described(state: SearchIndexState) -> &'static str {
    match state {
        SearchIndexState::Ready => "ready: searches for rare words use the index",
        SearchIndexState::Unfinished => {
            "unfinished: being built, interrupted, or built with another value of \
             ngram_token_size; `chatkeep search-index create` starts over"
        }
        SearchIndexState::Unsupported => {
            "unsupported on this engine: searches scan all messages, newest first"
        }
        _ => "absent: searches scan all messages, newest first",
    }
}
