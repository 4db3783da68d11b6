//! State shared by the threads of a proxy: its mode and its open connections.

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

/// The condition on which a proxy cuts a connection.
#[derive(Debug)]
pub(super) enum Trigger {
    Pattern(Vec<u8>),
    Bytes(u64),
}

impl Trigger {
    pub(super) fn pattern(pattern: &[u8]) -> Self {
        assert!(!pattern.is_empty(), "the pattern must not be empty");
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
    pub(super) sent: AtomicU64,
    pub(super) listening: AtomicBool,
    next: AtomicU64,
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug)]
struct Inner {
    mode: Mode,
    armed: Option<(Trigger, Deliver)>,
    /// The two ends of each connection; the server's end is added once it is connected.
    connections: HashMap<u64, Vec<TcpStream>>,
}

impl State {
    pub(super) fn new(target: String) -> Self {
        Self {
            target,
            cuts: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            sent: AtomicU64::new(0),
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

    /// Returns and disarms the trigger if the bytes just sent by a client fire it. `before` is the
    /// end of the bytes sent earlier by the same client, so that a pattern split over two packets
    /// is found.
    pub(super) fn take_triggered(&self, before: &[u8], sent: &[u8]) -> Option<Deliver> {
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

    /// Waits while the proxy stalls. Returns `false` if nothing may be forwarded any more.
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

    /// Adds the server's end. Returns `false` if the connection has been cut since.
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
        // Wakes threads that wait for the end of a stall.
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
