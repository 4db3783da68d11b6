//! The fault proxy, in front of a server that says back what it hears.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use chatkeep_testkit::{Deliver, FaultProxy};

const SOON: Duration = Duration::from_millis(300);

/// Answers each packet with the same bytes, and remembers all it got.
struct Echo {
    url: String,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Echo {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let url =
            format!("postgresql://user:word@{}/name", listener.local_addr().expect("an address"));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let memory = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let memory = Arc::clone(&memory);
                thread::spawn(move || answer(stream, &memory));
            }
        });
        Self { url, heard }
    }

    fn heard(&self) -> Vec<u8> {
        self.heard.lock().expect("no thread panicked").clone()
    }
}

fn answer(mut stream: TcpStream, memory: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        memory.lock().expect("no thread panicked").extend_from_slice(&buffer[..count]);
        if stream.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}

fn connect(proxy: &FaultProxy) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))
        .expect("the proxy takes connections");
    stream.set_read_timeout(Some(SOON)).expect("a time limit");
    stream
}

fn say(stream: &mut TcpStream, text: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(text)?;
    hear(stream)
}

/// The next bytes; none at the end of the connection.
fn hear(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut buffer = [0; 1024];
    let count = stream.read(&mut buffer)?;
    Ok(buffer[..count].to_vec())
}

fn is_closed(outcome: std::io::Result<Vec<u8>>) -> bool {
    match outcome {
        Ok(bytes) => bytes.is_empty(),
        Err(error) => matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
    }
}

fn is_silent(outcome: &std::io::Result<Vec<u8>>) -> bool {
    outcome
        .as_ref()
        .is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

#[test]
fn a_proxy_passes_everything_on() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    assert_eq!(say(&mut client, b"hello").expect("an answer"), b"hello");
    assert_eq!((proxy.accepted(), proxy.open(), proxy.cuts()), (1, 1, 0));
    assert_eq!(
        proxy.url(&echo.url),
        format!("postgresql://user:word@127.0.0.1:{}/name", proxy.port())
    );
}

#[test]
fn a_stalled_proxy_takes_connections_and_keeps_silent_until_it_passes() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut old = connect(&proxy);
    assert_eq!(say(&mut old, b"one").expect("an answer"), b"one");
    proxy.stall();
    let mut new = connect(&proxy);
    assert!(is_silent(&say(&mut old, b"two")));
    assert!(is_silent(&say(&mut new, b"three")));
    assert_eq!(echo.heard(), b"one");
    proxy.pass();
    assert_eq!(hear(&mut old).expect("an answer"), b"two");
    assert_eq!(hear(&mut new).expect("an answer"), b"three");
}

#[test]
fn a_cut_closes_what_is_open_and_lets_new_connections_in() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    assert_eq!(say(&mut client, b"one").expect("an answer"), b"one");
    proxy.cut();
    assert!(is_closed(say(&mut client, b"two")));
    assert_eq!(say(&mut connect(&proxy), b"three").expect("an answer"), b"three");
}

#[test]
fn a_refusing_proxy_is_a_closed_port_until_it_passes() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    assert_eq!(say(&mut client, b"one").expect("an answer"), b"one");
    proxy.refuse();
    assert!(is_closed(say(&mut client, b"two")));
    let refused =
        TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).expect_err("nothing listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    proxy.pass();
    assert_eq!(say(&mut connect(&proxy), b"three").expect("an answer"), b"three");
}

#[test]
fn a_withheld_packet_never_reaches_the_server() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    proxy.cut_at(b"COMMIT", Deliver::Withheld);
    assert_eq!(say(&mut client, b"INSERT").expect("an answer"), b"INSERT");
    assert!(is_closed(say(&mut client, b"\0COMMIT\0")));
    assert_eq!(proxy.cuts(), 1);
    assert_eq!(echo.heard(), b"INSERT");
}

#[test]
fn a_forwarded_packet_reaches_the_server_and_its_answer_nobody() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    proxy.cut_at(b"COMMIT", Deliver::Forwarded);
    assert_eq!(say(&mut client, b"INSERT").expect("an answer"), b"INSERT");
    assert!(is_closed(say(&mut client, b"\0COMMIT\0")));
    assert_eq!(proxy.cuts(), 1);
    assert_eq!(echo.heard(), b"INSERT\0COMMIT\0");
}

#[test]
fn a_pattern_is_found_although_it_comes_in_pieces() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    proxy.cut_at(b"COMMIT", Deliver::Withheld);
    assert_eq!(say(&mut client, b"xxCOM").expect("an answer"), b"xxCOM");
    assert!(is_closed(say(&mut client, b"MITxx")));
    assert_eq!(echo.heard(), b"xxCOM");
}

#[test]
fn a_cut_strikes_once() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    proxy.cut_at(b"COMMIT", Deliver::Withheld);
    assert!(is_closed(say(&mut connect(&proxy), b"COMMIT")));
    assert_eq!(say(&mut connect(&proxy), b"COMMIT").expect("an answer"), b"COMMIT");
    assert_eq!(proxy.cuts(), 1);
}

#[test]
fn a_connection_is_cut_after_so_many_bytes() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    proxy.cut_after(10, Deliver::Withheld);
    assert_eq!(say(&mut client, b"123456789").expect("an answer"), b"123456789");
    assert!(is_closed(say(&mut client, b"0")));
    assert_eq!(echo.heard(), b"123456789");
}

#[test]
fn a_dropped_proxy_closes_its_connections() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    assert_eq!(say(&mut client, b"one").expect("an answer"), b"one");
    drop(proxy);
    assert!(is_closed(say(&mut client, b"two")));
}
