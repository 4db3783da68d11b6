//! A TCP proxy that breaks connections at a chosen moment.

mod relay;
mod state;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use state::{Mode, State, Trigger};

use crate::{port, url};

const LOOK: Duration = Duration::from_millis(5);

/// A proxy on a loopback port in front of a server, which passes everything on until it is told otherwise.
///
/// It looks at the bytes on the wire, so what [`cut_at`](FaultProxy::cut_at) waits for must not be encrypted: connect
/// with `sslmode=disable`.
///
/// ```no_run
/// use chatkeep_testkit::{Deliver, Engine, FaultProxy, TestDatabase};
///
/// let database = TestDatabase::create(Engine::PostgreSql);
/// let proxy = FaultProxy::to(database.url());
/// let url = proxy.url(database.url());
/// // … open `url` …
/// proxy.cut_at(b"COMMIT", Deliver::Forwarded);
/// // … write: the server commits, and the client never hears of it.
/// ```
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    state: Arc<State>,
}

/// What becomes of the packet that makes a [`FaultProxy`] cut a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deliver {
    /// The server gets it and acts on it; its answer never reaches the client.
    Forwarded,
    /// The server never gets it.
    Withheld,
}

impl FaultProxy {
    /// A proxy to the host and port of this `postgresql://`, `mariadb://` or `mysql://` URL.
    ///
    /// # Panics
    ///
    /// When no loopback port can be had.
    #[track_caller]
    pub fn to(url: &str) -> Self {
        let (port, listener) = listen();
        let state = Arc::new(State::new(url::address(url).to_owned()));
        let acceptor = Arc::clone(&state);
        thread::spawn(move || accept(&acceptor, port, Some(listener)));
        Self { port, state }
    }

    /// The proxy's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The given URL, through this proxy.
    pub fn url(&self, url: &str) -> String {
        url::with_address(url, "127.0.0.1", self.port)
    }

    /// Passes everything on, the state in which a proxy begins. What [`stall`](FaultProxy::stall) held back goes on now.
    /// Returns when connections are taken again.
    pub fn pass(&self) {
        self.state.set(Mode::Pass);
        self.wait_until_listening(true);
    }

    /// Takes connections and bytes, and passes nothing on in either direction.
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

    /// Closes all connections that are open now. New ones are treated as before.
    pub fn cut(&self) {
        self.state.cut_all();
    }

    /// Cuts, once, the connection on which a client next sends these bytes, for example `b"COMMIT"`.
    pub fn cut_at(&self, pattern: &[u8], deliver: Deliver) {
        self.state.arm(Trigger::pattern(pattern), deliver);
    }

    /// Cuts, once, the connection on which clients will have sent this many more bytes in all. The packet that crosses
    /// the mark is forwarded or withheld as a whole.
    pub fn cut_after(&self, bytes: u64, deliver: Deliver) {
        self.state.arm(Trigger::bytes(bytes), deliver);
    }

    /// How often [`cut_at`](FaultProxy::cut_at) and [`cut_after`](FaultProxy::cut_after) have struck.
    pub fn cuts(&self) -> u64 {
        self.state.cuts.load(Ordering::SeqCst)
    }

    /// How many connections were ever taken.
    pub fn accepted(&self) -> u64 {
        self.state.accepted.load(Ordering::SeqCst)
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.state.open()
    }

    fn wait_until_listening(&self, wanted: bool) {
        while self.state.listening.load(Ordering::SeqCst) != wanted && !self.state.is_closed() {
            thread::sleep(LOOK);
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

/// Non-blocking, so that the thread that accepts notices a change of mode.
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
            // Somebody may have the port for a moment: then the next round takes it.
            Mode::Pass | Mode::Stall => listener = listener.or_else(|| bind(port)),
        }
        state.listening.store(listener.is_some(), Ordering::SeqCst);
        match listener.as_ref().map(TcpListener::accept) {
            Some(Ok((client, _))) => {
                state.accepted.fetch_add(1, Ordering::SeqCst);
                let state = Arc::clone(state);
                thread::spawn(move || relay::serve(&state, client));
            }
            Some(Err(_)) | None => thread::sleep(LOOK),
        }
    }
}
