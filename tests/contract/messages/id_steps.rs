//! Ids on servers that number in steps, as the nodes of a Galera cluster do.

use std::collections::HashSet;
use std::thread;

use chatkeep::NewMessage;
use chatkeep_testkit::{Engine, Server};

use crate::store::open;

/// Ids of a batch are counted up from its first one. A wrong step would give ids of other messages.
fn ids_follow_the_step_of_the_server(engine: Engine) {
    if !engine.is_available() {
        return;
    }
    let server = Server::builder(engine)
        .setting("auto_increment_increment", "3")
        .setting("auto_increment_offset", "2")
        .start();
    let database = server.create_database();
    let chat = open(database.url());
    let logged: Vec<(i64, String)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let chat = &chat;
                scope.spawn(move || {
                    let texts: Vec<_> = (0..1_200).map(|n| format!("{thread}:{n}")).collect();
                    let batch: Vec<_> =
                        texts.iter().map(|text| NewMessage::new(text.as_str())).collect();
                    let mut ids =
                        chat.messages().log_messages(&batch).expect("the messages are logged");
                    ids.push(
                        chat.messages()
                            .log_message(&NewMessage::new("alone"))
                            .expect("it is logged"),
                    );
                    ids.into_iter()
                        .zip(texts.into_iter().chain(["alone".to_owned()]))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(logged.iter().all(|(id, _)| id % 3 == 2), "the server numbers in steps of three");
    assert_eq!(logged.iter().map(|(id, _)| id).collect::<HashSet<_>>().len(), 4 * 1_201);
    for (id, text) in logged.iter().step_by(97) {
        let stored = chat
            .messages()
            .get_message_by_id(*id)
            .expect("the log answers")
            .expect("the message is there");
        assert_eq!(stored.user_message, *text);
    }
}

#[test]
fn ids_follow_the_step_of_a_mariadb_server() {
    ids_follow_the_step_of_the_server(Engine::MariaDb);
}

#[test]
fn ids_follow_the_step_of_a_mysql_server() {
    ids_follow_the_step_of_the_server(Engine::MySql);
}
