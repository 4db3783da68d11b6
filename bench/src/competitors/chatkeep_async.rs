//! The asynchronous API of chatkeep, with one task per caller.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::chatkeep::AsyncChatkeep;
use chatkeep_bench_protocol::{
    Competitor, Failure, Outcome, Path, Ready, Result, Setup, Tally, outcome,
};
use tokio::runtime::{Builder, Runtime};

use super::chatkeep::{Facade, message, turn};

pub(super) struct AsyncFacade {
    facade: Facade,
    chat: AsyncChatkeep,
    setup: Arc<Setup>,
    runtime: Runtime,
}

impl AsyncFacade {
    pub(super) fn open(setup: &Setup) -> Result<Self> {
        let facade = Facade::open(setup, None)?;
        let chat = facade.chat.asynchronous();
        // One thread, like an event loop: chatkeep writes in its own threads.
        let runtime = Builder::new_current_thread().build()?;
        Ok(Self { facade, chat, setup: Arc::new(setup.clone()), runtime })
    }
}

impl Competitor for AsyncFacade {
    fn ready(&mut self) -> Result<Ready> {
        self.facade.ready()
    }

    fn round(&mut self, length: Duration) -> Result<Outcome> {
        if !self.setup.path.is_concurrent() {
            return self.facade.round(length);
        }
        let row = &self.setup.row;
        let (message, turn) = (Arc::new(message(row)?), Arc::new(turn(row)?));
        self.runtime.block_on(async {
            let start = Instant::now();
            let tasks: Vec<_> = (0..self.setup.callers)
                .map(|caller| {
                    let (chat, setup) = (self.chat.clone(), Arc::clone(&self.setup));
                    let (message, turn) = (Arc::clone(&message), Arc::clone(&turn));
                    tokio::spawn(async move {
                        let (messages, conversations) = (chat.messages(), chat.conversations());
                        let mut tally = Tally::until(start + length);
                        while tally.should_continue() {
                            let id = if setup.path == Path::Log {
                                messages.log_message(message.as_ref().clone()).await?
                            } else {
                                let conversation = &setup.conversations[caller].public_id;
                                conversations
                                    .append_turn(conversation, turn.as_ref().clone())
                                    .await?
                            };
                            tally.stored([id]);
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
