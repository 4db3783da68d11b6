//! The operations whose signature or body in JavaScript is not that of every operation.

/// Name of the record that JavaScript also accepts with the keys of a stored message.
pub(super) const NEW_MESSAGE: &str = "NewMessage";

/// The exceptions of an operation.
#[derive(Default)]
pub(super) struct Special {
    /// Function of `node/src/tuned.ts` that makes the call.
    pub(super) body: Option<&'static str>,
    /// Type parameter.
    pub(super) generic: &'static str,
    /// Parameters by position: name, type and documentation, if it differs.
    pub(super) positional: &'static [(&'static str, &'static str, Option<&'static str>)],
    /// Values of the call's fields, if they are not the parameters.
    pub(super) values: Option<&'static [&'static str]>,
    /// Type and documentation of the options.
    pub(super) options: Option<(&'static str, &'static str)>,
    /// Names of further options.
    pub(super) more_options: &'static [&'static str],
    /// Type of the returned value, which is not a promise of the result.
    pub(super) returns: Option<&'static str>,
    /// Function that decodes the response, and the result's type.
    pub(super) decode: Option<(&'static str, &'static str)>,
}

/// Returns the exceptions of an operation.
pub(super) fn special(interface: &str, operation: &str) -> Special {
    let none = Special::default();
    match (interface, operation) {
        ("messages", "log_message") => Special {
            body: Some("logMessage"),
            positional: &[(
                "message",
                "NewMessage | string",
                Some("The message, or only the text of the user."),
            )],
            values: Some(&["message"]),
            ..none
        },
        ("messages", "log_messages") => Special {
            body: Some("logMessages"),
            positional: &[("messages", "Iterable<NewMessage>", None)],
            ..none
        },
        // Pages are encoded by column.
        ("messages", "get_messages" | "retrieve_messages" | "search_messages") => {
            Special { decode: Some(("messagesOf", "Message[]")), ..none }
        }
        ("messages", "get_message_by_id") => {
            Special { decode: Some(("optionalMessageOf", "Message | null")), ..none }
        }
        ("messages", "iter_messages") => Special {
            body: Some("iterMessages"),
            returns: Some("AsyncGenerator<Message, void, undefined>"),
            ..none
        },
        ("tokens", "create_token") => Special {
            body: Some("createToken"),
            options: Some((
                "NewTokenOptions | string",
                "Options: `description`, `expiresDays` and `signal`; or only the description.",
            )),
            ..none
        },
        // A cached result needs no other thread.
        ("tokens", "verify_token") => Special { body: Some("verifyToken"), ..none },
        ("tokens", "check_token") => Special { body: Some("checkToken"), ..none },
        ("database", "wait_until_ready") => Special {
            body: Some("waitUntilReady"),
            options: Some((
                "TimeoutOptions & Abortable",
                "Options: `timeout`, the maximum wait in seconds, and `signal`.",
            )),
            more_options: &["timeout"],
            ..none
        },
        ("database", "migrate") => Special {
            body: Some("migrate"),
            generic: "V extends MigrateVerb",
            positional: &[("verb", "V", None), ("revision", "string | null", None)],
            returns: Some("Promise<MigrateResponses[V]>"),
            decode: Some(("identity<string>", "string")),
            ..none
        },
        ("store", "flush") => Special { body: Some("flush"), ..none },
        ("store", "close") => Special { body: Some("close"), ..none },
        _ => none,
    }
}

/// Returns the name of the class: one with code of its own extends that of the operations.
pub(super) fn class(class: &'static str) -> &'static str {
    if class == "Chatkeep" { "StoreOperations" } else { class }
}

/// Returns the class that a class extends, and its module.
pub(super) fn base(class: &str) -> (&'static str, &'static str) {
    match class {
        "MessageLogger" => ("MessageLoggerBase", "../message_logger.js"),
        "DatabaseManager" => ("DatabaseManagerBase", "../database_manager.js"),
        "TaskManager" => ("TaskManagerBase", "../task_manager.js"),
        _ => ("OperationGroup", "../operations.js"),
    }
}

/// Returns the name of the type of an operation's options.
pub(super) fn options_name(interface: &str, operation: &str) -> Option<&'static str> {
    Some(match (interface, operation) {
        ("tokens", "create_token") => "NewTokenOptions",
        ("messages", "get_analytics") => "SpanOptions",
        ("messages", "iter_messages") => "IterationOptions",
        ("messages", "search_messages") => "PageOptions",
        ("messages", "retrieve_messages") => "GetMessagesOptions",
        ("store", "close") => "FlushOptions",
        _ => return None,
    })
}
