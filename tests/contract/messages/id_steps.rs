//! Ids on servers with an auto-increment step, such as the nodes of a Galera cluster.

use std::collections::HashSet;
use std::thread;

use chatkeep::NewMessage;
use chatkeep_testkit::{Engine, Server};

use crate::store::open;

/// The ids of a batch are computed from its first id. A wrong step would return ids of other
/// messages.
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
                            .expect("the message is logged"),
                    );
                    ids.into_iter()
                        .zip(texts.into_iter().chain(["alone".to_owned()]))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("the thread does not panic"))
            .collect()
    });
    assert!(logged.iter().all(|(id, _)| id % 3 == 2), "the server increments ids by three");
    assert_eq!(logged.iter().map(|(id, _)| id).collect::<HashSet<_>>().len(), 4 * 1_201);
    for (id, text) in logged.iter().step_by(97) {
        let stored = chat
            .messages()
            .get_message_by_id(*id)
            .expect("the query succeeds")
            .expect("the message exists");
        assert_eq!(stored.user_message, *text);
    }
}

#[test]
fn ids_follow_the_auto_increment_step_of_mariadb() {
    ids_follow_the_step_of_the_server(Engine::MariaDb);
}

#[test]
fn ids_follow_the_auto_increment_step_of_mysql() {
    ids_follow_the_step_of_the_server(Engine::MySql);
}
