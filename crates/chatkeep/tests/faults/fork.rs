//! Processes that fork while a pool is open. Web servers do this when they load the program before
//! they fork their workers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, MessageFilter, NewMessage, Page};
use chatkeep_testkit::{Engine, TestDatabase};
use futures_util::future::join_all;

use crate::on_each_engine;
use crate::opening::{count, log, open, open_ready};

on_each_engine!(a_forked_child_and_its_parent_both_continue);

/// Environment variable with the database's URL. It is set only in the separate process that forks.
const URL: &str = "CHATKEEP_FAULTS_FORK_URL";
/// Maximum time for the forked child to end.
const TIMEOUT: Duration = Duration::from_secs(30);

fn a_forked_child_and_its_parent_both_continue(engine: Engine) {
    if let Ok(url) = std::env::var(URL) {
        return fork_and_continue(&url);
    }
    // In a separate process: a fork copies only the forking thread, and this process has threads of
    // other tests.
    let database = TestDatabase::create(engine);
    let case = format!("fork::a_forked_child_and_its_parent_both_continue::{}", engine.name());
    let status = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", &case, "--nocapture"])
        .env(URL, database.url())
        .status()
        .expect("this program starts");
    assert!(status.success(), "the process that forks: {status}");

    let chat = open(database.url());
    // 4 + 10 by the parent before the fork, and 20 + 10 by each process after it. Finally 1 by the
    // parent after the child has ended.
    assert_eq!(count(&chat).expect("the database is available"), (4 + 10) + 2 * (20 + 10) + 1);
    let twice = "SELECT COUNT(*) - COUNT(DISTINCT user_message) FROM messages";
    assert_eq!(database.scalar(twice).as_deref(), Some("0"));
}

fn fork_and_continue(url: &str) {
    let chat = open_ready(url);
    let created = chat.tokens().create_token("t", None).expect("the database is available");
    // Opens several connections before the fork.
    thread::scope(|scope| {
        for number in 0..4 {
            let chat = &chat;
            scope.spawn(move || {
                log(chat, &format!("before {number}")).expect("the database is available")
            });
        }
    });

    // Starts chatkeep's own threads, which the child does not have.
    submit(&chat, "before, submitted");

    #[expect(unsafe_code, reason = "the test needs a fork")]
    // SAFETY: the other threads of this process have ended or sleep in the test harness. The child
    // uses none of their state.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork failed: {}", std::io::Error::last_os_error());
    if child == 0 {
        let works = catch_unwind(AssertUnwindSafe(|| {
            make_calls(&chat, "child", created.token.expose());
            drop(chat);
        }));
        #[expect(unsafe_code, reason = "a child must not run the exit handlers of its parent")]
        // SAFETY: `_exit` has no preconditions; it ends the process at once.
        unsafe {
            libc::_exit(if works.is_ok() { 0 } else { 1 })
        }
    }
    make_calls(&chat, "parent", created.token.expose());
    wait_for(child);
    // The child has ended without affecting the parent's connections: no call of the parent fails.
    log(&chat, "parent after the child").expect("the parent's connections are its own");
    assert!(
        chat.tokens()
            .verify_token(created.token.expose())
            .expect("the parent's connections are its own")
    );
}

/// Logs and reads 20 messages and checks the token from several threads, then logs 10 messages
/// without blocking.
fn make_calls(chat: &Chatkeep, process: &str, token: &str) {
    thread::scope(|scope| {
        for number in 0..4 {
            scope.spawn(move || {
                for round in 0..5 {
                    let id = log(chat, &format!("{process} {number} {round}"))
                        .expect("a message is stored");
                    let read = chat
                        .messages()
                        .get_message_by_id(id)
                        .expect("it can be read")
                        .expect("it is stored");
                    assert_eq!(
                        read.user_message,
                        format!("{process} {number} {round}"),
                        "the call received another call's response"
                    );
                    assert!(chat.tokens().verify_token(token).expect("a token is checked"));
                }
            });
        }
    });
    submit(chat, &format!("{process}, submitted"));
}

/// Logs 10 messages without blocking, awaits their outcomes, and reads the newest message.
fn submit(chat: &Chatkeep, text: &str) {
    let chat = chat.asynchronous();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("starts");
    let calls = (0..10)
        .map(|number| chat.messages().log_message(NewMessage::new(format!("{text} {number}"))));
    for id in runtime.block_on(join_all(calls)) {
        id.expect("a message is stored");
    }
    let newest = runtime.block_on(async {
        chat.messages().get_messages(&MessageFilter::default(), &Page::first(1)).await
    });
    assert_eq!(newest.expect("they can be read").len(), 1);
}

/// Waits until the child ends, and asserts that it succeeded.
fn wait_for(child: libc::pid_t) {
    let begin = Instant::now();
    let mut status = 0;
    loop {
        #[expect(
            unsafe_code,
            reason = "the standard library waits only for processes that it has started"
        )]
        // SAFETY: `status` outlives the call.
        let ended = unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) };
        if ended == child {
            break;
        }
        if begin.elapsed() > TIMEOUT {
            #[expect(
                unsafe_code,
                reason = "the standard library signals only processes that it has started"
            )]
            // SAFETY: the process is our own child, and it was not yet waited for.
            unsafe {
                libc::kill(child, libc::SIGKILL);
            }
            panic!("the child hangs");
        }
        thread::sleep(Duration::from_millis(10));
    }
    assert!(
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
        "the child failed: {status:#x}"
    );
}
