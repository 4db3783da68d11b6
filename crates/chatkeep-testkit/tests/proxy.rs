//! Tests of the fault proxy in front of an echo server.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use chatkeep_testkit::{Deliver, FaultProxy};

/// Time without data after which a connection counts as silent.
const READ_TIMEOUT: Duration = Duration::from_millis(300);

/// A server that returns each packet to the client and records all received bytes.
struct Echo {
    url: String,
    received: Arc<Mutex<Vec<u8>>>,
}

impl Echo {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let url =
            format!("postgresql://user:word@{}/name", listener.local_addr().expect("an address"));
        let received = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let record = Arc::clone(&record);
                thread::spawn(move || echo(stream, &record));
            }
        });
        Self { url, received }
    }

    fn received(&self) -> Vec<u8> {
        self.received.lock().expect("no thread panicked").clone()
    }
}

fn echo(mut stream: TcpStream, record: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        record.lock().expect("no thread panicked").extend_from_slice(&buffer[..count]);
        if stream.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}

fn connect(proxy: &FaultProxy) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))
        .expect("the proxy accepts connections");
    stream.set_read_timeout(Some(READ_TIMEOUT)).expect("a time limit");
    stream
}

/// Sends bytes and returns the next bytes received.
fn send(stream: &mut TcpStream, text: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(text)?;
    receive(stream)
}

/// Returns the next bytes received; none at the end of the connection.
fn receive(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
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
fn a_proxy_forwards_everything() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    assert_eq!(send(&mut client, b"hello").expect("an answer"), b"hello");
    assert_eq!((proxy.accepted(), proxy.open(), proxy.cuts()), (1, 1, 0));
    assert_eq!(
        proxy.url(&echo.url),
        format!("postgresql://user:word@127.0.0.1:{}/name", proxy.port())
    );
}

#[test]
fn a_stalled_proxy_accepts_but_forwards_nothing_until_it_passes() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut old = connect(&proxy);
    assert_eq!(send(&mut old, b"one").expect("an answer"), b"one");
    proxy.stall();
    let mut new = connect(&proxy);
    assert!(is_silent(&send(&mut old, b"two")));
    assert!(is_silent(&send(&mut new, b"three")));
    assert_eq!(echo.received(), b"one");
    proxy.pass();
    assert_eq!(receive(&mut old).expect("an answer"), b"two");
    assert_eq!(receive(&mut new).expect("an answer"), b"three");
}

#[test]
fn a_cut_closes_open_connections_and_accepts_new_ones() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    assert_eq!(send(&mut client, b"one").expect("an answer"), b"one");
    proxy.cut();
    assert!(is_closed(send(&mut client, b"two")));
    assert_eq!(send(&mut connect(&proxy), b"three").expect("an answer"), b"three");
}

#[test]
fn a_refusing_proxy_is_a_closed_port_until_it_passes() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    assert_eq!(send(&mut client, b"one").expect("an answer"), b"one");
    proxy.refuse();
    assert!(is_closed(send(&mut client, b"two")));
    let refused =
        TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).expect_err("nothing listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    proxy.pass();
    assert_eq!(send(&mut connect(&proxy), b"three").expect("an answer"), b"three");
}

#[test]
fn a_withheld_packet_never_reaches_the_server() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    proxy.cut_at(b"COMMIT", Deliver::Withheld);
    assert_eq!(send(&mut client, b"INSERT").expect("an answer"), b"INSERT");
    assert!(is_closed(send(&mut client, b"\0COMMIT\0")));
    assert_eq!(proxy.cuts(), 1);
    assert_eq!(echo.received(), b"INSERT");
}

#[test]
fn a_forwarded_packet_reaches_the_server_but_its_response_is_dropped() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    proxy.cut_at(b"COMMIT", Deliver::Forwarded);
    assert_eq!(send(&mut client, b"INSERT").expect("an answer"), b"INSERT");
    assert!(is_closed(send(&mut client, b"\0COMMIT\0")));
    assert_eq!(proxy.cuts(), 1);
    assert_eq!(echo.received(), b"INSERT\0COMMIT\0");
}

#[test]
fn a_pattern_split_over_packets_is_found() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    proxy.cut_at(b"COMMIT", Deliver::Withheld);
    assert_eq!(send(&mut client, b"xxCOM").expect("an answer"), b"xxCOM");
    assert!(is_closed(send(&mut client, b"MITxx")));
    assert_eq!(echo.received(), b"xxCOM");
}

#[test]
fn a_cut_is_made_once() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    proxy.cut_at(b"COMMIT", Deliver::Withheld);
    assert!(is_closed(send(&mut connect(&proxy), b"COMMIT")));
    assert_eq!(send(&mut connect(&proxy), b"COMMIT").expect("an answer"), b"COMMIT");
    assert_eq!(proxy.cuts(), 1);
}

#[test]
fn a_connection_is_cut_after_a_number_of_bytes() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    proxy.cut_after(10, Deliver::Withheld);
    assert_eq!(send(&mut client, b"123456789").expect("an answer"), b"123456789");
    assert!(is_closed(send(&mut client, b"0")));
    assert_eq!(echo.received(), b"123456789");
}

#[test]
fn a_dropped_proxy_closes_its_connections() {
    let echo = Echo::start();
    let proxy = FaultProxy::to(&echo.url);
    let mut client = connect(&proxy);
    assert_eq!(send(&mut client, b"one").expect("an answer"), b"one");
    drop(proxy);
    assert!(is_closed(send(&mut client, b"two")));
}
