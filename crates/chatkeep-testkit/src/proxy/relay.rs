//! One connection through the proxy: a thread for each direction.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Deliver;
use super::state::State;

/// How long a forwarded packet's answer is waited for before the connection is cut all the same.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
const BUFFER: usize = 64 * 1024;
/// More of the past than any pattern is long.
const MEMORY: usize = 4 * 1024;

/// What the two directions of one connection tell each other.
#[derive(Default)]
struct Answers {
    /// The client must not hear from the server any more.
    muted: AtomicBool,
    /// The server has answered since.
    came: AtomicBool,
}

pub(super) fn serve(state: &Arc<State>, client: TcpStream) {
    // On some systems an accepted socket is non-blocking as its listener is.
    let Ok(()) = client.set_nonblocking(false) else { return };
    let Ok(end) = client.try_clone() else { return };
    let id = state.register(end);
    // A stalled proxy takes the connection and does nothing more.
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
    // Both ends may be closed by now, which the first read or write notices.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let answers = Arc::new(Answers::default());
    let back = {
        let (state, answers) = (Arc::clone(state), Arc::clone(&answers));
        thread::spawn(move || {
            from_server(&state, server_in, client_out, &answers);
            state.cut(id);
        })
    };
    from_client(state, client, server, &answers);
    state.cut(id);
    let _ = back.join();
}

fn from_client(state: &State, mut client: TcpStream, mut server: TcpStream, answers: &Answers) {
    let mut buffer = vec![0; BUFFER];
    let mut before = Vec::new();
    while let Ok(count) = client.read(&mut buffer) {
        if count == 0 || !state.may_pass() {
            return;
        }
        let sent = &buffer[..count];
        match state.strikes(&before, sent) {
            None => {}
            Some(Deliver::Withheld) => return,
            Some(Deliver::Forwarded) => {
                answers.muted.store(true, Ordering::SeqCst);
                if server.write_all(sent).is_ok() {
                    wait_for_answer(answers);
                }
                return;
            }
        }
        if server.write_all(sent).is_err() {
            return;
        }
        before.extend_from_slice(sent);
        before.drain(..before.len().saturating_sub(MEMORY));
    }
}

/// The server has acted on what it got once it answers.
fn wait_for_answer(answers: &Answers) {
    let begin = Instant::now();
    while !answers.came.load(Ordering::SeqCst) && begin.elapsed() < ANSWER_LIMIT {
        thread::sleep(Duration::from_millis(1));
    }
}

fn from_server(state: &State, mut server: TcpStream, mut client: TcpStream, answers: &Answers) {
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = server.read(&mut buffer);
        if answers.muted.load(Ordering::SeqCst) {
            answers.came.store(true, Ordering::SeqCst);
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
