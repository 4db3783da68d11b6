//! Blocking calls inside an asynchronous runtime. They are discouraged, but must not panic.

use std::time::Duration;

use chatkeep::{ErrorKind, NewMessage, PoolSettings};
use chatkeep_testkit::{Engine, FaultProxy, TestDatabase};
use tokio::runtime::{Builder, Runtime};

use crate::failing::fails;
use crate::opening::{builder, count, log, open, short};
use crate::{on_each_engine, on_each_server};

on_each_engine!(blocking_calls_work_inside_a_runtime);
on_each_server!(a_blocking_call_times_out_inside_a_runtime);

const DEADLINE: Duration = Duration::from_millis(700);

fn runtimes() -> [Runtime; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread()]
        .map(|mut builder| builder.worker_threads(2).enable_all().build().expect("a runtime"))
}

fn blocking_calls_work_inside_a_runtime(engine: Engine) {
    for runtime in runtimes() {
        let database = TestDatabase::create(engine);
        runtime.block_on(async {
            let chat = open(database.url());
            log(&chat, "in the runtime").expect("the call blocks and works");
            let two = [NewMessage::new("a"), NewMessage::new("b")];
            chat.messages().log_messages(&two).expect("a transaction works");

            let clone = chat.clone();
            tokio::spawn(async move { log(&clone, "in a task").map(drop) })
                .await
                .expect("the task does not panic")
                .expect("the call blocks and works");
            let clone = chat.clone();
            tokio::task::spawn_blocking(move || log(&clone, "on a blocking thread").map(drop))
                .await
                .expect("the task does not panic")
                .expect("the call blocks and works");

            let created = chat.tokens().create_token("t", None).expect("a token is created");
            assert!(chat.tokens().verify_token(created.token.expose()).expect("it can be checked"));
            assert_eq!(count(&chat).expect("the database is available"), 5);
            // Closing connections blocks too.
            drop(chat);
        });
    }
}

fn a_blocking_call_times_out_inside_a_runtime(engine: Engine) {
    for runtime in runtimes() {
        let database = TestDatabase::create(engine);
        let proxy = FaultProxy::to(database.url());
        let url = proxy.url(database.url());
        let settings = PoolSettings { query_timeout: DEADLINE, ..short() };
        let chat = builder(&url).settings(settings).open().expect("the URL is valid");
        count(&chat).expect("the server is available");
        proxy.stall();
        runtime.block_on(async {
            fails(&url, || count(&chat))
                .with(ErrorKind::Unavailable)
                .containing("did not respond")
                .within(DEADLINE);
        });
        proxy.pass();
        runtime.block_on(async { count(&chat) }).expect("the pool has recovered");
    }
}
