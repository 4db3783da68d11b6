//! Tests of `graph`: the checkpoints of agents.

use chatkeep::{Bytes, Chatkeep, NewChannel, NewCheckpoint, NewGraphWrite};
use chatkeep_testkit::{Engine, TestDatabase};
use serde_json::{Value, json};

use crate::command::Home;

/// A list of LangChain messages as LangGraph's serializer stores it: `dumps_typed` of a
/// `JsonPlusSerializer`. The first message has an escape character and U+202E.
const MESSAGES: &str = concat!(
    "lMenBZS9bGFuZ2NoYWluX2NvcmUubWVzc2FnZXMuaHVtYW6sSHVtYW5NZXNzYWdlhqdjb250ZW502SFXYXMgaXN0IFdB",
    "TD8gG1szMW3igK7pooTlhpnml6Xlv5exYWRkaXRpb25hbF9rd2FyZ3OAsXJlc3BvbnNlX21ldGFkYXRhgKR0eXBlpWh1",
    "bWFupG5hbWXAomlkwLNtb2RlbF92YWxpZGF0ZV9qc29ux94FlLpsYW5nY2hhaW5fY29yZS5tZXNzYWdlcy5haalBSU1l",
    "c3NhZ2WJp2NvbnRlbnSgsWFkZGl0aW9uYWxfa3dhcmdzgLFyZXNwb25zZV9tZXRhZGF0YYCkdHlwZaJhaaRuYW1lwKJp",
    "ZMCqdG9vbF9jYWxsc5GEpG5hbWWmc2VhcmNopGFyZ3OBpXF1ZXJ5o1dBTKJpZKJjMaR0eXBlqXRvb2xfY2FsbLJpbnZh",
    "bGlkX3Rvb2xfY2FsbHOQrnVzYWdlX21ldGFkYXRhwLNtb2RlbF92YWxpZGF0ZV9qc29ux7cFlLxsYW5nY2hhaW5fY29y",
    "ZS5tZXNzYWdlcy50b29sq1Rvb2xNZXNzYWdliadjb250ZW50pkEgbG9nLrFhZGRpdGlvbmFsX2t3YXJnc4CxcmVzcG9u",
    "c2VfbWV0YWRhdGGApHR5cGWkdG9vbKRuYW1lpnNlYXJjaKJpZMCsdG9vbF9jYWxsX2lkomMxqGFydGlmYWN0wKZzdGF0",
    "dXOnc3VjY2Vzc7Ntb2RlbF92YWxpZGF0ZV9qc29uyAEQBZS6bGFuZ2NoYWluX2NvcmUubWVzc2FnZXMuYWmpQUlNZXNz",
    "YWdliadjb250ZW50kYKkdHlwZaR0ZXh0pHRleHSyQSB3cml0ZS1haGVhZCBsb2cusWFkZGl0aW9uYWxfa3dhcmdzgLFy",
    "ZXNwb25zZV9tZXRhZGF0YYGqbW9kZWxfbmFtZaZncHQtNG+kdHlwZaJhaaRuYW1lwKJpZMCqdG9vbF9jYWxsc5CyaW52",
    "YWxpZF90b29sX2NhbGxzkK51c2FnZV9tZXRhZGF0YYOsaW5wdXRfdG9rZW5zzQSwrW91dHB1dF90b2tlbnMirHRvdGFs",
    "X3Rva2Vuc80E0rNtb2RlbF92YWxpZGF0ZV9qc29u",
);

fn json_bytes(value: &Value) -> Bytes {
    Bytes::from(value.to_string().into_bytes())
}

/// Stores checkpoints 1 to `count` of a thread, and a write of a task that started from the last.
fn fill(chat: &Chatkeep, thread: &str, count: i64) {
    let messages = Bytes::from_base64(MESSAGES).expect("base64");
    for step in 1..=count {
        let metadata = json_bytes(&json!({ "step": step, "note": "\u{1b}[2J\u{9b}" }));
        let data = json_bytes(&json!({ "v": 4 }));
        let mut new = NewCheckpoint::new(step.to_string(), "json", data, "json", metadata);
        new.step = Some(step);
        new.source = Some("loop".to_owned());
        new.parent_id = (step > 1).then(|| (step - 1).to_string());
        new.run_id = Some("run-1".to_owned());
        let version = step.to_string();
        let value = |name, format, data| NewChannel::with_value(name, &version, format, data);
        new.channels = vec![
            value("messages", "msgpack", messages.clone()),
            value("extension", "msgpack", Bytes::from(vec![0xc7, 3, 9, 1, 2, 3])),
            value("object", "pickle", Bytes::from(b"\x80\x04.".to_vec())),
            value("\u{1b}[31m", "json", json_bytes(&json!({ "b": 1, "a": ["\u{7}\u{9b}"] }))),
            NewChannel { changed: true, ..NewChannel::unchanged("nothing", &version) },
        ];
        chat.graph().put_checkpoint(thread, &new).expect("stored");
    }
    let data = json_bytes(&json!([{ "role": "user", "content": "And?" }]));
    let (channel, format) = ("messages".to_owned(), "json".to_owned());
    let write = NewGraphWrite { index: 0, channel, format, data };
    let last = count.to_string();
    chat.graph().put_writes(thread, &last, "task-1", &[write], "", "").expect("stored");
}

/// Stores a checkpoint of a subgraph, with the id 1.
fn add_subgraph(chat: &Chatkeep, thread: &str) {
    let empty = || json_bytes(&json!({}));
    let mut new = NewCheckpoint::new("1", "json", empty(), "json", empty());
    new.namespace = Some("child:\u{1b}1".to_owned());
    chat.graph().put_checkpoint(thread, &new).expect("stored");
}

/// A database with a thread `ada-1` that has three checkpoints.
fn filled(engine: Engine) -> (TestDatabase, Home, Chatkeep) {
    let database = TestDatabase::create(engine);
    let home = Home::at(database.url());
    let chat = Chatkeep::open(database.url()).expect("a database");
    fill(&chat, "ada-1", 3);
    (database, home, chat)
}

fn has_controls(text: &str) -> bool {
    text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}')
}

fn sizes(home: &Home, thread: &str) -> usize {
    home.run_json(&["graph", "show", thread]).as_array().map_or(0, Vec::len)
}

#[test]
fn threads_are_listed_in_pages_and_by_user() {
    for engine in Engine::available() {
        let (_database, home, chat) = filled(engine);
        fill(&chat, "ada-2\u{1b}[31m", 1);
        home.run_ok(&["users", "create", "--username", "ada", "--id", "u-1"]);
        assert!(chat.graph().set_thread_user("ada-1", Some("u-1")).expect("set"));
        let text = home.run_ok(&["graph", "threads"]);
        assert!(text.starts_with("Thread "), "{engine}: {text}");
        let rows: Vec<_> = text.lines().skip(2).collect();
        assert!(rows[0].starts_with("ada-2\\u{1b}[31m "), "{engine}: {text}");
        assert!(rows[1].starts_with("ada-1 ") && rows[1].ends_with(" –"), "{engine}: {text}");
        assert_eq!((rows[2], rows.len()), ("user u-1", 3), "{engine}: {text}");
        assert!(!has_controls(&text), "{engine}: {text}");

        let page = home.run(&["graph", "threads", "--limit", "1"]);
        let before = page.err.trim().strip_prefix("next page: --before ").expect("an id");
        let rest = home.run_json(&["graph", "threads", "--before", before]);
        assert_eq!((&rest[0]["thread"], rest[1].is_null()), (&json!("ada-1"), true), "{engine}");
        let of_user = home.run_json(&["graph", "threads", "--user", "ada"]);
        assert_eq!(of_user, rest, "{engine}");
    }
}

#[test]
fn histories_have_sizes_and_the_newest_checkpoint_first() {
    for engine in Engine::available() {
        let (_database, home, chat) = filled(engine);
        let text = home.run_ok(&["graph", "show", "ada-1"]);
        let first = text.split("\n\n").next().unwrap_or_default();
        let (heading, lines) = first.split_once('\n').expect("lines");
        assert!(heading.starts_with("3 · step 3 · loop · 2"), "{engine}: {text}");
        let expected = "  parent: 2
  run: run-1
  channels: messages (858 bytes), extension (6 bytes), object (3 bytes), \\u{1b}[
  31m (24 bytes), nothing (empty)
  writes: messages (34 bytes)";
        assert_eq!(lines, expected, "{engine}: {text}");
        assert!(text.contains("\n\n2 · step 2 ") && !has_controls(&text), "{engine}: {text}");

        add_subgraph(&chat, "ada-1");
        let page = home.run(&["graph", "show", "ada-1", "--limit", "3"]);
        assert_eq!(page.out.matches("step").count(), 2, "{engine}: {page:?}");
        assert!(page.out.contains("  namespace: child:\\u{1b}1\n"), "{engine}: {page:?}");
        assert!(page.err.contains("use a higher --limit"), "{engine}: {page:?}");
        let json = home.run_json(&["graph", "show", "ada-1", "--namespace", ""]);
        let ids: Vec<_> = json.as_array().expect("a list").iter().map(|row| &row["id"]).collect();
        assert_eq!(ids, ["3", "2", "1"], "{engine}");
        assert_eq!(json[0]["channels"][0]["bytes"], 858, "{engine}");
        assert_eq!(json[0]["writes"][0]["task_id"], "task-1", "{engine}");
    }
}

#[test]
fn values_of_a_checkpoint_are_text_and_messages_a_transcript() {
    for engine in Engine::available() {
        let (_database, home, chat) = filled(engine);
        let text = home.run_ok(&["graph", "show", "ada-1", "--checkpoint", "3"]);
        for part in [
            "ID       3\nThread   ada-1\nStep     3\nSource   loop\nParent   2\nRun      run-1\n",
            "\nMetadata · 31 bytes\n  {\"note\": \"\\u001b[2J\\u009b\", \"step\": 3}\n",
            "\nmessages · 858 bytes\n\nuser\n  Was ist WAL? \\u{1b}[31m\\u{202e}预写日志\n",
            "\nassistant · tool_call\n  search {\"query\": \"WAL\"}\n\ntool · search\n  A log.\n",
            "\nassistant · gpt-4o · 1,200 + 34 tokens\n  A write-ahead log.\n",
            "\nextension · 6 bytes\n  <extension 9, 3 bytes>\n",
            "\nobject · 3 bytes\n  <pickle, 3 bytes>\n",
            "\n\\u{1b}[31m · 24 bytes\n  {\"a\": [\"\\u0007\\u009b\"], \"b\": 1}\n",
            "\nnothing · empty\n",
            "\nwrite to messages · 34 bytes · task task-1\n\nuser\n  And?\n",
        ] {
            assert!(text.contains(part), "{engine}: {part}\n{text}");
        }
        assert!(!has_controls(&text), "{engine}: {text}");
        let json = home.run_json(&["graph", "show", "ada-1", "--checkpoint", "3"]);
        assert_eq!(json["channels"][0]["data"], MESSAGES, "{engine}");

        add_subgraph(&chat, "ada-1");
        let show = ["graph", "show", "ada-1", "--checkpoint", "1"];
        let answer = home.run(&show);
        assert_eq!(answer.code, Some(2), "{engine}: {answer:?}");
        assert!(answer.err.ends_with("hint: pass --namespace\n"), "{engine}: {answer:?}");
        let text = home.run_ok(&[&show[..], &["--namespace", "child:\u{1b}1"]].concat());
        assert!(text.contains("Namespace  child:\\u{1b}1\n"), "{engine}: {text}");
    }
}

#[test]
fn exports_have_a_line_for_each_checkpoint() {
    for engine in Engine::available() {
        let (_database, home, chat) = filled(engine);
        let answer = home.run(&["graph", "export", "ada-1"]);
        assert_eq!(answer.err, "exported 3 checkpoints\n", "{engine}");
        let lines = answer.out.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        let lines: Vec<Value> = lines.collect();
        let listed = chat.graph().list_checkpoints(Some("ada-1"), None, None, None, None, 10);
        let listed = serde_json::to_value(listed.expect("checkpoints")).expect("JSON");
        assert_eq!(Value::from(lines), listed, "{engine}");
        assert!(!has_controls(&answer.out), "{engine}");

        let text = home.run_ok(&["graph", "export", "ada-1", "-o", "ada.jsonl"]);
        assert_eq!(text, "exported 3 checkpoints to ada.jsonl\n", "{engine}");
        assert_eq!(home.read("ada.jsonl"), answer.out, "{engine}");
        let export = ["graph", "export", "ada-1", "--output", "ada.jsonl"];
        assert_eq!(home.run(&export).code, Some(2), "{engine}");
        let replaced = home.run_json(&[&export[..], &["--force"]].concat());
        assert_eq!(replaced, json!({ "exported": 3, "file": "ada.jsonl" }), "{engine}");
        assert_eq!(home.run(&["graph", "export", "eve", "-o", "eve.jsonl"]).code, Some(1));
        assert_eq!(home.files(), ["ada.jsonl"], "{engine}");
    }
}

#[test]
fn long_histories_are_exported_in_pages() {
    let database = TestDatabase::create(Engine::Sqlite);
    let home = Home::at(database.url());
    let chat = Chatkeep::open(database.url()).expect("a database");
    fill(&chat, "ada-1", 230);
    let answer = home.run(&["graph", "export", "ada-1"]);
    assert_eq!((answer.out.lines().count(), answer.code), (230, Some(0)), "{}", answer.err);
    let line = answer.out.lines().nth(204).expect("a line");
    let line: Value = serde_json::from_str(line).expect("JSON");
    let shown = home.run_json(&["graph", "show", "ada-1", "--limit", "205"]);
    assert_eq!((&shown[204]["id"], shown[205].is_null()), (&line["id"], true));
}

#[test]
fn earlier_checkpoints_and_threads_are_pruned() {
    for engine in Engine::available() {
        let (database, home, chat) = filled(engine);
        let prune = ["graph", "prune", "ada-1", "ada-2", "--keep-last", "2"];
        let text = home.run_ok(&[&prune[..], &["--dry-run"]].concat());
        assert_eq!(text, "would delete 1 checkpoint of 2 threads\n", "{engine}");
        let answer = home.run(&prune);
        assert_eq!(answer.code, Some(2), "{engine}: {answer:?}");
        assert!(answer.err.contains("pass --yes"), "{engine}: {answer:?}");
        let deleted = home.run_json(&[&prune[..], &["--yes"]].concat());
        assert_eq!(deleted, json!({ "deleted": 1, "keep_last": 2 }), "{engine}");
        assert_eq!(sizes(&home, "ada-1"), 2, "{engine}");

        fill(&chat, "ada-2", 1);
        fill(&chat, "ada-3", 1);
        database.execute(
            "UPDATE graph_threads SET updated_at = '2024-05-06 00:00:00.000000' \
             WHERE thread = 'ada-2'",
        );
        database.execute(
            "UPDATE graph_threads SET expires_at = '2024-05-06 00:00:00.000000' \
             WHERE thread = 'ada-3'",
        );
        for (option, rest) in [
            (&["--inactive", "12w"][..], "1 thread without a new checkpoint for 84 days"),
            (&["--expired"], "1 expired thread"),
        ] {
            let prune = [&["graph", "prune"], option].concat();
            let text = home.run_ok(&[&prune[..], &["--dry-run"]].concat());
            assert_eq!(text, format!("would delete {rest}\n"), "{engine}");
            assert_eq!(home.run(&prune).code, Some(2), "{engine}");
            let text = home.run_ok(&[&prune[..], &["--yes"]].concat());
            assert_eq!(text, format!("deleted {rest}\n"), "{engine}");
            // Without anything to delete, there is no question.
            assert!(home.run_ok(&prune).starts_with("deleted 0 "), "{engine}");
        }
        let threads = home.run_json(&["graph", "threads"]);
        assert_eq!((&threads[0]["thread"], threads[1].is_null()), (&json!("ada-1"), true));
    }
}

#[test]
fn threads_are_copied_and_deleted() {
    for engine in Engine::available() {
        let (_database, home, _chat) = filled(engine);
        let text = home.run_ok(&["graph", "copy", "ada-1", "ada-2"]);
        assert_eq!(text, "copied 3 checkpoints of thread ada-1 to ada-2\n", "{engine}");
        assert_eq!(sizes(&home, "ada-2"), 3, "{engine}");
        let delete = ["graph", "delete", "eve", "ada-2"];
        let answer = home.run(&delete);
        assert_eq!(answer.code, Some(2), "{engine}: {answer:?}");
        assert_eq!(sizes(&home, "ada-2"), 3, "{engine}");
        let answer = home.run(&[&delete[..], &["--yes"]].concat());
        let expected = (Some(1), "deleted thread ada-2\n");
        assert_eq!((answer.code, answer.out.as_str()), expected, "{engine}: {answer:?}");
        assert_eq!(answer.err, "error: THREAD: thread \"eve\" not found\n", "{engine}");
        let deleted = home.run_json(&["graph", "delete", "ada-1", "--yes"]);
        assert_eq!(deleted, json!({ "deleted": ["ada-1"] }), "{engine}");
        assert_eq!(home.run(&["graph", "threads"]).err, "no threads\n", "{engine}");
    }
}

#[test]
fn unknown_threads_and_invalid_arguments_are_errors() {
    let home = Home::new();
    let missing = "thread \"eve\" has no checkpoints";
    for (arguments, code, error) in [
        (&["show", "eve"][..], 1, format!("THREAD: {missing}")),
        (&["show", "eve", "--namespace", "a"], 1, format!("THREAD: {missing} in namespace \"a\"")),
        (&["show", "eve", "--checkpoint", "1"], 1, format!("THREAD: {missing}")),
        (&["export", "eve"], 1, format!("THREAD: {missing}")),
        (&["copy", "eve", "ada"], 1, format!("SOURCE: {missing}")),
        (&["delete", "eve", "--yes"], 1, "THREAD: thread \"eve\" not found".to_owned()),
        (&["delete", "eve", "ada", "-y"], 1, "THREAD: threads \"eve\", \"ada\" not".to_owned()),
        (&["threads", "--user", "eve"], 1, "--user: user \"eve\" not found".to_owned()),
        (&["threads", "--limit", "0"], 2, "--limit: must be".to_owned()),
        (&["show", "eve", "--limit", "-1"], 2, "--limit: must be".to_owned()),
        (&["show", ""], 2, "THREAD: is empty".to_owned()),
        (&["prune", "", "--yes"], 2, "THREAD: is empty".to_owned()),
        (&["prune", "eve", "--keep-last", "0"], 2, "--keep-last: must be".to_owned()),
        (&["prune", "--inactive", "0", "--dry-run"], 2, "--inactive: must be".to_owned()),
        (&["prune", "--inactive", "1", "--expired"], 2, "the argument".to_owned()),
        (&["prune", "eve", "--expired"], 2, "the argument".to_owned()),
        (&["prune", "--yes"], 2, "the following".to_owned()),
    ] {
        let answer = home.run(&[&["graph"], arguments].concat());
        assert_eq!(answer.code, Some(code), "{arguments:?}: {answer:?}");
        let expected = format!("error: {error}");
        assert!(answer.err.starts_with(&expected), "{arguments:?}: {answer:?}");
    }
}
