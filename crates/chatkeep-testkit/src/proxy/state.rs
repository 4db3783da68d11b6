//! What a proxy's threads share: how they are to behave, and which connections are open.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::Deliver;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Pass,
    Stall,
    Refuse,
    Closed,
}

/// What a proxy waits for before it cuts a connection.
#[derive(Debug)]
pub(super) enum Trigger {
    Pattern(Vec<u8>),
    Bytes(u64),
}

impl Trigger {
    pub(super) fn pattern(pattern: &[u8]) -> Self {
        assert!(!pattern.is_empty(), "a proxy cannot wait for an empty pattern");
        Self::Pattern(pattern.to_owned())
    }

    pub(super) fn bytes(bytes: u64) -> Self {
        Self::Bytes(bytes)
    }
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) target: String,
    pub(super) cuts: AtomicU64,
    pub(super) accepted: AtomicU64,
    pub(super) listening: AtomicBool,
    next: AtomicU64,
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug)]
struct Inner {
    mode: Mode,
    armed: Option<(Trigger, Deliver)>,
    /// The two ends of each connection, the server's as soon as there is one.
    connections: HashMap<u64, Vec<TcpStream>>,
}

impl State {
    pub(super) fn new(target: String) -> Self {
        Self {
            target,
            cuts: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            listening: AtomicBool::new(true),
            next: AtomicU64::new(0),
            inner: Mutex::new(Inner { mode: Mode::Pass, armed: None, connections: HashMap::new() }),
            changed: Condvar::new(),
        }
    }

    pub(super) fn mode(&self) -> Mode {
        self.lock().mode
    }

    pub(super) fn is_closed(&self) -> bool {
        self.mode() == Mode::Closed
    }

    pub(super) fn set(&self, mode: Mode) {
        self.lock().mode = mode;
        self.changed.notify_all();
    }

    pub(super) fn arm(&self, trigger: Trigger, deliver: Deliver) {
        self.lock().armed = Some((trigger, deliver));
    }

    /// Whether what a client just sent sets the trigger off, which is then gone. `before` is the end of what the same
    /// client sent earlier, so that a pattern that came in two pieces is found.
    pub(super) fn strikes(&self, before: &[u8], sent: &[u8]) -> Option<Deliver> {
        let mut inner = self.lock();
        let hit = match &mut inner.armed {
            None => false,
            Some((Trigger::Pattern(pattern), _)) => {
                let tail = &before[before.len().saturating_sub(pattern.len() - 1)..];
                [tail, sent]
                    .concat()
                    .windows(pattern.len())
                    .any(|window| window == pattern.as_slice())
            }
            Some((Trigger::Bytes(left), _)) => {
                let length = u64::try_from(sent.len()).unwrap_or(u64::MAX);
                let hit = length >= *left;
                *left = left.saturating_sub(length);
                hit
            }
        };
        if !hit {
            return None;
        }
        self.cuts.fetch_add(1, Ordering::SeqCst);
        inner.armed.take().map(|(_, deliver)| deliver)
    }

    /// Waits while the proxy stalls; `false` when nothing is to be passed on any more.
    pub(super) fn may_pass(&self) -> bool {
        let mut inner = self.lock();
        while inner.mode == Mode::Stall {
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        inner.mode == Mode::Pass
    }

    pub(super) fn register(&self, client: TcpStream) -> u64 {
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        self.lock().connections.insert(id, vec![client]);
        id
    }

    /// Adds the server's end; `false` when the connection was cut in the meantime.
    pub(super) fn add_server(&self, id: u64, server: TcpStream) -> bool {
        match self.lock().connections.get_mut(&id) {
            Some(ends) => {
                ends.push(server);
                true
            }
            None => false,
        }
    }

    pub(super) fn cut(&self, id: u64) {
        let ends = self.lock().connections.remove(&id);
        close(ends.into_iter().flatten());
    }

    pub(super) fn cut_all(&self) {
        let all: Vec<Vec<TcpStream>> =
            self.lock().connections.drain().map(|(_, ends)| ends).collect();
        close(all.into_iter().flatten());
        // Threads that wait for the end of a stall see that their connection is gone only when it ends.
        self.changed.notify_all();
    }

    pub(super) fn open(&self) -> usize {
        self.lock().connections.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn close(ends: impl Iterator<Item = TcpStream>) {
    for end in ends {
        // The other side may have closed it first.
        let _ = end.shutdown(Shutdown::Both);
    }
}
