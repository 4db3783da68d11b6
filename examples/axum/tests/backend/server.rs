//! The example as a process.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{env, thread};

use crate::http::Client;

/// A running server. It is killed when this value is dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    errors: Option<JoinHandle<String>>,
}

impl Server {
    /// Starts the example with short database timeouts.
    pub(crate) fn start(url: &str, variables: &[(&str, &str)]) -> Self {
        let mut process = command(url, variables).spawn().expect("the example starts");
        let mut out = BufReader::new(process.stdout.take().expect("a pipe"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        let address = line.trim_end().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("the example did not start: {line:?}"));
        let address = address.parse().expect("an address");
        let mut pipe = process.stderr.take().expect("a pipe");
        let errors = thread::spawn(move || {
            let mut text = String::new();
            pipe.read_to_string(&mut text).expect("UTF-8 on standard error");
            text
        });
        Self { process, address, errors: Some(errors) }
    }

    pub(crate) fn client(&self, token: &str) -> Client {
        Client { address: self.address, token: Some(token.to_owned()) }
    }

    pub(crate) fn anonymous(&self) -> Client {
        Client { address: self.address, token: None }
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// Waits for the end of the process, and returns its status and standard error.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let end = Instant::now() + Duration::from_secs(60);
        let status = loop {
            if let Some(status) = self.process.try_wait().expect("a status") {
                break status;
            }
            assert!(Instant::now() < end, "the server did not stop");
            thread::sleep(Duration::from_millis(10));
        };
        let errors = self.errors.take().expect("wait is called once");
        (status, errors.join().expect("standard error is read"))
    }

    /// Stops the server with SIGTERM. It must succeed; returns its standard error.
    pub(crate) fn stop(self) -> String {
        self.terminate();
        let (status, errors) = self.wait();
        assert!(status.success(), "{status}: {errors}");
        errors
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Creates the command that starts the example on a free port.
pub(crate) fn command(url: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_echo-chat-axum"));
    for (name, _) in env::vars() {
        if name.starts_with("DB_") || name.starts_with("TOKEN_CACHE") {
            command.env_remove(name);
        }
    }
    command.envs([("DATABASE_URL", url), ("PORT", "0"), ("DB_QUERY_TIMEOUT", "2")]);
    command.envs([("DB_POOL_TIMEOUT", "10"), ("DB_CONNECT_TIMEOUT", "5")]);
    command.envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
