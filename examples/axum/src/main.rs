//! A chat backend with an echo instead of a model. It logs every message and requires a token.

mod failure;
mod token;

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router, middleware};
use chatkeep::{
    AsyncChatkeep, Chatkeep, Message, MessageFilter, Metadata, NewMessage, Page, TokenInfo,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal;
use tokio::time::{sleep, timeout};

use crate::failure::{Failure, RETRY_SECONDS};

/// Maximum size of a request, in bytes; chatkeep stores up to 16 MiB per message.
const MAX_BODY: usize = 16 << 20;
/// Maximum duration of a health check, which must answer before its caller gives up.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum wait at shutdown for responses in progress, and then for calls in progress. Together
/// they are less than the 30 s after which Kubernetes kills a container.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(15);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Question {
    message: String,
    session: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    id: i64,
    reply: String,
}

#[derive(Deserialize)]
struct PageQuery {
    #[serde(default = "default_limit")]
    limit: i64,
    cursor: Option<String>,
    session: Option<String>,
}

fn default_limit() -> i64 {
    20
}

#[derive(Serialize)]
struct MessagesPage {
    messages: Vec<Message>,
    next_cursor: Option<String>,
}

struct Completion {
    text: String,
    tokens_used: i64,
}

/// Placeholder for the model: await its API here.
async fn complete(message: &str) -> Completion {
    let text = format!("You said: {message}");
    let words = message.split_whitespace().count() + text.split_whitespace().count();
    Completion { text, tokens_used: i64::try_from(words).unwrap_or(i64::MAX) }
}

/// Replies to a message and logs both. They are stored before the response is sent.
async fn chat(
    State(store): State<AsyncChatkeep>,
    Extension(token): Extension<TokenInfo>,
    question: Result<Json<Question>, JsonRejection>,
) -> Result<Json<Answer>, Failure> {
    let Json(question) = question?;
    let completion = complete(&question.message).await;
    let metadata = json!({ "session": question.session, "token_id": token.id });
    let message = NewMessage::new(question.message)
        .with_response(&completion.text)
        .with_provider("echo")
        .with_model("echo-1")
        .with_tokens_used(completion.tokens_used)
        .with_metadata(Metadata::parse(&metadata.to_string())?);
    let id = store.messages().log_message(message).await?;
    Ok(Json(Answer { id, reply: completion.text }))
}

/// Returns a page of the log, newest first.
async fn messages(
    State(store): State<AsyncChatkeep>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<MessagesPage>, Failure> {
    let Query(query) = query?;
    let mut filter = MessageFilter::default();
    if let Some(session) = query.session {
        filter = filter.with_metadata("session", session)?;
    }
    let cursor = query.cursor.map(|text| text.parse()).transpose()?;
    let page = Page { cursor, ..Page::first(query.limit) };
    let messages = store.messages().get_messages(&filter, &page).await?;
    // A page that is not full is the last one.
    let last = messages.last().filter(|_| messages.len() as i64 == query.limit);
    let next_cursor = last.map(|message| message.cursor().to_string());
    Ok(Json(MessagesPage { messages, next_cursor }))
}

/// Reports whether the database answers and its schema matches. It needs no token, so it contains
/// neither the server's address nor its version.
async fn health(State(store): State<AsyncChatkeep>) -> Response {
    let engine = store.database().engine().name();
    let error = match timeout(HEALTH_TIMEOUT, store.database().health()).await {
        Ok(Ok(health)) if health.ok => {
            let latency = health.latency_ms;
            let body = json!({ "status": "healthy", "engine": engine, "latency_ms": latency });
            return Json(body).into_response();
        }
        Ok(Ok(health)) => format!("schema is {}", health.schema),
        Ok(Err(error)) => error.kind().name().to_owned(),
        Err(_elapsed) => "Timeout".to_owned(),
    };
    let body = json!({ "status": "unhealthy", "engine": engine, "error": error });
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, RETRY_SECONDS)], Json(body)).into_response()
}

fn app(store: AsyncChatkeep) -> Router {
    Router::new()
        .route("/chat", post(chat))
        .route("/messages", get(messages))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        // The last layer is the first to run, so a request without a token is rejected before its
        // body is read. It covers only the routes above.
        .route_layer(middleware::from_fn_with_state(store.clone(), token::require))
        .route("/health", get(health))
        .with_state(store)
}

/// Resolves at Ctrl-C, or at SIGTERM, with which systemd and containers stop a program.
async fn stop_signal() {
    let interrupt = async { signal::ctrl_c().await.expect("Ctrl-C can be handled") };
    #[cfg(unix)]
    let terminate = async {
        let terminate = signal::unix::signal(signal::unix::SignalKind::terminate());
        terminate.expect("SIGTERM can be handled").recv().await;
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let store = Chatkeep::from_environment()?.asynchronous();
    // This also creates or upgrades the schema, so that no request waits for it.
    store.database().wait_until_ready().await?;
    let port: u16 = env::var("PORT").map_or(Ok(8000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);

    let server = axum::serve(listener, app(store.clone())).with_graceful_shutdown(stop_signal());
    let too_late = async {
        stop_signal().await;
        sleep(DRAIN_TIMEOUT).await;
    };
    tokio::select! {
        result = server => result?,
        // The server waits for all responses. A client that never reads its response must not
        // prevent the exit.
        () = too_late => eprintln!("echo-chat: closing connections that are still open"),
    }
    // Messages of requests that were cut off are stored too.
    store.close(CLOSE_TIMEOUT).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The text of a chatkeep error contains no password.
            eprintln!("echo-chat: {error}");
            ExitCode::FAILURE
        }
    }
}
