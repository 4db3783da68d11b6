//! The main loop of a competitor.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::time::Duration;

use crate::protocol::{Outcome, Ready, Request, Response, Setup};

/// Any error; its text is reported.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A value or a [`Failure`].
pub type Result<T> = std::result::Result<T, Failure>;

/// A connected competitor.
pub trait Competitor {
    /// Returns the versions of its components and the settings that it reads back.
    ///
    /// # Errors
    /// Any database error.
    fn ready(&mut self) -> Result<Ready>;

    /// Runs its task for this long.
    ///
    /// # Errors
    /// Any database error, or an incorrect result.
    fn round(&mut self, length: Duration) -> Result<Outcome>;
}

/// Reads requests from standard input and writes responses to standard output until the input ends.
pub fn serve(make: impl FnOnce(&Setup) -> Result<Box<dyn Competitor>>) -> ExitCode {
    match run_session(&mut io::stdin().lock(), &mut io::stdout(), make) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If the output is closed, the exit status still reports the failure.
            let _ = send(&mut io::stdout(), &Response::Error(with_causes(failure.as_ref())));
            ExitCode::FAILURE
        }
    }
}

fn run_session(
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    make: impl FnOnce(&Setup) -> Result<Box<dyn Competitor>>,
) -> Result<()> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    let mut competitor = make(&serde_json::from_str(&line)?)?;
    send(output, &Response::Ready(competitor.ready()?))?;
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let Request::Go(seconds) = serde_json::from_str(&line)?;
        let outcome = competitor.round(Duration::from_secs_f64(seconds))?;
        send(output, &Response::Result(outcome))?;
    }
}

fn send(output: &mut dyn Write, response: &Response) -> Result<()> {
    writeln!(output, "{}", serde_json::to_string(response)?)?;
    Ok(output.flush()?)
}

/// Formats an error with its causes, because the text of some driver errors is only "db error".
fn with_causes(failure: &dyn std::error::Error) -> String {
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Engine, Path, Row};

    struct Counter(u64);

    impl Competitor for Counter {
        fn ready(&mut self) -> Result<Ready> {
            Ok(Ready::default())
        }

        fn round(&mut self, length: Duration) -> Result<Outcome> {
            self.0 += 1;
            if self.0 > 2 {
                return Err("exhausted".into());
            }
            let seconds = length.as_secs_f64();
            Ok(Outcome {
                calls: self.0,
                rows: self.0,
                seconds,
                p50_us: None,
                p99_us: None,
                id_sum: None,
            })
        }
    }

    fn session(requests: &str) -> (Result<()>, Vec<Response>) {
        let setup = Setup {
            engine: Engine::Sqlite,
            path: Path::Log,
            callers: 1,
            file: "a.db".to_owned(),
            host: String::new(),
            port: 0,
            user: String::new(),
            password: String::new(),
            database: String::new(),
            row: Row::usual(),
            tokens: Vec::new(),
            conversations: Vec::new(),
            sessions: Vec::new(),
            batch: 10,
            page: 10,
        };
        let input = format!("{}\n{requests}", serde_json::to_string(&setup).unwrap());
        let mut output = Vec::new();
        let ended = run_session(&mut input.as_bytes(), &mut output, |received| {
            assert_eq!(*received, setup);
            Ok(Box::new(Counter(0)))
        });
        let text = String::from_utf8(output).unwrap();
        (ended, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    #[test]
    fn each_request_gets_a_response_until_the_input_ends() {
        let (ended, responses) = session("{\"go\": 1.5}\n{\"go\": 2}\n");
        ended.unwrap();
        assert_eq!(responses[0], Response::Ready(Ready::default()));
        let rounds: Vec<_> = responses[1..]
            .iter()
            .map(|response| match response {
                Response::Result(outcome) => (outcome.calls, outcome.seconds),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(rounds, [(1, 1.5), (2, 2.0)]);
    }

    #[test]
    fn a_failure_ends_the_session() {
        let (ended, responses) = session("{\"go\": 1}\n{\"go\": 1}\n{\"go\": 1}\n{\"go\": 1}\n");
        assert_eq!(ended.unwrap_err().to_string(), "exhausted");
        assert_eq!(responses.len(), 3);
        let (ended, _) = session("stop\n");
        assert!(ended.is_err(), "the request is invalid");
    }
}
