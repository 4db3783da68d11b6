//! Relays one connection through the proxy, with a thread per direction.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Deliver;
use super::state::State;

/// Maximum time to wait for the response to a forwarded packet before the connection is cut.
const RESPONSE_LIMIT: Duration = Duration::from_secs(10);
/// Maximum size of a packet: the bytes that one read returns.
const BUFFER: usize = 64 * 1024;
/// Number of bytes from the client to remember, so that a pattern split over packets is found. It
/// is more than the length of any pattern of [`cut_at`](super::FaultProxy::cut_at).
const HISTORY: usize = 4 * 1024;

/// State shared by the two directions of a connection.
#[derive(Default)]
struct Responses {
    /// Whether data from the server is dropped instead of forwarded to the client.
    muted: AtomicBool,
    /// Whether the server has sent data since `muted` was set.
    received: AtomicBool,
}

/// Relays the connection of a client until one side closes it or the proxy cuts it.
pub(super) fn serve(state: &Arc<State>, client: TcpStream) {
    // On some systems, an accepted socket inherits the non-blocking mode of its listener.
    let Ok(()) = client.set_nonblocking(false) else { return };
    let Ok(end) = client.try_clone() else { return };
    let id = state.register(end);
    // A stalled proxy waits here, after it has accepted the connection.
    if state.may_pass() {
        relay(state, id, client);
    }
    state.cut(id);
}

fn relay(state: &Arc<State>, id: u64, client: TcpStream) {
    let Ok(server) = TcpStream::connect(&state.target) else { return };
    let (Ok(server_end), Ok(client_out), Ok(server_in)) =
        (server.try_clone(), client.try_clone(), server.try_clone())
    else {
        return;
    };
    if !state.add_server(id, server_end) {
        let _ = server.shutdown(Shutdown::Both);
        return;
    }
    // Either end may be closed already, which the first read or write detects.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let responses = Arc::new(Responses::default());
    let back = {
        let (state, responses) = (Arc::clone(state), Arc::clone(&responses));
        thread::spawn(move || {
            from_server(&state, server_in, client_out, &responses);
            state.cut(id);
        })
    };
    from_client(state, client, server, &responses);
    state.cut(id);
    let _ = back.join();
}

fn from_client(state: &State, mut client: TcpStream, mut server: TcpStream, responses: &Responses) {
    let mut buffer = vec![0; BUFFER];
    let mut before = Vec::new();
    while let Ok(count) = client.read(&mut buffer) {
        if count == 0 || !state.may_pass() {
            return;
        }
        let sent = &buffer[..count];
        state.sent.fetch_add(1, Ordering::SeqCst);
        match state.take_triggered(&before, sent) {
            None => {}
            Some(Deliver::Withheld) => return,
            Some(Deliver::Forwarded) => {
                responses.muted.store(true, Ordering::SeqCst);
                if server.write_all(sent).is_ok() {
                    wait_for_response(responses);
                }
                return;
            }
        }
        if server.write_all(sent).is_err() {
            return;
        }
        before.extend_from_slice(sent);
        before.drain(..before.len().saturating_sub(HISTORY));
    }
}

/// Waits for a response of the server, which shows that it has processed the packet.
fn wait_for_response(responses: &Responses) {
    let begin = Instant::now();
    while !responses.received.load(Ordering::SeqCst) && begin.elapsed() < RESPONSE_LIMIT {
        thread::sleep(Duration::from_millis(1));
    }
}

fn from_server(state: &State, mut server: TcpStream, mut client: TcpStream, responses: &Responses) {
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = server.read(&mut buffer);
        if responses.muted.load(Ordering::SeqCst) {
            responses.received.store(true, Ordering::SeqCst);
            match read {
                Ok(count) if count > 0 => continue,
                _ => return,
            }
        }
        match read {
            Ok(count)
                if count > 0 && state.may_pass() && client.write_all(&buffer[..count]).is_ok() => {}
            _ => return,
        }
    }
}
