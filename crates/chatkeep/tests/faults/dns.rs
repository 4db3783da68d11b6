//! A name server that never answers.

use std::net::UdpSocket;
use std::process::Command;

use chatkeep::ErrorKind;
use chatkeep_testkit::{Engine, TestDatabase};

use crate::failing::fails;
use crate::on_each_server;
use crate::opening::{CONNECT_TIMEOUT, log, open};

on_each_server!(a_name_server_that_never_answers_times_out);

/// URL for the child process whose name server never answers.
const URL: &str = "CHATKEEP_FAULTS_DNS_URL";

fn a_name_server_that_never_answers_times_out(engine: Engine) {
    if let Ok(url) = std::env::var(URL) {
        let chat = open(&url);
        fails(&url, || log(&chat, "hello"))
            .with(ErrorKind::Unavailable)
            .retryable()
            .within(CONNECT_TIMEOUT);
        return;
    }
    // Each test has its own loopback address, so that no packet leaves the machine.
    let address = match engine {
        Engine::PostgreSql => "127.0.53.1",
        Engine::MariaDb => "127.0.53.2",
        _ => "127.0.53.3",
    };
    let silent = match UdpSocket::bind((address, 53)) {
        Ok(socket) => socket,
        Err(cause) => {
            eprintln!("skipped: could not bind port 53 ({cause})");
            return;
        }
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = folder.path().join("resolv.conf");
    std::fs::write(&settings, format!("nameserver {address}\noptions timeout:30 attempts:1\n"))
        .expect("a file");

    let database = TestDatabase::create(engine);
    // Only the child process sees this resolv.conf.
    let status = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c"])
        .arg("mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"")
        .arg(&settings)
        .arg(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            &format!("dns::a_name_server_that_never_answers_times_out::{}", engine.name()),
        ])
        .arg("--nocapture")
        .env(URL, database.url_at("database.example", database.port()))
        .status()
        .expect("unshare (util-linux) is installed");
    assert!(status.success(), "the process with the silent name server: {status}");
    silent.set_nonblocking(true).expect("a socket");
    assert!(silent.recv(&mut [0; 512]).is_ok(), "the name server received no query");
}
