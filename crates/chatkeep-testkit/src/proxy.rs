//! A TCP proxy that breaks connections on demand.

mod relay;
mod state;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use state::{Mode, State, Trigger};

use crate::{port, url};

const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A proxy on a loopback port in front of a server. By default it forwards everything.
///
/// It inspects the bytes on the wire, so the pattern of [`cut_at`](FaultProxy::cut_at) must not be
/// encrypted: connect with `sslmode=disable`.
///
/// ```no_run
/// use chatkeep_testkit::{Deliver, Engine, FaultProxy, TestDatabase};
///
/// let database = TestDatabase::create(Engine::PostgreSql);
/// let proxy = FaultProxy::to(database.url());
/// let url = proxy.url(database.url());
/// // … open `url` …
/// proxy.cut_at(b"COMMIT", Deliver::Forwarded);
/// // … write: the server commits, but the client receives no response.
/// ```
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    state: Arc<State>,
}

/// The fate of the packet that makes a [`FaultProxy`] cut a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deliver {
    /// The server receives and processes it; the response never reaches the client.
    Forwarded,
    /// The server never receives it.
    Withheld,
}

impl FaultProxy {
    /// Starts a proxy to the host and port of this `postgresql://`, `mariadb://` or `mysql://` URL.
    ///
    /// # Panics
    ///
    /// If no loopback port is free.
    #[track_caller]
    pub fn to(url: &str) -> Self {
        let (port, listener) = listen();
        let state = Arc::new(State::new(url::address(url).to_owned()));
        let acceptor = Arc::clone(&state);
        thread::spawn(move || accept(&acceptor, port, Some(listener)));
        Self { port, state }
    }

    /// Returns the port of the proxy on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the given URL with the address of this proxy.
    pub fn url(&self, url: &str) -> String {
        url::with_address(url, "127.0.0.1", self.port)
    }

    /// Forwards everything, which is the initial mode, including the data held back by
    /// [`stall`](FaultProxy::stall). Returns once connections are accepted.
    pub fn pass(&self) {
        self.state.set(Mode::Pass);
        self.wait_until_listening(true);
    }

    /// Accepts connections and data, but forwards nothing in either direction.
    pub fn stall(&self) {
        self.state.set(Mode::Stall);
        self.wait_until_listening(true);
    }

    /// Closes all connections and refuses new ones.
    pub fn refuse(&self) {
        self.state.set(Mode::Refuse);
        self.wait_until_listening(false);
        self.state.cut_all();
    }

    /// Closes all open connections. New ones are not affected.
    pub fn cut(&self) {
        self.state.cut_all();
    }

    /// Cuts, once, the next connection on which a client sends these bytes, for example
    /// `b"COMMIT"`.
    pub fn cut_at(&self, pattern: &[u8], deliver: Deliver) {
        self.state.arm(Trigger::pattern(pattern), deliver);
    }

    /// Cuts, once, the connection on which the clients' total of further bytes reaches `bytes`. The
    /// packet that reaches the limit is forwarded or withheld as a whole.
    pub fn cut_after(&self, bytes: u64, deliver: Deliver) {
        self.state.arm(Trigger::bytes(bytes), deliver);
    }

    /// Returns how often [`cut_at`](FaultProxy::cut_at) and [`cut_after`](FaultProxy::cut_after)
    /// have cut a connection.
    pub fn cuts(&self) -> u64 {
        self.state.cuts.load(Ordering::SeqCst)
    }

    /// Returns the number of connections accepted so far.
    pub fn accepted(&self) -> u64 {
        self.state.accepted.load(Ordering::SeqCst)
    }

    /// Returns the number of packets that clients have sent. A client that waits for each response
    /// sends at least one for each statement.
    pub fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }

    /// Returns the number of open connections.
    pub fn open(&self) -> usize {
        self.state.open()
    }

    fn wait_until_listening(&self, expected: bool) {
        while self.state.listening.load(Ordering::SeqCst) != expected && !self.state.is_closed() {
            thread::sleep(POLL_INTERVAL);
        }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.state.set(Mode::Closed);
        self.state.cut_all();
    }
}

#[track_caller]
fn listen() -> (u16, TcpListener) {
    const TRIES: usize = 20;
    for _ in 0..TRIES {
        if let Ok(port) = port::free()
            && let Some(listener) = bind(port)
        {
            return (port, listener);
        }
    }
    panic!("found no free port for a proxy on 127.0.0.1");
}

/// Binds a non-blocking listener, so that the accepting thread notices a change of mode.
fn bind(port: u16) -> Option<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
    listener.set_nonblocking(true).ok()?;
    Some(listener)
}

fn accept(state: &Arc<State>, port: u16, mut listener: Option<TcpListener>) {
    loop {
        match state.mode() {
            Mode::Closed => return,
            Mode::Refuse => listener = None,
            // If another process has the port, the next iteration retries.
            Mode::Pass | Mode::Stall => listener = listener.or_else(|| bind(port)),
        }
        state.listening.store(listener.is_some(), Ordering::SeqCst);
        match listener.as_ref().map(TcpListener::accept) {
            Some(Ok((client, _))) => {
                state.accepted.fetch_add(1, Ordering::SeqCst);
                let state = Arc::clone(state);
                thread::spawn(move || relay::serve(&state, client));
            }
            Some(Err(_)) | None => thread::sleep(POLL_INTERVAL),
        }
    }
}
