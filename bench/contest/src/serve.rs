//! A contestant's life.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::time::Duration;

use crate::protocol::{Answer, Order, Outcome, Ready, Setup};

/// Whatever can go wrong; its text is told.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A value, or what went wrong.
pub type Result<T> = std::result::Result<T, Failure>;

/// Somebody who takes part, connected and ready.
pub trait Contestant {
    /// What it is made of, and the settings that it reads back.
    ///
    /// # Errors
    /// Whatever its database says.
    fn ready(&mut self) -> Result<Ready>;

    /// Does its work for so long.
    ///
    /// # Errors
    /// Whatever its database says, and a wrong answer of its own.
    fn round(&mut self, length: Duration) -> Result<Outcome>;
}

/// Listens on standard input and answers on standard output until the input ends.
pub fn serve(make: impl FnOnce(&Setup) -> Result<Box<dyn Contestant>>) -> ExitCode {
    match converse(&mut io::stdin().lock(), &mut io::stdout(), make) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If nobody listens any more, the exit status says it.
            let _ = tell(&mut io::stdout(), &Answer::Error(described(failure.as_ref())));
            ExitCode::FAILURE
        }
    }
}

fn converse(
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    make: impl FnOnce(&Setup) -> Result<Box<dyn Contestant>>,
) -> Result<()> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    let mut contestant = make(&serde_json::from_str(&line)?)?;
    tell(output, &Answer::Ready(contestant.ready()?))?;
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let Order::Go(seconds) = serde_json::from_str(&line)?;
        let outcome = contestant.round(Duration::from_secs_f64(seconds))?;
        tell(output, &Answer::Result(outcome))?;
    }
}

fn tell(output: &mut dyn Write, answer: &Answer) -> Result<()> {
    writeln!(output, "{}", serde_json::to_string(answer)?)?;
    Ok(output.flush()?)
}

/// With its causes: some drivers say only "db error" by themselves.
fn described(failure: &dyn std::error::Error) -> String {
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

    impl Contestant for Counter {
        fn ready(&mut self) -> Result<Ready> {
            Ok(Ready::default())
        }

        fn round(&mut self, length: Duration) -> Result<Outcome> {
            self.0 += 1;
            if self.0 > 2 {
                return Err("tired".into());
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

    fn talk(orders: &str) -> (Result<()>, Vec<Answer>) {
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
            batch: 10,
            page: 10,
        };
        let input = format!("{}\n{orders}", serde_json::to_string(&setup).unwrap());
        let mut output = Vec::new();
        let ended = converse(&mut input.as_bytes(), &mut output, |told| {
            assert_eq!(*told, setup);
            Ok(Box::new(Counter(0)))
        });
        let text = String::from_utf8(output).unwrap();
        (ended, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    #[test]
    fn each_order_has_an_answer_until_the_input_ends() {
        let (ended, answers) = talk("{\"go\": 1.5}\n{\"go\": 2}\n");
        ended.unwrap();
        assert_eq!(answers[0], Answer::Ready(Ready::default()));
        let rounds: Vec<_> = answers[1..]
            .iter()
            .map(|answer| match answer {
                Answer::Result(outcome) => (outcome.calls, outcome.seconds),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(rounds, [(1, 1.5), (2, 2.0)]);
    }

    #[test]
    fn a_failure_ends_it() {
        let (ended, answers) = talk("{\"go\": 1}\n{\"go\": 1}\n{\"go\": 1}\n{\"go\": 1}\n");
        assert_eq!(ended.unwrap_err().to_string(), "tired");
        assert_eq!(answers.len(), 3);
        let (ended, _) = talk("stop\n");
        assert!(ended.is_err(), "an order that is none");
    }
}
