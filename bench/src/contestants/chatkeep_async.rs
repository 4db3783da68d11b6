//! chatkeep's calls that are awaited: as many tasks as there are callers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::chatkeep::AsyncChatkeep;
use chatkeep_contest::{Contestant, Failure, Outcome, Path, Ready, Result, Setup, Tally, outcome};
use tokio::runtime::{Builder, Runtime};

use super::chatkeep::{Facade, message};

pub(super) struct Awaited {
    facade: Facade,
    chat: AsyncChatkeep,
    setup: Arc<Setup>,
    runtime: Runtime,
}

impl Awaited {
    pub(super) fn open(setup: &Setup) -> Result<Self> {
        let facade = Facade::open(setup, None)?;
        let chat = facade.chat.asynchronous();
        // One thread, as an event loop has: the writing is done by chatkeep's own.
        let runtime = Builder::new_current_thread().build()?;
        Ok(Self { facade, chat, setup: Arc::new(setup.clone()), runtime })
    }
}

impl Contestant for Awaited {
    fn ready(&mut self) -> Result<Ready> {
        self.facade.ready()
    }

    fn round(&mut self, length: Duration) -> Result<Outcome> {
        if self.setup.path != Path::Log {
            return self.facade.round(length);
        }
        let message = Arc::new(message(&self.setup.row)?);
        self.runtime.block_on(async {
            let start = Instant::now();
            let tasks: Vec<_> = (0..self.setup.callers)
                .map(|_| {
                    let (chat, message) = (self.chat.clone(), Arc::clone(&message));
                    tokio::spawn(async move {
                        let mut tally = Tally::until(start + length);
                        while tally.goes_on() {
                            tally.stored([chat
                                .messages()
                                .log_message(message.as_ref().clone())
                                .await?]);
                        }
                        Ok::<_, Failure>(tally)
                    })
                })
                .collect();
            let mut tallies = Vec::new();
            for task in tasks {
                tallies.push(task.await??);
            }
            Ok(outcome(start, tallies))
        })
    }
}
