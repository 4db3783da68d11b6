//! The calls that a vector may name, mapped to the Rust API.

use chatkeep::{
    AnalyticsFilter, Message, MessageFilter, Metadata, NewMessage, Page, Result, Timestamp, Usage,
};
use serde_json::{Map, Value, json};

use crate::store::Store;

/// Returns the Rust name of an argument of the vectors: the field of the struct that holds it.
pub(super) fn field(argument: &str) -> &str {
    match argument {
        "message" => "user_message",
        "response" => "bot_response",
        "start_date" => "start",
        "end_date" => "end",
        other => other,
    }
}

/// Makes the call and returns its result as JSON.
pub(super) fn perform(store: &Store, call: &str, arguments: &Value) -> Result<Value> {
    let arguments = Arguments(arguments.as_object().expect("arguments are an object"));
    match call {
        "log_message" => {
            let id = store.messages().log_message(&arguments.message()?)?;
            Ok(as_json(store.messages().get_message_by_id(id)?))
        }
        "canonical_metadata" => {
            let metadata =
                Metadata::parse(&arguments.text("json").expect("the text of a document"))?;
            let stored = store.round_trip(&NewMessage::new("m").with_metadata(metadata));
            Ok(json!(stored.metadata.expect("the message has metadata").as_json()))
        }
        "get_messages" => {
            Ok(texts(store.messages().get_messages(&arguments.filter()?, &arguments.page(100))?))
        }
        "get_message_count" => Ok(json!(store.messages().get_message_count(&arguments.filter()?)?)),
        "search_messages" => {
            let query = arguments.text("query").expect("a query");
            Ok(texts(store.messages().search_messages(
                &query,
                &arguments.filter()?,
                &arguments.page(50),
            )?))
        }
        "get_analytics" => Ok(as_json(store.messages().get_analytics(&AnalyticsFilter {
            start: arguments.timestamp("start_date")?,
            end: arguments.timestamp("end_date")?,
            conversation_id: arguments.integer("conversation_id"),
            user_id: arguments.integer("user_id"),
        })?)),
        "delete_old_messages" => Ok(json!(
            store.messages().delete_old_messages(arguments.integer("days").expect("days"))?
        )),
        "create_token" => {
            let description =
                arguments.text("description").unwrap_or_else(|| "API Token".to_owned());
            Ok(as_json(
                store.tokens().create_token(&description, arguments.integer("expires_days"))?,
            ))
        }
        "check_token" => {
            let token = arguments.text("token").expect("a token");
            let check = store.tokens().check_token(&token)?;
            assert_eq!(store.tokens().verify_token(&token)?, check.valid);
            Ok(as_json(check))
        }
        other => panic!("vectors cannot name the call {other}"),
    }
}

fn texts(messages: Vec<Message>) -> Value {
    crate::store::texts(messages).into()
}

fn as_json(result: impl serde::Serialize) -> Value {
    serde_json::to_value(result).expect("the result serializes to JSON")
}

struct Arguments<'a>(&'a Map<String, Value>);

impl Arguments<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name)
            .map(|value| value.as_str().unwrap_or_else(|| panic!("{name} is a text")).to_owned())
    }

    fn integer(&self, name: &str) -> Option<i64> {
        self.get(name)
            .map(|value| value.as_i64().unwrap_or_else(|| panic!("{name} is a 64-bit integer")))
    }

    fn timestamp(&self, name: &'static str) -> Result<Option<Timestamp>> {
        let text = self.text(name);
        text.map(|text| Timestamp::parse(&text).map_err(|error| error.with_field(field(name))))
            .transpose()
    }

    fn message(&self) -> Result<NewMessage> {
        let metadata = self.get("metadata").map(|value| match value {
            Value::Object(map) => Metadata::from_map(map.clone()),
            other => panic!("metadata is an object, not {other}"),
        });
        Ok(NewMessage {
            user_message: self.text("message").expect("the message has a text"),
            bot_response: self.text("response"),
            provider: self.text("provider"),
            model: self.text("model"),
            tokens_used: self.integer("tokens_used"),
            metadata: metadata.transpose()?,
            timestamp: self.timestamp("timestamp")?,
            conversation_id: self.integer("conversation_id"),
            user_id: self.integer("user_id"),
            is_turn: false,
            usage: None,
        }
        .with_usage(self.usage()?))
    }

    fn usage(&self) -> Result<Usage> {
        Ok(Usage {
            input_tokens: self.integer("input_tokens"),
            output_tokens: self.integer("output_tokens"),
            cached_tokens: self.integer("cached_tokens"),
            reasoning_tokens: self.integer("reasoning_tokens"),
            cost: self.text("cost").map(|text| text.parse()).transpose()?,
            latency_ms: self.integer("latency_ms"),
            ttft_ms: self.integer("ttft_ms"),
            status: self.text("status").map(|text| text.parse()).transpose()?,
            error: self.text("error"),
        })
    }

    fn filter(&self) -> Result<MessageFilter> {
        let mut filter = MessageFilter {
            provider: self.text("provider"),
            model: self.text("model"),
            start: self.timestamp("start_date")?,
            end: self.timestamp("end_date")?,
            metadata: Vec::new(),
            conversation_id: self.integer("conversation_id"),
            user_id: self.integer("user_id"),
        };
        for (key, value) in self.get("metadata").and_then(Value::as_object).into_iter().flatten() {
            filter = filter.with_metadata(key.as_str(), value.clone())?;
        }
        Ok(filter)
    }

    fn page(&self, limit: i64) -> Page {
        let number = |name: &str, default: i64| self.integer(name).unwrap_or(default);
        Page { limit: number("limit", limit), offset: number("offset", 0), cursor: None }
    }
}
