//! Programs that change the same rows through several nodes. Of two concurrent changes of a row,
//! Galera rejects one at commit.

use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{AnalyticsFilter, Chatkeep, ErrorKind, NewMessage, Result};
use chatkeep_testkit::GaleraCluster;

use crate::{open, rounds};

#[test]
fn programs_on_several_nodes_share_migrations_tokens_and_totals() {
    let cluster = GaleraCluster::start();
    for _ in 0..rounds() {
        let database = cluster.node(0).create_database();
        // Two programs on each node.
        let chats: Vec<_> = (0..6)
            .map(|number| open(cluster.database_through(number % 3, &database).url()))
            .collect();
        for outcome in concurrently(&chats, |chat| chat.database().upgrade().map(drop)) {
            outcome.expect("one program runs the migrations, and the others wait for it");
        }
        let history = "SELECT COUNT(*) - COUNT(DISTINCT version), SUM(state <> 'done') \
                       FROM chatkeep_migrations";
        assert_eq!(database.query(history), [[Some("0".to_owned()), Some("0".to_owned())]]);
        tokens_are_revoked(&chats);
        totals_are_exact(&chats);
    }
}

fn tokens_are_revoked(chats: &[Chatkeep]) {
    for _ in 0..10 {
        let created = chats[0].tokens().create_token("t", None).expect("the node is available");
        let outcomes = concurrently(chats, |chat| chat.tokens().revoke_token(created.id));
        for outcome in &outcomes {
            assert!(is_done_or_conflict(outcome), "{outcome:?}");
        }
        assert!(outcomes.iter().any(Result::is_ok), "no program revoked the token: {outcomes:?}");
        assert!(
            !chats[0].tokens().verify_token(created.token.expose()).expect("the node is available")
        );
    }
}

fn totals_are_exact(chats: &[Chatkeep]) {
    let outcomes = concurrently(chats, |chat| {
        for number in 0..20 {
            chat.messages().log_message(&NewMessage::new(number.to_string()))?;
            if number % 5 == 0 {
                match chat.messages().rebuild_totals() {
                    Err(error) if error.kind() == ErrorKind::Conflict => {}
                    outcome => outcome?,
                }
            }
        }
        Ok(())
    });
    for outcome in outcomes {
        outcome.expect("only rebuilding totals may conflict");
    }
    let expected = 20 * i64::try_from(chats.len()).expect("a small number");
    for chat in chats {
        let count = || {
            let analytics = chat.messages().get_analytics(&AnalyticsFilter::default());
            analytics.expect("the node is available").total_messages
        };
        // A node applies the commits of others a little later.
        let end = Instant::now() + Duration::from_secs(30);
        while count() < expected && Instant::now() < end {
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(count(), expected);
        let check = chat.messages().check_totals().expect("the node is available");
        assert_eq!(check.differences, Vec::new());
    }
}

fn is_done_or_conflict<T>(outcome: &Result<T>) -> bool {
    outcome.as_ref().map_or_else(|error| error.kind() == ErrorKind::Conflict, |_| true)
}

fn concurrently<T: Send>(
    chats: &[Chatkeep],
    call: impl Fn(&Chatkeep) -> Result<T> + Sync,
) -> Vec<Result<T>> {
    thread::scope(|scope| {
        let threads: Vec<_> = chats.iter().map(|chat| scope.spawn(|| call(chat))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no call panics")).collect()
    })
}
