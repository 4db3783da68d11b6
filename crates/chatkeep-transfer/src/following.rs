//! Reading back what is being stored, while it is being stored: a server has more than one processor, and would sit idle
//! between the last row and the end of the comparison.
//!
//! It is a help and no judge. What it reads comes over a connection of its own, which somebody may lead to another place (a
//! pooler, a replica that lags behind); only if it has read what was to be stored need that not be read again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use chatkeep_core::{Connection, Result, messages, tokens};

use crate::batch::Batch;
use crate::digest::{Content, Digests};

/// What the one who stores tells the one who reads.
enum News {
    /// Tokens up to this id stand for good.
    Tokens(i64),
    /// Messages up to this id do.
    Messages(i64),
    /// Everything does.
    All,
}

/// Where it is told.
pub(crate) struct Teller(Sender<News>);

impl Teller {
    /// This batch stands for good.
    pub(crate) fn stored(&self, batch: &Batch) {
        let news = match batch {
            Batch::Tokens(rows) => rows.last().map(|row| News::Tokens(row.id)),
            Batch::Messages(rows) => rows.last().map(|row| News::Messages(row.id)),
        };
        if let Some(news) = news {
            self.tell(news);
        }
    }

    fn tell(&self, news: News) {
        // If nobody reads any more, everything will be read at the end.
        let _ = self.0.send(news);
    }
}

/// Has this connection read what `store` stores, and says what it read: nothing where there is no connection, or it failed.
pub(crate) fn follow<T>(
    connection: Option<Connection>,
    store: impl FnOnce(&Teller) -> Result<T>,
) -> Result<(T, Option<Content>)> {
    let (sender, receiver) = channel();
    let teller = Teller(sender);
    let given_up = AtomicBool::new(false);
    thread::scope(|scope| {
        let follower = connection.map(|connection| {
            let follower = Follower {
                connection,
                digests: Digests::default(),
                token: i64::MIN,
                message: i64::MIN,
                given_up: &given_up,
            };
            scope.spawn(move || follower.listen(&receiver))
        });
        let stored = store(&teller);
        given_up.store(stored.is_err(), Ordering::Relaxed);
        teller.tell(News::All);
        drop(teller);
        let content = follower.and_then(|follower| follower.join().ok()?.ok());
        Ok((stored?, content))
    })
}

struct Follower<'a> {
    connection: Connection,
    digests: Digests,
    /// The greatest ids that were read.
    token: i64,
    message: i64,
    given_up: &'a AtomicBool,
}

impl Follower<'_> {
    fn listen(mut self, news: &Receiver<News>) -> Result<Content> {
        for told in news {
            match told {
                News::Tokens(last) => while self.token < last && self.tokens()? {},
                News::Messages(last) => while self.message < last && self.messages()? {},
                News::All => break,
            }
        }
        while self.tokens()? {}
        while self.messages()? {}
        Ok(self.digests.finish())
    }

    /// Reads on; false when there is no more, or no need.
    fn tokens(&mut self) -> Result<bool> {
        let rows = tokens::behind(&mut self.connection, self.token)?;
        self.token = rows.last().map_or(self.token, |row| row.id);
        Ok(self.add(&Batch::Tokens(rows)))
    }

    /// The same of messages.
    fn messages(&mut self) -> Result<bool> {
        let rows = messages::behind(&mut self.connection, self.message)?;
        self.message = rows.last().map_or(self.message, |row| row.id);
        Ok(self.add(&Batch::Messages(rows)))
    }

    fn add(&mut self, batch: &Batch) -> bool {
        self.digests.add(batch);
        batch.len() > 0 && !self.given_up.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chatkeep::{Chatkeep, NewMessage};
    use chatkeep_core::transfer::open_source;
    use chatkeep_core::{DatabaseUrl, Error, Message};

    use super::*;
    use crate::reading;

    #[test]
    fn what_is_stored_is_read_meanwhile_and_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite_file(folder.path().join("chat.db"));
        let chat = Chatkeep::builder().database_url(url.clone()).open().unwrap();
        chat.tokens().create_token("before", None).unwrap();
        let open = || open_source(&url, Duration::from_secs(10)).unwrap();
        let (done, content) = follow(Some(open()), |teller| {
            for number in 0..5 {
                let message = NewMessage::new(format!("number {number}"));
                let id = chat.messages().log_message(&message).unwrap();
                teller.stored(&Batch::Messages(vec![Message::numbered(id, message)]));
            }
            // Nobody is told of this one.
            chat.messages().log_message(&NewMessage::new("last")).unwrap();
            Ok("done")
        })
        .unwrap();
        let read = reading::read(&mut open(), |_, _| Ok(())).unwrap();
        assert_eq!((done, content.unwrap()), ("done", read.content.clone()));
        assert_eq!((read.content.messages.rows, read.content.api_tokens.rows), (6, 1));

        let failed = follow(Some(open()), |_| Err::<(), _>(Error::internal("no room")));
        assert_eq!(failed.unwrap_err().message(), "no room");
        assert_eq!(follow(None, |_| Ok(1)).unwrap(), (1, None));
    }
}
