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
                "there is a search index already"
            };
            terminal.answer(&json!({ "created": created }), || format!("{text}\n"))?;
        }
        SearchIndexCommand::Drop => {
            let dropped = database.drop_search_index()?;
            let text =
                if dropped { "the search index is dropped" } else { "there is no search index" };
            terminal.answer(&json!({ "dropped": dropped }), || format!("{text}\n"))?;
        }
        SearchIndexCommand::Status => {
            let state = database.search_index()?;
            let minimum = database.search_index_minimum()?;
            terminal.answer(&json!({ "state": state.name(), "minimum_characters": minimum }), || {
                let scans = minimum.map_or_else(String::new, |minimum| {
                    format!("; texts of fewer than {minimum} characters are looked for in every message")
                });
                format!("{}{scans}\n", described(state))
            })?;
        }
    }
    Ok(0)
}

fn described(state: SearchIndexState) -> &'static str {
    match state {
        SearchIndexState::Ready => "ready: rare words are found with the index",
        SearchIndexState::Unfinished => {
            "unfinished: being built, given up in the middle, or made under another ngram_token_size; \
             `chatkeep search-index create` begins again"
        }
        SearchIndexState::Unsupported => {
            "unsupported: this engine has none; searches look at every message, newest first"
        }
        _ => "absent: searches look at every message, newest first",
    }
}
