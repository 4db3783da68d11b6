//! Tests of the example over HTTP, on each engine.
#![cfg(unix)]

mod http;
mod server;

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{fs, thread};

use chatkeep::{Chatkeep, CreatedToken, MessageFilter, Order};
use chatkeep_testkit::{Engine, FaultProxy, TestDatabase};
use serde_json::{Value, json};

use crate::http::Response;
use crate::server::{Server, command};

mod every_engine {
    use chatkeep_testkit::{Engine, TestDatabase};

    pub(crate) fn run(engine: Engine, test: fn(&TestDatabase)) {
        if engine.is_available() {
            test(&TestDatabase::create(engine));
        }
    }
}

chatkeep_testkit::on_every_engine!(
    routes_serve_chat_and_pages,
    acknowledged_messages_survive_a_shutdown,
    an_outage_results_in_503_until_it_ends,
);

/// Creates tokens directly in the database.
fn create_tokens<const N: usize>(url: &str) -> [CreatedToken; N] {
    let chat = Chatkeep::open(url).expect("a valid URL");
    std::array::from_fn(|_| chat.tokens().create_token("web app", Some(90)).expect("a token"))
}

fn routes_serve_chat_and_pages(database: &TestDatabase) {
    let [created] = create_tokens(database.url());
    let server = Server::start(database.url(), &[]);
    let user = server.client(created.token.expose());
    let anonymous = server.anonymous();

    let mut last = Value::Null;
    for number in 0..5 {
        let text = format!("héllo {number} 🦀");
        last = user.post("/chat", &json!({ "message": text, "session": "a" })).json(200);
        assert_eq!(last["reply"], format!("You said: {text}"));
    }
    user.post("/chat", &json!({ "message": "elsewhere" })).json(200);

    let mut seen = Vec::new();
    let mut path = "/messages?limit=2&session=a".to_owned();
    loop {
        let page = user.get(&path).json(200);
        seen.extend(page["messages"].as_array().expect("messages").iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/messages?limit=2&session=a&cursor={cursor}");
    }
    let texts: Vec<_> = seen.iter().map(|message| message["user_message"].clone()).collect();
    assert_eq!(texts, [4, 3, 2, 1, 0].map(|number| json!(format!("héllo {number} 🦀"))));
    assert_eq!(seen[0]["id"], last["id"]);
    assert_eq!(seen[0]["metadata"], json!({ "session": "a", "token_id": created.id }));

    let health = anonymous.get("/health").json(200);
    assert_eq!(
        (&health["status"], &health["engine"]),
        (&json!("healthy"), &json!(database.engine().name()))
    );

    for path in ["/messages?limit=0", "/messages?limit=some", "/messages?cursor=no"] {
        let field = if path.contains("cursor") { "cursor" } else { "limit" };
        let detail = &user.get(path).json(422)["detail"];
        assert!(detail.to_string().contains(field), "{path}: {detail}");
    }
    for message in [json!("a\0"), json!(7), Value::Null] {
        user.post("/chat", &json!({ "message": message })).json(422);
    }
    assert_eq!(user.get("/messages").json(200)["messages"].as_array().map(Vec::len), Some(6));

    let stranger = server.client("sk-wr0ng");
    let call = |client: &http::Client, route| match route {
        "/chat" => client.post(route, &json!({ "message": "no" })),
        _ => client.get(route),
    };
    for route in ["/chat", "/messages"] {
        let response = call(&anonymous, route);
        response.json(401);
        assert_eq!(response.header("WWW-Authenticate"), Some("Bearer"));
        let response = call(&stranger, route);
        response.json(401);
        let challenge = response.header("WWW-Authenticate").expect("a challenge");
        assert!(challenge.contains(r#"error="invalid_token""#), "{challenge}");
    }
    assert_eq!(anonymous.get("/nothing").status, 404);
    let errors = server.stop();
    assert_eq!(errors, "", "rejected requests are not failures of the server");
}

/// Requests that began before SIGTERM are answered, and every acknowledged message is stored.
fn acknowledged_messages_survive_a_shutdown(database: &TestDatabase) {
    let [created] = create_tokens(database.url());
    let server = Server::start(database.url(), &[]);
    let user = server.client(created.token.expose());
    let writers: Vec<_> = (0..50)
        .map(|writer| {
            let user = user.clone();
            thread::spawn(move || {
                let log =
                    |turn| user.post("/chat", &json!({ "message": format!("{writer}:{turn}") }));
                (0..4).map(|turn| log(turn).json(200)).collect::<Vec<_>>()
            })
        })
        .collect();
    let answers: Vec<Value> =
        writers.into_iter().flat_map(|writer| writer.join().expect("answers")).collect();

    // The rest of this request arrives after SIGTERM.
    let body = json!({ "message": "late" }).to_string();
    let mut late = TcpStream::connect(server.address).expect("a connection");
    let token = created.token.expose();
    let head = format!(
        "POST /chat HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    late.write_all(head.as_bytes()).expect("a request");
    thread::sleep(Duration::from_millis(200));
    server.terminate();
    thread::sleep(Duration::from_millis(200));
    late.write_all(body.as_bytes()).expect("a body");
    let mut response = String::new();
    late.read_to_string(&mut response).expect("a response");
    assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
    let (status, errors) = server.wait();
    assert!(status.success() && errors.is_empty(), "{status}: {errors}");

    let chat = Chatkeep::open(database.url()).expect("a valid URL");
    let rows = chat.messages().iter_messages(&MessageFilter::default(), Order::OldestFirst);
    let stored: HashMap<_, _> =
        rows.map(|row| row.expect("a message")).map(|row| (row.id, row.bot_response)).collect();
    assert_eq!(stored.len(), 201);
    for answer in answers {
        let id = answer["id"].as_i64().expect("an id");
        assert_eq!(stored[&id].as_deref(), answer["reply"].as_str());
    }
}

#[track_caller]
fn assert_retry_later(response: &Response) {
    response.json(503);
    assert_eq!(response.header("Retry-After"), Some("5"), "{response:?}");
    assert_eq!(response.header("WWW-Authenticate"), None);
}

fn an_outage_results_in_503_until_it_ends(database: &TestDatabase) {
    if database.engine() == Engine::Sqlite {
        return; // It has no server.
    }
    let proxy = FaultProxy::to(database.url());
    let [known, late] = create_tokens(database.url());
    let (known, late) = (known.token.expose(), late.token.expose());
    // Token lookups stay cached for the whole test.
    let server = Server::start(&proxy.url(database.url()), &[("TOKEN_CACHE_SECONDS", "3600")]);
    let user = server.client(known);
    user.post("/chat", &json!({ "message": "before" })).json(200);
    proxy.refuse();
    // The outcome of a message that finds the connection broken may be unknown.
    let first = user.post("/chat", &json!({ "message": "just then" }));
    let detail = first.json(503)["detail"].to_string();
    assert!(first.header("Retry-After").is_some() != detail.contains("may or may not be stored"));
    // A cached token passes the layer, others do not. None is reported as invalid.
    for token in [known, late, "sk-unknown"] {
        let client = server.client(token);
        assert_retry_later(&client.post("/chat", &json!({ "message": "during the outage" })));
        assert_retry_later(&client.get("/messages"));
    }
    let health = server.anonymous().get("/health");
    assert_retry_later(&health);
    let health = health.json(503);
    assert_eq!((&health["status"], &health["error"]), (&json!("unhealthy"), &json!("Unavailable")));
    proxy.pass();
    user.post("/chat", &json!({ "message": "after" })).json(200);
    let page = server.client(late).get("/messages").json(200);
    assert_eq!(page["messages"].as_array().map(Vec::len), Some(2));
    server.anonymous().get("/health").json(200);
    let errors = server.stop();
    assert!(errors.contains("check_token failed: "), "{errors}");
    assert!(errors.contains("log_message failed: "), "{errors}");
    let account = database.url().split('@').next().expect("an account");
    let password = account.rsplit(':').next().expect("a password");
    for secret in [known, late, "sk-unknown", &format!(":{password}@"), "panicked"] {
        assert!(!errors.contains(secret), "{errors}");
    }
}

#[test]
fn the_example_does_not_start_without_a_database() {
    let nowhere = "postgresql://bot:s3cret@127.0.0.1:9/chat";
    let output = command(nowhere, &[("DB_MAX_RETRIES", "0")]).output().expect("the example runs");
    let errors = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!((output.status.code(), output.stdout), (Some(1), Vec::new()));
    assert!(errors.starts_with("echo-chat: "), "{errors}");
    assert!(!errors.contains("s3cret"), "{errors}");
}

#[test]
fn a_client_that_never_finishes_does_not_prevent_the_exit() {
    let database = TestDatabase::create(Engine::Sqlite);
    let [created] = create_tokens(database.url());
    let server = Server::start(database.url(), &[]);
    let user = server.client(created.token.expose());
    user.post("/chat", &json!({ "message": "a" })).json(200);
    let mut stalled = TcpStream::connect(server.address).expect("a connection");
    let token = created.token.expose();
    let head = format!(
        "POST /chat HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    );
    stalled.write_all(head.as_bytes()).expect("a request");
    thread::sleep(Duration::from_millis(200));
    let errors = server.stop();
    assert!(errors.contains("connections that are still open"), "{errors}");
}

/// The shell splits the commands of the README into arguments; the test sends the requests.
#[test]
fn requests_of_the_readme_work() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(folder.join("README.md")).expect("a page");
    let blocks: Vec<_> =
        page.split("```sh\n").skip(1).filter_map(|block| block.split_once("```")).collect();
    let [(settings, _), (start, _), (talk, _)] = blocks[..] else { panic!("{blocks:?}") };
    assert!(settings.contains("export TOKEN=$(chatkeep tokens create "), "{settings}");
    assert!(start.contains("cargo run"), "{start}");

    let database = TestDatabase::create(Engine::Sqlite);
    let [created] = create_tokens(database.url());
    let server = Server::start(database.url(), &[]);
    let script = format!("curl() {{ printf '%s\\0' \"$@\" end; }}\n{talk}");
    let output = Command::new("bash")
        .args(["-euc", &script])
        .env("TOKEN", created.token.expose())
        .output()
        .expect("bash runs");
    assert!(output.status.success(), "{output:?}");
    let words = String::from_utf8(output.stdout).expect("UTF-8");
    let answers: Vec<_> = words
        .split_terminator("end\0")
        .map(|call| {
            let words: Vec<_> = call.split_terminator('\0').collect();
            let after = |option: &'static str| {
                let pairs = words.windows(2).filter(move |pair| pair[0] == option);
                pairs.map(|pair| pair[1].to_owned())
            };
            let url = words.iter().find_map(|word| word.strip_prefix("http://127.0.0.1:8000"));
            let headers: Vec<_> = after("-H").collect();
            let body = after("-d").next();
            let method = if body.is_some() { "POST" } else { "GET" };
            let body = body.unwrap_or_default();
            http::send(server.address, method, url.expect("a URL"), &headers, &body).json(200)
        })
        .collect();
    let [chat, messages, health] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(chat, &json!({ "id": 1, "reply": "You said: What is WAL?" }));
    assert_eq!(messages["messages"][0]["metadata"], json!({ "session": "a1", "token_id": 1 }));
    assert_eq!(health["status"], "healthy");
    server.stop();
}
